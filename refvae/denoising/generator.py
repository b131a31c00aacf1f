"""A generator that matches two smoothed laws, and the constant that a log-density network does not know."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from refvae import trees
from refvae.denoising.matching import dsm, level
from refvae.denoising.networks import LogDensity, frozen_log_density
from refvae.fit import ADAM, value_and_gradient
from refvae.inputs import floating, generator, in_range, matrix, perceptron, real, same_shape, vector, whole
from refvae.layers import Activation, Dense, mlp, mlp_grad, softplus, tanh
from refvae.optim import Optimiser
from refvae.trees import Array, Pull, Tree


class Generated(NamedTuple):
    """Generator, log-density network of what it generates, and the mean of the two objectives in every round (m, 2)."""

    p: tuple[Dense, ...]
    own: tuple[Dense, ...]
    history: Array


class Normaliser(NamedTuple):
    """log of the integral of e^log_density, its standard error, and the effective number of draws."""

    log_z: float
    error: float
    effective: float


def smoothed_kl(log_q: LogDensity, log_p: LogDensity, p: tuple[Dense, ...], z: Array, eps: Array, sigma_frozen: float,
                *, activation: Activation = tanh) -> tuple[Any, Pull]:
    """Mean of log_q(G(z) + sigma eps) - log_p(G(z) + sigma eps) for a generator G = mlp(p).             (9.18)

    log_q, log_p: layers x (n, d) -> ((n,), pull) that do not move, log densities of the smoothed laws of generator and
    data but for constants; z: (n, k), eps: (n, d). The mean gradient is that of the divergence if log_q is right at p
    (9.19); the value is none (9.21). The cotangents are those of p, z, eps and sigma (None).
    """
    x, pull_net = mlp(p, z, activation)
    same_shape(x, eps, "G(z) and eps")
    eps, sigma = floating(eps, "eps"), level(sigma_frozen, x, "sigma")
    xt = x + sigma * eps                                                                                # (9.18)
    (own, pull_own), (target, pull_target) = log_q(xt), log_p(xt)
    same_shape(own, target, "log_q and log_p")
    loss = (own - target).mean()                                                                        # (9.18)

    def pull(dloss: Any) -> tuple[tuple[Dense, ...], Array, Array, None]:
        d = np.full_like(own, dloss / len(own))                                                         # (9.18)
        dxt = pull_own(d) - pull_target(d)                                                              # (9.18)
        return *pull_net(dxt), sigma * dxt, None                                                        # (9.18)

    return loss, pull


def fit_dde_generator(log_p: LogDensity, p: tuple[Dense, ...], own: tuple[Dense, ...], *, sigma: float, rounds: int,
                      batch: int, rng: np.random.Generator | int, inner: int = 10,
                      optimisers: tuple[Optimiser, Optimiser] = (ADAM, ADAM), activation: Activation = tanh,
                      own_activation: Activation = softplus, progress: bool | None = None) -> Generated:
    """Alternate: `inner` steps of `dsm` that teach `own` what G generates, then a step of G.             (9.19a)

    log_p       log density of the data smoothed by sigma: `frozen_log_density` of a trained network, or exact
    p, own      first parameters of the generator k -> d and of a network d -> 1; they are not changed
    optimisers  for the generator and for `own`

    Raises TypeError or ValueError for bad counts, sigma or rng, FloatingPointError if an objective is not finite.
    [Bigdeli, Lin, Portenier, Dunbar and Zwicker 2020, algorithm 1, with a target that is trained once]
    """
    rounds, batch, inner, rng = whole(rounds, "rounds"), whole(batch, "batch"), whole(inner, "inner"), generator(rng)
    sigma = real(sigma, "sigma", above=0)
    codes, features = len(perceptron(p, "p")[0].W), len(perceptron(own, "own")[0].W)
    same_shape(p[-1].b, np.empty(features), "p[-1].b and an input of own")
    makes, knows = _Mover(p, optimisers[0]), _Mover(own, optimisers[1])
    matching, history = partial(dsm, partial(mlp_grad, activation=own_activation, frozen=True)), []
    for _ in tqdm(range(rounds), unit="round", disable=None if progress is None else not progress):
        losses = []
        for _ in range(inner):
            x, _ = mlp(makes.p, rng.standard_normal((batch, codes)), activation)                        # (9.19a)
            losses.append(knows.advance(matching, x, rng.standard_normal(x.shape), sigma))              # (9.19a)
        generated = frozen_log_density(knows.p, own_activation)                                         # (9.19a)
        objective = partial(smoothed_kl, generated, log_p, activation=activation)                       # (9.19a)
        noise = rng.standard_normal((batch, codes)), rng.standard_normal((batch, features))
        history.append((makes.advance(objective, *noise, sigma), np.mean(losses)))                      # (9.19a)
    return Generated(makes.p, knows.p, np.array(history))


class _Mover:
    """Parameters that an optimiser moves in place."""

    def __init__(self, p: Tree, optimiser: Optimiser) -> None:
        self.vector, self.p = trees.flatten(p)
        self.optimiser, self.memory = optimiser, optimiser.init(self.vector)

    @np.errstate(over="ignore", divide="ignore", invalid="ignore")
    def advance(self, objective: Callable[..., tuple[Any, Pull]], *args: Any) -> float:
        """Take a step, and give the objective before it."""
        value, gradient = value_and_gradient(objective, self.p, *args)
        if not np.isfinite(value):
            raise FloatingPointError(f"objective: got {value}, wanted a finite one; a smaller rate may help")
        self.optimiser.step(self.memory, self.vector, trees.flatten(gradient).vector)
        return value


@in_range
def log_normaliser(log_density: Callable[[Array], Array], mean: Any, cov: Any, draws: int,
                   rng: np.random.Generator | int) -> Normaliser:
    """log of the integral of e^log_density by draws from the proposal N(mean, cov).                     (9.22)

    log_density: x (n, d) -> (n,); mean (d,), cov (d, d). The proposal needs tails at least as heavy as those of the
    density, or the error is none. Raises TypeError or ValueError for other input, also for a cov that is not
    positive definite.
    """
    mean, cov, draws = vector(mean, "mean"), matrix(cov, "cov"), whole(draws, "draws", least=2)
    same_shape(cov, np.outer(mean, mean), "cov against the outer product of mean")
    root = np.linalg.cholesky(cov)
    u = generator(rng).standard_normal((draws, len(cov)))
    log_g = -(u * u).sum(1) / 2 - np.log(2 * np.pi) * len(cov) / 2 - np.log(np.diag(root)).sum()        # (9.22)
    values = floating(log_density(mean + u @ root.T), "log_density")
    same_shape(values, log_g, "log_density and the draws")
    log_w = values - log_g                                                                              # (9.22)
    top = log_w.max()
    w = np.exp(log_w - top)                                                                             # (9.22)
    relative = w.std(ddof=1) / w.mean() / np.sqrt(draws)                                                # (9.22)
    return Normaliser(float(top + np.log(w.mean())), float(relative), float(w.sum() ** 2 / (w @ w)))    # (9.22)
