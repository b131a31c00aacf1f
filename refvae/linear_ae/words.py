"""What a reconstruction of low rank means: words not seen yet, clusters, topics. Numbers: derivations/linear_ae.md."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from refvae.inputs import generator, matrix, real, same_shape, vector, whole
from refvae.linear_ae.svd import truncated_svd
from refvae.trees import Array

ROUNDING = 9  # decimals of the largest weight; what differs by less is tied, for rounding errors rank nothing


class ThreeFactors(NamedTuple):
    """A (n, k), table P (k, ell), Q (ell, d): X is nearly A P Q.   (2.30)"""

    A: Array
    P: Array
    Q: Array


class Lexicon(NamedTuple):
    """X (n, n): 1 for a word that was seen; its expectation; the pairs that are words but hidden, and no words."""

    X: Array
    mean: Array
    hidden: Array
    illegal: Array


def complete(X: Array, k: int, rng: np.random.Generator | int = 0) -> Array:
    """The reconstruction of nonnegative data from k numbers a row, negative entries set to 0.              (2.28)

    X: (n, d) entries >= 0, 1 <= k <= min(n, d) -> (n, d). Raises TypeError or ValueError for other input.
    """
    X = matrix(X, "X")
    _nonnegative(X, "X")
    U, s, Vt = _svd(X, k, rng)
    completed: Array = np.maximum(U * s @ Vt, 0)                                                        # (2.28)
    return completed


def three_factors(X: Array, k: int, ell: int, rng: np.random.Generator | int = 0) -> ThreeFactors:
    """The best A P Q with inner sizes k and ell, both in [1, min(n, d)], for X (n, d).                     (2.30)

    The columns of A and the rows of Q are singular vectors, P holds the singular values; what goes beyond the smaller
    of k and ell is 0. Raises TypeError or ValueError for other input.
    """
    X = matrix(X, "X")
    r = min(whole(size, name, most=min(X.shape)) for size, name in ((k, "k"), (ell, "ell")))
    U, s, Vt = _svd(X, r, rng)                                                                          # (2.30)
    return ThreeFactors(np.pad(U, ((0, 0), (0, k - r))), np.pad(np.diag(s), ((0, k - r), (0, ell - r))),  # (2.30)
                        np.pad(Vt, ((0, ell - r), (0, 0))))                                             # (2.30)


def auc(high: Array, low: Array) -> float:
    """How often a number of `high` (n,) exceeds one of `low` (m,), ties counted half.                      (2.31)

    Raises TypeError or ValueError for other input, an empty one too. [Mann & Whitney 1947]
    """
    high, low = vector(high, "high"), vector(low, "low")
    pool = np.sort(np.concatenate([high, low]))                                                         # (2.31)
    ranks = (np.searchsorted(pool, high) + np.searchsorted(pool, high, "right") + 1) / 2                # (2.31)
    return float(ranks.sum() - len(high) * (len(high) + 1) / 2) / (len(high) * len(low))                # (2.31)


def hidden_lexicon(rng: np.random.Generator | int, n: int = 80, classes: int = 4, share: float = 0.3) -> Lexicon:
    """A lexicon of n first and n second parts, each in one of `classes`, some of whose words are hidden.   (2.32)

    Part i is in class i mod `classes`. Which classes go together is an invertible random table of zeros and ones; each
    of the words, independently, is hidden with probability `share`. ValueError unless 0 < share < 1 <= classes <= n.
    """
    rng, classes = generator(rng), whole(classes, "classes")
    share = real(share, "share", above=0, below=1)
    classes_of = np.arange(whole(n, "n", least=classes)) % classes
    while np.linalg.matrix_rank(table := rng.integers(0, 2, (classes, classes))) < classes:
        pass
    legal = table[np.ix_(classes_of, classes_of)] == 1                                                  # (2.32)
    hidden = legal & (rng.random((n, n)) < share)
    mean = (1 - share) * legal                                                                          # (2.32)
    return Lexicon((legal & ~hidden).astype(float), mean, hidden, ~legal)


def hold_out(counts: Any, share: float, rng: np.random.Generator | int) -> tuple[Any, Array]:
    """Each nonzero count set to 0 with probability `share`: what is left, (n, d) sparse, and where, (n, d) bool."""
    N, rng = _counts(counts), generator(rng)
    share = real(share, "share", above=0, below=1)
    kept = N.copy()
    kept.data[rng.random(N.nnz) < share] = 0
    kept.eliminate_zeros()
    return kept, (N != kept).toarray()


def recovery_auc(X: Array, hidden: Array, absent: Array, k: int, rng: np.random.Generator | int = 0) -> float:
    """The `auc` of hidden against absent pairs, ranked by their weight in complete(X, k).            (2.31), (2.32)

    X: (n, d) entries >= 0, without the hidden ones; hidden, absent: (n, d) bool. Weights that differ by less than a
    billionth of the largest are tied. Raises TypeError or ValueError for other input.
    """
    for mask, name in ((hidden, "hidden"), (absent, "absent")):
        same_shape(X, mask, f"X and {name}")
        if np.asarray(mask).dtype != bool:
            raise TypeError(f"{name}: got dtype {np.asarray(mask).dtype}, wanted bool")
    weights = complete(X, k, rng)
    weights = np.round(weights / (weights.max() or 1), ROUNDING)                                        # (2.32)
    return auc(weights[hidden], weights[absent])


def log_entropy(counts: Any) -> Any:
    """Weights of terms in documents: log(1 + count) times how unevenly a term is spread, rows of length 1.  (2.33)

    counts: (n, d) array or sparse, n >= 2 documents, entries >= 0 -> (n, d) `csr_array`. A document without a count, or
    with none but evenly spread terms, has a row of zeros. Raises TypeError or ValueError for other input. [Dumais 1991]
    """
    N = _counts(counts)
    n, d = N.shape
    p = N.data / N.sum(0)[N.indices]                                                                    # (2.33)
    evenness = np.bincount(N.indices, -p * np.log(p), d) / np.log(n)                                    # (2.33)
    unevenness = np.where(evenness < 1 - 1e-12, 1 - evenness, 0)                                        # (2.33)
    weights, rows = np.log1p(N.data) * unevenness[N.indices], np.repeat(np.arange(n), np.diff(N.indptr))  # (2.33)
    length = np.sqrt(np.bincount(rows, weights**2, n))                                                  # (2.33)
    N.data = weights / np.where(length > 0, length, 1)[rows]                                            # (2.33)
    return N


class Semantics(NamedTuple):
    """Documents `names` (n,) as codes Z (n, k) of their weights X (n, d) for `terms` (d,), with a decoder D (k, d)."""

    names: Array
    terms: Array
    X: Any
    Z: Array
    D: Array

    def nearest(self, name: str, count: int = 5) -> list[tuple[str, float]]:
        """The documents of largest cosine with `name`, best first; ValueError if there is no such document.  (2.34)"""
        i, count = self._row(name), whole(count, "count", most=len(self.names) - 1)
        length = np.linalg.norm(self.Z, axis=1, keepdims=True)
        directions = self.Z / np.where(length > 0, length, 1)                                           # (2.34)
        cosines = directions @ directions[i]                                                            # (2.34)
        order = [j for j in np.argsort(-cosines, kind="stable") if j != i]                              # (2.34)
        return [(str(self.names[j]), float(cosines[j])) for j in order[:count]]

    def surprises(self, name: str, count: int = 5) -> list[tuple[str, float]]:
        """The terms absent from document `name` whose weight in its reconstruction is largest, best first.   (2.34)"""
        i, count = self._row(name), whole(count, "count", most=len(self.terms))
        weights = self.Z[i] @ self.D                                                                    # (2.34)
        noise = 10.0**-ROUNDING * np.abs(weights).max()
        weights[self.X[[i]].indices] = 0
        best = np.argsort(-weights, kind="stable")[:count]                                              # (2.34)
        return [(str(self.terms[j]), float(weights[j])) for j in best if weights[j] > noise]

    def _row(self, name: str) -> int:
        known = self.names.tolist()
        if name not in known:
            close = ", ".join(map(repr, get_close_matches(str(name), known, cutoff=0.4) or known[:3]))
            raise ValueError(f"name: got {name!r}, wanted a document's name such as {close}")
        return int(known.index(name))


def latent_semantics(counts: Any, names: Sequence[str] | Array, terms: Sequence[str] | Array, k: int,
                     rng: np.random.Generator | int = 0) -> Semantics:
    """Latent semantic analysis: the linear autoencoder of the `log_entropy` weights of documents.          (2.34)

    counts: (n, d) array or sparse, entries >= 0; names: (n,), terms: (d,) all different; 1 <= k <= min(n, d).
    Raises TypeError or ValueError for other input. [Deerwester, Dumais, Furnas, Landauer & Harshman 1990]
    """
    X, labels = log_entropy(counts), (np.array(names), np.array(terms))
    for size, values, what in zip(X.shape, labels, ("names", "terms"), strict=True):
        different = len(set(values.ravel().tolist()))
        if values.shape != (size,) or different < size:
            raise ValueError(f"{what}: got shape {values.shape}, {different} different, wanted {size} different ones")
    _, _, D = _svd(X, k, rng)
    return Semantics(*labels, X, X @ D.T, D)                                                            # (2.34)


def _svd(X: Any, k: int, rng: np.random.Generator | int) -> tuple[Array, Array, Array]:
    """truncated_svd by way of the smaller Gram matrix."""
    k = whole(k, "k", most=min(X.shape))
    if X.shape[0] >= X.shape[1]:
        U, s, Vt = truncated_svd(X, k, rng)
        return U, s, Vt
    V, s, Ut = truncated_svd(X.T, k, rng)
    return Ut.T, s, V.T


def _counts(counts: Any) -> Any:
    """The counts as a new `csr_array` of float64 without stored zeros."""
    if not sparse.issparse(counts):
        counts = matrix(counts, "counts")
    if counts.dtype.kind not in "biuf":
        raise TypeError(f"counts: got dtype {counts.dtype}, wanted real numbers")
    N = sparse.csr_array(counts, dtype=np.float64, copy=True)
    N.sum_duplicates()
    if N.ndim != 2 or N.shape[0] < 2 or N.shape[1] < 1:
        raise ValueError(f"counts: got shape {N.shape}, wanted (n, d) with n >= 2, d >= 1")
    if not np.isfinite(N.data).all():
        raise ValueError(f"counts: got {(~np.isfinite(N.data)).sum()} NaN or infinite entries, wanted finite ones")
    _nonnegative(N.data, "counts")
    N.eliminate_zeros()
    return N


def _nonnegative(x: Array, name: str) -> None:
    if x.size and x.min() < 0:
        raise ValueError(f"{name}: got a smallest entry of {x.min():.3g}, wanted entries >= 0")
