"""Evidence for the energies and the stationary curve, (11.2) and (11.7) to (11.10)."""

from __future__ import annotations

import numpy as np
from scipy import integrate, optimize

from refvae.derivations.spring.common import S, W, between, speeds, state
from refvae.evidence import Ledger, entrywise, gap, spoiled, vanishes
from refvae.spring import Energies, Profile, axis_density, lagrangian, length, profile, state_energies

ledger = Ledger()


# Energies


def along_the_axis(y):
    """Nodes r of [0, l1], their weights, and the density there, by inversion of a polynomial y."""
    r, w = between(0, y(1.0))
    s = np.array([optimize.brentq(lambda s, each=each: y(s) - each, 0, 1, xtol=1e-15, rtol=1e-15) for each in r])
    return r, w, 1 / y.deriv()(s)


STATE_WRONG = {
    "the radius not squared": lambda theta, w, y, slope: state_energies(theta, w, y, slope)._replace(
        kinetic=theta**2 * (w @ y) / 2),
    "rest length not subtracted": lambda theta, w, y, slope: state_energies(theta, w, y, slope + 1),
    "elastic energy negative": lambda theta, w, y, slope: state_energies(theta, w, y, slope)._replace(
        elastic=-(w @ (slope - 1) ** 2) / 2),
    "halves lost": lambda theta, w, y, slope: Energies(*(2 * e for e in state_energies(theta, w, y, slope))),
    "theta not squared": lambda theta, w, y, slope: state_energies(np.sqrt(theta), w, y, slope)}


@ledger.add("11.2", "identity", state_energies, wrong=STATE_WRONG)
def along_the_mass_and_along_the_axis(state_energies, rng):
    """Integrals over s against integrals over r with the density, for a polynomial state inverted numerically."""
    y, theta = state(rng), speeds(rng)[0]
    r, w, density = along_the_axis(y)
    want = theta**2 * (w @ (density * r * r)) / 2, w @ (1 / density + density - 2) / 2
    return gap(tuple(state_energies(theta, W, y(S), y.deriv()(S))), want)


@ledger.add("11.2", "limit", state_energies, bound=1e-12, wrong=STATE_WRONG)
def stretched_evenly(state_energies, rng):
    """y = c s: c^2 theta^2/6 and (c - 1)^2/2, stretched and compressed."""
    got = [state_energies(0.7, W, c * S, c + 0 * S) for c in (0.5, 1.5, 3.0)]
    return gap(np.array(got), np.array([(0.49 * c * c / 6, (c - 1) ** 2 / 2) for c in (0.5, 1.5, 3.0)]))


# Stationary curve


def unstretched_at_rest_length(theta, s):
    """The end condition imposed where r = l0 = 1."""
    a = np.sqrt(1 + theta * theta)
    return Profile(a / theta * np.sin(theta * s), 1 / (a * np.cos(theta * s)))


CURVE_WRONG = {
    "unstretched at r = l0": unstretched_at_rest_length,
    "end held at l0": lambda theta, s: Profile(np.sin(theta * s) / np.sin(theta),
                                               np.sin(theta) / (theta * np.cos(theta * s))),
    "total energy": lambda theta, s: Profile(np.sinh(theta * s) / (theta * np.cosh(theta)),
                                             np.cosh(theta) / np.cosh(theta * s)),
    "mass from the free end": lambda theta, s: (lambda p: Profile(length(theta) - p.r, p.density))(
        profile(theta, 1 - s))}


@ledger.add("11.7", "law", profile, wrong=CURVE_WRONG)
def weak_form(profile, rng):
    """The integral of theta^2 y h - (y' - 1) h' vanishes for h = s, s^2, s^3, s^4, at five speeds."""
    terms = []
    for theta in speeds(rng):
        y, slope = profile(theta, S).r, 1 / profile(theta, S).density
        terms.append([[W @ (theta**2 * y * S**j), -W @ (slope * j * S ** (j - 1)), 1.0] for j in range(1, 5)])
    return vanishes(np.moveaxis(np.array(terms), 2, 0))


