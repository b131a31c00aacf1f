"""Importance weights, and the bound on log p(x) that many of them give."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.inputs import floating, same_shape
from refvae.layers import Activation, Dense, bernoulli_nll, mlp, relu
from refvae.trees import Array, Pull
from refvae.vae.elbo import VAE, encode
from refvae.vae.likelihoods import Likelihood
from refvae.vae.normal import LOG_2PI, reparam


def log_joint(dec: tuple[Dense, ...], x_frozen: Array, z: Array, *, likelihood: Likelihood = bernoulli_nll,
              activation: Activation = relu) -> tuple[Array, Pull]:
    """log p(x, z) = log p(x|z) + log p(z) in nats.   x: (n, d), z: (K, n, k) -> (K, n)                   (3.19)"""
    same_shape(x_frozen[:, 0], z[0, :, 0], "rows of x and of z")
    z = floating(z, "z")
    out, pull_decode = mlp(dec, z.reshape(-1, z.shape[2]), activation)
    rec, pull_rec = likelihood(out, np.tile(x_frozen, (len(z), 1)))
    log_p = -rec.reshape(z.shape[:2]) - (LOG_2PI + z * z).sum(2) / 2                                    # (3.19)

    def pull(dlog_p: Array) -> tuple[tuple[Dense, ...], None, Array]:
        ddec, dz = pull_decode(pull_rec(-dlog_p.ravel())[0])                                            # (3.19)
        return ddec, None, dz.reshape(z.shape) - dlog_p[..., None] * z                                  # (3.19)

    return log_p, pull


def log_weights(p: VAE, x_frozen: Array, eps: Array, *, likelihood: Likelihood = bernoulli_nll,
                activation: Activation = relu) -> tuple[Array, Pull]:
    """log p(x, z) - log q(z|x) at z = mu + sigma eps.   x: (n, d), eps: (K, n, k) -> log_w (K, n)        (3.19)"""
    eps = floating(eps, "eps")
    (mu, logvar), pull_encode = encode(p.enc, x_frozen, activation, frozen=True)
    z, pull_reparam = reparam(over(mu, eps), over(logvar, eps), eps)                                    # (3.19)
    log_p, pull_joint = log_joint(p.dec, x_frozen, z, likelihood=likelihood, activation=activation)
    log_w = log_p + (LOG_2PI + logvar + eps * eps).sum(2) / 2                                           # (3.19)

    def pull(dlog_w: Array) -> tuple[VAE, None, Array]:
        ddec, _, dz = pull_joint(dlog_w)
        dmu, dlogvar, deps = pull_reparam(dz)
        each = dlog_w[..., None]                                                                        # (3.19)
        denc, _ = pull_encode((dmu.sum(0), (dlogvar + each / 2).sum(0)))                                # (3.19)
        return VAE(denc, ddec), None, deps + each * eps                                                 # (3.19)

    return log_w, pull


def over(a: Array, eps: Array) -> Array:
    """The array (n, k) once for each of K draws eps (K, n, k)."""
    same_shape(a, eps[0], "codes and one draw of eps")
    return np.broadcast_to(a, eps.shape)


def log_mean_exp(log_w: Array) -> tuple[Array, Pull]:
    """log of the mean weight.   log_w: (K, n) -> (n,)                                       (3.20), adjoint (3.23)"""
    log_w = floating(log_w, "log_w")
    most = log_w.real.max(0)                                                                            # (3.20)
    w = np.exp(log_w - most)                                                                            # (3.20)
    bound = most + np.log(w.sum(0)) - float(np.log(len(w)))                                             # (3.20)
    return bound, lambda dbound: dbound * w / w.sum(0)                                                  # (3.23)


def iw_bound(p: VAE, x_frozen: Array, eps: Array, *, likelihood: Likelihood = bernoulli_nll,
             activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean over the batch of the importance-weighted bound in nats.   x: (n, d), eps: (K, n, k) -> ()    (3.20)

    In expectation over standard normal eps at most the mean of log p(x), rising with K; the ELBO at K = 1.
    [Burda, Grosse & Salakhutdinov 2016, equation 8]
    """
    log_w, pull_weights = log_weights(p, x_frozen, eps, likelihood=likelihood, activation=activation)
    each, pull_mean = log_mean_exp(log_w)

    def pull(dbound: Any) -> tuple[VAE, None, Array]:
        dp, _, deps = pull_weights(pull_mean(np.full_like(each, dbound / len(each))))                   # (3.20)
        return dp, None, deps

    return each.mean(), pull                                                                            # (3.20)


def neg_iw_bound(p: VAE, x_frozen: Array, eps: Array, *, likelihood: Likelihood = bernoulli_nll,
                 activation: Activation = relu) -> tuple[Any, Pull]:
    """The objective -`iw_bound`."""
    bound, pull = iw_bound(p, x_frozen, eps, likelihood=likelihood, activation=activation)
    return -bound, lambda dloss: pull(-dloss)
