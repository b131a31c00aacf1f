"""Evidence for the block Krylov space and for how wide its start must be, (2.26a) and (2.26b)."""

from __future__ import annotations

from itertools import product
from unittest import mock

import numpy as np
from scipy import linalg, sparse

from refvae.derivations.linear_ae.large import with_spectrum
from refvae.evidence import Ledger, entrywise, gap, holds
from refvae.linear_ae import krylov as module
from refvae.linear_ae.blocks import row_blocks
from refvae.linear_ae.passes import Passes
from refvae.linear_ae.svd import TruncatedSVD, truncated_svd

ledger = Ledger()


def krylov(X, start, k, most, keep=None):
    """`krylov` of the library in units of 1: vectors, values and residuals after `most` passes."""
    b, start = start.shape[1], 0.75 * start / np.abs(start).max()
    found = module.krylov(Passes(row_blocks(X), None), start, k, keep or b, most * b, np.random.default_rng(0))
    return found[0], found[1].values, found[1].residual


def written_out(X, start, count):
    """Orthonormal basis of start, X'X start, ...: `count` blocks."""
    K = linalg.qr(start, mode="economic")[0]
    blocks = [K]
    for _ in range(count - 1):
        K = linalg.qr(X.T @ (X @ K), mode="economic")[0]
        blocks.append(K)
    return linalg.orth(np.hstack(blocks), rcond=1e-14)


def changed(change):
    """`krylov` with change(vectors, values, residuals)."""
    return lambda X, start, k, most: change(*krylov(X, start, k, most))


@ledger.add("2.26a", "identity", krylov, wrong={
    "a pass too few": lambda X, start, k, most: krylov(X, start, k, most - 1),
    "a pass too many": lambda X, start, k, most: krylov(X, start, k, most + 1),
    "a residual of X": changed(lambda V, values, residual: (V, values, residual / np.sqrt(values[:len(residual)]))),
    "the last block alone": lambda X, start, k, most: krylov(X, X.T @ (X @ start), k, most - 1)})
def best_in_the_space(krylov, rng):
    """One to four blocks of 3: values, projector and residuals against the space written out, for k = 2."""
    X, start = with_spectrum(np.linspace(1, 0.1, 30), rng, 60, 40), rng.standard_normal((40, 3))
    A, got, want = X.T @ X, [], []
    for count in range(1, 5):
        V, values, residual = krylov(X, start, 2, count)
        K = written_out(X, start, count)
        theta, Z = linalg.eigh(K.T @ A @ K)
        theta, Z = theta[:-4:-1], K @ Z[:, :-4:-1]
        got += [values, V @ V.T, residual]
        want += [theta, Z @ Z.T, linalg.norm(A @ Z[:, :2] - Z[:, :2] * theta[:2], axis=0)]
    return gap(tuple(got), tuple(want))


@ledger.add("2.26a", "law", krylov, bound=0, wrong={
    "begun again from the start": lambda X, start, k, most: krylov(X, start, k, 5),
    "residuals of nothing": changed(lambda V, values, residual: (V, values, 0 * residual)),
    "vectors of another basis": changed(lambda V, values, residual: (V[::-1], values, residual))})
def begun_again(krylov, rng):
    """After 5 to 12 passes, begun again after the fourth and every third more: residuals are true, values grow."""
    X, start = with_spectrum(np.linspace(1, 0.5, 100), rng, 150, 120), rng.standard_normal((120, 3))
    A, cases, before = X.T @ X, [], np.zeros(3)
    for most in range(5, 13):
        V, values, residual = krylov(X, start, 3, most)
        true = linalg.norm(A @ V - V * values, axis=0)
        cases += [*(np.abs(residual - true) < 1e-12), *(values > before), np.allclose(V.T @ V, np.eye(3), 0, 1e-12)]
        before = values
    return holds(cases)


@ledger.add("2.26a", "oracle", truncated_svd, bound=1e-12, wrong={
    "five blocks and no more": lambda X, k: krylov_values(X, k, 5),
    "one block": lambda X, k: krylov_values(X, k, 1)})
