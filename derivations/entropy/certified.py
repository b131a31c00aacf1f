"""Evidence for pieces of a search: points centred, candidates sorted, lists refused."""

from __future__ import annotations

import numpy as np

from refvae.derivations.entropy.common import points
from refvae.entropy import neighbours, total_correlation, verify_neighbours
from refvae.entropy.products import centred, nearest, panels
from refvae.entropy.rational import exact_total_correlation
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


def scaled_by(change):
    """`centred` with another exponent."""
    def wrong(x, y):
        a, b, e = centred(x, y)
        return np.ldexp(a, e - change(e)), np.ldexp(b, e - change(e)), change(e)

    return wrong


@ledger.add("6.57", "law", centred, bound=0, wrong={
    "one power too few": scaled_by(lambda e: e - 1), "one too many": scaled_by(lambda e: e + 1),
    "each by its own mean": lambda x, y: (centred(x, x)[0], *centred(x, y)[1:])})
def into_the_unit_cube(centred, rng):
    """The largest entry, wherever it is, lies in [1/2, 1), and times 2^e both are the points less the mean of y."""
    cases = []
    for sample, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
        x, y = rng.standard_normal((2, 7, 3))
        (x, y)[sample][2, 1] += 50 * sign
        a, b, e = centred(x, y)
        largest = max(np.abs(a).max(), np.abs(b).max())
        cases += [0.5 <= largest < 1, (np.ldexp(a, e) == x - y.mean(0)).all(), (np.ldexp(b, e) == y - y.mean(0)).all()]
    return holds(cases)


def lengths(x, y):
    """What `panels` says of the lengths of the points."""
    return panels(x, y, 1).size


@ledger.add("6.57", "identity", lengths, wrong={
    "squares": lambda x, y: lengths(x, y) ** 2, "about their own mean": lambda x, y: lengths(x, x),
    "not scaled": lambda x, y: np.linalg.norm(x - y.mean(0), axis=1)})
def lengths_of_centred_points(lengths, rng):
    """Seven points less the mean of nine others, times the power of two of all."""
    x, y = 40 * points(rng, 7), 40 * points(rng, 9)
    return gap(lengths(x, y), np.linalg.norm(np.ldexp(x - y.mean(0), -centred(x, y)[2]), axis=1))


@ledger.add("6.58a", "identity", nearest, wrong={
    "k farthest": lambda x, y, i, j, k: tuple(each[:, -k:] for each in nearest(x, y, i, j, 6)),
    "squares": lambda x, y, i, j, k: (nearest(x, y, i, j, k)[0] ** 2, nearest(x, y, i, j, k)[1]),
    "in the order of the rows": lambda x, y, i, j, k: tuple(each[:, ::-1] for each in nearest(x, y, i, j, k))})
def sorted_row_by_row(nearest, rng):
    """Rows 1, 2 and 4 of seven, each with six candidates of nine: the three nearest, ascending, one pair at a time."""
    x, y = points(rng, 7), points(rng, 9)
    lists = {row: rng.permutation(9)[:6] for row in (1, 2, 4)}
    rho, idx = nearest(x, y, np.repeat([1, 2, 4], 6), np.concatenate([*lists.values()]), 3)
    want = [sorted((float(np.linalg.norm(x[row] - y[j])), int(j)) for j in some)[:3] for row, some in lists.items()]
    return gap((rho, idx), tuple(np.array([[pair[at] for pair in row] for row in want]) for at in (0, 1)))


def refused(x, idx, norm=2, exclude=0):
    """The row that `verify_neighbours` names in its refusal, or None."""
    try:
        verify_neighbours(x, idx, norm, exclude=exclude)
    except ValueError as error:
        return int(str(error).split("row ")[1].split(" ")[0])
    return None


def spoilt(x, exclude):
    """Lists with a row that repeats another, is itself, lies at the end of its window, descends, or has a gap."""
    good = neighbours(x, 4, exclude=exclude).idx[:, :3]
    far = neighbours(x, 4, exclude=exclude).idx[:, 3]
    for row, change in ((3, lambda row: [row[0], row[0], row[2]]), (5, lambda row: [5, *row[:2]]),
                        (6, lambda row: [*row[:2], 6 + exclude]), (7, lambda row: row[::-1]),
                        (8, lambda row: [*row[:2], far[8]])):
        idx = good.copy()
        idx[row] = change(good[row])
        yield row, idx
    yield None, good


