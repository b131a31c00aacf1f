"""Two sides that take turns: pure steps, and the loops over them; all random numbers come from a generator."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from refvae import trees
from refvae.adversarial.networks import Gan, discriminator_loss, generator_loss
from refvae.adversarial.penalty import critic_loss, raised_critic
from refvae.fit import Objective, value_and_gradient
from refvae.inputs import generator, perceptron, real, whole
from refvae.layers import Activation, mlp, relu
from refvae.optim import Adam, Optimiser
from refvae.trees import Array, Tree

Sample = Callable[[np.random.Generator, int], Array]


class Player(NamedTuple):
    """One side: its parameters, and the state of its optimiser."""

    p: Tree
    memory: Tree


class Schedule(NamedTuple):
    """A round: `disc` steps of the discriminator, then `gen` batches of codes with `repeats` generator steps on each.

    The old outputs of all these batches are computed before the first of the steps; lam is the weight that holds the
    generator to them, (10.21), and without effect for gen = repeats = 1, (10.15).
    """

    disc: int = 1
    gen: int = 1
    repeats: int = 1
    lam: float = 0.0


SIMPLE = Schedule()
ADAM = Adam(1e-3, beta1=0.5)


def player(p: Tree, optimiser: Optimiser) -> Player:
    """A side before its first step."""
    return Player(p, optimiser.init(trees.flatten(p).vector))


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def stepped(side: Player, optimiser: Optimiser, objective: Objective, *args: Any) -> Player:
    """The side after a step against the gradient of objective(p, *args), and itself unchanged.          (10.21a)

    Raises FloatingPointError if the loss is not finite.
    """
    loss, gradient = value_and_gradient(objective, side.p, *args)                                       # (10.21a)
    if not np.isfinite(loss):
        raise FloatingPointError(f"loss: got {loss}, wanted a finite one")
    vector, p = trees.flatten(side.p)
    memory = trees.map(np.copy, side.memory)
    optimiser.step(memory, vector, trees.flatten(gradient).vector)                                      # (10.21a)
    return Player(p, memory)


def fit_gan(p: Gan, sample: Sample, *, rounds: int, batch: int, rng: np.random.Generator | int,
            schedule: Schedule = SIMPLE, disc_optimiser: Optimiser = ADAM, gen_optimiser: Optimiser = ADAM,
            activation: Activation = relu, progress: bool | None = None) -> Iterator[Gan]:
    """Train by (10.12) and (10.21), and give the networks after every round.                            (10.21a)

    sample(rng, n) draws data (n, d). Raises TypeError or ValueError for bad counts, FloatingPointError as `stepped`.
    """
    rng, rounds, batch, schedule = generator(rng), whole(rounds, "rounds"), whole(batch, "batch"), _checked(schedule)
    perceptron(p.disc, "p.disc", len(perceptron(p.gen, "p.gen")[-1].b))

    def of_disc(disc: Tree, x: Array, y: Array) -> Any:
        return discriminator_loss(disc, x, y, activation=activation, frozen=True)                       # (10.21a)

    def of_gen(gen: Tree, z: Array, disc_frozen: Tree, old_frozen: Array) -> Any:
        return generator_loss(gen, z, disc_frozen, old_frozen, lam=schedule.lam,                        # (10.21a)
                              activation=activation)

    def codes() -> Array:
        return rng.standard_normal((batch, len(p.gen[0].W)))                                            # (10.21a)

    disc, gen = player(p.disc, disc_optimiser), player(p.gen, gen_optimiser)
    for _ in _bar(rounds, progress):
        for _ in range(schedule.disc):                                                                  # (10.21a)
            x, made = sample(rng, batch), mlp(gen.p, codes(), activation)[0]                            # (10.21a)
            disc = stepped(disc, disc_optimiser, of_disc, x, made)                                      # (10.21a)
        frozen = [(z, mlp(gen.p, z, activation)[0]) for z in (codes() for _ in range(schedule.gen))]    # (10.21a)
        for z, old in frozen:                                                                           # (10.21a)
            for _ in range(schedule.repeats):                                                           # (10.21a)
                gen = stepped(gen, gen_optimiser, of_gen, z, disc.p, old)                               # (10.21a)
        yield Gan(gen.p, disc.p)


def fit_wgan(p: Gan, sample: Sample, *, rounds: int, batch: int, rng: np.random.Generator | int, critic_steps: int = 5,
             lam: float = 10.0, critic_optimiser: Optimiser = ADAM, gen_optimiser: Optimiser = ADAM,
             activation: Activation = relu, critic_activation: Activation = relu,
             progress: bool | None = None) -> Iterator[Gan]:
    """Train a critic by (10.26) and a generator by (10.26a), and give the networks after every round.   (10.27a)

    Raises TypeError or ValueError for bad counts, FloatingPointError as `stepped`.
    """
    rng, rounds, batch = generator(rng), whole(rounds, "rounds"), whole(batch, "batch")
    critic_steps, lam = whole(critic_steps, "critic_steps"), real(lam, "lam", above=0)
    perceptron(p.disc, "p.disc", len(perceptron(p.gen, "p.gen")[-1].b))

    def of_critic(critic: Tree, x: Array, y: Array, u: Array) -> Any:
        return critic_loss(critic, x, y, u, lam=lam, activation=critic_activation)                      # (10.27a)

    def of_gen(gen: Tree, z: Array, critic_frozen: Tree) -> Any:
        return raised_critic(gen, z, critic_frozen, activation=activation,                              # (10.27a)
                             critic_activation=critic_activation)

    def codes() -> Array:
        return rng.standard_normal((batch, len(p.gen[0].W)))                                            # (10.27a)

    critic, gen = player(p.disc, critic_optimiser), player(p.gen, gen_optimiser)
    for _ in _bar(rounds, progress):
        for _ in range(critic_steps):                                                                   # (10.27a)
            made, x, u = mlp(gen.p, codes(), activation)[0], sample(rng, batch), rng.random(batch)      # (10.27a)
            critic = stepped(critic, critic_optimiser, of_critic, x, made, u)                           # (10.27a)
        gen = stepped(gen, gen_optimiser, of_gen, codes(), critic.p)                                    # (10.27a)
        yield Gan(gen.p, critic.p)


def _bar(rounds: int, progress: bool | None) -> Any:
    return tqdm(range(rounds), unit="round", disable=not (sys.stderr.isatty() if progress is None else progress))


def _checked(schedule: Schedule) -> Schedule:
    for name in ("disc", "gen", "repeats"):
        whole(getattr(schedule, name), name)
    return schedule._replace(lam=real(schedule.lam, "lam", least=0))
