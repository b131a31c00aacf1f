"""Evidence for a known support, (6.18) and (6.19)."""

from __future__ import annotations

import numpy as np
from scipy.special import polygamma

from refvae.derivations.entropy.common import value
from refvae.entropy import knn_entropy, neighbours
from refvae.entropy.balls import Box, log_volumes, log_volumes_in_box, log_volumes_on_torus
from refvae.entropy.regions import reflected
from refvae.evidence import Ledger, gap, holds, z_score

ledger = Ledger()

SIDES = np.array([1.0, 0.4, 2.5])
TORUS_WRONG = {"cube of side rho": lambda rho, sides: log_volumes_on_torus(rho / 2, sides),
               "wider than the torus": lambda rho, sides: log_volumes(rho, len(sides), np.inf)}


@ledger.add("6.18", "law", log_volumes_on_torus, bound=0, wrong=TORUS_WRONG)
def by_counting(log_volume, rng):
    """The volume is the share of a fine lattice on the torus within rho, to half a cell in each direction."""
    sides, m = SIDES, 400
    rho = rng.uniform(0.05, 1.4, 20)
    count = np.ones(20)
    for side in sides:
        offset = np.minimum(np.arange(m) / m, 1 - np.arange(m) / m) * side
        count *= (offset <= rho[:, None]).mean(1) * side
    error = np.abs(np.exp(log_volume(rho[:, None], sides)[:, 0]) - count) / np.prod(sides)
    return holds(error < 3 * 2 / m)


@ledger.add("6.18", "identity", log_volumes_on_torus, wrong=TORUS_WRONG)
def product_of_sides(log_volume, rng):
    """The product over the axes by a loop."""
    rho = rng.uniform(0.05, 1.4, (5, 2))
    want = [[np.log(np.prod([min(2 * r, side) for side in SIDES])) for r in row] for row in rho]
    return gap(log_volume(rho, SIDES), np.array(want))


def on_torus(x, k, sides):
    """The local values on a torus, maximum norm."""
    return knn_entropy(x, k, norm=np.inf, periodic=sides).local


@ledger.add("6.18", "montecarlo", on_torus, wrong={
    "no torus": lambda x, k, sides: knn_entropy(x, k, norm=np.inf).local,
    "log(n - 1)": lambda x, k, sides: on_torus(x, k, sides) + np.log(len(x) - 1) - sum(1 / np.arange(1, len(x)))
    + np.euler_gamma})
def unbiased_on_a_torus(local, rng):
    """Five uniform points on a torus with unequal sides, k = 4, so that balls fill it: mean log of its volume, 0."""
    return z_score(np.array([local(rng.random((5, 3)) * SIDES, 4, SIDES).mean() for _ in range(400)]), 0.0)


@ledger.add("6.18", "montecarlo", on_torus, wrong={
    "no torus": lambda x, k, sides: knn_entropy(x, k, norm=np.inf).local,
    "mean of all points": lambda x, k, sides: np.full(len(x), on_torus(x, k, sides).mean()),
    "order k + 1": lambda x, k, sides: on_torus(x, k + 1, sides)})
def variance_of_a_local_value(local, rng):
    """The first of five uniform points, k = 2: mean square about the log of the volume, 0, psi'(2) - psi'(5)."""
    found = np.array([local(rng.random((5, 3)) * SIDES, 2, SIDES)[0] for _ in range(600)])
    return z_score(found**2, polygamma(1, 2) - polygamma(1, 5))


# A box

LOW, HIGH = np.array([-1.0, 0.0, 2.0]), np.array([0.5, 1.0, 4.0])
BOX_WRONG = {"not cut off": lambda x, rho, box: log_volumes(rho, x.shape[1], np.inf),
             "cut off on one side": lambda x, rho, box: log_volumes_in_box(x, rho, Box(box.low - 9, box.high)),
             "as a torus": lambda x, rho, box: log_volumes_on_torus(rho, box.high - box.low)}


