"""Evidence for composition and the affine map, (1.2) to (1.4)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.layers.common import network, one, times
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import (
    Dense,
    dense,
    mlp,
    tanh,
)

ledger = Ledger()


def no_activation_pull(p, x):
    """mlp whose backward half takes the activation for the identity."""
    return mlp(p, x, lambda a: (np.tanh(a), lambda dy: dy))


def layers_in_forward_order(p, x):
    """mlp whose backward half runs through the layers from the first to the last (square layers)."""
    return mlp(p, x)[0], lambda dy: mlp(p[::-1], x)[1](dy)


@ledger.add("1.2", "identity", mlp, exact=True, wrong={"activation's pull left out": no_activation_pull,
                                           "layers in forward order": layers_in_forward_order})
def product_of_jacobians(mlp, rng):
    """For one row, dy (W3' F2 W2' F1 W1') with F = diag(tanh'), multiplied out as matrices."""
    p, x, dy = network(rng, 5, 5, 5, 5), rng.standard_normal((1, 5)), rng.standard_normal((1, 5))
    a1 = x @ p[0].W + p[0].b
    a2 = np.tanh(a1) @ p[1].W + p[1].b
    F1, F2 = (np.diag(1 / np.cosh(a[0]) ** 2) for a in (a1, a2))
    return gap(mlp(p, x)[1](dy)[1], dy @ p[2].W.T @ F2 @ p[1].W.T @ F1 @ p[0].W.T)


ledger.adjoint("1.2", mlp, lambda rng: (network(rng, 6, 5, 4, 3), rng.standard_normal((7, 6))),
               wrong={"activation's pull left out": no_activation_pull,
                      "first layer's cotangent lost": spoiled(mlp, lambda d: ((Dense(0 * d[0][0].W, d[0][0].b),
                                                                              *d[0][1:]), d[1]))})
ledger.adjoint("1.2", mlp, lambda rng: (network(rng, 5, 5, 5, 5), rng.standard_normal((7, 5))), name="square_layers",
               wrong={"layers in forward order": layers_in_forward_order,
                      "activation's pull left out": no_activation_pull})


def fan_out(x):
    """A value used twice: y = tanh(x) * x, where the two cotangents add."""
    t, pull = tanh(x)
    return t * x, lambda dy: pull(dy * x) + dy * t


ledger.adjoint("1.2", fan_out, one(7, 6), name="fan_out", wrong={
    "second use forgotten": lambda x: (fan_out(x)[0], lambda dy: tanh(x)[1](dy * x)),
    "cotangents averaged": times(fan_out, 0.5)})


def dense_args(rng):
    """Unequal sizes, so that a lost transpose cannot hide."""
    return Dense(rng.standard_normal((6, 8)), rng.standard_normal(8)), rng.standard_normal((7, 6))


def no_bias(p, x):
    """dense without its bias."""
    return x @ p.W, dense(p, x)[1]


@ledger.add("1.3", "identity", dense, exact=True, wrong={
    "bias dropped": no_bias, "W transposed": lambda p, x: dense(Dense(p.W.T, p.b), x),
    "bias added twice": lambda p, x: (dense(p, x)[0] + p.b, None)})
def three_loops(dense, rng):
    """Three nested loops, from the definition."""
    p, x = dense_args(rng)
    want = np.array([[sum(x[i, a] * p.W[a, j] for a in range(6)) + p.b[j] for j in range(8)] for i in range(7)])
    return gap(dense(p, x)[0], want)


@ledger.add("1.3", "law", dense, bound=0, wrong={
    "bias dropped": no_bias, "W transposed": lambda p, x: dense(Dense(p.W.T, p.b), x)})
def rows(dense, rng):
    """x = 0 gives b, and a unit vector gives a row of W plus b, exactly, for a square W."""
    p = Dense(rng.integers(-9, 9, (6, 6)) / 4, rng.integers(-9, 9, 6) / 4)
    return holds(dense(p, np.vstack([np.zeros(6), np.eye(6)]))[0] == np.vstack([p.b, p.W + p.b]))


DENSE_WRONG = {
    "W cotangent transposed": spoiled(dense, lambda d: (Dense(d[0].W.T, d[0].b), d[1])),
    "bias averaged, not summed": spoiled(dense, lambda d: (Dense(d[0].W, d[0].b / 7), d[1])),
    "x cotangent of the wrong sign": spoiled(dense, lambda d: (d[0], -d[1])),
    "one bias entry off by 1 %": spoiled(dense, lambda d: (
        Dense(d[0].W, d[0].b * (1 + 0.01 * (np.arange(len(d[0].b)) == 3))), d[1])),
    "bias summed over the wrong axis": lambda p, x: (
        dense(p, x)[0], lambda dy: (Dense(x.T @ dy, np.resize(dy.sum(1), len(p.b))), dy @ p.W.T)),
}
ledger.adjoint("1.4", dense, dense_args, wrong=DENSE_WRONG)


@ledger.add("1.4", "identity", dense, exact=True, wrong=DENSE_WRONG)
def contractions(dense, rng):
    """The three contractions of (1.4), index by index, for a square W, whose transpose has its shape."""
    p, x = Dense(rng.standard_normal((6, 6)), rng.standard_normal(6)), rng.standard_normal((7, 6))
    dy = rng.standard_normal((7, 6))
    want = (Dense(np.einsum("ia,ij->aj", x, dy), np.einsum("ij->j", dy)), np.einsum("ij,aj->ia", dy, p.W))
    return gap(dense(p, x)[1](dy), want)


def elsewhere(p, x):
    """A wrong version that writes into no buffer."""
    y, pull = dense(p, x)
    return y, lambda dy, out: pull(dy)


@ledger.add("1.4", "law", dense, bound=0, wrong={
    "always asked for": lambda p, x, **how: dense(p, x),
    "frozen and fixed exchanged": lambda p, x, frozen=False, fixed=False: dense(p, x, frozen=fixed, fixed=frozen)})
def not_asked_for(dense, rng):
    """Of a frozen x, and of fixed parameters, there is no cotangent, and no bit of the other one is changed."""
    p, x = dense_args(rng)
    dy = rng.standard_normal((len(x), len(p.b)))
    (dp, dx), frozen, fixed = (dense(p, x, **how)[1](dy) for how in ({}, {"frozen": True}, {"fixed": True}))
    same = [(a == b).all() for a, b in zip(trees.leaves((frozen[0], fixed[1])), (*dp, dx), strict=True)]
    return holds([frozen[1] is None, fixed[0] is None, *same])


@ledger.add("1.4", "law", dense, wrong={"not written": elsewhere, "b's and W's first row exchanged": lambda p, x: (
    None, lambda dy, out: dense(p, x)[1](dy, out=Dense(out.W, out.W[0])))})
def written_into_buffers(dense, rng):
    """pull(dy, out=...) leaves in the arrays of `out` what pull(dy) gives."""
    p, x = dense_args(rng)
    out, dy = Dense(np.zeros(p.W.shape), np.zeros(p.b.shape)), rng.standard_normal((len(x), len(p.b)))
    pull = dense(p, x)[1]
    pull(dy, out=out)
    return gap(out, Dense(x.T @ dy, dy.sum(0)))
