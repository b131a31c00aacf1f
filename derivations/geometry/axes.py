"""Evidence for noise and derivatives along axes, (4.10) and (4.11)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.derivations.geometry.common import codes, perceptron
from refvae.derivations.vae.common import signs
from refvae.evidence import Ledger, gap, order, spoiled, z_score
from refvae.geometry import decoder_jets, noisy_linear_cost
from refvae.layers import Dense, mlp, mlp_grad, mlp_init

ledger = Ledger()


def linear(rng):
    """Arguments of noisy_linear_cost: W (5, 3) and seven examples."""
    return rng.standard_normal((5, 3)), *codes(rng), rng.standard_normal((7, 5))


ledger.adjoint("4.10", noisy_linear_cost, linear, wrong={
    "noise without gradient in W": lambda W, mu, logvar, x: (noisy_linear_cost(W, mu, logvar, x)[0], spoiled(
        noisy_linear_cost, lambda d: d)(W, mu, logvar - 800, x)[1]),
    "by variance": lambda W, mu, logvar, x: spoiled(noisy_linear_cost, lambda d: (
        *d[:2], d[2] / np.exp(logvar), d[3]))(W, mu, logvar, x),
    "sign of x": spoiled(noisy_linear_cost, lambda d: (*d[:3], -d[3])),
    "2 lost": spoiled(noisy_linear_cost, lambda d: (d[0] / 2, *d[1:]))})

ERROR_WRONG = {"sigma for variance": lambda W, mu, logvar, x: noisy_linear_cost(W, mu, logvar / 2, x),
               "norms not squared": lambda W, mu, logvar, x: (
                   ((mu @ W.T - x) ** 2).sum(1) + np.exp(logvar) @ np.sqrt((W * W).sum(0)), None),
               "mean of the norms": lambda W, mu, logvar, x: (
                   ((mu @ W.T - x) ** 2).sum(1) + np.exp(logvar).sum(1) * (W * W).sum() / 3, None),
               "noise forgotten": lambda W, mu, logvar, x: noisy_linear_cost(W, mu, logvar - 800, x)}


@ledger.add("4.10", "identity", noisy_linear_cost, exact=True, wrong=ERROR_WRONG)
def quadrature(error, rng):
    """The mean over the 8 vectors of signs, which is that over the noise for a polynomial of degree 2."""
    W, mu, logvar, x = linear(rng)
    z = mu[:, None] + np.exp(logvar / 2)[:, None] * signs(3)
    return gap(error(W, mu, logvar, x)[0], ((z @ W.T - x[:, None]) ** 2).sum(2).mean(1))


@ledger.add("4.10", "montecarlo", noisy_linear_cost, wrong=ERROR_WRONG)
def noise(error, rng):
    """200 000 draws of the noise for one example."""
    W, mu, logvar, x = (part[:1] if i else part for i, part in enumerate(linear(rng)))
    z = mu + np.exp(logvar / 2) * rng.standard_normal((200_000, 3))
    return z_score(((z @ W.T - x) ** 2).sum(1), float(error(W, mu, logvar, x)[0][0]))


def decoder(rng, *hidden):
    """A perceptron 3 -> 6 -> 5 -> 4, or with other hidden layers, with biases, and seven codes."""
    sizes = 3, *(hidden or (6, 5)), 4
    dec = tuple(Dense(W + 0.1, rng.standard_normal(len(b))) for W, b in mlp_init(sizes, rng))
    return dec, rng.standard_normal((7, 3))


HIDDEN = (6,), (6, 5), (6, 5, 7)


def jets_wrong():
    """Mistakes of the forward sweep, one in each line."""
    def sweep(bend=1.0, carry=1.0, squared=True, slope_on=1.0):
        def wrong(dec, z):
            h, first = z, np.repeat(np.eye(3)[:, None], len(z), axis=1)
            second = 0 * first
            for i, layer in enumerate(dec):
                h, first, second = h @ layer.W + layer.b, first @ layer.W, second @ layer.W
                if i < len(dec) - 1:
                    y = np.tanh(h)
                    slope = 1 - y * y
                    second = bend * -2 * y * slope * (first**2 if squared else first) + carry * slope * second
                    h, first = y, slope**slope_on * first
            return h, first, second

        return wrong

    def signs(change):
        return lambda dec, z: (lambda y, first, second, sign: (y, *change(first, second, sign)))(
            *decoder_jets(dec, z), (-1.0) ** (len(dec) - 1))

    return {"bending of the first layer alone": sweep(carry=0.0), "sign of the second derivative": sweep(bend=-1.0),
            "slope not squared": sweep(squared=False), "slope forgotten": sweep(slope_on=0.0),
            "a sign of the slope for each hidden layer": signs(lambda first, second, sign: (sign * first, second)),
            "a sign of the bending for each hidden layer": signs(lambda first, second, sign: (first, sign * second))}


def by_backward_passes(dec, z):
    """Value, Jacobian and second derivatives by the layers of chapter 1."""
    (y, pull), n = mlp(dec, z), len(z)
    first, second = (np.zeros((3, n, 4), y.dtype) for _ in range(2))
    for j in range(4):
        first[:, :, j] = pull(np.eye(4)[[j] * n])[1].T
        one = (*dec[:-1], Dense(dec[-1].W[:, j:j + 1], dec[-1].b[j:j + 1]))
        _, pull_grad = mlp_grad(one, z)
        for i in range(3):
            second[i, :, j] = pull_grad(np.eye(3)[[i] * n])[1][:, i]
    return y, first, second


@ledger.add("4.11", "identity", lambda dec, z: tuple(decoder_jets(dec, z)), exact=True, wrong=jets_wrong())
def backward_passes(jets, rng):
    """One and two hidden layers: the pull of `mlp`, and the Hessian-vector products of `mlp_grad`."""
    cases = [(dec, z[:2]) for dec, z in (decoder(rng, *hidden) for hidden in HIDDEN[:2])]
    return gap(tuple(tuple(jets(*case)) for case in cases), tuple(by_backward_passes(*case) for case in cases))


@ledger.add("4.11", "rate", lambda dec, z: tuple(decoder_jets(dec, z)), bound=0.1, wrong=jets_wrong())
def taylor(jets, rng):
    """What the expansion to second order along an axis leaves is of third order: steps 2^-4 to 2^-9, three depths."""
    steps, rest = 2.0 ** -np.arange(4, 10), np.zeros(6)
    for hidden in HIDDEN:
        dec, z = decoder(rng, *hidden)
        y, first, second = jets(dec, z)
        rest += [linalg.norm(perceptron(dec, z + t * np.eye(3)[1]) - y - t * (first[1] + t / 2 * second[1]))
                 for t in steps]
    return order(steps, rest, 3)
