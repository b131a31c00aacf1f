"""The variational information bottleneck: what a label needs of an input, and how much of the rest is forgotten."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.bottleneck.aggregate import pointwise_information
from refvae.inputs import array, in_range, matrix, perceptron, real, same_shape
from refvae.layers import Activation, mlp, relu, softmax_nll
from refvae.trees import Array, Pull
from refvae.vae import VAE, encode, neg_elbo, reparam


class Channel(NamedTuple):
    """A Gaussian channel z = x + noise for x of variance 1: signal to noise, I(X;Z), I(Y;Z)."""

    snr: float
    rate: float
    relevance: float


def vib_loss(p: VAE, x_frozen: Array, labels: Array, eps: Array, lam: float, *,
             activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean over the batch of -log q(y|z) + lam KL(q(z|x) || N(0, I)), in nats; lam is a setting.        (5.14)

    p: encoder d -> 2 k, classifier k -> m; x: (n, d), labels: (n,) in 0..m-1, eps: (n, k) -> (). The cotangents are
    those of p, x_frozen, labels (None for both) and eps. [Alemi, Fischer, Dillon and Murphy 2017, equation 17]
    """
    loss, pull_elbo = neg_elbo(p, x_frozen, eps, likelihood=lambda logits, _: softmax_nll(logits, labels),  # (5.14)
                               beta=lam, activation=activation)

    def pull(dloss: Any) -> tuple[VAE, None, None, Array]:
        dp, _, deps = pull_elbo(dloss)                                                                  # (5.14)
        return dp, None, None, deps

    return loss, pull


def capacity_loss(p: VAE, x_frozen: Array, labels: Array, eps: Array, lam: float, capacity: float, *,
                  activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean over the batch of -log q(y|z) + lam max(log q(z|x)/q(z) - capacity, 0), in nats.             (5.12)

    q(z) is the mixture of the batch, exactly, and no prior occurs; shapes as in `vib_loss`.
    """
    lam, capacity = float(lam), float(capacity)  # NumPy floats would turn float32 into float64
    (mu, logvar), pull_encode = encode(p.enc, x_frozen, activation, frozen=True)
    z, pull_reparam = reparam(mu, logvar, eps)
    logits, pull_decode = mlp(p.dec, z, activation)
    nll, pull_nll = softmax_nll(logits, labels)
    information, pull_information = pointwise_information(mu, logvar, z)
    excess, pull_relu = relu(information - capacity)                                                    # (5.12)
    loss = (nll + lam * excess).mean()                                                                  # (5.12)

    def pull(dloss: Any) -> tuple[VAE, None, None, Array]:
        d = np.full_like(nll, dloss / len(nll))                                                         # (5.12)
        ddec, dz = pull_decode(pull_nll(d)[0])                                                          # (5.12)
        dmu_direct, dlogvar_direct, dz_information = pull_information(pull_relu(lam * d))               # (5.12)
        dmu, dlogvar, deps = pull_reparam(dz + dz_information)                                          # (5.12)
        denc, _ = pull_encode((dmu + dmu_direct, dlogvar + dlogvar_direct))                             # (5.12)
        return VAE(denc, ddec), None, None, deps

    return loss, pull


@in_range
def predict(p: VAE, x: Any, eps: Any = None, *, activation: Activation = relu) -> Array:
    """log q(y|x) for every class: at the mean code, or averaged over sampled codes.   -> (n, m)         (5.19)

    x: (n, d); eps: None, or noise (draws, n, k), whose codes' probabilities are averaged. Raises TypeError or
    ValueError for data that are none.
    """
    x = matrix(x, "x")
    (mu, logvar), _ = encode(perceptron(p.enc, "p.enc", x.shape[1]), x, activation)
    perceptron(p.dec, "p.dec", mu.shape[1])
    draws = np.zeros((1, *mu.shape)) if eps is None else np.atleast_1d(array(eps, "eps"))
    same_shape(draws, np.empty((len(draws), *mu.shape)), "eps against (draws, n, k)")
    logits = np.array([mlp(p.dec, reparam(mu, logvar, e)[0], activation)[0] for e in draws])
    log_q = logits - np.logaddexp.reduce(logits, 2)[..., None]                                          # (5.19)
    average: Array = np.logaddexp.reduce(log_q, 0) - np.log(len(draws))                                 # (5.19)
    return average


def gaussian_bottleneck(rho: float, lam: float) -> Channel:
    """The channel that minimises lam I(X;Z) - I(Y;Z) for jointly normal x and y of correlation rho.     (5.20)

    It is open (snr > 0) if and only if lam < rho^2. Raises ValueError unless -1 < rho < 1 and lam > 0.
    """
    rho, lam = real(rho, "rho", above=-1, below=1), real(lam, "lam", above=0)
    excess = max(rho * rho - lam, 0) / ((1 - rho) * (1 + rho))  # 1 - rho^2 would cancel                # (5.20)
    return Channel(excess / lam, float(np.log1p(excess / lam) / 2), float(np.log1p(excess) / 2))        # (5.20)
