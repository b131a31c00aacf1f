"""Evidence for the use of codes and their rates, (8.20) and (8.21)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.evidence import Ledger, gap, holds
from refvae.vqvae import Rates, code_rates, perplexity

ledger = Ledger()


USE_WRONG = {"in bits": lambda idx, K: np.exp(np.log(perplexity(idx, K)) / np.log(2)),
             "number in use": lambda idx, K: float(len(np.unique(idx))),
             "inverse of the largest share": lambda idx, K: idx.size / np.bincount(idx.ravel()).max()}


@ledger.add("8.20", "oracle", perplexity, bound=1e-12, wrong=USE_WRONG)
def scipy_entropy(measure, rng):
    """exp of scipy.stats.entropy of the counts; one codeword never occurs."""
    idx = rng.choice(6, (9, 5), p=[0.4, 0.3, 0.2, 0.05, 0.05, 0])
    return gap(np.array(measure(idx, 6)), np.exp(stats.entropy(np.bincount(idx.ravel(), minlength=6))))


@ledger.add("8.20", "law", perplexity, bound=0, wrong={
    "of K always": lambda idx, K: float(K), "in bits": USE_WRONG["in bits"],
    "number in use": USE_WRONG["number in use"]})
def between_one_and_the_number_in_use(measure, rng):
    """1 for one codeword, their number if equally frequent, else strictly between."""
    cases = []
    for K in (2, 5, 17):
        idx = rng.integers(0, K, 40)
        idx[:3] = 0
        mixed, equal = np.append(idx, [0, 1, 1]), np.repeat(np.arange(K), 3)
        cases += [abs(measure(np.zeros(7, int), K) - 1) < 1e-15, abs(measure(equal, K + 2) - K) < 1e-13,
                  1 < measure(mixed, K) <= len(np.unique(mixed)) * (1 - 1e-9)]
    return holds(cases)


def dependent(rng, n=40, m=3, K=3):
    """Grids whose places resemble each other."""
    idx = rng.integers(0, K, (n, m))
    idx[:, 1] = np.where(rng.random(n) < 0.6, idx[:, 0], idx[:, 1])
    return idx


RATE_WRONG = {"in nats": lambda idx, K: Rates(*(rate * np.log(2) for rate in code_rates(idx, K))),
              "one law for all places": lambda idx, K: code_rates(idx, K)._replace(
                  marginal=idx.shape[1] * np.log2(perplexity(idx, K))),
              "joint from the places": lambda idx, K: code_rates(idx, K)._replace(joint=code_rates(idx, K).marginal)}


@ledger.add("8.21", "identity", code_rates, wrong=RATE_WRONG)
def from_tables(rates, rng):
    """All three with scipy.stats.entropy of histograms of places, and of grids numbered in base K."""
    idx = dependent(rng)
    marginal = sum(stats.entropy(np.bincount(column), base=2) for column in idx.T)
    joint = stats.entropy(np.bincount(idx @ [1, 3, 9]), base=2)
    return gap(np.array(rates(idx, 3)), np.array([3 * np.log2(3), marginal, joint]))


@ledger.add("8.21", "limit", code_rates, bound=1e-12, wrong={
    "in nats": RATE_WRONG["in nats"], "codes counted from 0": lambda idx, K: code_rates(idx, K + 1)})
def times_shorter(rates, rng):
    """128 * 128 * 3 bytes as 32 * 32 codewords of 512 and of 64: 42 2/3 and 64 times; one grid alone has no entropy."""
    one = np.zeros((1, 1024), int)
    found = [rates(one, K) for K in (512, 64)]
    return gap(np.array([393216 / each.fixed for each in found] + [1 + found[0].joint, 1 + found[0].marginal]),
               np.array([128 / 3, 64, 1, 1]))


@ledger.add("8.21", "law", code_rates, bound=0, wrong={"in order reversed": lambda idx, K: Rates(
    *code_rates(idx, K)[::-1]), "joint from the places": RATE_WRONG["joint from the places"]})
def they_descend(rates, rng):
    """Joint below marginal below fixed, strictly for dependent places."""
    found = [rates(dependent(rng), 3) for _ in range(20)]
    return holds([each.joint < each.marginal < each.fixed for each in found])
