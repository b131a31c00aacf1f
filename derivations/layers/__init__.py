"""Evidence for derivations/layers.md, one file a section."""

from refvae.derivations.layers import activations, checking, composition, exact, losses, normalisation, perceptron
from refvae.evidence import Ledger

ledger = Ledger.of(composition, activations, losses, normalisation, perceptron, checking, exact)
