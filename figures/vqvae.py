"""What straight-through descends, (8.8) to (8.10), and rate against distortion, (8.21)."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.derivations.vqvae.experiments import BLOCKS, distortion, k_means_row, split
from refvae.figures import STYLE
from refvae.vqvae import choose, code_rates, fit_vqvae, implied_cost, nearest_code, rebuild

LINE, TWO, IMAGE, GAMMAS = np.arange(-48, 145) / 16, np.array([[-1.0], [1.0]]), 2.5, (0.0, 0.25, 1.0)
CODES = np.array([[-1.2, -0.6], [-0.3, 1.0], [0.9, 0.9], [1.1, -0.7], [0.1, -0.1]])
DECODER, TARGET = np.array([[1.0, 0.8], [0.0, 0.6]]), np.array([0.4, 0.3])
EDGE, K = 2.0, 16


class Arrays(NamedTuple):
    """Costs (3, 193) of a code on the line; borders (b, 2, 2); places (2, 64), slopes there; bits and distortions."""

    costs: np.ndarray
    borders: np.ndarray
    places: np.ndarray
    slopes: np.ndarray
    bits: np.ndarray
    network: np.ndarray
    k_means: np.ndarray


def compute() -> Arrays:
    """Closed forms, and four short trainings beside k-means of the blocks of images."""
    z, idx = LINE[:, None], nearest_code(LINE[:, None], TWO)
    costs = [implied_cost(z, np.full_like(z, IMAGE), TWO, idx, gamma=gamma)[0] for gamma in GAMMAS]
    places = np.stack(np.meshgrid(*[np.linspace(-1.75, 1.75, 8)] * 2), -1).reshape(-1, 2)
    zq = CODES[nearest_code(places, CODES)]
    slopes = -2 * (zq @ DECODER - TARGET) @ DECODER.T
    x, x_test = split()
    network, bits = [], []
    for m in BLOCKS:
        p = fit_vqvae(x, m=m, k=8, K=K, rng=0, epochs=30, hidden=(64,), lr=3e-3).p
        found = choose(p, x_test)[1]
        network.append(distortion(rebuild(p, found), x_test))
        bits.append(code_rates(found, K).fixed)
    return Arrays(np.array(costs), borders(CODES, EDGE), places.T, slopes.T,
                  np.array(bits), np.array(network), np.array([k_means_row(m, K, 0)[0] for m in BLOCKS]))


def borders(codes: np.ndarray, edge: float) -> np.ndarray:
    """Ends of the common faces of the cells within a square, (8.3).   codes (K, 2) -> (b, 2, 2)"""
    found = []
    for one, other in combinations(codes, 2):
        middle, along = (one + other) / 2, (other - one) @ [[0, 1], [-1, 0]]
        rows = [*(2 * (codes - one)), *np.eye(2), *-np.eye(2)]  # rows @ z <= limits
        limits = [*((codes**2).sum(1) - (one**2).sum()), *(4 * [edge])]
        low, high = -np.inf, np.inf
        for row, limit in zip(rows, limits, strict=True):
            speed, room = row @ along, limit - row @ middle
            if abs(speed) > 1e-12:
                low, high = (low, min(high, room / speed)) if speed > 0 else (max(low, room / speed), high)
            elif room < -1e-12:
                high = -np.inf
        if low < high:
            found.append([middle + low * along, middle + high * along])
    return np.array(found)


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 3.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        for gamma, cost in zip(GAMMAS, arrays.costs, strict=True):
            left.plot(LINE, cost, label=rf"$\gamma$ = {gamma:g}")
        for gamma, colour in zip(GAMMAS[1:], ("C1", "C2"), strict=True):
            best = 1 + (IMAGE - 1) / gamma
            left.plot([best], [(1 - 1 / gamma) * (IMAGE - 1) ** 2], "o", color=colour, markersize=4)
        left.plot(TWO[:, 0], [-19, -19], "k^", markersize=5)
        left.plot([IMAGE], [-19], "kx", markersize=5)
        left.set(title="Cost that a code z descends", xlabel="z; triangles: codewords, cross: x", ylim=(-20, 32))
        left.legend(frameon=False, loc="upper center")
        for border in arrays.borders:
            middle.plot(*border.T, color="#999999", linewidth=0.8)
        middle.quiver(*arrays.places, *arrays.slopes, color="C0", angles="xy", width=0.006)
        middle.plot(*CODES.T, "k^", markersize=5)
        middle.set(title="One slope for each cell", xlabel="$z_1$", ylabel="$z_2$", aspect="equal", xlim=(-EDGE, EDGE),
                   ylim=(-EDGE, EDGE))
        right.plot(arrays.bits, arrays.network, "o-", label="quantised autoencoder")
        right.plot(arrays.bits, arrays.k_means, "s--", label="k-means of blocks")
        right.set(title=f"Held-out digits, K = {K}", xlabel="bits per image", ylabel="squared error", ylim=(0, None))
        right.legend(frameon=False)
    return figure
