"""Evidence for the estimates of information and their counts, (6.41) to (6.45)."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import digamma

from refvae.derivations.entropy.common import distances
from refvae.entropy import (
    exact_total_correlation,
    knn_entropy,
    knn_entropy_layer,
    mutual_information_layer,
    neighbours,
    total_correlation,
)
from refvae.entropy.counts import below, counts_within
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.trees import witnesses

ledger = Ledger()


def variables(rng, n=9, dims=(2, 1)):
    """Dependent variables of these dimensions, Gaussian with unequal variances."""
    common = rng.standard_normal((n, 1))
    return [common + rng.standard_normal((n, d)) * (1 + 0.3 * np.arange(d)) for d in dims]


def sampled(rng):
    """Two, two and three variables."""
    return [variables(rng), variables(rng, 8, (1, 1)), variables(rng, 7, (1, 2, 1))]


def harmonic_sum(k, n):
    """psi(n) - psi(k)."""
    return sum(1 / np.arange(k, n))


def local(xs, k, method="ksg1"):
    """The local values."""
    return total_correlation(xs, k, method=method).local


first, second, entropies = (lambda xs, k, m=m: local(xs, k, m).mean() for m in ("ksg1", "ksg2", "3h"))


def counted(xs, k, nearer=np.less, add=1, joint=True, norm=np.inf, shift=lambda n, q, k: 0.0):
    """The same by loops over pairs, so that it can be done wrongly."""
    d = np.array([distances(x, norm=norm) for x in xs])
    n, q, both = len(xs[0]), len(xs), d.max(0)
    near = np.argsort(both, axis=1)[:, :k]
    radius = [np.sort(both, axis=1)[:, k - 1] if joint else np.take_along_axis(each, near, 1).max(1) for each in d]
    counts = np.array([nearer(each, r[:, None]).sum(1) for each, r in zip(d, radius, strict=True)])
    return (digamma(k) + (q - 1) * digamma(n) - digamma(counts + add).sum(0)).mean() + shift(n, q, k)


# The counting estimates

less_by_k = lambda n, q, k: -(q - 1) / k
FIRST_WRONG = {"ends counted": partial(counted, nearer=np.less_equal),
               "Euclidean within the variables": partial(counted, norm=2),
               "log n": partial(counted, shift=lambda n, q, k: (q - 1) * (np.log(n) - digamma(n))),
               "extents": partial(counted, nearer=np.less_equal, joint=False),
               "the next neighbour": lambda xs, k: first(xs, k + 1)}
SECOND_WRONG = {"one radius for all": partial(counted, nearer=np.less_equal, add=0, shift=less_by_k),
                "1/k forgotten": partial(counted, nearer=np.less_equal, add=0, joint=False),
                "Euclidean within the variables": partial(counted, nearer=np.less_equal, add=0, joint=False, norm=2,
                                                          shift=less_by_k),
                "1/k for every variable": lambda xs, k: second(xs, k) - 1 / k,
                "the first estimate": lambda xs, k: first(xs, k)}


def in_rationals(method):
    """A check against the exact rational values, for k = 1, 2, 4."""
    def check(estimate, rng):
        cases = [(xs, k) for xs in sampled(rng) for k in (1, 2, 4)]
        return gap(np.array([estimate(*case) for case in cases]),
                   np.array([float(exact_total_correlation(*case, method)) for case in cases]))

    check.__doc__, check.__name__ = "Harmonic numbers as fractions, distances as fractions, no rounding.", "rationals"
    return check


ledger.add("6.41", "identity", first, wrong=FIRST_WRONG)(in_rationals("ksg1"))
ledger.add("6.42", "identity", second, wrong=SECOND_WRONG)(in_rationals("ksg2"))


@ledger.add("6.41", "limit", first, bound=1e-12, wrong={key: FIRST_WRONG[key] for key in (
    "ends counted", "log n", "extents")})
def copies(estimate, rng):
    """y = x: psi(n) - psi(k); three copies: twice that; y = x + noise far below all gaps: 1/k less."""
    x, k = variables(rng, 11)[0], 3
    noisy = x + 1e-9 * rng.standard_normal(x.shape)
    return gap(np.array([estimate([x, x], k), estimate([x, x, x], k), estimate([x, noisy], k)]),
               np.array([1, 2, 1]) * harmonic_sum(k, 11) - [0, 0, 1 / k])


@ledger.add("6.42", "limit", second, bound=1e-12, wrong={key: SECOND_WRONG[key] for key in (
    "1/k forgotten", "1/k for every variable", "the first estimate")})
def copies_and_nearly(estimate, rng):
    """y = x, and y = x + noise far below all gaps: psi(n) - psi(k) - 1/k; three copies: twice that."""
    x, k = variables(rng, 11)[0], 3
    noisy = x + 1e-9 * rng.standard_normal(x.shape)
    return gap(np.array([estimate([x, x], k), estimate([x, x, x], k), estimate([x, noisy], k)]),
               np.array([1, 2, 1]) * (harmonic_sum(k, 11) - 1 / k))


# Three entropies


def by_layer(xs, k, norm=np.inf):
    """The layer's value and pull at the neighbours of x, of y and of both."""
    return mutual_information_layer(*xs, *indices(xs, k, norm), norm)


