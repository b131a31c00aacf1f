"""Evidence for what the entropy says of a law of codes, (7.8) to (7.12)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from refvae.derivations.eae.common import moments, with_moments
from refvae.eae import Normal, fitted_normal, kl_of_moments, kl_of_normalised, sample_normal
from refvae.elimination import solve
from refvae.evidence import Ledger, entrywise, gap, holds, spoiled

ledger = Ledger()


def mixture(rng, h=0.02):
    """A mixture of two normal laws with mean 0 and variance 1: nodes, weights, density and its slope."""
    weight, middles, sigma = rng.uniform(0.3, 0.7), rng.uniform(0.8, 1.2, 2) * [-1, 1], rng.uniform(0.4, 0.7, 2)
    share = np.array([weight, 1 - weight])
    mean = share @ middles
    scale = np.sqrt(share @ (sigma**2 + middles**2) - mean**2)
    middles, sigma = (middles - mean) / scale, sigma / scale
    z = np.arange(-12, 12, h)
    parts = share * stats.norm.pdf(z[:, None], middles, sigma)
    return z, np.full(len(z), h), parts.sum(1), (parts * (middles - z[:, None]) / sigma**2).sum(1)


# Entropy and divergence

DIVERGENCE_WRONG = {"without e": lambda entropy, d: kl_of_normalised(entropy, d) - d / 2,
                    "once for all coordinates": lambda entropy, d: kl_of_normalised(entropy, 1),
                    "entropy added": lambda entropy, d: kl_of_normalised(-entropy, d),
                    "half lost": lambda entropy, d: d * np.log(2 * np.pi * np.e) - entropy}


@ledger.add("7.8", "identity", kl_of_normalised, wrong=DIVERGENCE_WRONG)
def quadrature(divergence, rng):
    """KL(q || N(0, I)) of a product of three mixtures of mean 0 and variance 1, by the trapezoidal rule."""
    entropy = want = 0.0
    for _ in range(3):
        z, w, q, _ = mixture(rng)
        entropy -= w @ (q * np.log(q))
        want += w @ (q * (np.log(q) - stats.norm.logpdf(z)))
    return gap(np.array(divergence(entropy, 3)), np.array(want))


@ledger.add("7.8", "oracle", kl_of_normalised, bound=1e-6, wrong=DIVERGENCE_WRONG)
def printed(divergence, rng):
    """The example, and SciPy's entropies of laws of variance 1 against the table (5.24)."""
    laws = [stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)), stats.laplace(0, np.sqrt(0.5)), stats.expon(-1)]
    got = [divergence(2 * laws[0].entropy(), 2), *(divergence(3 * law.entropy(), 3) for law in laws[1:])]
    return entrywise(np.array(got), np.array([0.3529704, 3 * (1.4189385 - 1.3465736), 3 * 0.4189385]))


# Moments


def from_moments(kl):
    """A wrong value from mean and covariance."""
    return lambda z: (kl(z.mean(0), np.cov(z.T, bias=True)), kl_of_moments(z)[1])


def true_kl(m, S):
    """The divergence by hand."""
    return (np.trace(S) + m @ m - len(S) - np.log(np.linalg.det(S))) / 2


MOMENTS_WRONG = {"variances alone": from_moments(lambda m, S: true_kl(m, np.diag(np.diag(S)))),
                 "mean ignored": from_moments(lambda m, S: true_kl(0 * m, S)),
                 "second moments for the covariance": from_moments(lambda m, S: true_kl(m, S + np.outer(m, m))),
                 "half lost": from_moments(lambda m, S: 2 * true_kl(m, S)),
                 "n - 1": lambda z: (true_kl(z.mean(0), np.cov(z.T)), None)}


@ledger.add("7.9", "identity", kl_of_moments, wrong=MOMENTS_WRONG)
def eigenvalues(layer, rng):
    """Sum of (s - 1 - log s) / 2 over the eigenvalues of S, plus |m|^2 / 2; and the example with correlation 0.6."""
    m, root = moments(rng)
    s = np.linalg.eigvalsh(root.T @ root)
    pair = with_moments(np.zeros(2), np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T)
    return gap(np.array([layer(with_moments(m, root))[0], layer(pair)[0]]),
               np.array([(s - 1 - np.log(s)).sum() / 2 + m @ m / 2, -np.log(0.64) / 2]))


