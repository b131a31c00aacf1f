"""Evidence for the bottleneck where it is exact, (5.11), (5.13), (5.20)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import optimize

from refvae.bottleneck import (
    Channel,
    gaussian_bottleneck,
    gaussian_factors,
    gaussian_split,
    information_bounds,
    mean_excess,
    rate_split,
)
from refvae.derivations.bottleneck.common import encoder, law, table
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()


# Clipping


def information(w, q):
    """I(X;Z), as the rate under the best prior."""
    return rate_split(w, q, w @ q).rate


def per_example(w, q, c):
    """The clip of each example's divergence."""
    qz = w @ q
    return w @ np.maximum((q * np.log(q / qz)).sum(1) - c, 0)


EXCESS_WRONG = {"mean clipped": lambda w, q, c: max(information(w, q) - c, 0.0),
                "each example's divergence clipped": per_example,
                "capacity not subtracted": lambda w, q, c: mean_excess(w, q, 0) if c > 0 else np.nan}


@ledger.add("5.11", "identity", mean_excess, wrong=EXCESS_WRONG)
def sum_over_pairs(excess, rng):
    """Over all pairs of example and code, at four capacities."""
    w, q, _ = encoder(rng)
    capacities = (-0.5, 0.0, 0.2, 0.5)
    want = [sum(w[x] * q[x, z] * max(np.log(q[x, z] / (w @ q)[z]) - c, 0) for x in range(5) for z in range(4))
            for c in capacities]
    return gap(np.array([excess(w, q, c) for c in capacities]), np.array(want))


@ledger.add("5.11", "limit", mean_excess, bound=1e-12, wrong=EXCESS_WRONG)
def codes_that_are_never_sent(excess, rng):
    """Three examples of probabilities 1/2, 1/4, 1/4, each with a code of its own, of five: g is log 2 and log 4."""
    w, q = np.array([0.5, 0.25, 0.25]), np.array([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1.0, 0]])
    return gap(np.array([excess(w, q, c) for c in (0.0, 1.0)]), np.array([1.5 * np.log(2), (np.log(4) - 1) / 2]))


@ledger.add("5.11", "limit", mean_excess, bound=1e-12, wrong=EXCESS_WRONG)
def flipped_bit(excess, rng):
    """A fair bit flipped with probability 1/5: the closed forms at c = 2/5 and 0."""
    w, q = np.full(2, 0.5), np.array([[0.8, 0.2], [0.2, 0.8]])
    return gap(np.array([excess(w, q, 0.4), excess(w, q, 0.0)]), 0.8 * (np.log(1.6) - np.array([0.4, 0.0])))


@ledger.add("5.11", "limit", mean_excess, bound=1e-12, wrong={
    "quotient before the logarithm": lambda w, q, c: float((np.array(w)[:, None] * q * np.maximum(
        np.log(q / (w @ np.array(q))) - c, 0)).sum()), "mean clipped": EXCESS_WRONG["mean clipped"]})
def a_bit_that_hardly_speaks(excess, rng):
    """A bit of probability 3/8 + d for one example and 3/8 - d for the other, d = 2^-10 to 2^-40, c = 0."""
    d = 2.0 ** -np.arange(10, 41, 3)
    got = [excess([0.5, 0.5], np.array([[0.375 + e, 0.625 - e], [0.375 - e, 0.625 + e]]), 0.0) for e in d]
    want = ((0.375 + d) * np.log1p(d / 0.375) + (0.625 + d) * np.log1p(d / 0.625)) / 2
    return entrywise(np.array(got), want)


@ledger.add("5.11", "law", mean_excess, bound=0, wrong={
    **{key: EXCESS_WRONG[key] for key in EXCESS_WRONG if "not" not in key},
    "examples not weighted": lambda w, q, c: mean_excess(np.full(len(w), 1 / len(w)), q, c)})
def jensen(excess, rng):
    """At least max(I - c, 0), and more wherever g - c has both signs; equal to I - c below and 0 above all g."""
    cases = []
    for _ in range(10):
        w, q, _ = encoder(rng)
        g, mean = np.log(q / (w @ q)), information(w, q)
        cases += [excess(w, q, c) > max(mean - c, 0) for c in np.linspace(g.min(), g.max(), 9)[1:-1]]
        cases += [abs(excess(w, q, g.min() - 1) - (mean - g.min() + 1)) < 1e-14, excess(w, q, g.max()) < 1e-15]
    return holds(cases)


