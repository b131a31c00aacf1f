"""Evidence for derivations/entropy.md, one file a section."""

from refvae.derivations.entropy import divergences, errors, gradients, motions, order, small, support, weighted
from refvae.evidence import Ledger

ledger = Ledger.of(order, motions, gradients, small, support, errors, weighted, divergences)
