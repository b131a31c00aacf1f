"""Evidence for normal data, and for what denoising takes away from any, (9.9) to (9.11)."""

from __future__ import annotations

import itertools

import numpy as np

from refvae.denoising import denoised_variance, gaussian_dsm_floor, linear_denoiser, posterior_covariance, tweedie
from refvae.denoising.exact import LinearDenoiser
from refvae.derivations.denoising.common import EXAMPLE, line, mixture
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


def spectrum(rng, d=5):
    """Positive eigenvalues in no order."""
    return rng.exponential(size=d) + 0.05


def turned(rng):
    """Distinct eigenvalues: second, third, first, fifth, fourth. A cycle of three is not its own inverse."""
    return (np.sort(spectrum(rng)) * np.arange(1, 6))[[3, 2, 4, 0, 1]]


# The best linear denoiser


def reduced_rank(lam, sigma, k):
    """The best map of rank k by singular values of the whitened regression, in random axes; its factors and risk."""
    Q = np.linalg.qr(np.random.default_rng(5).standard_normal((len(lam),) * 2))[0]
    C = Q * lam @ Q.T
    root = np.linalg.cholesky(C + sigma**2 * np.eye(len(lam)))
    U, s, Vt = np.linalg.svd(np.linalg.solve(root, C))
    A = np.linalg.solve(root.T, U[:, :k] * s[:k] @ Vt[:k])
    risk = np.trace((np.eye(len(lam)) - A).T @ C @ (np.eye(len(lam)) - A)) + sigma**2 * (A * A).sum()
    return LinearDenoiser(np.einsum("ij,jk,ki->i", Q.T, A, Q), risk)


DENOISER_WRONG = {
    "sigma for its square": lambda lam, sigma, k: linear_denoiser(lam, np.sqrt(sigma), k),
    "no shrinking": lambda lam, sigma, k: (lambda f: LinearDenoiser(f.factors > 0, (
        np.where(f.factors > 0, sigma**2, lam)).sum()))(linear_denoiser(lam, sigma, k)),
    "square root, as for a spectrum": lambda lam, sigma, k: (lambda f: f._replace(factors=np.sqrt(f.factors)))(
        linear_denoiser(lam, sigma, k)),
    "rest for free": lambda lam, sigma, k: (lambda f: f._replace(risk=f.risk - lam[f.factors == 0].sum()))(
        linear_denoiser(lam, sigma, k)),
    "places of the ranks for ranks": lambda lam, sigma, k: (lambda f: LinearDenoiser(f, (lam - lam * f).sum()))(
        np.where(np.argsort(-lam) < k, lam / (lam + sigma**2), 0)),
    "first k in place of the largest": lambda lam, sigma, k: (lambda f: LinearDenoiser(f, (lam - lam * f).sum()))(
        np.where(np.arange(len(lam)) < k, lam / (lam + sigma**2), 0))}


@ledger.add("9.9", "identity", linear_denoiser, wrong=DENOISER_WRONG)
def reduced_rank_regression(denoiser, rng):
    """Factors and risk of ranks 1 to 4 of 5, by singular value decomposition in axes that are not the principal ones.
    """
    lam, sigma = turned(rng), rng.uniform(0.3, 0.9)
    return gap(tuple(denoiser(lam, sigma, k) for k in range(1, 5)), tuple(reduced_rank(lam, sigma, k) for k in
                                                                         range(1, 5)))


@ledger.add("9.9", "law", linear_denoiser, bound=0, wrong={
    name: DENOISER_WRONG[name] for name in ("no shrinking", "first k in place of the largest", "sigma for its square",
                                            "places of the ranks for ranks")})
def no_other_map_of_that_rank_is_better(denoiser, rng):
    """Two hundred other maps of rank 2, near and far: their exact risk is larger than that of the factors."""
    lam, sigma, k = turned(rng), 0.6, 2
    risk = lambda A: np.trace((np.eye(5) - A).T * lam @ (np.eye(5) - A)) + sigma**2 * (A * A).sum()
    factors = denoiser(lam, sigma, k).factors
    keep = np.eye(5)[:, factors > 0]
    best = risk(np.diag(factors * 1.0))
    found = [best <= risk(np.diag(np.where(np.isin(np.arange(5), pair), lam / (lam + sigma**2), 0))) + 1e-12
             for pair in itertools.combinations(range(5), 2)]
    for size in (1e-3, 0.1, 1.0):
        for _ in range(67):
            left = keep * factors[factors > 0] + size * rng.standard_normal((5, keep.shape[1]))
            right = keep + size * rng.standard_normal((5, keep.shape[1]))
            found.append(risk(left @ right.T) > best)
    return holds(found)


# The least loss


FLOOR_WRONG = {
    "half lost": lambda lam, sigma: 2 * gaussian_dsm_floor(lam, sigma),
    "loss of the denoiser": lambda lam, sigma: linear_denoiser(lam, sigma).risk,
    "noise lost in the score": lambda lam, sigma: (1 / sigma**2 - 1 / lam).sum() / 2,
    "information alone": lambda lam, sigma: (1 / (lam + sigma**2)).sum() / 2}


@ledger.add("9.10", "identity", gaussian_dsm_floor, exact=True, wrong=FLOOR_WRONG)
def loss_of_the_linear_score(floor, rng):
    """E |s(x + sigma eps) + eps / sigma|^2 / 2 for s = -xt / (lam + sigma^2), from the two variances in it."""
    lam, sigma = spectrum(rng), rng.uniform(0.3, 0.9)
    a = 1 / (lam + sigma**2)
    return gap(np.array(floor(lam, sigma)), np.array((a**2 * lam + (1 / sigma - a * sigma) ** 2).sum() / 2))


