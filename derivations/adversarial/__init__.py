"""Evidence for derivations/adversarial.md, one file a section."""

from refvae.derivations.adversarial import (
    ali,
    coders,
    critics,
    em,
    gan,
    labels,
    motions,
    pairs,
    penalty,
    rounds,
    turned,
)
from refvae.evidence import Ledger

ledger = Ledger.of(em, labels, gan, motions, rounds, critics, penalty, coders, ali, pairs, turned)
