"""Evidence for derivations/entropy.md, one file a section."""

from refvae.derivations.entropy import (
    divergence_gradients,
    divergences,
    errors,
    gradients,
    information,
    information_laws,
    motions,
    order,
    permutation,
    products,
    search,
    small,
    support,
    weighted,
)
from refvae.evidence import Ledger

ledger = Ledger.of(order, motions, gradients, small, support, errors, weighted, divergences,
                   divergence_gradients, information, information_laws, permutation, search, products)
