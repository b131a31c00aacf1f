"""Evidence for the integral equation and the collocation, (11.25) and (11.26)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from scipy import special

from refvae.derivations.spring.common import speeds
from refvae.derivations.spring.curve import unstretched_at_rest_length
from refvae.evidence import Ledger, entrywise, gap, holds, order
from refvae.spring import Profile, axis_density, length, picard, profile, solve_ode

ledger = Ledger()


def iterated(step):
    """An iteration u <- step(r, u, theta, l1), on the nodes of picard."""
    def iterate(theta, l1, steps):
        r = picard(theta, l1, 0).r
        u = np.ones_like(r)
        for _ in range(steps):
            u = step(r, u, theta, l1)
        return Profile(r, 1 / u)

    return iterate


@lru_cache
def from_the_axis(count):
    """The matrix from values at the Gauss-Legendre nodes x of [-1, 1] to the integrals from -1 to x."""
    x = legendre.leggauss(count)[0]
    series = np.linalg.inv(legendre.legvander(x, count - 1))
    return legendre.legval(x, legendre.legint(series, lbnd=-1, axis=0)).T


def integral(r, values, l1):
    """Of a function with these values at Gauss-Legendre nodes r of [0, l1], from 0 to every r."""
    return l1 / 2 * (from_the_axis(len(r)) @ values)


PICARD_WRONG = {
    "theta not squared": lambda theta, l1, steps: picard(np.sqrt(theta), l1, steps),
    "integral from the axis": iterated(lambda r, u, theta, l1: 1 + theta**2 * integral(r, r / u, l1)),
    "stretch for density": iterated(lambda r, u, theta, l1: 1 + theta**2 * (
        l1 * l1 / 2 - integral(r, r / u, l1) + (integral(r, r * u, l1) - integral(r, r / u, l1)))),
    "one step short": lambda theta, l1, steps: picard(theta, l1, max(steps - 1, 0))}


@ledger.add("11.25", "identity", picard, wrong=PICARD_WRONG)
def first_iterates(picard, rng):
    """u_1 = 1 + xi and u_2 = 1 + log(1 + xi), in closed form."""
    theta, l1 = speeds(rng)[0] + 0.5, rng.uniform(0.8, 1.2)
    r, first = picard(theta, l1, 1)
    xi = theta**2 * (l1 - r) * (l1 + r) / 2
    return gap((first, picard(theta, l1, 2).density), (1 / (1 + xi), 1 / (1 + np.log1p(xi))))


@ledger.add("11.25", "limit", picard, bound=1e-12, wrong={key: PICARD_WRONG[key] for key in PICARD_WRONG
                                                          if "short" not in key})
def converges_at_any_speed(picard, rng):
    """To the density along the axis in 40 steps, at lengths of theta = 0.6 and 1.2, and at theta = 3 with l1 = 0.7."""
    found = [(picard(theta, l1, 40), theta, l1) for theta, l1 in ((0.6, length(0.6)), (1.2, length(1.2)), (3.0, 0.7))]
    want = [axis_density(theta, p.r, l1) for p, theta, l1 in found]
    return gap(np.array([p.density for p, _, _ in found]), np.array(want))


@ledger.add("11.25", "law", picard, bound=0, wrong={
    **{key: PICARD_WRONG[key] for key in PICARD_WRONG if "short" not in key},
    "averaged with the last iterate": lambda theta, l1, steps: (lambda a, b: a._replace(density=(
        a.density + b.density) / 2))(picard(theta, l1, steps), picard(theta, l1, max(steps - 1, 0)))})
def enclosed(picard, rng):
    """Iterates lie below and above in turn, closer each time, within xi^(n+1)/(n+1)!, and contract in the norm with
    e^-xi by 1 - e^-max(xi); up to round-off of 1e-13."""
    cases = []
    for theta, l1 in ((0.6, length(0.6)), (1.2, length(1.2)), (3.0, 0.7)):
        r = picard(theta, l1, 0).r
        u = np.array([1 / picard(theta, l1, n).density for n in range(9)])
        xi, best = theta**2 * (l1 - r) * (l1 + r) / 2, 1 / axis_density(theta, r, l1)
        for n in range(9):
            cases += [((-1) ** n * (best - u[n]) > -1e-13).all(),
                      (np.abs(u[n] - best) < xi ** (n + 1) / special.factorial(n + 1) + 1e-13).all()]
        moves = np.max(np.exp(-xi) * np.abs(np.diff(u, axis=0)), axis=1)
        rate = 1 - np.exp(-((theta * l1) ** 2) / 2)
        cases += [*(moves[1:] < rate * moves[:-1] + 1e-13), *((u[2:] - u[:-2])[::2] > -1e-13).all(1)]
    return holds(cases)


def rotation(theta, n):
    """The angle by which collocation at the ends and the middle turns (theta y, y') over an interval."""
    w = theta / n
    return 2 * np.arctan(w / 2 / (1 - w * w / 12))


def turned(angle):
    """The curve that turns by another angle over an interval."""
    return lambda theta, n: np.sin(np.arange(n + 1) * angle(theta, n)) / (theta * np.cos(n * angle(theta, n)))


ODE_WRONG = {"trapezoidal rule": turned(lambda theta, n: 2 * np.arctan(theta / (2 * n))),
             "chain of springs": turned(lambda theta, n: 2 * np.arcsin(theta / (2 * n))),
             "unstretched at r = l0": lambda theta, n: unstretched_at_rest_length(theta, np.arange(n + 1) / n).r}


@ledger.add("11.26", "identity", solve_ode, wrong={**ODE_WRONG, "exact": lambda theta, n: profile(
    theta, np.arange(n + 1) / n).r})
def turned_by_a_known_angle(solve, rng):
    """The collocation in closed form, at 1, 4 and 9 intervals."""
    sizes, theta = (1, 4, 9), rng.uniform(0.6, 1.25)
    want = [turned(rotation)(theta, n) for n in sizes]
    return gap(np.concatenate([solve(theta, n) for n in sizes]), np.concatenate(want))


@ledger.add("11.26", "rate", solve_ode, bound=0.05, wrong=ODE_WRONG)
def order_four(solve, rng):
    """Order 4 in 1/N at theta = 1.2, fitted over six sizes from 4 to 64."""
    sizes = np.array([4, 7, 12, 21, 37, 64])
    return order(1 / sizes, np.abs([solve(1.2, n)[-1] - length(1.2) for n in sizes]), 4)


@ledger.add("11.26", "limit", solve_ode, bound=1e-3, wrong=ODE_WRONG)
def its_constant(solve, rng):
    """N^4 times the error at N = 32 against theta^4/(720 cos^2), at three speeds."""
    at = np.array([0.8, 1.0, 1.2])
    got = np.array([(length(theta) - solve(theta, 32)[-1]) * 32**4 for theta in at])
    return entrywise(got, at**4 / (720 * np.cos(at) ** 2))