def indices(xs, k, norm=np.inf):
    """Neighbours in x, in y, and side by side."""
    return [neighbours(witnesses(space), k, norm=norm).idx for space in (*xs, np.hstack(xs))]


@ledger.add("6.43", "identity", lambda xs, k: np.array([entropies(xs, k), by_layer(xs, k)[0]]), wrong={
    "joint Euclidean": lambda xs, k: np.full(2, sum(knn_entropy(x, k, norm=np.inf).value for x in xs) - knn_entropy(
        np.hstack(xs), k).value),
    "one radius": lambda xs, k: np.full(2, second(xs, k)),
    "without the joint entropy": lambda xs, k: np.full(2, sum(knn_entropy(x, k, norm=np.inf).value for x in xs))})
def logarithms_of_radii(estimate, rng):
    """Radii by brute force, dimensions 2 and 1, without volumes; estimate and layer."""
    xs = variables(rng)
    rho = [np.sort(distances(x, norm=np.inf), axis=1) for x in (*xs, np.hstack(xs))]
    want = [harmonic_sum(k, 9) + np.mean(2 * np.log(rho[0][:, k - 1]) + np.log(rho[1][:, k - 1])
                                         - 3 * np.log(rho[2][:, k - 1])) for k in (1, 3, 8)]
    return gap(np.array([estimate(xs, k) for k in (1, 3, 8)]), np.stack([want, want], 1))


@ledger.add("6.43", "limit", entropies, bound=1e-12, wrong={
    "psi(k) once too often": lambda xs, k: entropies(xs, k) + digamma(k), "the first estimate": first})
def two_points(estimate, rng):
    """n = 2: q - 1 + sum of D_c log rho_c - D log of the largest."""
    xs = variables(rng, 2, (1, 2, 3))
    rho = np.array([np.abs(x[0] - x[1]).max() for x in xs])
    return gap(np.array(estimate(xs, 1)), np.array(2 + [1, 2, 3] @ np.log(rho) - 6 * np.log(rho.max())))


def entropies_without_each(xs, k):
    """The values without each point."""
    return total_correlation(xs, k, method="3h").leave_one_out()[0]


def joint_without_each(xs, k):
    """Those of the joint entropy."""
    return knn_entropy(np.hstack(xs), k, norm=np.inf).leave_one_out()[0]


@ledger.add("6.43", "identity", entropies_without_each, wrong={
    "joint added": lambda xs, k: entropies_without_each(xs, k) + 2 * joint_without_each(xs, k),
    "without the joint": lambda xs, k: entropies_without_each(xs, k) + joint_without_each(xs, k),
    "first variable alone": lambda xs, k: knn_entropy(xs[0], k, norm=np.inf).leave_one_out()[0]
    - joint_without_each(xs, k)})
def without_each_point_anew(values, rng):
    """Every point left out and everything computed again: two variables, and three."""
    cases = [(variables(rng, 8), 2), (variables(rng, 7, (1, 2, 1)), 1)]
    return gap(tuple(values(*case) for case in cases), tuple(np.array(
        [entropies([np.delete(x, j, 0) for x in xs], k) for j in range(len(xs[0]))]) for xs, k in cases))


INFORMATION_PULL_WRONG = {
    "joint entropy frozen": lambda x, y, *idx: (mutual_information_layer(x, y, *idx)[0], lambda d: (
        *(mutual_information_layer(x, y, *idx)[1](d)[c] + joint for c, joint in enumerate(joint_part(x, y, idx[2], d))),
        None, None, None)),
    "sign of y": spoiled(mutual_information_layer, lambda d: (d[0], -d[1], *d[2:])),
    "y frozen": spoiled(mutual_information_layer, lambda d: (d[0], 0 * d[1], *d[2:]))}


