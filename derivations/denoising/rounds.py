"""Evidence for the rounds of a generator and the network of what it generates, (9.19a)."""

from __future__ import annotations

from functools import partial

import numpy as np

from refvae import trees
from refvae.denoising import Generated, dsm, fit_dde_generator, frozen_log_density, smoothed_kl
from refvae.derivations.denoising.common import network
from refvae.evidence import Ledger, gap, holds
from refvae.layers import mlp, mlp_grad, softplus
from refvae.optim import SGD

ledger = Ledger()
RATES, STILL = (SGD(0.05), SGD(0.02)), SGD(1e-300)  # of generator and network
TARGET, OWN, MAKES = (network(np.random.default_rng(seed), *sizes)
                      for seed, sizes in ((3, (2, 6, 1)), (4, (2, 6, 1)), (5, (3, 5, 2))))
HOW = {"sigma": 0.6, "rounds": 3, "batch": 7, "rng": 8, "inner": 2, "progress": False}


def written_out(log_p, p, own, *, sigma, rounds, batch, rng, inner, optimisers, progress=False, last=False,
                stale=False, sign=1.0, old_noise=False, of_others=False):
    """The rounds step by step, and wrong versions of them."""
    rng, history, matching = np.random.default_rng(rng), [], partial(mlp_grad, activation=softplus)
    draw = lambda d: rng.standard_normal((batch, d))
    k, d = len(p[0].W), len(own[0].W)
    for _ in range(rounds):
        before, losses = own, []
        for _ in range(inner):
            x = mlp(p, draw(k))[0]
            loss, pull = dsm(matching, own, x + of_others, draw(d), sigma)
            own, losses = trees.axpy(-optimisers[1].lr, pull(1.0)[0], own), [*losses, loss]
        z, eps = (np.random.default_rng(1).standard_normal((batch, size)) if old_noise else draw(size)
                  for size in (k, d))
        law = frozen_log_density(before if stale else own, softplus)
        value, pull = smoothed_kl(law, log_p, p, z, eps, sigma)
        p = trees.axpy(-sign * optimisers[0].lr, pull(1.0)[0], p)
        history.append((value, loss if last else np.mean(losses)))
    return Generated(p, own, np.array(history))


WRONG = {name: partial(written_out, **change) for name, change in {
    "the network of the round before": {"stale": True}, "the generator climbs": {"sign": -1.0},
    "the same noise in every round": {"old_noise": True}, "taught other data": {"of_others": True},
    "the last loss for the mean": {"last": True}}.items()}


@ledger.add("9.19a", "identity", fit_dde_generator, wrong=WRONG)
def step_by_step(fitted, rng):
    """Generator, network and history of three rounds of two steps and one, against layers and descent by hand."""
    log_p = frozen_log_density(TARGET)
    got, want = (each(log_p, MAKES, OWN, optimisers=RATES, **HOW) for each in (fitted, written_out))
    return gap((*trees.leaves(got.p), *trees.leaves(got.own), got.history),
               (*trees.leaves(want.p), *trees.leaves(want.own), want.history))


def by_the_value(log_p, p, own, **how):
    """The value of the objective as a factor of the step, as if it were a divergence."""
    value = fit_dde_generator(log_p, p, own, **{**how, "rounds": 1}).history[0, 0]
    rates = SGD(0.05 * abs(value) + 0.01), how["optimisers"][1]
    return fit_dde_generator(log_p, p, own, **{**how, "optimisers": rates})


@ledger.add("9.19a", "law", fit_dde_generator, bound=0, wrong={
    "step times the value": by_the_value,
    "the target left out": lambda log_p, p, own, **how: fit_dde_generator(frozen_log_density(own), p, own, **how)})
def constants_change_no_step(fitted, rng):
    """The target plus 5: the same parameters bit for bit, and a history of values lower by 5."""
    log_p = frozen_log_density(TARGET)

    def lifted(x):
        value, pull = log_p(x)
        return value + 5, pull

    one, other = (fitted(target, MAKES, OWN, optimisers=RATES, **HOW) for target in (log_p, lifted))
    same = [(a == b).all() for a, b in zip(trees.leaves((one.p, one.own)), trees.leaves((other.p, other.own)),
                                           strict=True)]
    return holds([*same, *(abs(one.history[:, 0] - other.history[:, 0] - 5) < 1e-12)])


@ledger.add("9.19a", "limit", fit_dde_generator, bound=0, wrong={
    "the target alone": lambda log_p, p, own, **how: fit_dde_generator(
        log_p, p, trees.map(np.zeros_like, own), **how),
    "taught other data at a rate": lambda log_p, p, own, **how: fit_dde_generator(
        log_p, p, own, **{**how, "optimisers": RATES})})
def nothing_to_learn(fitted, rng):
    """A network that is the target and stands still: the generator does not move by a bit."""
    got = fitted(frozen_log_density(TARGET), MAKES, TARGET, optimisers=(RATES[0], STILL), **HOW)
    return holds([(a == b).all() for a, b in zip(trees.leaves(got.p), trees.leaves(MAKES), strict=True)])
