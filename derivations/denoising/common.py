"""Laws and networks that several sections use."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvae.layers import Dense, mlp_init


class Mixture(NamedTuple):
    """Normal laws N(m_k, sd_k^2 I) with weights w (k,), m (k, d), sd (k,); all methods run on complex points too."""

    w: np.ndarray
    m: np.ndarray
    sd: np.ndarray

    def parts(self, x, sigma):
        """w_k p_k(x) of the law smoothed by sigma, (n, k)."""
        var, d = self.sd**2 + sigma**2, self.m.shape[1]
        return self.w * np.exp(-((x[:, None] - self.m) ** 2).sum(2) / (2 * var)) / (2 * np.pi * var) ** (d / 2)

    def density(self, x, sigma):
        """p_sigma(x), (n,)."""
        return self.parts(x, sigma).sum(1)

    def score(self, x, sigma):
        """Gradient of log p_sigma, (n, d)."""
        parts = self.parts(x, sigma)
        slopes = -(x[:, None] - self.m) / (self.sd**2 + sigma**2)[:, None]
        return (parts[..., None] * slopes).sum(1) / parts.sum(1, keepdims=True)

    def posterior(self, x, sigma):
        """Mean (n, d) and covariance (n, d, d) of the clean point given the noisy one, component by component."""
        parts, gain = self.parts(x, sigma), (self.sd**2 / (self.sd**2 + sigma**2))[:, None]
        share = parts / parts.sum(1, keepdims=True)
        means = self.m + gain * (x[:, None] - self.m)
        mean = (share[..., None] * means).sum(1)
        inner = share @ (gain[:, 0] * sigma**2)
        apart = means - mean[:, None]
        return mean, inner[:, None, None] * np.eye(x.shape[1]) + np.einsum("nk,nki,nkj->nij", share, apart, apart)

    def layer(self, sigma):
        """The score as a layer x -> (s, pull), whose derivative is written out."""
        def score(x):
            parts = self.parts(x, sigma)
            share, var = parts / parts.sum(1, keepdims=True), self.sd**2 + sigma**2
            slopes = -(x[:, None] - self.m) / var[:, None]
            s = (share[..., None] * slopes).sum(1)

            def pull(ds):
                along = (slopes * ds[:, None]).sum(2)
                curved = ((share * along)[..., None] * (slopes - s[:, None])).sum(1)
                return curved - (share / var).sum(1, keepdims=True) * ds

            return s, pull

        return score

    def log_density(self, sigma, constant=0.0):
        """log p_sigma + constant as a layer x -> ((n,), pull)."""
        return lambda x: (np.log(self.density(x, sigma)) + constant, lambda d: d[:, None] * self.score(x, sigma))

    def covariance(self):
        """Of the clean law, (d, d)."""
        centred = self.m - self.w @ self.m
        return (self.w[:, None] * centred).T @ centred + (self.w @ self.sd**2) * np.eye(self.m.shape[1])


EXAMPLE = Mixture(np.array([0.3, 0.7]), np.array([[-1.0], [1.2]]), np.array([0.3, 0.5]))  # with sigma = 0.4


def mixture(rng, d=2, k=3):
    """A random law of k components."""
    w = rng.uniform(0.5, 1.5, k)
    return Mixture(w / w.sum(), rng.standard_normal((k, d)), rng.uniform(0.3, 0.8, k))


def line(law, sigma, h=0.02, reach=12.0):
    """Nodes (n, 1) and weights (n,) of the mean over the smoothed law on the line; trapezoids, exact to rounding."""
    x = np.arange(law.m.min() - reach * sigma - 6, law.m.max() + reach * sigma + 6, h)[:, None]
    return x, h * law.density(x, sigma)


def joint(law, sigma, n=60):
    """Clean and noisy points (m, 1) and weights (m,) by Gauss-Hermite in both: means of polynomials are exact."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    weights = weights / weights.sum()
    x = (law.m + law.sd[:, None] * nodes).repeat(n)
    eps = np.tile(nodes, len(law.w) * n)
    return x[:, None], eps[:, None], np.outer(np.outer(law.w, weights).ravel(), weights).ravel()


def noisy(layers, rng):
    """The same layers with biases that are not zero."""
    return tuple(Dense(p.W, rng.standard_normal(p.b.shape) / 2) for p in layers)


def network(rng, *sizes):
    """A perceptron with biases."""
    return noisy(mlp_init(sizes, rng), rng)
