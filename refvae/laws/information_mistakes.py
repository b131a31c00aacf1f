"""Wrong estimators of mutual information, each with one mistake; the laws must find every one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.laws.entropy_knn import distances
from refvae.laws.information import catalogue
from refvae.trees import Array


def apart(x: Array) -> Array:
    """Distances to the n - 1 others in the maximum norm.   -> (n, n - 1)"""
    full = distances(x, np.inf)
    return full[~np.eye(len(x), dtype=bool)].reshape(len(x), -1)


def ksg1(x: Array, y: Array, k: int, *, joint: Any = np.maximum, count: Any = np.less, psi: Any = digamma,
         top: int = 0, shrink: Any = lambda eps: eps, add: int = 1) -> float:
    """The first estimate, with places where a mistake can be put in."""
    dx, dy, n = apart(x), apart(y), len(x)
    eps = shrink(np.sort(joint(dx, dy), axis=1)[:, k - 1:k])
    counts = [count(each, eps).sum(1) + add for each in (dx, dy)]
    return float(psi(k) + psi(n - top) - np.mean([psi(c) for c in counts], axis=1).sum())


def ksg2(x: Array, y: Array, k: int, *, extra: bool = True, one: bool = False, count: Any = np.less_equal) -> float:
    """The second estimate, likewise."""
    dx, dy, n = apart(x), apart(y), len(x)
    near = np.argsort(np.maximum(dx, dy), axis=1)[:, :k]
    spans = [np.take_along_axis(each, near, 1).max(1, keepdims=True) for each in (dx, dy)]
    spans = [np.maximum(*spans)] * 2 if one else spans
    counts = [count(each, span).sum(1) for each, span in zip((dx, dy), spans, strict=True)]
    return float(digamma(k) - extra / k + digamma(n) - np.mean([digamma(c) for c in counts], axis=1).sum())


for _name, _wrong in {
        "bits for nats": lambda x, y, k: ksg1(x, y, k) / np.log(2),
        "sign": lambda x, y, k: -ksg1(x, y, k),
        "cut off at 0": lambda x, y, k: max(ksg1(x, y, k), 0.0),
        "logarithms for digammas": lambda x, y, k: ksg1(x, y, k, psi=np.log),
        "psi(n - 1) for psi(n)": lambda x, y, k: ksg1(x, y, k, top=1),
        "counts with ends for counts without": lambda x, y, k: ksg1(x, y, k, count=np.less_equal),
        "1e-15 taken off the radius": lambda x, y, k: ksg1(x, y, k, shrink=lambda e: e - 1e-15, count=np.less_equal),
        "Euclidean distances in the joint space": lambda x, y, k: ksg1(x, y, k, joint=np.hypot),
        "x weighs more than y": lambda x, y, k: ksg1(2 * x, y, k),
        "one radius of the two": lambda x, y, k: ksg1(x, y, k, joint=lambda a, b: a),
        "terms of one variable forgotten": lambda x, y, k: ksg1(x, y, k) + float(digamma(len(x)) - digamma(k)),
        "logarithm of |x| for x": lambda x, y, k: ksg1(np.abs(x - 0.25), y, k),
        "moments about 0": lambda x, y, k: ksg1(x / np.sqrt((x * x).mean(0)), y / np.sqrt((y * y).mean(0)), k),
        "jitter of a fixed size": lambda x, y, k: ksg1(x + 1e-10 * np.random.default_rng(0).random(x.shape), y, k),
        "single precision": lambda x, y, k: ksg1(x.astype(np.float32), y.astype(np.float32), k)}.items():
    catalogue.mistake(_name)(_wrong)

for _name, _wrong in {
        "1/k forgotten": lambda x, y, k: ksg2(x, y, k, extra=False),
        "counts without ends for counts with": lambda x, y, k: ksg2(
            x, y, k, count=lambda d, span: np.maximum(d < span, d == 0)),
        "one radius for both spaces": lambda x, y, k: ksg2(x, y, k, one=True)}.items():
    catalogue.mistake(_name, method="ksg2")(_wrong)


@catalogue.mistake("ties broken by the order of rows")
def by_rows(x: Array, y: Array, k: int) -> float:
    """The last row is left out."""
    return ksg1(x[:-1], y[:-1], min(k, len(x) - 2))


@catalogue.mistake("uncentred products for distances")
def products(x: Array, y: Array, k: int) -> float:
    """Numbers as they come out of x^2 - 2 x y + y^2."""
    def rounded(a: Array) -> Array:
        return np.asarray((a * 1e8).astype(np.float32).astype(float))
    return ksg1(rounded(x), rounded(y), k)


@catalogue.mistake("unsigned differences")
def unsigned(x: Array, y: Array, k: int) -> float:
    """x - y in the type of x."""
    dx, dy = (np.abs(a[:, None] - a).max(2) for a in (x, y))
    off = ~np.eye(len(x), dtype=bool)
    dx, dy = dx[off].reshape(len(x), -1), dy[off].reshape(len(x), -1)
    eps = np.sort(np.maximum(dx, dy), axis=1)[:, k - 1:k]
    return float(digamma(k) + digamma(len(x)) - sum(digamma((d < eps).sum(1) + 1).mean() for d in (dx, dy)))
