"""A second-order step of an energy network: denoising score matching through `mlp_grad`, beside PyTorch and JAX."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.steps import BATCH, ROWS, jax_adam, start
from benchmarks.timing import THREADS, compare, line, rounds, version
from refvae import fit, layers, trees
from refvae.denoising import dsm
from refvae.optim import Adam

SIZES, LENGTH = (64, 128, 128, 1), 20
JOB = "energy 64-128-128-1 float32"


def ours(dtype=np.float32):
    """Denoising score matching through `mlp_grad` with tanh."""
    x, _, rng = start(SIZES, dtype)
    p = trees.map(lambda leaf: leaf.astype(dtype), layers.mlp_init(SIZES, rng))
    run = fit._Run(fit._start(p, Adam(), rng), Adam(), rng)

    def objective(p, x, eps):
        loss, pull = dsm(partial(layers.mlp_grad, frozen=True), p, x, eps, 0.5)
        return loss, lambda dloss, out: pull(dloss, out)[:3]

    def step():
        rows = rng.integers(0, ROWS, BATCH)
        return run.advance(objective, (x.take(rows, 0), rng.standard_normal((BATCH, 64), dtype)), ROWS)

    return step


def torch_step(dtype=np.float32):
    """The same by double backward."""
    import torch

    torch.set_num_threads(THREADS)
    x, _, rng = start(SIZES, dtype)
    x = torch.from_numpy(x)
    net = [tuple(torch.tensor(leaf.astype(dtype), requires_grad=True) for leaf in layer)
           for layer in layers.mlp_init(SIZES, rng)]
    adam = torch.optim.Adam(leaves := [leaf for layer in net for leaf in layer])

    def step():
        some = x[torch.from_numpy(rng.integers(0, ROWS, BATCH))]
        eps = torch.randn(some.shape, dtype=some.dtype)
        h = noisy = (some + 0.5 * eps).requires_grad_()
        for W, b in net[:-1]:
            h = torch.tanh(torch.addmm(b, h, W))
        energy = torch.addmm(net[-1][1], h, net[-1][0]).sum()
        s, = torch.autograd.grad(energy, noisy, create_graph=True)
        loss = ((s + eps / 0.5) ** 2).sum(1).mean() / 2
        adam.zero_grad()
        loss.backward(inputs=leaves)
        adam.step()
        return float(loss.detach())

    return step


def jax_scan(dtype=np.float32):
    """The same under jit and scan, LENGTH steps a call."""
    import jax
    import jax.numpy as jnp

    x, _, rng = start(SIZES, dtype)
    p, adam = trees.map(lambda leaf: leaf.astype(dtype), layers.mlp_init(SIZES, rng)), jax_adam(jax, dtype)
    data = jnp.asarray(x)

    def energy(p, x):
        for layer in p[:-1]:
            x = jnp.tanh(x @ layer.W + layer.b)
        return (x @ p[-1].W + p[-1].b).sum()

    def loss(p, x, eps):
        return ((jax.grad(energy, 1)(p, x + dtype(0.5) * eps) + eps / dtype(0.5)) ** 2).sum(1).mean() / 2

    def one(state, rows):
        p, m, v, t, key = state
        key, own = jax.random.split(key)
        value, g = jax.value_and_grad(loss)(p, data[rows], jax.random.normal(own, (BATCH, 64), dtype))
        return (*adam(p, g, m, v, (t + 1).astype(dtype)), t + 1, key), value

    run = jax.jit(lambda state, rows: jax.lax.scan(one, state, rows))
    zero = jax.tree.map(jnp.zeros_like, p)
    state = [(jax.tree.map(jnp.asarray, p), zero, zero, jnp.zeros((), jnp.int32), jax.random.key(0))]

    def steps():
        state[0], values = run(state[0], rng.integers(0, ROWS, (LENGTH, BATCH)))
        return float(values[-1])

    return steps


def main():
    """All rows: JAX takes LENGTH steps a call."""
    step = ours()
    lines = compare(JOB, {"refvae": step} | ({"PyTorch": torch_step()} if version("torch") else {}), {"PyTorch": 1.7},
                    calls=40)
    if version("jax"):
        both = rounds({"refvae": lambda: [step() for _ in range(LENGTH)], "JAX scan": jax_scan()}, 15, 2)
        milliseconds = 1e3 * float(np.median(both["JAX scan"])) / LENGTH
        lines.append(line(JOB, "JAX scan", milliseconds, float(np.median(both["JAX scan"] / both["refvae"])), 1.0))
    return lines
