"""The tables of derivations/vqvae.md: python -m refvae.derivations.vqvae.experiments [rates] [terms] [priors]"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
from scipy.cluster.vq import kmeans2

from refvae.data import digits
from refvae.fit import fit
from refvae.layers import squared_error
from refvae.optim import Adam
from refvae.vqvae import (
    attention_init,
    attention_logits,
    choose,
    code_rates,
    count_logits,
    decode_grid,
    fit_vqvae,
    made_init,
    made_logits,
    nearest_code,
    neg_log_prior,
    perplexity,
    prior_loss,
    rebuild,
)

SEEDS, EPOCHS, k = range(3), 150, 8
BLOCKS = {1: (8, 8), 4: (4, 4), 8: (4, 2), 16: (2, 2)}  # rows and columns of a part of the image
TERMS = {"gamma 0": {"gamma": 0.0}, "gamma 0.01": {"gamma": 0.01}, "gamma 0.1": {"gamma": 0.1}, "gamma 0.25": {},
         "gamma 1": {"gamma": 1.0}, "gamma 4": {"gamma": 4.0}, "beta 0": {"beta": 0.0},
         "scale 1": {"scale": 1.0}, "scale 1, beta 0": {"scale": 1.0, "beta": 0.0}, "averages": {"codebook": "ema"},
         "reset": {"reset": True}, "averages, reset": {"codebook": "ema", "reset": True}}
MARKS = (5, 10, 20, 40, 80)  # epochs after which a prior is judged


def split():
    """The rows whose index is not divisible by 5, for training, and the others."""
    x, _ = digits()
    train = np.arange(len(x)) % 5 != 0
    return x[train], x[~train]


# Rate and distortion


def trained(m, K, seed, epochs=EPOCHS, **settings):
    """An autoencoder 64-128-64-m k with K codes, and its codes of training and held-out rows."""
    x, x_test = split()
    p = fit_vqvae(x, m=m, k=k, K=K, rng=seed, epochs=epochs, **settings).p
    return p, choose(p, x)[1], choose(p, x_test)[1]


def autoencoder_row(m, K, seed, epochs=EPOCHS):
    """Held-out and training distortion, held-out perplexity of all codes, and the number in use."""
    x, x_test = split()
    p, idx, idx_test = trained(m, K, seed, epochs)
    return np.array([distortion(rebuild(p, idx_test), x_test), distortion(rebuild(p, idx), x),
                     perplexity(idx_test, K), len(np.unique(idx_test))])


def parts(x, m):
    """The m blocks of each image, (m, n, 64 / m)."""
    height, width = BLOCKS[m]
    return x.reshape(-1, 8 // height, height, 8 // width, width).transpose(1, 3, 0, 2, 4).reshape(m, len(x), -1)


def k_means_row(m, K, seed):
    """Held-out and training distortion of k-means with K means for each block."""
    rng, (x, x_test), found = np.random.default_rng(seed), split(), np.zeros(2)
    for part, part_test in zip(parts(x, m), parts(x_test, m), strict=True):
        means = kmeans2(part, K, iter=50, minit="++", rng=rng)[0]
        found += [((rows - means[nearest_code(rows, means)]) ** 2).sum(1).mean() for rows in (part_test, part)]
    return found


def distortion(xhat, x):
    """Squared error, summed over the pixels, mean over the rows."""
    return squared_error(xhat, x)[0].mean()


# The terms


def terms_row(name, seed, epochs=100):
    """Held-out |x - dec(zq)|^2, |x - dec(z)|^2, |z - zq|^2, perplexity and codes in use, for m = 8, K = 32."""
    x_test = split()[1]
    p, _, idx = trained(8, 32, seed, epochs, **{"reset": False, **TERMS[name]})
    z = choose(p, x_test)[0]
    return np.array([distortion(rebuild(p, idx), x_test), distortion(decode_grid(p.dec, z)[0], x_test),
                     ((z - p.codes[idx]) ** 2).sum((1, 2)).mean(), perplexity(idx, 32), len(np.unique(idx))])


# Priors


def bits(logits, idx):
    """Mean cost of grids in bits."""
    return neg_log_prior(logits, idx)[0].mean() / np.log(2)


def priors_rows(seed, m=16, K=32, marks=MARKS):
    """Name -> (held-out, training) distortion, then bits per image under every law."""
    p, idx, idx_test = trained(m, K, seed)
    x, x_test = split()
    rows = {"squared error": np.array([distortion(rebuild(p, idx_test), x_test), distortion(rebuild(p, idx), x)]),
            "fixed length": np.full(2, code_rates(idx, K).fixed)}
    for order in (0, 1, 2, m - 1):
        for alpha in (0.1, 0.5):
            rows[f"counts, order {order}, alpha {alpha}"] = np.array(
                [bits(count_logits(idx, grids, K, order=order, alpha=alpha), grids) for grids in (idx_test, idx)])
    rng = np.random.default_rng([seed, 1])
    networks = {"MADE": (made_init(m, K, (256,), rng), made_logits),
                "attention": (attention_init(m, K, rng, width=32, blocks=2), attention_logits)}
    for name, (p, logits) in networks.items():
        for epochs, found in learned(p, logits, idx, rng, marks).items():
            rows[f"{name}, {epochs} epochs"] = np.array([bits(logits(found, g)[0], g) for g in (idx_test, idx)])
    return rows


def learned(p, logits, idx, rng, marks):
    """Parameters of a prior after the numbers of epochs in `marks`."""
    kept = {}
    note = lambda state: kept.update({len(state.history): state.p}) if len(state.history) in marks else None
    fit(partial(prior_loss, logits=logits), p, idx, batch=128, rng=rng, epochs=max(marks), optimiser=Adam(3e-3),
        save=note, progress=False)
    return kept


def show(table):
    """Means over the seeds, and ranges."""
    for setting, rows in table.items():
        cells = [f"{column.mean():.5g} ({column.min():.5g}-{column.max():.5g})" for column in np.transpose(rows)]
        print(setting, *cells, sep=" | ", flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["rates", "terms", "priors"]
    if "rates" in wanted:
        for m, K in ((m, K) for m in BLOCKS for K in (16, 64)):
            show({(m, K): [np.append(autoencoder_row(m, K, s), k_means_row(m, K, s)) for s in SEEDS]})
    if "terms" in wanted:
        for name in TERMS:
            show({name: [terms_row(name, s) for s in SEEDS]})
    if "priors" in wanted:
        found = [priors_rows(s) for s in SEEDS]
        show({name: [rows[name] for rows in found] for name in found[0]})
