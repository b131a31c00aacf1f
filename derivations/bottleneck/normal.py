"""Evidence for moment conditions, (5.21) and (5.22)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy import linalg, special, stats

from refvae.bottleneck import max_entropy, neg_entropy
from refvae.bottleneck.normal import _powers_of_shifted
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


# First variation


def density(rng):
    """A positive density on nine unequal nodes, and their weights."""
    w = rng.uniform(0.3, 1.2, 9)
    p = rng.exponential(size=9) + 0.1
    return p / (w @ p), w


def as_layer(functional):
    """(value, gradient) as a layer of log p, which may be any number; its value is written out for complex ones."""
    def layer(log_p, w_frozen):
        p = np.exp(log_p)
        gradient = functional(p.real, w_frozen)[1]
        return (w_frozen * p * log_p).sum(), lambda d: (d * gradient * p, None)

    return layer


VARIATION_WRONG = {
    "without the 1": lambda p, w: (neg_entropy(p, w)[0], w * np.log(p)),
    "weights lost": lambda p, w: (neg_entropy(p, w)[0], np.log(p) + 1),
    "sign": lambda p, w: (neg_entropy(p, w)[0], -neg_entropy(p, w)[1]),
    "slope of log p": lambda p, w: (neg_entropy(p, w)[0], w * (np.log(p) + 1 / p))}
ledger.adjoint("5.21", as_layer(neg_entropy), lambda rng: (rng.standard_normal(9), density(rng)[1]), wrong={
    key: as_layer(wrong) for key, wrong in VARIATION_WRONG.items()})


@ledger.add("5.21", "identity", neg_entropy, exact=True, wrong={**VARIATION_WRONG, "log of the masses": lambda p, w: (
    neg_entropy(p, w)[0] + w @ (p * np.log(w)), neg_entropy(p, w)[1])})
def bregman(functional, rng):
    """F(p') - F(p) - <slope, p' - p> is sum w (p' log(p'/p) - p' + p), and F term by term."""
    (p, w), (other, _) = density(rng), density(rng)
    value, slope = functional(p, w)
    rest = functional(other, w)[0] - value - slope @ (other - p)
    kl = sum(c * (b * (np.log(b) - np.log(a)) - b + a) for a, b, c in zip(p, other, w, strict=True))
    return gap(np.array([rest, value]), np.array([kl, sum(c * a * np.log(a) for a, c in zip(p, w, strict=True))]))


# Moments


def grid(lower, upper, h):
    """Equidistant nodes, and weights h."""
    x = np.arange(round((upper - lower) / h) + 1) * h + lower
    return x, np.full(len(x), h)


def solved(mean, variance):
    """max_entropy for a mean and a variance."""
    return lambda solve: solve(*grid(-9, 11, 0.25), (mean, variance + mean * mean))


SOLVE_WRONG = {
    "second moment for the variance": lambda x, w, m: max_entropy(x, w, np.append(m[:1], m[1:] - np.square(m[0]))),
    "not normalised": lambda x, w, m: (lambda p, theta: (p * np.exp(-theta[0]), theta))(*max_entropy(x, w, m)),
    "multipliers halved": lambda x, w, m: (lambda p, theta: (p, theta / 2))(*max_entropy(x, w, m)),
    "last moment lost": lambda x, w, m: (lambda p, theta: (p, np.append(theta, 0)))(*max_entropy(x, w, m[:-1]))
    if len(m) > 1 else (np.full(len(x), 1 / w.sum()), np.array([-np.log(w.sum()), 0]))}


@ledger.add("5.22", "limit", max_entropy, bound=1e-12, wrong=SOLVE_WRONG)
def normal_on_the_line(solve, rng):
    """Mean 0.6 and variance 0.8, nodes of spacing 1/4: the normal density and its multipliers (errors e^-250)."""
    x, w = grid(-9, 11, 0.25)
    p, theta = solve(x, w, (0.6, 0.8 + 0.36))
    want = np.array([-np.log(2 * np.pi * 0.8) / 2 - 0.36 / 1.6, 0.6 / 0.8, -1 / 1.6])
    return gap((p, theta), (stats.norm.pdf(x, 0.6, np.sqrt(0.8)), want))


@ledger.add("5.22", "identity", max_entropy, wrong={key: SOLVE_WRONG[key] for key in SOLVE_WRONG if "var" not in key})
def geometric_for_the_mean_alone(solve, rng):
    """On 0, 1, 2, ... with the mean 0.7 alone: the geometric law of ratio 0.7/1.7, and log-linear multipliers."""
    x, w = grid(0, 60, 1.0)
    p, theta = solve(x, w, (0.7,))
    return gap((p, theta), (stats.geom.pmf(x + 1, 1 / 1.7), np.array([-np.log(1.7), np.log(0.7 / 1.7)])))


def newton(centred=True, halved=True):
    """Newton's method on the dual, in nodes about the wanted mean or as they are, with halved steps or whole ones."""
    def solve(x, w, m):
        m = np.asarray(m, float)
        c, s = (m[0], np.abs(x - m[0]).max()) if centred else (0.0, 1.0)
        shift = _powers_of_shifted(c, s, len(m))
        wanted = (shift @ [1, *map(Fraction, m.tolist())])[1:].astype(float)
        powers, theta = ((x - c) / s)[:, None] ** np.arange(1, len(m) + 1), np.zeros(len(m))
        total = lambda exponents: exponents.max() + np.log(w @ np.exp(exponents - exponents.max()))
        dual = lambda theta: total(powers @ theta) - theta @ wanted
        for _ in range(100):
            mass = special.softmax(np.log(w) + powers @ theta)
            rest = powers - mass @ powers
            step, t = linalg.pinv(rest.T @ (mass[:, None] * rest)) @ (wanted - mass @ powers), 1.0
            while halved and t > 1e-20 and not dual(theta + t * step) <= dual(theta):
                t /= 2
            theta = np.clip(theta + t * step, -1e8, 1e8)
        mass = special.softmax(np.log(w) + powers @ theta)
        full = np.append(-total(powers @ theta), theta)
        return mass / w, (shift.T @ [*map(Fraction, full.tolist())]).astype(float)

    return solve


@ledger.add("5.22", "limit", max_entropy, bound=1e-12, wrong={
    "whole Newton steps": newton(halved=False), "not normalised": SOLVE_WRONG["not normalised"]})
def a_node_that_hardly_weighs(solve, rng):
    """Nodes 0 and 1 of weights 1 - e and e, mean 1/2, e = 1e-2 to 1e-30: log p = -log 2(1 - e), log (1 - e)/e."""
    e = np.array([1e-2, 1e-4, 1e-8, 1e-16, 1e-30])
    got = [solve(np.arange(2.0), np.array([1 - each, each]), np.array([0.5])) for each in e]
    want = [(np.array([0.5 / (1 - each), 0.5 / each]), np.array([-np.log(2 - 2 * each), np.log((1 - each) / each)]))
            for each in e]
    return gap(tuple((np.log(p), theta) for p, theta in got), tuple((np.log(p), theta) for p, theta in want))


SHIFT_WRONG = {"nodes as they are": newton(centred=False),
               "multipliers of the shifted nodes": lambda x, w, m: (lambda p: (p, np.array([
                   np.log(p).max(), 0, -0.5])))(max_entropy(x, w, m)[0]),
               "sign of the centre": lambda x, w, m: (lambda p, theta: (p, theta * [1, -1, 1]))(*max_entropy(x, w, m))}


@ledger.add("5.22a", "limit", max_entropy, bound=1e-12, wrong=SHIFT_WRONG)
def far_from_zero(solve, rng):
    """Means 1000.5, 1e4 + 1/2 and 2^20 + 1/2, variance 3/4, spacing 1/4: the normal density, and its multipliers."""
    got, want = [], []
    for mean in (1000.5, 10000.5, 2.0**20 + 0.5):
        x, w = grid(np.floor(mean) - 9, np.floor(mean) + 10, 0.25)
        p, theta = solve(x, w, (mean, mean * mean + 0.75))
        got += [p, theta / mean ** np.arange(2, -1, -1)]
        want += [stats.norm.pdf(x, mean, np.sqrt(0.75)), np.array([-np.log(1.5 * np.pi) / 2 / mean**2 - 1 / 1.5,
                                                                  1 / 0.75, -1 / 1.5])]
    return gap(tuple(got), tuple(want))


@ledger.add("5.22a", "identity", max_entropy, wrong={
    key: SHIFT_WRONG[key] for key in SHIFT_WRONG if "as they are" not in key})
def skewed(solve, rng):
    """Four moments of a density exp(cubic - x^4) on nodes that are not symmetric: the density is found again."""
    x, w = grid(-2, 3, 0.125)
    p = np.exp(0.5 * x + 0.25 * x**2 + 0.75 * x**3 - x**4)
    p = p / (w @ p)
    found, theta = solve(x, w, [w @ (p * x**j) for j in range(1, 5)])
    return gap((1 + found, 1 + theta[1:] / 64), (1 + p, 1 + np.array([0.5, 0.25, 0.75, -1]) / 64))


@ledger.add("5.22a", "law", max_entropy, wrong={key: SHIFT_WRONG[key] for key in SHIFT_WRONG if "sign" not in key})
def moved_and_stretched(solve, rng):
    """Nodes 4096 + 4 x, or x / 1024, with the exact moments: density over the stretch, log p in the old polynomial."""
    x, w = grid(-2, 2, 0.125)
    p, theta = solve(x, w, (0.25, 0.5))
    far, tiny = (solve(c + s * x, s * w, (c + s / 4, c * c + c * s / 2 + s * s / 2)) for c, s in (
        (4096.0, 4.0), (0.0, 2.0**-10)))
    back = [theta[0] - 1024 * theta[1] + 2**20 * theta[2] - np.log(4), theta[1] / 4 - 512 * theta[2], theta[2] / 16]
    return gap((4 * far[0], tiny[0] / 1024, far[1] / [2**20, 2**9, 1], tiny[1] / [1, 2**10, 2**20]),
               (p, p, np.array(back) / [2**20, 2**9, 1], theta + np.array([np.log(1024), 0, 0])))


@ledger.add("5.22", "law", max_entropy, bound=0, wrong={
    key: SOLVE_WRONG[key] for key in ("not normalised", "last moment lost")} | {
    "histogram of the data": lambda x, w, m: (lambda p: (p / (w @ p), None))(np.exp(-np.abs(x) ** 3))})
def every_other_density_has_less(solve, rng):
    """Four moments of a mixture on 41 nodes: they are met, and 40 densities with the same moments have less entropy."""
    x, w = grid(-2, 2, 0.1)
    first = stats.norm.pdf(x, -0.8, 0.3) + stats.norm.pdf(x, 0.7, 0.5)
    powers = x[:, None] ** np.arange(5)
    m = (w * first / (w @ first)) @ powers
    p = solve(x, w, m[1:])[0]
    free = linalg.null_space((powers * w[:, None]).T)
    best, others = neg_entropy(p, w)[0], []
    for _ in range(40):
        change = free @ rng.standard_normal(free.shape[1])
        others.append(p + 0.5 * change * (p / np.abs(change)).min())
    return holds([*(np.abs((w * p) @ powers - m) < 1e-12), *(neg_entropy(other, w)[0] > best for other in others)])


def refused(solve, x, w, m):
    """Whether the moments are said to be those of no positive density."""
    try:
        solve(x, w, m)
    except ArithmeticError:
        return True
    return False


@ledger.add("5.22", "law", max_entropy, bound=0, wrong={
    "whatever Newton's method comes to": newton(),
    "all refused": lambda x, w, m: max_entropy(x, w, np.append(m, -1.0))})
def two_neighbours_alone(solve, rng):
    """E (x - a)(x - a - 1) = 0 on whole numbers says that all mass is at a and a + 1: refused; a bit more is met."""
    x, w, cases = np.arange(8.0), np.ones(8), []
    for a, share in ((2, 0.25), (3, 0.125), (1, 0.625)):
        m = [(1 - share) * a**j + share * (a + 1) ** j for j in (1, 2, 3)]
        cases += [refused(solve, x, w, np.array(m[:r])) for r in (2, 3)]
        cases.append(not refused(solve, x, w, np.array([m[0], m[1] + 0.5])))
    cases.append(refused(solve, x[:3], w[:3], np.full(3, 0.25)))  # 0 and 1 of three nodes, with a moment too many
    return holds(cases)
