"""Evidence for derivations/geometry.md, one file a section."""

from refvae.derivations.geometry import (
    axes,
    best_axes,
    coverage,
    descent,
    ellipses,
    linear,
    optimum,
    penalties,
    rectangles,
)
from refvae.evidence import Ledger

ledger = Ledger.of(ellipses, coverage, axes, best_axes, penalties, linear, descent, optimum, rectangles)
