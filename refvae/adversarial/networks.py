"""Adversarial networks: parameters, and the objectives of each side with the other side frozen; all means in nats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.adversarial.losses import (
    AaeLosses,
    AliLosses,
    GanLosses,
    Variant,
    aae_losses,
    ali_losses,
    gan_losses,
    known,
    proximal,
)
from refvae.layers import Activation, Dense, mlp, relu, squared_error
from refvae.trees import Array, Pull, axpy
from refvae.vae import encode, gaussian_nll, reparam

Layers = tuple[Dense, ...]


class Gan(NamedTuple):
    """A generator k -> d and a discriminator d -> 1."""

    gen: Layers
    disc: Layers


class Coder(NamedTuple):
    """An encoder and a decoder: d -> k -> d of an AAE; d -> 2 k and k -> 2 d, means and log-variances, of an ALI."""

    enc: Layers
    dec: Layers


def logits(p: Layers, x: Array, activation: Activation, *, frozen: bool = False,
           fixed: bool = False) -> tuple[Array, Pull]:
    """The single output of a network, as a vector.   p: d -> 1, x (n, d), as in `mlp` -> t (n,)          (10.12)"""
    if p[-1].W.shape[1] != 1:
        raise ValueError(f"discriminator: got {p[-1].W.shape[1]} outputs, wanted 1")
    t, pull = mlp(p, x, activation, frozen=frozen, fixed=fixed)
    return t[:, 0], lambda dt: pull(dt[:, None])                                                        # (10.12)


def discriminator_loss(p: Layers, x: Array, y: Array, *, activation: Activation = relu,
                       frozen: bool = False) -> tuple[Any, Pull]:
    """Mean of -log D(x) - log(1 - D(y)) over two batches.   p: d -> 1, x, y (n, d) -> ()                  (10.12)

    If the batches are frozen their cotangents are None and cost nothing.
    """
    t_x, pull_x = logits(p, x, activation, frozen=frozen)
    t_y, pull_y = logits(p, y, activation, frozen=frozen)
    losses, pull_losses = gan_losses(t_x, t_y)
    loss = losses.discriminator.mean()                                                                  # (10.12)

    def pull(dloss: Any) -> tuple[Layers, Array | None, Array | None]:
        d = np.full_like(losses.discriminator, dloss / len(x))                                          # (10.12)
        dt_x, dt_y = pull_losses(GanLosses(d, 0 * d, 0 * d))                                            # (10.12)
        dp_x, dx = pull_x(dt_x)                                                                         # (10.12)
        dp_y, dy = pull_y(dt_y)                                                                         # (10.12)
        return axpy(1, dp_x, dp_y), dx, dy                                                              # (10.12)

    return loss, pull


def generator_loss(p: Layers, z: Array, disc_frozen: Layers, old_frozen: Array, *, lam: float = 0.0,
                   activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean of -log D(G(z)) + lam |G(z) - old|^2.   p: k -> d, z (n, k), old (n, d) -> ()                 (10.21)

    old_frozen: what the generator made of the same z before this block of steps.
    """
    y, pull_gen = mlp(p, z, activation)
    t, pull_disc = logits(disc_frozen, y, activation, fixed=True)
    losses, pull_losses = gan_losses(0 * t, t)                                                          # (10.21)
    penalty, pull_penalty = proximal(y, old_frozen, lam)
    loss = (losses.generator + penalty).mean()                                                          # (10.21)

    def pull(dloss: Any) -> tuple[Layers, Array, None, None]:
        d = np.full_like(penalty, dloss / len(z))                                                       # (10.21)
        dt = pull_losses(GanLosses(0 * d, d, 0 * d))[1]                                                 # (10.21)
        dy = pull_disc(dt)[1] + pull_penalty(d)[0]                                                      # (10.21)
        return *pull_gen(dy), None, None

    return loss, pull


