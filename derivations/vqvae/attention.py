"""Evidence for attention and causality, (8.26) to (8.30)."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from refvae import trees
from refvae.derivations.vqvae.common import HOW, affine, attention, made, moved
from refvae.evidence import Ledger, gap, holds, spoiled, vanishes
from refvae.layers import Dense, batch_norm, mlp_init
from refvae.vqvae import (
    Attention,
    Block,
    Norm,
    attention_block,
    attention_logits,
    causal_attention,
    causal_softmax,
    layer_norm,
    made_logits,
)

ledger = Ledger()
two_heads = partial(causal_attention, heads=2)


# Normalisation


def normed(rng):
    """Gain, bias and places."""
    return Norm(rng.standard_normal(6), rng.standard_normal(6)), rng.standard_normal((2, 4, 6))


def over_places(p, x):
    """Normalised over the wrong axis."""
    y = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    return p.gain * y + p.bias, layer_norm(p, x)[1]


NORM_WRONG = {"over the places": over_places,
              "variance of n - 1": lambda p, x: (p.gain * (layer_norm(Norm(1.0, 0.0), x)[0]) * np.sqrt(5 / 6) + p.bias,
                                                 layer_norm(p, x)[1]),
              "bias inside": lambda p, x: (p.gain * (layer_norm(Norm(1.0, 0.0), x)[0] + p.bias), layer_norm(p, x)[1])}
ledger.adjoint("8.26", layer_norm, normed, wrong={
    "mean and variance held fixed": lambda p, x: (layer_norm(p, x)[0], lambda d: (
        layer_norm(p, x)[1](d)[0], d * p.gain / np.sqrt(x.var(-1, keepdims=True) + 1e-5))),
    "gain forgotten": lambda p, x: (layer_norm(p, x)[0], lambda d: (
        layer_norm(p, x)[1](d)[0], layer_norm(p, x)[1](d / p.gain)[1]))})


@ledger.add("8.26", "identity", layer_norm, exact=True, wrong=NORM_WRONG)
def transposed_batch_norm(layer, rng):
    """Value and cotangent of x by batch normalisation of the transpose, then gain and bias; their sums by loops."""
    p, x = normed(rng)
    d = rng.standard_normal(x.shape)
    y, pull = layer(p, x)
    unit, pull_unit = batch_norm(x.reshape(8, 6).T, 1e-5)
    want = unit.T.reshape(x.shape) * p.gain + p.bias
    dx = pull_unit((d * p.gain).reshape(8, 6).T).T.reshape(x.shape)
    gain = np.array([(d[..., f] * unit.T.reshape(x.shape)[..., f]).sum() for f in range(6)])
    return gap((y, pull(d)), (want, (Norm(gain, d.sum((0, 1))), dx)))


# Softmax


SOFT_WRONG = {"no mask": lambda a: (special.softmax(a, axis=-1), None),
              "mask without the diagonal": lambda a: (np.tril(special.softmax(np.where(
                  np.tri(a.shape[-1], k=-1), a, -1e9), axis=-1), -1), None),
              "masked after the softmax": lambda a: (np.tril(special.softmax(a, axis=-1)), None),
              "over columns": lambda a: (causal_softmax(a.swapaxes(-1, -2))[0].swapaxes(-1, -2), None)}
ledger.adjoint("8.27", causal_softmax, lambda rng: (2 * rng.standard_normal((3, 4, 4)),), wrong={
    "diagonal of the Jacobian alone": lambda a: (causal_softmax(a)[0], lambda d: (lambda w: d * w * (1 - w))(
        causal_softmax(a)[0])), "transposed": spoiled(causal_softmax, lambda d: d.swapaxes(-1, -2))})


@ledger.add("8.27", "identity", causal_softmax, wrong=SOFT_WRONG)
def row_by_row(layer, rng):
    """scipy.special.softmax of the first t entries of row t; scores of 800 and of exactly 0; with heads too."""
    a = rng.standard_normal((3, 4, 4)) * np.array([1, 30, 800])[:, None, None]
    a[0, 1:, 0] = 0
    want = np.zeros_like(a)
    for i, t in np.ndindex(3, 4):
        want[i, t, :t + 1] = special.softmax(a[i, t, :t + 1])
    return gap((layer(a)[0], layer(a[:, None])[0]), (want, want[:, None]))


@ledger.add("8.27", "law", lambda a, d: causal_softmax(a)[1](d), exact=True, wrong={
    "diagonal of the Jacobian alone": lambda a, d: (lambda w: d * w * (1 - w))(causal_softmax(a)[0]),
    "centred by the plain mean": lambda a, d: causal_softmax(a)[0] * (d - d.mean(-1, keepdims=True))})
def rows_of_the_cotangent_sum_to_zero(pulled, rng):
    """A common shift of a row of scores changes nothing."""
    d = pulled(2 * rng.standard_normal((3, 4, 4)), rng.standard_normal((3, 4, 4)))
    return vanishes(d[:, 1:].reshape(-1, 4).T)


# Attention


def attended(rng):
    """Two heads of width 3, three rows of four places."""
    return Attention(affine(rng, 6, 18), affine(rng, 6, 6)), rng.standard_normal((3, 4, 6))


def scaled(by):
    """Scores multiplied by a factor."""
    def wrong(p, x):
        W, b = p.qkv
        factor = np.repeat([by, 1, 1], 6)
        return two_heads(p._replace(qkv=Dense(W * factor, b * factor)), x)

    return wrong


ATTENTION_WRONG = {"not divided by the root": scaled(np.sqrt(3)), "divided by the width": scaled(1 / np.sqrt(3)),
                   "one head": partial(causal_attention, heads=1),
                   "queries and keys exchanged": lambda p, x: two_heads(p._replace(qkv=Dense(*(
                       np.concatenate([part[..., 6:12], part[..., :6], part[..., 12:]], -1) for part in p.qkv))), x)}
ledger.adjoint("8.28", two_heads, attended, wrong={
    "input cotangent from the values alone": spoiled(two_heads, lambda d: (d[0], 0.5 * d[1])),
    "biases of queries and keys exchanged": spoiled(two_heads, lambda d: (Attention(Dense(d[0].qkv.W, np.concatenate([
        d[0].qkv.b[6:12], d[0].qkv.b[:6], d[0].qkv.b[12:]])), d[0].out), d[1]))})


@ledger.add("8.28", "identity", two_heads, exact=True, wrong=ATTENTION_WRONG)
def head_by_head(layer, rng):
    """Each head, place and earlier place by itself."""
    p, x = attended(rng)
    q, k, v = np.split(x @ p.qkv.W + p.qkv.b, 3, -1)
    gathered = np.zeros_like(x)
    for i, head, t in np.ndindex(3, 2, 4):
        own = slice(3 * head, 3 * head + 3)
        w = [np.exp(q[i, t, own] @ k[i, s, own] / np.sqrt(3)) for s in range(t + 1)]
        gathered[i, t, own] = sum(w[s] * v[i, s, own] for s in range(t + 1)) / sum(w)
    return gap(layer(p, x)[0], gathered @ p.out.W + p.out.b)


def block(rng, h=4):
    """A block of width 4 and places."""
    p = Block(Norm(np.ones(h), np.zeros(h)), Attention(affine(rng, h, 3 * h), affine(rng, h, h)), Norm(
        np.ones(h), np.zeros(h)), mlp_init((h, 5, h), rng))
    return moved(p, rng), rng.standard_normal((2, 3, h))


heads_of = partial(attention_block, heads=2, **HOW)
ledger.adjoint("8.29", heads_of, block, name="block", wrong={
    "way around the attention forgotten": spoiled(heads_of, lambda d: (d[0], 0.5 * d[1])),
    "gain of the second normalisation": spoiled(heads_of, lambda d: (d[0]._replace(second=d[0].first), d[1]))})
of_codes = partial(attention_logits, **HOW)


def last_block_alone(p, idx):
    """The cotangent of the last block's input handed to all others as if they came last too."""
    y, pull = of_codes(p, idx)

    def wrong(d):
        dp, _ = pull(d)
        x = p.tokens[np.hstack([np.full((len(idx), 1), 3), idx[:, :-1]])] + p.places
        dx = layer_norm(p.norm, heads_of(p.blocks[1], heads_of(p.blocks[0], x)[0])[0])[1](d @ p.out.W.T)[1]
        return dp._replace(blocks=(heads_of(p.blocks[0], x)[1](dx)[0], dp.blocks[1])), None

    return y, wrong


