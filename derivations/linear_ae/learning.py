"""Evidence for learning, (2.9), (2.14) and (2.15)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.derivations.linear_ae.common import arrays, mean_loss, small_data
from refvae.evidence import Ledger, Outcome, gap
from refvae.fit import fit
from refvae.linear_ae import linear_ae
from refvae.optim import SGD, Adam

ledger = Ledger()


def tampered(change):
    """mean_loss whose gradient (dC, dD) at (C, D) is passed through change(dC, dD, C, D)."""
    def wrong(p, X):
        loss, pull = mean_loss(p, X)
        return loss, lambda d: (change(*pull(d)[0], *p), None)

    return wrong


LEARNING_WRONG = {"decoder not trained": tampered(lambda dC, dD, C, D: (dC, 0 * dD)),
                  "encoder climbs": tampered(lambda dC, dD, C, D: (-1e-3 * dC, dD)),
                  "weight decay": tampered(lambda dC, dD, C, D: (dC + 0.2 * C, dD + 0.2 * D))}


def descend(objective, rng, batch, optimiser, epochs):
    """The factors after training on the 60 x 12 data from a small Gaussian start, one optimiser after the other."""
    p = rng.standard_normal((12, 3)) / 4, rng.standard_normal((3, 12)) / 4
    for each in optimiser:
        p = fit(objective, p, small_data()[0], rng=rng, optimiser=each, batch=batch, epochs=epochs, progress=False).p
    return p


def by_gradient_descent(objective, rng):
    """1000 steps with all data."""
    step = SGD(15 / linalg.norm(small_data()[0], 2) ** 2)
    return descend(objective, rng, batch=60, optimiser=[step], epochs=1000)


def excess(p):
    """The loss, the tail, and the relative difference."""
    X, _, best = small_data()
    loss = linear_ae(*p, X)[0]
    return Outcome(float(loss), float(best), abs(float(loss / best - 1)))


@ledger.add("2.14", "limit", mean_loss, bound=1e-10, wrong=LEARNING_WRONG)
def descent_reaches_the_tail(objective, rng):
    """1000 steps of full-batch gradient descent on the 60 x 12 data: relative excess over the tail."""
    return excess(by_gradient_descent(objective, rng))


@ledger.add("2.14", "identity", mean_loss, bound=1e-8, wrong=LEARNING_WRONG)
def descent_finds_the_projector(objective, rng):
    """The same seen at CD: it is V_3 V_3', to the root of what the loss, which is flat there, can show."""
    C, D = by_gradient_descent(objective, rng)
    return gap(C @ D, small_data()[1])


@ledger.add("2.9", "limit", mean_loss, bound=1e-8, wrong=LEARNING_WRONG)
def two_starts_one_projector(objective, rng):
    """Gradient descent from two Gaussian starts: the encoders differ by more than 10 %, CD is V_3 V_3' in both."""
    first, second = (by_gradient_descent(objective, rng) for _ in range(2))
    apart = linalg.norm(first[0] - second[0]) / linalg.norm(first[0])
    found = gap((first[0] @ first[1], second[0] @ second[1]), (small_data()[1],) * 2)
    return found if apart > 0.1 else Outcome(apart, 0.1, 1.0)


@ledger.add("2.15", "identity", mean_loss, exact=True, wrong={
    "encoder's gradient summed, not averaged": tampered(lambda dC, dD, C, D: (20 * dC, dD)),
    "codes normalised in the batch": lambda p, X: mean_loss((p[0] / (X @ p[0]).std(0), p[1]), X)})
def mean_of_batches(objective, rng):
    """The gradients of batches of 20, 20, 17 rows, weighted by size, against the gradient of all 57."""
    C, D, X = arrays(rng, n=57)
    parts = np.split(X, [20, 40])
    means = [objective((C, D), part)[1](len(part) / 57)[0] for part in parts]
    return gap(tuple(sum(part[i] for part in means) for i in (0, 1)), linear_ae(C, D, X)[1](1 / 57)[:2])


@ledger.add("2.15", "limit", mean_loss, bound=1e-5, wrong=LEARNING_WRONG)
def adam_reaches_the_tail(objective, rng):
    """Three times 200 epochs of Adam in batches of 20, with steps 1e-2, 1e-3, 1e-4: excess over the tail."""
    optimiser = [Adam(1e-2), Adam(1e-3), Adam(1e-4)]
    return excess(descend(objective, rng, batch=20, optimiser=optimiser, epochs=200))
