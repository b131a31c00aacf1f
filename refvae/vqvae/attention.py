"""Causal self-attention from its parts: normalisation along features, softmax of what is not later, heads, a block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvae.inputs import floating, same_shape
from refvae.layers import Activation, Dense, dense, mlp, relu
from refvae.trees import Array, Pull


class Norm(NamedTuple):
    """Parameters of `layer_norm`: gain (h,), bias (h,)."""

    gain: Array
    bias: Array


class Attention(NamedTuple):
    """Parameters of `causal_attention`: queries, keys and values side by side, h -> 3 h; what comes out, h -> h."""

    qkv: Dense
    out: Dense


class Block(NamedTuple):
    """Parameters of `attention_block`: attention and a perceptron, each behind a normalisation."""

    first: Norm
    attention: Attention
    second: Norm
    feed: tuple[Dense, ...]


def layer_norm(p: Norm, x: Array, *, eps: float = 1e-5) -> tuple[Array, Pull]:
    """gain (x - mean) / sigma + bias along the last axis.   x: (..., h) -> like x                       (8.26)

    [Ba, Kiros & Hinton 2016]
    """
    x, p = floating(x, "x"), Norm(floating(p.gain, "gain"), floating(p.bias, "bias"))
    for leaf in p:
        same_shape(leaf, x[(0,) * (x.ndim - 1)], "gain or bias and a row of x")
    centred = x - x.mean(-1, keepdims=True)                                                             # (8.26)
    sigma = np.sqrt((centred * centred).mean(-1, keepdims=True) + eps)                                  # (8.26)
    unit = centred / sigma                                                                              # (8.26)

    def pull(dy: Array) -> tuple[Norm, Array]:
        over, du = tuple(range(x.ndim - 1)), dy * p.gain                                                # (8.26)
        dx = (du - du.mean(-1, keepdims=True) - unit * (du * unit).mean(-1, keepdims=True)) / sigma     # (8.26)
        return Norm((dy * unit).sum(over), dy.sum(over)), dx                                            # (8.26)

    return p.gain * unit + p.bias, pull                                                                 # (8.26)


def causal_softmax(scores: Array) -> tuple[Array, Pull]:
    """Softmax of each row over the columns up to the diagonal; exactly 0 beyond.   (..., m, m) -> like it  (8.27)"""
    scores = floating(scores, "scores")
    seen = np.tri(scores.shape[-1], dtype=bool)                                                         # (8.27)
    same_shape(scores[(0,) * (scores.ndim - 2)], seen, "scores and a square")
    top = np.where(seen, scores.real, -np.inf).max(-1, keepdims=True)                                   # (8.27)
    e = np.where(seen, np.exp(np.where(seen, scores - top, 0 * top)), 0)                                # (8.27)
    w = e / e.sum(-1, keepdims=True)                                                                    # (8.27)
    return w, lambda dw: w * (dw - (w * dw).sum(-1, keepdims=True))                                     # (8.27)


def causal_attention(p: Attention, x: Array, *, heads: int) -> tuple[Array, Pull]:
    """Each place gathers values of the places up to its own.   x: (n, m, h), heads divide h -> like x   (8.28)

    [Vaswani et al. 2017, equation 1]
    """
    n, m, h = x.shape
    side_by_side, pull_qkv = dense(p.qkv, x.reshape(n * m, h))                                          # (8.28)
    # each (n, heads, m, h / heads)
    q, k, v = side_by_side.reshape(n, m, 3, heads, h // heads).transpose(2, 0, 3, 1, 4)                 # (8.28)
    scale = float(np.sqrt(h // heads))                                                                  # (8.28)
    w, pull_softmax = causal_softmax(q @ k.swapaxes(2, 3) / scale)                                      # (8.28)
    gathered = (w @ v).swapaxes(1, 2).reshape(n * m, h)                                                 # (8.28)
    y, pull_out = dense(p.out, gathered)

    def pull(dy: Array) -> tuple[Attention, Array]:
        dout, dgathered = pull_out(dy.reshape(n * m, h))                                                # (8.28)
        dwv = dgathered.reshape(n, m, heads, h // heads).swapaxes(1, 2)                                 # (8.28)
        ds = pull_softmax(dwv @ v.swapaxes(2, 3)) / scale                                               # (8.28)
        parts = np.stack([ds @ k, ds.swapaxes(2, 3) @ q, w.swapaxes(2, 3) @ dwv])                       # (8.28)
        dqkv, dx = pull_qkv(parts.transpose(1, 3, 0, 2, 4).reshape(n * m, 3 * h))                       # (8.28)
        return Attention(dqkv, dout), dx.reshape(x.shape)

    return y.reshape(x.shape), pull


def attention_block(p: Block, x: Array, *, heads: int, activation: Activation = relu) -> tuple[Array, Pull]:
    """x + attention(norm(x)), and that plus a perceptron of its norm.   x: (n, m, h) -> like x          (8.29)"""
    unit, pull_first = layer_norm(p.first, x)
    gathered, pull_attention = causal_attention(p.attention, unit, heads=heads)
    middle = x + gathered                                                                               # (8.29)
    unit, pull_second = layer_norm(p.second, middle)
    fed, pull_feed = mlp(p.feed, unit.reshape(-1, x.shape[2]), activation)
    y = middle + fed.reshape(x.shape)                                                                   # (8.29)

    def pull(dy: Array) -> tuple[Block, Array]:
        dfeed, dunit = pull_feed(dy.reshape(-1, x.shape[2]))
        dsecond, dmiddle = pull_second(dunit.reshape(x.shape))
        dmiddle = dmiddle + dy                                                                          # (8.29)
        dattention, dunit = pull_attention(dmiddle)
        dfirst, dx = pull_first(dunit)
        return Block(dfirst, dattention, dsecond, dfeed), dx + dmiddle                                  # (8.29)

    return y, pull
