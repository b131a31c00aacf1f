"""Evidence for columns brought to one scale: by powers of two, whitened, standardised, ranked."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from refvae.derivations.entropy.common import points
from refvae.entropy.columns import ranks, standardised, whitened
from refvae.entropy.scale import rescaled, unit_columns
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


@ledger.add("6.59", "identity", unit_columns, bound=0, wrong={
    "all columns alike": lambda x: (lambda e: (np.ldexp(x, -e), np.full(3, e)))(np.frexp(np.abs(x).max())[1]),
    "one power more": lambda x: (unit_columns(x)[0] / 2, unit_columns(x)[1] + 1)})
def columns_one_by_one(columns, rng):
    """Columns of size 1e-200, 1 and -1e200: the largest entry of each is in [1/2, 1), and times its power is x."""
    x = points(rng, 7) * [1e-200, 1.0, -1e200]
    unit, powers = columns(x)
    largest = np.abs(unit).max(0)
    return holds([*(largest >= 0.5), *(largest < 1), *(np.ldexp(unit, powers) == x).ravel(), powers.shape == (3,)])


@ledger.add("6.62", "oracle", ranks, bound=1e-15, wrong={
    "the lowest of equal ones": lambda x: stats.rankdata(x, "min", axis=0),
    "in the order of the rows": lambda x: stats.rankdata(x, "ordinal", axis=0),
    "of all columns together": lambda x: stats.rankdata(x).reshape(x.shape)})
def ranks_with_ties(ranks, rng):
    """scipy.stats.rankdata, column by column, where most values occur several times."""
    x = rng.integers(0, 5, (13, 3)).astype(float)
    return gap(ranks(x), stats.rankdata(x, axis=0))


@ledger.add("6.59", "law", rescaled, bound=0, wrong={
    "by the first alone": lambda a, b: (tuple(np.ldexp(each, -rescaled(a)[1]) for each in (a, b)), rescaled(a)[1]),
    "always": lambda a, b: (tuple(np.ldexp(each, 500 - np.frexp(np.abs([a, b]).max())[1]) for each in (a, b)),
                            int(np.frexp(np.abs([a, b]).max())[1]) - 500)})
def by_the_largest_of_both(rescaled, rng):
    """The largest entry of two samples, positive or negative, in either: 1e200 comes into [2^499, 2^500), 1e3 stays."""
    cases = []
    for sample, sign, size in ((s, t, u) for s in (0, 1) for t in (1, -1) for u in (1e200, 1e3)):
        pair = rng.standard_normal((2, 7, 3))
        pair[sample, 2, 1] = size * sign
        (a, b), e = rescaled(*pair)
        largest = max(np.abs(a).max(), np.abs(b).max())
        cases += [2.0**499 <= largest < 2.0**500 if size > 1e100 else (e == 0 and largest == size),
                  (np.ldexp([a, b], e) == pair).all()]
    return holds(cases)


def by_the_root(x):
    """Standardised columns times the inverse symmetric root of their correlations, through its eigenvectors."""
    z = stats.zscore(x)
    values, V = np.linalg.eigh(z.T @ z / len(z))
    return z @ (V / np.sqrt(values)) @ V.T, np.linalg.slogdet(np.cov(x.T, ddof=0))[1] / 2


@ledger.add("6.9", "identity", lambda x: whitened(x), wrong={
    "sign": lambda x: (-whitened(x)[0], whitened(x)[1]),
    "by the root of the covariance": lambda x: (
        (x - x.mean(0)) @ np.linalg.inv(linalg.sqrtm(np.cov(x.T, ddof=0))), whitened(x)[1]),
    "by a triangular root": lambda x: (
        (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, ddof=0))).T, whitened(x)[1])})
def by_the_root_of_the_correlations(white, rng):
    """The points themselves, and half the logarithm of the determinant of the covariance."""
    x = points(rng, 11)
    z, log_det = white(x)
    return gap((z, np.array(log_det)), (by_the_root(x)[0], np.array(by_the_root(x)[1])))


FAR_WRONG = {"centred by the rounded mean": lambda columns, x: (x - x.mean(0), 0.0),
             "not centred": lambda columns, x: columns(x * x)}


def far_away(columns, rng):
    """Integers below 64 and the same plus 2^40, so that their mean is rounded to 2^-12: the same bits."""
    x = rng.integers(0, 64, (9, 3)).astype(float)
    return gap(columns(x + 2.0**40), columns(x))


for number, change in (("6.9", whitened), ("6.61", standardised)):
    ledger.add(number, "law", change, bound=0, wrong={
        key: lambda x, change=change, wrong=wrong: wrong(change, x) for key, wrong in FAR_WRONG.items()})(far_away)


@ledger.add("6.9", "limit", whitened, bound=0, wrong={
    "constant columns by 1": lambda x: (x, 0.0), "NaN": lambda x: (x / x.std(0), 0.0)})
def constant_columns_are_refused(whitened, rng):
    """ValueError for each of three columns, constant at 0, at 1 or at 1e9; none without them."""
    refused = []
    for column, value in ((c, v) for c in range(3) for v in (0.0, 1.0, 1e9)):
        x = points(rng, 9)
        x[:, column] = value
        try:
            whitened(x)
            refused.append(False)
        except ValueError as error:
            refused.append("rank 2" in str(error))
    return holds([*refused, np.isfinite(whitened(points(rng, 9))[0]).all()])
