"""Evidence for coverage, shapes and the moments of the union, (4.5) to (4.7)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.spatial import distance

from refvae.derivations.geometry.common import codes
from refvae.evidence import Ledger, gap, holds, z_score
from refvae.geometry import aggregated_moments, disc_coverage, shape_of

ledger = Ledger()


def of_the_square(mu, sigma, resolution=200):
    """Share of the square, not of the disc."""
    line = (2 * np.arange(resolution) + 1) / resolution - 1
    z = np.stack(np.meshgrid(line, line), -1).reshape(-1, 1, 2)
    return float(((((z - mu) / sigma) ** 2).sum(2) < 1).any(1).mean())


def sum_of_areas(mu, sigma, resolution=200):
    """Overlaps counted twice."""
    return sum(disc_coverage(m[None], s[None], resolution=resolution) for m, s in zip(mu, sigma, strict=True))


COVER_WRONG = {"variance for sigma": lambda mu, sigma, resolution=200: disc_coverage(
                   mu, sigma**2, resolution=resolution),
               "of the square": of_the_square, "overlaps counted twice": sum_of_areas,
               "boxes": lambda mu, sigma, resolution=200: disc_coverage(mu, sigma * 2**0.5, resolution=resolution)}


@ledger.add("4.5", "identity", disc_coverage, wrong=COVER_WRONG)
def rational_arithmetic(coverage, rng):
    """Five ellipses with coordinates in sixteenths, on a lattice of 14: exact fractions, point by point."""
    mu, sigma = rng.integers(-12, 13, (5, 2)) / 16, rng.integers(4, 11, (5, 2)) / 16
    line = [Fraction(2 * i + 1, 14) - 1 for i in range(14)]
    disc = [(a, b) for a in line for b in line if a * a + b * b < 1]
    inside = [any(sum(((z - Fraction(m)) / Fraction(s)) ** 2 for z, m, s in zip(point, *ellipse, strict=True)) < 1
                  for ellipse in zip(mu, sigma, strict=True)) for point in disc]
    return gap(coverage(mu, sigma, resolution=14), sum(inside) / len(disc))


@ledger.add("4.5", "law", disc_coverage, bound=0, wrong={
    "the rim counts wider": lambda mu, sigma, **k: disc_coverage(mu, 1.0001 * sigma, **k),
    "the rim counts narrower": lambda mu, sigma, **k: disc_coverage(mu, sigma / 1.0001, **k)})
def beside_the_rim(coverage, rng):
    """On the lattice of 5 a disc whose radius is beyond 2/5 by 1e-7 of it covers five points of 21, else one."""
    found = [coverage(np.zeros((1, 2)), np.full((1, 2), 0.4 * (1 + e)), resolution=5) for e in (1e-7, -1e-7)]
    return holds(np.abs(np.array(found) - np.array([5, 1]) / 21) < 1e-12)


@ledger.add("4.5", "limit", disc_coverage, bound=2e-3, wrong=COVER_WRONG)
def known_areas(coverage, rng):
    """One ellipse, two apart, two discs that overlap, the unit disc half outside: areas over pi, at resolution 400."""
    half = np.full((2, 2), 0.5)
    lens = 0.5 * np.arccos(0.5) - 0.25 * np.sqrt(0.75)  # two discs of radius 1/2 with centres 1/2 apart
    outside = (2 * np.arccos(0.5) - np.sqrt(0.75)) / np.pi  # two unit discs with centres 1 apart
    got = [coverage(np.array([[0.1, -0.2]]), np.array([[0.3, 0.6]]), resolution=400),
           coverage(np.array([[0.5, 0.1], [-0.4, 0.0]]), np.array([[0.3, 0.4], [0.4, 0.2]]), resolution=400),
           coverage(np.array([[-0.25, 0.0], [0.25, 0.0]]), half, resolution=400),
           coverage(np.array([[1.0, 0.0]]), np.ones((1, 2)), resolution=400)]
    return gap(np.array(got), np.array([0.18, 0.2, 0.5 - lens / np.pi, outside]))


@ledger.add("4.5", "law", disc_coverage, bound=0, wrong={
    "points as discs of radius 0.05": lambda mu, sigma, **k: disc_coverage(mu, np.maximum(sigma, 0.05), **k),
    "segments widened": lambda mu, sigma, **k: disc_coverage(mu, sigma + 0.01 * (sigma.max() > 0), **k),
    "mean over the ellipses": lambda mu, sigma, **k: float(np.mean([
        disc_coverage(m[None], s[None], **k) for m, s in zip(mu, sigma, strict=True)]))})
def points_cover_nothing(coverage, rng):
    """100 points and segments cover 0, on every lattice; the unit disc all; more ellipses no less; no rim."""
    mu = np.vstack([np.zeros(2), rng.uniform(-1, 1, (99, 2))])
    with np.errstate(divide="raise", invalid="raise"):
        none = [coverage(mu, np.array(s) + 0 * mu, resolution=n) == 0
                for s in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)) for n in (40, 41)]
    grow = [coverage(mu[:n], 0.1 + 0 * mu[:n], resolution=41) for n in (1, 5, 30, 100)]
    rim = coverage(np.full((1, 2), 0.25), np.full((1, 2), 0.5), resolution=4)  # four of twelve points, three on the rim
    return holds([*none, coverage(np.zeros((1, 2)), np.ones((1, 2)), resolution=41) == 1, grow == sorted(grow),
                  rim == 1 / 12])


SHAPE_WRONG = {"not centred": lambda z: _shape(z / np.sqrt((z * z).sum(1).mean() / 2)),
               "axes scaled one by one": lambda z: _shape((z - z.mean(0)) / z.std(0)),
               "mean squared norm 1": lambda z: _shape((z - z.mean(0)) / np.sqrt(z.var(0).sum()))}


def _shape(z):
    C = z.T @ z / len(z)
    return (np.trace(C) ** 2 / (C * C).sum(), (distance.cdist(z, np.zeros((1, 2))) < 1).mean(),
            disc_coverage(z, np.full_like(z, 0.1)))


def cloud(rng):
    """An oblong cloud away from 0."""
    return rng.standard_normal((50, 2)) @ np.array([[3.0, 1.0], [0.0, 1.0]]) + [4.0, -2.0]


@ledger.add("4.6", "identity", shape_of, wrong={
    **SHAPE_WRONG, "rank from singular values": lambda z: (
        np.linalg.svd(z - z.mean(0), compute_uv=False).sum() ** 2 / ((z - z.mean(0)) ** 2).sum(), *shape_of(z)[1:])})
def eigenvalues_and_distances(shape, rng):
    """Rank from eigenvalues, the inner share from distances, and the reach as those lattice points near a code."""
    z = cloud(rng)
    values, root = np.linalg.eigvalsh(np.cov(z.T, bias=True)), np.sqrt(z.var(0).sum() / 2)
    line = (2 * np.arange(200) + 1) / 200 - 1
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    grid = grid[(grid**2).sum(1) < 1]
    away = distance.cdist((z - z.mean(0)) / root, grid)
    inner = (distance.cdist(z, z.mean(0)[None]) < root).mean()
    return gap(np.array(shape(z)), np.array([values.sum() ** 2 / (values**2).sum(), inner, (away < 0.1).any(0).mean()]))


def inner_of(factor):
    """A wrong version of the inner share: every distance times a factor."""
    return lambda z: shape_of(z)._replace(inner=(((factor * z) ** 2).sum(1) < (z * z).sum(1).mean() / 2).mean())


@ledger.add("4.6", "law", shape_of, bound=0, wrong={
    "distances 1e-6 too large": inner_of(1 + 1e-6), "distances 1e-6 too small": inner_of(1 - 1e-6)})
def half_within_the_unit_circle(shape, rng):
    """Of four points, two just within and just beyond the radius 1 of the scaled cloud: inner share 1/2, then 0."""
    def share(r):
        return shape(np.array([[r, 0], [-r, 0], [0, np.sqrt(4 - r * r)], [0, -np.sqrt(4 - r * r)]])).inner

    return holds([share(1 - 2e-7) == 0.5, share(1 + 2e-7) == 0])


@ledger.add("4.6", "limit", shape_of, bound=5e-3, wrong={
    "mean squared norm 1": SHAPE_WRONG["mean squared norm 1"], "not centred": SHAPE_WRONG["not centred"],
    "rank of the correlation": lambda z: (2.0, *shape_of(z)[1:])})
def line_ring_and_normal(shape, rng):
    """Rank and inner share: a segment 1, 1/sqrt 6; a ring 2, 0; quantiles of N(0, I) 2, 1 - e^(-1/2)."""
    t = (np.arange(1000) + 0.5) / 1000
    turn = 2 * np.pi * 0.6180339887498949 * np.arange(1000)
    circle, angle = np.stack([np.cos(turn), np.sin(turn)], 1), 2 * np.pi * t
    clouds = (np.outer(t, [1.0, 0.4]) + 3, np.stack([np.cos(angle), np.sin(angle)], 1) * 7,
              np.sqrt(-2 * np.log(1 - t))[:, None] * circle)
    got = np.array([shape(z)[:2] for z in clouds])
    return gap(got, np.array([[1, 6**-0.5], [2, 0], [2, 1 - np.exp(-0.5)]]))


MOMENTS_WRONG = {"means alone": lambda mu, logvar: (
    mu.mean(0), (mu - mu.mean(0)).T @ (mu - mu.mean(0)) / len(mu)),
                 "sigma for variance": lambda mu, logvar: aggregated_moments(mu, logvar / 2),
                 "not centred": lambda mu, logvar: (mu.mean(0), mu.T @ mu / len(mu) + np.diag(np.exp(logvar).mean(0))),
                 "mean of log-variances": lambda mu, logvar: aggregated_moments(mu, logvar.mean(0) + 0 * logvar)}


@ledger.add("4.7", "identity", aggregated_moments, exact=True, wrong=MOMENTS_WRONG)
def sigma_points(moments, rng):
    """Six points mu +- sqrt 3 sigma_j e_j have the moments of each Gaussian, all of them those of the mixture."""
    mu, logvar = codes(rng)
    three = 3 + 0 * mu[0, 0]
    steps = np.sqrt(three) * np.exp(logvar / 2)[:, None] * np.vstack([np.eye(3), -np.eye(3)])
    points = (mu[:, None] + steps).reshape(-1, 3)
    centred = points - points.mean(0)
    return gap(moments(mu, logvar), (points.mean(0), centred.T @ centred / len(points)))


@ledger.add("4.7", "montecarlo", aggregated_moments, wrong=MOMENTS_WRONG)
def draws(moments, rng):
    """200 000 draws of the mixture: the mean of (u'(z - mean))^2 is u' covariance u."""
    mu, logvar = codes(rng)
    mu, rows, u = mu + 2, rng.integers(0, 7, 200_000), np.ones(3) / np.sqrt(3)
    z = mu[rows] + np.exp(logvar / 2)[rows] * rng.standard_normal((len(rows), 3))
    mean, covariance = moments(mu, logvar)
    return z_score(((z - mean) @ u) ** 2, float(u @ covariance @ u))