@ledger.add("11.7", "identity", profile, wrong=CURVE_WRONG)
def green_function(profile, rng):
    """y(s) = s + theta^2 times the integral of min(s, t) y(t): the same conditions as an integral equation."""
    theta, at = speeds(rng)[0], np.array([0.2, 0.5, 0.9, 1.0])
    want = []
    for s in at:
        (a, v), (b, w) = between(0, s), between(s, 1)
        want.append(s + theta**2 * (v @ (a * profile(theta, a).r) + s * (w @ profile(theta, b).r)))
    return gap(profile(theta, at).r, np.array(want))


@ledger.add("11.8", "identity", profile, wrong=CURVE_WRONG | {
    "density at rest": lambda theta, s: profile(theta, s)._replace(density=np.ones_like(s))})
def density_and_mass(profile, rng):
    """Distances are integrals of 1/density; the density begins with cos(theta), ends with 1 and has the mass 1."""
    got, want, (at, w) = [], [], between(0, 0.4)
    for theta in speeds(rng):
        r, density = profile(theta, np.array([0.0, 0.4, 1.0]))
        nodes, weights = between(0, r[2])
        s = np.arcsin(np.minimum(theta * np.cos(theta) * nodes, 1)) / theta  # the mass nearer than those nodes
        got.append([*r, density[0], density[2], weights @ profile(theta, s).density])
        want.append([0.0, w @ (1 / profile(theta, at).density), W @ (1 / profile(theta, S).density), np.cos(theta),
                     1.0, 1.0])
    return gap(np.array(got), np.array(want))


LENGTH_WRONG = {"total energy": lambda theta: np.tanh(theta) / theta, "theta for its tangent": lambda theta: 1 / np.cos(
    theta), "inverse": lambda theta: theta / np.tan(theta), "leading order": lambda theta: 1 + theta**2 / 3}


@ledger.add("11.8", "limit", length, bound=1e-12, wrong=LENGTH_WRONG)
def at_known_angles(length, rng):
    """theta = pi/6, pi/4, pi/3: 6/(pi sqrt 3), 4/pi, 3 sqrt 3/pi."""
    return entrywise(length(np.pi / np.array([6, 4, 3])), np.array([6 / np.sqrt(3), 4, 3 * np.sqrt(3)]) / np.pi)


@ledger.add("11.8", "law", length, exact=True, wrong=LENGTH_WRONG)
def end_of_the_curve(length, rng):
    """The length is the distance of the last point of the profile."""
    at = speeds(rng)
    return entrywise(length(at), np.array([profile(theta, [1.0]).r[0] for theta in at]))


@ledger.add("11.8", "oracle", length, bound=1e-8, wrong=LENGTH_WRONG)
def scipy_initial_value_problem(length, rng):
    """scipy.integrate.solve_ivp from y(0) = 0, y'(0) = 1, scaled so that the slope at the end is 1 (rtol 1e-11)."""
    at = speeds(rng, 3)
    ends = [integrate.solve_ivp(lambda s, y, theta=theta: [y[1], -(theta**2) * y[0]], (0, 1), [0, 1], method="DOP853",
                                rtol=1e-11, atol=1e-13).y[:, -1] for theta in at]
    return entrywise(length(at), np.array([y / slope for y, slope in ends]))


# Along the axis


def points(rng):
    """Seven distances, densities, and a speed."""
    return rng.uniform(0.2, 2, 7), rng.uniform(0.4, 1.5, 7), np.array(speeds(rng)[0])


AXIS_WRONG = {"energies added": lambda r, density, theta: (
                  density * (theta * r) ** 2 + 1 / density + density - 2, None),
              "the 2 lost": lambda r, density, theta: (lagrangian(r, density, theta)[0] - 2, None),
              "radius not squared": lambda r, density, theta: (
                  lagrangian(r, density, theta)[0] + theta**2 * density * (r - r * r), None),
              "energies halved": lambda r, density, theta: (lagrangian(r, density, theta)[0] / 2, None)}
ledger.adjoint("11.9", lagrangian, points, wrong={
    "density not moved by stretching": spoiled(lagrangian, lambda d: (d[0], 0 * d[1], d[2])),
    "sign of the tension": spoiled(lagrangian, lambda d: (d[0], -d[1], d[2])),
    "theta not squared": spoiled(lagrangian, lambda d: (d[0], d[1], d[2] / 2))})