@ledger.add("7.9", "law", kl_of_moments, wrong=MOMENTS_WRONG)
def pythagoras(layer, rng):
    """KL(q || N(0, I)) = KL(q || N(m, S)) + what the moments see, for a mixture in the plane, by quadrature."""
    axis = np.arange(-12, 12, 0.15)
    z = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    roots = [np.eye(2) * 0.7 + 0.15 * rng.standard_normal((2, 2)) for _ in range(2)]
    laws = [stats.multivariate_normal(rng.uniform(-1.5, 1.5, 2), A.T @ A + 0.2 * np.eye(2)) for A in roots]
    q = 0.3 * laws[0].pdf(z) + 0.7 * laws[1].pdf(z)
    log_q = np.logaddexp(np.log(0.3) + laws[0].logpdf(z), np.log(0.7) + laws[1].logpdf(z))
    m = 0.3 * laws[0].mean + 0.7 * laws[1].mean
    S = sum(share * (law.cov + np.outer(law.mean - m, law.mean - m))
            for share, law in zip((0.3, 0.7), laws, strict=True))
    to = lambda law: 0.0225 * (q * (log_q - law.logpdf(z))).sum()
    rest, whole = to(stats.multivariate_normal(m, S)), to(stats.multivariate_normal(np.zeros(2)))
    return gap(np.array(rest + layer(with_moments(m, np.linalg.cholesky(S).T))[0]), np.array(whole))


@ledger.add("7.9", "identity", kl_of_moments, wrong={
    "variances alone": from_moments(lambda m, S: true_kl(m, np.diag(np.diag(S)))),
    "determinant's size alone": lambda z: (kl_of_moments(z)[0].real, None),
    "conjugate": lambda z: (np.conj(kl_of_moments(z)[0]), None)})
def on_complex_rows(layer, rng):
    """The same expression with complex rows, where the determinant has a phase; a check of the gradient needs this."""
    z = rng.standard_normal((9, 3)) + 0.1j * rng.standard_normal((9, 3))
    m = z.sum(0) / 9
    S = sum(np.outer(row - m, row - m) for row in z) / 9
    got, want = layer(z)[0], (np.trace(S) + m @ m - 3 - np.log(np.linalg.det(S))) / 2
    return gap(np.array([got.real, got.imag]), np.array([want.real, want.imag]))


def rows(rng):
    """Nine rows with correlations and a mean."""
    m, root = moments(rng)
    return (rng.standard_normal((9, 3)) @ root + m,)


def with_gradient(gradient):
    """The right value with a hand-written gradient from z - m, m and S."""
    def wrong(z):
        m = z.mean(0)
        return kl_of_moments(z)[0], lambda d: d / len(z) * gradient(z - m, m, (z - m).T @ (z - m) / len(z))

    return wrong


GRADIENT_WRONG = {"S for its inverse": with_gradient(lambda c, m, S: m + c - c @ S),
                  "mean ignored": with_gradient(lambda c, m, S: c - solve(S, c.T).T),
                  "variances alone": with_gradient(lambda c, m, S: m + c - c / np.diag(S)),
                  "gradient of the sum": spoiled(kl_of_moments, lambda dz: 9 * dz)}
ledger.adjoint("7.10", kl_of_moments, rows, wrong=GRADIENT_WRONG)


@ledger.add("7.10", "identity", kl_of_moments, wrong=GRADIENT_WRONG)
def sums(layer, rng):
    """The formula; its sum is m, and its product with the centred rows is S - I."""
    (z,) = rows(rng)
    m, S = z.mean(0), np.cov(z.T, bias=True)
    dz = layer(z)[1](1.0)
    want = np.array([m + (row - m) - np.linalg.solve(S, row - m) for row in z]) / 9
    return gap((dz, dz.sum(0), (z - m).T @ dz), (want, m, S - np.eye(3)))


# The best normal law


