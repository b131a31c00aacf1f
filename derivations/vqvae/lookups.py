"""Evidence for lookup and the quantised loss, (8.4) to (8.5a)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.vqvae.common import HOW, at_itself, flat, forward, network
from refvae.evidence import Ledger, Outcome, gap, holds, spoiled
from refvae.layers import mlp, squared_error, tanh
from refvae.vqvae import (
    VQVAE,
    choose,
    decode_grid,
    encode_grid,
    lookup,
    nearest_code,
    quantised_loss,
    vq_surrogate,
)

ledger = Ledger()


# Lookup, and what the quantised loss depends on


def chosen(rng):
    """Five codes, and a grid of indices that leaves one out and repeats others."""
    return rng.standard_normal((5, 3)), np.array([[0, 3, 3], [1, 0, 3]])


def last_one_counts(codes, idx):
    """Assignment in the place of addition: repeated indices overwrite each other."""
    def pull(d):
        out = np.zeros_like(codes)
        out[idx] = d
        return out, None

    return codes[idx], pull


LOOKUP_WRONG = {"repeated indices overwrite": last_one_counts,
                "mean for the sum": spoiled(lookup, lambda d: (d[0] / np.array([2, 1, 1, 3, 1])[:, None], None))}
ledger.adjoint("8.4", lookup, chosen, wrong=LOOKUP_WRONG)


@ledger.add("8.4", "identity", lookup, exact=True, wrong=LOOKUP_WRONG)
def one_hot(layer, rng):
    """The matrix product with rows of the identity, and its transpose."""
    codes, idx = chosen(rng)
    d, onehot = rng.standard_normal((2, 3, 3)), np.eye(5)[idx]
    y, pull = layer(codes, idx)
    return gap((y, pull(d)[0]), (onehot @ codes, np.einsum("abj,abk->jk", onehot, d)))


def with_through(p, x, idx, **how):
    """The codes' cotangent handed to the encoder, and none left."""
    loss, pull = quantised_loss(p, x, idx, **how)
    return loss, lambda d: (pull(d)[0]._replace(codes=0 * p.codes), None, None)


def mean_of_elements(p, x, idx, **how):
    """Mean over the pixels for the sum."""
    loss, pull = quantised_loss(p, x, idx, **how)
    return loss / 6, lambda d: (trees.map(lambda leaf: leaf / 6, pull(d)[0]), None, None)


def off_by_one(p, x, idx, **how):
    """Indices that begin with 1."""
    return quantised_loss(p, x, (idx + 1) % 5, **how)


TRUE_WRONG = {"no gradient for the codebook": with_through, "mean over pixels": mean_of_elements,
              "indices from 1": off_by_one}


@ledger.add("8.5", "identity", quantised_loss, exact=True, wrong=TRUE_WRONG)
def line_by_line(layer, rng):
    """Value, and the codebook's gradient as a loop over places with the decoder's backward pass written out."""
    p, x = network(rng)
    idx = choose(p, x, **HOW)[1]
    (loss, pull), d = layer(p, x, idx, **HOW), rng.standard_normal()
    (W1, b1), (W2, b2) = p.dec
    h = np.tanh(p.codes[idx].reshape(7, -1) @ W1 + b1)
    r = h @ W2 + b2 - x
    g = ((2 * d * r / 7 @ W2.T) * (1 - h * h) @ W1.T).reshape(7, 4, 3)
    dcodes = 0 * p.codes
    for i, t in np.ndindex(7, 4):
        dcodes[idx[i, t]] += g[i, t]
    return gap((np.asarray(loss), pull(d)[0].codes), (np.asarray((r * r).sum() / 7), dcodes))


@ledger.add("8.5", "law", quantised_loss, bound=0, wrong={"straight-through": lambda p, x, idx, **how: (
    quantised_loss(p, x, idx, **how)[0], lambda d: (trees.map(np.ones_like, p), None, None)), **{
        key: TRUE_WRONG[key] for key in ("indices from 1",)}})
def encoder_does_not_count(layer, rng):
    """Encoders moved by 1e-9 choose the same codes and give the same loss, bit for bit; the pull says 0."""
    p, x = network(rng)
    total = lambda q: ((forward(q.dec, q.codes[choose(q, x, **HOW)[1]].reshape(7, -1)) - x) ** 2).sum() / 7
    near = [p._replace(enc=trees.map(lambda leaf: leaf + 1e-9 * rng.standard_normal(leaf.shape), p.enc))
            for _ in range(5)]
    losses = [layer(q, x, choose(q, x, **HOW)[1], **HOW)[0] for q in near]
    loss, pull = layer(p, x, choose(p, x, **HOW)[1], **HOW)
    return holds([*(np.array(losses) == loss), abs(loss - total(p)) < 1e-13 * loss, not flat(pull(1.0)[0].enc).any()])


