"""The tables of derivations/bottleneck.md: python -m refvae.derivations.bottleneck.experiments [digits] [few] [vae]"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from refvae.bottleneck import batch_bounds, estimate_split, predict, vib_loss
from refvae.data import digits
from refvae.fit import fit
from refvae.layers import mlp_init
from refvae.optim import Adam
from refvae.vae import VAE, binomial, encode, gaussian_nll, kl_std_normal, neg_elbo, reparam, vae_init

LAMBDAS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1, 0.3, 1.0, 2.5)
SEEDS, STEPS, BATCH, K = range(5), 2400, 128, 8


class Row(NamedTuple):
    """What a classifier does: rate, NLL of the training rows with the mean code and of one sampled code, in the mean;

    NLL of the others with the mean code and with averaged probabilities of sampled codes; accuracy. In nats.
    """

    rate: float
    train: float
    train_sampled: float
    held_out: float
    sampled: float
    accuracy: float


def split(few=None, seed=0):
    """Training rows and labels (index not divisible by 5; `few` of them at random), and the others."""
    x, labels = digits()
    train = np.arange(len(x)) % 5 != 0
    rows = np.flatnonzero(train)
    rows = rows if few is None else np.random.default_rng([seed, 1]).choice(rows, few, replace=False)
    return x[rows], labels[rows], x[~train], labels[~train]


def classifier(lam, seed, few=None, steps=STEPS, hidden=(128, 64), rate=1e-3, k=K):
    """A trained encoder 64-128-64-2k, ReLU, with a linear classifier; lam None: no noise and no penalty."""
    x, labels, _, _ = split(few, seed)
    rng = np.random.default_rng(seed)
    p = VAE(mlp_init((64, *hidden, 2 * k), rng), mlp_init((k, 10), rng))
    noise = 0.0 if lam is None else 1.0
    draw = lambda rng, rows: (x[rows], labels[rows], noise * rng.standard_normal((len(rows), k)))
    objective = lambda p, x, labels, eps: vib_loss(p, x, labels, eps, lam or 0.0)
    epochs = steps // -(-len(x) // BATCH)
    return fit(objective, p, np.arange(len(x)), epochs=epochs, batch=BATCH, rng=rng, optimiser=Adam(rate), draw=draw,
               progress=False).p


def judge(p, lam, seed, few=None, draws=64):
    """The Row of a trained classifier; codes are sampled from generators of their own."""
    x, labels, x_test, labels_test = split(few, seed)
    noise = lambda rows, stream: np.random.default_rng([seed, stream]).standard_normal((draws, len(rows), K))
    nll = lambda log_q, labels: -log_q[np.arange(len(labels)), labels].mean()
    mean_code = predict(p, x_test)
    rate, one, averaged = (np.nan,) * 3 if lam is None else (
        kl_std_normal(*encode(p.enc, x)[0])[0].mean(),
        np.mean([nll(predict(p, x, e[None]), labels) for e in noise(x, 4)]),
        nll(predict(p, x_test, noise(x_test, 2)), labels_test))
    return Row(rate, nll(predict(p, x), labels), one, nll(mean_code, labels_test), averaged,
               (mean_code.argmax(1) == labels_test).mean())


def sweep(few=None, seeds=SEEDS):
    """Rows (settings, seeds, 6) for no bottleneck and every weight."""
    return {lam: np.array([judge(classifier(lam, seed, few), lam, seed, few) for seed in seeds])
            for lam in (None, *LAMBDAS)}


def autoencoder(k, beta, seed, epochs=200, hidden=(128, 64), rate=1e-3):
    """A VAE 64-128-64-k, ReLU, under Binomial(16) pixels, and its training rows."""
    x = split()[0]
    rng = np.random.default_rng(seed)
    likelihood = binomial(16)
    objective = lambda p, x, eps: neg_elbo(p, x, eps, likelihood=likelihood, beta=beta)
    draw = lambda rng, rows: (rows, rng.standard_normal((len(rows), k)))
    return fit(objective, vae_init((64, *hidden, k), rng), x, epochs=epochs, batch=BATCH, rng=rng, draw=draw,
               optimiser=Adam(rate), progress=False).p, x


def information(k, beta, seed, draws=8, batches=40):
    """Rate, I, its error, KL(q(z) || p(z)), mean lower and upper bound from batches, least and largest E z_j^2."""
    p, x = autoencoder(k, beta, seed)
    (mu, logvar), _ = encode(p.enc, x)
    rng = np.random.default_rng([seed, 3])
    found = estimate_split(mu, logvar, rng.standard_normal((draws, *mu.shape)))
    bounds = np.mean([batch_bounds(log_densities(mu[rows], logvar[rows], rng)) for rows in (
        rng.choice(len(x), BATCH, replace=False) for _ in range(batches))], 0)
    second = (mu**2 + np.exp(logvar)).mean(0)
    return np.array([found.rate, found.information, found.error, found.marginal, *bounds, second.min(), second.max()])


def log_densities(mu, logvar, rng):
    """log q(z_i|x_j) for one z_i of every row."""
    z = reparam(mu, logvar, rng.standard_normal(mu.shape))[0]
    return -np.array([gaussian_nll(mu, logvar, np.broadcast_to(each, mu.shape))[0] for each in z])


def show(table):
    """Means over the seeds, and ranges."""
    for setting, rows in table.items():
        cells = [f"{column.mean():.4f} ({column.min():.4f}-{column.max():.4f})" for column in rows.T]
        print(setting, *cells, sep=" | ", flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["digits", "few", "vae"]
    if "digits" in wanted:
        show(sweep())
    if "few" in wanted:
        show(sweep(200))
    if "vae" in wanted:
        show({(k, beta): np.array([information(k, beta, seed) for seed in range(3)])
              for k, beta in ((2, 1.0), (8, 0.1), (8, 1.0), (8, 4.0))})
