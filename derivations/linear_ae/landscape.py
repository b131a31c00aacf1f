"""Evidence for the landscape, (2.17) to (2.20)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import linalg

from refvae import trees
from refvae.derivations.linear_ae.common import arrays, descend, separated
from refvae.evidence import Ledger, Outcome, gap, holds, spoiled
from refvae.linear_ae import (
    critical_point,
    eckart_young,
    hessian_spectrum,
    linear_ae,
    linear_ae_grad,
)

ledger = Ledger()


def index_sets(d, k):
    """All index sets of at most k out of d singular directions."""
    return [kept for r in range(k + 1) for kept in combinations(range(d), r)]


# Hessian, (2.17)


def second_moments(rng):
    """Encoder, decoder, and the second moments of data."""
    C, D, X = arrays(rng)
    return C, D, X.T @ X


def forgetful(C, D, S):
    """linear_ae_grad whose Hessian takes the residual for a constant."""
    value, _ = linear_ae_grad(C, D, S)
    return value, lambda uv: (2 * S @ (uv[0] @ D + C @ uv[1]) @ D.T, 2 * C.T @ S @ (uv[0] @ D + C @ uv[1]), None)


HESSIAN_WRONG = {"Gauss-Newton: residual taken for a constant": forgetful,
                 "halved": spoiled(linear_ae_grad, lambda d: (d[0] / 2, d[1] / 2, None)),
                 "sign in the decoder": spoiled(linear_ae_grad, lambda d: (d[0], -d[1], None))}
ledger.adjoint("2.17", linear_ae_grad, second_moments, wrong=HESSIAN_WRONG)


@ledger.add("2.17", "identity", linear_ae_grad, exact=True, wrong=HESSIAN_WRONG)
def differences_of_the_pull(layer, rng):
    """Gradient, and its derivative along a direction, from the pull of `linear_ae` on the data themselves: it is of
    degree 3, so that four differences give the derivative without remainder.
    """
    (C, D, X), (U, V, _) = arrays(rng), arrays(rng)
    slope = {h: linear_ae(C + h * U, D + h * V, X)[1](1.0)[:2] for h in (-2, -1, 0, 1, 2)}
    along = tuple((8 * (slope[1][i] - slope[-1][i]) - slope[2][i] + slope[-2][i]) / 12 for i in (0, 1))
    value, pull = layer(C, D, X.T @ X)
    return gap((value, pull((U, V))[:2]), (slope[0], along))


# Critical points, (2.18) to (2.20)

POINT_WRONG = {"next singular vectors": lambda X, kept, k: critical_point(X, [(i + 1) % 5 for i in kept], k),
               "random directions": lambda X, kept, k: (lambda C: (C, C.T))(
                   linalg.qr(np.random.default_rng(0).standard_normal((5, k)))[0][:, :k]),
               "encoder doubled": lambda X, kept, k: (2 * critical_point(X, kept, k)[0], critical_point(X, kept, k)[1])}


@ledger.add("2.18", "identity", critical_point, wrong=POINT_WRONG)
def loss_is_the_sum_left_out(point, rng):
    """Loss at all 26 index sets with k = 3 against the eigenvalues that are left out (scipy.linalg.eigvalsh of X'X)."""
    X = separated(rng)
    values = linalg.eigvalsh(X.T @ X)[::-1]
    got = [linear_ae(*point(X, kept, 3), X)[0] for kept in index_sets(5, 3)]
    return gap(np.array(got), np.array([np.delete(values, kept).sum() for kept in index_sets(5, 3)]))


@ledger.add("2.18", "law", critical_point, wrong={key: POINT_WRONG[key] for key in POINT_WRONG if "next" not in key})
def no_slope(point, rng):
    """The gradient at all index sets with k = 3, relative to the largest singular value squared."""
    X = separated(rng)
    slopes = [linalg.norm(np.vstack([dC, dD.T])) for dC, dD in
              (linear_ae_grad(*point(X, kept, 3), X.T @ X)[0] for kept in index_sets(5, 3))]
    return Outcome(max(slopes), 0.0, max(slopes) / 7)


def hessian(X, kept, k):
    """The exact Hessian, from its products with all 2dk unit directions."""
    C, D = critical_point(X, kept, k)
    start, pull = trees.flatten((C, D)), linear_ae_grad(C, D, X.T @ X)[1]
    basis = np.eye(start.vector.size)
    return np.array([trees.flatten(pull(trees.unflatten(e, start.tree))[:2]).vector for e in basis])


SPECTRUM_WRONG = {"half": lambda X, kept, k: hessian_spectrum(X, kept, k) / 2,
                  "of the best set": lambda X, kept, k: hessian_spectrum(X, range(len(kept)), k),
                  "moduli": lambda X, kept, k: np.abs(hessian_spectrum(X, kept, k))}


@ledger.add("2.19", "identity", hessian_spectrum, wrong=SPECTRUM_WRONG)
def exact_hessians(spectrum, rng):
    """Eigenvalues (scipy.linalg.eigvalsh) of the exact Hessian at all 16 index sets with k = 2."""
    X = separated(rng)
    got, want = [], []
    for kept in index_sets(5, 2):
        got.append(spectrum(X, kept, 2))
        want.append(linalg.eigvalsh(hessian(X, kept, 2)))
    return gap(np.array(got), np.array(want))


@ledger.add("2.19", "law", hessian_spectrum, bound=0, wrong={
    key: SPECTRUM_WRONG[key] for key in ("of the best set", "moduli")})
def morse_index(spectrum, rng):
    """inversions + (k - r)(d - r) negative eigenvalues at all 26 sets with k = 3, and none only at the best set."""
    X = separated(rng)
    cases = []
    for kept in index_sets(5, 3):
        inversions = sum(a < i for i in kept for a in set(range(5)) - set(kept))
        negative = int((spectrum(X, kept, 3) < -1e-9).sum())
        cases += [negative == inversions + (3 - len(kept)) * (5 - len(kept)), (negative == 0) == (kept == (0, 1, 2))]
    return holds(cases)


def objective(p, X):
    """linear_ae as an objective of p = (C, D)."""
    loss, pull = linear_ae(*p, X)
    return loss, lambda d: ((pull(d)[:2]), None)


def changed(change):
    """The objective whose gradient (dC, dD) at p is passed through change(gradient, p)."""
    return lambda p, X: spoiled(objective, lambda d: (change(d[0], p), None))(p, X)


@ledger.add("2.20", "limit", objective, bound=1e-10, wrong={
    "decoder not trained": changed(lambda g, p: (g[0], 0 * g[1])),
    "ascent": changed(lambda g, p: (-1e-3 * g[0], -1e-3 * g[1]))})
def every_saddle_is_left(loss, rng):
    """From each of the 15 saddles with k = 2, moved by 1e-6: the worst relative excess over the tail."""
    X = separated(rng)
    best, worst = eckart_young(X, 2), 0.0
    for kept in index_sets(5, 2):
        if kept != (0, 1):
            p = tuple(part + 1e-6 * rng.standard_normal(part.shape) for part in critical_point(X, kept, 2))
            worst = max(worst, float(linear_ae(*descend(loss, p, X), X)[0] / best - 1))
    return Outcome(best * (1 + worst), best, worst)


@ledger.add("2.20", "identity", objective, wrong={
    "weight decay": changed(lambda g, p: (g[0] + 0.1 * p[0], g[1] + 0.1 * p[1])),
    "a gradient that is not 0 there": changed(lambda g, p: (g[0] + 0.1 * p[1].T[::-1], g[1]))})
def saddle_itself_holds(loss, rng):
    """20 steps from a saddle itself, not moved, change it by round-off alone."""
    X = separated(rng)
    p = critical_point(X, (0, 3), 2)
    return gap(descend(loss, p, X, steps=20), p)
