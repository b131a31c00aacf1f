"""Evidence for rectangles, (4.25), (4.26)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.geometry.common import codes
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.geometry import kl_uniform_normal, kl_uniforms

ledger = Ledger()

ledger.adjoint("4.25", kl_uniform_normal, codes, wrong={
    "entropy without gradient": spoiled(kl_uniform_normal, lambda d: (d[0], d[1] + 1)),
    "by the half, not by its log": lambda mid, loghalf: spoiled(kl_uniform_normal, lambda d: (
        d[0], d[1] / np.exp(loghalf)))(mid, loghalf),
    "doubled": spoiled(kl_uniform_normal, lambda d: (2 * d[0], d[1]))})


def closed(mid=0.5, square=1 / 6, two=2.0):
    """The closed form with other constants."""
    return lambda m, r: ((mid * m * m + square * np.exp(2 * r) + np.log(2 * np.pi) / 2 - np.log(two) - r).sum(-1), None)


BOX_WRONG = {"variance h^2 for h^2 / 3": closed(square=0.5), "width h for 2 h": closed(two=1.0),
             "m^2": closed(mid=1.0), "variance h^2 / 12": closed(square=1 / 24)}


@ledger.add("4.25", "identity", kl_uniform_normal, exact=True, wrong=BOX_WRONG)
def simpson(kl, rng):
    """The integral of log(uniform / normal density) by Simpson's rule, which is exact for a parabola."""
    mid, loghalf = codes(rng)
    half = np.exp(loghalf)
    ends, middle = (mid - half) ** 2 + (mid + half) ** 2, mid**2
    mean = (ends + 4 * middle) / 12 + np.log(2 * np.pi) / 2 - np.log(2) - np.log(half)
    return gap(kl(mid, loghalf)[0], mean.sum(1))


@ledger.add("4.25", "oracle", kl_uniform_normal, bound=5e-7, wrong={
    key: wrong for key, wrong in BOX_WRONG.items() if key != "m^2"})
def never_zero(kl, rng):
    """The least over a grid of m and log h that contains 0 and log sqrt 3 is at these, and is 0.1764852."""
    m, r = np.meshgrid(np.linspace(-1, 1, 21), np.log(3) / 2 + np.linspace(-1, 1, 21))
    values = kl(m[..., None], r[..., None])[0]
    at = np.unravel_index(values.argmin(), values.shape)
    return gap(np.array([values.min(), 1 + m[at], np.exp(2 * r[at])]), np.array([0.1764852, 1, 3]))


NESTED_WRONG = {"always finite": lambda a, h, b, g: np.log(g / h).sum(-1),
                "the other way": lambda a, h, b, g: kl_uniforms(b, g, a, h),
                "centre inside is enough": lambda a, h, b, g: np.where(
                    (np.abs(a - b) < g).all(-1), np.log(g / h).sum(-1), np.inf),
                "one axis inside is enough": lambda a, h, b, g: np.where(
                    (np.abs(a - b) + h <= g).any(-1), np.log(g / h).sum(-1), np.inf)}


def boxes(rng):
    """60 pairs of boxes in the plane, with sides in eighths; about a third nested."""
    return (rng.integers(-4, 5, (60, 2)) / 8, rng.integers(1, 9, (60, 2)) / 8,
            rng.integers(-4, 5, (60, 2)) / 8, rng.integers(6, 13, (60, 2)) / 8)


@ledger.add("4.26", "identity", kl_uniforms, wrong=NESTED_WRONG)
def cell_by_cell(kl, rng):
    """Sum over cells of side 1/8 of q log(q/p), infinite as soon as a cell has q > 0 = p: e^-KL for 60 pairs."""
    a, h, b, g = boxes(rng)
    cells = (np.arange(-24, 24) + 0.5) / 8
    want = []
    for i in range(60):
        q, p = (np.ones(()) for _ in range(2))
        q = np.multiply.outer(*((np.abs(cells - a[i, j]) < h[i, j]) / (16 * h[i, j]) for j in range(2)))
        p = np.multiply.outer(*((np.abs(cells - b[i, j]) < g[i, j]) / (16 * g[i, j]) for j in range(2)))
        want.append(np.inf if (p[q > 0] == 0).any() else (q[q > 0] * np.log(q[q > 0] / p[q > 0])).sum())
    return gap(np.exp(-kl(a, h, b, g)), np.exp(-np.array(want)))


@ledger.add("4.26", "law", kl_uniforms, bound=0, wrong={
    "centres enter": lambda a, h, b, g: kl_uniforms(a, h, b, g) + ((a - b) ** 2).sum(-1),
    **{key: NESTED_WRONG[key] for key in ("always finite", "centre inside is enough")}})
def no_pull_towards_the_centre(kl, rng):
    """A box inside the other costs the same wherever it is, so its centre has no gradient; half outside, infinity."""
    inside, h, g = rng.uniform(-0.5, 0.5, (8, 5, 2)), np.full((8, 5, 2), 0.25), np.ones((8, 5, 2))
    beyond = np.stack([np.full((8, 5), 0.9), inside[..., 1]], -1)
    return holds([*(kl(inside, h, 0 * h, g) == kl(0 * h, h, 0 * h, g)), *np.isinf(kl(beyond, h, 0 * h, g))])
