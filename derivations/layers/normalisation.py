"""Evidence for batch normalisation, (1.18) to (1.21) and (1.31)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.derivations.layers.common import one, times
from refvae.evidence import Ledger, gap, order, vanishes
from refvae.layers import (
    batch_norm,
)

ledger = Ledger()


def with_eps(eps):
    """batch_norm with its eps bound, as a one-argument layer."""
    return lambda x: batch_norm(x, eps)


NORM_VALUES = {"variance with 1/(n-1)": lambda x, eps=0.0: (batch_norm(x, eps)[0] * np.sqrt(1 - 1 / len(x)), None),
               "mean not subtracted": lambda x, eps=0.0: (x / np.sqrt(x.var(0) + eps), None),
               "eps outside the root": lambda x, eps=0.0: ((x - x.mean(0)) / (x.std(0) + eps), None)}


@ledger.add("1.18", "law", batch_norm, exact=True, wrong=NORM_VALUES)
def moments(norm, rng):
    """Mean 0 and mean square 1 - eps / sigma^2, for eps = 0.3."""
    x = 2 + 3 * rng.standard_normal((7, 6))
    y = norm(x, 0.3)[0]
    return gap(np.vstack([1 + y.mean(0), (y * y).mean(0)]), np.vstack([np.ones(6), 1 - 0.3 / (x.var(0) + 0.3)]))


@ledger.add("1.18", "oracle", batch_norm, bound=1e-12, wrong={
    key: NORM_VALUES[key] for key in ("variance with 1/(n-1)", "mean not subtracted")})
def scipy_zscore(norm, rng):
    """scipy.stats.zscore at eps = 0."""
    x = 2 + 3 * rng.standard_normal((7, 6))
    return gap(norm(x)[0], stats.zscore(x, axis=0))


def norm_slope(eps, formula):
    """Batch norm whose gradient is formula(dy, y, sigma)."""
    def wrong(x):
        return batch_norm(x, eps)[0], lambda dy: formula(dy, batch_norm(x, eps)[0], np.sqrt(x.var(0) + eps))

    return wrong


def norm_slopes(eps):
    """Named wrong gradients of batch norm."""
    return {"without the y term": norm_slope(eps, lambda dy, y, sigma: (dy - dy.mean(0)) / sigma),
            "without the mean term": norm_slope(eps, lambda dy, y, sigma: (dy - y * (dy * y).mean(0)) / sigma),
            "statistics taken for constants": norm_slope(eps, lambda dy, y, sigma: dy / sigma),
            "sum for mean": norm_slope(eps, lambda dy, y, sigma: (dy - dy.sum(0) - y * (dy * y).sum(0)) / sigma)}


def any_eps(wrongs):
    """The same wrong versions, called with an eps that they already know."""
    return {name: (lambda known: lambda x, eps: known(x))(wrong) for name, wrong in wrongs.items()}


for eps in (0.0, 0.3):
    ledger.adjoint("1.19", with_eps(eps), one(7, 6), name=f"eps_{eps:g}", wrong=norm_slopes(eps))


def long_chain(x, eps, dy):
    """Steps 1 to 4 of the proof of (1.19), each a line, nothing simplified."""
    n, c = len(x), x - x.mean(0)
    v = (c * c).mean(0) + eps
    dsigma = -(dy * c).sum(0) / v
    dv = dsigma / (2 * np.sqrt(v))
    dc = dy / np.sqrt(v) + dv * 2 * c / n
    return dc - dc.sum(0) / n


@ledger.add("1.19", "identity", batch_norm, exact=True, wrong=any_eps(norm_slopes(0.3)))
def chain_against_formula(norm, rng):
    """The long chain of the proof, one cotangent after the other, at eps = 0.3."""
    x, dy = rng.standard_normal((7, 6)), rng.standard_normal((7, 6))
    return gap(norm(x, 0.3)[1](dy), long_chain(x, 0.3, dy))


@ledger.add("1.20", "law", with_eps(0.0), exact=True, wrong=norm_slopes(0.0))
def orthogonal(norm, rng):
    """<dx, 1> and <dx, y> relative to the sums of their absolute terms, for Gaussian dy."""
    y, pull = norm(rng.standard_normal((7, 6)))
    dx = pull(rng.standard_normal((7, 6)))
    return vanishes(np.hstack([dx, dx * y]))


@ledger.add("1.20", "identity", with_eps(0.0), wrong={"eps = 0.1": with_eps(0.1),
                                                      "only the mean removed": lambda x: (x - x.mean(0), None)})
def invariant(norm, rng):
    """The cause: y does not change when x becomes 3.7 x - 11, so the gradient is orthogonal to that motion."""
    x = rng.standard_normal((7, 6))
    return gap(norm(3.7 * x - 11)[0], norm(x)[0])


@ledger.add("1.21", "identity", batch_norm, exact=True, wrong={
    "as if eps were 0": lambda x, eps: (batch_norm(x, eps)[0], batch_norm(x)[1]),
    **any_eps(norm_slopes(0.3))})
def component_left(norm, rng):
    """<dx, 1> against 0 and <dx, y> against eps/sigma^2 <dy, y>/sigma, column by column."""
    x, dy = rng.standard_normal((7, 6)), rng.standard_normal((7, 6))
    y, pull = norm(x, 0.3)
    sigma = np.sqrt(x.var(0) + 0.3)
    return gap((1 + pull(dy).sum(0), (pull(dy) * y).sum(0)), (np.ones(6), 0.3 / sigma**3 * (dy * y).sum(0)))


@ledger.add("1.21", "rate", batch_norm, bound=0.01, wrong={
    "gradient without the y term": lambda x, eps: (batch_norm(x, eps)[0], norm_slopes(eps)["without the y term"](x)[1]),
    "eps squared": lambda x, eps: batch_norm(x, eps**2)})
def first_order(norm, rng):
    """The component left falls like eps, over eps = 1e-3 ... 1e-7."""
    x, dy, steps = rng.standard_normal((7, 6)), rng.standard_normal((7, 6)), 10.0 ** -np.arange(3, 8)
    sizes = [np.linalg.norm((norm(x, eps)[1](dy) * norm(x, eps)[0]).sum(0)) for eps in steps]
    return order(steps, np.array(sizes), 1)


@ledger.add("1.31", "law", batch_norm, exact=True, wrong={"statistics taken for constants": lambda x: (
    batch_norm(x)[0], lambda dy: dy / x.std(0)), "mean term lost": norm_slopes(0.0)["without the mean term"]})
def ones_are_annihilated(norm, rng):
    """pull(dy + 1) is pull(dy): ones add nothing."""
    x, dy = rng.standard_normal((2, 7, 6))
    pull = norm(x)[1]
    return gap(pull(dy + 1), pull(dy))


@ledger.add("1.31", "identity", batch_norm, exact=True,
            wrong={**any_eps(norm_slopes(0.3)), "scaled by 2": times(batch_norm, 2)})
def what_ones_cannot_see(norm, rng):
    """pull and pull' are 0 for ones, and pull' - pull is y <dy y> / sigma for a Gaussian dy, at eps = 0.3."""
    x, dy, ones = *rng.standard_normal((2, 7, 6)), np.ones((7, 6))
    y, pull = norm(x, 0.3)
    sigma = np.sqrt(x.var(0) + 0.3)
    lost = lambda dy: (dy - dy.mean(0)) / sigma
    return gap((1 + pull(ones), 1 + lost(ones), lost(dy) - pull(dy)), (ones, ones, y * (dy * y).mean(0) / sigma))
