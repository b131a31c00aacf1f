"""Evidence for Frechet's distance and what the objective bounds, (7.16) and (7.17)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, optimize, stats

from refvae.derivations.eae.common import moments, with_moments
from refvae.eae import frechet, kl_of_moments, kl_of_normalised
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


def covariances(a, b):
    """Squared distance of the means, and the covariances."""
    return ((a.mean(0) - b.mean(0)) ** 2).sum(), np.cov(a.T, bias=True), np.cov(b.T, bias=True)


def with_trace(formula):
    """A wrong distance from squared distance of the means and covariances."""
    return lambda a, b: float(formula(*covariances(a, b)))


FRECHET_WRONG = {
    "means not squared": with_trace(lambda m, S, T: np.sqrt(m) + np.trace(S + T - 2 * linalg.sqrtm(S @ T).real)),
    "means ignored": lambda a, b: frechet(a - a.mean(0), b - b.mean(0)),
    "factor 2 lost": with_trace(lambda m, S, T: m + np.trace(S + T - linalg.sqrtm(S @ T).real)),
    "variances alone": with_trace(lambda m, S, T: m + ((np.sqrt(np.diag(S)) - np.sqrt(np.diag(T))) ** 2).sum()),
    "difference of the roots": with_trace(lambda m, S, T: m + ((linalg.sqrtm(S) - linalg.sqrtm(T)).real ** 2).sum())}


def pair(rng, n=9):
    """Two correlated samples of n rows in three dimensions."""
    return tuple(rng.standard_normal((n, 3)) @ A + m for m, A in (moments(rng), moments(rng)))


@ledger.add("7.16", "identity", frechet, wrong=FRECHET_WRONG | {
    "n - 1": lambda a, b: frechet(with_moments(a.mean(0), np.linalg.cholesky(np.cov(a.T)).T), b)})
def trace_formula(distance, rng):
    """The trace with the roots of the eigenvalues of S T; and a sample against a(x - t), where it is elementary."""
    a, b = pair(rng)
    m, S, T = covariances(a, b)
    want = m + np.trace(S + T) - 2 * np.sqrt(np.linalg.eigvals(S @ T).real).sum()
    c = 3 * a + [1, 2, 3]
    return gap(np.array([distance(a, b), distance(a, c)]),
               np.array([want, 4 * np.trace(S) + ((c.mean(0) - a.mean(0)) ** 2).sum()]))


@ledger.add("7.16", "law", frechet, bound=0, wrong={
    key: FRECHET_WRONG[key] for key in ("means not squared", "factor 2 lost", "difference of the roots")})
def below_every_coupling(distance, rng):
    """At most the mean squared distance in the best matching of two samples; attained by an affine image of one."""
    cases = []
    for _ in range(3):
        a, b = pair(rng)
        cost = ((a[:, None] - b) ** 2).sum(2)
        cases.append(distance(a, b) <= cost[optimize.linear_sum_assignment(cost)].mean() + 1e-12)
        _, A = moments(rng)
        P = A.T @ A  # symmetric and positive: the best coupling with x P + t is this map
        c = a @ P + [0.1, 0.2, 0.0]
        cases.append(abs(distance(a, c) - ((a - c) ** 2).sum(1).mean()) <= 1e-11 * (1 + distance(a, c)))
    return holds(cases)


# What the objective bounds


def right_side(error, steepness, kl):
    """The bound of W."""
    return np.sqrt(error) + steepness * np.sqrt(2 * kl)


RIGHT_WRONG = {"factor 2 lost": lambda error, steepness, kl: right_side(error, steepness, kl / 2),
               "divergence without root": lambda error, steepness, kl: np.sqrt(error) + steepness * 2 * kl,
               "decoder's steepness lost": lambda error, steepness, kl: right_side(error, 1.0, kl),
               "error without root": lambda error, steepness, kl: error + right_side(0.0, steepness, kl)}


@ledger.add("7.17", "law", right_side, bound=0, wrong={
    key: RIGHT_WRONG[key] for key in RIGHT_WRONG if key != "error without root"})
def linear_autoencoders(right_side, rng):
    """Samples of linear decoders whose codes have mean m and covariance S; then codes N(m, I), |m| = 1/4, no error."""
    cases = []
    for _ in range(5):
        (m, root), B = moments(rng), rng.standard_normal((3, 4))
        z, normal = with_moments(m, root), with_moments(np.zeros(3), np.eye(3))
        x = z @ B + 0.3 * rng.standard_normal((6, 4))
        error = ((x - z @ B) ** 2).sum(1).mean()
        cases.append(frechet(x, normal @ B) ** 0.5 <= right_side(error, np.linalg.norm(B, 2), kl_of_moments(z)[0]))
        shift = rng.standard_normal(3)
        shift *= 0.25 / np.linalg.norm(shift)
        codes, steep = with_moments(shift, np.eye(3)), 2.5 * stats.ortho_group.rvs(3, random_state=rng)
        far = frechet(codes @ steep, normal @ steep) ** 0.5
        cases.append(far <= right_side(0.0, 2.5, kl_of_moments(codes)[0]) + 1e-9)
    return holds(cases)


@ledger.add("7.17", "limit", right_side, bound=1e-12, wrong=RIGHT_WRONG)
def attained(right_side, rng):
    """Equality: codes N(m, I), decoder 2.5 times the identity, and an error that is a shift further along m."""
    m = rng.standard_normal(3)
    codes, normal = with_moments(m, np.eye(3)), with_moments(np.zeros(3), np.eye(3))
    x = 2.5 * codes + 0.3 * m
    error = ((x - 2.5 * codes) ** 2).sum(1).mean()
    return gap(np.array(right_side(error, 2.5, kl_of_moments(codes)[0])), np.array(frechet(x, 2.5 * normal) ** 0.5))


@ledger.add("7.17", "law", lambda entropy: kl_of_normalised(entropy, 1), bound=0, wrong={
    "entropy added": lambda entropy: kl_of_normalised(-entropy, 1) - 3,
    "a tenth lost": lambda entropy: 0.9 * kl_of_normalised(entropy, 1)})
def talagrand_on_a_line(kl, rng):
    """W^2 <= 2 KL by quantiles, mean square 1: uniform, logistic, Laplace, exponential, gamma, N(.3, .91)."""
    u = (np.arange(20000) + 0.5) / 20000
    laws = [stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)), stats.logistic(0, np.sqrt(3) / np.pi),
            stats.laplace(0, np.sqrt(0.5)), stats.expon(-1), stats.gamma(400, -20, 1 / 20), stats.norm(0.3, 0.91**0.5)]
    return holds([((law.ppf(u) - stats.norm.ppf(u)) ** 2).mean() <= 2 * kl(law.entropy()) for law in laws])
