"""Training: the surrogate at its own parameters, or with a codebook of moving averages; unused codes start anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from refvae import trees
from refvae.fit import Fit, Objective, fit
from refvae.inputs import generator, matrix, real
from refvae.layers import Activation, relu
from refvae.optim import SGD, Adam, TwoParts
from refvae.trees import Array, Pull
from refvae.vqvae.codebook import EMA, batch_statistics, ema_surrogate, reset_unused
from refvae.vqvae.model import NOWHERE, VQVAE, choose, encoded, vq_surrogate, vqvae_init


class WithEMA(NamedTuple):
    """What is trained if the codebook is a moving average: the networks, whose codes are None, and the averages."""

    net: VQVAE
    ema: EMA


def by_gradient(beta: float, gamma: float, activation: Activation = relu) -> Objective:
    """(p, x) -> loss with the gradient of `vq_surrogate` at p itself; it is not the gradient of the loss."""
    beta, gamma = real(beta, "beta", least=0), real(gamma, "gamma", least=0)

    def loss(p: VQVAE, x_frozen: Array) -> tuple[Any, Pull]:
        of_enc, idx = encoded(p, x_frozen, activation)
        value, pull = vq_surrogate(p, x_frozen, idx, of_enc[0], p.codes, beta=beta, gamma=gamma, activation=activation,
                                   of_enc=of_enc)
        return value, lambda d, out=NOWHERE: pull(d, out)[:2]

    return loss


def by_averages(gamma: float, rho: float, activation: Activation = relu) -> Objective:
    """(p, x) -> loss, for codes that are `EMA`: its step 1 - rho on these is `ema_update`.              (8.18)"""
    gamma, rho = real(gamma, "gamma", least=0), real(rho, "rho", least=0, below=1)

    def loss(p: WithEMA, x_frozen: Array) -> tuple[Any, Pull]:
        net = p.net._replace(codes=p.ema.codes)
        of_enc, idx = encoded(net, x_frozen, activation)
        z = of_enc[0]
        value, pull = vq_surrogate(net, x_frozen, idx, z, net.codes, beta=0.0, gamma=gamma, activation=activation,
                                   of_enc=of_enc)
        batch = batch_statistics(p.ema, z.reshape(-1, z.shape[2]), idx.ravel(), rho)                    # (8.18)
        if z.dtype == np.float32:
            counts, means, share = (part.astype(np.float32) for part in batch)
            batch = counts, means, share  # whole numbers would make float64 of it
        _, pull_ema = ema_surrogate(p.ema, *batch)                                                      # (8.18)
        return value, lambda d: (WithEMA(pull(d)[0]._replace(codes=None), pull_ema(d)[0]), None)

    return loss


def fit_vqvae(x: Any, *, m: int, k: int, K: int, rng: np.random.Generator | int, epochs: int, hidden: Sequence[int] = (
        128, 64), beta: float = 1.0, gamma: float = 0.25, codebook: Literal["gradient", "ema"] = "gradient",
              rho: float = 0.95, reset: bool = True, scale: float = 0.1, batch: int = 128, lr: float = 1e-3,
              progress: bool | None = False) -> Fit:
    """An autoencoder with m codes out of K for each row of x (n, d); p is a `VQVAE`, history that of the loss.

    beta, gamma  weights of codebook and commitment terms, as in `codebook_loss`
    codebook     learns by gradient, or (without beta) by moving averages that keep the share rho
    reset        the first codes, and after every epoch those that no row has chosen, are encoded rows
    scale        standard deviation of the first codes otherwise

    Raises TypeError or ValueError for other input, FloatingPointError if training diverges.
    """
    x, rng = matrix(x, "x"), generator(rng)
    if codebook not in ("gradient", "ema"):
        raise ValueError(f"codebook: got {codebook!r}, wanted 'gradient' or 'ema'")
    beta, gamma = real(beta, "beta", least=0), real(gamma, "gamma", least=0)
    rho = real(rho, "rho", above=0, below=1)
    p = vqvae_init((x.shape[1], *hidden), m, k, K, rng, scale=scale)
    p = p._replace(codes=_rows(p, x, rng)) if reset else p
    start, objective, optimiser = _parts(p, codebook, beta, gamma, rho, lr)
    found = fit(objective, start, x, batch=batch, rng=rng, epochs=epochs, optimiser=optimiser, progress=progress,
                renew=(lambda p, rng: revived(p, x, rng)) if reset else None)
    return Fit(plain(found.p), found.history)


def _parts(p: VQVAE, codebook: str, beta: float, gamma: float, rho: float, lr: float) -> tuple[Any, Objective, Any]:
    """Parameters, objective and optimiser."""
    if codebook == "gradient":
        return p, by_gradient(beta, gamma), Adam(lr)
    start = averaged(p)
    return start, by_averages(gamma, rho), of_averages(start, rho, lr)


def averaged(p: VQVAE) -> WithEMA:
    """The same codes as moving averages, each counted once."""
    return WithEMA(p._replace(codes=None), EMA(np.ones(len(p.codes)), p.codes))


def of_averages(p: WithEMA, rho: float, lr: float) -> TwoParts:
    """Adam for the networks, and the step 1 - rho for the averages, (8.18)."""
    return TwoParts(trees.flatten(p.net).vector.size, Adam(lr), SGD(1 - rho))                           # (8.18)


def plain(p: Any) -> VQVAE:
    """The parameters with their codes, however these are learnt."""
    return p.net._replace(codes=p.ema.codes) if isinstance(p, WithEMA) else p


def _rows(p: VQVAE, x: Array, rng: np.random.Generator) -> Array:
    """Encoded rows for a first codebook; the last codes stay if there are too few."""
    z = choose(p, x)[0].reshape(-1, p.codes.shape[1])
    codes: Array = p.codes.copy()
    first = min(len(z), len(codes))
    codes[:first] = z[rng.choice(len(z), first, replace=False)]
    return codes


def revived(p: Any, x: Array, rng: np.random.Generator) -> Any:
    """The parameters with unused codes on encoded rows, and counts of 1 for them.                       (8.19a)"""
    now = plain(p)
    z, idx = choose(now, x)
    codes = reset_unused(now.codes, z.reshape(-1, z.shape[2]), idx.ravel(), rng)
    if not isinstance(p, WithEMA):
        return p._replace(codes=codes)
    unused = np.bincount(idx.ravel(), minlength=len(codes)) == 0                                        # (8.19a)
    return p._replace(ema=EMA(np.where(unused, 1.0, p.ema.counts), codes))                              # (8.19a)
