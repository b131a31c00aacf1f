"""Evidence for rate and information where they are exact, (5.2) to (5.5)."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from scipy import linalg, special, stats

from refvae.bottleneck import Chain, Factors, Split, chain_rule, gaussian_factors, gaussian_split, rate_split
from refvae.bottleneck.information import _divergences
from refvae.derivations.bottleneck.common import encoder, law, table
from refvae.evidence import Ledger, entrywise, gap, holds
from refvae.vae import kl_std_normal

ledger = Ledger()


def kl(a, b):
    """Relative entropy of two laws, term by term."""
    return sum(u * np.log(u / v) for u, v in zip(np.ravel(a), np.ravel(b), strict=True) if u > 0)


# Chain rule


def changed_chain(change):
    """chain_rule passed through change(chain, q, p)."""
    return lambda q, p: change(chain_rule(q, p), q, p)


def conditionals(q, p, weights):
    """Mean over `weights` of the divergences of the rows."""
    return sum(w * kl(a / a.sum(), b / b.sum()) for w, a, b in zip(weights, q, p, strict=True))


CHAIN_WRONG = {
    "conditional averaged over p": changed_chain(lambda c, q, p: c._replace(
        by_x=(c.by_x[0], conditionals(q, p, p.sum(1))))),
    "conditional not averaged": changed_chain(lambda c, q, p: c._replace(
        by_x=(c.by_x[0], conditionals(q, p, np.ones(len(q)))))),
    "divergences reversed": lambda q, p: chain_rule(p, q),
    "marginals of x twice": changed_chain(lambda c, q, p: c._replace(by_z=(c.by_x[0], c.by_z[1])))}


@ledger.add("5.2", "identity", chain_rule, wrong=CHAIN_WRONG)
def term_by_term(chain, rng):
    """All five numbers by sums over the entries of a 5 x 4 table, one entry of which is zero."""
    q, p = table(rng, 5, 4), table(rng, 5, 4)
    q[1] += q[1, 2] * np.array([1, 0, -1, 0])
    got = chain(q, p)
    want = Chain(kl(q, p), (kl(q.sum(1), p.sum(1)), conditionals(q, p, q.sum(1))),
                 (kl(q.sum(0), p.sum(0)), conditionals(q.T, p.T, q.sum(0))))
    return gap(got, want)


@ledger.add("5.2", "law", chain_rule, wrong={key: CHAIN_WRONG[key] for key in CHAIN_WRONG if "reversed" not in key})
def both_ways(chain, rng):
    """Marginal + conditional divergence is the joint one, x first and z first, on ten tables."""
    chains = [chain(table(rng, 5, 4), table(rng, 5, 4)) for _ in range(10)]
    return gap(np.array([[sum(c.by_x), sum(c.by_z)] for c in chains]), np.array([[c.joint] * 2 for c in chains]))


@ledger.add("5.2", "identity", chain_rule, wrong={
    "divergences reversed": CHAIN_WRONG["divergences reversed"],
    "in bits": changed_chain(lambda c, q, p: c._replace(joint=c.joint / np.log(2)))})
def elbo_and_the_entropy_of_the_data(chain, rng):
    """KL(p_data q(z|x) || p(z) p(x|z)) is the mean of -ELBO, from its two terms, minus the entropy of the data."""
    (weights, channel, prior), decoder = encoder(rng), law(rng, 4, 5)
    elbo = sum(w * (q @ np.log(decoder[:, x]) - kl(q, prior)) for x, (w, q) in enumerate(
        zip(weights, channel, strict=True)))
    joint = chain(weights[:, None] * channel, (prior[:, None] * decoder).T).joint
    return gap(np.array(joint), np.array(-elbo + weights @ np.log(weights)))


# Laws that are near each other


def in_decimals(q, p):
    """sum q log(q/p) in 60 digits."""
    with localcontext() as context:
        context.prec = 60
        pairs = [(Decimal(a), Decimal(b)) for a, b in zip(np.ravel(q).tolist(), np.ravel(p).tolist(), strict=True)]
        return float(sum(a * (a / b).ln() for a, b in pairs))


def terms(each):
    """Divergences of rows, from the terms of every entry."""
    return lambda q, p: each(q, p).sum(-1)


NEAR_WRONG = {"q log(q/p) summed": terms(special.rel_entr), "kl_div of SciPy": terms(special.kl_div),
              "differences of entropies": lambda q, p: special.entr(p).sum(-1) - special.entr(q).sum(-1),
              "squares halved twice": lambda q, p: ((q - p) ** 2 / p).sum(-1) / 4}


def close(rng):
    """Laws on dyadic numbers, so that they have the sum 1 exactly, at relative distances of 1e-1 to 1e-12."""
    p = np.array([0.375, 0.25, 0.25, 0.125])
    steps = np.rint(rng.uniform(0.2, 1, (12, 2)) * 2.0**52 * 10.0 ** -np.arange(1, 13)[:, None]) * 2.0**-54
    return p + np.hstack([steps, -steps]), np.tile(p, (12, 1))


@ledger.add("5.2a", "oracle", terms(_divergences), bound=1e-12, wrong=NEAR_WRONG)
def sixty_digits(divergences, rng):
    """Twelve pairs of laws, at relative distances of 1e-1 to 1e-12, each against Python's decimals with 60 digits."""
    q, p = close(rng)
    return entrywise(divergences(q, p), np.array([in_decimals(*pair) for pair in zip(q, p, strict=True)]))


