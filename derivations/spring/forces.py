"""Evidence for mass, energies, force and length at the stationary curve, (11.11) to (11.16)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, special

from refvae.derivations.spring.common import S, W, between, ritz, speeds
from refvae.evidence import Ledger, entrywise, gap, holds, order
from refvae.spring import (
    Energies,
    axis_density,
    chain_action,
    energies,
    extension,
    held_mass,
    length,
    masses,
    profile,
    state_energies,
    tension,
    total_energy_length,
)

ledger = Ledger()
FEW = np.array([0.3, 0.8, 1.2])


# Mass


MASS_WRONG = {"length of the same mass": lambda theta, l1: np.tan(theta * l1) / theta,
              "theta lost below": lambda theta, l1: np.arctan(theta * l1),
              "total energy": lambda theta, l1: np.arctanh(np.minimum(theta * l1, 0.999)) / theta}


@ledger.add("11.11", "identity", held_mass, wrong=MASS_WRONG)
def integral_of_the_density(mass, rng):
    """Gauss-Legendre quadrature of the density along the axis, at lengths 0.2 to 1.5 and speeds 0.5 and 1.5."""
    lengths = rng.uniform(0.2, 1.5, 4)
    want = [[w @ axis_density(theta, r, l1) for r, w in [between(0, l1)]] for theta in (0.5, 1.5) for l1 in lengths]
    return entrywise(np.concatenate([mass(0.5, lengths), mass(1.5, lengths)]), np.ravel(want))


@ledger.add("11.11", "law", held_mass, wrong=MASS_WRONG)
def the_whole_mass_at_the_length(mass, rng):
    """1 at l1 = tan(theta)/theta."""
    at = speeds(rng)
    return gap(np.array([mass(theta, length(theta)) for theta in at]), np.ones(5))


@ledger.add("11.11", "law", held_mass, bound=0, wrong={key: MASS_WRONG[key] for key in MASS_WRONG
                                                       if "below" not in key})
def never_as_much_from_the_quarter_on(mass, rng):
    """Increasing in the length and below pi/(2 theta), so below 1, for theta = 1.571, 2, 4 and lengths up to 1e3."""
    lengths, cases = np.geomspace(1e-3, 1e3, 30), []
    for theta in (1.571, 2.0, 4.0):
        found = mass(theta, lengths)
        cases += [*(np.diff(found) > 0), *(found < np.pi / 2 / theta), *(found < 1)]
    return holds(cases)


# Energies


def printed(theta):
    """The expressions with sin 2 theta, which lose their digits near 0."""
    kinetic = (0.5 - np.sin(2 * theta) / (4 * theta)) / (2 * np.cos(theta) ** 2)
    elastic = ((0.5 + np.sin(2 * theta) / (4 * theta)) / np.cos(theta) ** 2 - 2 * np.tan(theta) / theta + 1) / 2
    return Energies(kinetic, elastic)


ENERGY_WRONG = {"exchanged": lambda theta: energies(theta)[::-1],
                "equal, as of a harmonic motion": lambda theta: (energies(theta).kinetic, energies(theta).kinetic),
                "halves lost": lambda theta: Energies(*(2 * e for e in energies(theta))),
                "elastic energy negative": lambda theta: energies(theta)._replace(elastic=-energies(theta).elastic)}


@ledger.add("11.12", "identity", energies, wrong=ENERGY_WRONG)
def quadrature_of_the_profile(energies, rng):
    """Both energies as integrals along the profile, at five speeds."""
    at = speeds(rng)
    want = [state_energies(theta, W, profile(theta, S).r, 1 / profile(theta, S).density) for theta in at]
    return entrywise(np.array(energies(at)).T, np.array(want))


@ledger.add("11.12", "limit", energies, bound=1e-12, wrong=ENERGY_WRONG | {"digits lost": printed})
def series_at_small_speeds(energies, rng):
    """From the Taylor coefficients of the tangent, theta = 1e-12, 1.5e-9, 1e-4, 0.01, 0.3, relative to each energy."""
    at = np.array([1e-12, 1.5e-9, 1e-4, 0.01, 0.3])
    t = [tangent(n) for n in range(25)]
    kinetic = sum(((2 * n + 1) * t[n] - t[n]) * at ** (2 * n) for n in range(1, 24)) / 4
    elastic = sum(((2 * n + 1) - 3) * t[n] * at ** (2 * n) for n in range(2, 24)) / 4
    return entrywise(np.array(energies(at)), np.array([kinetic, elastic]))


@ledger.add("11.12", "law", energies, wrong=ENERGY_WRONG)
def difference_and_printed_form(energies, rng):
    """The expressions with sin 2 theta at moderate speeds, and kinetic minus elastic = half of the extension."""
    kinetic, elastic = energies(FEW)
    return gap((kinetic, elastic, kinetic - elastic), (*printed(FEW), (np.tan(FEW) / FEW - 1) / 2))


def tangent(n):
    """Coefficient of x^(2n + 1) in tan x, with |B_2m| = 2 (2m)! zeta(2m) / (2 pi)^2m, m = n + 1, by Euler."""
    return 2 * (4.0 ** (n + 1) - 1) * special.zeta(2 * n + 2) / np.pi ** (2 * n + 2)


# Envelope


ENVELOPE_WRONG = {"half lost": lambda theta: energies(theta)._replace(kinetic=energies(theta).kinetic / 2),
                  "elastic energy": lambda theta: Energies(*energies(theta)[::-1]),
                  "their difference": lambda theta: Energies(energies(theta).kinetic - energies(theta).elastic, 0)}


@ledger.add("11.13", "identity", energies, wrong=ENVELOPE_WRONG)
def integral_of_the_slope(energies, rng):
    """The integral of 2 E_k/theta between two speeds is half of the difference of the lengths."""
    a, b = np.sort(speeds(rng, 2))
    at, w = between(a, b)
    return gap(w @ (2 * energies(at).kinetic / at), (length(b) - length(a)) / 2)


@ledger.add("11.13", "law", energies, wrong=ENVELOPE_WRONG)
def partial_derivative_of_the_action(energies, rng):
    """The cotangent of theta alone of the action of a chain at the curve, with Simpson's correction from two chains."""
    got, want = [], []
    for theta in FEW:
        coarse, fine = (partial(theta, n) for n in (600, 1200))
        want.append((4 * fine - coarse) / 3)
        got.append(2 * energies(theta).kinetic / theta)
    return gap(np.array(got), np.array(want))


