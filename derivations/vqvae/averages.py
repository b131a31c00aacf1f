"""Evidence for moving averages, (8.17), (8.18) and (8.19a)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.vqvae.common import HOW, at_itself, network, rows
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.fit import fit
from refvae.layers import tanh
from refvae.optim import SGD, Adam, TwoParts
from refvae.vqvae import (
    EMA,
    batch_statistics,
    by_averages,
    choose,
    cluster_means,
    ema_surrogate,
    ema_update,
    vq_surrogate,
)
from refvae.vqvae.fitting import WithEMA, averaged, of_averages, revived

ledger = Ledger()


def state(rng, K=5):
    """Averages in use."""
    return EMA(rng.uniform(0.5, 4, K), rng.standard_normal((K, 3)))


def codes_averaged(s, z, idx, rho):
    """Codes averaged directly, whatever the counts."""
    new = ema_update(s, z, idx, rho)
    return EMA(new.counts, rho * s.codes + (1 - rho) * cluster_means(z, idx, s.codes))


def by_sums(s, z, idx, rho):
    """Averages of counts and sums, and the codebook as their quotient."""
    onehot = np.eye(len(s.codes))[idx]
    counts = rho * s.counts + (1 - rho) * onehot.sum(0)
    return EMA(counts, (rho * s.counts[:, None] * s.codes + (1 - rho) * onehot.T @ z) / counts[:, None])


EMA_WRONG = {"codes averaged directly": codes_averaged, "1 - rho for rho": lambda s, z, idx, rho: ema_update(
    s, z, idx, 1 - rho), "counts not averaged": lambda s, z, idx, rho: ema_update(s, z, idx, rho)._replace(
        counts=s.counts), "new average without the old": lambda s, z, idx, rho: EMA(
            ema_update(s, z, idx, rho).counts, cluster_means(z, idx, s.codes))}


@ledger.add("8.17", "identity", ema_update, exact=True, wrong=EMA_WRONG)
def sums_over_counts(update, rng):
    """Counts and codebook as the quotient of averaged sums and counts, for codewords in use and an unused one."""
    z, _, idx = rows(rng)
    s = state(rng)
    return gap(update(s, z, idx, 0.75), by_sums(s, z, idx, 0.75))


@ledger.add("8.17", "law", ema_update, bound=0, wrong={
    "quotient of sums and counts": by_sums, "unused codewords to the origin": lambda s, z, idx, rho: (
        lambda new: EMA(new.counts, np.where(np.bincount(idx, minlength=5)[:, None] > 0, new.codes, 0)))(
            ema_update(s, z, idx, rho))})
def unused_for_ever(update, rng):
    """1200 steps with rho = 1/2, after which the count of an unused codeword is 0: it has not moved by a bit, and goes
    onto the first row that chooses it.
    """
    z, s = rng.standard_normal((3, 3)), state(rng)
    start, idx = s.codes[4], np.array([0, 1, 1])
    stays = []
    for _ in range(1200):
        s = update(s, z, idx, 0.5)
        stays.append((s.codes[4] == start).all())
    woken = update(s, z, np.array([0, 1, 4]), 0.5).codes[4]
    return holds([*stays, s.counts[4] == 0, np.abs(woken - z[2]).max() < 1e-15 * (1 + np.abs(start).max())])


@ledger.add("8.17", "limit", ema_update, bound=1e-12, wrong={
    "1 - rho for rho": EMA_WRONG["1 - rho for rho"], "choices not weighted": lambda s, z, idx, rho: EMA(
        rho * s.counts + np.bincount(idx, minlength=5), ema_update(s, z, idx, rho).codes)})
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


def statistics(rng):
    """Averages, and counts, means and shares of a batch."""
    return state(rng), rng.uniform(0, 9, 5), rng.standard_normal((5, 3)), rng.uniform(0, 2, 5)


def square_spoiled(change):
    """The surrogate with its cotangent of the averages passed through `change(counts, codes)`."""
    return spoiled(ema_surrogate, lambda d: (EMA(*change(*d[0])), None, None, None))


SQUARE_WRONG = {"sign": square_spoiled(lambda n, e: (-n, -e)), "codes only": square_spoiled(lambda n, e: (0 * n, e)),
                "doubled": square_spoiled(lambda n, e: (2 * n, 2 * e))}
ledger.adjoint("8.18", ema_surrogate, statistics, wrong=SQUARE_WRONG)


@ledger.add("8.18", "identity", ema_surrogate, wrong=SQUARE_WRONG | {
    "no shares": lambda s, n, e, share: ema_surrogate(s, n, e, np.ones(5)),
    "choices for shares": lambda s, n, e, share: ema_surrogate(s, n, e, n)})
def three_steps_of_descent(layer, rng):
    """`fit` with the step 1 - rho on the surrogate against `ema_update`, three times with the same rows."""
    z, _, idx = rows(rng)
    start = want = state(rng)
    for _ in range(3):
        want = ema_update(want, z, idx, 0.9)

    def objective(p, x):
        value, pull = layer(p, *batch_statistics(p, z, idx, 0.9))
        return value, lambda d: (pull(d)[0], None)

    return gap(fit(objective, start, z, batch=len(z), epochs=3, rng=0, optimiser=SGD(0.1), progress=False).p, want)


def averaging(rng):
    """A network with averages, one of whose codewords is never chosen, and its images."""
    p, x = network(rng)
    p.codes[2] = 50.0
    return WithEMA(p._replace(codes=None), EMA(rng.uniform(0.5, 4, 5), p.codes)), x


@ledger.add("8.18", "identity", by_averages, wrong={
    "gamma fixed": lambda gamma, rho, act: by_averages(0.25, rho, act),
    "share fixed": lambda gamma, rho, act: by_averages(gamma, 0.5, act),
    "another activation": lambda gamma, rho, act: by_averages(gamma, rho),
    "codes learn by gradient too": lambda gamma, rho, act: lambda p, x: (lambda loss, pull: (loss, lambda d: (
        lambda g: (g._replace(ema=EMA(g.ema.counts, g.ema.codes + pulled(p, x, 1.0, gamma)[1](d)[0].codes)), None))(
            pull(d)[0])))(*by_averages(gamma, rho, act)(p, x))})
def objective_of_training(objective, rng):
    """Value and networks as of the surrogate without its codebook term, averages as of `ema_update`, for two weights
    and two shares.
    """
    (p, x), got, want = averaging(rng), [], []
    for gamma, rho in ((0.0, 0.9), (0.7, 0.8)):
        loss, pull = objective(gamma, rho, tanh)(p, x)
        dp, _ = pull(1.0)
        step = EMA(*(a - (1 - rho) * da for a, da in zip(p.ema, dp.ema, strict=True)))
        got.append((np.asarray(loss), dp.net._replace(codes=0), step))
        value, pull_surrogate = pulled(p, x, 0.0, gamma)
        z, idx = choose(p.net._replace(codes=p.ema.codes), x, tanh)
        want.append((np.asarray(value), pull_surrogate(1.0)[0]._replace(codes=0), ema_update(
            p.ema, z.reshape(-1, 3), idx.ravel(), rho)))
    return gap(tuple(got), tuple(want))


def pulled(p, x, beta, gamma):
    """The surrogate at the network with averages."""
    return vq_surrogate(*at_itself(p.net._replace(codes=p.ema.codes), x), beta=beta, gamma=gamma, **HOW)


# Waking


def with_counts(change):
    """Codes woken, and counts by `change(old, new)`."""
    def wrong(p, x, rng):
        found = revived(p, x, rng)
        return found._replace(ema=found.ema._replace(counts=change(p.ema.counts, found.ema.counts)))

    return wrong


WAKING_WRONG = {"counts kept": with_counts(lambda old, new: old), "all counts 1": with_counts(
    lambda old, new: np.ones(5)), "counts of 0": with_counts(lambda old, new: new * (new != 1)),
                "codes kept": lambda p, x, rng: revived(p, x, rng)._replace(ema=EMA(
                    revived(p, x, 0).ema.counts, p.ema.codes))}


def woken(p, x):
    """Codes that no image chooses, the rows that seed 3 draws for them, and a code that is chosen."""
    z, idx = choose(p.net._replace(codes=p.ema.codes), x)
    unused = np.setdiff1d(np.arange(5), idx)
    rows = z.reshape(-1, 3)[np.random.default_rng(3).choice(28, len(unused), replace=False)]
    return unused, rows, idx[0, 0]


@ledger.add("8.19a", "identity", revived, wrong=WAKING_WRONG)
def one_count_and_a_row(waking, rng):
    """The unused codeword is the row that the generator draws, with the count 1; the others and all else stay."""
    p, x = averaging(rng)
    unused, drawn, _ = woken(p, x)
    codes, counts = p.ema.codes.copy(), p.ema.counts.copy()
    codes[unused], counts[unused] = drawn, 1.0
    found = waking(p, x, np.random.default_rng(3))
    return gap((found.net._replace(codes=0), found.ema), (p.net._replace(codes=0), EMA(counts, codes)))


@ledger.add("8.19a", "law", revived, exact=True, wrong=WAKING_WRONG)
def its_next_step(waking, rng):
    """Five rows choose the woken codeword: it goes by 5 (1 - rho) / (rho + 5 (1 - rho)) of the way to their mean; a
    codeword in use goes by its old count.
    """
    p, x = averaging(rng)
    (unused, drawn, used), z = woken(p, x), rng.standard_normal((8, 3))
    after = ema_update(waking(p, x, np.random.default_rng(3)).ema, z, np.repeat([2, used], [5, 3]), 0.75)
    start, N = drawn[unused == 2][0], p.ema.counts[used]
    return gap(after.codes[[2, used]], np.array([
        start + 1.25 / 2 * (z[:5].mean(0) - start),
        p.ema.codes[used] + 0.75 / (0.75 * N + 0.75) * (z[5:].mean(0) - p.ema.codes[used])]))


def one_step(optimiser, p, g):
    """The parameters after one step of the optimiser of `of_averages`."""
    x = trees.flatten(p).vector.copy()
    made = optimiser(p, 0.75, 0.01)
    made.step(made.init(x), x, g)
    return x


@ledger.add("8.18", "law", of_averages, wrong={
    "the share that is kept": lambda p, rho, lr: of_averages(p, 1 - rho, lr),
    "Adam for all": lambda p, rho, lr: Adam(lr), "averages like networks": lambda p, rho, lr: TwoParts(
        trees.flatten(p.net).vector.size, SGD(1 - rho), Adam(lr))})
def optimiser_of_both_parts(optimiser, rng):
    """One step: Adam of the rate lr for the networks, the step 1 - rho for counts and codes."""
    p = averaged(network(rng)[0])
    x, n = trees.flatten(p).vector, trees.flatten(p.net).vector.size
    g = rng.standard_normal(x.size)
    want, adam = x.copy(), Adam(0.01)
    adam.step(adam.init(want[:n]), want[:n], g[:n])
    want[n:] -= 0.25 * g[n:]
    return gap(one_step(optimiser, p, g), want)
