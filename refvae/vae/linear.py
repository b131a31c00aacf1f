"""The linear variational autoencoder, which is probabilistic principal component analysis, in closed form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from refvae.inputs import floating, in_range, matrix, parameters, real, same_shape, whole
from refvae.trees import Array, Pull
from refvae.vae.normal import LOG_2PI, gaussian_nll, kl_std_normal


class PPCA(NamedTuple):
    """Probabilistic PCA: x = mean + W z + sigma eps.   W (d, k), sigma2 (), mean (d,)"""

    W: Array
    sigma2: float
    mean: Array


def ppca(X: Array, k: int) -> PPCA:
    """Maximum likelihood of probabilistic PCA in closed form.   X: (n, d) -> W (d, k), sigma2, mean      (3.29)

    W has orthogonal columns, along the principal directions. Raises ValueError unless 1 <= k < d and some variance is
    left outside the first k directions: without noise there is no density; and for data whose squares are no float64.
    [Tipping & Bishop 1999, equations 7 and 8]
    """
    X = matrix(X, "X")
    d = X.shape[1]
    k, (lam, U) = whole(k, "k", most=d - 1), _eigen(X)
    sigma2 = lam[k:].sum() / (d - k)                                                                    # (3.29)
    if not sigma2 > d * 2.0**-52 * lam[0]:
        raise ValueError(f"k: got {k}, wanted less than the rank of the centred data (no variance is left for noise)")
    return PPCA(U[:, :k] * np.sqrt(np.maximum(lam[:k] - sigma2, 0)), float(sigma2), X.mean(0))          # (3.29)


@in_range
def ppca_log_likelihood(p: PPCA, x: Array) -> Array:
    """log N(x; mean, W W' + sigma2 I) in nats.   x: (n, d) -> (n,)                                       (3.28)

    Raises what `ppca_posterior` raises.
    """
    codes, cov = ppca_posterior(p, x)
    x, d = matrix(x, "x"), len(p.W)
    residual = x - p.mean - codes @ p.W.T                                                               # (3.28)
    logdet = d * np.log(p.sigma2) - np.linalg.slogdet(cov)[1]                                           # (3.28)
    quadratic = (residual**2).sum(1) / p.sigma2 + (codes**2).sum(1)                                     # (3.28)
    log_p: Array = -(d * LOG_2PI + logdet + quadratic) / 2                                              # (3.28)
    return log_p


@in_range
def ppca_posterior(p: PPCA, x: Array) -> tuple[Array, Array]:
    """Mean and covariance of z given x.   x: (n, d) -> (n, k), (k, k)                                    (3.30)

    Raises what `refvae.inputs.matrix` raises, and ValueError for x with another number of columns.
    """
    x, _ = matrix(x, "x"), matrix(parameters(p, "p").W, "p.W")
    same_shape(p.mean, p.W[:, 0], "p.mean and a column of p.W")
    real(p.sigma2, "p.sigma2", above=0)
    if x.shape[1] != len(p.W):
        raise ValueError(f"x: got {x.shape[1]} columns, wanted {len(p.W)}, as the model has")
    M = p.W.T @ p.W + p.sigma2 * np.eye(p.W.shape[1])                                                   # (3.30)
    return linalg.solve(M, p.W.T @ (x - p.mean).T, assume_a="pos").T, p.sigma2 * linalg.inv(M)          # (3.30)


class LinearVAE(NamedTuple):
    """Decoder W (d, k), encoder mean x V with V (d, k), and its log-variance logvar (k,), the same for every x."""

    W: Any
    V: Any
    logvar: Any


def linear_vae(p: LinearVAE, logeta: Array, x: Array, *, beta: float = 1.0) -> tuple[Array, Pull]:
    """Expected reconstruction under N(., eta I) plus beta KL, without sampling.   logeta (), x (n, d) -> (n,)   (3.32)

    x is centred; at beta = 1 it is the negative evidence lower bound in nats, as a number per example.
    """
    beta = float(beta)  # a NumPy float would turn float32 into float64
    same_shape(logeta, np.zeros(()), "logeta and a number")
    same_shape(p.logvar, p.W[0], "p.logvar against a row of p.W")
    same_shape(p.V, p.W, "p.V and p.W")
    p, logeta, x = LinearVAE(*map(floating, p, p._fields)), floating(logeta, "logeta"), floating(x, "x")
    mu, var, eta = x @ p.V, np.exp(p.logvar), np.exp(logeta)                                            # (3.32)
    nll, pull_nll = gaussian_nll(mu @ p.W.T, logeta + 0 * x, x)                                         # (3.32)
    kl, pull_kl = kl_std_normal(mu, p.logvar + 0 * mu)                                                  # (3.32)
    blur = ((p.W * p.W).sum(0) * var).sum() / (2 * eta)                                                 # (3.32)

    def pull(d: Array) -> tuple[LinearVAE, Array, Array]:
        (dxhat, dlogetas, dx), (dmu_kl, dlogvars), total = pull_nll(d), pull_kl(beta * d), d.sum()      # (3.32)
        dmu = dxhat @ p.W + dmu_kl                                                                      # (3.32)
        dW = dxhat.T @ mu + total * p.W * var / eta                                                     # (3.32)
        dlogvar = dlogvars.sum(0) + total * (p.W * p.W).sum(0) * var / (2 * eta)                        # (3.32)
        dlogeta = np.asarray(dlogetas.sum() - total * blur)                                             # (3.32)
        return LinearVAE(dW, x.T @ dmu, dlogvar), dlogeta, dx + dmu @ p.V.T                             # (3.32)

    return nll + blur + beta * kl, pull                                                                 # (3.32)


@in_range
def linear_vae_optimum(X: Array, k: int, eta: float, beta: float = 1.0) -> LinearVAE:
    """The minimum of the mean of `linear_vae` over centred data at fixed eta and beta.   X: (n, d)       (3.33)

    Direction i is used if its variance exceeds beta eta; the others have w = 0 and the prior's variance. Raises
    ValueError unless 1 <= k <= d and eta, beta > 0. [Lucas, Tucker, Grosse & Norouzi 2019, section 4]
    """
    X = matrix(X, "X")
    k, beta, eta = whole(k, "k", most=X.shape[1]), real(beta, "beta", above=0), real(eta, "eta", above=0)
    scale = beta * eta                                                                                  # (3.33)
    lam, U = _eigen(X)
    kept = np.maximum(lam[:k], scale)                                                                   # (3.33)
    W = U[:, :k] * np.sqrt(kept - scale)                                                                # (3.33)
    return LinearVAE(W, W / kept, np.log(scale / kept))                                                 # (3.33)


def _eigen(X: Array) -> tuple[Array, Array]:
    """Eigenvalues of the covariance (divisor n), descending, all d of them, and eigenvectors as columns."""
    with np.errstate(over="ignore", invalid="ignore"):
        centred = X - X.mean(0)                                                                         # (3.29)
    size = np.abs(centred).max()
    if not (size == 0 or 1e-150 < size < 1e150):
        raise ValueError(f"X: got entries up to {size:.3g} from their mean, wanted 1e-150 to 1e150, whose squares fit")
    _, s, Vt = np.linalg.svd(np.linalg.qr(centred, mode="r"))                                           # (3.29)
    lam = np.zeros(centred.shape[1])
    lam[:len(s)] = s**2 / len(centred)                                                                  # (3.29)
    return lam, Vt.T
