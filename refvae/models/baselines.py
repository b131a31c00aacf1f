"""What linear models and plain laws give on the same held-out rows: PCA, k-means, Gaussians, logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from refvae import trees
from refvae.data.readers import Dataset
from refvae.layers import Dense, dense, mlp_init, softmax_nll, squared_error
from refvae.linear_ae import truncated_svd
from refvae.models.record import Number, compared
from refvae.trees import Array
from refvae.vae import ppca, ppca_log_likelihood
from refvae.vae.normal import LOG_2PI
from refvae.vqvae import lloyd, nearest_code

LLOYD = 20  # steps of k-means
NEWTON = 200  # iterations of the logistic regression, at most


def squared(mine: Array, k: int, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Squared errors of rebuilt rows (n, d), beside those of PCA with k numbers per code, and of the mean alone."""
    centre, k = train.x.mean(0), min(k, *train.x.shape)
    Vt = truncated_svd(train.x - centre, k, rng).Vt
    rivals = {f"PCA, k = {k}": (test.x - centre) @ Vt.T @ Vt + centre, "the mean": centre + 0 * test.x}
    return compared("squared error", squared_error(mine, test.x)[0],
                    {name: squared_error(xhat, test.x)[0] for name, xhat in rivals.items()})


def gaussians(k: int, train: Dataset, test: Dataset) -> dict[str, Array]:
    """-log p of the rows in nats under pPCA with k units, and the normal law of greatest likelihood, where they are."""
    found, k = {}, min(k, train.x.shape[1] - 1)
    try:
        found[f"pPCA, k = {k}"] = -ppca_log_likelihood(ppca(train.x, k), test.x)
    except ValueError:  # one column, or nothing is left for the noise
        pass
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(train.x.T, bias=True)))
    if values[0] > len(values) * np.finfo(float).eps * values[-1]:
        white = (test.x - train.x.mean(0)) @ vectors / np.sqrt(values)
        found["the normal law"] = ((white**2).sum(1) + (np.log(values) + LOG_2PI).sum()) / 2
    return found


def product_means(bits: float, places: int, train: Dataset, test: Dataset, rng: np.random.Generator) -> tuple[
        float, Array]:
    """k-means of groups of columns, which together take at most so many bits: their bits, and the rows rebuilt."""
    groups = np.array_split(np.arange(train.x.shape[1]), min(places, train.x.shape[1]))
    words = max(1, min(int(2 ** (bits / len(groups)) + 1e-9), len(train.x)))
    rebuilt = np.empty_like(test.x)
    for columns in groups:
        rows = train.x[:, columns]
        codes = lloyd(rows, rows[rng.choice(len(rows), words, replace=False)], LLOYD)[0]
        rebuilt[:, columns] = codes[nearest_code(test.x[:, columns], codes)]
    return len(groups) * float(np.log2(words)), rebuilt


def logistic(train: Dataset, test: Dataset, classes: int) -> Array:
    """log q(y|x) of all classes by logistic regression, whose weights have a N(0, 1) prior.   -> (n, classes)"""
    centre, scale = train.x.mean(0), np.maximum(train.x.std(0).max(), np.finfo(float).tiny)
    x, y = (train.x - centre) / scale, train.labels
    start = trees.flatten(trees.map(np.zeros_like, mlp_init((x.shape[1], classes), 0)[0]))

    def value(vector: Array) -> tuple[float, Array]:
        p = trees.unflatten(vector, start.tree)
        logits, pull_logits = dense(p, x)
        nll, pull_nll = softmax_nll(logits, y)  # type: ignore[arg-type]
        dp = pull_logits(pull_nll(np.full_like(nll, 1 / len(nll)))[0])[0]
        slope = trees.flatten(Dense(dp.W + p.W / len(nll), dp.b)).vector
        return float(nll.mean() + (p.W**2).sum() / (2 * len(nll))), slope

    found: Any = optimize.minimize(value, start.vector, jac=True, method="L-BFGS-B", options={"maxiter": NEWTON})
    logits = dense(trees.unflatten(found.x, start.tree), (test.x - centre) / scale)[0]
    log_q: Array = logits - np.logaddexp.reduce(logits, 1)[:, None]
    return log_q


def nearest(x: Array, rows: Array) -> Array:
    """Squared distance of every row of x to the nearest of some rows.   -> (n,)"""
    return squared_error(rows[nearest_code(x, rows)], x)[0]


def normal_rows(train: Dataset, n: int, rng: np.random.Generator) -> Array:
    """Rows of the Gaussian law with mean and covariance of the training rows.   -> (n, d)"""
    _, s, Vt = np.linalg.svd(train.x - train.x.mean(0), full_matrices=False)
    drawn: Array = train.x.mean(0) + rng.standard_normal((n, len(s))) * (s / np.sqrt(len(train.x))) @ Vt
    return drawn