def aae_loss(p: Coder, x_frozen: Array, disc_frozen: Layers, *, lam: float = 1.0,
             activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean of -log D(E(x)) + lam |x - G(E(x))|^2.   x (n, d) -> ()                                       (10.28)"""
    z, pull_enc = mlp(p.enc, x_frozen, activation, frozen=True)
    xhat, pull_dec = mlp(p.dec, z, activation)
    t, pull_disc = logits(disc_frozen, z, activation, fixed=True)
    error, pull_error = squared_error(xhat, x_frozen)
    losses, pull_losses = aae_losses(0 * error, t, error, lam)                                          # (10.28)
    loss = losses.encoder.mean()                                                                        # (10.28)

    def pull(dloss: Any) -> tuple[Coder, None, None]:
        d = np.full_like(error, dloss / len(error))                                                     # (10.28)
        _, dt, derror = pull_losses(AaeLosses(0 * d, d))                                                # (10.28)
        ddec, dz = pull_dec(pull_error(derror)[0])                                                      # (10.28)
        denc, _ = pull_enc(dz + pull_disc(dt)[1])                                                       # (10.28)
        return Coder(denc, ddec), None, None

    return loss, pull


def ali_pairs(p: Coder, x: Array, z: Array, eps_z: Array, eps_x: Array, *, activation: Activation = relu,
              frozen: bool = False) -> tuple[tuple[Array, Array], Pull]:
    """Pairs (x, z') of the encoder and (x', z) of the decoder, side by side.   -> two of (n, d + k)      (10.31)

    x, eps_x (n, d); z, eps_z (n, k). If x and z are frozen their cotangents are None and cost nothing.
    """
    (mu, logvar), pull_enc = encode(p.enc, x, activation, frozen=frozen)
    code, pull_code = reparam(mu, logvar, eps_z)
    (mean, logvar_x), pull_dec = encode(p.dec, z, activation, frozen=frozen)
    made, pull_made = reparam(mean, logvar_x, eps_x)
    at = x.shape[1]

    def pull(d: tuple[Array, Array]) -> tuple[Coder, Array | None, Array | None, Array, Array]:
        dmu, dlogvar, deps_z = pull_code(d[0][:, at:])                                                  # (10.31)
        denc, dx = pull_enc((dmu, dlogvar))                                                             # (10.31)
        dmean, dlogvar_x, deps_x = pull_made(d[1][:, :at])                                              # (10.31)
        ddec, dz = pull_dec((dmean, dlogvar_x))                                                         # (10.31)
        if frozen:
            return Coder(denc, ddec), None, None, deps_z, deps_x
        return Coder(denc, ddec), dx + d[0][:, :at], dz + d[1][:, at:], deps_z, deps_x                  # (10.31)

    return (np.hstack([x, code]), np.hstack([made, z])), pull                                           # (10.31)


def ali_loss(p: Coder, x_frozen: Array, z_frozen: Array, eps_z_frozen: Array, eps_x_frozen: Array, made_frozen: Array,
             disc_frozen: Layers, *, variant: Variant = "complete",
             activation: Activation = relu) -> tuple[Any, Pull]:
    """What encoder and decoder minimise, for the first step after the freeze.   x (n, d), z (n, k) -> ()  (10.31)

    made_frozen (n, d): what the decoder made of z_frozen and eps_x_frozen, for the term -log q(z|x) of the complete
    loss. The divergence of the decoder from the frozen one has no gradient there, (10.15), and is left out.
    """
    (enc_pairs, dec_pairs), pull_pairs = ali_pairs(p, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen,
                                                   activation=activation, frozen=True)
    t_enc, pull_t_enc = logits(disc_frozen, enc_pairs, activation, fixed=True)
    t_dec, pull_t_dec = logits(disc_frozen, dec_pairs, activation, fixed=True)
    (mu, logvar), pull_enc = encode(p.enc, made_frozen, activation, frozen=True)
    nll, pull_nll = gaussian_nll(mu, logvar, z_frozen)
    losses, pull_losses = ali_losses(t_enc, t_dec, nll)
    chosen = getattr(losses, known(variant))                                                            # (10.31)

    def pull(dloss: Any) -> tuple[Any, ...]:
        d = np.full_like(chosen, dloss / len(chosen))                                                   # (10.31)
        none = AliLosses(*(0 * d,) * 5)                                                                 # (10.31)
        dt_enc, dt_dec, dnll = pull_losses(none._replace(**{variant: d}))                               # (10.31)
        dp = pull_pairs((pull_t_enc(dt_enc)[1], pull_t_dec(dt_dec)[1]))[0]                              # (10.31)
        denc, _ = pull_enc(pull_nll(dnll)[:2])                                                          # (10.31)
        return Coder(axpy(1, dp.enc, denc), dp.dec), *(None,) * 6                                       # (10.31)

    return chosen.mean(), pull                                                                          # (10.31)
