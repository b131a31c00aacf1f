"""The tables of trained models in derivations/vae.md: python -m refvae.derivations.vae.experiments [LIKELIHOOD ...]"""

from __future__ import annotations

import sys
from functools import partial
from typing import NamedTuple

import numpy as np

from refvae import trees
from refvae.data import digits
from refvae.fit import fit
from refvae.layers import bernoulli_nll
from refvae.optim import Adam
from refvae.trees import Array
from refvae.vae import (
    VAE,
    Likelihood,
    active_units,
    binomial,
    discretised_gaussian,
    encode,
    evaluate,
    gaussian,
    kl_std_normal,
    linear_vae_optimum,
    neg_elbo,
    vae_init,
)

SIZES, SEEDS = (64, 128, 64, 8), range(6)
LIKELIHOODS = {"bernoulli": (bernoulli_nll, 1), "binomial": (binomial(16), 1),
               "discretised": (discretised_gaussian(16), 2)}  # and how many outputs a pixel


class Run(NamedTuple):
    """A trained model in float64, its likelihood, the rows that it saw, the rows held out, the loss of every epoch."""

    p: VAE
    likelihood: Likelihood
    seen: Array
    held_out: Array
    history: Array


def train(seed: int, name: str = "bernoulli", dtype: type = np.float64, epochs: int = 200) -> Run:
    """Adam at 1e-3 in batches of 128 on the digits, black and white at 1/2 for `bernoulli`, else in sixteenths."""
    likelihood, outputs = LIKELIHOODS[name]
    images = digits()[0]
    x = (images > 0.5 if name == "bernoulli" else images).astype(dtype)
    held_out = np.arange(len(x)) % 5 == 0
    start = trees.map(lambda leaf: leaf.astype(dtype), vae_init(SIZES, seed, outputs))
    p, history = fit(partial(neg_elbo, likelihood=likelihood), start, x[~held_out], epochs=epochs, batch=128, rng=seed,
                     draw=lambda rng, rows: (rows, rng.standard_normal((len(rows), SIZES[-1]), dtype)), progress=False)
    double = trees.map(lambda leaf: leaf.astype(np.float64), p)
    return Run(double, likelihood, x[~held_out].astype(float), x[held_out].astype(float), history)


def row(run: Run) -> dict[str, float]:
    """Means over held-out images in nats, and the number of active units."""
    found = evaluate(run.p, run.held_out, 0, likelihood=run.likelihood)
    errors = {f"{key} error": float(each.std(ddof=1) / np.sqrt(len(each))) for key, each in found._asdict().items()}
    means = {key: float(each.mean()) for key, each in found._asdict().items()}
    seen = evaluate(run.p, run.seen, 0, samples=64, likelihood=run.likelihood).elbo.mean()
    return {**means, **errors, "seen": float(seen), "active": int(active_units(run.p, run.seen).sum())}


def table(name: str, dtype: type = np.float64) -> None:
    """Print a row a seed, and the mean and range over the seeds."""
    rows = [row(train(seed, name, dtype)) for seed in SEEDS]
    for seed, found in zip(SEEDS, rows, strict=True):
        print(f"{name} {dtype.__name__} seed {seed}: ELBO {found['elbo']:.3f} +- {found['elbo error']:.3f}, "
              f"IWAE-1024 {found['bound']:.3f} +- {found['bound error']:.3f}, rate {found['rate']:.3f}, "
              f"ELBO seen {found['seen']:.3f}, active {found['active']}", flush=True)
    for key in ("elbo", "bound", "rate", "seen"):
        each = np.array([found[key] for found in rows])
        print(f"  {key}: {each.mean():.3f} ({each.min():.3f} .. {each.max():.3f})", flush=True)


def collapse(seed: int, eta: float, units: int = 16) -> tuple[int, float]:
    """Active units and rate of perceptrons 64-128-64-16 and back, decoder variance eta, after 400 epochs at 3e-3."""
    x = digits()[0]
    p = fit(partial(neg_elbo, likelihood=gaussian(eta)), vae_init((64, 128, 64, units), seed), x, epochs=400, batch=128,
            rng=seed, optimiser=Adam(3e-3), progress=False,
            draw=lambda rng, rows: (rows, rng.standard_normal((len(rows), units)))).p
    return int(active_units(p, x).sum()), float(kl_std_normal(*encode(p.enc, x)[0])[0].mean())


def collapse_table() -> None:
    """Print, for every decoder variance, what the linear model uses and what three perceptrons do."""
    x = digits()[0]
    for eta in (0.02, 0.05, 0.1, 0.25, 0.5):
        linear = linear_vae_optimum(x, 16, eta)
        found = [collapse(seed, eta) for seed in range(3)]
        print(f"eta {eta}: linear {int((linear.logvar < 0).sum())} units, rate {-linear.logvar.sum() / 2:.2f}; "
              f"perceptrons {[units for units, _ in found]}, rates {[round(rate, 2) for _, rate in found]}", flush=True)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or LIKELIHOODS:
        table(chosen)
    if not sys.argv[1:]:
        table("bernoulli", np.float32)
        collapse_table()
