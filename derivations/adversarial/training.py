"""Evidence for the rounds of the trainers, (10.21a) and (10.27a)."""

from __future__ import annotations

from functools import partial

import numpy as np

from refvae.adversarial import (
    Gan,
    Schedule,
    critic_loss,
    discriminator_loss,
    fit_gan,
    fit_wgan,
    generator_loss,
    raised_critic,
)
from refvae.derivations.adversarial.common import net
from refvae.evidence import Ledger, gap, holds
from refvae.layers import Dense, mlp, softplus, tanh
from refvae.optim import SGD, Adam
from refvae.trees import flatten

ledger = Ledger()
RATES = {"disc": Adam(0.05), "gen": SGD(0.2)}


def networks(rng):
    """Generator 3-5-2 and discriminator 2-4-1."""
    return Gan(net(rng, 3, 5, 2), net(rng, 2, 4, 1))


def normal_rows(rng, n):
    """Data."""
    return rng.standard_normal((n, 2)) + np.array([1, -2])


class Side:
    """Parameters that an optimiser changes in place, with its memory."""

    def __init__(self, p, optimiser):
        self.vector, self.p = flatten(p)
        self.optimiser, self.memory = optimiser, optimiser.init(self.vector)

    def step(self, objective, *args, sign=1, weight=1):
        gradient = objective(self.p, *args)[1](1.0)[0]
        self.optimiser.step(self.memory, self.vector, sign * weight * flatten(gradient).vector)


# A generator with a discriminator


def played_in_turns(p, sample, *, rounds, batch, rng, schedule, old="block", signs=(1, 1), weight=1, lam=None):
    """The rounds, written out; old outputs before the block, or before a batch, or at every step."""
    rng = np.random.default_rng(rng)
    disc, gen = Side(p.disc, RATES["disc"]), Side(p.gen, RATES["gen"])
    of_disc = partial(discriminator_loss, activation=tanh)
    of_gen = partial(generator_loss, lam=schedule.lam if lam is None else lam, activation=tanh)
    make = lambda z: mlp(gen.p, z, tanh)[0]
    for _ in range(rounds):
        for _ in range(schedule.disc):
            disc.step(of_disc, sample(rng, batch), make(rng.standard_normal((batch, 3))), sign=signs[0], weight=weight)
        codes = [rng.standard_normal((batch, 3)) for _ in range(schedule.gen)]
        before = [make(z) for z in codes]
        for z, made in zip(codes, before, strict=True):
            made = make(z) if old == "batch" else made
            for _ in range(schedule.repeats):
                gen.step(of_gen, z, disc.p, make(z) if old == "step" else made, sign=signs[1], weight=weight)
    return Gan(gen.p, disc.p)


def trained(p, sample, *, rounds, batch, rng, schedule):
    """What `fit_gan` ends with."""
    *_, last = fit_gan(p, sample, rounds=rounds, batch=batch, rng=rng, schedule=schedule, disc_optimiser=RATES["disc"],
                       gen_optimiser=RATES["gen"], activation=tanh, progress=False)
    return last


ROUNDS_WRONG = {
    "old outputs before every batch": partial(played_in_turns, old="batch"),
    "old outputs before every step": partial(played_in_turns, old="step"),
    "weight lost": partial(played_in_turns, lam=0.0),
    "discriminator climbs": partial(played_in_turns, signs=(-1, 1)),
    "generator climbs": partial(played_in_turns, signs=(1, -1)),
    "sums for means": partial(played_in_turns, weight=6)}


@ledger.add("10.21a", "identity", trained, wrong=ROUNDS_WRONG)
def rounds_written_out(run, rng):
    """Three rounds of 2 : 3 x 2 and of 1 : 2 x 1 steps, from one seed, with parameters that are changed in place."""
    p, seed = networks(rng), int(rng.integers(2**32))
    how = {"rounds": 3, "batch": 6, "rng": seed}
    schedules = Schedule(2, 3, 2, 0.7), Schedule(1, 2, 1, 0.7)
    return gap(tuple(run(p, normal_rows, schedule=each, **how) for each in schedules),
               tuple(played_in_turns(p, normal_rows, schedule=each, **how) for each in schedules))


