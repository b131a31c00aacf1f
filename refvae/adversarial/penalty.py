"""Critics with a gradient penalty: a composition of layers, without second-order code of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.adversarial.networks import Layers, logits
from refvae.inputs import floating, same_shape
from refvae.layers import Activation, mlp, mlp_grad, relu, tanh
from refvae.trees import Array, Pull, axpy


def gradient_penalty(p: Layers, x: Array, y: Array, u: Array, *,
                     activation: Activation = tanh) -> tuple[Array, Pull]:
    """(|grad T| - 1)^2 at u x + (1 - u) y.   p a critic d -> 1, x, y (n, d), u (n,) in [0, 1] -> (n,)    (10.26)

    Where the slope is 0 the penalty is 1 and its cotangent, by convention, 0. [Gulrajani et al. 2017, equation 3]
    """
    x, y, u = floating(x, "x"), floating(y, "y"), floating(u, "u")
    same_shape(x, y, "x and y")
    same_shape(u, x[:, 0], "u and a column of x")
    s, pull_grad = mlp_grad(p, u[:, None] * x + (1 - u)[:, None] * y, activation)                       # (10.26)
    square = (s * s).sum(1)                                                                             # (10.26)
    flat = square.real == 0
    slope = np.sqrt(np.where(flat, 1, square))                                                          # (10.26)
    penalty = np.where(flat, 1, (slope - 1) ** 2)                                                       # (10.26)

    def pull(dpenalty: Array) -> tuple[Layers, Array, Array, Array]:
        ds = (2 * dpenalty * (1 - 1 / slope))[:, None] * s                                              # (10.26)
        dp, dmix = pull_grad(ds)                                                                        # (10.26)
        return dp, u[:, None] * dmix, (1 - u)[:, None] * dmix, (dmix * (x - y)).sum(1)                  # (10.26)

    return penalty, pull


def critic_loss(p: Layers, x: Array, y: Array, u: Array, *, lam: float = 10.0,
                activation: Activation = tanh) -> tuple[Any, Pull]:
    """Mean of T(y) - T(x) + lam gradient penalty, for data x and generated y.   (n, d), (n, d), (n,) -> () (10.26)"""
    t_x, pull_x = logits(p, x, activation)
    t_y, pull_y = logits(p, y, activation)
    penalty, pull_penalty = gradient_penalty(p, x, y, u, activation=activation)
    n, lam = len(x), float(lam)
    loss = (t_y - t_x + lam * penalty).mean()                                                           # (10.26)

    def pull(dloss: Any) -> tuple[Layers, Array, Array, Array]:
        d = np.full_like(penalty, dloss / n)                                                            # (10.26)
        dp_x, dx = pull_x(-d)                                                                           # (10.26)
        dp_y, dy = pull_y(d)                                                                            # (10.26)
        dp, dx_mix, dy_mix, du = pull_penalty(lam * d)                                                  # (10.26)
        return axpy(1, dp_x, axpy(1, dp_y, dp)), dx + dx_mix, dy + dy_mix, du                           # (10.26)

    return loss, pull


def raised_critic(p: Layers, z: Array, critic_frozen: Layers, *, activation: Activation = relu,
                  critic_activation: Activation = relu) -> tuple[Any, Pull]:
    """Mean of -T(G(z)), which the generator minimises.   p: k -> d, z (n, k) -> ()                      (10.26a)"""
    y, pull_gen = mlp(p, z, activation)
    t, pull_critic = logits(critic_frozen, y, critic_activation, fixed=True)
    loss = -t.mean()                                                                                    # (10.26a)

    def pull(dloss: Any) -> tuple[Layers, Array, None]:
        dy = pull_critic(np.full_like(t, -dloss / len(t)))[1]                                           # (10.26a)
        return *pull_gen(dy), None                                                                      # (10.26a)

    return loss, pull
