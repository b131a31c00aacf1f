"""Tests run with one BLAS thread, as the command does: the matrices are small. Set OPENBLAS_NUM_THREADS for more."""

import refvae.cli  # noqa: F401  sets it, before anything loads NumPy