@ledger.add("11.9", "identity", lagrangian, wrong=AXIS_WRONG)
def half_its_integral(lagrangian, rng):
    """Half of the integral over r is kinetic minus elastic energy along the mass, for a polynomial state."""
    y, theta = state(rng), np.array(speeds(rng)[0])
    r, w, density = along_the_axis(y)
    energy = state_energies(float(theta), W, y(S), y.deriv()(S))
    return gap(w @ lagrangian(r, density, theta)[0] / 2, np.array(energy.kinetic - energy.elastic))


@ledger.add("11.9", "law", lagrangian, wrong=AXIS_WRONG)
def half_of_the_extension(lagrangian, rng):
    """Along the stationary curve half of the integral is half of the extension, at five speeds."""
    got = []
    at = speeds(rng)
    for theta in at:
        found = profile(theta, S)
        got.append(W @ (lagrangian(found.r, found.density, np.array(theta))[0] / found.density) / 2)
    return gap(np.array(got), (length(at) - 1) / 2)


DENSITY_WRONG = {
    "unstretched at r = l0": lambda theta, r, l1: axis_density(theta, r * 0, 0) / np.sqrt(1 + theta**2 * (1 - r * r)),
    "sign": lambda theta, r, l1: 1 / np.sqrt(1 + theta**2 * (l1**2 + r * r)),
    "inverse": lambda theta, r, l1: 1 / axis_density(theta, r, l1),
    "theta not squared": lambda theta, r, l1: axis_density(np.sqrt(theta), r, l1)}


@ledger.add("11.10", "identity", axis_density, wrong=DENSITY_WRONG)
def same_as_along_the_mass(density, rng):
    """At the distances of the profile, the density of the profile."""
    theta = speeds(rng)[0]
    found = profile(theta, S)
    return entrywise(density(theta, found.r, length(theta)), found.density)


@ledger.add("11.10", "law", axis_density, exact=True, wrong=DENSITY_WRONG)
def first_integral_and_free_end(density, rng):
    """The slope of the Lagrangian in the density is theta^2 l1^2 everywhere, and F = density times that slope at l1."""
    theta, l1 = speeds(rng)[0], rng.uniform(0.5, 3)
    r = np.append(l1 * S[::8], l1)
    found = density(theta, r, l1)
    F, pull = lagrangian(r, found, np.array(theta))
    momentum = pull(np.ones(len(r)))[1]
    return gap((momentum, F[-1:]), (np.full(len(r), (theta * l1) ** 2), found[-1:] * momentum[-1:]))


@ledger.add("11.10", "identity", axis_density, wrong=DENSITY_WRONG | {
    "twice the mass": lambda theta, r, l1: 2 * axis_density(theta, r, l1)})
def stationary_on_the_way(density, rng):
    """Twice the action of m + t h on [0, l1 + t a], the mass kept to first order, has the slope 0 for five h and a: by
    complex steps, against the part of the end alone.
    """
    got, end = [], []
    for power in range(1, 6):
        theta, l1 = speeds(rng)[0], rng.uniform(0.5, 3)
        t, (r, w) = 1e-30j, between(0, l1)
        lam = density(theta, np.append(r, l1), l1)
        a = -1 / lam[-1]  # for h = (r / l1)^power, which is 1 at the end
        slope = power * r ** (power - 1) / l1**power
        inner = w @ lagrangian(r, lam[:-1] + t * slope, np.array(theta))[0]
        last = lagrangian(np.array([l1]), lam[-1:], np.array(theta))[0][0]
        got.append(inner.imag / t.imag)
        end.append(-last * a)
    return gap(np.array(got), np.array(end))


@ledger.add("11.10", "limit", axis_density, bound=1e-12, wrong={
    key: DENSITY_WRONG[key] for key in ("unstretched at r = l0", "inverse")})
def no_speed_no_change(density, rng):
    """1 at theta = 0; at the axis of a spring with theta l1 = 3/4, 4/5."""
    l1 = rng.uniform(0.5, 3)
    return gap(np.append(density(0.0, l1 * S, l1), density(0.75 / l1, np.zeros(1), l1)), np.append(np.ones(40), 0.8))


