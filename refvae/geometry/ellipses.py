"""The objectives of the chapter in one layer, and the penalty that is not a divergence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from refvae.geometry.coverage import aggregated_moments
from refvae.inputs import floating, in_range, matrix, perceptron, same_shape
from refvae.layers import Activation, Dense, mlp, relu, squared_error
from refvae.trees import Array, Pull
from refvae.vae import VAE, Likelihood, encode, kl_std_normal, reparam

Penalty = Callable[[Array, Array], tuple[Array, Pull]]


def naive_penalty(mu: Array, logvar: Array, mu_weight: float = 1.0) -> tuple[Array, Pull]:
    """mu_weight |mu|^2 + |sigma - 1|^2 with sigma = e^(logvar / 2).   (..., k) -> (...)                  (4.3)"""
    same_shape(mu, logvar, "mu and logvar")
    mu, logvar = floating(mu, "mu"), floating(logvar, "logvar")
    mu_weight = float(mu_weight)  # a NumPy float would turn float32 into float64
    excess = np.expm1(logvar / 2)                                                                       # (4.3)
    cost = (mu_weight * mu * mu + excess * excess).sum(-1)                                              # (4.3)

    def pull(dcost: Array) -> tuple[Array, Array]:
        return 2 * mu_weight * dcost[..., None] * mu, dcost[..., None] * excess * (1 + excess)          # (4.3)

    return cost, pull


def ellipse_loss(p: VAE, x_frozen: Array, eps: Array, *, penalty: Penalty = kl_std_normal, beta: float = 1.0,
                 likelihood: Likelihood = squared_error, activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean over the batch of error(decoder(mu + sigma eps), x) + beta penalty(mu, logvar).               (4.2)

    x (n, d), eps (n, k) -> (). beta = 0 and eps = 0: the autoencoder; beta = 0: noise alone; `naive_penalty`;
    `kl_std_normal`: the VAE.
    """
    beta = float(beta)  # a NumPy float would turn float32 into float64
    (mu, logvar), pull_encode = encode(p.enc, x_frozen, activation, frozen=True)
    z, pull_reparam = reparam(mu, logvar, eps)                                                          # (4.2)
    xhat, pull_decode = mlp(p.dec, z, activation)                                                       # (4.2)
    rec, pull_rec = likelihood(xhat, x_frozen)                                                          # (4.2)
    cost, pull_cost = penalty(mu, logvar)                                                               # (4.2)
    loss = (rec + beta * cost).mean()                                                                   # (4.2)

    def pull(dloss: Any) -> tuple[VAE, None, Array]:
        d = np.full_like(rec, dloss / len(rec))                                                         # (4.2)
        ddec, dz = pull_decode(pull_rec(d)[0])                                                          # (4.2)
        dmu, dlogvar, deps = pull_reparam(dz)                                                           # (4.2)
        dmu_cost, dlogvar_cost = pull_cost(beta * d)                                                    # (4.2)
        denc, _ = pull_encode((dmu + dmu_cost, dlogvar + dlogvar_cost))                                 # (4.2)
        return VAE(denc, ddec), None, deps

    return loss, pull


@in_range
def standardise_codes(p: VAE, x: Array, *, activation: Activation = relu) -> VAE:
    """The same reconstructions, with codes of the data x (n, d) whose union has mean 0 and variances 1.   (4.8)

    Changes the last layer of the encoder and the first of the decoder. Raises TypeError or ValueError for other input.
    """
    x = matrix(x, "x")
    perceptron(p.enc, "p.enc", x.shape[1])
    mean, covariance = aggregated_moments(*encode(p.enc, x, activation)[0])
    perceptron(p.dec, "p.dec", len(mean))
    s, last, first = np.sqrt(np.diag(covariance)), p.enc[-1], p.dec[0]                                  # (4.8)
    W = np.hstack([last.W[:, :len(s)] / s, last.W[:, len(s):]])                                         # (4.8)
    b = np.hstack([(last.b[:len(s)] - mean) / s, last.b[len(s):] - 2 * np.log(s)])                      # (4.8)
    first = Dense(first.W * s[:, None], first.b + mean @ first.W)                                       # (4.8)
    return VAE((*p.enc[:-1], Dense(W, b)), (first, *p.dec[1:]))
