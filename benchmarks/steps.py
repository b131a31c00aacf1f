"""A training step of the variational autoencoder beside PyTorch, JAX and the bare matrix products; and its parts.

Batch 128, Adam, Bernoulli decoder, ReLU; a step chooses its rows, draws noise, differentiates and moves. The bare
products are those of the two halves of a step, without one for the gradient of the data, into arrays that exist.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.timing import THREADS, clock, compare, line, version
from refvae import fit, layers, trees
from refvae.optim import Adam
from refvae.vae import elbo, neg_elbo, vae_init

BATCH, ROWS = 128, 4000
SIZES = {"64-128-64-8": (64, 128, 64, 8), "784-400-20": (784, 400, 20)}
GOALS = {("64-128-64-8", 1): {"PyTorch": 2.5, "JAX jit": 1.2, "bare products": 1.8},
         ("784-400-20", 1): {"PyTorch": 1.2, "JAX jit": 1.0, "bare products": 1.45},
         ("64-128-64-8", 2): {"PyTorch": 3.0}, ("784-400-20", 2): {"PyTorch": 1.3}}


def start(sizes, dtype):
    """Binary data, parameters, and a generator."""
    rng = np.random.default_rng(0)
    x = (rng.random((ROWS, sizes[0])) < 0.3).astype(dtype)
    return x, trees.map(lambda leaf: leaf.astype(dtype), vae_init(sizes, rng)), rng


def ours(sizes, dtype):
    """A step as `refvae.fit` takes it."""
    x, p, rng = start(sizes, dtype)
    run = fit._Run(fit._start(p, Adam(), rng), Adam(), rng)

    def step():
        rows = rng.integers(0, ROWS, BATCH)
        return run.advance(neg_elbo, (x.take(rows, 0), rng.standard_normal((BATCH, sizes[-1]), dtype)), ROWS)

    return step


def bare(sizes, dtype):
    """Every product of a step."""
    rng, shapes = np.random.default_rng(0), []
    *hidden, k = sizes
    for chain in ((*hidden, 2 * k), (k, *hidden[::-1])):
        shapes += [(a, b, i == 0 and chain[0] == sizes[0]) for i, (a, b) in enumerate(pairwise(chain))]
    draw = lambda *shape: rng.standard_normal(shape).astype(dtype)
    parts = [(draw(BATCH, a), draw(a, b), draw(BATCH, b), draw(BATCH, b), draw(a, b), draw(BATCH, a), first)
             for a, b, first in shapes]

    def step():
        for x, W, dy, y, dW, dx, first in parts:
            np.matmul(x, W, out=y)
            np.matmul(x.T, dy, out=dW)
            if not first:
                np.matmul(dy, W.T, out=dx)

    return step


def torch_step(sizes, dtype, fused=False, noise=None):
    """PyTorch, eager, with torch.optim.Adam."""
    import torch

    torch.set_num_threads(THREADS)
    x, p, rng = start(sizes, dtype)
    x, nets = torch.from_numpy(x), [[tuple(torch.tensor(leaf, requires_grad=True) for leaf in layer) for layer in half]
                                    for half in p]
    adam = torch.optim.Adam([leaf for half in nets for layer in half for leaf in layer], fused=fused)

    def net(layers, h):
        for W, b in layers[:-1]:
            h = torch.relu(torch.addmm(b, h, W))
        return torch.addmm(layers[-1][1], h, layers[-1][0])

    def step(rows=None, eps=None):
        rows = torch.from_numpy(rng.integers(0, ROWS, BATCH) if rows is None else rows)
        some = x[rows]
        eps = torch.randn(BATCH, sizes[-1], dtype=x.dtype) if eps is None else torch.from_numpy(eps)
        mu, logvar = net(nets[0], some).chunk(2, 1)
        out = net(nets[1], mu + torch.exp(logvar / 2) * eps)
        rec = torch.nn.functional.binary_cross_entropy_with_logits(out, some, reduction="none").sum(1)
        loss = (rec + (mu * mu + logvar.exp() - 1 - logvar).sum(1) / 2).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        return float(loss.detach())

    return step


def jax_adam(jax, dtype):
    """Adam on trees, written for jit."""
    jnp = jax.numpy

    def move(p, g, m, v, t):
        m = jax.tree.map(lambda m, g: dtype(0.9) * m + dtype(0.1) * g, m, g)
        v = jax.tree.map(lambda v, g: dtype(0.999) * v + dtype(0.001) * g * g, v, g)
        a, b = 1 - dtype(0.9) ** t, 1 - dtype(0.999) ** t
        return jax.tree.map(lambda p, m, v: p - dtype(1e-3) * (m / a) / (jnp.sqrt(v / b) + dtype(1e-8)), p, m, v), m, v

    return move


def jax_step(sizes, dtype):
    """JAX, the whole step under jit."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, p, rng = start(sizes, dtype)
    adam = jax_adam(jax, dtype)

    def net(layers, h):
        for layer in layers[:-1]:
            h = jax.nn.relu(h @ layer.W + layer.b)
        return h @ layers[-1].W + layers[-1].b

    def loss(p, some, eps):
        mu, logvar = jnp.split(net(p.enc, some), 2, 1)
        out = net(p.dec, mu + jnp.exp(logvar / 2) * eps)
        rec = (jnp.maximum(out, 0) - out * some + jnp.log1p(jnp.exp(-jnp.abs(out)))).sum(1)
        return (rec + (mu * mu + jnp.exp(logvar) - 1 - logvar).sum(1) / 2).mean()

    def move(p, m, v, t, key, some):
        key, own = jax.random.split(key)
        value, g = jax.value_and_grad(loss)(p, some, jax.random.normal(own, (BATCH, sizes[-1]), dtype))
        return value, (*adam(p, g, m, v, (t + 1).astype(dtype)), t + 1, key)

    move, zero = jax.jit(move, donate_argnums=(0, 1, 2)), jax.tree.map(jnp.zeros_like, p)
    state = [(jax.tree.map(jnp.asarray, p), zero, jax.tree.map(jnp.zeros_like, p), jnp.zeros((), jnp.int32),
              jax.random.key(0))]

    def step():
        value, state[0] = move(*state[0], x.take(rng.integers(0, ROWS, BATCH), 0))
        return float(value)

    return step


