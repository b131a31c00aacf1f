"""Evidence for probabilistic PCA, (3.28) to (3.31)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import linalg, stats

from refvae.data import digits
from refvae.evidence import Ledger, gap, holds
from refvae.vae import PPCA, LinearVAE, linear_vae, ppca, ppca_log_likelihood, ppca_posterior

ledger = Ledger()
RANKS, SPECTRUM = (2, 8, 16), np.array([4, 2, 1, 0.6, 0.45, 0.2])


@lru_cache
def pixels():
    """The digits, read-only, with the eigenvalues of their covariance by another route than the code's."""
    X = digits()[0]
    X.flags.writeable = False
    return X, linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]


def with_spectrum(rng, spectrum=SPECTRUM):
    """Twice as many centred rows as columns whose covariance has exactly these eigenvalues, in a random basis."""
    d = len(spectrum)
    U, V = linalg.qr(rng.standard_normal((2 * d, d)), mode="economic")[0], linalg.qr(rng.standard_normal((d, d)))[0]
    half = np.sqrt(d) * U * np.sqrt(spectrum) @ V.T * np.sqrt(2)
    return np.vstack([half, -half])


def some_model(rng):
    """A probabilistic PCA whose W has no orthogonal columns, and points."""
    return PPCA(rng.standard_normal((5, 3)), 0.4, rng.standard_normal(5)), rng.standard_normal((7, 5))


LIKELIHOOD_WRONG = {"sigma for its square": lambda p, x: ppca_log_likelihood(p._replace(sigma2=p.sigma2**2), x),
                    "mean ignored": lambda p, x: ppca_log_likelihood(p._replace(mean=0 * p.mean), x),
                    "noise on the discarded directions only": lambda p, x: ppca_log_likelihood(p._replace(
                        W=p.W * np.sqrt(1 - p.sigma2 / (p.W**2).sum(0))), x)}


@ledger.add("3.28", "oracle", ppca_log_likelihood, bound=1e-12, wrong=LIKELIHOOD_WRONG)
def scipy_multivariate(log_p, rng):
    """scipy.stats.multivariate_normal with the covariance W W' + sigma^2 I."""
    p, x = some_model(rng)
    return gap(log_p(p, x), stats.multivariate_normal(p.mean, p.W @ p.W.T + 0.4 * np.eye(5)).logpdf(x))


@ledger.add("3.28", "identity", ppca_log_likelihood, wrong=LIKELIHOOD_WRONG)
def principal_axes(log_p, rng):
    """In the eigenbasis of the covariance: independent coordinates, also with sigma^2 = 1e-6."""
    p, x = some_model(rng)
    got, want = [], []
    for sigma2 in (0.4, 1e-6):
        c, U = linalg.eigh(p.W @ p.W.T)
        c = np.where(np.arange(5) < 2, 0, c) + sigma2
        got.append(log_p(p._replace(sigma2=sigma2), x))
        want.append(stats.norm.logpdf((x - p.mean) @ U, 0, np.sqrt(c)).sum(1))
    return gap(np.array(got), np.array(want))


def other_noise(change):
    """ppca whose noise is changed, with W to match: change(eigenvalues, k, d, n)."""
    def wrong(X, k):
        lam, U = linalg.eigh(np.cov(X.T, bias=True))
        lam, U, (n, d) = lam[::-1], U[:, ::-1], X.shape
        sigma2 = change(lam, k, d, n)
        return PPCA(U[:, :k] * np.sqrt(np.maximum(lam[:k] - sigma2, 0)), sigma2, X.mean(0))

    return wrong


PPCA_WRONG = {"noise averaged over all d directions": other_noise(lambda lam, k, d, n: lam[k:].sum() / d),
              "largest discarded variance": other_noise(lambda lam, k, d, n: lam[k]),
              "divisor n - 1": other_noise(lambda lam, k, d, n: lam[k:].sum() / (d - k) * n / (n - 1) * 1.01),
              "noise not taken off W": lambda X, k: ppca(X, k)._replace(
                  W=ppca(X, k).W * np.sqrt(1 + ppca(X, k).sigma2 / (ppca(X, k).W**2).sum(0)))}


