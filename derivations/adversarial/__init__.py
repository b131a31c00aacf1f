"""Evidence for derivations/adversarial.md, one file a section."""

from refvae.derivations.adversarial import ali, coders, critics, em, gan, motions
from refvae.evidence import Ledger

ledger = Ledger.of(em, gan, motions, critics, coders, ali)
