"""The largest eigenvalues of X'X in a block Krylov space, which begins narrow and anew where values coincide."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from refvae.linear_ae.passes import Passes
from refvae.trees import Array

TOLERANCE = 1e-10  # residual, relative to its value, at which the iteration stops
FLOOR = 1e-13  # the same relative to the largest one: less is rounding error
CANCELLED = 1e-2  # of a product may be left beside the space before that is made orthogonal to it once more


class Ritz(NamedTuple):
    """Values (l,) of X'X times a power of four in a space, coordinates Z (size, l), residuals of the first k."""

    values: Array
    Z: Array
    residual: Array

    @property
    def wanted(self) -> Array:
        """What the residuals may be."""
        wanted: Array = np.maximum(TOLERANCE * self.values[:len(self.residual)], FLOOR * self.values[0])
        return wanted

    @property
    def known(self) -> int:
        """How many residuals are small, before the first that is not."""
        return int(np.append(self.residual <= self.wanted, False).argmin())


def complete(matrix: Passes, width: int, k: int, keep: int, most: int, rng: np.random.Generator) -> tuple[Array, Ritz]:
    """`krylov` from a random start of `width` columns, and of twice as many where that is too few.         (2.26b)

    With `keep` > k columns no value can be found as often as the start has columns.
    """
    while True:
        start = matrix.adjoint(rng.standard_normal((matrix.blocks.shape[0], width)))
        V, found = krylov(matrix, start, k, keep, most, rng)
        again = crowded(found, width)
        if width >= keep or (not again and found.known == k):
            return V, found
        width = min(2 * width, keep) if again else keep


def crowded(found: Ritz, width: int) -> bool:
    """Whether `width` of the known values are nearer to each other than the mean of one and its tolerance."""
    values = found.values[:found.known]
    last = values[values > FLOOR * found.values[0]][width - 1:]                                         # (2.26b)
    first = values[:len(last)]
    return bool((first - last <= np.sqrt(found.wanted[:len(last)] * first)).any())                      # (2.26b)


def krylov(matrix: Passes, start: Array, k: int, keep: int, most: int, rng: np.random.Generator) -> tuple[Array, Ritz]:
    """The `keep` best vectors for X'X in the span of `start` (n, b), X'X start, (X'X)^2 start, ...         (2.26a)

    It ends when the first k residuals are small, or b < keep values coincide, or after `most` products with a vector.
    A space of twice `keep` vectors is begun again from the best; where X'X leads no further, random vectors join.
    """
    b, unit = start.shape[1], 2.0 ** -max(int(np.frexp(np.abs(start).max())[1]), -1000)
    W, H = np.empty((len(start), 2 * keep + 2 * b), order="F"), np.zeros((0, 0))
    size, near, last = 0, b, matrix.count + most // b
    Q = linalg.qr(unit * start, mode="economic")[0]
    while True:
        W[:, size:size + b] = Q
        size += b
        V, P = W[:, :size], unit * matrix.both(unit * Q)[1]
        P, C = parted(P, V, near)
        H = np.block([[H, C[:-b]], [C[:-b].T, C[-b:]]])                                                 # (2.26a)
        Q, R = linalg.qr(P, mode="economic")                                                            # (2.26a)
        found = ritz(H, R, k, keep)
        if found.known == k or matrix.count >= last or (b < keep and crowded(found, b)):
            return V @ found.Z, found                                                                   # (2.26a)
        if np.abs(np.diag(R)).min() < CANCELLED * np.abs(C).max():
            Q = beside(Q, V, rng)
        near = 2 * b
        if size + b > W.shape[1]:
            near = keep + b
            W[:, :keep], H, size = V @ found.Z, np.diag(found.values), keep                             # (2.26a)


def parted(P: Array, V: Array, near: int) -> tuple[Array, Array]:
    """What is left of P beside V, and its coordinates in V; before the last `near` these are rounding errors."""
    N = V[:, -near:]
    C = N.T @ P                                                                                         # (2.26a)
    P = P - N @ C                                                                                       # (2.26a)
    D = V.T @ P                                                                                         # (2.26a)
    return P - V @ D, np.vstack([D[:-near], D[-near:] + C])                                             # (2.26a)


def ritz(H: Array, R: Array, k: int, keep: int) -> Ritz:
    """The `keep` largest eigenvalues of H with their vectors, and the norms of R times the ends of k of these."""
    values, Z = linalg.eigh(H)                                                                          # (2.26a)
    values, Z = values[:-keep - 1:-1], Z[:, :-keep - 1:-1]
    return Ritz(values, Z, np.linalg.norm(R @ Z[-len(R):, :k], axis=0))                                 # (2.26a)


def beside(Q: Array, V: Array, rng: np.random.Generator) -> Array:
    """Q, which is orthogonal to V but for rounding, made so; columns that were nothing but rounding are drawn."""
    lost = np.ones(Q.shape[1], bool)
    while lost.any():
        Q, R = linalg.qr(Q - V @ (V.T @ Q), mode="economic")
        lost = np.abs(np.diag(R)) < 0.5
        Q[:, lost] = rng.standard_normal((len(Q), lost.sum())) / len(Q) ** 0.5
    return Q
