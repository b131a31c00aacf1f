"""Gradient estimators as the gradients of surrogates: functions with frozen arguments whose pull is exact.

At p_frozen = p the gradient of a surrogate is an estimate of the gradient of a bound. Its value is not that bound, and
the estimate is not the derivative of the value under the same noise; that its mean is right is a claim of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.inputs import floating, in_range, matrix, same_shape
from refvae.layers import Activation, bernoulli_nll, relu
from refvae.trees import Array, Pull
from refvae.vae.elbo import VAE, encode
from refvae.vae.importance import log_joint, log_weights, over
from refvae.vae.likelihoods import Likelihood
from refvae.vae.normal import gaussian_nll, reparam


@in_range
def normalised_weights(log_w: Array) -> Array:
    """The weights divided by their sum over K.   log_w: (K, n), finite -> (K, n)"""
    matrix(log_w, "log_w")
    log_w = floating(log_w, "log_w")
    w = np.exp(log_w - log_w.max(0))                                                                    # (3.23)
    normalised: Array = w / w.sum(0)                                                                    # (3.23)
    return normalised


def iw_surrogate(p: VAE, x_frozen: Array, eps_frozen: Array, w_frozen: Array, *,
                 likelihood: Likelihood = bernoulli_nll, activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean over the batch of sum_K w log_w with frozen normalised weights w (K, n).   -> ()              (3.23)

    Its gradient at w = `normalised_weights` is that of `iw_bound`. [Burda et al. 2016, equation 13]
    """
    log_w, pull_weights = log_weights(p, x_frozen, eps_frozen, likelihood=likelihood, activation=activation)
    w_frozen = floating(w_frozen, "w")
    same_shape(w_frozen, log_w, "w and log_w")
    n = len(x_frozen)
    return (w_frozen * log_w).sum() / n, lambda d: (pull_weights(d / n * w_frozen)[0], None, None, None)  # (3.23)


def path_weights(p: VAE, x_frozen: Array, eps_frozen: Array, p_frozen: VAE, *,
                 likelihood: Likelihood = bernoulli_nll, activation: Activation = relu) -> tuple[Array, Pull]:
    """`log_weights` whose density q is that of the frozen encoder: z alone depends on p.enc.   -> (K, n) (3.24)"""
    (mu, logvar), pull_encode = encode(p.enc, x_frozen, activation, frozen=True)
    z, pull_reparam = reparam(over(mu, eps_frozen), over(logvar, eps_frozen), eps_frozen)
    log_p, pull_joint = log_joint(p.dec, x_frozen, z, likelihood=likelihood, activation=activation)
    (mu0, logvar0), _ = encode(p_frozen.enc, x_frozen, activation)                                      # (3.24)
    # z - mu would lose digits
    noise = reparam(over(0 * mu, z), over(logvar, z), eps_frozen)[0]                                    # (3.24)
    nll_q, pull_q = gaussian_nll(over(mu0 - mu, z), over(logvar0, z), noise)                            # (3.24)

    def pull(dlog_w: Array) -> tuple[VAE, None, None, None]:
        ddec, _, dz = pull_joint(dlog_w)                                                                # (3.24)
        dmu, dlogvar, _ = pull_reparam(dz + pull_q(dlog_w)[2])                                          # (3.24)
        return VAE(pull_encode((dmu.sum(0), dlogvar.sum(0)))[0], ddec), None, None, None                # (3.24)

    return log_p + nll_q, pull                                                                          # (3.24)


def stl_surrogate(p: VAE, x_frozen: Array, eps_frozen: Array, p_frozen: VAE, *,
                  likelihood: Likelihood = bernoulli_nll, activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean of `path_weights` over draws and batch: the ELBO, sticking the landing.   -> ()               (3.25)

    [Roeder, Wu & Duvenaud 2017, equation 8]
    """
    log_w, pull_path = path_weights(p, x_frozen, eps_frozen, p_frozen, likelihood=likelihood, activation=activation)
    return log_w.mean(), lambda d: pull_path(np.full_like(log_w, d / log_w.size))                       # (3.25)


def dreg_surrogate(p: VAE, x_frozen: Array, eps_frozen: Array, p_frozen: VAE, *,
                   likelihood: Likelihood = bernoulli_nll, activation: Activation = relu) -> tuple[Any, Pull]:
    """Doubly reparametrised: decoder weighted by w, paths of the encoder by w^2, mean over the batch.    (3.24)

    [Tucker, Lawson, Gu & Maddison 2019, equation 8]
    """
    how = {"likelihood": likelihood, "activation": activation}
    w = normalised_weights(log_weights(p_frozen, x_frozen, eps_frozen, **how)[0]) / len(x_frozen)       # (3.24)
    mu0, logvar0 = (over(a, eps_frozen) for a in encode(p_frozen.enc, x_frozen, activation)[0])         # (3.24)
    log_p, pull_joint = log_joint(p.dec, x_frozen, reparam(mu0, logvar0, eps_frozen)[0], **how)
    paths, pull_path = path_weights(VAE(p.enc, p_frozen.dec), x_frozen, eps_frozen, p_frozen, **how)
    w2 = w * w * len(x_frozen)                                                                          # (3.24)

    def pull(d: Any) -> tuple[VAE, None, None, None]:
        return VAE(pull_path(d * w2)[0].enc, pull_joint(d * w)[0]), None, None, None                    # (3.24)

    return (w * log_p).sum() + (w2 * paths).sum(), pull                                                 # (3.24)


def score_surrogate(p: VAE, x_frozen: Array, z_frozen: Array, signal_frozen: Array, *,
                    likelihood: Likelihood = bernoulli_nll, activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean of signal log q(z|x) + log p(x, z) over draws z (K, n, k): the score-function estimator.      (3.26)

    signal (K, n) is log_w, less a baseline that does not depend on z. [Williams 1992; Paisley et al. 2012]
    """
    (mu, logvar), pull_encode = encode(p.enc, x_frozen, activation, frozen=True)
    nll_q, pull_q = gaussian_nll(over(mu, z_frozen), over(logvar, z_frozen), z_frozen)
    log_p, pull_joint = log_joint(p.dec, x_frozen, z_frozen, likelihood=likelihood, activation=activation)
    signal_frozen = floating(signal_frozen, "signal")
    same_shape(signal_frozen, log_p, "signal and log p(x, z)")

    def pull(d: Any) -> tuple[VAE, None, None, None]:
        each = np.full_like(log_p, d / log_p.size)                                                      # (3.26)
        dmu, dlogvar, _ = pull_q(-each * signal_frozen)                                                 # (3.26)
        return VAE(pull_encode((dmu.sum(0), dlogvar.sum(0)))[0], pull_joint(each)[0]), None, None, None  # (3.26)

    return (log_p - signal_frozen * nll_q).mean(), pull                                                 # (3.26)
