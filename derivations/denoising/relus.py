"""Evidence for what a ReLU does to a log-density network, (9.14)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.denoising import dsm, implicit, sliced
from refvae.derivations.denoising.networks import rows, scalar_networks
from refvae.evidence import Ledger, gap, holds
from refvae.layers import Dense, mlp_grad, mlp_init, relu, softplus, tanh
from refvae.optim import Adam

ledger = Ledger()


def relu_network(activation):
    """Gradients of dsm in the biases, means of the implicit form and of |s|^2 / 2, of the sliced one, and rays."""
    def found(p, x, eps, sigma, v):
        layer = lambda p, x: mlp_grad(p, x, activation)
        at = lambda x: (lambda s, pull: (s, lambda ds: pull(ds)[1]))(*layer(p, x))
        gradient = dsm(layer, p, x, eps, sigma)[1](1.0)[0]
        s = at(x)[0]
        straight = tuple(Dense(q.W, 0 * q.b) for q in p)
        return ([np.abs(g.b).max() for g in gradient], (s * s).sum(1) / 2, implicit(at, x),
                sliced(layer, p, x, v)[0], layer(straight, 3 * x)[0] - layer(straight, x)[0])

    return found


RELU_WRONG = {"softplus": relu_network(softplus), "tanh": relu_network(tanh)}


@ledger.add("9.14", "law", relu_network(relu), bound=0, wrong=RELU_WRONG)
def no_curvature(network_of, rng):
    """Biases get the gradient 0; both forms are |s|^2 / 2, bit by bit; without biases s is constant on rays."""
    p, x, eps, sigma = scalar_networks(rng)
    biases, plain, form, slices, rays = network_of(p, x, eps, sigma, rng.standard_normal(x.shape))
    return holds([*(b == 0 for b in biases), np.array_equal(plain, form), slices == plain.mean(),
                  np.abs(rays).max() < 1e-14])


def trained_on(activation):
    """Adam on dsm for a few steps: the largest bias of a network that began without biases."""
    def trained(p, x, eps, sigma):
        flat = trees.flatten(p)
        adam = Adam(0.01)
        memory = adam.init(flat.vector)
        for _ in range(5):
            gradient = dsm(lambda p, xt: mlp_grad(p, xt, activation), flat.tree, x, eps, sigma)[1](1.0)[0]
            adam.step(memory, flat.vector, trees.flatten(gradient).vector)
        return max(np.abs(layer.b).max() for layer in flat.tree), max(
            np.abs(q.W - r.W).max() for q, r in zip(flat.tree, p, strict=True))

    return trained


@ledger.add("9.14", "limit", trained_on(relu), bound=0, wrong={
    "softplus": trained_on(softplus), "tanh": trained_on(tanh)})
def biases_stay_where_they_are(trained, rng):
    """Five steps of Adam from `mlp_init`: weights move, biases are still exactly 0."""
    bias, weight = trained(mlp_init((3, 5, 4, 1), rng), *rows(rng))
    return holds([bias == 0, weight > 0])


def ray_loss(c, lam, sigma):
    """Loss of the score -c sign(x) of the ReLU network E = -c |x|, over normal data by integration of half lines."""
    p = (Dense(np.array([[1.0, -1.0]]), np.zeros(2)), Dense(np.array([[-c], [-c]]), np.zeros(1)))
    t, w = np.polynomial.legendre.leggauss(80)
    xt = 5 * np.sqrt(lam + sigma**2) * (t + 1)[:, None]
    xt, w = np.vstack([-xt, xt]), np.tile(w, 2)
    density = w * np.exp(-(xt[:, 0] ** 2) / (2 * (lam + sigma**2)))
    return density @ ((mlp_grad(p, xt, relu)[0] + xt / (lam + sigma**2)) ** 2)[:, 0] / density.sum()


def best_ray(lam, sigma):
    """The c that is said to be best, and the share of J that is said to be left."""
    return np.sqrt(2 / np.pi / (lam + sigma**2)), 1 - 2 / np.pi


@ledger.add("9.14", "identity", best_ray, wrong={
    "the value at one standard deviation": lambda lam, sigma: ((lam + sigma**2) ** -0.5, 1 - 2 / np.pi),
    "noise lost": lambda lam, sigma: (np.sqrt(2 / np.pi / lam), 1 - 2 / np.pi),
    "share 2/pi": lambda lam, sigma: (best_ray(lam, sigma)[0], 2 / np.pi)})
def best_score_of_two_values(best, rng):
    """The loss is quadratic in c: minimum and value from three evaluations of the network, by quadrature."""
    lam, sigma = rng.uniform(0.4, 2), 0.5
    minus, zero, plus = (ray_loss(c, lam, sigma) for c in (-1.0, 0.0, 1.0))
    a, b = (plus + minus) / 2 - zero, (plus - minus) / 2
    c, share = best(lam, sigma)
    return gap(np.array([c, share]), np.array([-b / (2 * a), (zero - b * b / (4 * a)) * (lam + sigma**2)]))
