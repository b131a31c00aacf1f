"""Evidence for derivations/linear_ae.md, one file a section."""

from refvae.derivations.linear_ae import (
    biases,
    iteration,
    krylov,
    landscape,
    large,
    learning,
    meaning,
    optimum,
    problem,
    regularised,
    semantics,
    single,
    words,
)
from refvae.evidence import Ledger

ledger = Ledger.of(problem, optimum, biases, learning, words, landscape, regularised, large, iteration,
                   krylov, single, meaning, semantics)
