"""A normal law as control: what the whitened estimate gets wrong for normal samples is subtracted."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from refvae.entropy.estimate import EntropyEstimate, knn_entropy
from refvae.inputs import generator, matrix, whole
from refvae.trees import Array


class ReferenceEstimate(EntropyEstimate):
    """An estimate of an entropy less the mean error of the same estimate for normal samples, in nats."""

    @cached_property
    def jackknife_se(self) -> float:
        """That of the estimate itself and the standard error of the mean over the references, in squares."""
        return float(np.hypot(super().jackknife_se, self.settings["reference_se"]))                     # (6.72)


def entropy_with_reference(x: Any, k: int = 3, *, references: int = 4, rng: np.random.Generator | int,
                           exclude: int = 0, workers: int = 1) -> ReferenceEstimate:
    """Whitened `knn_entropy` less its mean error in `references` >= 2 normal samples of the same shape.  (6.72)

    x: (n, d); other settings as in `knn_entropy`, Euclidean norm. Exactly unbiased for every normal law; for others
    it may do harm, as for heavy tails in many dimensions. Raises what `knn_entropy` raises.
    """
    x, rng = matrix(x, "x"), generator(rng)
    references = whole(references, "references", least=2)
    found = knn_entropy(x, k, whiten=True, exclude=exclude, workers=workers)
    truth = x.shape[1] / 2 * np.log(2 * np.pi * np.e)                                                   # (6.72)
    errors = np.array([float(knn_entropy(rng.standard_normal(x.shape), k, whiten=True, exclude=exclude)) - truth
                       for _ in range(references)])                                                     # (6.72)
    mean, se = errors.mean(), errors.std(ddof=1) / np.sqrt(references)                                  # (6.72)

    def without_each() -> tuple[Array]:
        return (found.leave_one_out()[0] - mean,)                                                       # (6.72)

    local = found.local - mean                                                                          # (6.72)
    how = found.settings | {"references": references, "reference_se": float(se)}
    return ReferenceEstimate(local, found.biased, how, without_each, found.cautions)
