"""Laws of posterior samplers: simulation-based calibration [Talts et al. 2018]."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

DRAWS, TOO_RARE = 19, 1e-10


@dataclass(frozen=True)
class PosteriorSubject:
    """prior(rng) -> theta (d,), simulate(theta, rng) -> data, posterior(data, m, rng) -> (m, d)."""

    f: tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]
    runs: int = 2000

    def ranks(self, rng: np.random.Generator) -> Array:
        """How many of 19 posterior draws lie below the parameter that made the data.   -> (runs, d)"""
        prior, simulate, posterior = self.f
        found = []
        for _ in range(self.runs):
            theta = np.asarray(prior(rng), float)
            found.append((np.asarray(posterior(simulate(theta, rng), DRAWS, rng), float) < theta).sum(0))
        return np.array(found)


catalogue = Catalogue("posterior", PosteriorSubject)


def check_posterior(prior: Callable[..., Any], simulate: Callable[..., Any], posterior: Callable[..., Any], *,
                    runs: int = 2000, expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold a posterior sampler to the model that it inverts, by simulation-based calibration.

    prior(rng) -> theta (d,);   simulate(theta, rng) -> data;   posterior(data, m, rng) -> (m, d) independent draws.
    A right sampler fails with probability 1e-10 a law and coordinate. Draws from the prior pass: the ranks of the
    parameters alone do not see whether the data were looked at.
    """
    return catalogue.check((prior, simulate, posterior), expected_failures, seed, runs=runs)


@catalogue.law("Talts et al. 2018, theorem 1", "posterior too narrow", "posterior too wide", "mean shifted",
               "variance for the standard deviation", "noise of the data forgotten")
def ranks_are_uniform(f: PosteriorSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The rank of the parameter among 19 posterior draws is uniform on 0, ..., 19."""
    ranks = f.ranks(rng)
    for i, column in enumerate(ranks.T):
        counts = np.bincount(column, minlength=DRAWS + 1)
        expected = len(column) / (DRAWS + 1)
        square = float(((counts - expected) ** 2 / expected).sum())
        limit = float(stats.chi2.isf(TOO_RARE, DRAWS))
        code = f"chi-square of the ranks of coordinate {i}, counts {counts.tolist()}"
        yield Case(code, {}, max(square, limit), limit, 0)


@catalogue.law("Talts et al. 2018, theorem 1", "mean shifted", "sign")
def the_mean_rank_is_the_middle(f: PosteriorSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The mean rank is 19 / 2: one direction of bias, seen with fewer runs."""
    ranks = f.ranks(rng)
    error = np.sqrt(((DRAWS + 1) ** 2 - 1) / 12 / len(ranks))
    yield Case("mean rank of each coordinate", {}, ranks.mean(0), DRAWS / 2 + 0 * ranks.mean(0), 6.5 * error)


# Wrong versions: theta ~ N(0, 1), data ~ N(theta, 1/4), so that the posterior is N(4/5 data, 1/5)


def _prior(rng: np.random.Generator) -> Array:
    return np.asarray(rng.standard_normal(1))


def _simulate(theta: Array, rng: np.random.Generator) -> Array:
    return np.asarray(theta + rng.standard_normal(1) / 2)


def _normal(shrink: float, var: float, shift: float = 0.0) -> Callable[..., Any]:
    return lambda data, m, rng: shrink * data + shift + np.sqrt(var) * rng.standard_normal((m, 1))


right = _prior, _simulate, _normal(0.8, 0.2)

for _name, _wrong in {"posterior too narrow": _normal(0.8, 0.1), "posterior too wide": _normal(0.8, 0.4),
                      "mean shifted": _normal(0.8, 0.2, 0.15), "sign": _normal(-0.8, 0.2, 0.3),
                      "variance for the standard deviation": _normal(0.8, 0.04),
                      "noise of the data forgotten": _normal(1.0, 0.05)}.items():
    catalogue.mistake(_name)((_prior, _simulate, _wrong))
