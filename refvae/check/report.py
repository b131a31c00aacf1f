"""What a check says: a status that is computed, the worst block, the worst entry, and the legs it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from refvae.trees import Array

PASS, FAIL, KINK, INCONCLUSIVE = "PASS", "FAIL", "KINK", "INCONCLUSIVE"


NOTHING = ', both gradients are below the noise; if it is zero by a theorem, declare zero=("{}",)'
UNSETTLED = ", differences of f settle at no step: it has a kink very near x, or too much noise"
ROUNDING = ", rounding of f decides here; a relative error could still be seen from {:.1g} on"


class GradientError(AssertionError):
    """A gradient that a check did not certify."""


class Block(NamedTuple):
    """One named block of the gradient, compared coordinate by coordinate; `hint` says why it is inconclusive."""

    name: str
    error: float
    status: str
    hint: str = ""


class Leg(NamedTuple):
    """One method that looks at all blocks at once, and what it found."""

    method: str
    error: float
    bound: float
    status: str
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The outcome of `check_layer` or `check_gradient`.

    status  PASS; FAIL; KINK: no derivative at this point; INCONCLUSIVE: the noise of f decides, and `hint` tells how
    error   worst block error, norm(analytic - numeric) over the larger of the two norms; `block` names the block
    norms   of the analytic and of the numeric gradient in that block
    entry   the worst entry (errors relative to the entry or 1e-3 of its block's largest), `got` and `want` there
    method  "complex step" or "real differences" on every coordinate, and `why` it was chosen
    note    what else should be known, such as a computation in single precision
    blocks  every block's error and status;   legs  the other methods that ran
    """

    status: str
    error: float
    bound: float
    block: str
    norms: tuple[float, float]
    entry: str
    got: float
    want: float
    method: str
    why: str
    note: str
    blocks: tuple[Block, ...]
    legs: tuple[Leg, ...]

    def __str__(self) -> str:
        lines = [f"{self.status}: worst block {self.block}, relative error {self.error:.2g} (bound {self.bound:g})",
                 f"  worst entry {self.entry}: got {self.got:.12g}, wanted {self.want:.12g}",
                 f"  {self.method} on every coordinate, because {self.why}"]
        lines += [f"  {block.name}: {block.status}{block.hint}" for block in self.blocks if block.status != PASS]
        for leg in self.legs:
            numbers = "" if leg.status == KINK else f", error {leg.error:.2g} (bound {leg.bound:g})"
            lines.append(f"  {leg.method}: {leg.status}{numbers}" + (f"; {leg.note}" if leg.note else ""))
        return "\n".join([*lines, f"  note: {self.note}"] if self.note else lines)

    def raise_for_status(self) -> Report:
        """The report itself if its status is PASS; otherwise raise GradientError with all that it says."""
        if self.status != PASS:
            raise GradientError(str(self))
        return self


def block_error(a: Array, n: Array) -> float:
    """norm(a - n) over the larger norm: no absolute tolerance, 1 for a zero gradient, 0 for 0 against 0.  (1.28)"""
    unit = float(np.max(np.abs([a, n]), initial=0)) or 1.0  # the squares of 1e-200 would underflow
    sizes = [float(np.linalg.norm(part / unit)) for part in (a - n, a, n)]
    return sizes[0] / (max(sizes[1:]) or 1.0)                                                           # (1.28)


def entry_errors(a: Array, n: Array) -> Array:
    """Errors entry by entry, relative to the entry or to 1e-3 of the block's largest, whichever is larger."""
    sizes = np.maximum(np.abs(a), np.abs(n))
    errors: Array = np.abs(a - n) / np.maximum(np.maximum(sizes, 1e-3 * np.fmax.reduce(sizes)), np.finfo(float).tiny)
    return errors


def overall(blocks: list[Block], legs: list[Leg]) -> str:
    """KINK if any leg saw one, else FAIL if anything failed, else whether every block was settled."""
    statuses = [block.status for block in blocks]
    if KINK in (seen := [leg.status for leg in legs]):
        return KINK
    return FAIL if FAIL in statuses + seen else INCONCLUSIVE if INCONCLUSIVE in statuses else PASS