@ledger.add("6.69", "law", refused, bound=0, wrong={
    "nothing refused": lambda x, idx, norm=2, exclude=0: None,
    "the first row": lambda x, idx, norm=2, exclude=0: None if refused(x, idx, norm, exclude) is None else 0,
    "window narrower": lambda x, idx, norm=2, exclude=0: refused(x, idx, norm, max(exclude - 1, 0))})
def first_wrong_row(refused, rng):
    """Five lists of fourteen points, each wrong in one row, without and with a window of two: that row is named."""
    x = points(rng, 14)
    return holds([refused(x, idx, exclude=exclude) == row for exclude in (0, 2) for row, idx in spoilt(x, exclude)])


@ledger.add("6.69", "law", refused, bound=0, wrong={
    "nothing refused": lambda x, idx, norm=2: None,
    "rows of a block": lambda x, idx, norm=2: (lambda row: row and row % 128)(refused(x, idx, norm))})
def wrong_in_a_later_block(refused, rng):
    """Of 150 points, more than a block of products holds, the last but ten has a gap in its list; both norms."""
    x, cases = points(rng, 150), []
    for norm in (2, np.inf):
        near = neighbours(x, 4, norm=norm).idx
        spoilt = near[:, :3].copy()
        spoilt[140, 2] = near[140, 3]
        cases += [refused(x, spoilt, norm) == 140, refused(x, near[:, :3], norm) is None]
    return holds(cases)


def in_order(x, y, idx):
    """Whether the distances are taken for ascending."""
    return refused_among(x, y, idx, 2) is None


def by_bits(x, y, idx):
    """Whether the distances ascend to the last bit."""
    far = np.sqrt(((x[:, None] - y[idx]) ** 2).sum(2))
    return bool((far[:, 1:] >= far[:, :-1]).all())


@ledger.add("6.69", "law", in_order, bound=0, wrong={
    "to the last bit": by_bits, "strictly ascending": lambda x, y, idx: in_order(x, y, idx) and not np.array_equal(
        *y[idx[0]]), "any order": lambda x, y, idx: True})
def equal_to_rounding(in_order, rng):
    """From 0, a point, its entries in another order and itself again change places; one farther by 1e-12 does not."""
    cases = []
    for point in rng.standard_normal((30, 3)):
        pairs = [(np.array([point, other]), wanted) for other, wanted in (
            (point[[1, 2, 0]], True), (point[::-1], True), (point, True), (0 * point, False),
            (point * (1 - 1e-12), False))]
        cases += [in_order(np.zeros((1, 3)), y, np.array([[0, 1]])) == wanted for y, wanted in pairs]
    return holds([*cases, in_order(np.zeros((1, 3)), np.zeros((2, 3)), np.array([[1, 0]]))])


def refused_among(x, y, idx, norm):
    """The first row of x that lacks one of its nearest points of y, or None."""
    try:
        verify_neighbours(x, idx, norm, among=y)
    except ValueError as error:
        return int(str(error).split("row ")[1].split(" ")[0])
    return None


@ledger.add("6.69", "law", refused_among, bound=0, wrong={
    "nothing refused": lambda x, y, idx, norm: None, "the row before": lambda x, y, idx, norm: (
        lambda row: row and row - 1)(refused_among(x, y, idx, norm))})
def missing_in_another_sample(refused, rng):
    """Eleven points and nine others of any size: a list whose last is not the third is refused, both norms."""
    one, other, cases = points(rng, 11), points(rng, 9), []
    for norm, size in ((2, 1.0), (np.inf, 1.0), (2, 2.0**-700), (2, 2.0**700), (np.inf, 2.0**1015)):
        x, y = size * one, size * other
        near = neighbours(x, 4, among=y, norm=norm).idx
        for row in range(11):
            idx = near[:, :3].copy()
            idx[row, 2] = near[row, 3]
            cases.append(refused(x, y, idx, norm) == row)
        cases.append(refused(x, y, near[:, :3], norm) is None)
    return holds(cases)


@ledger.add("6.42", "limit", lambda x, y: total_correlation([x, y], 1, method="ksg2").value, bound=1e-14, wrong={
    "extents wider by 1e-6": lambda x, y: total_correlation([np.round(x, 6), y], 1, method="ksg2").value,
    "first estimate": lambda x, y: total_correlation([x, y], 1, method="ksg1").value})
def beside_the_extent(estimate, rng):
    """A point lies beyond the extent of another by 3e-7 of it, and does not count: against exact rational numbers."""
    x, y = np.array([[0, 1, 1 + 3e-7, 5, 7.25]]).T, np.array([[0, 0.5, 9, 4, 6.125]]).T
    return gap(np.array(estimate(x, y)), np.array(float(exact_total_correlation([x, y], 1, "ksg2"))))
