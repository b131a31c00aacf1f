"""The tables of trained models in derivations/vae.md: python -m refvae.derivations.vae.experiments"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from refvae.data import digits
from refvae.data.readers import dataset
from refvae.fit import fit
from refvae.models import MODELS, Recipe
from refvae.models.training import train
from refvae.optim import Adam
from refvae.vae import active_units, encode, gaussian, kl_std_normal, linear_vae_optimum, neg_elbo, vae_init

SEEDS = range(6)
CASES = (("bernoulli", "float64"), ("bernoulli", "float32"), ("binomial", "float64"), ("discretised", "float64"))


def row(seed: int, likelihood: str, dtype: str) -> dict[str, tuple[float, float | None]]:
    """What `refvae train vae --seed N --likelihood NAME --dtype TYPE` reports."""
    model = MODELS["vae"]
    settings = model.Settings(likelihood=likelihood)
    recipe = Recipe("vae", settings, "digits", "", seed, model.steps, model.batch, model.lr, dtype)
    with TemporaryDirectory() as folder:
        return train(recipe, model.prepare(dataset("digits"), settings), Path(folder), progress=False).report


def table(likelihood: str, dtype: str) -> None:
    """Print every seed's numbers with their standard errors over images, and the mean and range over the seeds."""
    rows = [row(seed, likelihood, dtype) for seed in SEEDS]
    for name in rows[0]:
        values, errors = zip(*(found[name] for found in rows), strict=True)
        each = [f"{value:.2f} ± {error or 0:.2f}" for value, error in zip(values, errors, strict=True)]
        print(f"{likelihood} {dtype} {name}: mean {np.mean(values):.3f}, from {min(values):.3f} to {max(values):.3f}; "
              f"by seed {', '.join(each)}", flush=True)


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
    for case in CASES:
        table(*case)
    collapse_table()
