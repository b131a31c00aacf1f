"""Evidence for the regularised loss and for points, (10.21) and (10.22)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    dirac_step,
    gan_losses,
    proximal,
)
from refvae.derivations.adversarial.common import run, sigmoid
from refvae.derivations.adversarial.motions import game, smooth_generator
from refvae.evidence import Ledger, entrywise, gap, spoiled
from refvae.trees import axpy

ledger = Ledger()


# The regularised loss


def held(rng):
    return rng.standard_normal((7, 4)), rng.standard_normal((7, 4)), 0.7


def smooth_proximal(y, y_frozen):
    return proximal(y, y_frozen, 0.7)


ledger.adjoint("10.21", smooth_proximal, lambda rng: held(rng)[:2], name="penalty", wrong={
    "2 lost": spoiled(smooth_proximal, lambda d: (d[0] / 2, None)),
    "sign lost": spoiled(smooth_proximal, lambda d: (-d[0], None)),
    "rows exchanged": spoiled(smooth_proximal, lambda d: (d[0][::-1], None))})
ledger.adjoint("10.21", smooth_generator, game, name="loss", wrong={
    "without the penalty": lambda p, z, d, o: (smooth_generator(p, z, d, o)[0], smooth_generator(p, z, d, o, 0.0)[1]),
    "saturating slope": lambda p, z, d, o: (smooth_generator(p, z, d, o)[0], lambda dy: tuple(
        None if a is None else axpy(-1, b, a) for a, b in zip(
            smooth_generator(p, z, d, o)[1](dy), smooth_generator(p, z, d, o, 0.1)[1](dy), strict=True)))})


@ledger.add("10.21", "identity", smooth_generator, exact=True, wrong={
    "mean over the features": lambda p, z, d, o: smooth_generator(p, z, d, o, 0.7 / 4),
    "log D for -log D": lambda p, z, d, o: (smooth_generator(p, z, d, o)[0] - 2 * gan_losses(
        np.zeros(7), run(d, run(p, z))[:, 0])[0].generator.mean(), None),
    "saturating loss": lambda p, z, d, o: (0.7 * ((run(p, z) - o) ** 2).sum() / 7 + np.log(
        1 - sigmoid(run(d, run(p, z)))).mean(), None)})
def regularised_line_by_line(loss, rng):
    """Mean of -log D(G(z)) + lam |G(z) - old|^2 from networks written out."""
    p, z, d, old = game(rng)
    y = run(p, z)
    want = -np.log(sigmoid(run(d, y))).mean() + 0.7 * ((y - old) ** 2).sum() / 7
    return gap(np.asarray(loss(p, z, d, old)[0]), np.asarray(want))


# Dirac


DIRAC_WRONG = {
    "alternating steps": lambda t, s, h: (lambda new: (new, s - h * sigmoid(s * new) * new))(dirac_step(t, s, h)[0]),
    "both descend": lambda t, s, h: (t - h * sigmoid(s * t) * s, dirac_step(t, s, h)[1]),
    "slope 1/2 everywhere": lambda t, s, h: (t + h * s / 2, s - h * t / 2)}


@ledger.add("10.22", "law", dirac_step, exact=True, wrong=DIRAC_WRONG)
def norm_grows(step, rng):
    """The squared norm grows by the factor 1 + h^2 sigmoid(psi theta)^2 in 20 steps of random sizes."""
    got, want = [], []
    for _ in range(20):
        (t, s), h = rng.standard_normal(2), rng.uniform(0.1, 0.9)
        got.append(sum(np.square(step(t, s, h))))
        want.append((1 + (h * sigmoid(t * s)) ** 2) * (t * t + s * s))
    return entrywise(np.array(got), np.array(want))


@ledger.add("10.22", "identity", dirac_step, exact=True, wrong=DIRAC_WRONG)
def steps_of_the_losses(step, rng):
    """Gradient steps on the losses of the layer (10.11) with the logits 0 and psi theta."""
    (t, s), h = rng.standard_normal(2), 0.3
    losses, pull = gan_losses(np.zeros(1), np.array([t * s]))
    one, none = np.ones(1), np.zeros(1)
    of_g = pull(losses._replace(discriminator=none, generator=none, minimax=one))[1][0]
    of_d = pull(losses._replace(discriminator=one, generator=none, minimax=none))[1][0]
    return gap(np.array(step(t, s, h)), np.array([t - h * of_g * s, s - h * of_d * t]))