def narrow(rng):
    """A prior of two blocks whose perceptrons have three hidden units, and three places of two images."""
    p = attention(rng, m=3, blocks=2)
    return p._replace(blocks=tuple(b._replace(feed=(Dense(b.feed[0].W[:, :3], b.feed[0].b[:3]), Dense(
        b.feed[1].W[:3], b.feed[1].b))) for b in p.blocks)), rng.integers(0, 3, (2, 3))


ledger.adjoint("8.29", of_codes, narrow, name="logits", wrong={
    "gradients of the blocks exchanged": spoiled(of_codes, lambda d: (d[0]._replace(blocks=d[0].blocks[::-1]), None)),
    "last block alone goes back": last_block_alone,
    "places do not move": spoiled(of_codes, lambda d: (d[0]._replace(places=0 * d[0].places), None)),
    "mean for the sum": spoiled(of_codes, lambda d: (trees.map(lambda leaf: leaf / 2, d[0]), None))})


def not_moved_on(p, idx):
    """Each place sees its own code."""
    return of_codes(p._replace(tokens=p.tokens), np.hstack([idx[:, 1:], idx[:, :1]]))


LOGITS_WRONG = {"each place sees its own code": not_moved_on,
                "no places": lambda p, idx: of_codes(p._replace(places=0 * p.places), idx),
                "without the last normalisation": lambda p, idx: of_codes(p._replace(norm=Norm(
                    np.ones(4), np.zeros(4))), idx),
                "one block lost": lambda p, idx: of_codes(p._replace(blocks=p.blocks[:1]), idx)}


