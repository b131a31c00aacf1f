"""The rotating spring in closed form. Lengths are in units of l0, masses of M0, times of sqrt(M0 / k)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import spherical_jn

from refvae.inputs import array, floating, in_range, real, same_shape, vector
from refvae.trees import Array, Pull


class Profile(NamedTuple):
    """Distances from the axis (n,) in units of l0, and line densities there (n,) in units of M0 / l0."""

    r: Array
    density: Array


class Energies(NamedTuple):
    """Kinetic and elastic energy in units of k l0^2."""

    kinetic: Any
    elastic: Any


def speed(omega: float, mass: float, stiffness: float) -> float:
    """theta = omega sqrt(mass / stiffness), the one dimensionless number of the spring, [11.1].

    omega in rad/s, mass of the whole spring in kg, its stiffness in N/m, or any other coherent units. Raises TypeError
    or ValueError for other numbers than omega >= 0, and for a mass or a stiffness that is not above 0.
    """
    omega = real(omega, "omega", least=0)
    return float(omega * np.sqrt(real(mass, "mass", above=0) / real(stiffness, "stiffness", above=0)))


def below_quarter(theta: Any) -> Array:
    """theta as float64; ValueError, with the reason, unless 0 <= theta < pi/2."""
    a = array(theta, "theta")
    if not ((a >= 0) & (a < np.pi / 2)).all():
        raise ValueError(f"theta: got {a[~((a >= 0) & (a < np.pi / 2))][0]}, wanted 0 <= theta < pi/2: from pi/2 on no "
                         "length holds the mass of the spring and the energy has no minimum, (11.11), (11.18)")
    return a


def fractions(s: Any) -> Array:
    """s as float64 (n,); ValueError unless 0 <= s <= 1."""
    a = vector(s, "s")
    if not ((a >= 0) & (a <= 1)).all():
        raise ValueError(f"s: got {a.min()} to {a.max()}, wanted fractions of the mass, 0 <= s <= 1")
    return a


def length(theta: Any) -> Array:
    """Length of the rotating spring, tan(theta)/theta.   like theta, in units of l0                     (11.8)

    theta = omega sqrt(M0/k). Raises ValueError unless 0 <= theta < pi/2.
    """
    t = below_quarter(theta)
    l1: Array = np.sinc(t / np.pi) / np.cos(t)                                                          # (11.8)
    return l1


def profile(theta: float, s: Any) -> Profile:
    """Where the points lie that have the fraction s of the mass between them and the axis.              (11.8)

    s: (n,) in [0, 1] -> r (n,) in units of l0, density (n,) in units of M0/l0. Raises ValueError as `length` does.
    """
    t, s = below_quarter(real(theta, "theta")), fractions(s)
    return Profile(s * np.sinc(t * s / np.pi) / np.cos(t), np.cos(t) / np.cos(t * s))                   # (11.8)


def extension(theta: Any) -> Array:
    """length(theta) - 1, to full precision however small theta is.   like theta                         (11.15)"""
    t = below_quarter(theta)
    e: Array = t * _bessel(1, t) / np.cos(t)                                                           # (11.15)
    return e


def energies(theta: Any) -> Energies:
    """Energies of the rotating spring, to full precision however small theta is.   like theta           (11.12)

    In units of k l0^2; raises ValueError unless 0 <= theta < pi/2.
    """
    t = below_quarter(theta)
    j0, j1, j2 = (_bessel(order, t) for order in range(3))
    kinetic = (np.tan(t) ** 2 - t * j1 / np.cos(t)) / 4                                                 # (11.12)
    elastic = (t / np.cos(t)) ** 2 * (3 * j1 * j1 - j0 * j2) / 4                                        # (11.12)
    return Energies(kinetic, elastic)


def _bessel(order: int, t: Array) -> Any:
    """Spherical Bessel function of order 0, 1, 2 at t >= 0; by its first term where SciPy's underflows to NaN."""
    first = (1, t / 3, t * t / 15)[order]                                                               # (11.12)
    return np.where(t < 1e-9, first, spherical_jn(order, np.maximum(t, 1e-9)))                          # (11.12)


