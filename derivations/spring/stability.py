"""Evidence for stability, (11.17) and (11.18)."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial
from scipy import linalg

from refvae.derivations.spring.common import S, W, ritz, speeds
from refvae.evidence import Ledger, gap, holds
from refvae.spring import length, margin, profile, state_energies

ledger = Ledger()


def cost(theta, y, slope):
    """Elastic minus kinetic energy of a state."""
    found = state_energies(theta, W, y, slope)
    return found.elastic - found.kinetic


MARGIN_WRONG = {"both ends held": lambda theta: np.pi**2 - np.asarray(theta) ** 2,
                "both ends free": lambda theta: -np.asarray(theta) ** 2,
                "theta not squared": lambda theta: np.pi**2 / 4 - np.asarray(theta),
                "total energy": lambda theta: np.pi**2 / 4 + np.asarray(theta) ** 2}


@ledger.add("11.17", "identity", margin, wrong=MARGIN_WRONG)
def ritz_eigenvalue(margin, rng):
    """Least eigenvalue of the second variation over the integral of h^2, polynomials of degree 11, speeds up to 3."""
    stiff, mass, _ = ritz(11)
    at = np.append(speeds(rng), [2.0, 3.0])
    least = [linalg.eigh(stiff - theta**2 * mass, mass, eigvals_only=True, subset_by_index=(0, 0))[0] for theta in at]
    return gap(margin(at), np.array(least))


@ledger.add("11.17", "law", margin, bound=0, wrong={key: MARGIN_WRONG[key] for key in ("both ends held",
                                                                                       "total energy")})
def wirtinger(margin, rng):
    """No curve of 40 lies lower than the bound allows; a multiple of sin(pi s/2) meets it."""
    cases = []
    for theta in speeds(rng, 4):
        y, slope = profile(theta, S).r, 1 / profile(theta, S).density
        rise = lambda h, dh, theta=theta, y=y, slope=slope: cost(theta, y + h, slope + dh) - cost(theta, y, slope)
        for _ in range(10):
            h = Polynomial(np.append(0, rng.standard_normal(4)))
            cases.append(rise(h(S), h.deriv()(S)) > margin(theta) * (W @ h(S) ** 2) / 2 - 1e-12)
        a = rng.standard_normal()
        sine, cosine = a * np.sin(np.pi / 2 * S), a * np.pi / 2 * np.cos(np.pi / 2 * S)
        cases.append(abs(rise(sine, cosine) - margin(theta) * (W @ sine**2) / 2) < 1e-12 * (1 + a * a))
    return holds(cases)


@ledger.add("11.17", "limit", margin, bound=0, wrong=MARGIN_WRONG)
def printed_digits(margin, rng):
    """+.0338 at 1.56, +.0003 at 1.5707, -.029 at 1.58, -1.53 at 2, rounded to these digits."""
    rounded = [round(float(margin(theta)), digits) for theta, digits in ((1.56, 4), (1.5707, 4), (1.58, 3), (2.0, 2))]
    return holds(np.array(rounded) == [0.0338, 0.0003, -0.029, -1.53])


# Beyond


ENERGY_WRONG = {"total energy": lambda *state: (lambda e: e._replace(kinetic=-e.kinetic))(state_energies(*state)),
                "theta not squared": lambda theta, *rest: state_energies(np.sqrt(theta), *rest),
                "rest length not subtracted": lambda theta, w, y, slope: state_energies(theta, w, y, slope + 1)}


@ledger.add("11.18", "identity", state_energies, wrong=ENERGY_WRONG)
def along_a_sine(state_energies, rng):
    """Elastic minus kinetic energy of t sin(pi s/2): 1/2 - t + (pi^2/4 - theta^2) t^2/4, below and beyond pi/2."""
    got, want = [], []
    for theta in (0.7, 1.6, 2.5):
        for t in rng.uniform(0.5, 5, 3):
            found = state_energies(theta, W, t * np.sin(np.pi / 2 * S), t * np.pi / 2 * np.cos(np.pi / 2 * S))
            got.append(found.elastic - found.kinetic)
            want.append(0.5 - t + (np.pi**2 / 4 - theta**2) * t * t / 4)
    return gap(np.array(got), np.array(want))


def refuses(length, theta):
    """Whether a ValueError is raised."""
    try:
        length(theta)
    except ValueError:
        return True
    return False


@ledger.add("11.18", "law", length, bound=0, wrong={
    "the formula everywhere": lambda theta: np.tan(theta) / theta,
    "where the formula is negative": lambda theta: length(theta) if theta < np.pi / 2 else refused_below_zero(theta),
    "from pi on": lambda theta: np.tan(theta) / theta if theta < np.pi else length(theta)})
def length_is_refused(length, rng):
    """From pi/2 on, where the formula gives negative lengths (theta = 2) and where positive ones (theta = 4)."""
    return holds([*(refuses(length, theta) for theta in (np.pi / 2, 1.6, 2.0, 4.0, 7.5)),
                  *(not refuses(length, theta) for theta in (0.0, 1.0, 1.57))])


def refused_below_zero(theta):
    """A guard on the result in place of one on the speed."""
    if np.tan(theta) < 0:
        raise ValueError("a negative length")
    return np.tan(theta) / theta


@ledger.add("11.18", "law", lambda theta: np.floor(theta / np.pi + 0.5), bound=0, wrong={
    "always one": lambda theta: 1.0, "both ends held": lambda theta: np.floor(theta / np.pi),
    "one too many": lambda theta: np.ceil(theta / np.pi + 0.5)})
def index_of_the_saddle(index, rng):
    """Negative eigenvalues of the second variation among polynomials, at six speeds up to 11; y' changes its sign."""
    stiff, mass, _ = ritz()
    cases = []
    for theta in (1.0, 1.6, 3.0, 5.5, 8.0, 11.0):
        count = (linalg.eigh(stiff - theta**2 * mass, eigvals_only=True) < 0).sum()
        slope = np.cos(theta * np.linspace(0, 1, 200)) / np.cos(theta)
        cases += [count == index(theta), (slope.min() < 0 < slope.max()) == (theta > np.pi / 2)]
    return holds(cases)
