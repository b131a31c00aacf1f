"""Evidence for the games of the trainer, (10.36)."""

from __future__ import annotations

from functools import partial

import numpy as np

from refvae import trees
from refvae.adversarial import (
    VARIANTS,
    Game,
    Gan,
    aae_game,
    aae_loss,
    ali_game,
    discriminator_loss,
    gan_game,
    generator_loss,
    played,
)
from refvae.derivations.adversarial.coders import coder, scaled
from refvae.derivations.adversarial.common import net
from refvae.derivations.adversarial.pairs import ali_arguments, smooth_ali, smooth_pairs
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import mlp, softplus, tanh
from refvae.trees import axpy, leaves

ledger = Ledger()


# Games


def gan_arguments(rng):
    p = Gan(net(rng, 3, 5, 4), net(rng, 4, 6, 1))
    return p, p, rng.standard_normal((7, 4)), rng.standard_normal((7, 3))


def aae_arguments(rng):
    p, x, disc = coder(rng)
    return Game(p, disc), Game(p, disc), x, rng.standard_normal((7, 3))


def ali_game_arguments(rng):
    p, *data, _, disc = ali_arguments(rng)
    return Game(p, disc), Game(p, disc), *data


def smooth_gan(p, p_frozen, x_frozen, z_frozen):
    return gan_game(p, p_frozen, x_frozen, z_frozen, activation=softplus)


def smooth_aae_game(p, p_frozen, x_frozen, z_frozen):
    return aae_game(p, p_frozen, x_frozen, z_frozen, lam=0.7, activation=tanh)


def smooth_ali_game(variant):
    def game(p, p_frozen, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen):
        return ali_game(p, p_frozen, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen, variant=variant, activation=tanh)

    return game


GAMES = {"gan": (smooth_gan, gan_arguments), "aae": (smooth_aae_game, aae_arguments),
         **{variant: (smooth_ali_game(variant), ali_game_arguments) for variant in VARIANTS}}
for name, (game, arguments) in GAMES.items():
    ledger.adjoint("10.36", game, arguments, name=name, wrong={
        "first side climbs": spoiled(game, lambda d: (type(d[0])(scaled(d[0][0], -1), d[0][1]), *d[1:])),
        "discriminator climbs": spoiled(game, lambda d: (type(d[0])(d[0][0], scaled(d[0][1], -1)), *d[1:])),
        "columns of every map exchanged": spoiled(game, lambda d: (
            trees.map(lambda leaf: leaf[..., ::-1], d[0]), *d[1:]))})


def losses_alone(name, p, data, d):
    """The losses of discriminator and other side, each with the other at p: their sum, and both cotangents for d."""
    if name == "gan":
        made = mlp(p.gen, data[1], softplus)[0]
        of_disc = discriminator_loss(p.disc, data[0], made, activation=softplus)
        other = generator_loss(p.gen, data[1], p.disc, made, activation=softplus)
    elif name == "aae":
        of_disc = discriminator_loss(p.disc, data[1], mlp(p.coder.enc, data[0], tanh)[0], activation=tanh)
        other = aae_loss(p.coder, data[0], p.disc, lam=0.7, activation=tanh)
    else:
        enc_pairs, dec_pairs = smooth_pairs(p.coder, *data)[0]
        of_disc = discriminator_loss(p.disc, enc_pairs, dec_pairs, activation=tanh)
        other = smooth_ali(name)(p.coder, *data, dec_pairs[:, :5], p.disc)
    return of_disc[0] + other[0], type(p)(other[1](d)[0], of_disc[1](d)[0])


def played_by(game_of):
    """The objective of the trainer for a game by name."""
    return lambda name: played(game_of(name))


def by_name(name):
    return GAMES[name][0]


def retold(change):
    """The objective with its cotangents passed through change(dp, dloss, p, data, name)."""
    def objective_of(name):
        def objective(p, *data):
            loss, pull = played(by_name(name))(p, *data)
            return loss, lambda d: (change(pull(d)[0], d, p, data, name), *pull(d)[1:])

        return objective

    return objective_of


def felt(dp, d, p, data, name):
    """Of a GAN: the generator feels the discriminator's loss too."""
    if name != "gan":
        return dp
    y, pull_gen = mlp(p.gen, data[1], softplus)
    dy = discriminator_loss(p.disc, data[0], y, activation=softplus)[1](d)[2]
    return dp._replace(gen=axpy(1, dp.gen, pull_gen(dy)[0]))


def swapped(name):
    """The discriminator climbs."""
    def game(*args):
        value, pull = by_name(name)(*args)
        return value, lambda d: (lambda dp, *rest: (dp._replace(disc=scaled(dp.disc, -1)), *rest))(*pull(d))

    return game


@ledger.add("10.36", "identity", played_by(by_name), exact=True, wrong={
    "variant ignored": played_by(lambda name: by_name(name if name in ("gan", "aae") else "complete")),
    "both climb": retold(lambda dp, d, *_: scaled(dp, -1)),
    "cotangent of the loss ignored": retold(lambda dp, d, *_: scaled(dp, 1 / d)),
    "gradient of the sum of the losses": retold(felt),
    "error of the AAE not counted": played_by(lambda name: by_name(name) if name != "aae" else partial(
        aae_game, lam=0.0, activation=tanh)),
    "discriminator climbs": played_by(swapped)})
def each_player_its_own_loss(objective_of, rng):
    """Six games at any cotangent of their value: the sum of both losses, each of them alone, and their gradients.

    Two rows of each batch, a number that is no width: exact numbers prove it for them, and no row is like another.
    """
    got, want = [], []
    for name, (_, arguments) in GAMES.items():
        p, _, *batches = arguments(rng)
        data = [batch[:2] for batch in batches]
        cotangent = rng.standard_normal()
        value, pull = objective_of(name)(p, *data)
        dp, *others = pull(cotangent)
        if others != [None] * len(data):
            raise ValueError("data: got cotangents, wanted None")
        total, gradient = losses_alone(name, p, data, cotangent)
        got.append((np.asarray(value), dp))
        want.append((np.asarray(total), gradient))
    return gap(tuple(got), tuple(want))


@ledger.add("10.36", "limit", played_by(by_name), bound=0, wrong={
    "variant ignored": played_by(lambda name: by_name(name if name in ("gan", "aae") else "complete")),
    "both climb": retold(lambda dp, d, *_: scaled(dp, -1))})
def a_small_step_helps_each_side(objective_of, rng):
    """A step of 1e-6 against the gradient of S lowers the loss of either side alone, the other at rest, by its own
    squared gradient, to a thousandth, in all six games."""
    cases = []
    for name, (game, arguments) in GAMES.items():
        p, _, *data = arguments(rng)
        dp = objective_of(name)(p, *data)[1](1.0)[0]
        for side in range(2):
            parts = [axpy(-1e-6, dp[i], p[i]) if i == side else p[i] for i in range(2)]
            drop = (game(p, p, *data)[0] - game(type(p)(*parts), p, *data)[0]) / 1e-6
            square_of = sum((leaf**2).sum() for leaf in leaves(losses_alone(name, p, data, 1.0)[1][side]))
            cases.append(abs(drop / square_of - 1) < 1e-3)
    return holds(cases)
