"""Evidence for regularisation, (2.21) to (2.23)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.derivations.linear_ae.common import arrays, descend, separated
from refvae.evidence import Ledger, entrywise, gap, holds, spoiled
from refvae.linear_ae import (
    linear_ae,
    product_regularised_optimum,
    regularised_ae,
    regularised_optimum,
)

ledger = Ledger()


def penalised(C, D, X):
    """regularised_ae at lam = 1.5."""
    return regularised_ae(C, D, X, lam=1.5)


PENALTY_WRONG = {
    "penalty's 2 lost": lambda C, D, X: spoiled(penalised, lambda d: (d[0] - 1.5 * C, *d[1:]))(C, D, X),
    "decoder not penalised": lambda C, D, X: spoiled(penalised, lambda d: (d[0], d[1] - 3 * D, d[2]))(C, D, X)}
ledger.adjoint("2.21", penalised, arrays, wrong=PENALTY_WRONG)


@ledger.add("2.21", "identity", regularised_ae, exact=True, wrong={
    "penalty halved": lambda C, D, X, lam: regularised_ae(C, D, X, lam=lam / 2),
    "norms not squared": lambda C, D, X, lam: (linear_ae(C, D, X)[0] + lam * (linalg.norm(C) + linalg.norm(D)), None)})
def augmented_data(loss, rng):
    """The penalty is the squared error of predicting 0 from rows sqrt(lam) e_i: traces of C C' and D'D."""
    C, D, X = arrays(rng)
    return gap(loss(C, D, X, lam=0.7)[0], linear_ae(C, D, X)[0] + 0.7 * np.trace(C @ C.T + D.T @ D))


def shrunk(factor):
    """regularised_optimum with its encoder's singular values changed by factor(s2 / lam)."""
    def wrong(X, k, lam):
        _, s, Vt = linalg.svd(X, full_matrices=False)
        C = Vt[:k].T * factor(s[:k] ** 2 / lam)
        return C, C.T

    return wrong


OPTIMUM_WRONG = {"not shrunk": shrunk(lambda ratio: np.ones_like(ratio)),
                 "root forgotten": shrunk(lambda ratio: np.maximum(1 - 1 / ratio, 0)),
                 "singular value for its square": shrunk(lambda ratio: np.sqrt(np.maximum(1 - 1 / np.sqrt(ratio), 0))),
                 "nothing switched off": shrunk(lambda ratio: np.sqrt(np.abs(1 - 1 / ratio)))}


@ledger.add("2.22", "identity", regularised_optimum, wrong=OPTIMUM_WRONG)
def closed_value(optimum, rng):
    """Loss at the optimum against the closed form, k = 4, lam = 0.5, 2.5 and 4 (one to three directions kept)."""
    X, s2 = separated(rng), np.array([7.0, 5.0, 3.5, 2.0, 1.0])
    got, want = [], []
    for lam in (0.5, 2.5, 4.0):
        got.append(regularised_ae(*optimum(X, 4, lam), X, lam=lam)[0])
        kept = (np.arange(5) < 4) & (s2 > lam)
        want.append(np.where(kept, 2 * lam - lam**2 / s2, s2).sum())
    return gap(np.array(got), np.array(want))


@ledger.add("2.22", "limit", regularised_optimum, bound=1e-7, wrong=OPTIMUM_WRONG)
def descent_finds_the_directions(optimum, rng):
    """Gradient descent on the regularised loss: C C', and C - D', come to V diag(1 - lam/s^2) V' and 0."""
    X, lam = separated(rng), 2.5
    start = tuple(rng.standard_normal(shape) / 4 for shape in ((5, 4), (4, 5)))

    def loss(p, X):
        value, pull = regularised_ae(*p, X, lam=lam)
        return value, lambda d: (pull(d)[:2], None)

    C, D = descend(loss, start, X, steps=1000)
    Copt, _ = optimum(X, 4, lam)
    return gap((C @ C.T, 1 + C - D.T), (Copt @ Copt.T, np.ones((5, 4))))


