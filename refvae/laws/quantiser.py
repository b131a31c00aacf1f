"""Laws of quantisers: the index of the nearest codeword."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

SHAPES = ((4, 2, 1), (7, 3, 2), (30, 8, 3))


@dataclass(frozen=True)
class QuantiserSubject:
    """A search f(z (n, d), codes (K, d)) -> idx (n,) of the nearest codewords, Euclidean, the lowest of several."""

    f: Callable[..., Any]

    def __call__(self, z: Array, codes: Array) -> Array:
        """The chosen indices."""
        return np.asarray(self.f(z, codes))

    def examples(self, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """Points and codewords on a grid of 2^-12, so that sums and squares are exact."""
        for n, K, d in SHAPES:
            yield tuple(np.round(rng.standard_normal((size, d)) * 2**12) / 2**12 for size in (n, K))  # type: ignore[misc]


catalogue = Catalogue("quantiser", QuantiserSubject)


def check_quantiser(f: Callable[..., Any], *, expected_failures: Mapping[str, str] | None = None,
                    seed: int = 0) -> LawReport:
    """Hold a quantiser, f(z (n, d), codes (K, d)) -> idx (n,), to the laws of chapter 8; all of them are exact."""
    return catalogue.check(f, expected_failures, seed)


def nearest(z: Array, codes: Array) -> list[int]:
    """The indices in rational numbers."""
    def square(a: Array, b: Array) -> Fraction:
        return sum(((Fraction(float(u)) - Fraction(float(v))) ** 2 for u, v in zip(a, b, strict=True)), Fraction(0))
    return [min(range(len(codes)), key=lambda j, row=row: square(row, codes[j])) for row in z]  # type: ignore[misc]


@catalogue.law("8.2", "half the norm of the codeword forgotten", "sum of absolute differences", "farthest for nearest",
               "largest inner product")
def the_nearest_codeword(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The index is that of the least distance, in rational numbers."""
    for z, codes in f.examples(rng):
        yield Case("f(z, codes)", {"z": z, "codes": codes}, f(z, codes), nearest(z, codes), 0)


@catalogue.law("8.3", "largest inner product", "half the norm of the codeword forgotten")
def codewords_are_their_own(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """A codeword is quantised to itself."""
    for _, codes in f.examples(rng):
        yield Case("f(codes, codes)", {"codes": codes}, f(codes, codes), np.arange(len(codes)), 0)


@catalogue.law("8.2", "uncentred products for distances", "single precision")
def far_from_the_origin(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Moving points and codewords by the same vector changes nothing; here all sums are exact."""
    for shift in (1.0, 2.0**20, 2.0**39):
        for z, codes in f.examples(rng):
            yield Case(f"f(z + {shift}, codes + {shift})", {"z": z, "codes": codes}, f(z + shift, codes + shift),
                       nearest(z, codes), 0)


@catalogue.law("8.2", "single precision", "last of several")
def ties_and_near_ties(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Of several nearest codewords the first is chosen; a point beside a bisector belongs to its side."""
    codes = np.array([[3.0, 1.0], [3.0, 1.0], [-1.0, 3.0], [1.0, 2.0]])
    z = np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 1.5]])
    for step in (0.0, 2.0**-30, -(2.0**-30), 2.0**-45):
        moved = z + step * np.array([2.0, -1.0])
        yield Case("f(z, codes)", {"z": moved, "codes": codes}, f(moved, codes), nearest(moved, codes), 0)


@catalogue.law("8.2", "squares that overflow", "absolute tolerance")
def powers_of_two(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Multiplying points and codewords by the same power of two changes nothing."""
    for m in (30, -60, 300, -300):
        for z, codes in f.examples(rng):
            yield Case(f"f(2.0**{m} * z, 2.0**{m} * codes)", {"z": z, "codes": codes}, f(2.0**m * z, 2.0**m * codes),
                       nearest(z, codes), 0)


@catalogue.law("8.2", "chosen by the batch")
def every_row_alone(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The codeword of a point does not depend on the others."""
    for z, codes in f.examples(rng):
        alone = [int(f(row[None], codes)[0]) for row in z]
        yield Case("[f(row[None], codes)[0] for row in z]", {"z": z, "codes": codes}, alone, f(z, codes), 0)


@catalogue.law("8.2", "unsigned differences")
def whole_numbers_in_any_type(f: QuantiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Whole numbers stored as uint8 or float32 are quantised as in float64."""
    z, codes = rng.integers(0, 250, (9, 2)), rng.integers(0, 250, (4, 2))
    for kind in (np.uint8, np.float32):
        yield Case("f(z, codes)", {"z": z.astype(kind), "codes": codes.astype(kind)},
                   f(z.astype(kind), codes.astype(kind)), nearest(z, codes), 0)


# Wrong versions


def _squares(z: Array, codes: Array) -> Array:
    return np.asarray(((z[:, None].astype(float) - codes) ** 2).sum(2))


def _products(z: Array, codes: Array) -> Array:
    return np.asarray((z * z).sum(1)[:, None] - 2 * z @ codes.T + (codes * codes).sum(1))


for _name, _wrong in {
        "half the norm of the codeword forgotten": lambda z, c: (-(z @ c.T) + (c * c).sum(1)).argmin(1),
        "largest inner product": lambda z, c: (z @ c.T).argmax(1),
        "farthest for nearest": lambda z, c: _squares(z, c).argmax(1),
        "sum of absolute differences": lambda z, c: np.abs(z[:, None].astype(float) - c).sum(2).argmin(1),
        "uncentred products for distances": lambda z, c: _products(z.astype(float), c).argmin(1),
        "single precision": lambda z, c: _squares(z.astype(np.float32), c.astype(np.float32)).argmin(1),
        "last of several": lambda z, c: len(c) - 1 - _squares(z, c)[:, ::-1].argmin(1),
        "squares that overflow": lambda z, c: _squares(2.0**300 * z, 2.0**300 * c).argmin(1),
        "absolute tolerance": lambda z, c: np.round(_squares(z, c), 12).argmin(1),
        "chosen by the batch": lambda z, c: _squares(z - z.mean(0) * (len(z) > 1), c).argmin(1),
        "unsigned differences": lambda z, c: ((z[:, None] - c) ** 2).sum(2).argmin(1)}.items():
    catalogue.mistake(_name)(_wrong)
