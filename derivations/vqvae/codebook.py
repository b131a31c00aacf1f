"""Evidence for the codebook, (8.15) to (8.19)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.cluster.vq import kmeans2

from refvae.derivations.vqvae.common import spread
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.fit import fit
from refvae.optim import SGD
from refvae.vqvae import (
    EMA,
    cluster_means,
    codebook_loss,
    ema_surrogate,
    ema_update,
    lloyd,
    nearest_code,
    reset_unused,
)

ledger = Ledger()


def rows(rng, n=24, k=3, K=5):
    """Points, codes of which the last is never chosen, and what they choose."""
    z, codes = spread(rng, n, k, K)
    codes[-1] = 50.0
    return z, codes, nearest_code(z, codes)


# Means


def to_the_origin(z, idx, codes):
    """Unused codes become 0, as a division of sums by max(count, 1) makes them."""
    onehot = np.eye(len(codes))[idx]
    return onehot.T @ z / np.maximum(onehot.sum(0), 1)[:, None]


MEANS_WRONG = {"unused codes to the origin": to_the_origin,
               "divided by all rows": lambda z, idx, codes: np.eye(len(codes))[idx].T @ z / len(z),
               "medians": lambda z, idx, codes: np.array([np.median(z[idx == j], 0) if (idx == j).any() else codes[j]
                                                          for j in range(len(codes))])}


@ledger.add("8.15", "identity", cluster_means, wrong=MEANS_WRONG)
def gradient_step(means, rng):
    """A step of descent on the codebook term, with the rate n / (2 beta n_j) for codeword j; two grids of twelve."""
    z, codes, idx = rows(rng)
    grid, chosen, beta = z.reshape(2, 12, 3), idx.reshape(2, 12), 0.7
    pull = codebook_loss(grid, codes, chosen, grid, codes, beta=beta)[1]
    slope, counts = pull(np.full(2, 1 / 2))[1], np.bincount(idx, minlength=5)[:, None]
    return gap(means(z, idx, codes), codes - 2 / (2 * beta * np.maximum(counts, 1)) * slope)


@ledger.add("8.15", "law", cluster_means, wrong=MEANS_WRONG)
def nothing_is_better_at_these_indices(means, rng):
    """The distortion of moved means exceeds theirs by the counts times the squared moves; unused ones stay."""
    z, codes, idx = rows(rng)
    best, move = means(z, idx, codes), rng.standard_normal(codes.shape)
    distortion = lambda e: ((z - e[idx]) ** 2).sum()
    counts = np.bincount(idx, minlength=5)
    return gap(np.append(distortion(best + move), best[-1]),
               np.append(distortion(best) + counts @ (move**2).sum(1), codes[-1]))


def without_search(x, codes, steps):
    """The first indices kept throughout."""
    idx = nearest_code(x, codes)
    track = []
    for _ in range(steps):
        track.append(((x - codes[idx]) ** 2).sum(1).mean())
        codes = cluster_means(x, idx, codes)
    return codes, np.array(track)


def gradient_with_one_rate(x, codes, steps):
    """Descent with the rate 1 / 2 for all codewords in place of means."""
    track = []
    for _ in range(steps):
        idx = nearest_code(x, codes)
        track.append(((x - codes[idx]) ** 2).sum(1).mean())
        codes = codes + np.eye(len(codes))[idx].T @ (x - codes[idx]) * 1.9
    return codes, np.array(track)


LLOYD_WRONG = {"indices kept": without_search, "one rate for all": gradient_with_one_rate}


@ledger.add("8.16", "oracle", lloyd, bound=1e-12, wrong=LLOYD_WRONG)
def scipy_k_means(algorithm, rng):
    """scipy.cluster.vq.kmeans2 from the same codewords, after 1, 3 and 8 steps."""
    x = rng.standard_normal((80, 3))
    codes = x[:6].copy()
    return gap(tuple(algorithm(x, codes, steps)[0] for steps in (1, 3, 8)), tuple(
        kmeans2(x, codes, iter=steps, minit="matrix")[0] for steps in (1, 3, 8)))


@ledger.add("8.16", "law", lloyd, bound=0, wrong=LLOYD_WRONG)
def falls_and_stops(algorithm, rng):
    """No distortion above the one before, and after 60 steps nothing moves: codewords are means of their cells."""
    x, cases = rng.standard_normal((60, 3)), []
    codes, track = algorithm(x, x[:6].copy(), 60)
    idx = nearest_code(x, codes)
    cases += [b <= a * (1 + 1e-14) for a, b in pairwise(track)]
    return holds([*cases, *(np.abs(codes - cluster_means(x, idx, codes)) < 1e-14).ravel()])


# Averages


def state(rng, K=5):
    """Averages in use."""
    return EMA(rng.uniform(0.5, 4, K), rng.standard_normal((K, 3)))


def codes_averaged(s, z, idx, rho):
    """Codes averaged directly, whatever the counts."""
    means = cluster_means(z, idx, s.codes)
    new = ema_update(s, z, idx, rho)
    return EMA(new.counts, new.counts[:, None] * (rho * s.codes + (1 - rho) * means))


EMA_WRONG = {"codes averaged directly": codes_averaged, "1 - rho for rho": lambda s, z, idx, rho: ema_update(
    s, z, idx, 1 - rho), "counts not averaged": lambda s, z, idx, rho: EMA(s.counts, ema_update(s, z, idx, rho).sums)}


@ledger.add("8.17", "identity", ema_update, wrong=EMA_WRONG)
def towards_the_mean(update, rng):
    """Every codeword by its share of the way to the mean of what chose it; the unused one not at all."""
    z, _, idx = rows(rng)
    s, rho = state(rng), 0.8
    after, n = update(s, z, idx, rho), np.bincount(idx, minlength=5)
    want = [e if not n[j] else e + 0.2 * n[j] / (0.8 * s.counts[j] + 0.2 * n[j]) * (z[idx == j].mean(0) - e)
            for j, e in enumerate(s.codes)]
    return gap((after.codes, after.counts), (np.array(want), 0.8 * s.counts + 0.2 * n))


@ledger.add("8.17", "limit", ema_update, bound=1e-12, wrong={
    "1 - rho for rho": EMA_WRONG["1 - rho for rho"], "sums not weighted": lambda s, z, idx, rho: EMA(ema_update(
        s, z, idx, rho).counts, rho * s.sums + ema_update(s, z, idx, rho).sums)})
def fixed_point(update, rng):
    """The same rows over and over: after t steps the start has the weight rho^t, and 400 of them leave the means."""
    z, codes, idx = rows(rng)
    s = start = state(rng)
    for _ in range(400):
        s = update(s, z, idx, 0.9)
    used = slice(0, 4)
    first = update(update(start, z, idx, 0.9), z, idx, 0.9)
    n = np.bincount(idx, minlength=5)
    return gap((s.codes[used][n[:4] > 0], first.counts), (cluster_means(z, idx, codes)[used][n[:4] > 0],
                                                          0.81 * start.counts + 0.19 * n))


def averages(rng):
    """Averages, and the counts and sums of a batch."""
    return state(rng), rng.uniform(0, 9, 5), rng.standard_normal((5, 3))


SQUARE_WRONG = {"sign": spoiled(ema_surrogate, lambda d: (EMA(-d[0].counts, -d[0].sums), None, None)),
                "sums only": spoiled(ema_surrogate, lambda d: (EMA(0 * d[0].counts, d[0].sums), None, None)),
                "doubled": spoiled(ema_surrogate, lambda d: (EMA(2 * d[0].counts, 2 * d[0].sums), None, None))}
ledger.adjoint("8.18", ema_surrogate, averages, wrong=SQUARE_WRONG)


@ledger.add("8.18", "identity", ema_surrogate, wrong=SQUARE_WRONG)
def three_steps_of_descent(layer, rng):
    """`fit` with the step 1 - rho on the surrogate against `ema_update`, three times with the same rows."""
    z, _, idx = rows(rng)
    n, s = np.bincount(idx, minlength=5).astype(float), np.eye(5)[idx].T @ z
    start = want = state(rng)
    for _ in range(3):
        want = ema_update(want, z, idx, 0.9)
    objective = lambda p, x: (lambda y, pull: (y, lambda d: (pull(d)[0], None)))(*layer(p, n, s))
    got = fit(objective, start, z, batch=len(z), epochs=3, rng=0, optimiser=SGD(0.1), progress=False).p
    return gap(got, want)


# Unused codes


RESET_WRONG = {"all codes reset": lambda codes, z, idx, rng: z[rng.choice(len(z), len(codes), replace=False)],
               "used ones reset": lambda codes, z, idx, rng: np.where(
                   np.isin(np.arange(len(codes)), idx)[:, None], z[:len(codes)], codes),
               "onto the mean": lambda codes, z, idx, rng: np.where(
                   np.isin(np.arange(len(codes)), idx)[:, None], codes, z.mean(0))}


@ledger.add("8.19", "law", reset_unused, bound=0, wrong=RESET_WRONG)
def no_distance_grows(reset, rng):
    """For 20 codebooks: no row is farther from its code; the new codewords are different rows at distance 0."""
    cases = []
    for _ in range(20):
        z, codes, idx = rows(rng, K=9)
        fresh, used = reset(codes, z, idx, rng), np.unique(idx)
        before, after = (((z - e[nearest_code(z, e)]) ** 2).sum(1) for e in (codes, fresh))
        new = np.delete(fresh, used, 0)
        cases += [(after <= before).all(), (fresh[used] == codes[used]).all(),
                  (after == 0).sum() == len(new) == len(np.unique(new, axis=0))]
    return holds(cases)


@ledger.add("8.19", "identity", reset_unused, wrong=RESET_WRONG)
def by_the_generator(reset, rng):
    """The drawn rows are those of the generator's choice, in order; enough or too few of them."""
    z, codes, idx = rows(rng, K=9)
    unused, one = np.setdiff1d(np.arange(9), idx), np.zeros(2, int)
    chosen = np.random.default_rng(3).choice(24, len(unused), replace=False)
    want, few = codes.copy(), codes.copy()
    want[unused] = z[chosen]
    few[[1, 2]] = z[:2][np.random.default_rng(4).choice(2, 2, replace=False)]
    return gap((reset(codes, z, idx, np.random.default_rng(3)), reset(codes, z[:2], one, np.random.default_rng(4))),
               (want, few))
