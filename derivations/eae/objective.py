"""Evidence for the objective and its gradient, (7.2) to (7.4)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.eae.common import LAM, entropy_by_hand, forward, loss, nearest, network, value, with_neighbours
from refvae.eae import EAE, neg_objective, searching
from refvae.entropy import knn_entropy_layer
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import Dense, tanh

ledger = Ledger()


# Value


def altered(entropy, error=lambda r: (r**2).sum(1).mean()):
    """A hand-written wrong value."""
    def wrong(p, x, idx, lam=LAM):
        h, z, _, _, xhat = forward(p, x)
        return error(xhat - x) + lam * entropy(h, z, idx)

    return wrong


VALUE_WRONG = {
    "entropy added": altered(lambda h, z, idx: entropy_by_hand(z, idx)),
    "entropy before normalisation": altered(lambda h, z, idx: -entropy_by_hand(h, idx)),
    "mean over the pixels": altered(lambda h, z, idx: -entropy_by_hand(z, idx), lambda r: (r**2).mean()),
    "variance with n - 1": altered(lambda h, z, idx: -entropy_by_hand(z * np.sqrt(8 / 9), idx)),
    "first neighbour for all orders": altered(lambda h, z, idx: -entropy_by_hand(z, idx[:, :1]))}


@ledger.add("7.2", "identity", value, wrong=VALUE_WRONG)
def by_hand(value, rng):
    """Error, normalisation, distances and constants, written out."""
    p, x, idx = with_neighbours(2)(rng)
    _, z, _, _, xhat = forward(p, x)
    return gap(value(p, x, idx), ((xhat - x) ** 2).sum(1).mean() - LAM * entropy_by_hand(z, idx))


@ledger.add("7.2", "law", value, wrong={key: VALUE_WRONG[key] for key in ("entropy before normalisation",)} | {
    "weight squared": lambda p, x, idx, lam=LAM: value(p, x, idx, lam**2)})
def weight_and_columns(value, rng):
    """Affine in lambda; the same after an affine map with positive slopes of the encoder's columns."""
    p, x, idx = with_neighbours(2)(rng)
    slope, shift = rng.uniform(0.3, 3, 3), rng.standard_normal(3)
    last = Dense(p.enc[1].W * slope, p.enc[1].b * slope + shift)
    got = [value(p._replace(enc=(p.enc[0], last)), x, idx), value(p, x, idx, 0.2) + value(p, x, idx, 1.2)]
    return gap(np.array(got), np.array([value(p, x, idx), 2 * value(p, x, idx)]))


# Gradient


def frozen_moments(p, x, idx):
    """The wrong version whose backward pass takes mean and deviation of the batch for constants."""
    y, _ = loss(p, x, idx)
    h, z, a, g, xhat = forward(p, x)
    (_, (W2, _), (W3, _), (W4, _)) = *p.enc, *p.dec

    def pull(d):
        _, pull_right = loss(p, x, idx)
        dz = 2 * d / 9 * (xhat - x) @ W4.T * (1 - g**2) @ W3.T - LAM * d * knn_entropy_layer(z, idx)[1](1.0)[0]
        dh = dz / h.std(0)
        da = dh @ W2.T * (1 - a**2)
        return EAE((Dense(x.T @ da, da.sum(0)), Dense(a.T @ dh, dh.sum(0))), pull_right(d)[0].dec), None, None

    return y, pull


def without_entropy(sign):
    """The wrong version whose entropy is a constant (0), or of the other sign (-1), in the backward pass."""
    return lambda p, x, idx: (loss(p, x, idx)[0], neg_objective(p, x, idx, sign * LAM, activation=tanh)[1])


GRADIENT_WRONG = {"entropy held fixed": without_entropy(0), "sign of the entropy": without_entropy(-1),
                  "moments held fixed": frozen_moments,
                  "gradient of the sum": spoiled(loss, lambda d: (trees.map(lambda leaf: 9 * leaf, d[0]), None, None))}
ledger.adjoint("7.3", loss, with_neighbours(2), wrong=GRADIENT_WRONG, zero=("p.enc[1].b",))


@ledger.add("7.3", "identity", loss, exact=True, wrong=GRADIENT_WRONG)
def line_by_line(loss, rng):
    """The formulas of (7.3) at any cotangent, with the forces of the neighbours summed in a loop."""
    (p, x, idx), d = with_neighbours(2)(rng), rng.standard_normal()
    h, z, a, g, xhat = forward(p, x)
    (_, (W2, _), (W3, _), (W4, _)) = *p.enc, *p.dec
    dxhat = 2 * d * (xhat - x) / 9
    dg = dxhat @ W4.T * (1 - g**2)
    dz = dg @ W3.T
    for i, j in enumerate(idx[:, -1]):
        force = d * (z[i] - z[j]) / 3 / ((z[i] - z[j]) @ (z[i] - z[j]))
        dz[i] -= LAM * force
        dz[j] += LAM * force
    dh = (dz - dz.mean(0) - z * (dz * z).mean(0)) / h.std(0)
    da = dh @ W2.T * (1 - a**2)
    want = (Dense(x.T @ da, da.sum(0)), a.T @ dh, Dense(z.T @ dg, dg.sum(0)), Dense(g.T @ dxhat, dxhat.sum(0)))
    got, _, _ = loss(p, x, idx)[1](d)
    return gap((got.enc[0], got.enc[1].W, *got.dec), want)