@ledger.add("8.5", "limit", quantised_loss, bound=1e-8, wrong={key: TRUE_WRONG[key] for key in (
    "no gradient for the codebook", "mean over pixels", "indices from 1")})
def differences_through_the_search(layer, rng):
    """Real differences of the loss in the codebook, with the search done anew at every point."""
    p, x = network(rng)

    def loss(codes):
        q = p._replace(codes=codes)
        return ((forward(q.dec, codes[choose(q, x, **HOW)[1]].reshape(7, -1)) - x) ** 2).sum() / 7

    idx, got = choose(p, x, **HOW)[1], []
    slope = layer(p, x, idx, **HOW)[1](1.0)[0].codes
    for place in np.ndindex(5, 3):
        h = np.zeros((5, 3))
        h[place] = 1e-5
        near, far = (loss(p.codes + j * h) - loss(p.codes - j * h) for j in (1, 2))
        got.append((8 * near - far) / 12e-5)
    return Outcome(float(np.linalg.norm(slope)), float(np.linalg.norm(got)), gap(slope.ravel(), np.array(got)).error)


ledger.adjoint("8.5", lambda p, x_frozen, idx: quantised_loss(p, x_frozen, idx, **HOW), lambda rng: at_itself(
    *network(rng))[:3], zero=[f"p.enc[{i}].{name}" for i in range(2) for name in "Wb"], wrong={
        "no gradient for the codebook": lambda p, x_frozen, idx: with_through(p, x_frozen, idx, **HOW),
        "rows of the codebook exchanged": spoiled(lambda p, x_frozen, idx: quantised_loss(p, x_frozen, idx, **HOW),
                                                  lambda d: (d[0]._replace(codes=d[0].codes[::-1]), *d[1:]))})


# The rejected sum of both errors


def both_errors(p, x, idx, **how):
    """Error without quantisation plus error with it, as layers."""
    z, pull_encode = encode_grid(p.enc, x, k=p.codes.shape[1], **how)
    xhat, pull_decode = decode_grid(p.dec, z, **how)
    se, pull_se = squared_error(xhat, x)
    quantised, pull_quantised = quantised_loss(p, x, idx, **how)

    def pull(d):
        ddec, dz = pull_decode(pull_se(np.full_like(se, d / len(se)))[0])
        dq = pull_quantised(d)[0]
        return VQVAE(pull_encode(dz)[0], trees.axpy(1.0, ddec, dq.dec), dq.codes), None, None

    return se.mean() + quantised, pull


def with_the_surrogate(p, x, idx, **how):
    """The encoder's part of straight-through added."""
    value, pull = both_errors(p, x, idx, **how)
    through = vq_surrogate(*at_itself(p, x), beta=0.0, gamma=0.0, **how)[1]
    return value, lambda d: (pull(d)[0]._replace(enc=trees.axpy(1.0, pull(d)[0].enc, through(d)[0].enc)), None, None)


def halved(p, x, idx, **how):
    """The mean of the two errors."""
    value, pull = both_errors(p, x, idx, **how)
    return value / 2, lambda d: pull(d / 2)


@ledger.add("8.5a", "identity", both_errors, exact=True, wrong={
    "straight-through added": with_the_surrogate, "mean of the two errors": halved})
def the_encoder_learns_from_the_first_term(layer, rng):
    """The encoder's gradient of the sum is that of a perceptron from x to x, with no codebook in it."""
    p, x = network(rng)
    idx, d = choose(p, x, **HOW)[1], rng.standard_normal()
    z, pull_enc = mlp(p.enc, x, tanh)
    xhat, pull_dec = mlp(p.dec, z, tanh)
    plain = pull_enc(pull_dec(d * 2 / 7 * (xhat - x))[1])[0]
    return gap(tuple(trees.leaves(layer(p, x, idx, **HOW)[1](d)[0].enc)), tuple(trees.leaves(plain)))


@ledger.add("8.5a", "law", nearest_code, bound=0, wrong={
    "the farthest code": lambda z, codes: np.argmax(np.abs(z - codes.T), 1),
    "the last code": lambda z, codes: np.full(len(z), len(codes) - 1)})
def no_error_and_any_distance(nearest, rng):
    """dec(y) = y^2, z = a, codes -a and 4a: both errors are 0, and z is 2a away from its code, for any a."""
    cases = []
    for a in 2.0 ** rng.integers(-20, 20, 10):
        z, codes = np.array([[a]]), np.array([[-a], [4 * a]])
        zq = codes[nearest(z, codes)]
        cases += [(zq**2 == a * a).all(), (z**2 == a * a).all(), (z - zq == 2 * a).all()]
    return holds(cases)
