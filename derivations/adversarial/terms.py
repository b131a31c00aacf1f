"""Evidence for what complete losses hold besides the discriminator, over several steps: (10.28a), (10.30a)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import Pair, complete_loss, grid, proximal_bounds
from refvae.adversarial.linear import joint_points, log_ratio
from refvae.derivations.adversarial.common import kl, law
from refvae.evidence import Ledger, Outcome, gap, holds

ledger = Ledger()

# The encoder of an AAE: its complete loss is that of a generator whose reference is the prior


def encoder_loss(prior, codes, old):
    """By the divergence, and by -E log D and the divergence from the old law."""
    return complete_loss(prior, codes, old)


AAE_WRONG = {
    "D for 1 - D": lambda prior, codes, old: (
        (codes * np.log(codes / (prior / (prior + old) * prior))).sum(), complete_loss(prior, codes, old)[1]),
    "codes for the prior": lambda prior, codes, old: complete_loss(codes, prior, old),
    "without the old law": lambda prior, codes, old: (
        complete_loss(prior, codes, old)[0], -(codes * np.log(prior / (prior + old))).sum()),
    "divergence reversed": lambda prior, codes, old: (complete_loss(prior, codes, old)[0], kl(old, codes) - (
        codes * np.log(prior / (prior + old))).sum())}


@ledger.add("10.28a", "identity", encoder_loss, wrong=AAE_WRONG)
def both_forms_by_sums(loss, rng):
    """The divergence and its parts, by sums over codes, for ten triples of laws."""
    got, want = [], []
    for _ in range(10):
        prior, codes, old = law(rng), law(rng), law(rng)
        d = prior / (prior + old)
        got.append(loss(prior, codes, old))
        want.append((sum(c * np.log(c / ((1 - e) * p)) for c, e, p in zip(codes, d, prior, strict=True)),
                     kl(codes, old) - sum(c * np.log(e) for c, e in zip(codes, d, strict=True))))
    return gap(np.array(got), np.array(want))


@ledger.add("10.28a", "law", proximal_bounds, bound=0, wrong={
    "half of the bound": lambda gain, old, sigma: (lambda b: b._replace(joint=b.joint / 20))(
        proximal_bounds(gain, old, sigma)),
    "marginal and joint exchanged": lambda gain, old, sigma: (lambda b: type(b)(b.joint, b.marginal))(
        proximal_bounds(gain, old, sigma)),
    "no noise counted": lambda gain, old, sigma: (lambda b: b._replace(joint=b.joint * sigma**2))(
        proximal_bounds(gain, old, sigma))})
def the_distance_of_codes_is_a_bound(bounds, rng):
    """For linear encoders of normal data the divergence is below the regulariser, and both are 0 at E^o."""
    cases = []
    for _ in range(20):
        gain, old = rng.normal(0, 1.5, 2)
        sigma = rng.uniform(0.05, 0.3)
        found = bounds(gain, old, sigma)
        want = (gain - old) ** 2 / (2 * sigma**2)
        cases += [found.marginal < found.joint, abs(found.joint - want) < 1e-12 * want]
    still = bounds(0.7, 0.7, 0.2)
    return holds([*cases, still.marginal == 0, still.joint == 0])


# ALI with linear Gaussian models


def last_terms(pair, old):
    """Third and fourth term of the complete loss in closed form: x ~ N(0, 1), moments under p."""
    ratio, zz, xz = np.exp(2 * (pair.log_r - old.log_r)), 1.0, pair.b
    xx = pair.b**2 + np.exp(2 * pair.log_r)
    third = (ratio - 1 - np.log(ratio)) / 2 + (pair.b - old.b) ** 2 / (2 * np.exp(2 * old.log_r))
    square = lambda a, log_s: (zz - 2 * a * xz + a * a * xx) / (2 * np.exp(2 * log_s))
    return np.array([third, pair.log_s - old.log_s + square(pair.a, pair.log_s) - square(old.a, old.log_s)])


def near(rng, size=0.3):
    """A frozen model and one near it."""
    old = np.array([0.6, -0.4, 0.5, -0.3]) + 0.2 * rng.standard_normal(4)
    return Pair(*(old + size * rng.standard_normal(4))), Pair(*old)


TERMS_WRONG = {
    "third term reversed": lambda pair, old: np.array([last_terms(old, pair)[0], last_terms(pair, old)[1]]),
    "fourth term of the encoder's law": lambda pair, old: last_terms(pair, old) * [1, -1],
    "new variance for the old one": lambda pair, old: last_terms(pair, old) + np.array(
        [(pair.b - old.b) ** 2 * (np.exp(-2 * pair.log_r) - np.exp(-2 * old.log_r)) / 2, 0]),
    "logarithms left out": lambda pair, old: last_terms(pair, old) + np.array(
        [pair.log_r - old.log_r, old.log_s - pair.log_s])}


@ledger.add("10.30a", "identity", last_terms, wrong=TERMS_WRONG)
def quadrature_of_both(terms, rng):
    """Means over p of log p(x|z)/p^o(x|z) and of log q^o(z|x)/q(z|x), by quadrature."""
    got, want, on = [], [], grid()
    normal = lambda x, mean, log_s: -((x - mean) ** 2) * np.exp(-2 * log_s) / 2 - log_s
    for _ in range(5):
        pair, old = near(rng)
        x, z = joint_points(pair, 1.0, on)[1].T
        third = normal(x, pair.b * z, pair.log_r) - normal(x, old.b * z, old.log_r)
        fourth = normal(z, old.a * x, old.log_s) - normal(z, pair.a * x, pair.log_s)
        got.append(terms(pair, old))
        want.append([on.weights @ third, on.weights @ fourth])
    return gap(np.array(got), np.array(want))


@ledger.add("10.30a", "law", last_terms, wrong={name: TERMS_WRONG[name] for name in (
    "fourth term of the encoder's law", "logarithms left out")})
def they_complete_the_loss(terms, rng):
    """-E_q log D - E_p log D plus both is E_q log 1/D + E_p log p/((1 - D) q), all by quadrature, D of the old laws."""
    got, want, on = [], [], grid()
    for _ in range(5):
        pair, old = near(rng)
        of_q, of_p = joint_points(pair, 1.0, on)
        minus_log_d, log_rest = (np.logaddexp(0, sign * log_ratio(old, of_p, 1.0)) for sign in (-1, 1))
        over_q = on.weights @ np.logaddexp(0, -log_ratio(old, of_q, 1.0))
        got.append(over_q + on.weights @ minus_log_d + terms(pair, old).sum())
        want.append(over_q + on.weights @ (log_rest - log_ratio(pair, of_p, 1.0)))
    return gap(np.array(got), np.array(want))


@ledger.add("10.30a", "rate", last_terms, bound=0.05, wrong={
    "a term that pulls at once": lambda pair, old: last_terms(pair, old) + (pair.b - old.b),
    "a distance without slope": lambda pair, old: last_terms(pair, old) * [0, 1] + [(pair.b - old.b) ** 4, 0]})
def silent_at_the_freeze_only(terms, rng):
    """The third term's slope after the decoder is of order 1 in the step, and so is the fourth's."""
    sizes = 2.0 ** -np.arange(4, 10)
    _, old = near(rng)
    way, slopes = rng.standard_normal(4), []
    for h in sizes:
        moved = np.array(old) + h * way
        step = lambda i, moved=moved: np.array([terms(Pair(*(moved + s * 1e-5 * np.eye(4)[i])), old) for s in (1, -1)])
        slopes.append([abs((step(2)[0] - step(2)[1])[k]) / 2e-5 for k in (0, 1)])
    orders = [np.polyfit(np.log(sizes), np.log(np.array(slopes)[:, k]), 1)[0] for k in (0, 1)]
    return Outcome(float(orders[0]), 1.0, float(np.abs(np.array(orders) - 1).max()))
