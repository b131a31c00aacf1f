"""Evidence for derivations/adversarial.md, one file a section."""

from refvae.derivations.adversarial import (
    ali,
    coders,
    critics,
    em,
    gan,
    labels,
    linear,
    motions,
    pairs,
    penalty,
    rounds,
    training,
    turned,
)
from refvae.evidence import Ledger

ledger = Ledger.of(em, labels, gan, motions, rounds, critics, penalty, training, coders, ali, linear, pairs, turned)