def unguarded(X, k):
    """The square root of lambda - sigma^2 as it comes."""
    lam = linalg.svd(X - X.mean(0), compute_uv=False) ** 2 / len(X)
    sigma2 = lam[k:].mean()
    return PPCA(linalg.svd(X - X.mean(0))[2][:k].T * np.sqrt(lam[:k] - sigma2), sigma2, X.mean(0))


@ledger.add("3.29", "identity", ppca, wrong=PPCA_WRONG)
def value_on_the_digits(ppca, rng):
    """k = 2, 8, 16: the mean log-likelihood of all digits against the closed form in the eigenvalues."""
    X, lam = pixels()
    got, want = [], []
    for k in RANKS:
        sigma2 = lam[k:].sum() / (64 - k)
        got.append(ppca_log_likelihood(ppca(X, k), X).mean())
        want.append(-(64 * np.log(2 * np.pi) + np.log(lam[:k]).sum() + (64 - k) * np.log(sigma2) + 64) / 2)
    return gap(np.array(got), np.array(want))


@ledger.add("3.29", "law", ppca, wrong=PPCA_WRONG)
def a_step_of_em_stays(ppca, rng):
    """One step of the EM algorithm, written with moments of the posterior, gives the same p; 12 and 5 rows of 6."""
    found = []
    for X in (with_spectrum(rng) + rng.standard_normal(6), rng.standard_normal((5, 6))):
        p = ppca(X, 3)
        z, cov = ppca_posterior(p, X)
        r, n = X - X.mean(0), len(X)
        second = z.T @ z + n * cov
        W = r.T @ z @ linalg.inv(second)
        sigma2 = ((r**2).sum() - 2 * (r * (z @ W.T)).sum() + np.trace(second @ W.T @ W)) / (n * 6)
        found.append(((p.W, np.array(p.sigma2), p.mean), (W, np.array(sigma2), X.mean(0))))
    return gap(*zip(*found, strict=True))


@ledger.add("3.29", "identity", ppca, wrong={"square root of what rounding makes negative": unguarded, **{
    key: PPCA_WRONG[key] for key in PPCA_WRONG if "averaged" in key}})
def all_directions_alike(ppca, rng):
    """Of 40 crosses with the covariance c I in 12 dimensions nothing is left for W: W W' + sigma^2 I and sigma^2 I."""
    sizes, eye = rng.uniform(1, 2, 40), np.eye(12)
    found = [ppca(np.sqrt(12) * size * np.vstack([eye, -eye]), 1) for size in sizes]
    got = np.array([[p.sigma2 * eye, p.W @ p.W.T + p.sigma2 * eye] for p in found])
    return gap(got, np.array([[size**2 * eye, size**2 * eye] for size in sizes]))


@ledger.add("3.29", "limit", ppca, bound=0, wrong=PPCA_WRONG)
def nothing_near_is_likelier(ppca, rng):
    """150 points near it in W, sigma^2 and mean, at distances 1e-4 to 1, are less likely."""
    X = with_spectrum(rng)
    p = ppca(X, 3)
    best, worse = ppca_log_likelihood(p, X).mean(), []
    for size in 10.0 ** -np.arange(5):
        for _ in range(30):
            near = PPCA(p.W + size * rng.standard_normal(p.W.shape), p.sigma2 * np.exp(size * rng.standard_normal()),
                        p.mean + size * rng.standard_normal(6))
            worse.append(ppca_log_likelihood(near, X).mean() < best)
    return holds(np.array(worse))


POSTERIOR_WRONG = {"noise forgotten in M": lambda p, x: ppca_posterior(p._replace(sigma2=1e-9), x),
                   "prior of variance sigma^2": lambda p, x: ppca_posterior(
                       p._replace(W=p.W * np.sqrt(p.sigma2)), x),
                   "covariance M^-1": lambda p, x: (ppca_posterior(p, x)[0], ppca_posterior(p, x)[1] / p.sigma2),
                   "mean not taken off": lambda p, x: (ppca_posterior(p, x + p.mean)[0], ppca_posterior(p, x)[1])}


