"""A trained model on held-out data: its bounds, the units that it uses, and pictures of its codes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvae.inputs import array, generator, in_range, matrix, perceptron, same_shape, whole
from refvae.layers import Activation, bernoulli_nll, relu
from refvae.trees import Array
from refvae.vae.elbo import VAE, encode
from refvae.vae.importance import log_mean_exp, log_weights
from refvae.vae.likelihoods import Likelihood, check_pixels
from refvae.vae.normal import kl_std_normal

CELLS = 4_194_304  # pixels that the likelihood sees at a time


class Evaluation(NamedTuple):
    """Per example, in nats: the ELBO, the importance-weighted bound, the rate KL(q(z|x) || p(z)).   each (n,)"""

    elbo: Array
    bound: Array
    rate: Array


@in_range
def evaluate(p: VAE, x: Array, rng: np.random.Generator | int, *, samples: int = 1024,
             likelihood: Likelihood = bernoulli_nll, activation: Activation = relu) -> Evaluation:
    """The bounds of every example from the same `samples` draws.   x: (n, d)                           (3.21a)

    The ELBO has its divergence in closed form, the reconstruction averaged over the draws. Means over n examples have
    the standard error std / sqrt(n). Raises TypeError or ValueError for bad samples, rng or x, and for pixels that
    the likelihood does not take.
    """
    x, samples, rng = _rows(p, x), whole(samples, "samples"), generator(rng)
    check_pixels(x, likelihood)
    size = max(1, CELLS // (samples * x.shape[1]))
    parts = [_evaluate(p, x[start:start + size], rng, samples, likelihood, activation)
             for start in range(0, len(x), size)]
    return Evaluation(*map(np.concatenate, zip(*parts, strict=True)))


def _evaluate(p: VAE, x: Array, rng: np.random.Generator, samples: int, likelihood: Likelihood,
              activation: Activation) -> Evaluation:
    (mu, logvar), _ = encode(p.enc, x, activation)
    eps = rng.standard_normal((samples, *mu.shape)).astype(mu.dtype)
    log_w, _ = log_weights(p, x, eps, likelihood=likelihood, activation=activation)
    rate, _ = kl_std_normal(mu, logvar)                                                                 # (3.21a)
    z = mu + np.exp(logvar / 2) * eps                                                                   # (3.21a)
    log_ratio = ((logvar + eps * eps - z * z) / 2).sum(2)  # log p(z) - log q(z|x)                      # (3.21a)
    return Evaluation((log_w - log_ratio).mean(0) - rate, log_mean_exp(log_w)[0], rate)                 # (3.21a)


@in_range
def active_units(p: VAE, x: Array, activation: Activation = relu, least: float | Array = 0.01) -> Array:
    """Which code units move with the data: the variance of their mean over x exceeds `least`.   -> (k,)  (3.36)

    least: a number, or one for each unit. Raises TypeError or ValueError for bad input. [Burda et al. 2016, sec. 5.2]
    """
    least, ((mu, _), _) = array(least, "least"), encode(p.enc, _rows(p, x), activation)
    if least.ndim:
        same_shape(least, mu[0], "least and a row of codes")
    moves: Array = mu.var(0) > least                                                                    # (3.36)
    return moves


def _rows(p: VAE, x: Array) -> Array:
    """Data as float64, with as many columns as the encoder takes."""
    x, wanted = matrix(x, "x"), len(perceptron(p.enc, "p.enc")[0].W)
    if x.shape[1] != wanted:
        raise ValueError(f"x: got {x.shape[1]} columns, wanted {wanted}, as the encoder takes")
    perceptron(p.dec, "p.dec")
    return x
