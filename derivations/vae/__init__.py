"""Evidence for derivations/vae.md, one file a section."""

from refvae.derivations.vae import (
    active,
    collapse,
    gaussian,
    importance,
    likelihoods,
    linear,
    objective,
    paths,
    reported,
    scale,
    score,
    surrogates,
    wide_bins,
)
from refvae.evidence import Ledger

ledger = Ledger.of(objective, scale, gaussian, paths, likelihoods, wide_bins, importance, reported, surrogates, score,
                   linear, collapse, active)
