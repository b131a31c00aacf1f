"""Evidence for the example with words, (2.16)."""

from __future__ import annotations

import numpy as np

from refvae.evidence import Ledger, gap
from refvae.linear_ae import svd_autoencoder

ledger = Ledger()


WORDS = np.array([[1.0, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
WORD_WRONG = {"rank 2": lambda X: X, "rank 0": lambda X: 0 * X,
              "second singular direction": lambda X: X - rank_one(X),
              "of the centred table": lambda X: rank_one(X - X.mean(0))}


def rank_one(X):
    """The reconstruction X C D of the optimal autoencoder with one number as code."""
    C, D = svd_autoencoder(X, 1)
    return X @ C @ D


@ledger.add("2.16", "identity", rank_one, wrong=WORD_WRONG)
def closed_form(rank_one, rng):
    """All ten entries by the projector (MM' - s2^2 I) / sqrt(65) applied to M; the missing word gets 4/sqrt(65)."""
    root = np.sqrt(65)
    want = (WORDS @ WORDS.T - (9 - root) / 2 * np.eye(2)) / root @ WORDS
    return gap((rank_one(WORDS), rank_one(WORDS)[0, 4]), (want, 4 / root))


@ledger.add("2.16", "limit", rank_one, bound=1e-12, wrong={key: WORD_WRONG[key] for key in ("rank 2", "rank 0")})
def error_left(rank_one, rng):
    """The error that rank 1 leaves is s2^2 = (9 - sqrt(65)) / 2 = 0.46887..."""
    return gap(((WORDS - rank_one(WORDS)) ** 2).sum(), (9 - np.sqrt(65)) / 2)
