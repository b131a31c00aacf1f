"""Expectation and maximisation, for mixtures of Gaussians with full covariance matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import array, floating, generator, in_range, matrix, same_shape, vector, whole
from refvae.trees import Array

LARGEST = np.finfo(float).max
LEAST = 1e-9  # of the variance of a component, relative to that of the data in the same direction


class Mixture(NamedTuple):
    """Weights (k,), means (k, d) and covariance matrices (k, d, d)."""

    weights: Array
    means: Array
    covs: Array


class EM(NamedTuple):
    """The mixture after the last step, and the mean of -log p(x) before every step and after the last (steps + 1,)."""

    p: Mixture
    nll: Array


@in_range
def log_joint(p: Mixture, x: Array) -> Array:
    """log p(x, z) for every component z.   x (n, d) -> (n, k)                                             (10.4)

    Raises TypeError or ValueError for what is no mixture of such rows.
    """
    x = matrix(x, "x")
    p, d = _checked(p, x), x.shape[1]
    roots = np.linalg.cholesky(p.covs)
    white = np.linalg.solve(roots, (x - p.means[:, None]).swapaxes(1, 2))                               # (10.4)
    logdet = 2 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(1)                                    # (10.4)
    return np.asarray(np.log(p.weights) - ((white**2).sum(1).T + logdet + d * np.log(2 * np.pi)) / 2)   # (10.4)


@in_range
def responsibilities(p: Mixture, x: Array) -> tuple[Array, Array]:
    """p(z|x) (n, k) and log p(x) (n,), the logarithm of a sum whose largest term is 1.                    (10.4)

    Raises as `log_joint`.
    """
    logs = log_joint(p, x)
    top = logs.max(1, keepdims=True)
    log_x = top + np.log(np.exp(logs - top).sum(1, keepdims=True))                                      # (10.4)
    return np.exp(logs - log_x), log_x[:, 0]                                                            # (10.4)


@in_range
def free_energy(log_joint: Array, q: Array) -> float:
    """Mean over x of E_q [log q(z|x) - log p(x, z)].   both (n, k); where q is 0 log p may be -inf         (10.3)

    Raises ValueError for other shapes.
    """
    log_joint, q = floating(log_joint, "log_joint"), matrix(q, "q")
    matrix(np.maximum(log_joint, -LARGEST), "log_joint")
    same_shape(log_joint, q, "log_joint and q")
    taken = q > 0
    return float((q * (np.log(np.where(taken, q, 1)) - np.where(taken, log_joint, 0))).sum() / len(q))  # (10.3)


@in_range
def m_step(x: Array, q: Array) -> Mixture:
    """The mixture that minimises the free energy at q.   x (n, d), q (n, k)                               (10.5)

    Raises TypeError or ValueError for other shapes, for a component without mass, or with no variance in a direction.
    """
    x, q = matrix(x, "x"), matrix(q, "q")
    same_shape(x[:, 0], q[:, 0], "a column of x and of q")
    mass = q.sum(0)                                                                                     # (10.5)
    if not mass.min() > 0:
        raise ValueError(f"component {mass.argmin()}: got no mass, wanted some")
    means = q.T @ x / mass[:, None]                                                                     # (10.5)
    centred = x - means[:, None]                                                                        # (10.5)
    covs = np.einsum("nk,kni,knj->kij", q, centred, centred) / mass[:, None, None]                      # (10.5)
    _check_covs(covs, x)
    return Mixture(mass / len(x), means, covs)                                                          # (10.5)


@in_range
def em_mixture(x: Any, start: Mixture | int, *, steps: int, rng: np.random.Generator | int = 0) -> EM:
    """Alternate the exact E step and M step; the mean of -log p(x) never grows.   x (n, d)               (10.6)

    start   a mixture, or a number of components: different rows drawn by rng for means, and the covariance of the data

    Raises TypeError or ValueError for bad input, and ValueError when a component loses its mass or degenerates.
    """
    x, steps = matrix(x, "x"), whole(steps, "steps")
    p, nll = _start(x, start, generator(rng)), []
    for _ in range(steps):
        q, log_x = responsibilities(p, x)                                                               # (10.6)
        nll.append(-log_x.mean())                                                                       # (10.6)
        p = m_step(x, q)                                                                                # (10.6)
    return EM(p, np.array([*nll, -responsibilities(p, x)[1].mean()]))                                   # (10.6)


def _start(x: Array, start: Any, rng: np.random.Generator) -> Mixture:
    if isinstance(start, Mixture):
        _check_covs(_checked(start, x).covs, x)
        return _checked(start, x)
    k = whole(start, "start", most=len(x))
    cov = np.cov(x.T, bias=True).reshape(x.shape[1], -1)
    _check_covs(cov[None], x)
    return Mixture(np.full(k, 1 / k), x[rng.choice(len(x), k, replace=False)], np.tile(cov, (k, 1, 1)))


def _checked(p: Mixture, x: Array) -> Mixture:
    """In float64; TypeError or ValueError unless it is a mixture of such rows."""
    p = Mixture(vector(p.weights, "weights"), matrix(p.means, "means"), array(p.covs, "covs"))
    if not (p.weights.min() > 0 and abs(p.weights.sum() - 1) <= 1e-9):
        raise ValueError(f"weights: got {p.weights}, wanted positive ones of sum 1")
    k, d = p.weights.size, x.shape[1]
    got = tuple(np.shape(part) for part in p)
    if got != ((k,), (k, d), (k, d, d)):
        raise ValueError(f"mixture: got shapes {got} for rows of {d}, wanted ((k,), (k, {d}), (k, {d}, {d}))")
    if not np.allclose(p.covs, p.covs.swapaxes(1, 2), rtol=1e-9, atol=0):
        raise ValueError("covs: got a covariance that is not symmetric, wanted symmetric ones")
    return p


def _check_covs(covs: Array, x: Array) -> None:
    """ValueError unless all eigenvalues, in units of the variances of the data, are above LEAST."""
    scale = x.std(0)
    if not scale.min() > 0:
        raise ValueError(f"x: got a constant column {scale.argmin()}, wanted some variance")
    least = np.linalg.eigvalsh(covs / np.outer(scale, scale))[:, 0]
    if not least.min() > LEAST:
        raise ValueError(f"component {least.argmin()}: got the least variance {least.min():.3g} of that of the data, "
                         f"wanted more than {LEAST:g}: it degenerates")
