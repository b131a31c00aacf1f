"""Evidence for the descent of the chain, (11.24)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.spring.chain import matrices
from refvae.derivations.spring.common import speeds
from refvae.evidence import Ledger, gap, holds
from refvae.spring import chain_profile, descend_chain, masses

ledger = Ledger()


def descent(step, weighted=True):
    """Another descent: a step, and whether the gradient is taken over the masses."""
    def descend(y, theta, steps):
        n = len(y)
        K, _ = matrices(n, masses(n))
        for _ in range(steps):
            uphill = theta**2 * masses(n) * y - K @ y + np.eye(n)[-1]
            y = y + step(n, theta) * (uphill / masses(n) if weighted else n * uphill)
        return y

    return descend


DESCENT_WRONG = {"gradient not over the masses": descent(lambda n, theta: 1 / (2 * n * n - theta**2), weighted=False),
                 "ascent": descent(lambda n, theta: -1 / (2 * n * n - theta**2)),
                 "half of the step": descent(lambda n, theta: 0.5 / (2 * n * n - theta**2)),
                 "step without theta": descent(lambda n, theta: 1 / (2 * n * n))}


@ledger.add("11.24", "identity", descend_chain, wrong=DESCENT_WRONG)
def mode_by_mode(descend, rng):
    """After 1, 2 and 30 steps every mode of the error is multiplied by a power of cos(phi_q)/cos(phi), N = 6."""
    theta, start = speeds(rng)[0], rng.standard_normal(6)
    angles = (2 * np.arange(1, 7) - 1) * np.pi / 12
    modes = np.sin(np.multiply.outer(np.arange(1, 7), angles))
    rest = np.linalg.solve(modes, start - chain_profile(theta, 6))
    factors = np.cos(angles) / np.cos(2 * np.arcsin(theta / 12))
    want = [modes @ (factors**t * rest) for t in (1, 2, 30)]
    return gap(np.array([descend(start, theta, t) - chain_profile(theta, 6) for t in (1, 2, 30)]), np.array(want))


@ledger.add("11.24", "law", descend_chain, bound=0, wrong={key: DESCENT_WRONG[key] for key in (
    "half of the step", "step without theta")} | {
        "twice the step": descent(lambda n, theta: 2 / (2 * n * n - theta**2))})
def no_other_step_is_better(descend, rng):
    """The spectral radius of a step is below that of seven others, 0.3 to 1.1 times as long; N = 4 and 7."""
    others = [descent(lambda n, theta, factor=factor: factor / (2 * n * n - theta**2))
              for factor in (0.3, 0.9, 0.99, 0.999, 1.0001, 1.001, 1.1)]
    return holds([radius(descend, theta, n) < radius(other, theta, n)
                  for theta, n in zip(speeds(rng, 2), (4, 7), strict=True) for other in others])


def radius(descend, theta, n):
    """Spectral radius of the map of the error, from the images of unit errors."""
    best = chain_profile(theta, n)
    return np.abs(np.linalg.eigvals([descend(best + unit, theta, 1) - best for unit in np.eye(n)])).max()


@ledger.add("11.24", "limit", descend_chain, bound=1e-12, wrong={key: DESCENT_WRONG[key] for key in (
    "ascent", "half of the step")} | {"without the rotation": lambda y, theta, steps: descend_chain(y, 0.0, steps)})
def arrives(descend, rng):
    """At the closed form after 450 steps from a random start, N = 3, theta = 1."""
    return gap(descend(rng.standard_normal(3), 1.0, 450), chain_profile(1.0, 3))
