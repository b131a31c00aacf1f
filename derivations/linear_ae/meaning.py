"""Evidence for the meaning of a low rank, (2.28) to (2.32)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from refvae.derivations.linear_ae.common import tail
from refvae.evidence import Ledger, entrywise, gap, holds, z_score
from refvae.linear_ae import svd_autoencoder
from refvae.linear_ae.words import auc, complete, hidden_lexicon, recovery_auc, three_factors

ledger = Ledger()


# Clipping


def table(rng):
    """Nonnegative data, 9 x 7; reconstructed with k = 3, some entries come out negative."""
    return rng.exponential(size=(9, 7)) * (rng.random((9, 7)) < 0.6) + np.eye(9, 7)


def rebuilt(X, k):
    """The reconstruction XCD, not clipped, by the autoencoder of (2.5)."""
    C, D = svd_autoencoder(X, k)
    return X @ C @ D


CLIP_WRONG = {"not clipped": rebuilt, "clipped from above": lambda X, k: np.minimum(rebuilt(X, k), 0),
              "rank k - 1": lambda X, k: complete(X, k - 1), "columns centred": lambda X, k: np.maximum(
                  rebuilt(X - X.mean(0), k) + X.mean(0), 0)}


@ledger.add("2.28", "identity", complete, wrong={**CLIP_WRONG, "moduli": lambda X, k: np.abs(rebuilt(X, k))})
def what_clipping_gains(complete, rng):
    """|X - Y|^2 - |X - Y+|^2 is the sum of Y (Y - 2X) over the negative entries of Y = XCD; and Y+ by (2.5)."""
    X = table(rng)
    Y = rebuilt(X, 3)
    gain = (Y * (Y - 2 * X))[Y < 0].sum()
    return gap((((X - Y) ** 2).sum() - ((X - complete(X, 3)) ** 2).sum(), complete(X, 3)), (gain, Y * (Y > 0)))


@ledger.add("2.28", "law", complete, bound=0, wrong={
    "not clipped, mirrored": lambda X, k: -rebuilt(X, k), "clipped from above": CLIP_WRONG["clipped from above"],
    "negative entries set to 1": lambda X, k: np.where(rebuilt(X, k) < 0, 1, rebuilt(X, k)), "not clipped": rebuilt})
def never_farther(complete, rng):
    """Ten tables, k = 3: no entry is farther from the data than in XCD, and none is negative."""
    tables = [table(rng) for _ in range(10)]
    return holds([[(np.abs(X - Y) <= np.abs(X - rebuilt(X, 3)) + 1e-12 * X.max()).all(), (Y >= 0).all()]
                  for X in tables for Y in [complete(X, 3)]])


# Keeping everything


ALL_WRONG = {"one less": lambda X, k: complete(X, k - 1), "of shifted data": lambda X, k: complete(
    X - X.min(), k), "squares": lambda X, k: complete(X, k) ** 2}


@ledger.add("2.29", "limit", complete, bound=1e-12, wrong=ALL_WRONG)
def everything_kept_is_the_data(complete, rng):
    """k = 7 for a 9 x 7 table, and k = 3 for a table of rank 3: the data come back."""
    X, low = table(rng), rng.exponential(size=(9, 3)) @ rng.exponential(size=(3, 7))
    return gap((complete(X, 7), complete(low, 3)), (X, low))


@ledger.add("2.29", "law", recovery_auc, bound=0, wrong={
    "half of it": lambda X, hidden, absent, k: recovery_auc(X, hidden, absent, k // 2),
    "rounding errors ranked": lambda X, hidden, absent, k: auc(rebuilt(X, k)[hidden], rebuilt(X, k)[absent]),
    "absent for seen": lambda X, hidden, absent, k: recovery_auc(X, X > 0, absent, k)})
def nothing_new(recovery_auc, rng):
    """A lexicon of 24 x 24, everything kept: hidden words and pairs that are no words are tied, so the AUC is 1/2."""
    lexicon = hidden_lexicon(rng, 24, 3)
    return holds(recovery_auc(lexicon.X, lexicon.hidden, lexicon.illegal, 24) == 0.5)


# Three factors


SIZES = ((3, 2), (2, 3), (4, 4), (1, 5))
FACTORS_WRONG = {"the larger size": lambda X, k, ell: three_factors(X, max(k, ell), max(k, ell)),
                 "identity for the table": lambda X, k, ell: three_factors(X, k, ell)._replace(P=np.eye(k, ell)),
                 "one less": lambda X, k, ell: three_factors(X, max(k - 1, 1), max(ell - 1, 1)),
                 "singular values thrice": lambda X, k, ell: (lambda A, P, Q: (A @ P @ P.T, P, Q))(
                     *three_factors(X, k, ell))}


def square(X, A, P, Q):
    """|X - APQ|^2"""
    return ((X - A @ P @ Q) ** 2).sum()


@ledger.add("2.30", "identity", three_factors, wrong=FACTORS_WRONG)
def error_is_the_tail(three_factors, rng):
    """For four pairs (k, l): the tail of the eigenvalues of X'X after the smaller of k and l."""
    X = rng.standard_normal((9, 7))
    return entrywise(np.array([square(X, *three_factors(X, k, ell)) for k, ell in SIZES]),
                     np.array([tail(X, min(pair)) for pair in SIZES]))


