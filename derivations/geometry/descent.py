"""Evidence for what happens without a minimum, and for what would give one, (4.20), (4.21)."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize

from refvae.derivations.geometry.linear import gradient
from refvae.evidence import Ledger, Outcome, entrywise, holds, order
from refvae.geometry import best_encoder, profile_loss

ledger = Ledger()


def path(w, encoder=best_encoder):
    """On the way w -> oo with variance 3: code variance, and signal to noise."""
    A, sigma = encoder(np.array([[w]]), kind="naive")
    return 3 * A[0, 0] ** 2 + sigma[0] ** 2, 3 * A[0, 0] ** 2 / sigma[0] ** 2


PATH_WRONG = {"divergence": lambda w: path(w, lambda W, kind: best_encoder(W, beta=2.0)),
              "means alone": lambda w: (path(w)[0] - path(w)[1] / (1 + w * w) ** 2, path(w)[1]),
              "deviation for variance": lambda w: (path(w)[0], path(w)[1] / (1 + w * w))}


@ledger.add("4.20", "identity", path, wrong=PATH_WRONG)
def closed_forms(path, rng):
    """w = 1, 3, 10, 100: code variance 1, .28, .0295, .0003 = (3 w^2 + 1)/(1 + w^2)^2; signal to noise 3 w^2."""
    w = np.array([1.0, 3.0, 10.0, 100.0])
    got = np.array([path(each) for each in w])
    return entrywise(got, np.stack([(3 * w**2 + 1) / (1 + w**2) ** 2, 3 * w**2], 1))


@ledger.add("4.20", "rate", path, bound=0.01, wrong=PATH_WRONG)
def both_vanish_and_grow(path, rng):
    """Code variance times signal to noise tends to l^2 = 9, with order 2 in 1/w, w = 2^5 to 2^10."""
    w = 2.0 ** np.arange(5, 11)
    return order(1 / w, np.array([abs(np.prod(path(each)) - 9) for each in w]), 2)


def finite_optimum(lam, beta=1.0, alpha=0.5):
    """w^2 at the minimum, with mu_weight alpha."""
    r = math.sqrt(lam / (alpha * beta))
    return beta * (r - 1) / (1 / alpha - r)


OPTIMUM_WRONG = {"of the divergence": lambda lam, beta=1.0: lam - beta / 2,
                 "root forgotten": lambda lam, beta=1.0: beta * (2 * lam / beta - 1) / (2 - lam / beta),
                 "beta forgotten": lambda lam, beta=1.0: finite_optimum(lam)}


@ledger.add("4.21", "limit", finite_optimum, bound=1e-6, wrong=OPTIMUM_WRONG)
def minimised_by_scipy(optimum, rng):
    """mu_weight = 1/2, variances .6, 1, 1.5 at beta = 1 and .6 at beta = .5: w^2 by a search in one dimension."""
    got, want = [], []
    for lam, beta in ((0.6, 1.0), (1.0, 1.0), (1.5, 1.0), (0.6, 0.5)):
        found = optimize.minimize_scalar(lambda w, lam=lam, beta=beta: profile_loss(
            np.array([[w]]), np.array([[lam]]), kind="naive", beta=beta, mu_weight=0.5)[0], bounds=(0, 9),
            method="bounded", options={"xatol": 1e-12})
        got.append(optimum(lam, beta))
        want.append(found.x**2)
    return entrywise(np.array(got), np.array(want))


@ledger.add("4.21", "law", finite_optimum, wrong=OPTIMUM_WRONG)
def stationary_there(optimum, rng):
    """The gradient vanishes there, relative to its two terms."""
    terms = []
    for lam, beta in ((0.6, 1.0), (1.5, 1.0), (0.3, 0.5), (0.9, 0.5)):
        W = np.array([[math.sqrt(optimum(lam, beta))]])
        case = {"kind": "naive", "beta": beta, "mu_weight": 0.5}
        both, noise = (gradient(W, np.array([[each]]), **case)[0, 0] for each in (lam, 0))
        terms.append([both, noise])
    both, noise = np.abs(np.array(terms)).T
    return Outcome(float(both.max()), 0.0, float((both / noise).max()))


@ledger.add("4.21", "law", 2.0, bound=0, wrong={"threshold 1": 1.0, "threshold 1.5": 1.5})
def still_none_beyond_two_beta(threshold, rng):
    """From that variance on (in units of beta) the loss falls for all w up to 100; up to beta / 2 it rises."""
    w, truths = np.exp(np.linspace(-4, 4.6, 40)), []
    for beta in (0.5, 1.0):
        for lam in (threshold * beta, 1.1 * threshold * beta, 5 * threshold * beta):
            truths += [gradient(np.array([[each]]), np.array([[lam]]), kind="naive", beta=beta, mu_weight=0.5) < 0
                       for each in w]
        truths += [gradient(np.array([[each]]), np.array([[beta / 2]]), kind="naive", beta=beta, mu_weight=0.5) > 0
                   for each in w]
    return holds(np.ravel(truths))
