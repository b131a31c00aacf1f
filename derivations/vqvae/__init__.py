"""Evidence for derivations/vqvae.md, one file a section."""

from refvae.derivations.vqvae import attention, codebook, priors, quantise, terms, through
from refvae.evidence import Ledger

ledger = Ledger.of(quantise, through, terms, codebook, priors, attention)