@ledger.add("3.30", "identity", ppca_posterior, wrong=POSTERIOR_WRONG)
def conditioning(posterior, rng):
    """Conditioning the joint Gaussian of (x, z): W' C^-1 (x - m) and I - W' C^-1 W."""
    p, x = some_model(rng)
    C = p.W @ p.W.T + p.sigma2 * np.eye(5)
    return gap(posterior(p, x), (linalg.solve(C, (x - p.mean).T).T @ p.W, np.eye(3) - p.W.T @ linalg.solve(C, p.W)))


def as_vae(p, posterior):
    """The linear VAE with the model's decoder and the posterior as a diagonal Gaussian; it wants centred data."""
    unit, cov = posterior(p, p.mean + np.eye(len(p.mean)))
    return LinearVAE(p.W, unit, np.log(np.diag(cov)))


@ledger.add("3.30", "law", ppca_posterior, wrong=POSTERIOR_WRONG)
def no_gap_on_the_digits(posterior, rng):
    """k = 2, 8, 16: the ELBO of every single digit is its log-likelihood, all 1797 of them."""
    X, _ = pixels()
    got, want = [], []
    for p in (ppca(X, k) for k in RANKS):
        got.append(-linear_vae(as_vae(p, posterior), np.array(np.log(p.sigma2)), X - p.mean)[0])
        want.append(ppca_log_likelihood(p, X))
    return gap(np.array(got), np.array(want))


@lru_cache
def four():
    """Probabilistic PCA of the digits with k = 4."""
    return ppca(pixels()[0], 4)


def rotated(rng):
    """The digits' probabilistic PCA with k = 4, turned by a random rotation, and its M."""
    p = four()
    p = p._replace(W=p.W @ linalg.qr(rng.standard_normal((4, 4)))[0])
    return p, p.W.T @ p.W + p.sigma2 * np.eye(4)


@ledger.add("3.31", "identity", linear_vae, wrong={
    "divergence halved": lambda p, logeta, x: linear_vae(p, logeta, x, beta=0.5),
    "blur forgotten": lambda p, logeta, x: (linear_vae(p, logeta, x)[0] - ((p.W**2).sum(0) * np.exp(
        p.logvar)).sum() / (2 * np.exp(logeta)), None)})
def hadamards_gap(loss, rng):
    """log p(x) - ELBO of every digit is half of sum log M_jj - log det M."""
    (p, M), X = rotated(rng), pixels()[0]
    vae = LinearVAE(p.W, p.W @ linalg.inv(M), np.log(p.sigma2 / np.diag(M)))
    missed = (np.log(np.diag(M)).sum() - np.linalg.slogdet(M)[1]) / 2  # small, so it is not formed as a difference
    return gap(-loss(vae, np.array(np.log(p.sigma2)), X - p.mean)[0], ppca_log_likelihood(p, X) - missed)


@ledger.add("3.31", "law", ppca_posterior, bound=0, wrong={
    "variances of the inverse's diagonal": lambda p, x: (ppca_posterior(p, x)[0], np.diag(
        np.diag(ppca_posterior(p, x)[1]))), "covariance M^-1": POSTERIOR_WRONG["covariance M^-1"]})
def no_other_diagonal_is_better(posterior, rng):
    """At sigma^2 / M_jj the loss is lower than at 200 other variances, and the gap is positive for 20 rotations."""
    gaps = []
    for _ in range(20):
        p, M = rotated(rng)
        gaps.append(np.log(np.diag(M)).sum() > np.linalg.slogdet(M)[1])
    unit, cov = posterior(p, p.mean + np.eye(64))
    logeta, rows = np.array(np.log(p.sigma2)), (pixels()[0] - p.mean)[:50]
    loss = lambda logvar: linear_vae(LinearVAE(p.W, unit, logvar), logeta, rows)[0].mean()
    best = -np.log(np.diag(linalg.inv(cov)))
    others = [best + size * rng.standard_normal(4) for size in (1e-3, 1e-1) for _ in range(100)]
    return holds(np.array([*gaps, *(loss(other) > loss(best) for other in others)]))
