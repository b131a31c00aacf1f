"""Evidence for derivations/vae.md, one file a section."""

from refvae.derivations.vae import (
    active,
    collapse,
    gaussian,
    importance,
    likelihoods,
    linear,
    objective,
    scale,
    score,
    surrogates,
)
from refvae.evidence import Ledger

ledger = Ledger.of(objective, scale, gaussian, likelihoods, importance, surrogates, score, linear, collapse, active)
