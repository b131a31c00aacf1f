"""Two more routes to the rotating spring: collocation of the differential, iteration of the integral equation."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from scipy.integrate import solve_bvp

from refvae.inputs import real, whole
from refvae.spring.curve import Profile, below_quarter
from refvae.trees import Array


def solve_ode(theta: float, n: int) -> Array:
    """y at s = 0, 1/n, ..., 1 from y'' = -theta^2 y, y(0) = 0, y'(1) = 1, by scipy.integrate.solve_bvp. (11.26)

    (n + 1,) in units of l0; the mesh stays as it is. Raises TypeError or ValueError unless n is an int >= 1 and
    0 <= theta < pi/2.
    """
    t, s = float(below_quarter(real(theta, "theta"))), np.linspace(0, 1, whole(n, "n") + 1)             # (11.26)
    slope = lambda s, y: np.array([y[1], -t * t * y[0]])                                                # (11.26)
    ends = lambda left, right: np.array([left[0], right[1] - 1])                                        # (11.26)
    found = solve_bvp(slope, ends, s, np.array([s, np.ones_like(s)]), tol=1e3, max_nodes=n + 1,
                      fun_jac=lambda s, y: np.array([[0 * s, 1 + 0 * s], [0 * s - t * t, 0 * s]]),
                      bc_jac=lambda left, right: (np.diag([1.0, 0.0]), np.array([[0.0, 0.0], [0.0, 1.0]])))
    y: Array = found.y[0]                                                                               # (11.26)
    return y


def picard(theta: float, l1: float, steps: int, nodes: int = 64) -> Profile:
    """Densities after so many iterations of the integral equation of a spring that ends at l1.          (11.25)

    Begins with the density 1 of the spring at rest; distances are Gauss-Legendre nodes of [0, l1]. theta is any number:
    the iteration converges for each. Raises TypeError or ValueError unless l1 > 0, steps >= 0 and nodes >= 1.
    """
    theta, l1 = real(theta, "theta"), real(l1, "l1", above=0)
    x, outwards = _integral_to_the_end(whole(nodes, "nodes"))
    r, stretch = l1 * (x + 1) / 2, np.ones(nodes)                                                       # (11.25)
    for _ in range(whole(steps, "steps", least=0)):
        stretch = 1 + theta**2 * l1 / 2 * (outwards @ (r / stretch))                                    # (11.25)
    return Profile(r, 1 / stretch)                                                                      # (11.25)


@lru_cache(8)
def _integral_to_the_end(count: int) -> tuple[Array, Any]:
    """Gauss-Legendre nodes x of [-1, 1]; the matrix from values at them to the integrals from x to 1."""
    x, w = legendre.leggauss(count)
    coefficients = (np.arange(count) + 0.5)[:, None] * (w[:, None] * legendre.legvander(x, count - 1)).T  # (11.25)
    antiderivative = legendre.legint(coefficients, axis=0)                                              # (11.25)
    return x, (legendre.legval(np.ones(1), antiderivative) - legendre.legval(x, antiderivative)).T      # (11.25)