def joint_part(x, y, idx, d):
    """The gradient of the joint entropy, in its two parts."""
    whole = knn_entropy_layer(np.hstack([x, y]), idx, np.inf)[1](d)[0]
    return whole[:, :x.shape[1]], whole[:, x.shape[1]:]


def layer_arguments(rng):
    """x (7, 1), y (7, 2) and their neighbours of order 2."""
    xs = variables(rng, 7, (1, 2))
    return *xs, *indices(xs, 2)


ledger.adjoint("6.44", mutual_information_layer, layer_arguments, wrong=INFORMATION_PULL_WRONG)


@ledger.add("6.44", "law", mutual_information_layer, exact=True, wrong={
    key: INFORMATION_PULL_WRONG[key] for key in ("joint entropy frozen", "y frozen")})
def no_net_force_and_no_virial(layer, rng):
    """Both gradients sum to 0 over the points, and <x, dx> + <y, dy> = 0."""
    x, y, *idx = layer_arguments(rng)
    dx, dy = layer(x, y, *idx)[1](1.0)[:2]
    virial = (x * dx).sum(1) + (y * dy).sum(1)
    scale = np.abs(np.c_[dx, dy]).sum()
    return gap(np.r_[dx.sum(0), dy.sum(0), virial.sum()] / scale + 1, np.ones(4))


# Exact counts


def lattice(rng, n=60):
    """Decimal lattice points at three scales, many equal, half of them next to 0; and distances that occur."""
    x = np.round(rng.standard_normal(n), 1) * 10.0 ** rng.choice([-5, 0, 8]) + rng.choice([0, 0.3, 1e5])
    x[: n // 4] *= 1e-17
    d = np.abs(x[:, None] - x)
    return x[:, None], d, d[np.arange(n), rng.integers(0, n, n)]


def searched(x, radius):
    """Binary search for the rounded ends, and nothing more."""
    s = np.sort(x[:, 0])
    ends = (np.searchsorted(s, x[:, 0] - radius), np.searchsorted(s, x[:, 0] + radius, "right"))
    return ends[1] - ends[0] - 1


COUNT_WRONG = {"search alone": searched, "itself counted": lambda x, r: counts_within(x, r) + 1,
               "ends left out": lambda x, r: counts_within(x, below(r))}


@ledger.add("6.45", "identity", counts_within, bound=0, wrong=COUNT_WRONG)
def all_pairs_compared(counts, rng):
    """Twenty lattices on a line, radii that occur and the next smaller ones."""
    found, want = [], []
    for _ in range(20):
        x, d, r = lattice(rng)
        for radius in (r, np.where(r > 0, below(r), 0)):
            found.append(counts(x, radius))
            want.append((d <= radius[:, None]).sum(1) - 1)
    return holds(np.concatenate(found) == np.concatenate(want))


@ledger.add("6.45", "law", counts_within, bound=0, wrong={
    "first column alone": lambda x, r: counts_within(x[:, :1], r), "ends left out": COUNT_WRONG["ends left out"]})
def planes(counts, rng):
    """The same for pairs of such columns, in the plane."""
    cases = []
    for _ in range(10):
        (x, d, r), (y, e, s) = lattice(rng), lattice(rng)
        number = ((d <= np.maximum(r, s)[:, None]) & (e <= np.maximum(r, s)[:, None])).sum(1) - 1
        cases.append(counts(np.hstack([x, y]), np.maximum(r, s)) == number)
    return holds(np.concatenate(cases))


@ledger.add("6.45", "limit", counts_within, bound=0, wrong={key: COUNT_WRONG[key] for key in (
    "itself counted", "ends left out")})
def equidistant(counts, rng):
    """Twelve points at distance 1: min(i, r) + min(11 - i, r); on a 4 by 4 lattice the product of both, less 1."""
    i, j = np.arange(12), np.arange(4)
    line = np.minimum(i, 3) + np.minimum(11 - i, 3)
    square = np.outer(*[np.minimum(j, 1) + np.minimum(3 - j, 1) + 1] * 2).ravel() - 1
    grid = np.stack(np.meshgrid(j, j), -1).reshape(-1, 2) * 1.0
    found = np.r_[counts(i[:, None] * 1.0, np.full(12, 3.0)), counts(grid, np.ones(16))]
    return holds(found == np.r_[line, square])
