"""Tests of independence by permutation: of rows, of blocks of a series, of rows that are near in a third variable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from refvae.entropy.information import Method, conditional_mutual_information, mutual_information
from refvae.entropy.neighbours import neighbours
from refvae.entropy.ties import jittered
from refvae.inputs import generator, matrix, same_shape, whole
from refvae.trees import Array

NEAR = 5  # rows near in z with which a row may change places


class IndependenceTest(NamedTuple):
    """The information of the data, in nats, the probability of so much under independence, and what was compared.

    null  (permutations,) the information of permuted data
    """

    statistic: float
    p_value: float
    null: Array


def independence_test(x: Any, y: Any, z: Any = None, *, permutations: int = 999, blocks: int = 1, k: int = 3,
                      method: Method = "ksg1", rng: np.random.Generator | int, **settings: Any) -> IndependenceTest:
    """Whether x and y are independent, given z if there is one.   x: (n, d), y: (n, e), z: (n, f)

    permutations  how many orders of the rows of x are drawn; p is at least 1 / (permutations + 1)        (6.65)
    blocks        of so many consecutive rows that are kept together, for series; not with z
    k, method     as in `mutual_information`, with further `settings` (without `ties`, `rng`)

    Without z, P(p <= a) <= a exactly if x has exchangeable rows, or blocks, given y (6.65). With z rows of x change
    places with rows near in z [Runge 2018], which is exact only as far as x has the same law there. Raises TypeError
    or ValueError for bad input.
    """
    rng = generator(rng)
    x, y = matrix(x, "x"), matrix(y, "y")
    same_shape(x[:, 0], y[:, 0], "a column of x and of y")
    permutations, n = whole(permutations, "permutations"), len(x)
    blocks = whole(blocks, "blocks", most=n // 2 if z is None else 1)
    if z is None:
        value: Callable[[Array], Any] = partial(mutual_information, y=y, k=k, method=method, **settings)
        draw = partial(block_order, n, blocks)
    else:
        z = matrix(z, "z")
        value = partial(conditional_mutual_information, y=y, z=z, k=k, **settings)
        apart = jittered(z - z.min(0), rng)  # so that rows of equal z have different near ones
        draw = partial(local_order, neighbours(apart, min(NEAR, n - 1), norm=np.inf).idx)
    null = np.array([value(x[draw(rng)]).value for _ in range(permutations)])
    statistic = value(x).value
    return IndependenceTest(statistic, p_value(statistic, null), null)


def p_value(statistic: float, null: Array) -> float:
    """(1 + the number of values of `null` that are not below) / (1 + their number).                      (6.65)"""
    return float((1 + np.sum(null >= statistic)) / (1 + len(null)))                                     # (6.65)


def block_order(n: int, size: int, rng: np.random.Generator) -> Array:
    """Rows 0..n-1 in blocks of `size` in random order; what is left at the end stays.                    (6.65)"""
    count = n // size                                                                                   # (6.65)
    moved = rng.permutation(count)[:, None] * size + np.arange(size)                                    # (6.65)
    return np.concatenate([moved.ravel(), np.arange(count * size, n)])                                  # (6.65)


def local_order(near: Array, rng: np.random.Generator) -> Array:
    """For each row one of its near ones (n, q) or itself, as far as possible each once [Runge 2018, algorithm 1]."""
    n = len(near)
    choices = rng.permuted(np.hstack([np.arange(n)[:, None], near]), axis=1).tolist()
    order, taken = [0] * n, [False] * n
    for i in rng.permutation(n).tolist():
        order[i] = next((j for j in choices[i] if not taken[j]), choices[i][-1])
        taken[order[i]] = True
    return np.array(order)
