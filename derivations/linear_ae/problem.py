"""Evidence for the problem and its symmetry, (2.2), (2.3), (2.6) to (2.8)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.linear_ae.common import arrays
from refvae.elimination import solve
from refvae.evidence import Ledger, Outcome, gap, spoiled
from refvae.layers import tanh
from refvae.linear_ae import linear_ae

ledger = Ledger()


def loss_times(factor):
    """linear_ae with its value multiplied by factor(X)."""
    return lambda C, D, X: (factor(X) * linear_ae(C, D, X)[0], linear_ae(C, D, X)[1])


LOSS_WRONG = {"mean over rows": loss_times(lambda X: 1 / len(X)), "half": loss_times(lambda X: 0.5),
              "reconstruction's square, not the residual's": lambda C, D, X: (((X @ C @ D) ** 2).sum(), None),
              "norm, not its square": lambda C, D, X: (np.sqrt(linear_ae(C, D, X)[0]), None)}


@ledger.add("2.2", "identity", linear_ae, exact=True, wrong=LOSS_WRONG)
def second_moments(linear_ae, rng):
    """tr((I - CD)' S (I - CD)) with S = X'X."""
    C, D, X = arrays(rng)
    E = np.eye(7) - C @ D
    return gap(linear_ae(C, D, X)[0], np.trace(E.T @ X.T @ X @ E))


@ledger.add("2.2", "limit", linear_ae, bound=1e-12, exact=True, wrong=LOSS_WRONG)
def nothing_and_everything(linear_ae, rng):
    """No code (C = 0) leaves |X|^2; a code of d numbers with D = C^-1 leaves nothing of it."""
    C, D, X = arrays(rng)
    full, size = np.eye(7) + 0.1 * rng.standard_normal((7, 7)), np.trace(X @ X.T)
    return gap(np.array([linear_ae(0 * C, D, X)[0], size + linear_ae(full, solve(full, np.eye(7)), X)[0]]),
               np.array([size, size]))


def right_inverse(D):
    """D+ = D' (D D')^-1 of a matrix of full row rank."""
    return D.T @ solve(D @ D.T, np.eye(len(D)))


GRADIENT_WRONG = {"factor 2 lost": spoiled(linear_ae, lambda d: tuple(part / 2 for part in d)),
                  "sign of the decoder's": spoiled(linear_ae, lambda d: (d[0], -d[1], d[2])),
                  "second use of X forgotten": lambda C, D, X: spoiled(
                      linear_ae, lambda d: (*d[:2], 2 * (X - X @ C @ D)))(C, D, X),
                  "the decoder's, transposed, for the encoder's": spoiled(linear_ae, lambda d: (d[1].T, *d[1:]))}
ledger.adjoint("2.3", linear_ae, arrays, wrong=GRADIENT_WRONG)


@ledger.add("2.3", "identity", linear_ae, exact=True, wrong={key: GRADIENT_WRONG[key] for key in GRADIENT_WRONG
                                                 if "second use" not in key})
def gradient_from_second_moments(linear_ae, rng):
    """2 S (CD - I) D' and 2 C' S (CD - I)."""
    C, D, X = arrays(rng)
    S, E = X.T @ X, C @ D - np.eye(7)
    return gap(linear_ae(C, D, X)[1](1.0)[:2], (2 * S @ E @ D.T, 2 * C.T @ S @ E))


@ledger.add("2.6", "identity", linear_ae, exact=True, wrong={**LOSS_WRONG,
                                                   "encoder D' for D+": lambda C, D, X: linear_ae(D.T, D, X)})
def free_codes_are_no_better(linear_ae, rng):
    """min over A of |X - AB|^2 by normal equations, one row of A for each sample, against the encoder B+."""
    _, B, X = arrays(rng)
    A = solve(B @ B.T, B @ X.T).T
    return gap(linear_ae(right_inverse(B), B, X)[0], ((X - A @ B) ** 2).sum())


@ledger.add("2.6", "law", linear_ae, exact=True, wrong={
    "weight decay 1e-6": lambda C, D, X: spoiled(linear_ae, lambda d: (d[0] + 1e-6 * C, *d[1:]))(C, D, X),
    "decoder moved by 1 %": lambda C, D, X: linear_ae(C, D + 0.01 * C.T, X)})
def encoder_is_stationary(linear_ae, rng):
    """At C = D+ the encoder's gradient is 0: added to that at a random encoder it leaves it as it is."""
    C, D, X = arrays(rng)
    dC, other = (linear_ae(at, D, X)[1](1.0)[0] for at in (right_inverse(D), C))
    return gap(other + dC, other)


def decayed(C, D, X):
    """linear_ae with weight decay on the encoder."""
    loss, pull = linear_ae(C, D, X)
    return loss + (C * C).sum(), lambda dl: (pull(dl)[0] + 2 * dl * C, *pull(dl)[1:])


def curved(C, D, X):
    """linear_ae with tanh on the codes, and its own right gradient."""
    Z, pull_tanh = tanh(X @ C)
    R = X - Z @ D
    return (R * R).sum(), lambda dl: (X.T @ pull_tanh(-2 * dl * R @ D.T), -2 * dl * Z.T @ R, None)


GAUGE_WRONG = {"weight decay on C": decayed, "tanh codes": curved}


@ledger.add("2.7", "law", linear_ae, exact=True, wrong=GAUGE_WRONG)
def invariance(linear_ae, rng):
    """L(CG, G^-1 D) = L(C, D) for a Gaussian G (which is no rotation)."""
    C, D, X = arrays(rng)
    G = rng.standard_normal((3, 3)) + 2 * np.eye(3)
    return gap(linear_ae(C @ G, solve(G, D), X)[0], linear_ae(C, D, X)[0])


@ledger.add("2.7", "limit", linear_ae, bound=1e-12, exact=True, wrong=GAUGE_WRONG)
def extreme_scales(linear_ae, rng):
    """G = 2^20 I: codes a million times larger, the same loss."""
    C, D, X = arrays(rng)
    return gap(linear_ae(C * 2.0**20, D / 2.0**20, X)[0], linear_ae(C, D, X)[0])


BALANCE_WRONG = {**GAUGE_WRONG, "factor 2 lost in one": spoiled(linear_ae, lambda d: (d[0] / 2, d[1], d[2])),
                 "sign of the decoder's": GRADIENT_WRONG["sign of the decoder's"]}


@ledger.add("2.8", "identity", linear_ae, exact=True, wrong=BALANCE_WRONG)
def balance(linear_ae, rng):
    """C' dC = dD D' at a random point."""
    C, D, X = arrays(rng)
    dC, dD, _ = linear_ae(C, D, X)[1](1.0)
    return gap(C.T @ dC, dD @ D.T)


@ledger.add("2.8", "rate", linear_ae, bound=0.1, wrong=BALANCE_WRONG)
def conserved(linear_ae, rng):
    """Over Euler steps of total length 0.005 the drift of C'C - DD' has order 1 in the step: the flow conserves it."""
    C0, D0, X = arrays(rng)
    sizes, drifts = 0.005 / 2.0 ** np.arange(5, 10), []
    for h in sizes:
        C, D = C0, D0
        for _ in range(round(0.005 / h)):
            dC, dD, _ = linear_ae(C, D, X)[1](1.0)
            C, D = C - h * dC, D - h * dD
        drifts.append(np.linalg.norm(C.T @ C - D @ D.T - C0.T @ C0 + D0 @ D0.T))
    slope = float(np.polyfit(np.log(sizes), np.log(drifts), 1)[0])
    return Outcome(slope, 1.0, abs(slope - 1))
