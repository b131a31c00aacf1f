"""Divergences E_p f(q/p) with their conjugates and best critics: what a critic on samples bounds from below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import lambertw, xlogy

from refvae.inputs import in_range, same_shape, vector
from refvae.trees import Array


class FDivergence(NamedTuple):
    """A convex f with f(1) the value at q = p; its conjugate sup_{u >= 0} (t u - f(u)); its slope, the best critic.

    All act elementwise: f and critic on u = q/p > 0, conjugate on t up to `top`, which the critic stays below.
    """

    f: Callable[[Array], Array]
    conjugate: Callable[[Array], Array]
    critic: Callable[[Array], Array]
    top: float


def _smooth() -> dict[str, FDivergence]:
    """The table of (10.24), without the one that has a corner."""
    return {
        "forward KL": FDivergence(  # KL(q || p)
            lambda u: xlogy(u, u), lambda t: np.exp(t - 1), lambda u: 1 + np.log(u), np.inf),           # (10.24)
        "reverse KL": FDivergence(  # KL(p || q)
            lambda u: -np.log(u), lambda t: -1 - np.log(-t), lambda u: -1 / u, 0.0),                    # (10.24)
        "Pearson": FDivergence(  # sum of (q - p)^2 / p
            lambda u: (u - 1) ** 2, lambda t: np.where(t < -2, -1, t * t / 4 + t),                      # (10.24)
            lambda u: 2 * (u - 1), np.inf),                                                             # (10.24)
        "Neyman": FDivergence(  # sum of (q - p)^2 / q
            lambda u: (u - 1) ** 2 / u, lambda t: 2 - 2 * np.sqrt(1 - t), lambda u: 1 - u**-2.0, 1.0),  # (10.24)
        "squared Hellinger": FDivergence(
            lambda u: (np.sqrt(u) - 1) ** 2, lambda t: t / (1 - t), lambda u: 1 - u**-0.5, 1.0),        # (10.24)
        "Jensen-Shannon": FDivergence(  # twice
            lambda u: xlogy(u, u) - (u + 1) * np.log((u + 1) / 2), lambda t: -np.log(2 - np.exp(t)),    # (10.24)
            lambda u: np.log(2 * u / (u + 1)), float(np.log(2))),                                       # (10.24)
        "GAN": FDivergence(  # twice Jensen-Shannon - log 4
            lambda u: xlogy(u, u) - (u + 1) * np.log(u + 1), lambda t: -np.log(-np.expm1(t)),           # (10.24)
            lambda u: -np.log1p(1 / u), 0.0)}                                                           # (10.24)


def _total_variation() -> FDivergence:
    """Half the sum of |q - p|; at the corner the critic is 0.                                           (10.24)"""
    return FDivergence(lambda u: abs(u - 1) / 2, lambda t: np.maximum(t, -0.5),                         # (10.24)
                       lambda u: np.sign(u - 1) / 2, 0.5)                                               # (10.24)


def _mixture() -> FDivergence:
    """KL((p + q)/2 || q), whose conjugate has the lower branch of Lambert's function.                    (10.25)"""
    def conjugate(t: Array) -> Array:
        v = -lambertw(-2 * np.exp(2 * t - 1), -1).real                                                  # (10.25)
        return np.asarray(-(1 + np.log(v / 2)) / 2)                                                     # (10.25)

    return FDivergence(lambda u: (1 + u) / 2 * np.log((1 + u) / (2 * u)), conjugate,                    # (10.25)
                       lambda u: (np.log((1 + u) / (2 * u)) - 1 / u) / 2, float(-np.log(2) / 2))        # (10.25)


f_divergences: dict[str, FDivergence] = {
    **_smooth(), "total variation": _total_variation(), "mixture": _mixture()}


@in_range
def f_divergence(name: str, q: Any, p: Any) -> float:
    """E_p f(q/p) for positive laws (n,); raises ValueError for other input.                   (10.23)"""
    f, (q, p) = _named(name), _pair(q, p)
    return float(p @ f.f(q / p))                                                                        # (10.23)


@in_range
def critic_bound(name: str, q: Any, p: Any, critic: Any) -> float:
    """E_q T - E_p f*(T) <= E_p f(q/p), for critics T (n,) up to `top`; raises as `f_divergence`.          (10.23)"""
    f, (q, p) = _named(name), _pair(q, p)
    t = vector(critic, "critic", len(q))
    if not (t <= f.top).all():
        raise ValueError(f"critic: got values up to {t.max()}, wanted them up to {f.top}")
    with np.errstate(divide="ignore"):  # at `top` the bound may be -infinity
        return float(q @ t - p @ f.conjugate(t))                                                        # (10.23)


def _named(name: Any) -> FDivergence:
    if not isinstance(name, str) or name not in f_divergences:
        raise ValueError(f"name: got {name!r}, wanted one of {', '.join(f_divergences)}")
    return f_divergences[name]


def _pair(q: Any, p: Any) -> tuple[Array, Array]:
    a, b = vector(q, "q"), vector(p, "p")
    same_shape(a, b, "q and p")
    for each in (a, b):
        if each.min() <= 0 or abs(each.sum() - 1) > 1e-9:
            raise ValueError(f"q, p: got a least entry {each.min()} and the sum {each.sum()}, wanted positive laws")
    return a, b
