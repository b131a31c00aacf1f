"""Evidence for the candidates among products in float32, (6.58)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.entropy.products import hard_samples
from refvae.entropy.products import candidates, cut, groups, panels, rounding
from refvae.evidence import Ledger, entrywise, holds

ledger = Ledger()


def bound_for_products(least, size, d, unit=2.0**-24, eta=8, times=2):
    """T + 2m by the formulas, in extended precision, not rounded up."""
    T, a, u = (np.asarray(each, np.longdouble) for each in (least, size, unit))
    k, tiny = (d + 5) * u / (1 - (d + 5) * u), eta * (d + 2) * np.longdouble(2.0) ** -126
    B = ((1 + k) * a + np.sqrt(np.maximum((1 + k) ** 2 * a**2 + 2 * (1 - k) * (T + tiny), 0))) / (1 - k)
    return (T + times * (k * (a * B + B * B / 2) + tiny)).astype(float)


@ledger.add("6.58", "limit", cut, bound=2.0**-22, wrong={
    "d + 1 roundings": lambda least, size, d: bound_for_products(least, size, d - 4),
    "no underflow": lambda least, size, d: bound_for_products(least, size, d, eta=0),
    "one margin": lambda least, size, d: bound_for_products(least, size, d, times=1),
    "half of the roundoff": lambda least, size, d: bound_for_products(least, size, d, 2.0**-25)})
def margin_alone(bound, rng):
    """At T = 0, where nothing hides the margin, for |a| = 0 and others; to four roundings of float32, d up to 2^16."""
    cases = [(d, a) for d in (8, 30, 900, 2**16) for a in (0.0, 1e-15, 0.3, 7.0)]
    return entrywise(np.array([float(bound(np.zeros(1), np.array([a]), d)[0]) for d, a in cases]),
                     np.array([bound_for_products(0, a, d) for d, a in cases]))


@ledger.add("6.58", "law", cut, bound=0, wrong={
    "not rounded up": lambda least, size, d: bound_for_products(least, size, d).astype(np.float32),
    "no margin": lambda least, size, d: least.astype(np.float32)})
def never_below_the_bound(bound, rng):
    """Rounded up, by at most three roundings of float32: T of any sign, down to a root of 0."""
    size = rng.uniform(0, 2, 1000)
    least = (rng.uniform(-1, 3, 1000) * size**2 / 2).astype(np.float32).astype(float)
    cases = []
    for d in (12, 2**16):
        kappa, eta = rounding(d)
        lowest = -((1 + kappa) * size) ** 2 / (2 * (1 - kappa)) - eta
        for T in (least, lowest * (1 + 2.0**-50)):
            found, want = (np.asarray(f(T, size, d), float) for f in (bound, bound_for_products))
            cases += [found >= want, found <= want + 3 * 2.0**-24 * np.abs(want) + 2.0**-140]
    return holds(np.concatenate(cases))


def listed(margin):
    """Pairs with products up to the k-th smallest plus margin(size), a wrong list."""
    def wrong(product, size, k, stripes, d):
        most = np.sort(product, axis=1)[:, k - 1].astype(float) + margin(size, d)
        return *np.nonzero(product <= most[:, None]), np.zeros(0, np.intp)

    return wrong


@ledger.add("6.58", "law", candidates, bound=0, wrong={
    "no margin": listed(lambda size, d: 0.0), "roundoff of float64": listed(lambda size, d: size**2 * 2.0**-52 * d),
    "margin of the absolute value of the product": listed(lambda size, d: 0.0 * size + 2.0**-30),
    "order k - 1": lambda product, size, k, stripes, d: candidates(product, size, k - 1, stripes, d)})
def no_neighbour_is_missing(pairs, rng):
    """In hard samples every point within the radius of order k, by brute force, is a candidate."""
    cases = []
    for d in (8, 21):
        for x in hard_samples(rng, 120, d):
            stripes = groups(120, 4)
            left, right, size = panels(x, x, stripes)
            table = left @ right
            np.fill_diagonal(table, np.inf)
            i, j, crowd = pairs(table, size, 4, stripes, d)
            found = np.zeros((120, len(right.T)), bool)
            found[i, j] = True
            delta = x[:, None] - x
            far = np.sqrt((delta**2).sum(2)) + np.diag(np.full(120, np.inf))
            near = far <= np.sort(far, axis=1)[:, [3]] * (1 - 1e-12)
            cases += [not len(crowd), (found.sum(1) >= 4).all(), not (near & ~found[:, :120]).any()]
    return holds(np.array(cases))


def set_of(bound, holds=np.less_equal):
    """Pairs with products up to the bound, from the minima (n, g) of groups in ascending order, by loops."""
    def wrong(product, size, k, stripes, d):
        low = np.sort(product.reshape(len(product), stripes, -1).min(1), axis=1)
        return *np.nonzero(holds(product, bound(low, size, k, d)[:, None])), np.zeros(0, np.intp)

    return wrong


def by_definition(low, size, k, d):
    """The bound of (6.58) with T the k-th smallest of the minima."""
    return cut(low[:, k - 1].astype(float), size, d)


@ledger.add("6.58", "law", candidates, bound=0, wrong={
    "below the bound alone": set_of(by_definition, np.less),
    "up to the next float32": set_of(lambda *how: np.nextafter(by_definition(*how), np.float32(np.inf))),
    "order k + 1": set_of(lambda low, size, k, d: by_definition(low, size, k + 1, d)),
    "lengths all 1": set_of(lambda low, size, k, d: by_definition(low, 1 + 0 * size, k, d))})
def the_bound_itself_and_no_more(pairs, rng):
    """In a random table with T > 0 or T < 0: all products at the bound, none at the next float32, in each row."""
    cases, n, stripes, k, d = [], 12, 3, 9, 12
    for offset in (0.1, -7.0):
        table = (rng.random((n, stripes, 3000)) + offset).astype(np.float32)
        size, rows = rng.uniform(1, 2, n), np.arange(n)
        order = np.argsort(table.min(1), axis=1)
        most = by_definition(np.sort(table.min(1), axis=1), size, k, d)
        nearest, last = order[:, 0], order[:, -1]
        worst = np.argsort(table[rows, :, nearest], axis=1)
        table[rows, worst[:, 1], nearest] = most
        table[rows, worst[:, 2], nearest] = np.nextafter(most, np.float32(np.inf))
        table[rows, :, last] = np.nextafter(most, np.float32(np.inf))[:, None]
        table[rows, 1, last] = most
        table = table.reshape(n, -1)
        i, j, crowd = pairs(table, size, k, stripes, d)
        found = np.zeros(table.shape, bool)
        found[i, j] = True
        cases += [not len(crowd), np.array_equal(found, table <= most[:, None])]
    return holds(cases)
