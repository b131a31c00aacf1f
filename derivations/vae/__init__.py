"""Evidence for derivations/vae.md, one file a section."""

from refvae.derivations.vae import collapse, gaussian, importance, likelihoods, linear, objective, score, surrogates
from refvae.evidence import Ledger

ledger = Ledger.of(objective, gaussian, likelihoods, importance, surrogates, score, linear, collapse)
