"""Evidence for the codebook, (8.15), (8.16) and (8.19)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.cluster.vq import kmeans2

from refvae.derivations.vqvae.common import rows
from refvae.evidence import Ledger, gap, holds
from refvae.vqvae import cluster_means, codebook_loss, lloyd, nearest_code, reset_unused

ledger = Ledger()


# Means


def to_the_origin(z, idx, codes):
    """Unused codes become 0, as a division of sums by max(count, 1) makes them."""
    onehot = np.eye(len(codes))[idx]
    return onehot.T @ z / np.maximum(onehot.sum(0), 1)[:, None]


MEANS_WRONG = {"unused codes to the origin": to_the_origin,
               "divided by all rows": lambda z, idx, codes: np.eye(len(codes))[idx].T @ z / len(z),
               "medians": lambda z, idx, codes: np.array([np.median(z[idx == j], 0) if (idx == j).any() else codes[j]
                                                          for j in range(len(codes))])}


@ledger.add("8.15", "identity", cluster_means, exact=True, wrong=MEANS_WRONG)
def gradient_step(means, rng):
    """A step of descent on the codebook term, with the rate n / (2 beta n_j) for codeword j; two grids of twelve."""
    z, codes, idx = rows(rng)
    grid, chosen, beta = z.reshape(2, 12, 3), idx.reshape(2, 12), 0.75
    pull = codebook_loss(grid, codes, chosen, grid, codes, beta=beta)[1]
    slope, counts = pull(np.full(2, 1 / 2))[1], np.bincount(idx, minlength=5)[:, None]
    return gap(means(z, idx, codes), codes - slope / (beta * np.maximum(counts, 1)))


@ledger.add("8.15", "law", cluster_means, exact=True, wrong=MEANS_WRONG)
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


def with_track(change):
    """Right codewords, and distortions passed through `change(distortions, x, codes before, codes after)`."""
    def wrong(x, codes, steps):
        after, track = lloyd(x, codes, steps)
        return after, change(track, x, codes, after)

    return wrong


LLOYD_WRONG = {"indices kept": without_search, "one rate for all": gradient_with_one_rate}


@ledger.add("8.16", "oracle", lloyd, bound=1e-12, wrong=LLOYD_WRONG)
def scipy_k_means(algorithm, rng):
    """scipy.cluster.vq.kmeans2 from the same codewords, after 1, 3 and 8 steps."""
    x = rng.standard_normal((80, 3))
    codes = x[:6].copy()
    return gap(tuple(algorithm(x, codes, steps)[0] for steps in (1, 3, 8)), tuple(
        kmeans2(x, codes, iter=steps, minit="matrix")[0] for steps in (1, 3, 8)))


@ledger.add("8.16", "identity", lloyd, exact=True, wrong={
    "one rate for all": gradient_with_one_rate,
    "mean over the features too": with_track(lambda track, x, codes, after: track / x.shape[1]),
    "sum over the rows": with_track(lambda track, x, codes, after: track * len(x)),
    "distances not squared": with_track(lambda track, x, codes, after: np.sqrt(track)),
    "distortions after the steps": with_track(lambda track, x, codes, after: np.append(
        track[1:], ((x - after[nearest_code(x, after)]) ** 2).sum(1).mean())),
    "unused codewords to the origin": lambda x, codes, steps: (lambda found: (
        np.where(found[0] == 50, 0, found[0]), found[1]))(lloyd(x, codes, steps))})
def row_by_row(algorithm, rng):
    """Codewords and distortions of five steps, in loops over rows; one codeword is never chosen, and stays."""
    x, codes, _ = rows(rng)
    (got, track), want = algorithm(x, codes, 5), []
    for _ in range(5):
        squares = [[sum((a - b) ** 2 for a, b in zip(row, code, strict=True)) for code in codes] for row in x]
        want.append(sum(min(row) for row in squares) / len(x))
        cells = [[row for row, each in zip(x, squares, strict=True) if each.index(min(each)) == j] for j in range(5)]
        codes = np.array([sum(cell) / len(cell) if cell else codes[j] for j, cell in enumerate(cells)])
    return gap((got, track), (codes, np.array(want)))


@ledger.add("8.16", "law", lloyd, bound=0, wrong=LLOYD_WRONG)
def falls_and_stops(algorithm, rng):
    """No distortion above the one before, and after 60 steps nothing moves: codewords are means of their cells."""
    x, cases = rng.standard_normal((60, 3)), []
    codes, track = algorithm(x, x[:6].copy(), 60)
    idx = nearest_code(x, codes)
    cases += [b <= a * (1 + 1e-14) for a, b in pairwise(track)]
    return holds([*cases, *(np.abs(codes - cluster_means(x, idx, codes)) < 1e-14).ravel()])


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


@ledger.add("8.19", "identity", reset_unused, exact=True, wrong=RESET_WRONG)
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
