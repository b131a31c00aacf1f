"""Evidence for the origin label, (10.8) to (10.10)."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import jensenshannon

from refvae.adversarial import (
    Divergences,
    Labelled,
    label_divergence,
    mixture_divergence,
    optimal_discriminator,
)
from refvae.derivations.adversarial.common import jensen_shannon, kl, law, mixture, sigmoid
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()
SHARES = (0.5, 0.2, 0.7)


def opponents(rng):
    """Data, generated law, and any discriminator."""
    return law(rng), law(rng), rng.uniform(0.05, 0.95, 6)


# Labelled laws


LABEL_WRONG = {
    "D for 1 - D": lambda q, p, d, share: label_divergence(q, p, 1 - d, share),
    "shares exchanged": lambda q, p, d, share: label_divergence(q, p, d, 1 - share if share != 0.5 else 0.4),
    "p for q as reference": lambda q, p, d, share: label_divergence(p, q, 1 - d, 1 - share),
    "conditional over q": lambda q, p, d, share: label_divergence(q, p, d, share)._replace(
        conditional=sum(q * (lambda r: r * np.log(r / d) + (1 - r) * np.log((1 - r) / (1 - d)))(
            share * q / (share * q + (1 - share) * p))))}


@ledger.add("10.8", "identity", label_divergence, wrong=LABEL_WRONG)
def sums_over_labels(divergence, rng):
    """All three numbers by loops over points and labels, for three shares."""
    got, want = [], []
    for share in SHARES:
        q, p, d = opponents(rng)
        joint = [(share * q, q * d), ((1 - share) * p, q * (1 - d))]
        m = share * q + (1 - share) * p
        cond = sum(mass * (kl([a / mass, b / mass], [e, 1 - e])) for mass, a, b, e in zip(
            m, share * q, (1 - share) * p, d, strict=True))
        got.append(divergence(q, p, d, share))
        want.append(Labelled(sum(kl(a, b) for a, b in joint), kl(m, q), cond))
    return gap(tuple(got), tuple(want))


@ledger.add("10.8", "law", label_divergence, wrong={
    "conditional over q": LABEL_WRONG["conditional over q"],
    "marginal of the real law": lambda q, p, d, share: label_divergence(q, p, d, share)._replace(
        marginal=label_divergence(p, q, 1 - d, 1 - share).marginal)})
def parts_add_up(divergence, rng):
    """Joint = marginal + conditional, for 30 triples, a discriminator of 0 on a point without generated mass too."""
    found = [divergence(*opponents(rng), share) for share in SHARES for _ in range(10)]
    q, p, d = opponents(rng)
    p = np.append(p, 0)
    found.append(divergence(np.append(0.5 * q, 0.5), p, np.append(d, 1.0), 0.5))
    return gap(np.array([f.joint for f in found]), np.array([f.marginal + f.conditional for f in found]))


# The best discriminator


BEST_WRONG = {"p for q": lambda q, p, share=0.5: 1 - optimal_discriminator(q, p, share),
              "share left out": lambda q, p, share=0.5: q / (q + p) if share != 0.5 else q / (q + 2 * p),
              "ratio for probability": lambda q, p, share=0.5: q / p}


@ledger.add("10.9", "identity", optimal_discriminator, wrong=BEST_WRONG)
def sigmoid_of_the_log_ratio(best, rng):
    """sigmoid(log q/p + log share/(1 - share)), and 1/2 - x as the logit for N(0, 1) against N(1, 1)."""
    q, p, _ = opponents(rng)
    x = np.linspace(-2, 3, 9)
    a, b = np.exp(-x * x / 2), np.exp(-(x - 1) ** 2 / 2)
    got = [*(best(q, p, share) for share in SHARES), best(a / a.sum(), b / b.sum())]
    shift = np.log(b.sum() / a.sum())  # of the normalisation on the nine points
    want = [*(sigmoid(np.log(q / p) + np.log(share / (1 - share))) for share in SHARES), sigmoid(0.5 - x + shift)]
    return gap(tuple(got), tuple(want))


@ledger.add("10.9", "law", optimal_discriminator, bound=0, wrong=BEST_WRONG)
def nothing_is_better(best, rng):
    """Divergence and cross-entropy are larger at 30 other discriminators; the least divergence is KL(m || q)."""
    cases = []
    for share in SHARES:
        q, p, _ = opponents(rng)
        top = np.clip(best(q, p, share), 1e-9, 1 - 1e-9)
        entropy = lambda d, q=q, p=p, share=share: -share * q @ np.log(d) - (1 - share) * p @ np.log(1 - d)
        least = label_divergence(q, p, top, share)
        cases.append(abs(least.joint - kl(share * q + (1 - share) * p, q)) < 1e-13)
        for _ in range(10):
            d = sigmoid(np.log(top / (1 - top)) + 0.1 * rng.standard_normal(6))
            cases += [label_divergence(q, p, d, share).joint > least.joint, entropy(d) > entropy(top)]
    return holds(cases)


@ledger.add("10.9", "limit", optimal_discriminator, bound=0, wrong={
    "one half where neither law has mass": lambda q, p, share: np.where(q + p > 0, optimal_discriminator(
        q, p, share), 0.51),
    "no data where neither law has mass": lambda q, p, share: np.where(
        q + p > 0, optimal_discriminator(q, p, share), 0),
    "one where data are missing": lambda q, p, share: np.where(q > 0, optimal_discriminator(q, p, share), 1.0)})
def points_without_mass(best, rng):
    """Exactly 1 where only q has mass, 0 where only p has, and the share where neither has."""
    q, p = (np.append(law(rng, 3), [0, 0, 0]) for _ in range(2))
    p = p[[0, 3, 1, 4, 2, 5]]
    cases = []
    for share in SHARES:
        d = best(q, p, share)
        cases += [*(d[[1]] == 1), *(d[[4]] == 0), *(d[[3, 5]] == share), *(abs(
            d[[0, 2]] - sigmoid(np.log(q / p)[[0, 2]] + np.log(share / (1 - share)))) < 1e-15)]
    return holds(cases)


# What it leaves


MIXTURE_WRONG = {
    "JS as what is left": lambda q, p: mixture_divergence(q, p)._replace(mixture=jensen_shannon(p, q)),
    "KL(m || p)": lambda q, p: mixture_divergence(q, p)._replace(mixture=mixture(q, p)),
    "KL(q || p) for KL(p || q)": lambda q, p: mixture_divergence(q, p)._replace(forward=kl(q, p)),
    "JS not halved": lambda q, p: (lambda d: d._replace(jensen_shannon=2 * d.jensen_shannon))(mixture_divergence(q, p))}


@ledger.add("10.10", "identity", mixture_divergence, wrong=MIXTURE_WRONG)
def from_definitions(divergences, rng):
    """KL(m || q) as what the labelled divergence is at the best D; KL by a loop; JS from SciPy."""
    q, p, _ = opponents(rng)
    left = label_divergence(q, p, optimal_discriminator(q, p)).joint
    return gap(divergences(q, p), Divergences(left, kl(p, q), jensenshannon(p, q) ** 2))


@ledger.add("10.10", "law", mixture_divergence, wrong=MIXTURE_WRONG)
def half_a_divergence_less_js(divergences, rng):
    """KL(m || q) = KL(p || q)/2 - JS for 20 pairs; and infinite beside a JS of log 2 for disjoint laws."""
    found = [divergences(*opponents(rng)[:2]) for _ in range(20)]
    apart = divergences(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    if apart.mixture < np.inf or abs(apart.jensen_shannon - np.log(2)) > 1e-15:
        raise ValueError("disjoint laws: wanted an infinite divergence, and JS = log 2")
    return gap(np.array([f.mixture for f in found]), np.array([f.forward / 2 - f.jensen_shannon for f in found]))
