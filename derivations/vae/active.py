"""Evidence for units in use, (3.36)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from refvae.derivations.vae.collapse import few_rows
from refvae.derivations.vae.linear import pixels
from refvae.evidence import Ledger, gap, holds
from refvae.layers import Dense
from refvae.vae import VAE, active_units, encode, linear_vae_optimum

ledger = Ledger()


def networks(p):
    """A LinearVAE as a VAE of affine networks, all its means moved by one half."""
    half, d = np.full(p.W.shape[1], 0.5), len(p.W)
    return VAE((Dense(np.hstack([p.V, 0 * p.V]), np.append(half, p.logvar)),), (Dense(p.W.T, np.zeros(d)),))


@lru_cache
def best(eta):
    """The best networks of 8 units on the digits."""
    return networks(linear_vae_optimum(few_rows(), 8, eta))


ACTIVE_WRONG = {"second moment, not variance": lambda p, x: (encode(p.enc, x)[0][0] ** 2).mean(0) > 0.01,
                "standard deviation": lambda p, x: encode(p.enc, x)[0][0].std(0) > 0.01,
                "posterior variance below 1/2": lambda p, x: np.exp(encode(p.enc, x)[0][1]).mean(0) < 0.5,
                "least variance .012": lambda p, x: active_units(p, x, least=0.012),
                "least variance .008": lambda p, x: active_units(p, x, least=0.008),
                "every unit": lambda p, x: np.ones(p.dec[0].W.shape[0], bool)}


@ledger.add("3.36", "law", active_units, bound=0, wrong=ACTIVE_WRONG)
def those_above_the_threshold(active_units, rng):
    """Rows like the digits, k = 8: directions with lambda > eta / .99, for 30 eta to 1, .989, .991 lambda_i."""
    X, lam = few_rows(), pixels()[1]
    right = []
    for eta in (*np.geomspace(0.01, 1, 30), 0.995 * lam[0], *0.989 * lam[:8], *0.991 * lam[:8]):
        vae = best(eta)
        right.append(np.array_equal(active_units(vae, X), lam[:8] > eta / 0.99))
    return holds(np.array(right))


@ledger.add("3.36", "identity", active_units, wrong={key: ACTIVE_WRONG[key] for key in (
    "every unit", "posterior variance below 1/2", "second moment, not variance")})
def variance_of_the_means(active_units, rng):
    """The variances of the means of the units that it finds, k = 8, eta = .03 and .2, are 1 - eta / lambda."""
    X, lam = few_rows(), pixels()[1]
    got, want = [], []
    for eta in (0.03, 0.2):
        vae = best(eta)
        found = encode(vae.enc, X)[0][0].var(0)[active_units(vae, X)]
        got.append(np.hstack([len(found), found, np.zeros(8 - len(found))]))
        want.append(np.append((lam > eta).sum().clip(max=8), np.maximum(1 - eta / lam[:8], 0)))
    return gap(np.array(got), np.array(want))


@ledger.add("3.36", "limit", active_units, bound=0, wrong={
    "at least the threshold": lambda p, x, least: encode(p.enc, x)[0][0].var(0) >= least,
    "threshold ignored": lambda p, x, least: active_units(p, x)})
def above_zero_and_above_its_own_variance(active_units, rng):
    """Of 8 units at eta = .2, seven exceed 0 and the one that is collapsed does not; none exceeds its own variance."""
    X = few_rows()
    vae = best(0.2)
    variances = encode(vae.enc, X)[0][0].var(0)
    return holds([active_units(vae, X, least=0.0) == [True] * 7 + [False], ~active_units(vae, X, least=variances)])