def slow_decay(svd, rng):
    """Sparse matrices of 250 x 800 with singular values 0.99^i, and with a ninefold one: values by scipy.linalg."""
    cases = [with_spectrum(0.99 ** np.arange(240.0), rng, 250, 800),
             with_spectrum(np.r_[np.full(9, 1.0), 0.99 ** np.arange(1.0, 200)], rng, 250, 800)]
    got = [svd(sparse.csr_array(X), 12).s for X in cases]
    return gap(tuple(got), tuple(linalg.svdvals(X)[:12] for X in cases))


def krylov_values(X, k, most):
    """The singular values that so many blocks give."""
    found = TruncatedSVD(*linalg.svd(X.toarray(), full_matrices=False))
    values = krylov(X, np.random.default_rng(0).standard_normal((X.shape[1], k + 10)), k, most)[1]
    return found._replace(s=np.sqrt(values[:k]))


def other_parts(change):
    """`parted` with change(left, coordinates, V)."""
    return lambda P, V, near: change(*module.parted(P, V, near), V)


@ledger.add("2.26a", "identity", module.parted, exact=True, wrong={
    "coordinates of what is left": other_parts(lambda left, C, V: (left, V.T @ left)),
    "the last columns alone": lambda P, V, near: (P - V[:, -near:] @ (V[:, -near:].T @ P), V.T @ P),
    "taken off twice": other_parts(lambda left, C, V: (left - V @ C, C))})
def parts_in_two_steps(parted, rng):
    """Five columns of a reflection, and what three vectors have in them, whichever of the five are taken first."""
    v, P = rng.standard_normal((9, 1)), rng.standard_normal((9, 3))
    V = (np.eye(9, dtype=int) - 2 * (v @ v.T) / (v.T @ v))[:, :5]
    return gap(tuple(each for near in range(1, 6) for each in parted(P, V, near)), (P - V @ (V.T @ P), V.T @ P) * 5)


def copies(b, X, values):
    """How often each value is found from b columns."""
    start = X.T @ np.random.default_rng(1).standard_normal((len(X), b))
    found = krylov(X, start, 13, 12, 14)[1]
    return (np.abs(found - values[:, None]) < 1e-9).sum(1)


@ledger.add("2.26b", "identity", copies, wrong={
    "a column more": lambda b, X, values: copies(b + 1, X, values),
    "a column less": lambda b, X, values: copies(b - 1, X, values),
    "as often as it occurs": lambda b, X, values: np.array([5, 4, 3, 1, 1])})
def copies_from_columns(copies, rng):
    """Values that occur 5, 4, 3, 1 and 1 times are found min(m, b) times from b = 2, 3 and 4 columns."""
    values, times = np.array([5.0, 4, 3, 2, 1]), np.array([5, 4, 3, 1, 1])
    X = np.sqrt(np.diag(np.r_[np.repeat(values, times), np.linspace(0.4, 0, 60)]))
    return gap(tuple(copies(b, X, values) for b in (2, 3, 4)), tuple(np.minimum(times, b) for b in (2, 3, 4)))


def crowded(values, residual, width):
    """`crowded` of the library."""
    return module.crowded(module.Ritz(np.array(values), np.eye(1), np.array(residual)), width)


@ledger.add("2.26b", "law", crowded, bound=0, wrong={
    "off": lambda values, residual, width: False,
    "one more": lambda values, residual, width: crowded(values, residual, width + 1),
    "one less": lambda values, residual, width: crowded(values, residual, width - 1),
    "as near as the tolerance": lambda values, residual, width: crowded(
        values[0] + 1e5 * (np.array(values) - values[0]), residual, width),
    "values that are not known": lambda values, residual, width: crowded(values, 0 * np.array(residual), width)})
def what_counts_as_one(crowded, rng):
    """b values whose ends differ by 1e-5 of the first, times 1 - 1e-7 or 1 + 1e-7; unknown ones do not count."""
    cases = []
    for width, (share, near) in product((2, 3, 5), ((1 - 1e-7, True), (1 + 1e-7, False))):
        group = 0.5 * (1 - 1e-5 * share * np.r_[0, np.full(width - 2, 0.5), 1])
        values, none = np.r_[1, group, 0.3, 0.2], np.zeros(width + 3)
        cases += [crowded(values, none, width) == near, crowded(values[:width], none[:width], width) is False]
        cases += [crowded(values, none + (np.arange(width + 3) == at), width) == (near and at > width)
                  for at in range(width + 3)]
    return holds(cases)


