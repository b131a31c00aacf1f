"""Evidence for the gradient of the estimate, (6.10) to (6.13)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.entropy.common import distances, one_sided, points, radii, value, with_neighbours
from refvae.derivations.entropy.motions import rotation
from refvae.entropy import bsy_weights, knn_entropy_layer, log_norm, neighbours
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.trees import witnesses

ledger = Ledger()


def maximal(layer):
    """A layer with the maximum norm."""
    return lambda *args: layer(*args, np.inf)


# Log-distances

ledger.adjoint("6.10", log_norm, lambda rng: (rng.standard_normal((7, 3)),),
               wrong={"over rho": spoiled(log_norm, lambda d: d / 1.1), "sign": spoiled(log_norm, lambda d: -d),
                      "the next coordinate": spoiled(log_norm, lambda d: np.roll(d, 1, 1))})
ledger.adjoint("6.10", maximal(log_norm), lambda rng: (rng.standard_normal((7, 3)),), name="maximum norm",
               wrong={"Euclidean": lambda delta: (maximal(log_norm)(delta)[0], log_norm(delta)[1]),
                      "the next coordinate": spoiled(maximal(log_norm), lambda d: np.roll(d, 1, 1))})


@ledger.add("6.10", "identity", log_norm, wrong={
    "square": lambda delta, norm=2: (2 * log_norm(delta, norm)[0], lambda dy: log_norm(delta, norm)[1](2 * dy)),
    "over rho": spoiled(log_norm, lambda d: d * np.linalg.norm(d, axis=1, keepdims=True)),
    "other norm": lambda delta, norm=2: log_norm(delta, np.inf if norm == 2 else 2)})
def value_and_euler(layer, rng):
    """NumPy's norms, and <delta, gradient> = 1, both norms."""
    delta = rng.standard_normal((7, 3))
    found, want = [], []
    for norm in (2, np.inf):
        y, pull = layer(delta, norm)
        found += [np.exp(y), (delta * pull(np.ones(7))).sum(1)]
        want += [np.linalg.norm(delta, norm, axis=1), np.ones(7)]
    return gap(np.array(found), np.array(want))


def squared_as_it_is(delta, norm=2):
    """Rows squared without a power of two."""
    square = (delta * delta).sum(1) if norm == 2 else (delta * delta).max(1)
    return np.log(square) / 2, lambda dy: log_norm(delta, norm)[1](dy)


@ledger.add("6.10", "law", log_norm, wrong={
    "squared as they are": squared_as_it_is,
    "power not given back": lambda delta, norm=2: (log_norm(delta / np.abs(delta).max(), norm)[0], log_norm(
        delta, norm)[1]), "gradient of the scaled row": spoiled(log_norm, lambda d: d / np.abs(d).max())})
def rows_of_any_size(layer, rng):
    """log|2^e delta| = log|delta| + e log 2, and the gradient times 2^-e, for e from -1000 to 1000, both norms."""
    delta, found, want = rng.standard_normal((7, 3)), [], []
    for norm in (2, np.inf):
        for e in (-1000, -560, -255, 255, 530, 1000):
            (y, pull), (z, back) = layer(delta * 2.0**e, norm), log_norm(delta, norm)
            dy = rng.standard_normal(7)
            found += [np.c_[y - e * np.log(2), pull(dy) * 2.0**e]]
            want += [np.c_[z, back(dy)]]
    return gap(np.array(found), np.array(want))


# Both ends of every edge

EDGE_WRONG = {"one end only": one_sided(knn_entropy_layer),
              "d missing": spoiled(knn_entropy_layer, lambda d: (d[0] / d[0].shape[1], None)),
              "sign of the other end": lambda x, idx, *norm: spoiled(knn_entropy_layer, lambda d: (
                  2 * one_sided(knn_entropy_layer)(x, idx, *norm)[1](1.0)[0] - d[0], None))(x, idx, *norm)}

ledger.adjoint("6.11", knn_entropy_layer, with_neighbours(3), wrong=EDGE_WRONG)
ledger.adjoint("6.11", maximal(knn_entropy_layer), with_neighbours(2, np.inf), name="maximum norm", wrong={
    "Euclidean": lambda x, idx: (maximal(knn_entropy_layer)(x, idx)[0], knn_entropy_layer(x, idx)[1]),
    "one end only": one_sided(maximal(knn_entropy_layer))})


@ledger.add("6.11", "identity", knn_entropy_layer, exact=True, wrong=EDGE_WRONG)
def by_loops(layer, rng):
    """The formula, point by point, both norms."""
    found, want = [], []
    for norm in (2, np.inf):
        x = points(rng, 8)
        idx = neighbours(witnesses(x), 3, norm=norm).idx
        g = 0 * x
        for i, j in enumerate(idx[:, 2]):
            delta = x[i] - x[j]
            axis = np.abs(delta) == np.abs(delta).max()
            force = delta / (delta @ delta) if norm == 2 else np.where(axis, 1 / delta, 0)
            g[i] += 3 / 8 * force
            g[j] -= 3 / 8 * force
        found.append(layer(x, idx, norm)[1](1.0)[0])
        want.append(g)
    return gap(np.array(found), np.array(want))


# Sums, trace, symmetry


def gradients(layer, x, k, norm=2):
    """The gradient with searched neighbours."""
    return layer(x, neighbours(witnesses(x), k, norm=norm).idx, norm)[1](1.0)[0]