@ledger.add("2.30", "law", three_factors, bound=0, wrong={
    key: FACTORS_WRONG[key] for key in ("identity for the table", "one less", "singular values thrice")})
def no_three_are_better(three_factors, rng):
    """50 random A (9, 3) and Q (2, 7), each with its best table A+ X Q+, and 50 near the best are no nearer to X."""
    X = rng.standard_normal((9, 7))
    A, P, Q = three_factors(X, 3, 2)
    best = svd_autoencoder(X, 3)
    tries = [(rng.standard_normal((9, 3)), rng.standard_normal((2, 7))) for _ in range(50)]
    tries += [(X @ best[0] + a * rng.standard_normal((9, 3)), best[1][:2] + a * rng.standard_normal((2, 7)))
              for a in 10.0 ** -np.arange(5) for _ in range(10)]
    errors = [square(X, A, linalg.pinv(A) @ X @ linalg.pinv(Q), Q) for A, Q in tries]
    shapes = (A.shape, P.shape, Q.shape) == ((9, 3), (3, 2), (2, 7))
    return holds([shapes, *(np.array(errors) >= square(X, A, P, Q) * (1 - 1e-12))])


# The area under the curve


def samples(rng):
    """Numbers with many ties."""
    return rng.integers(1, 7, 13).astype(float), rng.integers(0, 5, 11).astype(float)


def counted(ties):
    """The share of pairs in which the first is larger, plus `ties` times the share of ties."""
    return lambda high, low: (high[:, None] > low).mean() + ties * (high[:, None] == low).mean()


AUC_WRONG = {"ties lost": counted(0), "ties won": counted(1), "exchanged": lambda high, low: auc(low, high),
             "ranks from 0": lambda high, low: auc(high, low) - 1 / len(low)}


@ledger.add("2.31", "identity", auc, wrong=AUC_WRONG)
def pairs_counted(auc, rng):
    """All 13 x 11 pairs one by one, ties as half."""
    high, low = samples(rng)
    return gap(auc(high, low), counted(0.5)(high, low))


@ledger.add("2.31", "oracle", auc, bound=1e-15, wrong=AUC_WRONG)
def mann_whitney(auc, rng):
    """scipy.stats.mannwhitneyu: U / (n m)."""
    high, low = samples(rng)
    return gap(auc(high, low), stats.mannwhitneyu(high, low).statistic / (13 * 11))


# Hidden words