@ledger.add("9.10", "law", gaussian_dsm_floor, exact=True, wrong=FLOOR_WRONG)
def risk_of_the_denoiser_rescaled(floor, rng):
    """It is the risk of the best denoiser over 2 sigma^4."""
    lam, sigma = spectrum(rng), rng.uniform(0.3, 0.9)
    return gap(np.array(floor(lam, sigma)), np.array(linear_denoiser(lam, sigma).risk / (2 * sigma**4)))


# Denoised data


VARIANCE_WRONG = {
    "that of the data": lambda lam, sigma: lam + 0 * sigma,
    "noise taken off": lambda lam, sigma: lam - sigma**2,
    "once shrunk": lambda lam, sigma: lam * np.sqrt(lam / (lam + sigma**2)),
    "what is lost": lambda lam, sigma: lam * sigma**2 / (lam + sigma**2)}


@ledger.add("9.11", "identity", denoised_variance, exact=True, wrong=VARIANCE_WRONG)
def variance_of_the_shrunken_input(variance, rng):
    """(lam / (lam + sigma^2))^2 times the variance of xt."""
    lam, sigma = spectrum(rng), rng.uniform(0.3, 0.9)
    return gap(variance(lam, sigma), (lam / (lam + sigma**2)) ** 2 * (lam + sigma**2))


@ledger.add("9.11", "law", denoised_variance, bound=0, wrong={
    "that of the data": VARIANCE_WRONG["that of the data"], "noise taken off": VARIANCE_WRONG["noise taken off"],
    "that of the noisy data": lambda lam, sigma: lam + sigma**2})
def loss_is_positive_and_below_the_noise(variance, rng):
    """0 < lam - Var r < sigma^2 for fifty variances and levels."""
    lam, sigma = spectrum(rng, 50), rng.uniform(0.3, 2)
    lost = lam - variance(lam, sigma)
    return holds((lost > 0) & (lost < sigma**2))


def dispersion(r, x, w):
    """Variance of r over the smoothed law on the line."""
    return w @ r**2 - (w @ r) ** 2


def split(law, points, weights, sigma):
    """Covariance of the denoised points, and mean covariance that is left, over the smoothed law."""
    r = tweedie(lambda x: law.score(x, sigma), points, sigma)
    centred = r - weights @ r
    return (weights[:, None] * centred).T @ centred, np.tensordot(weights, posterior_covariance(
        law.layer(sigma), points, sigma), 1)


def plane(law, sigma, h=0.15):
    """Nodes (n, 2) and weights (n,) of the mean over the smoothed law in the plane; trapezoids."""
    at = np.arange(-11, 11, h)
    points = np.stack(np.meshgrid(at, at), 2).reshape(-1, 2)
    weights = h * h * law.density(points, sigma)
    seen = weights > 1e-30  # where it underflows there is no score
    return points[seen], weights[seen]


SPLIT_WRONG = {
    "of the noisy input": lambda law, x, w, sigma: (lambda left: (law.covariance() + sigma**2 * np.eye(2), left))(
        split(law, x, w, sigma)[1]),
    "noise for what is left": lambda law, x, w, sigma: (split(law, x, w, sigma)[0], sigma**2 * np.eye(2)),
    "half a step": lambda law, x, w, sigma: (lambda r: ((w[:, None] * (r - w @ r)).T @ (r - w @ r), split(
        law, x, w, sigma)[1]))(x + sigma**2 / 2 * law.score(x, sigma)),
    "as for a normal law": lambda law, x, w, sigma: (lambda C: (C @ np.linalg.solve(C + sigma**2 * np.eye(2), C),
                                                                split(law, x, w, sigma)[1]))(law.covariance())}


@ledger.add("9.11", "identity", split, wrong=SPLIT_WRONG)
def beyond_normal_laws(split, rng):
    """Three components in the plane, by quadrature: covariance of the denoised plus what is left is that of the data.
    """
    law, sigma = mixture(rng), rng.uniform(0.3, 0.7)
    denoised, left = split(law, *plane(law, sigma), sigma)
    return gap(denoised + left, law.covariance())


@ledger.add("9.11", "law", split, bound=0, wrong={
    "noise and more is left": lambda law, x, w, sigma: (split(law, x, w, sigma)[0], 1.01 * sigma**2 * np.eye(2)),
    "nothing is left": lambda law, x, w, sigma: (law.covariance(), np.zeros((2, 2)))})
def what_is_left_in_every_direction(split, rng):
    """Five mixtures, one of atoms: in 50 directions of the plane more than 0 and at most sigma^2."""
    cases, angle = [], np.pi * np.arange(50) / 50
    v = np.stack([np.cos(angle), np.sin(angle)])
    for atoms in (True, False, False, False, False):
        law, sigma = mixture(rng), rng.uniform(0.3, 0.7)
        law = law._replace(sd=0 * law.sd) if atoms else law
        left = (v * (split(law, *plane(law, sigma), sigma)[1] @ v)).sum(0)
        cases += [*(left > 1e-9), *(left <= sigma**2)]
    return holds(cases)


@ledger.add("9.11", "oracle", dispersion, bound=1e-5, wrong={
    "standard deviation": lambda r, x, w: np.sqrt(dispersion(r, x, w)),
    "that of the noisy input": lambda r, x, w: dispersion(x[:, 0], x, w),
    "second moment": lambda r, x, w: w @ r**2})
def the_example(variance, rng):
    """The mixture of the text: 1.11083 for the denoised, 1.2184 for the data."""
    x, w = line(EXAMPLE, 0.4)
    r = x[:, 0] + 0.16 * EXAMPLE.score(x, 0.4)[:, 0]
    return gap(np.array([variance(r, x, w), EXAMPLE.covariance()[0, 0]]), np.array([1.11083, 1.2184]))
