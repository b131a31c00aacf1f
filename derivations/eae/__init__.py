"""Evidence for derivations/eae.md, one file a section."""

from refvae.derivations.eae import arrangements, laws, normalisation, objective, samples
from refvae.evidence import Ledger

ledger = Ledger.of(objective, normalisation, laws, arrangements, samples)