def ridge_with(denominator):
    """The k principal directions, each weighted by s^2 over denominator(s^2, lam)."""
    def wrong(X, k, lam):
        _, s, Vt = linalg.svd(X, full_matrices=False)
        s2, V = s[:k] ** 2, Vt[:k].T
        return V, (V * (s2 / denominator(s2, lam))).T

    return wrong


RIDGE_WRONG = {"not shrunk": lambda X, k, lam: product_regularised_optimum(X, k, 0.0),
               "shrunk twice": lambda X, k, lam: product_regularised_optimum(X, k, 2 * lam),
               "of the sum penalty": regularised_optimum,
               "as if s^2 + lam were 1 at least": ridge_with(lambda s2, lam: np.fmax(s2 + lam, 1)),
               "switched off below lam": ridge_with(lambda s2, lam: np.where(s2 > lam, s2 + lam, np.inf))}


def product_loss(C, D, X, lam):
    """|X - XCD|^2 + lam |CD|^2."""
    return linear_ae(C, D, X)[0] + lam * ((C @ D) ** 2).sum()


@ledger.add("2.23", "identity", product_regularised_optimum, wrong=RIDGE_WRONG)
def ridge_value(optimum, rng):
    """Loss at the optimum against the closed form, k = 3, lam below, among and above the s^2, with sums below 1 too."""
    got, want = [], []
    for size, lam in ((1.0, 0.5), (1.0, 2.5), (1.0, 4.0), (1.0, 20.0), (0.01, 0.005), (0.01, 0.04), (0.01, 0.2)):
        X, s2 = np.sqrt(size) * separated(rng), size * np.array([7.0, 5.0, 3.5, 2.0, 1.0])
        got.append(product_loss(*optimum(X, 3, lam), X, lam))
        want.append((lam * s2 / (s2 + lam))[:3].sum() + s2[3:].sum())
    return entrywise(np.array(got), np.array(want))


@ledger.add("2.23", "law", product_regularised_optimum, bound=0, wrong={
    key: RIDGE_WRONG[key] for key in RIDGE_WRONG if "1 at least" not in key and "below" not in key})
def nothing_is_lower(optimum, rng):
    """300 points near it, at 1e-4 to 1, are no lower; and a gauge transformation changes nothing."""
    X, lam = separated(rng), 2.5
    C, D = optimum(X, 3, lam)
    best, G = product_loss(C, D, X, lam), rng.standard_normal((3, 3)) + 2 * np.eye(3)
    near = [product_loss(C + a * rng.standard_normal(C.shape), D + a * rng.standard_normal(D.shape), X, lam)
            for a in 10.0 ** -np.arange(5) for _ in range(60)]
    same = abs(product_loss(C @ G, linalg.solve(G, D), X, lam) - best) <= 1e-12 * best
    return holds([value >= best * (1 - 1e-14) for value in near] + [same])


@ledger.add("2.23", "limit", product_regularised_optimum, bound=1e-12, wrong={
    "undefined where nothing is to be shrunk": lambda X, k, lam: (linalg.svd(X)[2][:k].T, (lambda s2, V: (
        V * (s2 / (s2 + lam))[:, None]))(linalg.svdvals(X)[:k] ** 2, linalg.svd(X)[2][:k])),
    "penalty 1 at least": lambda X, k, lam: product_regularised_optimum(X, k, lam or 1.0)})
def without_penalty(optimum, rng):
    """At lam = 0 the projector onto the principal directions; and 0, a number, where all data are 0."""
    X = separated(rng)
    V = linalg.svd(X)[2][:3].T
    (C, D), (C0, D0) = optimum(X, 3, 0.0), optimum(np.zeros((6, 5)), 3, 0.0)
    return gap((C @ D, C0 @ D0), (V @ V.T, np.zeros((5, 5))))