@in_range
def state_energies(theta: Any, weights: Any, y: Any, slope: Any) -> Energies:
    """Energies of any state y(s), by a quadrature in s over [0, 1].                                     (11.2)

    weights, y, slope dy/ds: (n,); theta: any number. Raises TypeError or ValueError for other input.
    """
    theta = real(theta, "theta")
    w, y, slope = (vector(each, name) for each, name in ((weights, "weights"), (y, "y"), (slope, "slope")))
    same_shape(w, y, "weights and y")
    same_shape(w, slope, "weights and slope")
    kinetic = theta**2 * (w @ y**2) / 2                                                                 # (11.2)
    elastic = w @ (slope - 1) ** 2 / 2                                                                  # (11.2)
    return Energies(float(kinetic), float(elastic))


def lagrangian(r: Array, density: Array, theta: Array) -> tuple[Array, Pull]:
    """Twice the integrand of kinetic minus elastic energy along the axis.                               (11.9)

    r, density: (n,), theta: () -> (n,), in units of k l0. The mass between the axis and r does not occur in it, only
    its slope, the density.
    """
    same_shape(r, density, "r and density")
    same_shape(theta, np.array(0), "theta and a number")
    r, density, theta = floating(r, "r"), floating(density, "density"), floating(theta, "theta")
    F = density * (theta * r) ** 2 - (1 / density + density - 2)                                        # (11.9)

    def pull(dF: Array) -> tuple[Array, Array, Array]:
        dr = dF * 2 * theta**2 * density * r                                                            # (11.9)
        ddensity = dF * ((theta * r) ** 2 + 1 / density**2 - 1)                                         # (11.9)
        dtheta = 2 * theta * (dF * density * r**2).sum()                                                # (11.9)
        return dr, ddensity, np.asarray(dtheta)

    return F, pull


def axis_density(theta: float, r: Any, l1: float) -> Array:
    """Density at the distances r of a spring that ends at l1.   r: (n,) in [0, l1] -> (n,)              (11.10)

    theta: any number. Raises ValueError unless 0 <= r <= l1.
    """
    theta, r, l1 = real(theta, "theta"), vector(r, "r"), real(l1, "l1", least=0)
    if not ((r >= 0) & (r <= l1)).all():
        raise ValueError(f"r: got {r.min()} to {r.max()}, wanted 0 <= r <= l1 = {l1}")
    density: Array = 1 / np.sqrt(1 + theta**2 * (l1 - r) * (l1 + r))                                    # (11.10)
    return density


def held_mass(theta: float, l1: Any) -> Any:
    """Mass in equilibrium between the axis and a free end at l1: arctan(theta l1)/theta.   like l1      (11.11)

    In units of M0, for a spring of the rest density M0/l0 however long; it is below pi/(2 theta).
    Raises ValueError unless theta > 0 and l1 >= 0.
    """
    theta, end = real(theta, "theta", above=0), array(l1, "l1")
    if end.min() < 0:
        raise ValueError(f"l1: got {end.min()}, wanted lengths of at least 0")
    return np.arctan(theta * end) / theta                                                    # (11.11)


def tension(theta: float, s: Any) -> Array:
    """Force in the spring where the fraction s of its mass lies nearer to the axis.   (n,), in k l0     (11.14)

    Raises ValueError as `profile` does.
    """
    t, s = below_quarter(real(theta, "theta")), fractions(s)
    force: Array = 2 * np.sin(t * (1 - s) / 2) * np.sin(t * (1 + s) / 2) / np.cos(t)                    # (11.14)
    return force


def total_energy_length(theta: Any) -> Array:
    """What the minimum of kinetic *plus* elastic energy gives: tanh(theta)/theta, a contraction.        (11.16)

    theta: any numbers >= 0 -> like theta. Raises ValueError for others. No spring does this.
    """
    t = array(theta, "theta")
    if not (t >= 0).all():
        raise ValueError(f"theta: got {t.min()}, wanted theta >= 0")
    l1: Array = np.divide(np.tanh(t), t, out=np.ones_like(t), where=t != 0)                             # (11.16)
    return l1


@in_range
def margin(theta: Any) -> Any:
    """Lowest eigenvalue of the second variation of elastic minus kinetic energy, pi^2/4 - theta^2.      (11.17)

    like theta, which is any number: positive for a minimum, negative for a saddle.
    """
    t = array(theta, "theta")
    return (np.pi / 2 - t) * (np.pi / 2 + t)                            # (11.17)