@ledger.add("6.19", "identity", log_volumes_in_box, wrong=BOX_WRONG)
def overlaps_by_loops(log_volume, rng):
    """Corners of the common box, one ball after the other."""
    x, rho = rng.uniform(LOW, HIGH, (6, 3)), rng.uniform(0.1, 2, (6, 2))
    want = np.array([[np.log(np.prod([min(c + r, b) - max(c - r, a) for c, a, b in zip(point, LOW, HIGH, strict=True)]))
                      for r in row] for point, row in zip(x, rho, strict=True)])
    return gap(log_volume(x, rho, Box(LOW, HIGH)), want)


def in_box(x, k):
    """The mean in the box."""
    return value(x, k, norm=np.inf, box=(LOW, HIGH))


@ledger.add("6.19", "montecarlo", in_box, wrong={
    "not cut off": lambda x, k: value(x, k, norm=np.inf), "psi(k + 1)": lambda x, k: in_box(x, k) - 1 / k})
def unbiased_in_a_box(estimate, rng):
    """Six uniform points in a box of volume 3, k = 3: mean log 3."""
    return z_score(np.array([estimate(rng.uniform(LOW, HIGH, (6, 3)), 3) for _ in range(200)]), np.log(3))


@ledger.add("6.19", "limit", lambda x: value(x, 1, norm=np.inf, box=(0, 1)), bound=2e-3, wrong={
    "not cut off": lambda x: value(x, 1), "both sides cut off": lambda x: value(x, 1, norm=np.inf, periodic=0.5)})
def two_points(estimate, rng):
    """n = 2 on [0, 1]: the mean over both points is 0, by a quadrature that does not know of the kinks."""
    t, w = (part / 2 for part in np.polynomial.legendre.leggauss(16) + np.array([[1], [0]]))
    total = 0.0
    for a, wa in zip(t, w, strict=True):
        below = np.array([estimate(np.array([[a], [a - a * s**4]])) for s in t])
        above = np.array([estimate(np.array([[a], [a + (1 - a) * s**4]])) for s in t])
        total += wa * (4 * t**3 * w) @ (a * below + (1 - a) * above)
    return gap(np.array(1 + total), np.array(1.0))


@ledger.add("6.19", "identity", reflected, exact=True, wrong={
    "at 0 and 1": lambda x, box: np.where(x < box.low, -x, np.where(x > box.high, 2 - x, x)),
    "moved to the edge": lambda x, box: np.clip(x, *box),
    "low - x": lambda x, box: np.where(x < box.low, box.low - x, np.where(x > box.high, 2 * box.high - x, x)),
    "shifted by the side": lambda x, box: np.where(x < box.low, x + box.high - box.low, np.where(
        x > box.high, x - box.high + box.low, x))})
def mirrored_at_the_edges(move, rng):
    """Noise over an edge of the box LOW, HIGH, coordinate by coordinate: as far inside as it was outside."""
    x = rng.uniform(LOW - 0.4, HIGH + 0.4, (40, 3))
    want = np.array([[a + (a - c) if c < a else b - (c - b) if c > b else c for c, a, b in zip(
        row, LOW, HIGH, strict=True)] for row in x])
    return gap(move(x, Box(LOW, HIGH)), want)


@ledger.add("6.18", "law", lambda x, k, sides: neighbours(x, k, norm=np.inf, periodic=sides).rho, wrong={
    "not periodic": lambda x, k, sides: neighbours(x, k, norm=np.inf).rho,
    "periods of the other axes": lambda x, k, sides: neighbours(x, k, norm=np.inf, periodic=np.max(sides)).rho})
def shifts_on_the_torus(rho, rng):
    """A translation modulo the sides changes nothing; two of the points are neighbours across the edge."""
    x = np.vstack([rng.random((7, 3)), np.full(3, 0.01), np.full(3, 0.99)]) * SIDES
    return gap(rho((x + SIDES / 2) % SIDES, 3, SIDES), rho(x, 3, SIDES))
