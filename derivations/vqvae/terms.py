"""Evidence for the terms of the loss and the gradient of training, (8.11) to (8.14)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.vqvae.common import HOW, at_itself, network
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import squared_error, tanh
from refvae.vqvae import (
    by_gradient,
    codebook_loss,
    decode_grid,
    encode_grid,
    quantised_loss,
    vq_surrogate,
)

ledger = Ledger()


def terms(rng, frozen=True):
    """Seven grids of four, five codes, and frozen copies, which are others or the same."""
    z, codes, idx = rng.standard_normal((7, 4, 3)), rng.standard_normal((5, 3)), rng.integers(0, 5, (7, 4))
    other = (z + rng.standard_normal(z.shape), codes + rng.standard_normal(codes.shape))
    return (z, codes, idx, *(other if frozen else (z, codes)))


def weighted(beta, gamma):
    """The layer with fixed weights."""
    return lambda z, codes, idx, z_frozen, codes_frozen: codebook_loss(z, codes, idx, z_frozen, codes_frozen, beta=beta,
                                                                       gamma=gamma)


def exchanged(z, codes, idx, z0, codes0, *, beta=1.0, gamma=0.25):
    """The names of the paper taken for those of the article."""
    return codebook_loss(z, codes, idx, z0, codes0, beta=gamma, gamma=beta)


def nothing_stopped(z, codes, idx, z0, codes0, *, beta=1.0, gamma=0.25):
    """Both terms move both arguments."""
    loss, pull = codebook_loss(z, codes, idx, z, codes, beta=beta, gamma=gamma)

    def both(d):
        dz, dcodes, *_ = pull(d)
        return dz * (1 + beta / gamma), dcodes * (1 + gamma / beta), None, None, None

    return loss, both


def means(z, codes, idx, z0, codes0, *, beta=1.0, gamma=0.25):
    """Means over the components for sums."""
    loss, pull = codebook_loss(z, codes, idx, z0, codes0, beta=beta, gamma=gamma)
    return loss / z[0].size, lambda d: pull(d / z[0].size)


TERMS_WRONG = {"weights exchanged": exchanged, "nothing stopped": nothing_stopped, "means for sums": means}
ledger.adjoint("8.11", weighted(0.7, 0.3), terms, wrong={
    "factor 2 lost": spoiled(weighted(0.7, 0.3), lambda d: (d[0] / 2, d[1] / 2, None, None, None)),
    "sign of the codes": spoiled(weighted(0.7, 0.3), lambda d: (d[0], -d[1], None, None, None)),
    "place by place": spoiled(weighted(0.7, 0.3), lambda d: (d[0][:, ::-1], d[1], None, None, None))})


@ledger.add("8.11", "identity", codebook_loss, exact=True, wrong=TERMS_WRONG)
def loops_over_places(layer, rng):
    """Value and both cotangents, place by place, at other frozen arguments."""
    z, codes, idx, z0, codes0 = terms(rng)
    d = rng.standard_normal(7)
    loss, dz, dcodes = 0 * d, 0 * z, 0 * codes
    for i, t in np.ndindex(7, 4):
        j = idx[i, t]
        loss[i] += 0.7 * ((z0[i, t] - codes[j]) ** 2).sum() + 0.3 * ((z[i, t] - codes0[j]) ** 2).sum()
        dz[i, t] = 0.6 * d[i] * (z[i, t] - codes0[j])
        dcodes[j] += 1.4 * d[i] * (codes[j] - z0[i, t])
    value, pull = layer(z, codes, idx, z0, codes0, beta=0.7, gamma=0.3)
    return gap((value, *pull(d)[:2]), (loss, dz, dcodes))


def plain(z, codes, idx):
    """|z - zq|^2, and its cotangents."""
    se, pull = squared_error(z.reshape(7, -1), codes[idx].reshape(7, -1))

    def both(d):
        dz, dzq = (part.reshape(z.shape) for part in pull(d))
        dcodes = np.zeros_like(codes)
        np.add.at(dcodes, idx, dzq)
        return dz, dcodes

    return se, both


TWICE_WRONG = {"nothing stopped": nothing_stopped, "means for sums": means,
               "value of one term": lambda *args, beta, gamma: (codebook_loss(*args, beta=0.5, gamma=0.5)[0],
                                                                codebook_loss(*args, beta=beta, gamma=gamma)[1])}


@ledger.add("8.12", "identity", codebook_loss, exact=True, wrong=TWICE_WRONG)
def twice_the_value_once_the_gradient(layer, rng):
    """At frozen = present and both weights 1, against the squared distance itself."""
    args, d = terms(rng, frozen=False), rng.standard_normal(7)
    (value, pull), (want, pull_plain) = layer(*args, beta=1.0, gamma=1.0), plain(*args[:3])
    return gap((value, *pull(d)[:2]), (2 * want, *pull_plain(d)))


@ledger.add("8.12", "limit", codebook_loss, bound=1e-12, wrong=TWICE_WRONG)
def one_number(layer, rng):
    """z = (3, 0) and e = (1, 0): the value 8 for a squared distance of 4, the slopes 4 and -4."""
    z, codes = np.array([[[3.0, 0.0]]]), np.array([[1.0, 0.0]])
    args = (z, codes, np.zeros((1, 1), int), z, codes)
    value, pull = layer(*args, beta=1.0, gamma=1.0)
    dz, dcodes, *_ = pull(np.ones(1))
    return gap(np.array([value[0], dz[0, 0, 0], dcodes[0, 0]]), np.array([8.0, 4.0, -4.0]))


# The gradient of training


def training(p, x_frozen, idx, z_frozen, codes_frozen, **weights):
    """The surrogate with tanh."""
    return vq_surrogate(p, x_frozen, idx, z_frozen, codes_frozen, **weights, **HOW)


def changed(change):
    """The surrogate with its gradient passed through `change(p, gradient)`."""
    def wrong(p, x_frozen, idx, z_frozen, codes_frozen, **weights):
        loss, pull = training(p, x_frozen, idx, z_frozen, codes_frozen, **weights)
        return loss, lambda d: (change(p, pull(d)[0]), None, None, None, None)

    return wrong


def decoder_of_z(p, x, idx, z, codes, *, beta=1.0, gamma=0.25):
    """The decoder sees z and not its code."""
    return training(p, x, idx, codes[idx], codes, beta=beta, gamma=gamma)


def without_through(p, x, idx, z, codes, *, beta=1.0, gamma=0.25):
    """The encoder learns from the commitment alone."""
    loss, _ = training(p, x, idx, z, codes, beta=beta, gamma=gamma)
    _, pull_true = quantised_loss(p, x, idx, **HOW)
    blind = p._replace(dec=trees.map(lambda leaf: 0 * leaf, p.dec))
    _, pull = training(blind, x, idx, z, codes, beta=beta, gamma=gamma)
    return loss, lambda d: (pull(d)[0]._replace(dec=pull_true(d)[0].dec), None, None, None, None)


SURROGATE_WRONG = {"decoder of z": decoder_of_z, "without straight-through": without_through,
                   "sum over the batch": changed(lambda p, d: trees.map(lambda leaf: 7 * leaf, d)),
                   "weights exchanged": lambda *args, beta=1.0, gamma=0.25: training(*args, beta=gamma, gamma=beta)}


@ledger.add("8.13", "identity", training, exact=True, wrong=SURROGATE_WRONG)
def every_line_written_out(layer, rng):
    """Value and all gradients of the four matrices and the codes, by their own lines."""
    p, x = network(rng)
    args = at_itself(p, x)
    _, _, idx, z, codes = args
    (loss, pull), t = layer(*args, beta=0.75, gamma=0.25), rng.standard_normal()
    (A, a), (B, _) = p.enc
    (C, c), (D, d) = p.dec
    s = np.tanh(x @ A + a)
    h = np.tanh(codes[idx].reshape(7, -1) @ C + c)
    r = h @ D + d - x
    away = z - codes[idx]
    value, dr = ((r * r).sum() + (away * away).sum()) / 7, 2 * t * r / 7
    dh = dr @ D.T * (1 - h * h)
    dz = dh @ C.T + t * away.reshape(7, -1) / 14
    ds = dz @ B.T * (1 - s * s)
    dcodes = -t * 3 / 14 * np.einsum("itj,itk->jk", np.eye(5)[idx], away)
    want = (x.T @ ds, ds.sum(0), s.T @ dz, dz.sum(0), codes[idx].reshape(7, -1).T @ dh, dh.sum(0), h.T @ dr,
            dr.sum(0), dcodes)
    return gap((np.asarray(loss), *trees.leaves(pull(t)[0])), (np.asarray(value), *want))


ledger.adjoint("8.13", training, lambda rng: (*network(rng), rng.integers(0, 5, (7, 4)), rng.standard_normal((7, 4, 3)),
                                              rng.standard_normal((5, 3))), name="surrogate", wrong={
    "sum over the batch": SURROGATE_WRONG["sum over the batch"],
    "codes do not move": changed(lambda p, d: d._replace(codes=0 * d.codes))})
ledger.adjoint("8.13", lambda enc, x: encode_grid(enc, x, k=3, **HOW), lambda rng: (lambda p, x: (p.enc, x))(
    *network(rng)), name="encoder", wrong={"half": spoiled(lambda enc, x: encode_grid(enc, x, k=3, **HOW), lambda d: (
        trees.map(lambda leaf: leaf / 2, d[0]), d[1])), "rows exchanged": spoiled(
            lambda enc, x: encode_grid(enc, x, k=3, **HOW), lambda d: (d[0], d[1][::-1]))})
ledger.adjoint("8.13", lambda dec, z: decode_grid(dec, z, **HOW), lambda rng: (lambda p, x: (
    p.dec, rng.standard_normal((7, 4, 3))))(*network(rng)), name="decoder", wrong={"half": spoiled(
        lambda dec, z: decode_grid(dec, z, **HOW), lambda d: (d[0], d[1] / 2)), "places exchanged": spoiled(
            lambda dec, z: decode_grid(dec, z, **HOW), lambda d: (d[0], d[1][:, ::-1]))})


@ledger.add("8.13", "limit", lambda p, x: by_gradient(0.7, 0.3, tanh)(p, x), bound=1e-12, exact=True, wrong={
    "weights exchanged": lambda p, x: by_gradient(0.3, 0.7, tanh)(p, x),
    "another activation": lambda p, x: by_gradient(0.7, 0.3)(p, x)})
def objective_of_training(objective, rng):
    """The objective that `fit` is given has value and gradient of the surrogate at its own parameters."""
    p, x = network(rng)
    (loss, pull), (want, pull_want) = objective(p, x), training(*at_itself(p, x), beta=0.7, gamma=0.3)
    return gap((np.asarray(loss), pull(1.0)[0]), (np.asarray(want), pull_want(1.0)[0]))


# What the codebook learns


def moves_by_reconstruction(p, x, idx, z, codes, **weights):
    """Adds the gradient of the true loss in the codebook."""
    loss, pull = training(p, x, idx, z, codes, **weights)
    true = quantised_loss(p, x, idx, **HOW)[1](1.0)[0].codes
    return loss, lambda d: (lambda g: (g._replace(codes=g.codes + true), None, None, None, None))(pull(d)[0])


@ledger.add("8.14", "law", training, bound=0, wrong={
    "reconstruction moves the codes": moves_by_reconstruction,
    "weights exchanged": SURROGATE_WRONG["weights exchanged"]})
def no_gradient_at_beta_zero(layer, rng):
    """Exactly 0 in every codeword at beta = 0, where the true one is not; at beta = 1 it is that of the term alone."""
    p, x = network(rng)
    args = at_itself(p, x)
    at = lambda beta: layer(*args, beta=beta, gamma=0.25)[1](1.0)[0].codes
    term = codebook_loss(args[3], p.codes, args[2], args[3], p.codes)[1](np.full(7, 1 / 7))[1]
    true = quantised_loss(*args[:3], **HOW)[1](1.0)[0].codes
    return holds([not at(0.0).any(), np.abs(at(1.0) - term).max() < 1e-15, np.abs(true).max() > 1e-3])


@ledger.add("8.14", "identity", training, exact=True, wrong={key: SURROGATE_WRONG[key] for key in (
    "decoder of z", "without straight-through", "sum over the batch")})
def nothing_is_lost_in_sum(layer, rng):
    """The gradients of the last biases: of the encoder here, of a decoder fed with shifted codes there."""
    p, x = network(rng)
    args = at_itself(p, x)
    got = layer(*args, beta=0.7, gamma=0.0)[1](1.0)[0].enc[-1].b.reshape(4, 3).sum(0)
    return gap(got, quantised_loss(*args[:3], **HOW)[1](1.0)[0].codes.sum(0))
