"""Evidence for the article's form and for spacings, (6.6) and (6.7)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.derivations.entropy.common import points, shifted, value
from refvae.derivations.entropy.order import ESTIMATE_WRONG
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


# The article's form, and spacings


def article(x, constant=np.log):
    """(5) of the article, from sorted points."""
    spacing = np.concatenate([[np.inf], np.diff(np.sort(x[:, 0])), [np.inf]])
    rho = np.minimum(spacing[1:], spacing[:-1])
    return np.log(rho).mean() + np.log(2) + constant(len(x) - 1) + np.euler_gamma


@ledger.add("6.6", "identity", value, wrong={
    "log n": shifted(lambda n, k, d: np.log(n) - special.digamma(n)), "k = 2": lambda x, k: value(x, 2)})
def off_by_c(estimate, rng):
    """The article's estimate plus psi(n) - log(n - 1) = H_{n-1} - gamma - log(n - 1), with a harmonic number."""
    cases = [points(rng, n, 1) for n in (2, 5, 40)]
    c = [sum(1 / np.arange(1, len(x))) - np.euler_gamma - np.log(len(x) - 1) for x in cases]
    return gap(np.array([estimate(x, 1) for x in cases]), np.array([article(x) for x in cases]) + c)


@ledger.add("6.6", "law", special.digamma, bound=0, wrong={
    "log(n - 1/2)": lambda n: np.log(n - 0.5), "log(n - 1)": lambda n: np.log(n - 1), "log n": np.log})
def within_the_bounds(digamma, rng):
    """All four inequalities for n = 2, ..., 400."""
    n = np.arange(2.0, 401)
    c, rest = digamma(n) - np.log(n - 1), digamma(n) - np.log(n - 0.5)
    return holds(np.array([np.log1p(1 / (2 * (n - 1))) < c, c < 1 / (2 * (n - 1)), 0 < rest,
                           rest < 1 / (24 * (n - 0.5) ** 2)]).ravel())


@ledger.add("6.7", "identity", value, wrong={"diameter for radius": ESTIMATE_WRONG["diameter for radius"],
                                             "k = 2": lambda x, k: value(x, 2)})
def smaller_of_two_spacings(estimate, rng):
    """The sorted form, with psi(n) as a harmonic number."""
    x = points(rng, 12, 1)
    return gap(np.array(estimate(x, 1)), np.array(article(x, lambda m: sum(1 / np.arange(1, m + 1)) - np.euler_gamma)))


def on_circle(x, k):
    """The estimate on a circle of circumference 1."""
    return value(x, k, norm=np.inf, periodic=1.0)


SPACING_WRONG = {"psi(n + 1)": lambda x, k: (value(x, k) + 1 / len(x), on_circle(x, k) + 1 / len(x)),
                 "ends forgotten": lambda x, k: (on_circle(x, k),) * 2,
                 "circle cut open": lambda x, k: (value(x, k),) * 2}


@ledger.add("6.7", "limit", lambda x, k: (value(x, k), on_circle(x, k)), bound=1e-9, wrong=SPACING_WRONG)
def two_uniform_points(estimates, rng):
    """n = 2: the mean over the distance t, of density 2(1 - t), is (2 log 2 - 1) / 2; over one on the circle, 0."""
    t, w = (part / 2 for part in np.polynomial.legendre.leggauss(30) + np.array([[1], [0]]))
    both = lambda distance: np.array([estimates(np.array([[0], [each]]), 1) for each in distance])
    interval = (8 * t**3 * w * (1 - t**4)) @ both(t**4)[:, 0]
    circle = (2 * t**3 * w) @ (both(t**4 / 2) + both(1 - t**4 / 2))[:, 1]
    return gap(np.array([interval, 1 + circle]), np.array([np.log(2) - 0.5, 1]))
