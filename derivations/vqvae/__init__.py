"""Evidence for derivations/vqvae.md, one file a section."""

from refvae.derivations.vqvae import (
    attention,
    averages,
    codebook,
    lookups,
    made,
    priors,
    quantise,
    rates,
    terms,
    through,
)
from refvae.evidence import Ledger

ledger = Ledger.of(quantise, lookups, through, terms, codebook, averages, rates, priors, made, attention)
