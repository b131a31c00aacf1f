"""Laws of truncated singular value decompositions: f(X, k) -> U, s, Vt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

SHAPES = ((6, 4, 2), (4, 7, 3), (40, 9, 5), (9, 40, 1), (60, 60, 4))


@dataclass(frozen=True)
class SVDSubject:
    """A decomposition f(X (m, n), k) -> U (m, k), s (k,), Vt (k, n).   tol: relative to the largest singular value"""

    f: Callable[..., Any]
    tol: float = 1e-8

    def __call__(self, X: Array, k: int) -> tuple[Array, Array, Array]:
        """The three factors."""
        U, s, Vt = self.f(X, k)
        return np.asarray(U, float), np.asarray(s, float), np.asarray(Vt, float)

    def matrices(self, rng: np.random.Generator) -> Iterator[tuple[Array, int]]:
        """Matrices with singular values 1, 1/2, 1/4, ... and an order."""
        for m, n, k in SHAPES:
            r = min(m, n)
            left, right = (np.linalg.qr(rng.standard_normal((size, r)))[0] for size in (m, n))
            yield (left * 0.5 ** np.arange(r)) @ right.T, k


catalogue = Catalogue("svd", SVDSubject)


def check_svd(f: Callable[..., Any], *, tol: float = 1e-8, expected_failures: Mapping[str, str] | None = None,
              seed: int = 0) -> LawReport:
    """Hold a truncated singular value decomposition, f(X (m, n), k) -> U, s, Vt, to the laws of chapter 2.

    tol  the error that it promises, relative to the largest singular value. Signs of vectors are free.
    """
    return catalogue.check(f, expected_failures, seed, tol=tol)


@catalogue.law("2.4", "singular values of X^2", "smallest for largest", "values of the centred matrix",
               "too few iterations")
def the_largest_values(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """s holds the k largest singular values, descending."""
    for X, k in f.matrices(rng):
        want = np.linalg.svd(X, compute_uv=False)[:k]
        yield Case(f"f(X, {k})[1]", {"X": X}, f(X, k)[1], want, f.tol * want[0])


@catalogue.law("2.5", "vectors not normalised", "scaled left vectors")
def orthonormal_vectors(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """U'U and Vt Vt' are the identity."""
    for X, k in f.matrices(rng):
        U, _, Vt = f(X, k)
        for name, gram in (("U.T @ U", U.T @ U), ("Vt @ Vt.T", Vt @ Vt.T)):
            yield Case(f"U, s, Vt = f(X, {k}); {name}", {"X": X}, gram, np.eye(k), 100 * f.tol)


@catalogue.law("2.5", "signs of left and right vectors apart", "right vectors in another order",
               "values of the centred matrix", "too few iterations")
def the_vectors_belong_to_the_values(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """X V = U s and U' X = s Vt."""
    for X, k in f.matrices(rng):
        U, s, Vt = f(X, k)
        yield Case(f"U, s, Vt = f(X, {k}); X @ Vt.T", {"X": X}, X @ Vt.T, U * s, 100 * f.tol)
        yield Case(f"U, s, Vt = f(X, {k}); U.T @ X", {"X": X}, U.T @ X, s[:, None] * Vt, 100 * f.tol)