@ledger.add("10.21a", "law", trained, bound=0, wrong={
    key: ROUNDS_WRONG[key] for key in ROUNDS_WRONG if "old" in key or "lost" in key})
def weight_acts_but_on_the_first_step(run, rng):
    """After a round of 1 : 1 the same to the last bit for the weights 0 and 9; of 1 x 2, 2 x 1 and 3 x 1 not."""
    p, seed, cases = networks(rng), int(rng.integers(2**32)), []
    for gen, repeats in ((1, 1), (1, 2), (2, 1), (3, 1)):
        schedules = (Schedule(1, gen, repeats, lam) for lam in (0.0, 9.0))
        ends = [flatten(run(p, normal_rows, rounds=1, batch=6, rng=seed, schedule=each)).vector for each in schedules]
        cases.append(np.array_equal(*ends) == (gen == repeats == 1))
    return holds(cases)


# A generator with a critic


def criticised(p, sample, *, rounds, batch, rng, critic_steps, lam, sign=1, weight=1, middle=False, stale=False,
               activation=tanh, critic_activation=softplus):
    """The rounds, written out; wrong ones climb, take sums, use u = 1/2, or let the generator see the old critic."""
    rng = np.random.default_rng(rng)
    critic, gen = Side(p.disc, RATES["disc"]), Side(p.gen, RATES["gen"])
    of_gen = partial(raised_critic, activation=activation, critic_activation=critic_activation)
    for _ in range(rounds):
        before = Side(critic.p, RATES["disc"]).p
        for _ in range(critic_steps):
            made = mlp(gen.p, rng.standard_normal((batch, len(p.gen[0].W))), activation)[0]
            x, u = sample(rng, batch), rng.random(batch)
            critic.step(partial(critic_loss, lam=lam, activation=critic_activation), x, made,
                        np.full(batch, 0.5) if middle else u)
        gen.step(of_gen, rng.standard_normal((batch, len(p.gen[0].W))), before if stale else critic.p, sign=sign,
                 weight=weight)
    return Gan(gen.p, critic.p)


def trained_critic(p, sample, *, rounds, batch, rng, critic_steps, lam):
    """What `fit_wgan` ends with."""
    *_, last = fit_wgan(p, sample, rounds=rounds, batch=batch, rng=rng, critic_steps=critic_steps, lam=lam,
                        critic_optimiser=RATES["disc"], gen_optimiser=RATES["gen"], activation=tanh,
                        critic_activation=softplus, progress=False)
    return last


CRITIC_WRONG = {
    "generator climbs": partial(criticised, sign=-1), "sum for the mean": partial(criticised, weight=6),
    "the middle between the rows": partial(criticised, middle=True),
    "generator against the old critic": partial(criticised, stale=True),
    "activations exchanged": partial(criticised, activation=softplus, critic_activation=tanh)}


@ledger.add("10.27a", "identity", trained_critic, wrong=CRITIC_WRONG)
def rounds_of_a_critic_written_out(run, rng):
    """Three rounds with two steps of the critic, from one seed, with parameters that are changed in place."""
    p, how = networks(rng), {"rounds": 3, "batch": 6, "rng": int(rng.integers(2**32)), "critic_steps": 2, "lam": 0.7}
    return gap(run(p, normal_rows, **how), criticised(p, normal_rows, **how))


@ledger.add("10.27a", "law", trained_critic, wrong={
    key: CRITIC_WRONG[key] for key in ("generator climbs", "sum for the mean", "generator against the old critic")})
def a_linear_critic_pushes_along_its_slope(run, rng):
    """Both linear: b moves by the rate times w, and W by an outer product with w."""
    p = Gan(net(rng, 3, 2), net(rng, 2, 1))
    end = run(p, normal_rows, rounds=1, batch=6, rng=int(rng.integers(2**32)), critic_steps=1, lam=0.7)
    w, rate = end.disc[0].W[:, 0], RATES["gen"].lr
    moved = Dense(end.gen[0].W - p.gen[0].W, end.gen[0].b - p.gen[0].b)
    across = np.array([-w[1], w[0]])
    return gap((moved.b, 1 + moved.W @ across), (rate * w, np.ones(3)))
