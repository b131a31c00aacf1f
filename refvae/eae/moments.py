"""What first and second moments say of codes and samples: the Gaussian part of a divergence, and Frechet's distance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.elimination import slogdet, solve
from refvae.inputs import array, floating, generator, in_range, matrix, parameters, same_shape, vector, whole
from refvae.trees import Array, Pull
from refvae.vae.normal import LOG_2PI


class Normal(NamedTuple):
    """A normal law of rows mean + eps @ root with eps ~ N(0, I): mean (d,), root (d, d), symmetric."""

    mean: Array
    root: Array


def kl_of_normalised(entropy: Any, d: int) -> Any:
    """KL(q || N(0, I)) in nats of a law with E|z|^2 = d and this entropy, a number or several.           (7.8)"""
    return (LOG_2PI + 1) * whole(d, "d") / 2 - array(entropy, "entropy")                                # (7.8)


def kl_of_moments(z: Array) -> tuple[Any, Pull]:
    """KL(N(m, S) || N(0, I)) for mean and covariance of the rows.   z: (n, d) -> () nats   (7.9), adjoint (7.10)

    What the first two moments see of KL(q || N(0, I)). It needs n > d: else S is singular, and the number is noise.
    """
    z = floating(z, "z")
    n, d = z.shape
    mean = z.mean(0)                                                                                    # (7.9)
    centred = z - mean                                                                                  # (7.9)
    S = centred.T @ centred / n                                                                         # (7.9)
    sign, size = slogdet(S)
    kl = (np.trace(S) + mean @ mean - d - size - np.log(sign)) / 2                                      # (7.9)

    def pull(dkl: Any) -> Array:
        dz: Array = dkl / n * (mean + centred - solve(S, centred.T).T)                                  # (7.10)
        return dz

    return kl, pull


@in_range
def fitted_normal(z: Any) -> Normal:
    """The normal law with the moments of the rows, nearest of all in KL(q || .) to densities q with these.  (7.11)

    z: (n, d). Raises TypeError or ValueError for bad input.
    """
    z = matrix(z, "z")
    mean = z.mean(0)                                                                                    # (7.11)
    return Normal(mean, root_of((z - mean).T @ (z - mean) / len(z)))                                    # (7.11)


@in_range
def sample_normal(law: Normal, n: int, rng: np.random.Generator | int) -> Array:
    """Independent rows of a normal law.   -> (n, d)                                                      (7.11)

    Raises TypeError or ValueError for bad n or rng.
    """
    n, rng, (mean, root) = whole(n, "n"), generator(rng), parameters(law, "law")
    same_shape(root, np.outer(vector(mean, "law.mean"), mean), "law.root and the outer product of law.mean")
    return law.mean + rng.standard_normal((n, len(law.mean))) @ law.root                                # (7.11)


def root_of(S: Array) -> Array:
    """The symmetric root of a positive semi-definite matrix; what rounding made negative counts as 0."""
    values, vectors = np.linalg.eigh(S)                                                                 # (7.11)
    root: Array = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T                                  # (7.11)
    return root


@in_range
def frechet(a: Any, b: Any) -> float:
    """Squared Frechet distance of the normal laws with the moments of two samples.   a: (n, d), b: (m, d)   (7.16)

    Never negative; at most the mean squared distance in any coupling of the samples. Raises TypeError or ValueError
    for bad input. [Dowson and Landau 1982; Gelbrich 1990]
    """
    a, b = matrix(a, "a"), matrix(b, "b")
    same_shape(a[0], b[0], "a row of a and of b")
    one, two = fitted_normal(a), fitted_normal(b)
    U, _, Vt = np.linalg.svd(two.root @ one.root)                                                       # (7.16)
    gap = one.root - two.root @ U @ Vt                                                                  # (7.16)
    return float(((one.mean - two.mean) ** 2).sum() + (gap**2).sum())                                   # (7.16)