# What the objective bounds


def labelled(rng):
    """A joint law of 5 inputs and 3 labels, a channel to 4 codes, and a decoder."""
    return table(rng, 5, 3), law(rng, 5, 4), law(rng, 4, 3)


def most_likely_label(joint, channel, decoder):
    """The cross entropy with the expectation over x alone: only the likeliest label of each x counts."""
    w = joint.sum(1)
    cross = -sum(w[x] * channel[x] @ np.log(decoder[:, joint[x].argmax()]) for x in range(len(w)))
    return cross, *information_bounds(joint, channel, decoder)[1:]


def middle(change):
    """information_bounds with another number in the middle."""
    def wrong(joint, channel, decoder):
        cross, _, floor = information_bounds(joint, channel, decoder)
        return cross, change(joint.sum(1), joint.sum(0), channel), floor

    return wrong


BOUND_WRONG = {
    "over x alone": most_likely_label,
    "in bits": lambda *laws: tuple(b / np.log(2) for b in information_bounds(*laws)),
    "H(Y) for H(Y|Z)": middle(lambda w, y, channel: -y @ np.log(y)),
    "H(X|Z) for H(Y|Z)": middle(lambda w, y, channel: -w @ np.log(w) - information(w, channel))}


@ledger.add("5.13", "identity", information_bounds, wrong=BOUND_WRONG)
def from_the_table_of_all_three(bounds, rng):
    """All three from the table of p(x, y) q(z|x), summed out; a code that never occurs changes nothing."""
    joint, channel, decoder = labelled(rng)
    xyz = joint[:, :, None] * channel[:, None]
    zy, w = xyz.sum(0).T, joint.sum(1)
    cross = -sum(xyz[x, y, z] * np.log(decoder[z, y]) for x, y, z in np.ndindex(xyz.shape))
    conditional = -(zy * np.log(zy / zy.sum(1, keepdims=True))).sum()
    y = joint.sum(0)
    got = bounds(joint, np.column_stack([channel, 0 * w]), np.vstack([decoder, decoder[0]]))
    return gap(got, (cross, conditional, -y @ np.log(y) - information(w, channel)))


@ledger.add("5.13", "law", information_bounds, bound=0, wrong={
    "over x alone": most_likely_label, "H(X|Z) for H(Y|Z)": BOUND_WRONG["H(X|Z) for H(Y|Z)"],
    "H(Y) for H(Y|Z)": BOUND_WRONG["H(Y) for H(Y|Z)"]})
def they_descend(bounds, rng):
    """Strictly for 20 random laws; equal in the first at q(y|z), and in the second if y is a copy of x."""
    cases = []
    for _ in range(20):
        joint, channel, decoder = labelled(rng)
        cross, conditional, floor = bounds(joint, channel, decoder)
        best = channel.T @ joint
        tight = bounds(joint, channel, best / best.sum(1, keepdims=True))
        copy = bounds(np.diag(joint.sum(1)), channel, law(rng, 4, 5))
        cases += [cross > conditional > floor, abs(tight[0] - tight[1]) < 1e-14, abs(copy[1] - copy[2]) < 1e-14]
    return holds(cases)


# Gaussian


PAIRS = [(rho, lam) for rho in (-0.9, 0.5, 0.8) for lam in (0.02, 0.1, 0.2, 0.24)]
GAUSSIAN_WRONG = {
    "rho for rho squared": lambda rho, lam: gaussian_bottleneck(np.sqrt(abs(rho)), lam),
    "beta for lambda": lambda rho, lam: gaussian_bottleneck(rho, 1 / lam),
    "in bits": lambda rho, lam: Channel(*(v / u for v, u in zip(gaussian_bottleneck(rho, lam), (1, *2 * [np.log(2)]),
                                                                strict=True))),
    "half lost": lambda rho, lam: Channel(*(v * u for v, u in zip(gaussian_bottleneck(rho, lam), (1, 2, 2),
                                                                  strict=True)))}


@lru_cache(1024)
def measured(rho, snr):
    """I(X;Z) by (5.5) and I(Y;Z) by (5.4), for z = x + noise."""
    cov = np.array([[1.0, rho], [rho, 1 + 1 / snr]])  # of y and z
    relevance = gaussian_factors(np.zeros(2), cov).correlation
    return gaussian_split([[1.0]], [[1.0]], [0.0], [1 / snr]).information, relevance


