"""Games as one objective for the trainer: the sum of the losses of both sides, each with the other side frozen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refvae.adversarial.losses import Variant
from refvae.adversarial.networks import (
    Coder,
    Gan,
    Layers,
    aae_loss,
    ali_loss,
    ali_pairs,
    discriminator_loss,
    generator_loss,
)
from refvae.fit import Objective
from refvae.layers import Activation, mlp, relu
from refvae.trees import Array, Pull, Tree


class Game(NamedTuple):
    """Encoder and decoder of an AAE or ALI, and the discriminator of codes or of pairs."""

    coder: Coder
    disc: Layers


def gan_game(p: Gan, p_frozen: Gan, x_frozen: Array, z_frozen: Array, *,
             activation: Activation = relu) -> tuple[Any, Pull]:
    """Losses of discriminator and generator, each with the other at p_frozen.   x (n, d), z (n, k) -> () (10.36)"""
    made = mlp(p_frozen.gen, z_frozen, activation)[0]                                                   # (10.36)
    of_d, pull_d = discriminator_loss(p.disc, x_frozen, made, activation=activation, frozen=True)       # (10.36)
    of_g, pull_g = generator_loss(p.gen, z_frozen, p_frozen.disc, made, activation=activation)          # (10.36)

    def pull(dloss: Any) -> tuple[Gan, None, None, None]:
        return Gan(pull_g(dloss)[0], pull_d(dloss)[0]), None, None, None                                # (10.36)

    return of_d + of_g, pull                                                                            # (10.36)


def aae_game(p: Game, p_frozen: Game, x_frozen: Array, z_frozen: Array, *, lam: float = 1.0,
             activation: Activation = relu) -> tuple[Any, Pull]:
    """The same for an AAE, whose discriminator tells codes of the prior z (n, k) from those of x.        (10.36)"""
    codes = mlp(p_frozen.coder.enc, x_frozen, activation)[0]                                            # (10.36)
    of_d, pull_d = discriminator_loss(p.disc, z_frozen, codes, activation=activation, frozen=True)      # (10.36)
    of_c, pull_c = aae_loss(p.coder, x_frozen, p_frozen.disc, lam=lam, activation=activation)           # (10.36)

    def pull(dloss: Any) -> tuple[Game, None, None, None]:
        return Game(pull_c(dloss)[0], pull_d(dloss)[0]), None, None, None                               # (10.36)

    return of_d + of_c, pull                                                                            # (10.36)


def ali_game(p: Game, p_frozen: Game, x_frozen: Array, z_frozen: Array, eps_z_frozen: Array, eps_x_frozen: Array, *,
             variant: Variant = "complete", activation: Activation = relu) -> tuple[Any, Pull]:
    """The same for ALI, whose discriminator tells pairs of the encoder from those of the decoder.        (10.36)"""
    noise = z_frozen, eps_z_frozen, eps_x_frozen
    enc_pairs, dec_pairs = ali_pairs(p_frozen.coder, x_frozen, *noise, activation=activation)[0]        # (10.36)
    made = dec_pairs[:, :x_frozen.shape[1]]                                                             # (10.36)
    of_d, pull_d = discriminator_loss(p.disc, enc_pairs, dec_pairs, activation=activation, frozen=True) # (10.36)
    of_c, pull_c = ali_loss(p.coder, x_frozen, *noise, made, p_frozen.disc, variant=variant,            # (10.36)
                            activation=activation)

    def pull(dloss: Any) -> tuple[Any, ...]:
        return Game(pull_c(dloss)[0], pull_d(dloss)[0]), *(None,) * 5                                   # (10.36)

    return of_d + of_c, pull                                                                            # (10.36)


def played(game: Callable[..., tuple[Any, Pull]]) -> Objective:
    """The objective of p that freezes both sides at p itself: a step moves both at once.     (10.36)"""
    def objective(p: Tree, *args: Any) -> tuple[Any, Any]:
        loss, pull_game = game(p, p, *args)                                                             # (10.36)

        def pull(dloss: Any) -> tuple[Any, ...]:
            dp, _, *others = pull_game(dloss)                                                           # (10.36)
            return dp, *others                                                                          # (10.36)

        return np.asarray(loss), pull

    return objective
