"""Networks, codes and grids that several sections use."""

from __future__ import annotations

import itertools

import numpy as np

from refvae import trees
from refvae.layers import Dense, mlp_init, tanh
from refvae.vqvae import VQVAE, attention_init, choose, made_init, nearest_code

HOW = {"activation": tanh}


def flat(tree):
    """All numbers of a tree."""
    return trees.flatten(tree).vector


def moved(tree, rng, scale=0.3):
    """The tree plus noise, so that no bias is zero."""
    return trees.map(lambda leaf: leaf + scale * rng.standard_normal(leaf.shape), tree)


def network(rng, m=4, k=3, K=5):
    """An autoencoder 6-7-4*3 with five codes, all of which its seven images choose somewhere, and the images."""
    x = rng.standard_normal((7, 6))
    p = moved(VQVAE(mlp_init((6, 7, m * k), rng), mlp_init((m * k, 7, 6), rng), np.zeros((K, k))), rng)
    z = choose(p, x, tanh)[0].reshape(-1, k)
    return p._replace(codes=z[rng.choice(len(z), K, replace=False)] + 0.05 * rng.standard_normal((K, k))), x


def at_itself(p, x):
    """The arguments of a surrogate at the parameters themselves."""
    z, idx = choose(p, x, tanh)
    return p, x, idx, z, p.codes


def forward(layers, x):
    """A perceptron with tanh, line by line."""
    for i, (W, b) in enumerate(layers):
        x = np.tanh(x) @ W + b if i else x @ W + b
    return x


def spread(rng, n=11, k=3, K=5):
    """Points and codes."""
    return rng.standard_normal((n, k)), rng.standard_normal((K, k))


def rows(rng, n=24, k=3, K=5):
    """Points, codes of which the first is chosen by one point and the last by none, and what they choose."""
    z, codes = spread(rng, n, k, K)
    z[0] += 20
    codes[0], codes[-1] = z[0] - 1, 0 * codes[-1] + 50
    return z, codes, nearest_code(z, codes)


def grids(K, m):
    """All K^m grids."""
    return np.array(list(itertools.product(range(K), repeat=m)))


def made(rng, m=4, K=3):
    """A masked perceptron with two hidden layers and biases that are not zero."""
    return moved(made_init(m, K, (9, 7), rng), rng)


def attention(rng, m=4, K=3, width=4, blocks=2):
    """An attention prior of two blocks."""
    return moved(attention_init(m, K, rng, width=width, blocks=blocks), rng)


def affine(rng, d, h):
    """An affine map."""
    return Dense(rng.standard_normal((d, h)), rng.standard_normal(h))