@ledger.add("5.20", "identity", gaussian_bottleneck, wrong={key: GAUSSIAN_WRONG[key] for key in ("in bits", "half lost",
                                                                                               "beta for lambda")})
def informations_of_the_channel(bottleneck, rng):
    """Its rate and relevance by (5.5) and (5.4), at twelve pairs of rho and lambda."""
    found = [bottleneck(*pair) for pair in PAIRS]
    want = [measured(rho, channel.snr) if channel.snr else (np.nan, np.nan) for (rho, _), channel in
            zip(PAIRS, found, strict=True)]
    return entrywise(np.array([channel[1:] for channel in found]), np.array(want))


def by_squares(rho, lam):
    """The three with 1 - rho^2 and (1 - lambda) / (1 - rho^2)."""
    snr = (rho * rho - lam) / (lam * (1 - rho * rho))
    return Channel(snr, np.log1p(snr) / 2, np.log((1 - lam) / (1 - rho * rho)) / 2)


@ledger.add("5.20", "limit", gaussian_bottleneck, bound=1e-12, wrong={
    "1 - rho^2 formed": by_squares, **{key: GAUSSIAN_WRONG[key] for key in ("in bits", "half lost")}})
def faint_and_sharp(bottleneck, rng):
    """rho = 2^-30, lambda = rho^2 / 3: snr 2, relevance rho^2 / 3; rho = 1 - 1.25 / 2^26, lambda = 1/2: by 1 - rho."""
    faint, d = 2.0**-30, 1.25 * 2.0**-26
    left = d * (2 - d)
    want = [2 / (1 - faint**2), np.log(3) / 2, faint**2 / 3,
            (0.5 - left) * 2 / left, np.log((1 - left) / left) / 2, np.log(0.5 / left) / 2]
    return entrywise(np.array([*bottleneck(faint, faint**2 / 3), *bottleneck(1 - d, 0.5)]), np.array(want))


@ledger.add("5.20", "limit", gaussian_bottleneck, bound=1e-7, wrong={
    key: GAUSSIAN_WRONG[key] for key in ("rho for rho squared", "beta for lambda")})
def found_by_a_minimiser(bottleneck, rng):
    """log snr by scipy.optimize.minimize_scalar of the objective, twelve pairs; differences of 1e-15 leave 1e-8."""
    objective = lambda t, rho, lam: np.dot((lam, -1), measured(rho, np.exp(t)))
    best = [optimize.minimize_scalar(objective, args=pair, bounds=(-9, 9), method="bounded",
                                     options={"xatol": 1e-11}).x for pair in PAIRS]
    return gap(np.log([bottleneck(*pair).snr for pair in PAIRS]), np.array(best))


@ledger.add("5.20", "law", gaussian_bottleneck, bound=0, wrong={
    "rho for rho squared": GAUSSIAN_WRONG["rho for rho squared"],
    "beta for lambda": GAUSSIAN_WRONG["beta for lambda"],
    "never closed": lambda rho, lam: gaussian_bottleneck(rho, min(lam, 0.99 * rho**2)),
    "closed at lambda = |rho| (1 - |rho|)": lambda rho, lam: gaussian_bottleneck(rho, lam) if lam < abs(
        rho) * (1 - abs(rho)) else Channel(0.0, 0.0, 0.0)})
def opens_at_rho_squared(bottleneck, rng):
    """Open just below rho^2, closed (0, 0, 0) from there on; no channel of 108 others has a lower objective."""
    cases = []
    for rho in (-0.9, 0.3, 0.8):
        cases += [bottleneck(rho, rho**2 * (1 - 1e-9)).snr > 0, bottleneck(rho, rho**2) == (0, 0, 0),
                  bottleneck(rho, rho**2 + 0.01) == (0, 0, 0)]
        for lam in (0.3 * rho**2, 0.9 * rho**2, 1.1 * rho**2):
            best = np.dot((lam, -1), bottleneck(rho, lam)[1:])
            cases += [best <= np.dot((lam, -1), measured(rho, snr)) + 1e-14 for snr in np.geomspace(1e-4, 1e4, 12)]
    return holds(cases)