@ledger.add("2.26b", "law", crowded, bound=0, wrong={
    "zeros counted": lambda values, residual, width: crowded(np.array(values) + 1e-3 * values[0], residual, width),
    "a window of the first": lambda values, residual, width: crowded(
        np.array(values) + 0.1 * values[0], residual, width),
    "an absolute floor": lambda values, residual, width: crowded(np.r_[1, values[1:]], residual, width)})
def small_values(crowded, rng):
    """Where 1e-13 of the first is the tolerance, the window is its mean with the value; what is less does not count."""
    cases = []
    for unit, width, (share, near) in product((1.0, 2.0**30, 2.0**-30), (2, 3), ((0.999, True), (1.001, False))):
        few = np.r_[1, 0.01, np.full(width, 1e-6), 1e-9]
        few[1 + width] -= share * 10**-9.5
        cases.append(crowded(unit * few, np.zeros(width + 3), width) == near)
        cases += [crowded(unit * np.r_[1, 0.01, np.full(9, rounding)], np.zeros(11), width) is (rounding > 1e-13)
                  for rounding in (0, 1e-14, 0.99e-13, 1.01e-13)]
    return holds(cases)


def spectrum(m, spread):
    """Singular values: 1.2, m from 1 to 1 - spread, and falling ones."""
    return np.r_[1.2, np.linspace(1, 1 - spread, m), 0.9 * 0.8 ** np.arange(290 - m)]


SPECTRA = [(spectrum(m, spread), k) for m, spread, k in [
    (5, 0.0, 2), (2, 0.0, 3), (3, 0.0, 4), (2, 0.0, 8), (4, 1e-12, 5), (3, 1e-9, 7), (5, 1e-7, 9), (3, 1e-5, 4),
    (6, 1e-3, 9), (9, 0.0, 12), (1, 0.0, 3)]] + [(np.r_[1, 1, 0.9, 0.5 * 0.99 ** np.arange(287)], 2)]


def found_over_true(spectra, rng):
    """Of a sparse matrix with each of the spectra, the k largest values."""
    for s, k in spectra:
        yield truncated_svd(sparse.csr_array(sparse.diags_array(s, shape=(len(s), 400))), k, rng).s / s[:k]


def every_value(spectra, seed):
    """Found over true, spectrum by spectrum."""
    return np.concatenate(list(found_over_true(spectra, seed)))


def ruled(rule):
    """`every_value` with another rule."""
    def wrong(spectra, seed):
        with mock.patch.object(module, "crowded", rule):
            return every_value(spectra, seed)

    return wrong


class Partly:
    """A generator whose first columns, but for one, are 0 in the directions of the first twelve values."""

    def __init__(self, seed):
        self.rng, self.first = np.random.default_rng(seed), True

    def standard_normal(self, shape):
        """Gaussian draws, the first of them with the zeros."""
        drawn, first, self.first = self.rng.standard_normal(shape), self.first, False
        drawn[:12 * first, 1:] = 0
        return drawn


def partly(spectra, seed):
    """`every_value` from a start that is not random."""
    with mock.patch("refvae.linear_ae.svd.generator", Partly):
        return every_value(spectra, seed)


@ledger.add("2.26b", "law", every_value, bound=1e-8, wrong={
    "no rule": ruled(lambda found, width: False),
    "one copy more": ruled(lambda found, width, rule=module.crowded: rule(found, width + 1)),
    "values not known": ruled(lambda found, width: len(set(np.round(found.values, 12))) < 0),
    "a start that is not random": partly})
def nothing_is_missed(every_value, rng):
    """Values of 1 to 9 copies, equal or spread by 1e-12 to 1e-3, among k of a sparse matrix: right to 1e-8."""
    got = np.concatenate([every_value(SPECTRA, seed) for seed in range(3)])
    return entrywise(got, np.ones_like(got))
