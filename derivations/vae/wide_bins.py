"""Evidence for bins of wide and of narrow laws, (3.17) and (3.17a)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.derivations.vae.likelihoods import BINNED_SLOPES, five, log_mass, slices
from refvae.evidence import Ledger, entrywise, gap, spoiled
from refvae.vae import discretised_gaussian

ledger = Ledger()


# Wide laws


def wide(rng):
    """Means, log-variances from -3.5 to 60, counts within the ends: sigma is .17 to 1e13; 20 are far from the count."""
    logvar = np.hstack([2.09, np.linspace(-3.5, 4, 16), rng.uniform(4, 60, 33), rng.uniform(2.2, 8, 20)])
    far = rng.uniform(20, 300, 20) * np.tile([-1, 1], 10)
    mu = 2 + np.exp(logvar / 2) * np.hstack([0, rng.uniform(-2, 2, 49), far])
    return mu, logvar, np.append(2, rng.integers(1, 4, 69))


def log_of_a_difference(mu, logvar, c):
    """Both terms of (3.16), whatever the width: their logarithms agree to 1 / sigma."""
    u, v = ((c + shift - mu) * np.exp(-logvar / 2) for shift in (0.5, -0.5))
    near, far = np.where(u + v > 0, (-v, -u), (u, v))
    log_near = special.log_ndtr(near)
    return -(log_near + np.log(-np.expm1(special.log_ndtr(far) - log_near))).sum(1), None


def by_nodes(nodes, bend=1.0):
    """Another quadrature over the bin."""
    t, w = np.polynomial.legendre.leggauss(nodes)

    def wrong(mu, logvar, c):
        h = np.exp(-logvar / 2)[..., None]
        m = (c - mu)[..., None] * h
        mean = np.exp(-m * h * t / 2 - bend * h * h * t * t / 8) @ w / 2
        return -(np.log(mean) - (m[..., 0] ** 2 + np.log(2 * np.pi) + logvar) / 2).sum(1), None

    return wrong


WIDE_WRONG = {"difference of logarithms": log_of_a_difference, "one node": by_nodes(1),
              "width of the bin forgotten": lambda mu, logvar, c: (five(mu, logvar, c)[0] - logvar.sum(1) / 2, None)}


@ledger.add("3.17a", "identity", five, wrong={
    **WIDE_WRONG, "four nodes": by_nodes(4), "curvature forgotten": by_nodes(8, 0.0)})
def narrow_bins_by_quadrature(nll, rng):
    """70 laws with sigma from .17 to 1e13: 60 pieces of 40 nodes over the bin, entry by entry."""
    mu, logvar, c = wide(rng)
    got = nll(mu[:, None], logvar[:, None], c[:, None])[0]
    return entrywise(got, -log_mass(c - 0.5, c + 0.5, mu, np.exp(logvar / 2)))


@ledger.add("3.17a", "identity", five, wrong={
    "half forgotten": BINNED_SLOPES["half forgotten"], "sign of the mean's": BINNED_SLOPES["sign of the mean's"],
    "slope of the density at the near end": lambda mu, logvar, c: (None, lambda d: (
        d[:, None] * (mu - c + np.sign(c - mu) / 2) * np.exp(-logvar), five(mu, logvar, c)[1](d)[1], None))})
def their_slopes(nll, rng):
    """Against moments of the law in the bin, the same quadrature: mean for mu, mean square for log sigma^2."""
    mu, logvar, c = wide(rng)
    sigma = np.exp(logvar / 2)
    x, w = slices(c - 0.5, c + 0.5, mu, sigma)
    t = (x - mu[:, None]) / sigma[:, None]
    p = np.exp(-(t * t - t[:1, :, :1] ** 2) / 2) * w
    first, second = ((t**power * p).sum((0, 2)) / p.sum((0, 2)) for power in (1, 2))
    dmu, dlogvar, _ = nll(mu[:, None], logvar[:, None], c[:, None])[1](np.ones(70))
    return gap((dmu[:, 0] * sigma, dlogvar[:, 0]), (-first, (1 - second) / 2))


@ledger.add("3.17a", "limit", five, bound=1e-14, wrong={
    key: WIDE_WRONG[key] for key in WIDE_WRONG if "node" not in key})
def flat_over_the_bin(nll, rng):
    """A count at the mean costs (log 2 pi + log sigma^2) / 2 at log sigma^2 = 60, 80, 300, 1000 and 1500."""
    logvar, two = np.array([60.0, 80.0, 300.0, 1000.0, 1500.0])[:, None], np.full((5, 1), 2)
    return entrywise(nll(2.0 + 0 * logvar, logvar, two)[0], (np.log(2 * np.pi) + logvar[:, 0]) / 2)


@ledger.add("3.17", "limit", discretised_gaussian(4), bound=1e-8, wrong={
    "levels forgotten": spoiled(discretised_gaussian(4), lambda d: (d[0] / [[4, 4, 4, 1, 1, 1]], None)),
    "halves exchanged": spoiled(discretised_gaussian(4), lambda d: (np.roll(d[0], 3, 1), None))})
def real_differences(nll, rng):
    """The cotangent of the decoder's output against central differences of order 6, one coordinate after the other."""
    out, x = rng.standard_normal((7, 6)), rng.integers(0, 5, (7, 3)) / 4
    want = np.zeros_like(out)
    for j, unit in enumerate(np.eye(6)):
        d1, d2, d3 = (nll(out + m * 0.01 * unit, x)[0] - nll(out - m * 0.01 * unit, x)[0] for m in (1, 2, 3))
        want[:, j] = (45 * d1 - 9 * d2 + d3) / 0.6
    return gap(nll(out, x)[1](np.ones(7))[0], want)