# The search inside


def searched(k, lam):
    """The objective that searches, with tanh."""
    return searching(k, lam, activation=tanh)


def deaf(k, lam):
    """A wrong version whose pull takes every cotangent for 1."""
    def objective(p, x):
        y, pull = searched(k, lam)(p, x)
        return y, lambda d: pull(1.0)

    return objective


def with_indices(find):
    """A wrong version that takes other neighbours."""
    def wrong(k, lam):
        def objective(p, x):
            h, z = forward(p, x)[:2]
            y, pull = neg_objective(p, x, find(h, z, k), lam, activation=tanh)
            return y, lambda d: pull(d)[:2]

        return objective

    return wrong


SEARCH_WRONG = {"neighbours before normalisation": with_indices(lambda h, z, k: nearest(h, k)),
                "cotangent ignored": deaf,
                "order k + 1": with_indices(lambda h, z, k: nearest(z, k + 1)),
                "farthest": with_indices(lambda h, z, k: nearest(z, 8)[:, ::-1][:, :k])}


@ledger.add("7.4", "identity", searched, wrong=SEARCH_WRONG)
def brute_force(searched, rng):
    """Value and pull of a cotangent, with the neighbours among the normalised codes found by sorting, orders 1 to 3."""
    got, want = [], []
    for k in (1, 2, 3):
        p, x = network(rng)
        y, pull = searched(k, LAM)(p, x)
        right, pull_right = neg_objective(p, x, nearest(forward(p, x)[1], k), LAM, activation=tanh)
        d = rng.standard_normal()
        got += [y, trees.flatten(pull(d)[0]).vector]
        want += [right, trees.flatten(pull_right(d)[0]).vector]
    return gap(tuple(map(np.asarray, got)), tuple(map(np.asarray, want)))


@ledger.add("7.4", "law", searched, bound=0, wrong={
    "none for the data": lambda k, lam: lambda p, x: (0.0, lambda d: (p,)),
    "those of the indices too": lambda k, lam: lambda p, x: neg_objective(p, x, nearest(x, k), lam),
    "a gradient in the data": lambda k, lam: lambda p, x: (0.0, lambda d: (p, x))})
def one_cotangent_for_each_argument(searched, rng):
    """One for the parameters, of their shapes, and None for the data."""
    p, x = network(rng)
    found = searched(2, LAM)(p, x)[1](1.0)
    return holds([len(found) == 2, found[-1] is None, [g.shape for g in trees.leaves(found[0])] == [
        each.shape for each in trees.leaves(p)]])


def well_apart(rng, k):
    """An autoencoder and rows, orders k - 1, k, k + 1 of whose codes are apart by more than 0.01."""
    while True:
        p, x = network(rng, 7)
        z = forward(p, x)[1]
        rho = np.sort(np.linalg.norm(z[:, None] - z, axis=2), axis=1)[:, k - 1:k + 2]
        if (np.diff(rho) > 0.01).all() and forward(p, x)[0].std(0).min() > 0.3:
            return p, x


@ledger.add("7.4", "limit", searched, bound=1e-8, wrong={
    "order k + 1": SEARCH_WRONG["order k + 1"], "farthest": SEARCH_WRONG["farthest"],
    "entropy held fixed": lambda k, lam: lambda p, x: (searched(k, lam)(p, x)[0], searched(k, 0.0)(p, x)[1]),
    "cotangent ignored": deaf})
def differences_that_search_anew(searched, rng):
    """-0.7 times central differences of order 8 along three directions; every value searches by sorting."""
    p, x = well_apart(rng, 2)
    start = trees.flatten(p)
    weights, steps = np.array([8 / 5, -2 / 5, 8 / 105, -1 / 140]) / 2e-5, 2e-5 * np.arange(1, 5)

    def at(vector):
        q = trees.unflatten(vector, start.tree)
        _, z, _, _, xhat = forward(q, x)
        return ((xhat - x) ** 2).sum(1).mean() - LAM * entropy_by_hand(z, nearest(z, 2))

    gradient = trees.flatten(searched(2, LAM)(p, x)[1](-0.7)[0]).vector
    directions = rng.standard_normal((3, start.vector.size)) / np.sqrt(start.vector.size)
    want = [weights @ [(at(start.vector + h * v) - at(start.vector - h * v)) / 2 for h in steps] for v in directions]
    return gap(directions @ gradient, -0.7 * np.array(want))
