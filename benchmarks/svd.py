"""Truncated SVD of 1e5 x 784 float32, k = 20, beside every peer that gives U, s and V, and the errors of all."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import compare, line, rounds, version
from refvae.linear_ae import truncated_svd

ROWS, COLUMNS, K = 100_000, 784, 20


def matrix():
    """Decaying singular values, and a mean."""
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((COLUMNS, COLUMNS)).astype(np.float32) * 0.98 ** np.arange(COLUMNS, dtype=np.float32)
    return rng.standard_normal((ROWS, COLUMNS), np.float32) @ mix.T + np.float32(1)


def main():
    """All rows; the error of singular values is against float64."""
    from scipy.sparse.linalg import svds

    X = matrix()
    truth = np.sqrt(np.linalg.eigvalsh(X.astype(float).T @ X.astype(float))[:-K - 1:-1])
    methods = {"refvae": lambda: truncated_svd(X, K).s, "SciPy svds": lambda: np.sort(svds(X, K)[1])[::-1]}
    goals = {"SciPy svds": 1.0, "scikit-learn TruncatedSVD": 1.0, "scikit-learn randomized_svd": 1.0,
             "scikit-learn PCA, covariance_eigh": 1.0}
    if version("scikit-learn"):
        from sklearn.decomposition import PCA, TruncatedSVD
        from sklearn.utils.extmath import randomized_svd
        tsvd, pca = TruncatedSVD(K, random_state=0), PCA(K, svd_solver="covariance_eigh")
        methods["scikit-learn TruncatedSVD"] = lambda: (tsvd.fit_transform(X), tsvd.singular_values_)[1]
        methods["scikit-learn randomized_svd"] = lambda: randomized_svd(X, K, random_state=0)[1]
        methods["scikit-learn PCA, covariance_eigh"] = lambda: (pca.fit_transform(X), pca.singular_values_)[1]
    lines = compare("svd 1e5 x 784 float32, k = 20", methods, goals, count=3)
    full = rounds({"refvae": methods["refvae"], "full": lambda: np.linalg.svd(X, full_matrices=False)}, 1, 1)
    lines.append(line("svd 1e5 x 784 float32, k = 20", "NumPy svd (gesdd)", 1e3 * float(full["full"][0]),
                      float(full["full"][0] / full["refvae"][0]), 9.0))
    for name, method in methods.items():
        if "PCA" not in name:  # of the matrix less its mean
            error = float(np.abs(method() / truth - 1).max())
            lines.append(line("error of singular values", name, 0.0, error, 1e-8 if name == "refvae" else None, True))
    return lines