def partial(theta, n):
    """The slope of the chain's action in theta, with its joints on the curve."""
    y = profile(theta, np.arange(1, n + 1) / n).r
    return chain_action(y, np.array(theta), masses(n))[1](1.0)[1]


@ledger.add("11.13", "limit", energies, bound=3e-8, wrong=ENVELOPE_WRONG)
def at_one_point_two(energies, rng):
    """2.2802101 at theta = 1.2, for the slope and for differences of half of the length over steps of 1e-4."""
    ends = length(1.2 + 1e-4 * np.array([-2, -1, 1, 2])) / 2
    slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-4
    return entrywise(np.array([2 * energies(1.2).kinetic / 1.2, slope]), np.full(2, 2.2802101))


# Force


FORCE_WRONG = {"stretch for extension": lambda theta, s: 1 / profile(theta, s).density,
               "force on what lies nearer": lambda theta, s: 1 / np.cos(theta) - 1 / profile(theta, s).density,
               "density for its inverse": lambda theta, s: 1 - profile(theta, s).density,
               "theta not squared": lambda theta, s: tension(theta, s) / theta}


@ledger.add("11.14", "identity", tension, wrong=FORCE_WRONG)
def weight_of_what_lies_farther_out(tension, rng):
    """theta^2 times the integral of the distance over the mass farther out, at four points, the axis among them."""
    theta, at = speeds(rng)[0], np.array([0.0, 0.3, 0.6, 0.95])
    want = [theta**2 * (w @ profile(theta, s).r) for s, w in (between(a, 1) for a in at)]
    return entrywise(tension(theta, at), np.array(want))


