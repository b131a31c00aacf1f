"""The spring as a chain of n springs of stiffness n k with masses at the joints; half a mass at the free end."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded

from refvae.inputs import floating, in_range, real, same_shape, vector, whole
from refvae.spring.variation import differences, functional, half_square, identity
from refvae.trees import Array, Pull


def masses(n: int) -> Array:
    """Masses of the joints in units of M0: 1/n each, and half of that at the free end (trapezoidal rule).   (n,)

    The other half sits on the axis and does not move. Raises TypeError or ValueError unless n is an int >= 1.
    """
    m = np.full(whole(n, "n"), 1 / n)                                                                   # (11.21)
    m[-1] /= 2                                                                                          # (11.21)
    return m


def chain_action(y: Array, theta: Array, mass: Array) -> tuple[Any, Pull]:
    """Kinetic minus elastic energy of the chain.                                               (11.19), adjoint (11.20)

    y: (n,) joints in units of l0; theta: (); mass: (n,), in units of M0 -> (), in units of k l0^2
    """
    same_shape(y, mass, "y and mass")
    same_shape(theta, np.array(0), "theta and a number")
    y, theta, mass = floating(y, "y"), floating(theta, "theta"), floating(mass, "mass")
    stretch = partial(half_square, -1 / len(y), 1)                                                      # (11.19)
    whirl = partial(half_square, theta**2 * mass, 0)                                                    # (11.19)
    action, slope = functional([(differences, stretch), (identity, whirl)], y)                          # (11.19)

    def pull(daction: Any) -> tuple[Array, Array, Array]:
        dy = daction * slope                                                                            # (11.20)
        dtheta = daction * theta * (mass * y**2).sum()                                                  # (11.20)
        dmass = daction * theta**2 * y**2 / 2                                                           # (11.20)
        return dy, np.asarray(dtheta), dmass

    return action, pull


@in_range
def solve_chain(theta: float, mass: Any) -> Array:
    """Joints of the chain at the least elastic minus kinetic energy, by a tridiagonal Cholesky factor.  (11.21)

    mass: (n,) >= 0, for instance `masses(n)` -> y (n,) in units of l0. Raises TypeError or ValueError for other input,
    and where theta is so large that there is no minimum, with `masses(n)` from 2 n sin(pi/(4 n)) on.
    """
    theta, m = real(theta, "theta", least=0), vector(mass, "mass")
    n = len(m)
    if m.min() < 0:
        raise ValueError(f"mass: got {m.min()} at the least, wanted masses of at least 0")
    # The diagonal above, and the diagonal
    stiff = np.full((2, n), [[-float(n)], [2.0 * n]])                                                   # (11.21)
    stiff[1, -1] = n
    stiff[1] -= theta**2 * m                                                                            # (11.21)
    try:
        y: Array = cho_solve_banded((cholesky_banded(stiff), False), np.eye(n)[-1])                     # (11.21)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"theta: got {theta}, wanted one for which {n} joints have a least energy, (11.22)") from error
    return y


def _angle(theta: float, n: int) -> float:
    """phi with 2 sin(phi/2) = theta/n; ValueError, with the reason, unless n phi < pi/2."""
    theta, n = real(theta, "theta"), whole(n, "n")
    most = 2 * n * np.sin(np.pi / (4 * n))                                                              # (11.22)
    if not 0 <= theta < most:
        raise ValueError(f"theta: got {theta}, wanted 0 <= theta < {most:.6g}: from there on a chain of {n} joints has "
                         "no least energy, (11.22)")
    return float(2 * np.arcsin(theta / (2 * n)))                                                        # (11.21)


def chain_profile(theta: float, n: int) -> Array:
    """The joints that `solve_chain(theta, masses(n))` finds, in closed form.   (n,), in units of l0     (11.21)

    Raises TypeError or ValueError unless n is an int >= 1 and 0 <= theta < 2 n sin(pi/(4 n)).
    """
    phi = _angle(theta, n)
    j = np.arange(1, n + 1)                                                                             # (11.21)
    y: Array = j / n * np.sinc(j * phi / np.pi) / (np.sinc(phi / np.pi) * np.cos(n * phi))              # (11.21)
    return y


def chain_eigenvalues(theta: float, n: int) -> Array:
    """Eigenvalues of the second variation of the chain over its masses, ascending.   (n,)               (11.22)

    theta: any number. The least is positive for a minimum. Raises TypeError or ValueError unless n is an int >= 1.
    """
    theta, q = real(theta, "theta"), np.arange(1, whole(n, "n") + 1)                                    # (11.22)
    eigenvalues: Array = (2 * n * np.sin((2 * q - 1) * np.pi / (4 * n))) ** 2 - theta**2                # (11.22)
    return eigenvalues


@in_range
def descend_chain(start: Any, theta: float, steps: int) -> Array:
    """Joints after so many steps of gradient descent from `start` on elastic minus kinetic energy.   (n,)     (11.24)

    The gradient is measured by the masses `masses(n)`; the step is the best fixed one. Raises TypeError or ValueError
    unless 0 <= theta < 2 n sin(pi/(4 n)).
    """
    y = vector(start, "start")
    n = len(y)
    m, step = masses(n), 1 / (2 * n * n * np.cos(_angle(theta, n)))                                     # (11.24)
    for _ in range(whole(steps, "steps", least=0)):
        uphill, _, _ = chain_action(y, np.asarray(theta), m)[1](1.0)
        y = y + step * uphill / m                                                                       # (11.24)
    return y
