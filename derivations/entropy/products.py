"""Evidence for the search by products in float32, (6.57), (6.58) and (6.58a)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.entropy.common import once
from refvae.derivations.entropy.search import brute, method, worst
from refvae.entropy import neighbours
from refvae.entropy.products import FAR, margin, measured, panels, product_search, squares
from refvae.entropy.tree import tree_search
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()


# Products in float32


def hard_samples(rng, n, d):
    """Samples that undo naive products: an offset, clusters, a lattice, duplicates, small numbers, outliers."""
    x = rng.standard_normal((n, d))
    centres = 1e3 * rng.standard_normal((5, d))[rng.integers(0, 5, n)]
    yield from (x, x + 1e8, centres + 1e-6 * x, centres + 1e-2 * x, np.round(x), np.repeat(x[::4], 4, 0)[:n], 1e-12 * x,
                np.abs(x), x / np.abs(rng.standard_normal((n, 1))) ** 3)


def by_formula(size, other, d, u=2.0**-24, eta=8):
    """kappa (|a| |b| + |b|^2 / 2) + eta."""
    kappa = (d + 5) * u / (1 - (d + 5) * u)
    return kappa * (size * other + other**2 / 2) + eta * (d + 2) * 2.0**-126


MARGIN_WRONG = {"roundoff of float64": lambda size, other, d: by_formula(size, other, d, 2.0**-53),
                "no margin": lambda size, other, d: 0 * (size + other),
                "an eighth of the roundoff": lambda size, other, d: margin(size, other, 1) / 48}


@ledger.add("6.57", "identity", margin, wrong={
    "d + 1 roundings": lambda size, other, d: margin(size, other, d - 4),
    "|b|^2": lambda size, other, d: margin(size, other, d) + by_formula(0, other, d, eta=0),
    "no underflow": lambda size, other, d: by_formula(size, other, d, eta=0), **MARGIN_WRONG})
def formula(bound, rng):
    """kappa and eta written out, d from 1 to 2^16, sizes from 0, where underflow alone is left, to 7."""
    size, other = np.array([0.0, 0.0, 1e-3, 0.5, 7.0]), np.array([0.0, 1.0, 1e-20, 0.3, 2.0])
    dims = (1, 8, 130, 2**16)
    return entrywise(*(np.array([f(size, other, d) for d in dims]) for f in (bound, by_formula)))


@ledger.add("6.57", "law", margin, bound=0, wrong=MARGIN_WRONG)
def within_the_margin(bound, rng):
    """No product of hard samples errs by more than the margin; d from 1 to 130, against a longer mantissa."""
    cases = []
    for d in (1, 8, 21, 130):
        for x in hard_samples(rng, 40, d):
            left, right, _ = panels(x[:13], x, 1)
            e, size, sizes = exactly(x[:13], x)
            cases.append((np.abs(left @ right - e) <= bound(size[:, None], sizes, d)).all())
    return holds(np.array(cases))


def exactly(x, y):
    """e_ij, |a_i| and |b_j| in extended precision."""
    centre = y.mean(0)
    s = int(np.frexp(max(np.abs(x - centre).max(), np.abs(y - centre).max()))[1])
    a, b = ((z.astype(np.longdouble) - centre) * np.longdouble(2.0) ** -s for z in (x, y))
    return (b * b).sum(1) / 2 - a @ b.T, np.sqrt((a * a).sum(1)), np.sqrt((b * b).sum(1))


def changed(change):
    """The factors with `change` applied to the right one."""
    def wrong(x, y, stripes):
        left, right, size = panels(x, y, stripes)
        return left, change(right.copy()), size

    return wrong


def whole_square(right):
    """|b|^2 in place of its half."""
    right[-1] *= 2
    return right


PANELS_WRONG = {
    "square not halved": changed(whole_square), "sign of b": changed(lambda right: right * np.append(-np.ones(
        len(right) - 1), 1).astype(np.float32)[:, None]),
    "not centred": lambda x, y, stripes: (np.hstack([x, np.ones((len(x), 1))]).astype(np.float32) / 1024, np.vstack(
        [-y.T, (y * y).sum(1) / 2]).astype(np.float32) / 1024, None)}


@ledger.add("6.57", "identity", panels, wrong=PANELS_WRONG)
def integers_are_exact(factors, rng):
    """Integers up to 100 around an offset of 10^6: every product is half an integer and has no error at all."""
    found, want = [], []
    for d in (3, 17):
        half = rng.integers(-100, 101, (15, d)).astype(float)
        half[0, 0] = 100.0
        centred = np.vstack([half, -half])
        left, right, _ = factors(centred + 1e6, centred + 1e6, 2)
        found.append(left.astype(float) @ right.astype(float) * 128.0**2)
        want.append((centred**2).sum(1) / 2 - centred @ centred.T)
    return gap(tuple(found), tuple(want))


@ledger.add("6.57", "law", panels, bound=0, wrong={
    "padded with the centre": changed(lambda right: np.where(right == FAR, 0, right)),
    "padded with the nearest": changed(lambda right: np.where(right == FAR, -FAR, right))})
def columns_without_a_point_are_far(factors, rng):
    """Where the columns are more than the points, the products in the others exceed what points in [-1, 1] can have."""
    cases = []
    for m, stripes in ((29, 3), (7, 16)):
        left, right, _ = factors(*rng.standard_normal((2, m, 5)), stripes)
        cases += [right.shape[1] > m, (left @ right[:, m:] > 2 * 5).all()]
    return holds(cases)


# Search


def by_expansion(x, k, y=None):
    """Radii from |x|^2 + |y|^2 - 2xy in float64, after centring."""
    z = x if y is None else y
    a, b = x - z.mean(0), z - z.mean(0)
    square = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    if y is None:
        np.fill_diagonal(square, np.inf)
    return np.sqrt(np.maximum(np.sort(square, axis=1)[:, :k], 0))


def by_rounded_data(x, k, y=None):
    """Radii of the data rounded to float32."""
    rounded = [None if z is None else z.astype(np.float32).astype(float) for z in (x, y)]
    return brute(rounded[0], k, rounded[1])


SEARCH_WRONG = {"by expansion, centred": by_expansion, "data in float32": by_rounded_data,
                "the point itself counts": lambda x, k, y=None: method("products")(x, k, x if y is None else y)}


known = once(brute)


@ledger.add("6.58", "identity", method("products"), bound=1e-15, wrong=SEARCH_WRONG)
def hard_samples_by_brute_force(radii, rng):
    """The worst relative error of any distance in hard samples, also apart from a second sample."""
    outcomes = []
    for d in (2, 9, 30):
        for x in hard_samples(rng, 150, d):
            outcomes += [worst(radii(x, k), known(x, k)) for k in (1, 5)]
            outcomes.append(worst(radii(x[:20] * 1.5, 3, x), known(x[:20] * 1.5, 3, x)))
    return max(outcomes, key=lambda outcome: outcome.error)


def crowded(x, k, own=True):
    """The radii of products, by their own function."""
    return product_search(x, x, k, own)[0]


@ledger.add("6.58", "law", crowded, bound=1e-15, wrong={
    "by expansion, centred": lambda x, k: by_expansion(x, k), "the point itself counts": lambda x, k: crowded(
        x, k, False)})
def crowds_go_to_the_tree(radii, rng):
    """Of 1200 points 900 lie in a cluster, 10^9 of its widths from 0: no product in float32 tells them apart."""
    x = rng.permutation(np.vstack([rng.standard_normal((900, 8)) + 1e9, 1e9 * rng.standard_normal((300, 8))]))
    rows = np.r_[0:1200:50]
    want = np.sort(np.sqrt(((x[rows, None] - x) ** 2).sum(2)), axis=1)[:, 1:3]
    return worst(radii(x, 2)[rows], want)


# The same bits

BITS_WRONG = {"the tree's own sums": lambda x, y, idx: tree_search(x, y, idx.shape[1], None),
              "unsorted": lambda x, y, idx: (np.sqrt(((x[:, None] - y[idx]) ** 2).sum(2)), idx),
              "by expansion": lambda x, y, idx: (by_expansion(x, idx.shape[1], y), idx)}


@ledger.add("6.58a", "law", measured, bound=0, wrong=BITS_WRONG)
def tree_and_products(distances_to, rng):
    """Indices of a tree, in the wrong order too, lead to the radii of products bit for bit, d from 8 to 130."""
    cases = []
    for d in (8, 9, 17, 130):
        for x in (rng.standard_normal((200, d)), 1e3 * rng.random((200, d)) + 1e6):
            y = x[50:] * 1.001
            want, found = neighbours(x, 5, among=y, method="products"), neighbours(x, 5, among=y, method="tree")
            rho, idx = distances_to(x, y, found.idx[:, ::-1])
            cases += [np.array_equal(rho, want.rho), np.array_equal(idx, want.idx), np.array_equal(rho, found.rho)]
    return holds(cases)


@ledger.add("6.58a", "identity", squares, wrong={
    "sum of |delta|": lambda x, y, i, j: np.abs(x[i] - y[j]).sum(1) ** 2,
    "indices exchanged": lambda x, y, i, j: squares(x, y, j, i),
    "by expansion": lambda x, y, i, j: (x[i] ** 2).sum(1) + (y[j] ** 2).sum(1) - 2 * (x[i] * y[j]).sum(1)})
def sums_of_integers(square, rng):
    """Integers around 10^9, whose differences are small: exact, more pairs than one block takes."""
    x, y = rng.integers(-50, 50, (2, 40, 300)) + 10**9
    i, j = rng.integers(0, 40, (2, 5000))
    want = ((x[i] - y[j]) ** 2).sum(1)
    return gap(square(x.astype(float), y.astype(float), i, j), want.astype(float))
