"""Critical points, their Hessians and regularised optima: edge cases and bad input."""

import numpy as np
import pytest

from refvae.linear_ae import (
    critical_point,
    hessian_spectrum,
    linear_ae,
    product_regularised_optimum,
    regularised_ae,
    regularised_optimum,
)

X = np.random.default_rng(0).standard_normal((9, 5))


def test_the_order_of_the_kept_directions_is_the_order_of_the_slots():
    C, D = critical_point(X, [2, 0], 3)
    Vt = np.linalg.svd(X)[2]
    assert (D == np.vstack([Vt[2], Vt[0], 0 * Vt[0]])).all()
    assert (C == D.T).all()


@pytest.mark.parametrize(("kept", "k", "error", "message"), [
    ([0, 0], 2, ValueError, r"kept: got \[0, 0\], wanted different indices"),
    ([5], 2, ValueError, "kept: got 5, wanted 0 <= kept <= 4"),
    ([-1], 2, ValueError, "kept: got -1, wanted"),
    ([0.0], 2, TypeError, "kept: got float, wanted an int"),
    ([0, 1], 1, ValueError, "k: got 1, wanted 2 <= k <= 5"),
    ([0], 6, ValueError, "k: got 6, wanted 1 <= k <= 5"),
])
@pytest.mark.parametrize("function", [critical_point, hessian_spectrum])
def test_bad_index_sets(function, kept, k, error, message):
    with pytest.raises(error, match=message):
        function(X, kept, k)


def test_the_spectrum_needs_as_many_rows_as_columns():
    with pytest.raises(ValueError, match=r"X: got shape \(3, 5\), wanted \(n, d\) with n >= d"):
        hessian_spectrum(X[:3], [0], 2)


@pytest.mark.parametrize("optimum", [regularised_optimum, product_regularised_optimum])
def test_without_penalty_it_is_the_autoencoder(optimum):
    C, D = optimum(X, 3, 0.0)
    assert linear_ae(C, D, X)[0] == pytest.approx((np.linalg.svd(X, compute_uv=False)[3:] ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("optimum", [regularised_optimum, product_regularised_optimum])
@pytest.mark.parametrize("lam", [0.0, 4.0])
def test_a_matrix_of_zeros(optimum, lam):
    C, D = optimum(np.zeros((9, 5)), 2, lam)
    assert np.isfinite(C).all()
    assert (C @ D == 0).all() or lam == 0


def test_a_penalty_above_everything_switches_everything_off():
    C, D = regularised_optimum(X, 3, 1e9)
    assert (C == 0).all()
    assert regularised_ae(C, D, X, lam=1e9)[0] == (X**2).sum()


@pytest.mark.parametrize("lam", [-1e-9, np.nan, np.inf, "1", np.ones(2), None])
@pytest.mark.parametrize("optimum", [regularised_optimum, product_regularised_optimum])
def test_bad_penalties(optimum, lam):
    with pytest.raises((TypeError, ValueError), match=r"^lam: got .*, wanted a "):
        optimum(X, 2, lam)
