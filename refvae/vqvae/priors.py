"""Laws of grids of codes, one code after the other: counts, a masked perceptron, attention; their cost and samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import floating, generator, indices, matrix, real, same_shape, whole
from refvae.layers import Activation, Dense, dense, mlp_init, relu, softmax_nll
from refvae.trees import Array, Pull
from refvae.vqvae.attention import Attention, Block, Norm, attention_block, layer_norm
from refvae.vqvae.quantise import lookup

Logits = Callable[[Any, Array], tuple[Array, Pull]]


class AttentionPrior(NamedTuple):
    """Parameters: tokens (K + 1, h), the last for what is before the first code; places (m, h); blocks; output."""

    tokens: Array
    places: Array
    blocks: tuple[Block, ...]
    norm: Norm
    out: Dense


def neg_log_prior(logits: Array, idx: Array) -> tuple[Array, Pull]:
    """-log of the product of softmax(logits)[idx] over the grid.   logits (n, m, K), idx (n, m) -> (n,) nats  (8.22)"""
    logits, idx = floating(logits, "logits"), indices(idx, logits.shape[2], "idx")
    same_shape(logits[..., 0], idx, "the places of logits and idx")
    nll, pull_nll = softmax_nll(logits.reshape(-1, logits.shape[2]), idx.ravel())

    def pull(d: Array) -> tuple[Array, None]:
        return pull_nll(np.repeat(d, idx.shape[1]))[0].reshape(logits.shape), None                      # (8.22)

    return nll.reshape(idx.shape).sum(1), pull                                                          # (8.22)


def prior_loss(p: Any, idx: Array, *, logits: Logits) -> tuple[Any, Pull]:
    """The objective of a prior: `neg_log_prior`, mean over the batch.   idx: (n, m) -> ()               (8.22)"""
    values, pull_logits = logits(p, idx)
    nll, pull_nll = neg_log_prior(values, idx)

    def pull(dloss: Any) -> tuple[Any, None]:
        return pull_logits(pull_nll(np.full_like(nll, dloss / len(nll)))[0])[0], None                   # (8.22)

    return nll.mean(), pull                                                                             # (8.22)


# Counts


def count_logits(seen: Any, idx: Any, K: int, *, order: int, alpha: float) -> Array:
    """log of (count + alpha) / (sum + K alpha), given place and the `order` codes before.   (n, m, K)    (8.24)

    seen: (N, m), the grids that are counted; idx: (n, m). At alpha = 0 a code that never came next has -inf, and after
    codes that never came all are alike. Raises TypeError or ValueError for other input.
    """
    seen, idx = (indices(grids, whole(K, "K"), name) for grids, name in ((seen, "seen"), (idx, "idx")))
    if seen.ndim != 2 or seen.shape[1:] != idx.shape[1:]:
        raise ValueError(f"seen, idx: got shapes {seen.shape} and {idx.shape}, wanted (N, m) and (n, m)")
    order, alpha, found = whole(order, "order", least=0), real(alpha, "alpha", least=0), np.empty((*idx.shape, K))
    for t in range(idx.shape[1]):
        before = np.concatenate([seen, idx])[:, max(0, t - order):t]
        context = np.zeros(len(before), int)
        if before.size:
            context = np.unique(before, axis=0, return_inverse=True)[1].ravel()
        counts = np.zeros((context.max() + 1, K))
        np.add.at(counts, (context[:len(seen)], seen[:, t]), 1)
        counts[counts.sum(1) + alpha == 0] = 1                                                          # (8.24)
        with np.errstate(divide="ignore"):
            p = (counts + alpha) / (counts.sum(1, keepdims=True) + K * alpha)                           # (8.24)
            found[:, t] = np.log(p[context[len(seen):]])                                                # (8.24)
    return found


# Masked perceptron


def made_init(m: int, K: int, hidden: Sequence[int], rng: np.random.Generator | int) -> tuple[Dense, ...]:
    """Affine maps m K -> hidden -> m K as (1.26), for `made_logits`. Raises TypeError or ValueError for bad counts."""
    size = whole(m, "m") * whole(K, "K")
    return mlp_init((size, *hidden, size), rng)


def made_masks(m: int, K: int, hidden: tuple[int, ...]) -> tuple[Array, ...]:
    """Which entries of each matrix are kept: none that leads from a code to itself or an earlier one.   (8.25)

    The masks are kept for the next call, and cannot be written. Raises TypeError or ValueError for other input.
    """
    return _masks(whole(m, "m"), whole(K, "K"), tuple(whole(h, "hidden") for h in hidden))


@lru_cache(maxsize=8)
def _masks(m: int, K: int, hidden: tuple[int, ...]) -> tuple[Array, ...]:
    degrees = [np.repeat(np.arange(m), K), *(np.arange(h) % max(m - 1, 1) for h in hidden)]             # (8.25)
    inner = [a[:, None] <= b for a, b in pairwise(degrees)]                                             # (8.25)
    masks = (*inner, degrees[-1][:, None] < degrees[0])                                                 # (8.25)
    for mask in masks:
        mask.flags.writeable = False
    return masks


def made_logits(p: tuple[Dense, ...], idx: Array, *, activation: Activation = relu) -> tuple[Array, Pull]:
    """Logits of each code given the earlier ones, from a masked perceptron.   idx (n, m) -> (n, m, K)   (8.25)

    [Germain, Gregor, Murray & Larochelle 2015, section 4]
    """
    n, m = idx.shape
    K = len(p[-1].b) // m                                                                               # (8.25)
    masks = made_masks(m, K, tuple(len(layer.b) for layer in p[:-1]))
    y, pulls = np.eye(K, dtype=p[0].b.real.dtype)[indices(idx, K, "idx")].reshape(n, m * K), []         # (8.25)
    for i, (layer, mask) in enumerate(zip(p, masks, strict=True)):
        same_shape(layer.W, mask, f"p[{i}].W and its mask")
        h, pull_activation = activation(y) if i else (y, None)
        y, pull_dense = dense(Dense(layer.W * mask, layer.b), h)                                        # (8.25)
        pulls.append((mask, pull_dense, pull_activation))

    def pull(dlogits: Array) -> tuple[tuple[Dense, ...], None]:
        dh = dlogits.reshape(n, m * K)                                                                  # (8.25)
        dp: list[Dense] = []
        for mask, pull_dense, pull_activation in pulls[::-1]:
            dlayer, dh = pull_dense(dh)
            dp.insert(0, Dense(dlayer.W * mask, dlayer.b))                                              # (8.25)
            dh = pull_activation(dh) if pull_activation else dh
        return tuple(dp), None

    return y.reshape(n, m, K), pull


# Attention


def attention_init(m: int, K: int, rng: np.random.Generator | int, *, width: int = 32,
                   blocks: int = 2) -> AttentionPrior:
    """Random weights as (1.26), embeddings from N(0, 1), no biases. Raises TypeError or ValueError for bad counts."""
    h, K, rng = whole(width, "width"), whole(K, "K"), generator(rng)
    norm = Norm(np.ones(h), np.zeros(h))
    each = tuple(Block(norm, Attention(*mlp_init((h, 3 * h), rng), *mlp_init((h, h), rng)), norm,
                       mlp_init((h, 4 * h, h), rng)) for _ in range(whole(blocks, "blocks")))
    tokens, places = rng.standard_normal((K + 1, h)), rng.standard_normal((whole(m, "m"), h))
    return AttentionPrior(tokens, places, each, norm, *mlp_init((h, K), rng))


def attention_logits(p: AttentionPrior, idx: Array, *, heads: int = 2,
                     activation: Activation = relu) -> tuple[Array, Pull]:
    """Logits of each code given the earlier ones, from blocks of causal attention.   idx (n, m) -> (n, m, K)  (8.29)"""
    n, m = idx.shape
    first = len(p.tokens) - 1                                                                           # (8.29)
    before = np.hstack([np.full((n, 1), first), indices(idx, first, "idx")[:, :-1]])                    # (8.29)
    x, pull_lookup = lookup(p.tokens, before)
    same_shape(p.places, x[0], "p.places and a grid")
    x, pulls = x + p.places, []                                                                         # (8.29)
    for block in p.blocks:
        x, pull_block = attention_block(block, x, heads=heads, activation=activation)
        pulls.append(pull_block)
    unit, pull_norm = layer_norm(p.norm, x)
    y, pull_out = dense(p.out, unit.reshape(-1, x.shape[2]))

    def pull(dlogits: Array) -> tuple[AttentionPrior, None]:
        dout, dunit = pull_out(dlogits.reshape(-1, y.shape[1]))
        dnorm, dx = pull_norm(dunit.reshape(x.shape))
        dblocks: list[Block] = []
        for pull_block in pulls[::-1]:
            dblock, dx = pull_block(dx)
            dblocks.insert(0, dblock)
        return AttentionPrior(pull_lookup(dx)[0], dx.sum(0), tuple(dblocks), dnorm, dout), None         # (8.29)

    return y.reshape(n, m, -1), pull


# Samples


def sample_codes(logits: Callable[[Array], Array], u: Any) -> Array:
    """Grids of codes, one place after the other, from uniform numbers u (n, m) in [0, 1).   -> (n, m)   (8.31)

    logits: idx (n, m) -> (n, m, K), of which place t may depend on the places before t alone. Raises TypeError or
    ValueError for other u.
    """
    u = matrix(u, "u")
    if u.min() < 0 or u.max() >= 1:
        raise ValueError(f"u: got numbers from {u.min()} to {u.max()}, wanted them in [0, 1)")
    idx = np.zeros(u.shape, np.int64)
    for t in range(u.shape[1]):
        values = floating(logits(idx), "logits")[:, t]
        mass = np.exp(values - values.max(1, keepdims=True)).cumsum(1)                                  # (8.31)
        if not (mass[:, -1] > 0).all():
            raise ValueError(f"logits: got NaN or infinite ones at place {t}, wanted numbers, or -inf beside numbers")
        idx[:, t] = (mass[:, :-1] <= u[:, t, None] * mass[:, -1:]).sum(1)                               # (8.31)
    return idx
