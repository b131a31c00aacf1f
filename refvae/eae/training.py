"""Training the entropic autoencoder, and its use: codes with the moments of all training rows, and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refvae.eae.moments import Normal, fitted_normal, sample_normal
from refvae.eae.objective import EAE, eae_init, searching
from refvae.fit import fit
from refvae.inputs import generator, in_range, matrix, perceptron, real, whole
from refvae.layers import Activation, Dense, mlp, softplus
from refvae.optim import Adam, Optimiser
from refvae.trees import Array


class Fitted(NamedTuple):
    """A trained entropic autoencoder.

    p        parameters; the codes of the training rows have mean 0 and variance 1
    normal   the normal law with the moments of these codes
    history  mean loss of every epoch
    """

    p: EAE
    normal: Normal
    history: Array

    def encode(self, x: Any) -> Array:
        """Codes.   x: (n, features) -> (n, d)"""
        return mlp(self.p.enc, matrix(x, "x"), softplus)[0]

    def decode(self, z: Any) -> Array:
        """What the decoder makes of codes.   z: (n, d) -> (n, features)"""
        return mlp(self.p.dec, matrix(z, "z"), softplus)[0]

    def sample(self, n: int, rng: np.random.Generator | int, fitted: bool = False) -> Array:
        """Decoded draws of N(0, I), or of the fitted normal law (7.11).   -> (n, features)"""
        n, rng = whole(n, "n"), generator(rng)
        d = len(self.normal.mean)
        return self.decode(sample_normal(self.normal, n, rng) if fitted else rng.standard_normal((n, d)))


def fit_eae(x: Any, sizes: Sequence[int], *, lam: float, rng: np.random.Generator | int, k: int = 1, epochs: int = 200,
            batch: int = 128, optimiser: Optimiser | None = None, progress: bool | None = None) -> Fitted:
    """Train an entropic autoencoder on rows x (n, features) with perceptrons of sizes features, ..., d.   (7.2)

    lam       weight of the entropy in squared errors per nat
    k         order of the neighbours; 1 forbids coinciding codes, more allow groups of k (7.15)
    batch     rows of a step; the last of an epoch is filled up with others, for it normalises its own codes

    The default optimiser is Adam(1e-3). Raises TypeError or ValueError for bad input, for k >= batch, and for a row
    that occurs more than k times, whose codes have no entropy.
    """
    x, rng = matrix(x, "x"), generator(rng)
    batch = whole(batch, "batch", least=2, most=len(x))
    k = whole(k, "k", most=batch - 1)
    lam = real(lam, "lam", least=0)
    p = eae_init(sizes, rng)
    if sizes[0] != x.shape[1]:
        raise ValueError(f"sizes: got {sizes[0]} inputs, wanted {x.shape[1]} as x has columns")
    refuse_repeated(x, k)
    found = fit(searching(k, lam), p, np.arange(len(x)), epochs=epochs, batch=batch, rng=rng,
                optimiser=optimiser or Adam(1e-3), progress=progress, unit="squared error - lam nats",
                draw=lambda rng, rows: (x[filled(rows, batch, len(x), rng)],))
    p = normalised(found.p, x)
    return Fitted(p, fitted_normal(mlp(p.enc, x, softplus)[0]), found.history)


def refuse_repeated(x: Array, k: int) -> None:
    """Raise ValueError if a row occurs more than k times."""
    most = max(Counter(row.tobytes() for row in x + 0.0).values())  # -0.0 is 0.0
    if most > k:
        raise ValueError(f"x: got a row that occurs {most} times, wanted none more than k = {k} times: the entropy of "
                         "codes that coincide is -infinity")


def filled(rows: Array, least: int, n: int, rng: np.random.Generator) -> Array:
    """The rows, and others of 0..n-1 at random until there are `least`, all different."""
    if len(rows) >= least:
        return rows
    return np.append(rows, rng.choice(np.setdiff1d(np.arange(n), rows), least - len(rows), replace=False))


@in_range
def normalised(p: EAE, x: Array, activation: Activation = softplus) -> EAE:
    """The autoencoder whose encoder gives the rows x (n, features) codes of mean 0 and variance 1 by itself.   (7.7)

    Mean and deviation of the codes of x are folded into the encoder's last affine map; no objective with batch
    normalisation changes. Raises TypeError or ValueError for bad input, or codes that do not vary.
    """
    x = matrix(x, "x")
    *first, last = perceptron(p.enc, "p.enc", x.shape[1])
    perceptron(p.dec, "p.dec", len(last.b))
    h = mlp(p.enc, x, activation)[0]
    mean, sigma = h.mean(0), np.sqrt(((h - h.mean(0)) ** 2).mean(0))                                    # (7.7)
    return p._replace(enc=(*first, Dense(last.W / sigma, (last.b - mean) / sigma)))                     # (7.7)
