"""Evidence for the chain, (11.19) to (11.23)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.derivations.spring.common import speeds
from refvae.evidence import Ledger, entrywise, gap, holds, order, spoiled
from refvae.spring import (
    chain_action,
    chain_eigenvalues,
    chain_profile,
    length,
    masses,
    profile,
    solve_chain,
)

ledger = Ledger()
SIZES = np.array([10, 20, 40, 80, 160, 320])


def chain(rng):
    """Eight joints, a speed, eight masses: 1/8 is exact."""
    return rng.standard_normal(8) + np.arange(1, 9) / 8, np.array(speeds(rng)[0]), rng.uniform(0.5, 2, 8) / 8


def matrices(n, mass):
    """Stiffness and mass matrix."""
    K = n * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))
    K[-1, -1] = n
    return K, np.diag(mass)


def whole(n):
    """A whole mass at the end: the mistake."""
    return np.full(n, 1 / n)


# Action


def by_hand(y, theta, m, stiffness=8.0, rest=1 / 8, kinetic=1.0):
    """The action spring by spring."""
    energy, last = 0.0, 0.0
    for j in range(8):
        energy += kinetic * m[j] * (theta * y[j]) ** 2 / 2 - stiffness * (y[j] - last - rest) ** 2 / 2
        last = y[j]
    return energy


ACTION_WRONG = {"stiffness of the whole spring": lambda y, theta, m: (by_hand(y, theta, m, stiffness=1.0), None),
                "rest length lost": lambda y, theta, m: (by_hand(y, theta, m, rest=0.0), None),
                "energies added": lambda y, theta, m: (-by_hand(y, theta, m, kinetic=-1.0), None),
                "radius not squared": lambda y, theta, m: (by_hand(y, theta, m * np.abs(1 / y)), None)}


@ledger.add("11.19", "identity", chain_action, exact=True, wrong=ACTION_WRONG)
def spring_by_spring(action, rng):
    """Eight springs and eight masses, one after the other."""
    args = chain(rng)
    return gap(np.array(action(*args)[0]), np.array(by_hand(*args)))


@ledger.add("11.19", "limit", chain_action, bound=1e-12, exact=True, wrong=ACTION_WRONG | {
    "whole mass at the end": lambda y, theta, m: chain_action(y, theta, whole(8))})
def stretched_evenly(action, rng):
    """y = c s: kinetic c^2 theta^2 (1/6 + 1/(12 N^2)) by the trapezoidal rule, elastic (c - 1)^2/2 exactly."""
    theta, c = np.array(speeds(rng)[0]), rng.uniform(1.2, 3)
    got = action(c * np.arange(1, 9) / 8, theta, masses(8))[0]
    return gap(np.array(got), (c * theta) ** 2 * (2 * 64 + 1) / (12 * 64) - (c - 1) ** 2 / 2)


PULL_WRONG = {
    "free end held": spoiled(chain_action, lambda d: (d[0] * np.append(np.ones(7), 0), d[1], d[2])),
    "sign, as of the energy": spoiled(chain_action, lambda d: (-d[0], d[1], d[2])),
    "theta not squared": spoiled(chain_action, lambda d: (d[0], d[1] / 2, d[2])),
    "half lost at the masses": spoiled(chain_action, lambda d: (d[0], d[1], 2 * d[2]))}
ledger.adjoint("11.20", chain_action, chain, wrong=PULL_WRONG)


@ledger.add("11.20", "identity", chain_action, exact=True, wrong=PULL_WRONG | {
    "a ghost joint at rest beyond the end": lambda y, theta, m: (None, lambda d: (
        lambda dy, dtheta, dm: (dy + 8 * np.append(np.zeros(7), d * (1 / 8)), dtheta, dm))(
            *chain_action(y, theta, m)[1](d)))})
def matrices_of_the_chain(action, rng):
    """d (theta^2 M y - K y + e), and the two other cotangents entry by entry."""
    y, theta, m = chain(rng)
    K, M = matrices(8, m)
    d = rng.standard_normal()
    dm = np.array([d * theta * theta * each * each / 2 for each in y])
    return gap(action(y, theta, m)[1](d), (d * (theta**2 * M @ y - K @ y + np.eye(8)[-1]), d * theta * (y @ M @ y), dm))


# Stationary chain


SOLVE_WRONG = {"whole mass at the end": lambda theta, m: solve_chain(theta, whole(len(m))),
               "the continuous curve": lambda theta, m: profile(theta, np.arange(1, len(m) + 1) / len(m)).r,
               "phi = theta/N": lambda theta, m: np.sin(np.arange(1, len(m) + 1) * theta / len(m)) / (
                   len(m) * np.sin(theta / len(m)) * np.cos(theta))}


@ledger.add("11.21", "identity", solve_chain, wrong=SOLVE_WRONG)
def elimination_and_closed_form(solve, rng):
    """solve_chain against chain_profile at four speeds, 1, 2, 5, 13 and 50 joints."""
    got, want = [], []
    for n in (1, 2, 5, 13, 50):
        for theta in speeds(rng, 4):
            got.append(solve(theta, masses(n))[-3:])
            want.append(chain_profile(theta, n)[-3:])
    return gap(np.concatenate(got), np.concatenate(want))


@ledger.add("11.21", "law", solve_chain, wrong={"half mass at the end": lambda theta, m: solve_chain(theta, masses(8)),
                                               "masses inverted": lambda theta, m: solve_chain(theta, m[::-1])})
def any_masses(solve, rng):
    """The gradient of the action vanishes for random masses: the pull of the springs against that of the rotation."""
    _, theta, m = chain(rng)
    theta = 0.6 * theta  # below the threshold for all such masses
    y = solve(theta, m)
    return gap(chain_action(y, np.array(0.0), m)[1](-1.0)[0], theta**2 * m * y)


@ledger.add("11.21", "law", chain_profile, wrong={
    "phi = theta/N": lambda theta, n: SOLVE_WRONG["phi = theta/N"](theta, masses(n)),
    "the continuous curve": lambda theta, n: SOLVE_WRONG["the continuous curve"](theta, masses(n))})
def stationary(profile, rng):
    """The gradient of the action vanishes at the closed form, N = 1, 2, 7, 13."""
    theta = speeds(rng)[0]
    joints = [(profile(theta, n), masses(n)) for n in (1, 2, 7, 13)]
    springs = [chain_action(y, np.array(0.0), m)[1](-1.0)[0] for y, m in joints]
    return gap(np.concatenate(springs), np.concatenate([theta**2 * m * y for y, m in joints]))


@ledger.add("11.21", "limit", solve_chain, bound=1e-10, wrong=SOLVE_WRONG)
def fifty_joints(solve, rng):
    """The printed digits of the length at theta = 1, N = 50: 1.5575426998."""
    return entrywise(solve(1.0, masses(50))[-1:], np.array([1.5575426998]))


# Its stability


EIGEN_WRONG = {
    "both ends held": lambda theta, n: (2 * n * np.sin(np.arange(1, n + 1) * np.pi / (2 * n + 2))) ** 2 - theta**2,
    "whole mass at the end": lambda theta, n: linalg.eigh(*matrices(n, whole(n)), eigvals_only=True) - theta**2,
    "of the spring": lambda theta, n: ((np.arange(1, n + 1) - 0.5) * np.pi) ** 2 - theta**2,
    "masses lost": lambda theta, n: (chain_eigenvalues(0, n) - theta**2) / n}


@ledger.add("11.22", "identity", chain_eigenvalues, wrong=EIGEN_WRONG)
def dense_eigenvalues(eigenvalues, rng):
    """scipy.linalg.eigh of the stiffness less theta^2 times the masses, over the masses, N = 1, 5 and 8."""
    theta = speeds(rng)[0]
    want = [linalg.eigh(K - theta**2 * M, M, eigvals_only=True) for K, M in (matrices(n, masses(n)) for n in (1, 5, 8))]
    return gap(np.concatenate([eigenvalues(theta, n) for n in (1, 5, 8)]), np.concatenate(want))


@ledger.add("11.22", "law", chain_eigenvalues, bound=0, wrong={key: EIGEN_WRONG[key] for key in EIGEN_WRONG
                                                               if "lost" not in key})
def solved_where_the_least_is_positive(eigenvalues, rng):
    """solve_chain refuses exactly the speeds at which the least one is negative, near 2 N sin(pi/4N) and below pi/2."""
    cases = []
    for n in (1, 3, 9):
        end = 2 * n * np.sin(np.pi / (4 * n))
        near = end * (1 + np.array([-1e-3, -1e-8, 1e-8, 1e-3]))
        cases += [end < np.pi / 2, *((eigenvalues(theta, n)[0] > 0) == solves(theta, n) for theta in near)]
        cases += [solves(theta, n) == (theta < end) for theta in near]
    return holds(cases)


def angle_or_none(theta, n):
    """The angle of the closed form; NaN where there is none."""
    try:
        return 2 * np.arcsin(theta / (2 * n)) if chain_profile(theta, n).size == n else np.nan
    except ValueError:
        return np.nan


@ledger.add("11.22", "law", angle_or_none, bound=0, wrong={
    "up to pi/2": lambda theta, n: 2 * np.arcsin(theta / (2 * n)) if theta < np.pi / 2 else np.nan,
    "up to N sin(pi/2N)": lambda theta, n: 2 * np.arcsin(theta / (2 * n)) if theta < n * np.sin(np.pi / (2 * n)) else (
        np.nan)})
def closed_form_up_to_the_least_eigenvalue(angle, rng):
    """The closed form is given below the root of the least eigenvalue at rest, by scipy.linalg.eigh, and not beyond."""
    cases = []
    for n in (1, 2, 5, 8):
        end = np.sqrt(linalg.eigh(*matrices(n, masses(n)), eigvals_only=True)[0])
        cases += [np.isfinite(angle(end * (1 + error), n)) == (error < 0) for error in (-0.3, -1e-8, 1e-8, 0.3)]
    return holds(cases)


def solves(theta, n):
    """Whether solve_chain finds a minimum."""
    try:
        solve_chain(theta, masses(n))
    except ValueError:
        return False
    return True


# Order


MASS_WRONG = {"whole mass at the end": whole, "no mass at the end": lambda n: masses(n) * (np.arange(n) < n - 1),
              "a third of one": lambda n: masses(n) * np.append(np.ones(n - 1), 2 / 3)}


def errors(masses, theta, sizes):
    """Error of the length for each size."""
    return np.array([solve_chain(theta, masses(n))[-1] for n in sizes]) - length(theta)


@ledger.add("11.23", "rate", masses, bound=0.03, wrong=MASS_WRONG)
def order_two(masses, rng):
    """Order 2 in 1/N, fitted over six sizes from 10 to 320."""
    return order(1 / SIZES, np.abs(errors(masses, 1.0, SIZES)), 2)


@ledger.add("11.23", "limit", masses, bound=1e-4, wrong=MASS_WRONG)
def its_constant(masses, rng):
    """N^2 times the error, extrapolated from N = 80 and 160, against theta^2/(24 cos^2) + theta tan/8, three speeds."""
    at = np.array([0.5, 1.0, 1.2])
    coarse, fine = (n * n * np.array([errors(masses, theta, [n])[0] for theta in at]) for n in (80, 160))
    return entrywise((4 * fine - coarse) / 3, at**2 / (24 * np.cos(at) ** 2) + at * np.tan(at) / 8)


@ledger.add("11.23", "identity", whole, wrong={"half a mass": masses, "none": MASS_WRONG["no mass at the end"]})
def whole_mass_in_closed_form(whole, rng):
    """With a whole mass: sin(N phi)/(theta cos((N + 1/2) phi)), N = 1, 5 and 30; first order with tan^2/2."""
    got, want = [], []
    for n in (1, 5, 30):
        theta = rng.uniform(0.2, 0.9)
        phi = 2 * np.arcsin(theta / (2 * n))
        got.append(solve_chain(theta, whole(n))[-1])
        want.append(np.sin(n * phi) / (theta * np.cos((n + 0.5) * phi)))
    return entrywise(np.array(got), np.array(want))


@ledger.add("11.23", "rate", whole, bound=0.05, wrong={
    "half a mass": masses, "all of the mass in the middle": lambda n: np.eye(n)[n // 2]})
def order_one(whole, rng):
    """Order 1 with a whole mass, fitted over six sizes from 20 to 640."""
    return order(1 / (2 * SIZES), np.abs(errors(whole, 1.0, 2 * SIZES)), 1)
