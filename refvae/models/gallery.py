"""Pictures that all models have, of what they encode, decode and sample. Matplotlib loads when it is imported."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

from refvae.bottleneck import interpolate, rotate
from refvae.data.readers import Dataset
from refvae.models.pictures import mosaic, scatter
from refvae.models.trained import Trained
from refvae.trees import Array
from refvae.vqvae import nearest_code

ROWS, COLUMNS, REACH = 8, 12, 3.0  # of mosaics; standard deviations of a traversal
PAIRS, POINTS = 4, 1000  # of paths between codes; of rows drawn into a plane
LARGEST = 1e9  # of numbers in a picture: a game that diverges has larger ones


def pictures(trained: Trained, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Figure]:
    """What the model makes of held-out rows and of codes, by name; `train` and `test` hold prepared rows."""
    model, fitted = trained.model, trained.fitted
    found = dict(model.pictures(fitted, train, test, rng))
    codes = None if model.encode is None else model.encode(fitted, test.x)
    if codes is not None and model.codes == "real" and codes.shape[1] == 2:
        found["codes"] = scatter(codes, test.labels, "Codes of the held-out rows", trained.facts.labels)
    if test.shape is None:
        return found | _in_the_plane(trained, test, rng)
    show = partial(_shown, trained, test.shape)
    if codes is not None and model.decode is not None and model.decodes == "rows":
        back = model.decode(fitted, codes[:COLUMNS])
        found["reconstructions"] = show([test.x[:COLUMNS], back], "Held-out images", ("data", "rebuilt"))
    if model.sample is not None:
        found["samples"] = show(*_beside(trained, train, rng))
    if model.decode is not None and model.decodes == "rows" and model.codes == "real":
        found |= _walks(trained, codes, rng)
    return found


def _shown(trained: Trained, shape: tuple[int, int], rows: list[Array], title: str,
           names: tuple[str, ...] = ()) -> Figure:
    return mosaic(ink(trained, np.stack(rows)), shape=shape, title=title, names=names)


def ink(trained: Trained, rows: Array) -> Array:
    """Prepared rows as ink in [0, 1]."""
    return inked(trained, trained.restored(rows))


def inked(trained: Trained, rows: Array) -> Array:
    """Rows in the units of the data as ink."""
    low, high = trained.facts.ink
    drawn: Array = (rows - low) / (high - low if high > low else 1.0)
    return drawn


def _in_the_plane(trained: Trained, test: Dataset, rng: np.random.Generator) -> dict[str, Figure]:
    """Rows of two columns, held out and drawn."""
    if trained.model.sample is None or test.x.shape[1] != 2:
        return {}
    drawn = trained.model.sample(trained.fitted, POINTS, rng)
    kind = np.repeat([0, 1], [len(test.x), len(drawn)])
    return {"samples": scatter(np.concatenate([test.x, drawn]), kind, "Held-out rows, and rows of the model",
                               ("held out", "drawn"), ("column 0", "column 1"))}


def _beside(trained: Trained, train: Dataset, rng: np.random.Generator) -> tuple[list[Array], str, tuple[str, ...]]:
    """Samples, and below each the nearest training row."""
    assert trained.model.sample is not None
    drawn = np.clip(np.nan_to_num(trained.model.sample(trained.fitted, ROWS // 2 * COLUMNS, rng)), -LARGEST, LARGEST)
    near = train.x[nearest_code(drawn, train.x)]
    rows = [part for pair in zip(drawn.reshape(-1, COLUMNS, drawn.shape[1]), near.reshape(-1, COLUMNS, near.shape[1]),
                                 strict=True) for part in pair]
    names = ("drawn", "nearest") * (ROWS // 2)
    return rows, "Rows drawn from the model, and below each the nearest training row", names


# Walks among codes


def _walks(trained: Trained, codes: Array | None, rng: np.random.Generator) -> dict[str, Figure]:
    """Images of one moving code unit, of paths between two codes, and of the plane of all codes."""
    model, k = trained.model, trained.settings.latent
    known = rng.standard_normal((2 * PAIRS, k)) if codes is None else codes
    middle, unit = (np.zeros(k), np.ones(k)) if model.sample is not None else (known.mean(0), known.std(0))
    units = np.argsort(-known.var(0), kind="stable")[:ROWS]
    image = partial(_decoded, trained, middle, unit)
    white = (known - middle) / np.where(unit > 0, unit, 1)
    begin = "A code from the prior" if codes is None else "A held-out image"
    found = {"traversals": image(traversals(white[0], units), tuple(f"$z_{{{unit + 1}}}$" for unit in units),
                                 f"{begin}, with one code unit from {-REACH:g} to {REACH:g}")}
    ends = white[:2 * PAIRS] if len(white) >= 2 * PAIRS else white[np.arange(2 * PAIRS) % len(white)]
    found["paths"] = image(paths(ends), ("straight", "cos, sin") * PAIRS, "Paths between two codes")
    if k == 2:
        found["manifold"] = image(plane(2 * ROWS), (), "Decoded codes, in steps of equal mass of a normal law")
    return found


def _decoded(trained: Trained, middle: Array, unit: Array, z: Array, names: tuple[str, ...], title: str) -> Figure:
    """The images of codes (rows, columns, k), which are in units of the codes."""
    assert trained.model.decode is not None
    assert trained.facts.shape is not None
    rows = trained.model.decode(trained.fitted, (middle + unit * z).reshape(-1, z.shape[-1]))
    return mosaic(ink(trained, rows.reshape(*z.shape[:2], -1)), shape=trained.facts.shape, title=title, names=names)


def traversals(code: Array, units: Array) -> Array:
    """The code (k,) with one of its units moved through [-REACH, REACH].   -> (units, COLUMNS, k)"""
    z = np.tile(code, (len(units), COLUMNS, 1))
    z[np.arange(len(units)), :, units] = np.linspace(-REACH, REACH, COLUMNS)
    return z


def paths(ends: Array) -> Array:
    """Straight (5.26) and rotated (5.27) paths between neighbours of the list.   (2 m, k) -> (2 m, COLUMNS, k)"""
    found = []
    for one, other in zip(ends[::2], ends[1::2], strict=True):
        found.append([interpolate(one, other, alpha) for alpha in np.linspace(0, 1, COLUMNS)])
        found.append([rotate(one, other, theta) for theta in np.linspace(0, np.pi / 2, COLUMNS)])
    return np.array(found)


def plane(side: int) -> Array:
    """Codes on the quantiles of a standard normal, z_1 to the right and z_2 upwards.   -> (side, side, 2)"""
    quantiles = ndtri((np.arange(side) + 0.5) / side)
    return np.stack(np.meshgrid(quantiles, quantiles[::-1]), axis=-1)
