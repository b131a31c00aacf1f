"""Evidence for rate and information where they are exact, (5.2) and (5.3)."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from scipy import special

from refvae.bottleneck import Chain, Split, chain_rule, rate_split
from refvae.bottleneck.information import _divergences
from refvae.derivations.bottleneck.common import encoder, law, table
from refvae.evidence import Ledger, entrywise, gap, holds

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
    """Laws that differ: sum q log(q/p), also where q is 0 and where p is 1e-10 or 1e-20; infinite where p alone is."""
    q, p = law(rng, 9, 4), law(rng, 9, 4)
    q[0] = [0.3, 0, 0.7, 0]
    q[1:3], p[1], p[2] = [0.4, 0.3, 0.2, 0.1], [1e-10, 0.3, 0.4, 0.3 - 1e-10], [1e-20, 0.3, 0.4, 0.3]
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