@ledger.add("6.12", "law", knn_entropy_layer, wrong=EDGE_WRONG)
def sum_and_trace(layer, rng):
    """Sum 0 and trace d for both norms and all orders, for weights too; T symmetric for the Euclidean norm."""
    x, found, want = points(rng), [], []
    for norm in (2, np.inf):
        g = [gradients(layer, x, k, norm) for k in range(1, 9)]
        g.append(np.tensordot(bsy_weights(8, 3), g, 1))
        T = [x.T @ each for each in g]
        found += [each.sum(0) / np.abs(each).sum() for each in g] + [[np.trace(each), 0, 0] for each in T]
        want += [np.zeros(3)] * 9 + [[3, 0, 0]] * 9
        if norm == 2:
            found += [each[np.triu_indices(3, 1)] for each in T]
            want += [each.T[np.triu_indices(3, 1)] for each in T]
    return gap(np.array(found), np.array(want))


@ledger.add("6.12", "identity", knn_entropy_layer, wrong=EDGE_WRONG)
def virial_tensor(layer, rng):
    """T from distances by brute force; 1 on a line; motions of the gradient."""
    x, R = points(rng), rotation(rng, 3)
    d = distances(x)
    other = np.argsort(d, axis=1)[:, 2]
    delta = x - x[other]
    T = 3 / 9 * (delta / np.sort(d, axis=1)[:, [2]] ** 2).T @ delta
    g, line = gradients(layer, x, 3), points(rng, 9, 1)
    return gap((x.T @ g, line.T @ gradients(layer, line, 3), gradients(layer, -3 * x @ R + 1, 3)),
               (T, np.ones((1, 1)), g @ R / -3))


@ledger.add("6.12", "law", knn_entropy_layer, wrong={
    "one end only": EDGE_WRONG["one end only"], "sign": spoiled(knn_entropy_layer, lambda d: (-d[0], None))}, bound=0)
def positive(layer, rng):
    """The eigenvalues of the symmetric part of T are at least 0, and T is symmetric, to rounding."""
    cases = []
    for k in (1, 2, 5):
        x = points(rng, 4 + k) + 10
        T = x.T @ gradients(layer, x, k)
        cases += [np.linalg.eigvalsh(T + T.T)[0] > -1e-11, np.abs(T - T.T).max() < 1e-11 * np.abs(x).max() ** 2]
    return holds(cases)


# The search


def with_gap(rng, k, gap_wanted=1e-3, n=9):
    """Points whose orders k - 1, k, k + 1 are apart by more than the gap."""
    while True:
        x = points(rng, n)
        near = np.sort(distances(x), axis=1)[:, max(k - 2, 0):k + 1]
        if (np.diff(near) > gap_wanted).all():
            return x


@ledger.add("6.13", "limit", knn_entropy_layer, bound=1e-9, wrong=EDGE_WRONG | {
    "next order": lambda x, idx: knn_entropy_layer(x, np.argsort(distances(x), axis=1)[:, :idx.shape[1] + 1])})
def differences_that_search_anew(layer, rng):
    """Central differences of the estimate, order 8, steps up to 4e-5, for a gap of 1e-3: each value searches anew."""
    x, steps = with_gap(rng, 3), 1e-5 * np.arange(1, 5)
    weights = np.array([8 / 5, -2 / 5, 8 / 105, -1 / 140]) / 1e-5
    g = np.zeros_like(x)
    for entry in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[entry] = 1
        g[entry] = weights @ np.array([(value(x + h * e, 3) - value(x - h * e, 3)) / 2 for h in steps])
    return gap(layer(x, neighbours(x, 3).idx)[1](1.0)[0], g)


@ledger.add("6.13", "law", lambda x, k, norm: neighbours(x, k, norm=norm).rho[:, -1], bound=0, wrong={
    "squares": lambda x, k, norm: neighbours(x, k, norm=norm).rho[:, -1] ** 2 * 3,
    "the k-th of the points as they come": lambda x, k, norm: distances(x, norm=norm)[:, k]})
def lipschitz(rho, rng):
    """|rho(X) - rho(X')| <= 2 max|x - x'|, for large motions, which exchange neighbours, and small ones."""
    cases = []
    for norm in (2, np.inf):
        for size in (1e-3, 0.3, 3.0):
            x = points(rng, 12)
            other = x + size * rng.standard_normal(x.shape)
            moved = np.linalg.norm(x - other, norm, axis=1).max()
            cases += list(np.abs(rho(x, 4, norm) - rho(other, 4, norm)) <= 2 * moved * (1 + 1e-12))
            cases += list(np.abs(rho(x, 4, norm) - radii(x, 4, norm=norm)) <= 1e-12)
    return holds(cases)


@ledger.add("6.13", "law", 4.0, bound=0, wrong={"twice the motion": 2.0, "three times": 3.0, "3.9": 3.9})
def neighbours_that_stay(times, rng):
    """Orders apart by a little more than `times` the largest motion keep their neighbours: the sharp case on a line,
    for both norms, and random motions of random samples."""
    cases = []
    for norm in (2, np.inf):
        g = 1.001 * times * 0.1
        before = np.array([[0.0], [-1], [1 + g], [9]])
        after = before + 0.1 * np.array([[1.0], [-1], [-1], [0]])
        cases.append((neighbours(before, 1, norm=norm).idx[0] == neighbours(after, 1, norm=norm).idx[0]).all())
        x, k = with_gap(rng, 3), 3
        room = np.diff(np.sort(distances(x, norm=norm), axis=1)[:, k - 2:k + 1]).min()
        for _ in range(20):
            step = rng.standard_normal(x.shape)
            step *= room / (1.001 * times) / np.linalg.norm(step, norm, axis=1, keepdims=True)
            cases.append(np.array_equal(*(neighbours(z, k, norm=norm).idx[:, -1] for z in (x, x + step))))
    return holds(cases)
