"""The autoencoder with a quantised code: what it computes, what its loss truly depends on, and the surrogate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refvae import trees
from refvae.inputs import generator, in_range, indices, matrix, perceptron, real, whole
from refvae.layers import Activation, Dense, mlp, mlp_init, relu, squared_error
from refvae.trees import Array, Pull
from refvae.vqvae.codebook import codebook_loss
from refvae.vqvae.quantise import lookup, nearest_code, straight_through


class VQVAE(NamedTuple):
    """Parameters: an encoder d -> m k, a decoder m k -> d, and codes (K, k)."""

    enc: tuple[Dense, ...]
    dec: tuple[Dense, ...]
    codes: Any


NOWHERE = VQVAE((), (), None)  # no place to write a cotangent into: new arrays are made


def vqvae_init(sizes: Sequence[int], m: int, k: int, K: int, rng: np.random.Generator | int, *,
               scale: float = 0.1) -> VQVAE:
    """Mirrored perceptrons for sizes = (d, ...), as (1.26), and K codes from N(0, scale^2), for m codes of k numbers.

    Small codes lie within what the encoder first gives, and so are all chosen by something. Raises TypeError or
    ValueError for counts that are no whole numbers above 0.
    """
    m, k, K, rng = whole(m, "m"), whole(k, "k"), whole(K, "K"), generator(rng)
    scale = real(scale, "scale", above=0)
    every = (*sizes, m * k)
    return VQVAE(mlp_init(every, rng), mlp_init(every[::-1], rng), scale * rng.standard_normal((K, k)))


def encode_grid(enc: tuple[Dense, ...], x: Array, *, k: int, activation: Activation = relu,
                frozen: bool = False) -> tuple[Array, Pull]:
    """What is to be quantised.   x: (n, d), frozen or not -> z: (n, m, k)                               (8.13)"""
    h, pull_mlp = mlp(enc, x, activation, frozen=frozen)
    return h.reshape(len(x), -1, k), lambda dz, out=(): pull_mlp(dz.reshape(h.shape), out)              # (8.13)


def decode_grid(dec: tuple[Dense, ...], z: Array, *, activation: Activation = relu) -> tuple[Array, Pull]:
    """What comes back.   z: (n, m, k) -> xhat: (n, d)                                                   (8.13)"""
    xhat, pull_mlp = mlp(dec, z.reshape(len(z), -1), activation)                                        # (8.13)

    def pull(dxhat: Array, out: tuple[Dense, ...] = ()) -> tuple[tuple[Dense, ...], Array]:
        ddec, dz = pull_mlp(dxhat, out)
        return ddec, dz.reshape(z.shape)                                                                # (8.13)

    return xhat, pull


@in_range
def choose(p: VQVAE, x: Array, activation: Activation = relu) -> tuple[Array, Array]:
    """What the encoder gives, and its nearest codes.   x: (n, d) -> z (n, m, k), idx (n, m)

    Raises TypeError or ValueError for bad input.
    """
    x, k = matrix(x, "x"), matrix(p.codes, "p.codes").shape[1]
    units = len(perceptron(p.enc, "p.enc", x.shape[1])[-1].b)
    perceptron(p.dec, "p.dec", units)
    if units % k:
        raise ValueError(f"p.enc: got {units} outputs, wanted a multiple of {k}, the length of a code")
    (z, _), idx = encoded(p, x, activation)
    return z, idx


def encoded(p: VQVAE, x_frozen: Array, activation: Activation = relu) -> tuple[Any, Array]:
    """`choose` without its checks, for every step of a training: what `encode_grid` gives, z and pull, and idx."""
    z, pull = encode_grid(p.enc, x_frozen, k=p.codes.shape[1], activation=activation, frozen=True)
    return (z, pull), nearest_code(z.reshape(-1, z.shape[2]), p.codes).reshape(z.shape[:2])


@in_range
def rebuild(p: VQVAE, idx: Array, activation: Activation = relu) -> Array:
    """The images of grids of codes.   idx: (n, m) -> (n, d)

    Raises TypeError or ValueError for bad input.
    """
    codes = matrix(p.codes, "p.codes")
    if indices(idx, len(codes), "idx").ndim != 2 or not np.size(idx):
        raise ValueError(f"idx: got shape {np.shape(idx)}, wanted (n, m) with n, m >= 1")
    perceptron(p.enc, "p.enc")
    perceptron(p.dec, "p.dec", np.shape(idx)[1] * codes.shape[1])
    return decode_grid(p.dec, lookup(p.codes, idx)[0], activation=activation)[0]


def quantised_loss(p: VQVAE, x_frozen: Array, idx: Array, *, activation: Activation = relu) -> tuple[Any, Pull]:
    """|x - dec(e_idx)|^2, mean over the batch, as a function of all parameters.   idx: (n, m) -> ()     (8.5)"""
    zq, pull_lookup = lookup(p.codes, idx)
    xhat, pull_decode = decode_grid(p.dec, zq, activation=activation)
    se, pull_se = squared_error(xhat, x_frozen)

    def pull(dloss: Any) -> tuple[VQVAE, None, None]:
        ddec, dzq = pull_decode(pull_se(np.full_like(se, dloss / len(se)))[0])                          # (8.5)
        denc = trees.map(np.zeros_like, p.enc)                                                          # (8.5)
        return VQVAE(denc, ddec, pull_lookup(dzq)[0]), None, None                                       # (8.5)

    return se.mean(), pull                                                                              # (8.5)


def vq_surrogate(p: VQVAE, x_frozen: Array, idx: Array, z_frozen: Array, codes_frozen: Array, *, beta: float = 1.0,
                 gamma: float = 0.25, activation: Activation = relu, of_enc: Any = None) -> tuple[Any, Pull]:
    """Straight-through reconstruction, codebook and commitment terms, mean over the batch.              (8.13)

    x (n, d), idx (n, m) -> (). The gradient of training is that at z_frozen = z, codes_frozen = p.codes and the nearest
    idx (`choose`). All terms are sums over pixels or components; the weights are as in `codebook_loss`.

    of_enc  what `encode_grid` gives for x, if that is known already
    """
    z, pull_encode = of_enc or encode_grid(p.enc, x_frozen, k=p.codes.shape[1], activation=activation, frozen=True)
    y, pull_through = straight_through(z, lookup(codes_frozen, idx)[0] - z_frozen)                      # (8.13)
    xhat, pull_decode = decode_grid(p.dec, y, activation=activation)
    se, pull_se = squared_error(xhat, x_frozen)
    terms, pull_terms = codebook_loss(z, p.codes, idx, z_frozen, codes_frozen, beta=beta, gamma=gamma)

    def pull(dloss: Any, out: VQVAE = NOWHERE) -> tuple[VQVAE, None, None, None, None]:
        each = np.full_like(se, dloss / len(se))                                                        # (8.13)
        ddec, dy = pull_decode(pull_se(each)[0], out.dec)                                               # (8.13)
        dz, dcodes, *_ = pull_terms(each)                                                               # (8.13)
        denc, _ = pull_encode(pull_through(dy)[0] + dz, out.enc)                                        # (8.13)
        return VQVAE(denc, ddec, dcodes), None, None, None, None

    return (se + terms).mean(), pull                                                                    # (8.13)

