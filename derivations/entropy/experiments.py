"""The tables of derivations/entropy.md: python -m refvae.derivations.entropy.experiments [weights] [support] ..."""

from __future__ import annotations

import sys

import numpy as np

from refvae.derivations.entropy.information_experiments import information, information_errors, pairs, truth
from refvae.derivations.geometry.trained import brightness, posterior, train, trained, turns
from refvae.entropy import kl_to_normal, knn_divergence, knn_entropy, mutual_information
from refvae.entropy.study import LAWS, Grid, pieces, run, summarise

TRIALS, SEED = 200, 0


def row(law, d, n, k, trials=TRIALS, **settings):
    """The summary of one case."""
    grid = Grid((law,), (d,), (n,), (k,), trials, SEED, settings)
    return summarise([trial for piece in run(grid, pieces(grid)) for trial in piece])[0]


def weights():
    """Root mean square error of the best plain order of 1, 3, 5, 10 over that of the weighted estimate, n = 2000."""
    print("law          d   plain k  rmse    k = 30 (ratio)   k = 100 (ratio)")
    for law in ("normal", "student", "uniform"):
        for d in (4, 5, 8, 10):
            plain = min((row(law, d, 2000, k, 100) for k in (1, 3, 5, 10)), key=lambda r: r.rmse)
            each = [row(law, d, 2000, k, 100, weights="bsy").rmse for k in (30, 100)]
            print(f"{law:<12}{d:>2}{plain.k:>8}   {plain.rmse:.3f}   " + "   ".join(
                f"{rmse:.3f} ({plain.rmse / rmse:.2f})" for rmse in each), flush=True)


def whitening():
    """Plain and whitened, n = 1000, k = 5: a normal law of very unequal axes, and a mixture far apart."""
    print("law              d   plain rmse   whitened rmse")
    for d in (2, 5, 10):
        scales = np.geomspace(1, 30, d)
        truth = d * 1.4189385332046727 + np.log(scales).sum()
        rng = np.random.default_rng(SEED)
        R = np.linalg.qr(rng.standard_normal((d, d)))[0]
        errors = np.array([[knn_entropy(x, 5, whiten=w).value - truth for w in (False, True)] for x in (
            rng.standard_normal((1000, d)) * scales @ R for _ in range(50))])
        print("unequal axes ", d, np.sqrt((errors**2).mean(0)).round(3), flush=True)
        truth = d * 1.4189385332046727 + np.log(2)
        errors = np.array([[knn_entropy(x, 5, whiten=w).value - truth for w in (False, True)] for x in (
            rng.standard_normal((1000, d)) + 20 * rng.integers(0, 2, (1000, 1)) * np.eye(d)[0] for _ in range(50))])
        print("two far parts", d, np.sqrt((errors**2).mean(0)).round(3), flush=True)


def support():
    """Plain and cut off at the known box, uniform law, n = 1000, k = 3."""
    print("d   plain bias  rmse   in the box bias  rmse")
    for d in (1, 2, 5, 10):
        plain, boxed = (row("uniform", d, 1000, 3, 50, norm=np.inf, **how) for how in ({}, {"box": (0, 1)}))
        print(f"{d:>2}  {plain.bias:+.4f}  {plain.rmse:.4f}   {boxed.bias:+.4f} ± {boxed.bias_se:.4f}  "
              f"{boxed.rmse:.4f}", flush=True)


def known():
    """KL(q || N(0, I)), n = 1000, k = 3: reference known, and as a second sample of the same size."""
    print("q                    d   truth    known reference: bias (sd)   second sample: bias (sd)")
    for d in (2, 5, 10, 20):
        for name, scale, shift in (("N(0, I)", 1.0, 0.0), ("N(0, I/4)", 0.5, 0.0), ("N(1, I)", 1.0, 1.0)):
            truth = d * ((scale**2 - 1) / 2 - np.log(scale) + shift**2 / 2)
            rng = np.random.default_rng(SEED)
            normal = lambda d=d, rng=rng: rng.standard_normal((1000, d))
            found = np.array([[float(kl_to_normal(z, 3)), float(knn_divergence(z, normal(), 3))]
                              for z in (scale * normal() + shift for _ in range(30))]) - truth
            mean, sd = found.mean(0), found.std(0, ddof=1)
            print(f"{name:<20}{d:>3}{truth:>8.2f}    {mean[0]:+.3f} ({sd[0]:.3f})          "
                  f"{mean[1]:+.3f} ({sd[1]:.3f})", flush=True)


def intervals():
    """Share of `interval(.95)` that holds the truth, k = 3; entropies, then information of normal variables."""
    print("law           d     n    held")
    for law, d in (("normal", 1), ("normal", 2), ("uniform", 1), ("uniform", 2), ("exponential", 1), ("student", 2)):
        for n in (30, 100):
            share = held(knn_entropy, LAWS[law].entropy(d), entropies(law, n, d))
            print(f"{law:<12}{d:>3}{n:>6}    {share:.3f}", flush=True)
    for r in (0.0, 0.5, 0.9):
        for n in (30, 100):
            share = held(mutual_information, truth(r, 1), pairs(r, 1, n, TRIALS))
            print(f"r = {r:<8}{1:>3}{n:>6}    {share:.3f}", flush=True)


def entropies(law, n, d):
    """Samples as tuples of arguments."""
    rng = np.random.default_rng(SEED)
    return ((LAWS[law].sample(rng, n, d),) for _ in range(TRIALS))


def held(estimate, truth, samples):
    """How often the interval holds the truth."""
    ends = np.array([estimate(*sample).interval() for sample in samples])
    return np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))


def orders():
    """The order k of 1, 2, 3, 5, 10, 20 with the least root mean square error, that error, and the error of k = 3."""
    print("law           d     n    best k   rmse    k = 3")
    for law in ("normal", "uniform", "student"):
        for d in (1, 2, 3, 5, 10):
            for n in (100, 1000):
                found = {k: row(law, d, n, k, 40).rmse for k in (1, 2, 3, 5, 10, 20)}
                best = min(found, key=found.__getitem__)
                print(f"{law:<12}{d:>3}{n:>6}{best:>9}    {found[best]:.3f}   {found[3]:.3f}", flush=True)


def shapes():
    """KL to N(0, I), k = 3, of the codes of four networks of chapter 4, brought to mean 0 and mean square 1."""
    families = brightness(), turns()
    plain, vae = posterior(trained("points"))[0], posterior(trained("kl"))
    noise = np.random.default_rng(SEED).standard_normal((2, *vae[0].shape))
    found = {"irregular": plain, **{name: posterior(train("points", x, epochs=150), x)[0] for name, x in zip(
        ("line", "ring"), families, strict=True)}, "disc": vae[0], "drawn": vae[0] + vae[1] * noise[0],
        "normal": noise[1]}
    for name, z in found.items():
        centred = z - z.mean(0)
        value = kl_to_normal(centred * np.sqrt(2 / (centred**2).sum(1).mean()), 3).value
        print(f"{name:<10}{len(z):>6}{value:>8.2f}", flush=True)


def main(chosen):
    """Print the tables with these names, all if there are none."""
    tables = {"weights": weights, "whitening": whitening, "support": support, "known": known,
              "information": information, "information_errors": information_errors,
              "intervals": intervals, "orders": orders, "shapes": shapes}
    for name in chosen or tables:
        tables[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