@ledger.add("11.14", "law", tension, wrong=FORCE_WRONG)
def hooke(tension, rng):
    """1/density - 1 everywhere, 0 at the free end."""
    theta, at = speeds(rng)[0], np.linspace(0, 1, 7)
    return gap(tension(theta, at), 1 / profile(theta, at).density - 1)


@ledger.add("11.14", "limit", tension, bound=3e-8, wrong=FORCE_WRONG)
def pull_at_the_axis(tension, rng):
    """1.7597036 at theta = 1.2."""
    return entrywise(tension(1.2, [0.0]), np.array([1.7597036]))


# Small speeds


EXTENSION_WRONG = {"digits lost": lambda theta: length(theta) - 1,
                   "contraction": lambda theta: np.tanh(theta) / theta - 1,
                   "leading order": lambda theta: theta**2 / 3,
                   "mass at the end": lambda theta: theta**2 + 0 * extension(theta)}


@ledger.add("11.15", "identity", extension, wrong=EXTENSION_WRONG)
def series_of_the_tangent(extension, rng):
    """24 terms with zeta of SciPy in the Bernoulli numbers, theta = 1e-5, 0.01, 0.1, 0.4, entry by entry."""
    at = np.array([1e-5, 0.01, 0.1, 0.4])
    return entrywise(extension(at), sum(tangent(n) * at ** (2 * n) for n in range(1, 25)))


@ledger.add("11.15", "rate", extension, bound=0.1, wrong={key: EXTENSION_WRONG[key] for key in EXTENSION_WRONG
                                                          if "digits" not in key})
def three_terms(extension, rng):
    """What the first three terms leave is of order 8, over seven speeds from 0.05 to 0.4."""
    at = np.geomspace(0.05, 0.4, 7)
    rest = extension(at) - at**2 / 3 - 2 * at**4 / 15 - 17 * at**6 / 315
    return order(at, np.abs(rest), 8)


@ledger.add("11.15", "limit", extension, bound=3e-6, wrong={key: EXTENSION_WRONG[key] for key in EXTENSION_WRONG
                                                            if "digits" not in key})
def at_a_tenth(extension, rng):
    """.00334672 at theta = 0.1."""
    return entrywise(extension(np.array([0.1])), np.array([0.00334672]))


# Total energy


TOTAL_WRONG = {"difference of the energies": length, "theta for theta squared": lambda theta: (
                   np.tanh(np.sqrt(theta)) / np.sqrt(theta)), "cosine for tangent": lambda theta: 1 / np.cosh(theta)}


@ledger.add("11.16", "identity", total_energy_length, wrong=TOTAL_WRONG)
def ritz_minimum(end, rng):
    """The end of the minimum among polynomials of degree 16, at five speeds."""
    stiff, mass, load = ritz()
    at = speeds(rng)
    return entrywise(end(at), np.array([load @ linalg.solve(stiff + theta**2 * mass, load) for theta in at]))


@ledger.add("11.16", "limit", total_energy_length, bound=1e-12, wrong=TOTAL_WRONG)
def imaginary_speed(end, rng):
    """tan(i theta)/(i theta), whose imaginary part is 0, at five speeds and at 1e-9 and 0.01."""
    at = np.append(speeds(rng), [1e-9, 0.01])
    return entrywise(end(at), (np.tan(1j * at) / (1j * at)).real)


@ledger.add("11.16", "oracle", total_energy_length, bound=1e-7, wrong=TOTAL_WRONG)
def at_one_point_two_it_contracts(end, rng):
    """The printed digits .6947122 at theta = 1.2; at rest 1, its own length."""
    return entrywise(end(np.array([0.0, 1.2])), np.array([1.0, 0.6947122]))