@ledger.add("5.2a", "identity", terms(_divergences), wrong={
    "divergences reversed": lambda q, p: terms(_divergences)(p, q), "in bits": lambda q, p: terms(_divergences)(
        q, p) / np.log(2), "series of second order": lambda q, p: ((q - p) ** 2 / p).sum(-1) / 2})
def far_apart(divergences, rng):
    """Laws that differ: sum q log(q/p), also where q is 0; infinite where p alone is."""
    q, p = law(rng, 9, 4), law(rng, 9, 4)
    q[0] = [0.3, 0, 0.7, 0]
    found = gap(divergences(q, p), special.rel_entr(q, p).sum(1))
    return found if np.isinf(divergences(p[:1], q[:1])).all() else holds(False)


# Rate


SPLIT_WRONG = {
    "prior for the aggregated posterior": lambda w, q, r: (lambda s: s._replace(information=s.rate))(
        rate_split(w, q, r)),
    "divergence from prior to aggregate": lambda w, q, r: rate_split(w, q, r)._replace(marginal=kl(r, w @ q)),
    "examples not weighted": lambda w, q, r: rate_split(np.full(len(w), 1 / len(w)), q, r)._replace(
        marginal=kl(w @ q, r)),
    "information in bits": lambda w, q, r: (lambda s: s._replace(information=s.information / np.log(2)))(
        rate_split(w, q, r))}


@ledger.add("5.3", "identity", rate_split, wrong=SPLIT_WRONG)
def by_definition(split, rng):
    """Each of the three as a sum over x and z of its own definition."""
    w, q, r = encoder(rng)
    qz = w @ q
    return gap(split(w, q, r), Split(sum(w[i] * kl(q[i], r) for i in range(5)),
                                     sum(w[i] * kl(q[i], qz) for i in range(5)), kl(qz, r)))


@ledger.add("5.3", "law", rate_split, wrong=SPLIT_WRONG)
def rate_is_information_plus_the_rest(split, rng):
    """R = I + KL(q(z) || p(z)) on ten encoders."""
    splits = [split(*encoder(rng)) for _ in range(10)]
    return gap(np.array([s.rate for s in splits]), np.array([s.information + s.marginal for s in splits]))


@ledger.add("5.3", "limit", rate_split, bound=0, wrong={
    "uniform prior": lambda w, q, r: rate_split(w, q, np.full(len(r), 1 / len(r))),
    "a mean of divergences from the first example": lambda w, q, r: rate_split(w, q, r)._replace(
        information=sum(w[i] * kl(q[i], q[0]) for i in range(len(w)))),
    "examples not weighted": lambda w, q, r: rate_split(np.full(len(w), 1 / len(w)), q, r)})
def equality_at_the_aggregated_posterior(split, rng):
    """With p(z) = q(z) the rate is the information; every other prior costs more, and the information stays."""
    w, q, _ = encoder(rng)
    best = split(w, q, w @ q)
    others = [split(w, q, law(rng, 4)) for _ in range(20)]
    return holds([abs(best.rate - best.information) < 1e-14, best.marginal < 1e-15,
                  *(other.rate > best.rate and abs(other.information - best.information) < 1e-15 for other in others)])


def by_entropies(w, q, r):
    """The three as sums of q log(q/p) and as differences of entropies."""
    w, q = np.array(w), np.array(q)
    qz = w @ q
    return Split(float(w @ special.rel_entr(q, r).sum(1)), float(special.entr(qz).sum() - w @ special.entr(q).sum(1)),
                 float(special.rel_entr(qz, r).sum()))


@ledger.add("5.3", "limit", rate_split, bound=1e-7, wrong={"differences of entropies": by_entropies, **{
    key: SPLIT_WRONG[key] for key in ("information in bits", "prior for the aggregated posterior")}})
def bits_that_hardly_speak(split, rng):
    """A bit 1/2 + d for one example and 1/2 + d/2 for the other, d about 1e-4, 1e-6, 1e-9: 5/4 d^2, d^2/8, 9/8 d^2."""
    got, want = [], []
    for d in np.rint(np.array([1.3e-4, 1.3e-6, 1.3e-9]) * 2.0**52) * 2.0**-52:
        got.append(split([0.5, 0.5], [[0.5 + d, 0.5 - d], [0.5 + d / 2, 0.5 - d / 2]], [0.5, 0.5]))
        want.append([1.25 * d * d, d * d / 8, 1.125 * d * d])
    return entrywise(np.array(got), np.array(want))


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
