"""Evidence for the capacity of the rate, (5.20a) to (5.20c)."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from refvae import trees
from refvae.bottleneck import (
    Channel,
    Saddle,
    capacity_lagrangian,
    dual_step,
    gaussian_bottleneck,
    gaussian_capacity,
    vib_loss,
)
from refvae.derivations.bottleneck.bottleneck import measured
from refvae.derivations.bottleneck.common import forward, network
from refvae.derivations.bottleneck.objectives import nll_by_hand, rate_by_hand
from refvae.derivations.vae.common import wide
from refvae.evidence import Ledger, entrywise, gap, holds, spoiled
from refvae.layers import tanh

ledger = Ledger()
CAPACITY = 1.25  # an exact number


# The Lagrangian


def lagrangian(p, x_frozen, labels, eps):
    """capacity_lagrangian at 5/4 nats with tanh."""
    return capacity_lagrangian(p, x_frozen, labels, eps, CAPACITY, activation=tanh)


def saddle(args):
    """The network with a multiplier."""
    def made(rng):
        p, *rest = args(rng)
        return Saddle(p, np.asarray(rng.standard_normal(()))), *rest

    return made


def shifted(change):
    """The value of the Lagrangian with another excess (lam, rate of the rows, n) -> penalty; no gradient."""
    def wrong(p, x, labels, eps):
        mu, logvar, _, logits = forward(p.net, x, eps)
        return nll_by_hand(logits, labels).mean() + change(p.lam, rate_by_hand(mu, logvar), len(x)), None

    return wrong


LAGRANGIAN_WRONG = {"capacity not subtracted": shifted(lambda lam, rate, n: lam * rate.mean()),
                    "sign of the capacity": shifted(lambda lam, rate, n: lam * (rate + CAPACITY).mean()),
                    "sum over the batch": shifted(lambda lam, rate, n: lam * (rate.sum() - CAPACITY)),
                    "capacity for each row": shifted(lambda lam, rate, n: lam * (rate.mean() - n * CAPACITY))}
LAGRANGIAN_PULL = {
    "slope of lam is the rate": spoiled(lagrangian, lambda d: (d[0]._replace(lam=d[0].lam + CAPACITY), *d[1:])),
    "sign of the slope of lam": spoiled(lagrangian, lambda d: (d[0]._replace(lam=-d[0].lam), *d[1:])),
    "gradient of the sum": spoiled(lagrangian, lambda d: (
        d[0]._replace(net=trees.map(lambda leaf: 7 * leaf, d[0].net)), *d[1:]))}
ledger.adjoint("5.20a", lagrangian, saddle(network), wrong=LAGRANGIAN_PULL, exact=saddle(wide(network)))


@ledger.add("5.20a", "identity", lagrangian, exact=True, wrong=LAGRANGIAN_WRONG)
def lagrangian_by_hand(loss, rng):
    """The value from probabilities and the divergence written out, without the layers of the package."""
    p, x, labels, eps = saddle(wide(network))(rng)
    mu, logvar, _, logits = forward(p.net, x, eps)
    want = nll_by_hand(logits, labels).mean() + p.lam * (rate_by_hand(mu, logvar).mean() - CAPACITY)
    return gap(loss(p, x, labels, eps)[0], want)


@ledger.add("5.20a", "identity", lagrangian, wrong=LAGRANGIAN_PULL)
def gradient_of_the_bottleneck(loss, rng):
    """Its gradient is that of (5.14) at a fixed weight, and along lam the difference of two of its values."""
    p, x, labels, eps = saddle(network)(rng)
    _, pull = vib_loss(p.net, x, labels, eps, float(p.lam), activation=tanh)
    dnet, _, _, deps = pull(0.5)
    value = lambda lam: loss(Saddle(p.net, np.asarray(lam)), x, labels, eps)[0]
    got, _, _, got_eps = loss(p, x, labels, eps)[1](0.5)
    return gap((got, got_eps), (Saddle(dnet, np.array((value(1.5) - value(0.5)) / 2)), deps))


def least(rho, lam, c):
    """The least value of -I(Y;Z) + lam (I(X;Z) - c)."""
    _, rate, relevance = gaussian_bottleneck(rho, lam)
    return -relevance + lam * (rate - c)


# The step


STEP_WRONG = {"not cut at 0": lambda lam, excess, step: lam + step * excess,
              "descent": lambda lam, excess, step: np.maximum(lam - step * excess, 0),
              "step lost": lambda lam, excess, step: np.maximum(lam + excess, 0),
              "excess cut": lambda lam, excess, step: lam + step * np.maximum(excess, 0)}


@ledger.add("5.20b", "identity", dual_step, exact=True, wrong=STEP_WRONG)
def half_the_sum_with_its_modulus(step, rng):
    """max(a, 0) is half of a plus its modulus."""
    lam, excess = abs(rng.standard_normal(9)), rng.standard_normal(9) * 3
    a = lam + 0.75 * excess
    return gap(step(lam, excess, 0.75), (a + abs(a)) / 2)


@ledger.add("5.20b", "law", dual_step, bound=0, wrong={key: STEP_WRONG[key] for key in STEP_WRONG if "lost" not in key})
def stays_where_the_conditions_hold(step, rng):
    """A multiplier stays if and only if the rate is at most c, and equal to c where the multiplier is not 0."""
    cases = [(0.0, -1.0), (0.0, 0.0), (0.5, 0.0), (0.0, 1.0), (0.5, 1.0), (0.5, -0.1), (0.5, -9.0)]
    return holds([(step(lam, excess, 0.25) == lam) == (excess <= 0 and lam * excess == 0) for lam, excess in cases])


@ledger.add("5.20b", "law", dual_step, bound=0, wrong={
    "descent": STEP_WRONG["descent"], "not cut at 0": STEP_WRONG["not cut at 0"],
    "step of a fifth more than 2 / l": lambda lam, excess, step: dual_step(lam, excess, 1.2 * step)})
def never_away_from_a_fixed_point(step, rng):
    """Rates l (c' - lam), cut at 0: of three slopes l and three capacities no step 2 / l moves away or below 0."""
    cases = []
    for slope, c in ((slope, c) for slope in (0.5, 2.0, 32.0) for c in (0.25, 1.0, 4.0)):
        rate = lambda lam, slope=slope: np.maximum(slope * (2 - lam), 0)
        fixed = max(2 - c / slope, 0)
        lam = np.linspace(0, 4, 65)
        after = step(lam, rate(lam) - c, 2 / slope)
        cases += [*(np.abs(after - fixed) <= np.abs(lam - fixed)), *(after >= 0)]
    return holds(cases)


@ledger.add("5.20b", "limit", dual_step, bound=1e-12, wrong={
    **{key: STEP_WRONG[key] for key in ("descent", "excess cut")},
    "rate of another channel": lambda lam, excess, step: dual_step(lam, excess + 0.1, step)})
def finds_the_multiplier(step, rng):
    """400 steps from 0.2 in the Gaussian bottleneck end at the multiplier (5.20c), whose cost no lam exceeds."""
    got, want, bounds = [], [], []
    for rho, c in ((0.5, 0.3), (-0.9, 0.6), (0.8, 1.0)):
        lam, (best, channel) = 0.2, gaussian_capacity(rho, c)
        for _ in range(400):
            lam = float(step(lam, gaussian_bottleneck(rho, max(lam, 1e-3)).rate - c, best * (1 - best)))
        got, want = [*got, lam], [*want, best]
        bounds.append(max(least(rho, each, c) for each in np.linspace(0.01, 0.99, 99)) <= -channel.relevance)
    return gap(np.array([*got, float(all(bounds))]), np.array([*want, 1.0]))


# Gaussian


GRID = [(rho, c) for rho in (-0.9, 0.5, 0.8, 2.0**-20) for c in (0.01, 0.5, 3.0)]
GAUSSIAN_WRONG = {
    "e^c for e^2c": lambda rho, c: gaussian_capacity(rho, c / 2),
    "rho for rho squared": lambda rho, c: gaussian_capacity(np.sqrt(abs(rho)), c),
    "weight of the rate of y": lambda rho, c: (1 - gaussian_capacity(rho, c)[0], gaussian_capacity(rho, c)[1]),
    "in bits": lambda rho, c: (gaussian_capacity(rho, c)[0], Channel(*(v / u for v, u in zip(
        gaussian_capacity(rho, c)[1], (1, *2 * [np.log(2)]), strict=True))))}


@ledger.add("5.20c", "identity", gaussian_capacity, wrong=GAUSSIAN_WRONG)
def channel_at_that_weight(capacity, rng):
    """(5.20) at the multiplier has the rate c, and the same channel, for twelve pairs of rho and c."""
    found = [capacity(*pair) for pair in GRID]
    want = [gaussian_bottleneck(rho, lam) for (rho, _), (lam, _) in zip(GRID, found, strict=True)]
    return entrywise(np.array([(*channel, at.rate) for (_, channel), at in zip(found, want, strict=True)]),
                     np.array([(*at, c) for at, (_, c) in zip(want, GRID, strict=True)]))


@ledger.add("5.20c", "identity", gaussian_capacity, wrong={key: GAUSSIAN_WRONG[key] for key in (
    "e^c for e^2c", "rho for rho squared", "in bits")})
def informations_at_capacity(capacity, rng):
    """Rate and relevance by (5.5) and (5.4) from the signal to noise, and the rate is the capacity."""
    found = [(c, capacity(rho, c)[1], rho) for rho, c in GRID if abs(rho) > 0.1]
    return entrywise(np.array([channel[1:] for _, channel, _ in found]),
                     np.array([(c, measured(rho, np.expm1(2 * c))[1]) for c, _, rho in found]))


@ledger.add("5.20c", "limit", gaussian_capacity, bound=1e-12, wrong=GAUSSIAN_WRONG)
def slope_of_the_rate(capacity, rng):
    """rho^2 = 1/2, c = log(2) / 2: lam = 1/3, snr 1, relevance log(4/3) / 2; the rate falls there by 9/4 per lam."""
    rho, h = np.sqrt(0.5), 1e-30
    lam, channel = capacity(float(rho), np.log(2) / 2)
    slope = np.imag(np.log((1 - (lam + 1j * h)) / (lam + 1j * h))) / (2 * h)
    return gap(np.array([lam, *channel, slope]), np.array([1 / 3, 1, np.log(2) / 2, np.log(4 / 3) / 2, -9 / 4]))


@ledger.add("5.20c", "limit", gaussian_capacity, bound=1e-7, wrong={
    key: GAUSSIAN_WRONG[key] for key in ("rho for rho squared", "weight of the rate of y", "in bits")})
def most_of_y_at_that_rate(capacity, rng):
    """scipy.optimize.minimize_scalar of the dual, at three pairs: its place is lam, and its value the relevance."""
    got, want = [], []
    for rho, c in ((0.5, 0.2), (-0.9, 0.6), (0.8, 1.0)):
        dual = optimize.minimize_scalar(lambda lam, rho=rho, c=c: -least(rho, lam, c), bounds=(1e-4, 1 - 1e-4),
                                        method="bounded", options={"xatol": 1e-11})
        lam, channel = capacity(rho, c)
        got, want = [*got, lam, channel.relevance], [*want, dual.x, dual.fun]
    return gap(np.array(got), np.array(want))
