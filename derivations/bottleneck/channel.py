"""Evidence for total correlation and the Gaussian channel, (5.4) and (5.5)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from refvae.bottleneck import Factors, Split, chain_rule, gaussian_factors, gaussian_split
from refvae.derivations.bottleneck.common import law, table
from refvae.derivations.bottleneck.exact import CHAIN_WRONG, kl
from refvae.evidence import Ledger, entrywise, gap, holds
from refvae.vae import kl_std_normal

ledger = Ledger()


# Total correlation


def gaussian(rng, k=4):
    """A mean, and a covariance that is far from diagonal."""
    A = rng.standard_normal((k, k + 2))
    return rng.standard_normal(k), A @ A.T / k


FACTORS_WRONG = {
    "covariance for correlation": lambda m, S: gaussian_factors(m, S)._replace(
        correlation=-np.linalg.slogdet(S)[1] / 2),
    "sign of the log-determinant": lambda m, S: (lambda f: f._replace(correlation=-f.correlation))(
        gaussian_factors(m, S)),
    "half lost": lambda m, S: (lambda f: f._replace(correlation=2 * f.correlation))(gaussian_factors(m, S)),
    "mean lost": lambda m, S: gaussian_factors(m, S)._replace(each=gaussian_factors(0 * m, S).each)}


@ledger.add("5.4", "identity", gaussian_factors, wrong=FACTORS_WRONG)
def entropies_and_eigenvalues(factors, rng):
    """TC as sum of entropies minus joint entropy (SciPy); total from the eigenvalues; (3.5) for the coordinates."""
    m, S = gaussian(rng)
    values = linalg.eigvalsh(S)
    tc = stats.norm.entropy(m, np.sqrt(np.diag(S))).sum() - stats.multivariate_normal(m, S).entropy()
    each = kl_std_normal(m[:, None], np.log(np.diag(S))[:, None])[0]
    return gap(factors(m, S), Factors((m @ m + (values - 1 - np.log(values)).sum()) / 2, tc, each))


@ledger.add("5.4", "limit", gaussian_factors, bound=1e-14, wrong={
    "eigenvalues less 1 throughout": lambda m, S: gaussian_factors(m, S)._replace(
        total=((m @ m) + (np.linalg.eigvalsh(S - np.eye(len(S))) - np.log1p(np.linalg.eigvalsh(
            S - np.eye(len(S))))).sum()) / 2),
    "trace forgotten": lambda m, S: gaussian_factors(m, S)._replace(total=(m @ m - np.linalg.slogdet(S)[1]) / 2)})
def almost_certain(factors, rng):
    """Independent coordinates of variances 1e-9, 1e-5, 0.4 and 7: the total is the sum of (3.5)."""
    var = np.array([1e-9, 1e-5, 0.4, 7.0])
    return entrywise(np.array([factors(np.zeros(4), np.diag(var)).total]),
                     np.array([(var - 1 - np.log(var)).sum() / 2]))


@ledger.add("5.4", "law", gaussian_factors, wrong=FACTORS_WRONG)
def parts_make_the_total(factors, rng):
    """KL = TC + coordinates for five Gaussian laws; and TC = -1/2 log 0.64 for two coordinates of correlation 0.6."""
    found = [factors(*gaussian(rng)) for _ in range(5)]
    pair = factors(np.zeros(2), np.array([[4.0, 1.8], [1.8, 2.25]]))
    return gap(np.array([*(f.total for f in found), pair.correlation]),
               np.array([*(f.correlation + f.each.sum() for f in found), -np.log(0.64) / 2]))


def by_determinants(m, S):
    """The three with logarithms of determinants and var - 1 - log var."""
    var, logdet = np.diag(S), np.linalg.slogdet(S)[1]
    return Factors((m @ m + np.trace(S) - len(m) - logdet) / 2, (np.log(var).sum() - logdet) / 2,
                   (m * m + var - 1 - np.log(var)) / 2)


@ledger.add("5.4", "limit", gaussian_factors, bound=1e-12, wrong={
    "determinants": by_determinants, "half lost": FACTORS_WRONG["half lost"]})
def almost_independent(factors, rng):
    """Correlations 1e-2 to 1e-12: TC = -log(1 - r^2) / 2 at variances 1 and 4, and all of the divergence at 1."""
    r = 10.0 ** -np.arange(2, 13)
    cov = np.array([[[1, each], [each, 1]] for each in r])
    unit = [factors(np.zeros(2), S) for S in cov]
    wide = [factors(np.zeros(2), S * [[1, 2], [2, 4]]) for S in cov]
    want = -np.log1p(-r * r) / 2
    return entrywise(np.array([[f.correlation for f in unit], [f.total for f in unit],
                               [f.correlation for f in wide]]), np.array([want] * 3))


@ledger.add("5.4", "law", chain_rule, wrong={
    "divergences reversed": CHAIN_WRONG["divergences reversed"],
    "doubled if the second law is a product": lambda q, p: (lambda c: c._replace(
        joint=c.joint * (1 + (c.by_x[0] < 1e-14))))(chain_rule(q, p))})
def any_law_and_a_product_prior(chain, rng):
    """Not Gaussian: a 5 x 4 table against a product of two laws."""
    q, a, b = table(rng, 5, 4), law(rng, 5), law(rng, 4)
    qa, qb = q.sum(1), q.sum(0)
    return gap(np.array(chain(q, np.outer(a, b)).joint),
               np.array(chain(q, np.outer(qa, qb)).joint + kl(qa, a) + kl(qb, b)))


XOR = np.array([[[0.25, 0], [0, 0.25]], [[0, 0.25], [0.25, 0]]])  # p(z1, z2, y) of two fair bits and their exclusive or
COPIES = np.einsum("y,ya,yb->aby", [0.5, 0.5], *[np.array([[0.9, 0.1], [0.2, 0.8]])] * 2)


def naive(joint):
    """p(y | z1, z2) by naive Bayes: p(y) p(z1 | y) p(z2 | y), normalised over y."""
    y = joint.sum((0, 1))
    product = joint.sum(1)[:, None] * joint.sum(0)[None] / y
    return product / product.sum(2, keepdims=True)


@ledger.add("5.4", "law", chain_rule, bound=0, wrong={
    "divergences reversed": lambda q, p: chain_rule(p, q),
    "conditional law for the marginal": lambda q, p: (lambda c: c._replace(joint=c.by_x[1] + 1))(chain_rule(q, p))})
def what_naive_bayes_needs(chain, rng):
    """TC = 0 for two fair bits, whose exclusive or naive Bayes misses; TC > 0 for copies of y, where it is exact."""
    tc = [chain(joint.sum(2), np.outer(joint.sum((1, 2)), joint.sum((0, 2)))).joint for joint in (XOR, COPIES)]
    exact = [each / each.sum(2, keepdims=True) for each in (XOR, COPIES)]
    off = [np.abs(naive(joint) - want).max() for joint, want in zip((XOR, COPIES), exact, strict=True)]
    pair = COPIES.sum(2)
    want = kl(pair, np.outer(pair.sum(1), pair.sum(0)))
    return holds([tc[0] == 0, off[0] == 0.5, abs(tc[1] - want) < 1e-15, want > 0.1, off[1] < 1e-15])


# Gaussian channel


def channel(rng):
    """S, A, b, var for d = 3, k = 4."""
    return gaussian(rng, 3)[1], rng.standard_normal((3, 4)), rng.standard_normal(4), rng.uniform(0.2, 1.5, 4)


CHANNEL_WRONG = {
    "standard deviations for variances": lambda S, A, b, var: gaussian_split(S, A, b, np.sqrt(var)),
    "noise left out of the aggregate": lambda S, A, b, var: gaussian_split(S, A, b, var)._replace(
        marginal=gaussian_factors(b, A.T @ S @ A + 1e-6 * np.eye(4)).total),
    "data not correlated": lambda S, A, b, var: gaussian_split(S, A, b, var)._replace(
        information=gaussian_split(np.diag(np.diag(S)), A, b, var).information),
    "half lost": lambda S, A, b, var: (lambda s: s._replace(information=2 * s.information))(
        gaussian_split(S, A, b, var))}


@ledger.add("5.5", "law", gaussian_split, wrong={key: CHANNEL_WRONG[key] for key in CHANNEL_WRONG if "dev" not in key})
def closed_forms_add_up(split, rng):
    """R = I + KL(q(z) || p(z)) for five channels."""
    splits = [split(*channel(rng)) for _ in range(5)]
    return gap(np.array([s.rate for s in splits]), np.array([s.information + s.marginal for s in splits]))


@ledger.add("5.5", "identity", gaussian_split, wrong=CHANNEL_WRONG)
def quadrature_and_entropies(split, rng):
    """R as the mean of (3.5) over x by Gauss-Hermite; I from SciPy's entropies; KL from the eigenvalues."""
    S, A, b, var = channel(rng)
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes), -1).reshape(-1, 3)
    w = np.prod(np.stack(np.meshgrid(weights, weights, weights), -1).reshape(-1, 3), 1)
    mu = grid @ linalg.cholesky(S) @ A + b
    rate = w @ kl_std_normal(mu, np.broadcast_to(np.log(var), mu.shape))[0] / w.sum()
    C = A.T @ S @ A + np.diag(var)
    information = stats.multivariate_normal(b, C).entropy() - stats.norm.entropy(0, np.sqrt(var)).sum()
    values = linalg.eigvalsh(C)
    return gap(split(S, A, b, var), Split(rate, information, (b @ b + (values - 1 - np.log(values)).sum()) / 2))


@ledger.add("5.5", "limit", gaussian_split, bound=1e-12, wrong={
    "determinant of I + C / V": lambda S, A, b, var: gaussian_split(S, A, b, var)._replace(
        information=np.linalg.slogdet(np.eye(len(b)) + A.T @ S @ A / var)[1] / 2),
    "log forgotten": lambda S, A, b, var: gaussian_split(S, A, b, var)._replace(
        information=np.trace(A.T @ S @ A / var) / 2),
    "half lost": CHANNEL_WRONG["half lost"]})
def faint_signals(split, rng):
    """A = a (2, 1)', a = 1e-1 to 1e-12, S = I, noise of variance 1: R = 5 a^2 / 2 and I = log(1 + 5 a^2) / 2."""
    a = 10.0 ** -np.arange(1, 13)
    found = [split(np.eye(2), each * np.array([[2.0], [1.0]]), [0.0], [1.0]) for each in a]
    return entrywise(np.array([[f.rate, f.information] for f in found]),
                     np.transpose([5 * a * a / 2, np.log1p(5 * a * a) / 2]))
