"""Evidence for derivations/entropy.md, one file a section."""

from refvae.derivations.entropy import (
    candidates,
    certified,
    columns,
    control,
    divergence_gradients,
    divergences,
    errors,
    gradients,
    information,
    information_laws,
    labels,
    motions,
    order,
    permutation,
    products,
    scales,
    search,
    small,
    spacings,
    support,
    underflow,
    weighted,
    windows,
)
from refvae.evidence import Ledger

ledger = Ledger.of(order, spacings, motions, gradients, small, support, errors, weighted, divergences,
                   divergence_gradients, information, information_laws, permutation, search, products,
                   candidates, scales, windows, labels, control, certified, columns, underflow)
