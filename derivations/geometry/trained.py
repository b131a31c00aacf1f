"""Networks with a code of two numbers, trained on the digits: what the figures show and the experiments measure."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
from scipy import ndimage

from refvae.data import digits
from refvae.fit import fit
from refvae.geometry import ellipse_loss, naive_penalty
from refvae.layers import bernoulli_nll, squared_error, tanh
from refvae.optim import Adam
from refvae.vae import encode, kl_std_normal, vae_init

SIZES = (64, 64, 32, 2)
BETA = 0.08  # by (4.4) a decoder variance of 0.04 per pixel, about what a code of two numbers leaves unexplained
KINDS = {"points": (naive_penalty, 0.0, squared_error), "noise": (naive_penalty, 0.0, squared_error),
         "naive": (naive_penalty, BETA, squared_error), "kl": (kl_std_normal, BETA, squared_error),
         "bernoulli": (kl_std_normal, 1.0, bernoulli_nll)}


@lru_cache
def trained(kind, seed=0, epochs=50):
    """Parameters of a network trained with one of the KINDS of objective on all digits."""
    return train(kind, digits()[0], seed, epochs)


def train(kind, x, seed=0, epochs=50):
    """Adam, all chance from one seed; only the autoencoder ("points") sees no noise on its codes."""
    rng, noise = np.random.default_rng(seed), float(kind != "points")
    penalty, beta, likelihood = KINDS[kind]
    return fit(partial(ellipse_loss, penalty=penalty, beta=beta, likelihood=likelihood, activation=tanh),
               vae_init(SIZES, rng), x, epochs=epochs, batch=256, rng=rng, optimiser=Adam(6e-3),
               draw=lambda rng, x: (x, noise * rng.standard_normal((len(x), SIZES[-1]))), progress=False).p


def posterior(p, x=None):
    """Mean and standard deviation (n, 2) of the codes of the digits, or of x."""
    mu, logvar = encode(p.enc, digits()[0] if x is None else x, tanh)[0]
    return mu, np.exp(logvar / 2)


def brightness() -> np.ndarray:
    """The first digit at 360 shades (360, 64)."""
    return np.linspace(0, 1, 360)[:, None] * digits()[0][1]


def turns() -> np.ndarray:
    """A digit turned by 360 angles (360, 64)."""
    image = digits()[0][4].reshape(8, 8)
    return np.clip([ndimage.rotate(image, angle, reshape=False, order=1).ravel() for angle in range(360)], 0, 1)
