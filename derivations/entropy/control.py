"""Evidence for certified lists, the variance on a circle and the normal control, (6.69), (6.71), (6.72)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import integrate, special

from refvae.derivations.entropy.common import distances, points
from refvae.entropy import entropy_with_reference, knn_entropy, neighbours, verify_neighbours
from refvae.entropy.certify import _suspects
from refvae.entropy.products import centred, panels
from refvae.evidence import Ledger, gap, holds, z_score

ledger = Ledger()

# Certified lists


def accepts(x, idx, norm=2, **how):
    """Whether the lists pass."""
    try:
        verify_neighbours(x, idx, norm, **how)
    except ValueError:
        return False
    return True


ACCEPTS_WRONG = {
    "last column alone ascending": lambda x, idx, norm=2, **how: accepts(x, np.sort(idx, axis=1), norm, **how),
    "everything": lambda *case, **how: True, "nothing": lambda *case, **how: False,
    "the other norm": lambda x, idx, norm=2, **how: accepts(x, idx, 2 if norm == np.inf else np.inf, **how),
    "first rows alone": lambda x, idx, norm=2, **how: accepts(x, np.vstack([idx[:30], neighbours(
        x, idx.shape[1], norm=norm, **how).idx[30:]]), norm, **how)}


@ledger.add("6.69", "law", accepts, bound=0, wrong=ACCEPTS_WRONG)
def right_and_wrong_lists(accepted, rng):
    """Right lists pass; the next neighbour for the last, a repeated one, itself, an exchange of two do not."""
    cases = []
    for d, norm, how in ((2, 2, {}), (9, 2, {}), (2, np.inf, {}), (1, 2, {"exclude": 2})):
        x = 1e6 + points(rng, 60, d)
        longer, row = neighbours(x, 5, norm=norm, **how).idx, 50
        right = longer[:, :4]
        cases.append(accepted(x, right, norm, **how))
        for wrong in (longer[row, [0, 1, 2, 4]], longer[row, [0, 1, 2, 2]], [*longer[row, :3], row],
                      longer[row, [0, 2, 1, 3]]):
            spoiled = right.copy()
            spoiled[row] = wrong
            cases.append(not accepted(x, spoiled, norm, **how))
    return holds(cases)


def strict(tolerance):
    """Lists with the last point nearer, by so many times 2^-52, are refused: the check by loops."""
    def accepted(x, idx, norm=2, among=None):
        d = distances(x, among, norm)
        last = d[np.arange(len(x)), idx[:, -1]]
        return all((np.sort(row)[:idx.shape[1]] >= r * (1 - tolerance(x.shape[1]) * 2.0**-52))[-1:].all()
                   for row, r in zip(d, last, strict=True))

    return accepted


@ledger.add("6.69", "law", accepts, bound=0, wrong={
    "to the last bit": strict(lambda d: 0), "one unit less": strict(lambda d: d + 3),
    "one unit more": strict(lambda d: d + 5), "everything": lambda *case, **how: True})
def up_to_rounding(accepted, rng):
    """From 0, points at 1 and a little less, maximum norm: either is the nearest up to d + 4 units, and no further."""
    cases = []
    for d in (1, 3):
        for halves, wanted in ((2 * d + 7, True), (2 * d + 8, True), (2 * d + 9, False)):
            y = np.zeros((2, d))
            y[:, 0] = 1, 1 - halves * 2.0**-53
            cases.append(accepted(np.zeros((1, d)), np.array([[0]]), np.inf, among=y) == wanted)
    return holds(cases)


@ledger.add("6.69", "law", accepts, bound=0, wrong={key: ACCEPTS_WRONG[key] for key in ("everything", "nothing")})
def clusters_and_another_sample(accepted, rng):
    """Tight clusters, where products decide nothing, within a sample and between two: the next for the last is seen."""
    cases = []
    centres = 1e3 * rng.standard_normal((4, 5))
    x, y = (np.repeat(centres, m, axis=0) + 1e-4 * rng.standard_normal((4 * m, 5)) for m in (9, 12))
    for how in ({}, {"among": y}):
        longer = neighbours(x, 4, **how).idx
        for row in (3, 30):
            spoiled = longer[:, :3].copy()
            spoiled[row, 2] = longer[row, 3]
            cases += [accepted(x, longer[:, :3], **how), not accepted(x, spoiled, **how)]
    return holds(cases)


def without_margin(a, b, rho, norm):
    """Pairs whose rounded product is at most that of the radius."""
    factors, r = panels(a, b, 1), np.ldexp(rho, -centred(a, b)[2])
    yield np.nonzero(factors.left @ factors.right <= (r * r - factors.size**2)[:, None] / 2)


@ledger.add("6.69", "law", _suspects, bound=0, wrong={
    "all pairs": lambda a, b, rho, norm: [np.divmod(np.arange(len(a) * len(b)), len(b))],
    "within twice the radius": lambda a, b, rho, norm: _suspects(a, b, 2 * rho, norm)})
def no_more_than_needed(suspects, rng):
    """Where distances differ by more than products in float32 are wrong: the k neighbours and the point itself."""
    x = rng.standard_normal((60, 3)) + 5
    rho = neighbours(x, 4).rho[:, -1]
    return holds(sum(len(i) for i, _ in suspects(x, x, rho, 2)) == 60 * 5)


@ledger.add("6.69", "law", _suspects, bound=0, wrong={
    "without the margin": without_margin,
    "with twice the margin": lambda a, b, rho, norm: _suspects(a, b, rho * (1 + 3 * 2.0**-24), norm),
    "lengths of the first alone": lambda a, b, rho, norm: without_margin(a, b, rho * (1 + 2.0**-30), norm)})
def the_margin_and_no_more(suspects, rng):
    """From 0 to points on both sides of the radius: all within (1 + kappa) rho^2 less rounding, none beyond it more."""
    far = 1 + 1e-8 * np.arange(-200, 200)
    pairs = list(suspects(np.zeros((30, 1)), np.r_[far, -far][:, None], np.ones(30), 2))
    found = np.zeros((30, 800), bool)
    for i, j in pairs:
        found[i, j] = True
    unit, square = 2.0**-24, np.r_[far, far] ** 2
    kappa = 6 * unit / (1 - 6 * unit)
    return holds([found[:, square < 1 + kappa - 2 * unit].all(), not found[:, square > 1 + kappa + 5 * unit].any()])


@ledger.add("6.69", "identity", lambda x, idx, norm: verify_neighbours(x, idx, norm).rho, wrong={
    "squares": lambda x, idx, norm: verify_neighbours(x, idx, norm).rho ** 2,
    "the other norm": lambda x, idx, norm: np.abs(x[idx] - x[:, None]).max(2) if norm == 2 else np.linalg.norm(
        x[idx] - x[:, None], axis=2)})
def distances_of_the_lists(rho, rng):
    """By loops over all pairs, sorted."""
    x = points(rng, 20)
    found = [rho(x, neighbours(x, 4, norm=norm).idx, norm) for norm in (2, np.inf)]
    return gap(np.array(found), np.array([np.sort(distances(x, norm=norm), axis=1)[:, :4] for norm in (2, np.inf)]))


@ledger.add("6.69", "law", _suspects, bound=0, wrong={
    "without the margin": without_margin,
    "half of them": lambda a, b, rho, norm: _suspects(a, b, rho / 2, norm)})
def all_that_are_near(suspects, rng):
    """All points at most so far away are among the pairs, offsets and clusters included."""
    cases = []
    for scale in (1, 1e-6):
        x = np.repeat(1e3 * rng.standard_normal((6, 5)), 20, axis=0) + scale * rng.standard_normal((120, 5))
        near = neighbours(x, 9)
        found = {(int(u), int(v)) for i, j in suspects(x, x, near.rho[:, -1], 2) for u, v in zip(i, j, strict=True)}
        cases += [(i, int(j)) in found for i in range(120) for j in near.idx[i]]
    return holds(cases)


# The variance on a circle


def on_circle(n):
    """n times the variance, n >= 3."""
    return np.pi**2 / 2 + 4 * special.spence(1.5) - n * special.polygamma(1, n)


CIRCLE_WRONG = {"local values independent": lambda n: np.pi**2 / 6 - n * special.polygamma(1, n),
                "one neighbour": lambda n: np.pi**2 / 3 + 2 * special.spence(1.5) - n * special.polygamma(1, n),
                "scale not divided out": lambda n: on_circle(n) + n * special.polygamma(1, n)}


@ledger.add("6.71", "identity", on_circle, wrong=CIRCLE_WRONG)
def covariance_by_quadrature(variance, rng):
    """The covariance of log min(E1, E2) and log min(E2, E3) as the one integral that is left, 2.1411 in the limit."""
    integral = integrate.quad(lambda u: np.log1p(u / 2) / u, 1, 2, epsabs=0, epsrel=1e-13)[0]
    want = [np.pi**2 / 6 + 4 * integral - n * special.polygamma(1, n) for n in (3, 10, 1000)]
    return gap(np.array([variance(n) for n in (3, 10, 1000)]), np.array(want))


@ledger.add("6.71", "limit", on_circle, bound=1e-4, wrong=CIRCLE_WRONG)
def infinitely_many(variance, rng):
    """2.1411 for n = 10^6; the covariance by a double integral over logarithms of the survival function."""
    survival = lambda v, u: np.exp(-np.exp(u) - np.exp(v) - np.exp(max(u, v))) - np.exp(-2 * np.exp(u) - 2 * np.exp(v))
    half = integrate.dblquad(survival, -40, 4, -40, lambda u: u, epsabs=1e-9)[0]
    return gap(np.array([variance(10**6), variance(10**6)]), np.array([2.1411, np.pi**2 / 6 + 4 * half - 1]))


@lru_cache
def estimates_on_circle(count, seed):
    """Estimates from five points each."""
    rng = np.random.default_rng(seed)
    return np.array([float(knn_entropy(rng.random((5, 1)), 1, norm=np.inf, periodic=1.0)) for _ in range(count)])


@ledger.add("6.71", "montecarlo", on_circle, wrong=CIRCLE_WRONG)
def five_points(variance, rng):
    """Squares of 3000 estimates from five points on a circle, whose mean is 0."""
    return z_score(5 * np.square(estimates_on_circle(3000, int(rng.integers(2**62)))) / variance(5), 1.0)


@ledger.add("6.71", "law", lambda local: np.mean([e.var(ddof=1) / len(e) for e in local]), wrong={
    "n for n - 1": lambda local: np.mean([e.var() / len(e) for e in local]),
    "the variance itself": lambda local: np.var([e.mean() for e in local])})
def mean_of_the_naive_square(square, rng):
    """Eight equally likely samples, the local values in all their cyclic orders: (v - V) / (n - 1)."""
    samples = [knn_entropy(points(rng, 6, 2), 1).local for _ in range(8)]
    local = [np.roll(each, r) for each in samples for r in range(6)]
    v, V = np.var(np.array(local)[:, 0]), np.var([e.mean() for e in local])
    return gap(np.array(square(local)), np.array((v - V) / 5))


# The control


def with_error(e):
    """An estimate, its standard error, the part of that due to the control, and the values without each point."""
    return np.array([e.value, e.jackknife_se, e.settings.get("reference_se", 0.0), *e.leave_one_out()[0]])


def controlled(x, k, seed):
    """The estimate with a control of three samples."""
    return entropy_with_reference(x, k, references=3, rng=seed)


@ledger.add("6.72", "identity", lambda *case: with_error(controlled(*case)), wrong={
    "no control": lambda x, k, seed: with_error(knn_entropy(x, k, whiten=True)),
    "control added": lambda x, k, seed: (lambda e, c: np.append(2 * e.value - c.value, with_error(c)[1:]))(
        knn_entropy(x, k, whiten=True), controlled(x, k, seed)),
    "error of the control forgotten": lambda x, k, seed: (lambda e, c: np.append(
        [c.value, e.jackknife_se], with_error(c)[2:]))(knn_entropy(x, k, whiten=True), controlled(x, k, seed))})
def three_samples(both, rng):
    """The samples drawn again, their mean error and its standard error."""
    x, again = points(rng, 14), np.random.default_rng(8)
    plain = knn_entropy(x, 2, whiten=True)
    errors = [knn_entropy(again.standard_normal((14, 3)), 2, whiten=True).value - 1.5 * np.log(2 * np.pi * np.e)
              for _ in range(3)]
    se = np.sqrt(np.var(errors) / 2)
    without = plain.leave_one_out()[0] - np.mean(errors)
    return gap(both(x, 2, 8), np.array([plain.value - np.mean(errors), np.hypot(plain.jackknife_se, se), se, *without]))


@ledger.add("6.72", "law", lambda *case: float(controlled(*case)), wrong={
    "not whitened": lambda x, k, seed: float(controlled(x, k, seed)) - float(knn_entropy(x, k, whiten=True)) + float(
        knn_entropy(x, k)), "columns standardised only": lambda x, k, seed: float(controlled(x, k, seed)) - float(
            knn_entropy(x, k, whiten=True)) + float(knn_entropy(x, k, standardise=True))})
def under_affine_maps(estimate, rng):
    """Any nonsingular map adds the logarithm of its determinant."""
    x, B = points(rng, 14), rng.standard_normal((3, 3))
    return gap(np.array(estimate(x @ B + 7, 2, 5)), np.array(estimate(x, 2, 5) + np.log(np.abs(np.linalg.det(B)))))


@ledger.add("6.72", "montecarlo", lambda x, seed: float(entropy_with_reference(x, 3, references=2, rng=seed)), wrong={
    "no control": lambda x, seed: float(knn_entropy(x, 3, whiten=True)),
    "not whitened": lambda x, seed: float(knn_entropy(x, 3))})
def normal_samples(estimate, rng):
    """200 samples of 30 points from one normal law in 12 dimensions, of unequal variances: the mean is its entropy."""
    B = np.diag(np.exp(rng.standard_normal(12))) + 0.3 * np.tril(rng.standard_normal((12, 12)), -1)
    truth = 6 * np.log(2 * np.pi * np.e) + np.log(np.abs(np.linalg.det(B)))
    return z_score(np.array([estimate(rng.standard_normal((30, 12)) @ B, seed) for seed in range(200)]), truth)
