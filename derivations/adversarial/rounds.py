"""Evidence for exact rounds of a generator, (10.16) to (10.18)."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from refvae.adversarial import (
    collapsed_step,
    complete_loss,
    complete_step,
    optimal_discriminator,
)
from refvae.derivations.adversarial.common import kl, law, softmax
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()


# Exact minimiser


def altered(change):
    return lambda q, old: change(*complete_step(q, old), q, old)


STEP_WRONG = {
    "q D for p D": lambda q, old: complete_step(old, q), "q itself": altered(lambda p, v, q, old: (q, v)),
    "not weighted by the old law": altered(lambda p, v, q, old: ((lambda d: d / d.sum())(q / (q + old)), v)),
    "Z for -log Z": altered(lambda p, v, q, old: (p, np.exp(-v)))}


@ledger.add("10.16", "identity", complete_step, wrong={
    "q itself": STEP_WRONG["q itself"], "not weighted by the old law": STEP_WRONG["not weighted by the old law"],
    "Z for -log Z": STEP_WRONG["Z for -log Z"],
    "D for the other label": altered(lambda p, v, q, old: ((lambda w: w / w.sum())(old * old / (q + old)), v))})
def harmonic_mean_and_value(step, rng):
    """Proportional to 1 / (1/p_old + 1/q), and the least value is the complete loss there."""
    q, old = law(rng), law(rng)
    w = 1 / (1 / old + 1 / q)
    return gap(step(q, old), (w / w.sum(), complete_loss(q, w / w.sum(), old)[1]))


@ledger.add("10.16", "limit", complete_step, bound=0, wrong={key: STEP_WRONG[key] for key in STEP_WRONG
                                                                 if "D for" not in key})
def below_all_others(step, rng):
    """The complete loss is larger at 30 other laws, near and far, and larger by their divergence from it."""
    q, old = law(rng), law(rng)
    best, value = step(q, old)
    others = [softmax(np.log(best) + size * rng.standard_normal(6)) for size in (1e-2, 0.1, 1) for _ in range(10)]
    return holds([abs(complete_loss(q, p, old)[1] - value - kl(p, best)) < 1e-12 for p in others])


# Its iteration


def ranges(step, q, p, rounds):
    """Ranges of log p/q."""
    found = []
    for _ in range(rounds):
        found.append(np.ptp(np.log(p / q)))
        p = step(q, p)[0]
    return np.array(found)


SLOWER = altered(lambda p, v, q, old: ((lambda w: w / w.sum())(np.sqrt(p * old)), v))
FASTER = altered(lambda p, v, q, old: ((lambda w: w / w.sum())(old * (q / (q + old)) ** 1.5), v))


@ledger.add("10.17", "law", complete_step, bound=0, wrong={
    "half a step": SLOWER, "D to the power 3/2": FASTER, "q D for p D": lambda q, old: (old * 0 + 1 / len(q), 0.0)})
def within_log_cosh_of_half(step, rng):
    """|range' - range/2| <= log cosh(range/2) in 12 rounds from 10 far laws; largest |log p/q| at most the range."""
    cases = []
    for _ in range(10):
        q, p = law(rng), softmax(6 * rng.standard_normal(6))
        r = ranges(step, q, p, 12)
        cases += [*(abs(r[1:] - r[:-1] / 2) <= np.log(np.cosh(r[:-1] / 2)) + 1e-13),
                  np.abs(np.log(p / q)).max() <= r[0]]
    return holds(cases)


@ledger.add("10.17", "limit", complete_step, bound=1e-3, wrong={"half a step": SLOWER, "D to the power 3/2": FASTER})
def ratio_of_one_half(step, rng):
    """After twelve rounds and more the range falls by 1/2 a round, to three digits."""
    r = ranges(step, law(rng), law(rng), 17)[11:]
    return entrywise(r[1:] / r[:-1], np.full(5, 0.5))


# Collapse


def smoothed(j, n, eps):
    """Mass eps spread over all points, the rest on j."""
    return (1 - eps) * (np.arange(n) == j) + eps / n


def jumps(step, q, start, rounds=9, eps=1e-3):
    """The points on which all mass is, round by round."""
    found = [start]
    for _ in range(rounds):
        found.append(int(np.argmax(step(q, smoothed(found[-1], len(q), eps)))))
    return found


COLLAPSE_WRONG = {
    "smallest D": lambda q, old: np.eye(len(q))[np.argmin(q / (q + old))],
    "the heaviest point of q": lambda q, old: np.eye(len(q))[np.argmax(q)],
    "the old law times D": lambda q, old: np.eye(len(q))[np.argmax(old * q / (q + old))]}


@ledger.add("10.18", "law", collapsed_step, bound=0, wrong=COLLAPSE_WRONG)
def two_heaviest_points_in_turns(step, rng):
    """From every one of six points: from the first round on the heaviest and the second heaviest, in turns."""
    q = law(rng)
    q = np.sort(q) + np.arange(6) / 50  # no two alike
    q = rng.permutation(q / q.sum())
    heavy = set(np.argsort(q)[-2:])
    found = [jumps(step, q, start) for start in range(6)]
    return holds([case for path in found for case in (
        {*path[1:3]} == heavy, path[1:] == [path[1 + i % 2] for i in range(9)])])


@ledger.add("10.18", "identity", collapsed_step, wrong=COLLAPSE_WRONG)
def linear_programming(step, rng):
    """The minimiser of a linear function over all laws, by SciPy's simplex of linear programming."""
    got, want = [], []
    for _ in range(4):
        q, old = law(rng), law(rng)
        cost = -np.log(optimal_discriminator(q, old))
        got.append(step(q, old))
        want.append(optimize.linprog(cost, A_eq=np.ones((1, 6)), b_eq=[1]).x)
    return gap(np.array(got), np.array(want))