class Exact(np.random.Generator):
    """A generator whose normal draws have mean 0 and covariance I exactly."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def standard_normal(self, shape):
        """2 d rows of d."""
        return with_moments(np.zeros(shape[1]), np.eye(shape[1]))


FIT_WRONG = {"n - 1": lambda z: Normal(z.mean(0), linalg.sqrtm(np.cov(z.T)).real),
             "covariance for its root": lambda z: Normal(z.mean(0), np.cov(z.T, bias=True)),
             "mean forgotten": lambda z: Normal(0 * z.mean(0), fitted_normal(z).root),
             "variances alone": lambda z: Normal(z.mean(0), np.diag(z.std(0)))}


@ledger.add("7.11", "identity", fitted_normal, wrong=FIT_WRONG)
def every_other_normal_law_costs_more(fit, rng):
    """-E log N(z; mu, Sigma) less that of the fit is KL(fit || N(mu, Sigma)), for the empirical law of nine rows."""
    (z,), (mu, A) = rows(rng), moments(rng)
    mean, root = fit(z)
    S, Sigma = root.T @ root, A.T @ A
    cost = lambda m, S: -stats.multivariate_normal(m, S).logpdf(z).mean()
    want = (np.trace(np.linalg.solve(Sigma, S)) + (mean - mu) @ np.linalg.solve(Sigma, mean - mu) - 3
            + np.log(np.linalg.det(Sigma) / np.linalg.det(S))) / 2
    return gap(np.array([cost(mu, Sigma) - cost(mean, S), want]),
               np.array([want, cost(mu, Sigma) - 1.5 * np.log(2 * np.pi * np.e) - np.linalg.slogdet(S)[1] / 2]))


@ledger.add("7.11", "limit", fitted_normal, bound=1e-12, wrong={
    "root of what rounding makes negative": lambda z: (lambda values, V: Normal(z.mean(0), V * np.sqrt(values) @ V.T))(
        *np.linalg.eigh(np.cov(z.T, bias=True))), "n - 1": lambda z: (lambda values, V: Normal(
            z.mean(0), V * np.sqrt(np.maximum(values, 0)) @ V.T))(*np.linalg.eigh(np.cov(z.T)))})
def fewer_rows_than_dimensions(fit, rng):
    """Twenty times three rows in six dimensions, whose covariance has rank two: the square of the root is it."""
    samples = [rng.standard_normal((3, 6)) for _ in range(20)]
    return gap(np.array([fit(z).root @ fit(z).root for z in samples]),
               np.array([np.cov(z.T, bias=True) for z in samples]))


@ledger.add("7.11", "law", fitted_normal, wrong=FIT_WRONG)
def drawn(fit, rng):
    """Draws from noise of mean 0 and covariance I have the moments of the rows; as many are drawn as asked for."""
    (z,) = rows(rng)
    sample, count = sample_normal(fit(z), 6, Exact()), len(sample_normal(fit(z), 4, rng))
    return gap((sample.mean(0), np.cov(sample.T, bias=True), count), (z.mean(0), np.cov(z.T, bias=True), 4))


# Stationary laws


def steepness(z, w, q, dq, v):
    """The right side of (7.12) on a line."""
    return -w @ (v * (dq + q * z))


STEEPNESS_WRONG = {"not normalised": lambda z, w, q, dq, v: -w @ (v * dq),
                   "sign of the spring": lambda z, w, q, dq, v: -w @ (v * (dq - q * z)),
                   "slope of q for that of log q": lambda z, w, q, dq, v: -w @ (v * q * (dq + z))}


def field(rng, z):
    """A smooth field that is negligible beyond |z| = 9, and its derivative."""
    a, b = rng.uniform(0.5, 1.5), rng.uniform(-1, 1)
    bump = np.exp(-(z**2) / 2)
    return np.sin(a * z + b) * bump, (a * np.cos(a * z + b) - z * np.sin(a * z + b)) * bump


@ledger.add("7.12", "identity", steepness, wrong=STEEPNESS_WRONG)
def entropy_of_moved_codes(steepness, rng):
    """The slope at t = 0 of E log(1 + t v') - log sigma(z + t v), by a complex step, for a mixture."""
    z, w, q, dq = mixture(rng)
    v, dv = field(rng, z)
    t = 1e-30j
    y = z + t * v
    sigma = np.sqrt(w @ (q * y * y) - (w @ (q * y)) ** 2)
    moved = w @ (q * np.log(1 + t * dv)) - np.log(sigma)
    return gap(np.array(steepness(z, w, q, dq, v)), np.array(np.imag(moved) / 1e-30))


@ledger.add("7.12", "law", steepness, bound=0, wrong=STEEPNESS_WRONG)
def stationary_if_normal(steepness, rng):
    """0 at the normal law, to 1e-13, for five fields; above 1e-3 along -(d log q + z) for five mixtures."""
    cases = []
    for _ in range(5):
        z, w, q, dq = mixture(rng)
        p = stats.norm.pdf(z)
        cases.append(abs(steepness(z, w, p, -z * p, field(rng, z)[0])) < 1e-13)
        cases.append(steepness(z, w, q, dq, -(dq / q + z) * np.exp(-(z**2) / 8)) > 1e-3)
    return holds(cases)
