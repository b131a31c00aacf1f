"""Evidence for derivations/adversarial.md, one file a section."""

from refvae.derivations.adversarial import (
    ali,
    coders,
    critics,
    em,
    flow,
    games,
    gan,
    labels,
    linear,
    motions,
    pairs,
    penalty,
    regularised,
    rounds,
    terms,
    training,
    turned,
)
from refvae.evidence import Ledger

ledger = Ledger.of(em, labels, gan, motions, regularised, rounds, critics, penalty, training, coders, ali, terms,
                   linear, pairs, games, turned, flow)
