"""Evidence for biases, (2.11) to (2.13)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.data import digits
from refvae.derivations.linear_ae.common import RANKS, arrays, tail
from refvae.derivations.linear_ae.optimum import TAIL_WRONG
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds, spoiled
from refvae.layers import Dense, dense
from refvae.linear_ae import affine_ae, eckart_young, linear_ae, svd_autoencoder

ledger = Ledger()


def shifted(rng):
    """Arguments of affine_ae."""
    C, D, X = arrays(rng)
    return C, D, rng.standard_normal(7), X


SHIFT_WRONG = {"sign of m's": spoiled(affine_ae, lambda d: (*d[:2], -d[2], d[3])),
               "mean for sum": spoiled(affine_ae, lambda d: (*d[:2], d[2] / 9, d[3])),
               "shift not undone": lambda C, D, m, X: (((X - (X - m) @ C @ D) ** 2).sum(), affine_ae(C, D, m, X)[1])}
ledger.adjoint("2.11", affine_ae, shifted, wrong=SHIFT_WRONG)


@ledger.add("2.11", "identity", affine_ae, exact=True, wrong={
    "shift not undone": SHIFT_WRONG["shift not undone"], "no shift": lambda C, D, m, X: linear_ae(C, D, X),
    "shift the other way": lambda C, D, m, X: affine_ae(C, D, -m, X)})
def encoder_and_decoder_with_biases(affine_ae, rng):
    """Two dense layers of chapter 1 with biases -C'm and m, and the sum of squares."""
    C, D, m, X = shifted(rng)
    Xhat = dense(Dense(D, m), dense(Dense(C, -C.T @ m), X)[0])[0]
    return gap(affine_ae(C, D, m, X)[0], ((X - Xhat) ** 2).sum())


def centred_optimum(centre, k, X):
    """svd_autoencoder of X - centre(X), with its shift."""
    m = centre(X)
    return (*svd_autoencoder(X - m, k), m)


CENTRES = {"median": lambda k, X: centred_optimum(lambda X: np.median(X, 0), k, X),
           "no centring": lambda k, X: centred_optimum(lambda X: 0 * X[0], k, X),
           "directions of the raw data": lambda k, X: (*svd_autoencoder(X, k), X.mean(0))}


@ledger.add("2.12", "identity", lambda k, X: centred_optimum(lambda X: X.mean(0), k, X), wrong=CENTRES)
def tail_of_the_covariance(optimum, rng):
    """On the digits, k = 2, 8, 16: dense layers with these biases lose n times the tail of the covariance."""
    X, _ = digits()
    covariance = np.cov(X.T, bias=True)
    got, want = [], []
    for k in RANKS:
        C, D, m = optimum(k, X)
        Xhat = dense(Dense(D, m), dense(Dense(C, -C.T @ m), X)[0])[0]
        got.append(((X - Xhat) ** 2).sum())
        want.append(len(X) * linalg.eigvalsh(covariance)[::-1][k:].sum())
    return entrywise(np.array(got), np.array(want))


@ledger.add("2.12", "law", lambda k, X: centred_optimum(lambda X: X.mean(0), k, X), bound=1e-12, wrong=CENTRES)
def all_cotangents_vanish(optimum, rng):
    """There the gradient in C, D and m is 0, relative to its size a tenth away."""
    X = 1 + rng.standard_normal((9, 7)) @ np.diag(np.arange(1, 8))
    C, D, m = optimum(3, X)
    here, away = (affine_ae(C * f, D * f, m + f - 1, X)[1](1.0) for f in (1.0, 1.1))
    sizes = [linalg.norm(g) / linalg.norm(h) for g, h in zip(here[:3], away[:3], strict=True)]
    return Outcome(max(sizes), 0.0, max(sizes))


@ledger.add("2.13", "law", eckart_young, bound=0, wrong={
    "head for tail": TAIL_WRONG["the head, not the tail"],
    "depends on the mean": lambda X, k: eckart_young(X, k) / (k + 1 + (abs(X.mean()) > 1e-9))})
def between(eckart_young, rng):
    """The inequalities alone, not the values: for k = 0, 1, 2, 3, 5, on the digits and on data with a large mean."""
    pairs = []
    for X in (digits()[0], 2 + rng.standard_normal((9, 7))):
        for k in (0, 1, 2, 3, 5):
            centred = eckart_young(X - X.mean(0), k)
            pairs.append(eckart_young(X, k + 1) * (1 - 1e-12) <= centred <= eckart_young(X, k) * (1 + 1e-12))
    return holds(pairs)


@ledger.add("2.13", "limit", eckart_young, bound=1e-12, wrong={
    key: TAIL_WRONG[key] for key in ("k counted from 1", "singular values not squared")})
def both_ends_are_reached(eckart_young, rng):
    """Centred data: the right end. A mean orthogonal to all centred rows and longer than they: the left end."""
    X = rng.standard_normal((9, 7)) * (np.arange(7) < 6)
    X = X - X.mean(0)
    moved, want = X + 100 * np.eye(7)[6], np.array([tail(X, k) for k in range(4)])
    right = np.array([(eckart_young(X - X.mean(0), k), eckart_young(X, k)) for k in range(4)])
    left = np.array([(eckart_young(moved - moved.mean(0), k), eckart_young(moved, k + 1)) for k in range(4)])
    return gap((right, left), (np.column_stack([want, want]),) * 2)
