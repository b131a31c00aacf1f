"""A capacity for the rate: the Lagrangian, the step of its multiplier, and both in the Gaussian bottleneck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from refvae.bottleneck.vib import Channel
from refvae.inputs import array, floating, in_range, real, same_shape
from refvae.layers import Activation, relu, softmax_nll
from refvae.trees import Array, Pull
from refvae.vae import VAE
from refvae.vae.elbo import elbo_terms


class Saddle(NamedTuple):
    """What is trained under a capacity: the networks, and the multiplier lam ()."""

    net: VAE
    lam: Any


def capacity_lagrangian(p: Saddle, x_frozen: Array, labels: Array, eps: Array, capacity: float, *,
                        activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean over the batch of -log q(y|z) + lam (KL(q(z|x) || N(0, I)) - capacity), in nats.             (5.20a)

    Shapes as in `vib_loss`; the cotangent of lam is the rate of the batch less the capacity.
    """
    capacity = float(capacity)  # a NumPy float would turn float32 into float64
    same_shape(p.lam, np.zeros(()), "lam and a number")
    lam = floating(p.lam, "lam")
    (nll, rate), pull_terms = elbo_terms(p.net, x_frozen, eps, activation=activation,
                                         likelihood=lambda logits, _: softmax_nll(logits, labels))
    excess = (rate - capacity).mean()                                                                   # (5.20a)
    loss = nll.mean() + lam * excess                                                                    # (5.20a)

    def pull(dloss: Any) -> tuple[Saddle, None, None, Array]:
        d = np.full_like(nll, dloss / len(nll))                                                         # (5.20a)
        dnet, _, deps = pull_terms((d, lam * d))                                                        # (5.20a)
        return Saddle(dnet, np.asarray(dloss * excess)), None, None, deps                               # (5.20a)

    return loss, pull


@in_range
def dual_step(lam: Any, excess: Any, step: float) -> Any:
    """The multipliers after one step: larger where the rate exceeds its capacity, and never below 0.    (5.20b)

    lam, excess of one shape; step: a number above 0. Raises TypeError or ValueError for other input.
    """
    lam, excess, step = array(lam, "lam"), array(excess, "excess"), real(step, "step", above=0)
    same_shape(lam, excess, "lam and excess")
    return np.maximum(lam + step * excess, 0)                                                           # (5.20b)


@dataclass(frozen=True)
class DualAscent:
    """The optimiser of multipliers whose gradient is the excess with its sign changed: `dual_step`, (5.20b)."""

    lr: float

    def init(self, x: Array) -> None:
        """No state."""

    def step(self, state: None, x: Array, g: Array) -> None:
        """One step in place."""
        x[...] = dual_step(x, -g, self.lr)


def descending(p: Saddle, x_frozen: Array, labels: Array, eps: Array, *, capacity: float,
               activation: Activation = relu) -> tuple[Any, Callable[[Any], Any]]:
    """The objective (p, x, labels, eps) for the trainer, which descends: the multiplier's cotangent is negated.

    Its value is `capacity_lagrangian`; a step of `DualAscent` on the multiplier is (5.20b).
    """
    loss, pull_loss = capacity_lagrangian(p, x_frozen, labels, eps, capacity, activation=activation)

    def pull(dloss: Any) -> tuple[Any, ...]:
        dp, *others = pull_loss(dloss)
        return dp._replace(lam=-dp.lam), *others

    return np.asarray(loss), pull


@in_range
def gaussian_capacity(rho: float, capacity: float) -> tuple[float, Channel]:
    """The multiplier at which the channel of `gaussian_bottleneck` has this rate, and the channel.      (5.20c)

    Raises ValueError unless 0 < |rho| < 1 and the capacity is above 0, TypeError for what is no number.
    """
    rho, capacity = real(rho, "rho", above=-1, below=1), real(capacity, "capacity", above=0)
    if rho == 0:
        raise ValueError("rho: got 0, wanted a correlation other than 0")
    share = rho * rho * np.exp(-2 * capacity)                                                           # (5.20c)
    relevance = -np.log1p(rho * rho * np.expm1(-2 * capacity)) / 2                                      # (5.20c)
    channel = Channel(float(np.expm1(2 * capacity)), capacity, float(relevance))                        # (5.20c)
    return float(share / (share + (1 - rho) * (1 + rho))), channel                                      # (5.20c)
