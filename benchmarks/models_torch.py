"""The steps of benchmarks/models.py in plain eager PyTorch: the same mathematics, written as its users write it.

Of networks that are not to move, detached parameters are used, so that no gradient is computed that nobody asked for.
"""

from __future__ import annotations

from math import lgamma, log, pi

import torch
from scipy.special import digamma
from torch.nn.functional import batch_norm, cross_entropy, softplus

from benchmarks.timing import THREADS
from refvae import trees

torch.set_num_threads(THREADS)


def step_of(task, chosen):
    """A step of Adam, which gives the loss before it: step(*args) for arguments of NumPy, step() draws its own.

    chosen  an iterator of rows
    """
    p = trees.map(lambda leaf: torch.tensor(leaf, requires_grad=True), task.p)
    adam = torch.optim.Adam(trees.leaves(p), lr=task.lr)
    x, labels = torch.from_numpy(task.data.x), torch.from_numpy(task.data.labels)
    loss_of = LOSSES[task.name]

    def step(*args):
        args = [torch.from_numpy(each) for each in args] or draw(task, x, labels, torch.from_numpy(next(chosen)))
        loss = loss_of(p, task.settings, *args)
        adam.zero_grad()
        loss.backward()
        adam.step()
        return float(loss.detach())

    return step


def draw(task, x, labels, rows):
    """The rows, with labels, noise and levels as the model has them."""
    s, some = task.settings, x[rows]
    normal = lambda *widths: [torch.randn(len(rows), width, dtype=x.dtype) for width in widths]
    if task.name == "vib":
        return some, labels[rows], *normal(s.latent)
    if task.name == "dae":
        level = torch.empty(len(rows), 1, dtype=x.dtype).uniform_(log(s.lowest), log(s.highest)).exp()
        return some, *normal(x.shape[1]), level
    widths = {"gan": (s.latent,), "aae": (s.latent,), "ali": (s.latent, s.latent, x.shape[1])}
    return some, *normal(*widths.get(task.name, ()))


def net(layers, h, activation=torch.relu):
    """A perceptron.   h (n, d) -> (n, m)"""
    for W, b in layers[:-1]:
        h = activation(torch.addmm(b, h, W))
    return torch.addmm(layers[-1][1], h, layers[-1][0])


def fixed(layers):
    """The same layers, which get no gradient."""
    return [(W.detach(), b.detach()) for W, b in layers]


def normal(layers, x):
    """Mean and log-variance.   x (n, d) -> two of (n, k)"""
    return net(layers, x).chunk(2, 1)


def error(xhat, x):
    """Squared error per row, mean over the batch."""
    return ((xhat - x) ** 2).sum(1).mean()


def ae(p, s, x):
    """The plain autoencoder."""
    return error(net(p.dec, net(p.enc, x)), x)


def vib(p, s, x, labels, eps):
    """The classifier behind a bottleneck."""
    mu, logvar = normal(p.enc, x)
    logits = net(p.dec, mu + torch.exp(logvar / 2) * eps)
    rate = (mu * mu + logvar.exp() - 1 - logvar).sum(1).mean() / 2
    return cross_entropy(logits, labels) + s.lam * rate


def dae(p, s, x, eps, sigma):
    """Denoising score matching for all levels, weighted by sigma^2."""
    xt = x + sigma * eps - p.centre
    var = sigma**2 + s.scale**2
    out = net(p.net, torch.cat([xt / var.sqrt(), sigma.log() / 4], 1))
    score = s.scale / (sigma * var.sqrt()) * out - xt / var
    return ((sigma * score + eps) ** 2).sum(1).mean() / 2


def eae(p, s, x):
    """Squared error less the entropy of normalised codes, from the distances of the k nearest others."""
    z = batch_norm(net(p.enc, x, softplus), None, None, training=True, eps=1e-38)
    n, d = z.shape
    with torch.no_grad():
        far = torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist").topk(s.k + 1, largest=False).indices[:, -1]
    log_volume = d / 2 * log(pi) - lgamma(d / 2 + 1)
    entropy = digamma(n) - digamma(s.k) + log_volume + d * (z - z[far]).norm(dim=1).log().mean()
    return error(net(p.dec, z, softplus), x) - s.lam * entropy


def vqvae(p, s, x):
    """Straight-through reconstruction, codebook and commitment terms."""
    z = net(p.enc, x).reshape(len(x), s.places, s.latent)
    with torch.no_grad():
        flat = z.reshape(-1, s.latent)
        idx = torch.cdist(flat, p.codes).argmin(1).reshape(len(x), s.places)
    e = p.codes[idx]
    xhat = net(p.dec, (z + (e - z).detach()).reshape(len(x), -1))
    terms = s.beta * (e - z.detach()) ** 2 + s.gamma * (z - e.detach()) ** 2
    return error(xhat, x) + terms.sum((1, 2)).mean()


def told_apart(disc, right, other):
    """The loss of a discriminator on rows that get no gradient."""
    return (softplus(-net(disc, right.detach())) + softplus(net(disc, other.detach()))).mean()


def gan(p, s, x, z):
    """Both sides at once."""
    made = net(p.gen, z)
    return told_apart(p.disc, x, made) + softplus(-net(fixed(p.disc), made)).mean()


def aae(p, s, x, z):
    """Both sides at once, the discriminator on codes."""
    codes = net(p.coder.enc, x)
    taken = softplus(-net(fixed(p.disc), codes)).mean()
    return told_apart(p.disc, z, codes) + taken + s.lam * error(net(p.coder.dec, codes), x)


def ali(p, s, x, z, eps_z, eps_x):
    """Both sides at once, in the complete variant."""
    mu, logvar = normal(p.coder.enc, x)
    mean, logvar_x = normal(p.coder.dec, z)
    made = mean + torch.exp(logvar_x / 2) * eps_x
    enc, dec, disc = torch.cat([x, mu + torch.exp(logvar / 2) * eps_z], 1), torch.cat([made, z], 1), fixed(p.disc)
    mu, logvar = normal(p.coder.enc, made.detach())
    nll = (log(2 * pi) + logvar + (z - mu) ** 2 * torch.exp(-logvar)).sum(1) / 2
    return told_apart(p.disc, enc, dec) + (softplus(-net(disc, enc)) + softplus(-net(disc, dec)) + nll[:, None]).mean()


LOSSES = {"ae": ae, "vib": vib, "dae": dae, "eae": eae, "gan": gan, "aae": aae, "ali": ali, "vqvae": vqvae}