@ledger.add("8.29", "identity", of_codes, exact=True, wrong=LOGITS_WRONG)
def layer_by_layer(layer, rng):
    """All lines by their layers: embedding, two blocks, normalisation, logits."""
    p, idx = attention(rng), rng.integers(0, 3, (2, 4))
    x = np.array([[p.tokens[3 if t == 0 else row[t - 1]] + p.places[t] for t in range(4)] for row in idx])
    for b in p.blocks:
        x = x + two_heads(b.attention, layer_norm(b.first, x)[0])[0]
        unit = layer_norm(b.second, x)[0]
        x = x + np.tanh(unit @ b.feed[0].W + b.feed[0].b) @ b.feed[1].W + b.feed[1].b
    return gap(layer(p, idx)[0], layer_norm(p.norm, x)[0] @ p.out.W + p.out.b)


# Causality


def differs_from(layer, p, idx, rng):
    """For every place: the logits up to it are equal if the codes from it on change; and some later ones are not."""
    before, same, other = layer(p, idx)[0], [], []
    for t in range(4):
        changed = idx.copy()
        changed[:, t:] = (changed[:, t:] + rng.integers(1, 3, (len(idx), 4 - t))) % 3
        after = layer(p, changed)[0]
        same += [*(after[:, :t + 1] == before[:, :t + 1]).ravel()]
        other += [*(after[:, t + 1:] != before[:, t + 1:]).any(2).ravel()]
    return same, other


CAUSAL_WRONG = {"each place sees its own code": lambda p, idx: (not_moved_on if hasattr(p, "tokens") else seen_all)(
    p, idx), "no code is seen": lambda p, idx: (lambda y: (np.broadcast_to(y[:1], y.shape), None))(
        (of_codes if hasattr(p, "tokens") else partial(made_logits, **HOW))(p, 0 * idx)[0])}


def seen_all(p, idx):
    """A perceptron without masks."""
    h = np.eye(3)[idx].reshape(len(idx), 12)
    for i, (W, b) in enumerate(p):
        h = (np.tanh(h) if i else h) @ W + b
    return h.reshape(-1, 4, 3), None


def either(p, idx):
    """The logits of whichever prior the parameters belong to."""
    return (of_codes if hasattr(p, "tokens") else partial(made_logits, **HOW))(p, idx)


@ledger.add("8.30", "law", either, bound=0, wrong=CAUSAL_WRONG)
def not_a_bit(layer, rng):
    """Perceptron and attention: equal logits up to place t if codes from t on change, other ones after it."""
    cases = []
    for p in (made(rng), attention(rng)):
        same, other = differs_from(layer, p, rng.integers(0, 3, (5, 4)), rng)
        cases += [*same, *other]
    return holds(cases)


@ledger.add("8.30", "identity", either, bound=0, wrong=CAUSAL_WRONG)
def slopes_of_later_codes(layer, rng):
    """No parameter of the embedding of a code that occurs from place t on alone moves the logits of place t."""
    p, idx, cases = attention(rng), rng.integers(0, 2, (5, 4)), []
    for t in range(4):
        late = idx.copy()
        late[:, t] = 2
        near = p._replace(tokens=p.tokens + np.outer([0, 0, 1, 0], rng.standard_normal(4)))
        cases += [(layer(near, late)[0][:, :t + 1] == layer(p, late)[0][:, :t + 1]).all(), t == 3 or bool((
            layer(near, late)[0][:, t + 1:] != layer(p, late)[0][:, t + 1:]).all())]
    return holds(cases)