@catalogue.law("2.4", "smallest for largest", "values of the centred matrix", "signs of left and right vectors apart")
def the_rest_is_the_tail(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Eckart and Young: X less U s Vt has the norm of the values left out, and nothing of rank k comes nearer."""
    for X, k in f.matrices(rng):
        U, s, Vt = f(X, k)
        tail = np.linalg.norm(np.linalg.svd(X, compute_uv=False)[k:])
        yield Case(f"U, s, Vt = f(X, {k}); np.linalg.norm(X - U * s @ Vt)", {"X": X},
                   float(np.linalg.norm(X - U * s @ Vt)), float(tail), 100 * f.tol)


@catalogue.law("2.27", "products that overflow", "single precision", "absolute tolerance")
def powers_of_two(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """A factor 2^m multiplies the values, at any scale."""
    for X, k in f.matrices(rng):
        for m in (20, -60, 540, -540):
            want = np.linalg.svd(X, compute_uv=False)[:k]
            yield Case(f"f(2.0**{m} * X, {k})[1] / 2.0**{m}", {"X": X}, f(2.0**m * X, k)[1] / 2.0**m, want, f.tol)


@catalogue.law("2.10", "rows in a fixed order")
def rows_and_columns_in_any_order(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Exchanging rows or columns, or transposing, leaves the values."""
    for X, k in f.matrices(rng):
        s = f(X, k)[1]
        for code, Y in (("X[::-1]", X[::-1]), ("X[:, ::-1]", X[:, ::-1]), ("X.T", X.T)):
            yield Case(f"f({code}, {k})[1]", {"X": X}, f(np.ascontiguousarray(Y), k)[1], s, 2 * f.tol)


@catalogue.law("2.25", "single precision", "root of a negative number")
def small_values_beside_large_ones(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """A rank lower than k gives values of 0 up to rounding, not NaN."""
    X = np.outer(rng.standard_normal(9), rng.standard_normal(6))
    got = f(X, 3)[1]
    yield Case("f(X, 3)[1]", {"X": X}, got, [np.linalg.norm(X), 0, 0], f.tol * np.linalg.norm(X))


@catalogue.law("2.24", "integers that overflow")
def whole_numbers_in_any_type(f: SVDSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Whole numbers in float32 have the values that they have in float64."""
    X = rng.integers(0, 250, (12, 7))
    want = f(X.astype(float), 3)[1]
    single = X.astype(np.float32)
    yield Case("f(X, 3)[1]", {"X": single}, f(single, 3)[1], want, max(f.tol, 1e-6) * want[0])


# Wrong versions


def _svd(X: Array, k: int) -> tuple[Array, Array, Array]:
    U, s, Vt = np.linalg.svd(np.asarray(X, float), full_matrices=False)
    return U[:, :k], s[:k], Vt[:k]


def _changed(change: Callable[..., Any]) -> Callable[..., Any]:
    return lambda X, k: change(*_svd(X, k))


def _gram(X: Array, k: int) -> tuple[Array, Array, Array]:
    values, vectors = np.linalg.eigh(X.T @ X)
    V, s = vectors[:, ::-1][:, :k], np.sqrt(np.maximum(values[::-1][:k], 0))
    return X @ V / s, s, V.T


def _gram_roots(X: Array, k: int) -> tuple[Array, Array, Array]:
    values, vectors = np.linalg.eigh(X.T @ X - 1e-15 * np.trace(X.T @ X) * np.eye(X.shape[1]))
    V, s = vectors[:, ::-1][:, :k], np.sqrt(values[::-1][:k])
    return X @ V / s, s, V.T


def _smallest(X: Array, k: int) -> tuple[Array, Array, Array]:
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return U[:, -k:], s[-k:], Vt[-k:]


def _rough(X: Array, k: int) -> tuple[Array, Array, Array]:
    Q = np.linalg.qr(X @ np.random.default_rng(0).standard_normal((X.shape[1], k)))[0]
    U, s, Vt = _svd(Q.T @ X, k)
    return Q @ U, s, Vt


def _floored(X: Array, k: int) -> tuple[Array, Array, Array]:
    U, s, Vt = _svd(X, k)
    return U, np.where(s < 1e-10, 0, s), Vt


for _name, _wrong in {
        "singular values of X^2": _changed(lambda U, s, Vt: (U, s**2, Vt)),
        "smallest for largest": _smallest,
        "values of the centred matrix": lambda X, k: _svd(X - X.mean(0), k),
        "too few iterations": _rough,
        "vectors not normalised": _changed(lambda U, s, Vt: (U, s, 2 * Vt)),
        "scaled left vectors": _changed(lambda U, s, Vt: (U * s, s, Vt)),
        "signs of left and right vectors apart": _changed(lambda U, s, Vt: (np.abs(U), s, Vt)),
        "right vectors in another order": _changed(lambda U, s, Vt: (U, s, Vt[::-1] if len(Vt) > 1 else -Vt)),
        "products that overflow": _gram,
        "root of a negative number": _gram_roots,
        "single precision": lambda X, k: _svd(X.astype(np.float32), k),
        "absolute tolerance": _floored,
        "rows in a fixed order": lambda X, k: _svd(X[:max(k, len(X) * 3 // 4)], k),
        "integers that overflow": lambda X, k: _svd(X.astype(np.uint8) if X.dtype == np.float32 else X / 2, k)}.items():
    catalogue.mistake(_name)(_wrong)