def with_mean(change):
    """hidden_lexicon whose expectation is passed through change(mean, lexicon)."""
    def wrong(*args):
        lexicon = hidden_lexicon(*args)
        return lexicon._replace(mean=change(lexicon.mean, lexicon))

    return wrong


MEAN_WRONG = {"share hidden, not seen": with_mean(lambda mean, lexicon: mean * 3 / 7),
              "hidden ones forgotten": with_mean(lambda mean, lexicon: mean / 0.7),
              "what was seen": with_mean(lambda mean, lexicon: lexicon.X)}


@ledger.add("2.32", "identity", hidden_lexicon, wrong={
    **MEAN_WRONG, "one class more": lambda rng, n, classes: hidden_lexicon(rng, n, classes + 1)})
def classes_are_the_rank(hidden_lexicon, rng):
    """30 x 30, three classes: k = 3 gives the expectation back, 0.7 for every word seen or hidden; AUC 1; rank 3."""
    lexicon = hidden_lexicon(rng, 30, 3)
    weights = complete(lexicon.mean, 3)
    found = auc(np.round(weights, 9)[lexicon.hidden], np.round(weights, 9)[lexicon.illegal])
    return gap((weights, found, np.linalg.matrix_rank(lexicon.mean)), (0.7 * (lexicon.X + lexicon.hidden), 1.0, 3))


def ranked(decimals, relative=True):
    """The AUC of weights that are rounded to other decimals."""
    def wrong(X, hidden, absent, k):
        weights = complete(X, k)
        weights = np.round(weights / (weights.max() if relative else 1), decimals)
        return auc(weights[hidden], weights[absent])

    return wrong


@ledger.add("2.32", "limit", recovery_auc, bound=0, wrong={
    "rounding errors ranked": ranked(99), "hidden and absent exchanged": lambda X, hidden, absent, k: recovery_auc(
        X, absent, hidden, k), "decimals of weights as they come": ranked(9, relative=False)})
def whatever_the_unit(recovery_auc, rng):
    """In units of 1, 1e12 and 1e-12: AUC 1 of the expectation with k = 3, and 1/2 of a lexicon with all 20 kept."""
    lexicon = hidden_lexicon(rng, 20, 3)
    masks = lexicon.hidden, lexicon.illegal
    found = [(recovery_auc(unit * lexicon.mean, *masks, 3), recovery_auc(unit * lexicon.X, *masks, 20))
             for unit in (1.0, 1e12, 1e-12)]
    return holds(np.array([*found, (1.0, recovery_auc(0 * lexicon.X, *masks, 3))]) == [1.0, 0.5])


@ledger.add("2.32", "montecarlo", hidden_lexicon, wrong={key: MEAN_WRONG[key] for key in list(MEAN_WRONG)[:2]})
def mean_of_many_lexica(hidden_lexicon, rng):
    """The sum of X less its expectation over 400 lexica of 12 x 12 has mean 0."""
    lexica = [hidden_lexicon(rng, 12, 3) for _ in range(400)]
    return z_score(np.array([(lexicon.X - lexicon.mean).sum() for lexicon in lexica]), 0.0)


@ledger.add("2.32", "law", complete, bound=0, wrong={
    "everything kept": lambda X, k: X, "nothing kept": lambda X, k: 0 * X,
    "counted twice": lambda X, k: complete(2 * X, k), "one row lower": lambda X, k: np.roll(complete(X, k), 1, 0)})
def error_is_at_most_the_noise(complete, rng):
    """Three lexica of 120 x 120, two classes: |X_2+ - EX| is at most 4 times the largest singular value of X - EX."""
    lexica = [hidden_lexicon(rng, 120, 2) for _ in range(3)]
    return holds([linalg.norm(complete(lexicon.X, 2) - lexicon.mean) <= 4 * linalg.norm(lexicon.X - lexicon.mean, 2)
                  for lexicon in lexica])