def agreement(steps=1000):
    """The largest relative difference of the losses from PyTorch's in float64, same start and noise."""
    sizes, dtype = SIZES["64-128-64-8"], np.float64
    x, p, _ = start(sizes, dtype)
    rng, theirs, worst = np.random.default_rng(1), torch_step(sizes, dtype), 0.0
    run = fit._Run(fit._start(p, Adam(), rng), Adam(), rng)
    for _ in range(steps):
        rows, eps = rng.integers(0, ROWS, BATCH), rng.standard_normal((BATCH, sizes[-1]))
        loss = run.advance(neg_elbo, (x.take(rows, 0), eps), ROWS)
        worst = max(worst, abs(loss / theirs(rows, eps) - 1))
    return worst


# Where the time goes


class Meter:
    """Time by kind, what is inside a measured call being taken off what is around it."""

    def __init__(self):
        self.spent, self.inner = {}, [0.0]

    def __call__(self, kind, f):
        def measured(*args, **kwargs):
            self.inner.append(0.0)
            begin = clock()
            found = f(*args, **kwargs)
            spent = clock() - begin
            self.spent[kind] = self.spent.get(kind, 0.0) + spent - self.inner.pop()
            self.inner[-1] += spent
            if isinstance(found, tuple) and len(found) == 2 and callable(found[1]):
                found = found[0], self(kind, found[1])
            return found

        return measured


def parts(name, sizes, steps=200):
    """The share of a step that goes into products, activations and losses, noise, the optimiser, and the rest."""
    meter, x, p, rng = Meter(), *start(sizes, np.float32)
    run = fit._Run(fit._start(p, Adam(), rng), Adam(), rng)
    before = layers.dense, elbo.kl_std_normal, elbo.reparam
    layers.dense = meter("products", layers.dense)
    elbo.kl_std_normal, elbo.reparam = (meter("activations and losses", f) for f in before[1:])
    relu, nll = (meter("activations and losses", f) for f in (layers.relu, layers.bernoulli_nll))
    run.optimiser = type("Optimiser", (), {"step": staticmethod(meter("optimiser", run.optimiser.step))})()
    objective = lambda p, x, eps: neg_elbo(p, x, eps, activation=relu, likelihood=nll)
    noise = meter("noise", rng.standard_normal)
    step = meter("rest", lambda: run.advance(objective, (
        x.take(rng.integers(0, ROWS, BATCH), 0), noise((BATCH, sizes[-1]), np.float32)), ROWS))
    try:
        for turn in range(steps + 20):
            if turn == 20:
                meter.spent.clear()
            step()
    finally:
        layers.dense, elbo.kl_std_normal, elbo.reparam = before
    total = sum(meter.spent.values())
    return [line(f"parts of {name} float32", kind, 1e3 * spent / steps, spent / total)
            for kind, spent in sorted(meter.spent.items(), key=lambda each: -each[1])]


def main():
    """All rows."""
    lines = []
    for name, sizes in SIZES.items():
        calls = 40 if sizes[0] == 64 else 8
        for dtype in (np.float32, np.float64):
            methods = {"refvae": ours(sizes, dtype)}
            if version("torch"):
                methods["PyTorch"] = torch_step(sizes, dtype)
                methods["PyTorch, fused Adam"] = torch_step(sizes, dtype, fused=True)
            if version("jax"):
                methods["JAX jit"] = jax_step(sizes, dtype)
            methods["bare products"] = bare(sizes, dtype)
            goals = GOALS[name, THREADS] if dtype is np.float32 else {}
            lines += compare(f"step {name} {dtype.__name__}", methods, goals, calls=calls)
        if THREADS == 1:
            lines += parts(name, sizes)
    if THREADS == 1 and version("torch"):
        worst = agreement()
        lines.append(line("losses of 1000 steps, float64", "difference from PyTorch", 0.0, worst, 1e-12, at_most=True))
    return lines
