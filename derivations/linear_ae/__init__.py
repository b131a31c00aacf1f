"""Evidence for derivations/linear_ae.md, one file a section."""

from refvae.derivations.linear_ae import biases, learning, optimum, problem, words
from refvae.evidence import Ledger

ledger = Ledger.of(problem, optimum, biases, learning, words)
