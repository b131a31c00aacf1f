"""The public functions of chapter 2: values on cases that can be done by hand, bad input, and the experiment."""

import numpy as np
import pytest

from refvae.data import digits
from refvae.derivations.linear_ae import experiments
from refvae.linear_ae import alternating_step, eckart_young, linear_ae, svd_autoencoder

DIAGONAL = np.diag([3.0, 2.0, 1.0])[:, [1, 2, 0]]


def test_digits_are_as_described():
    images, labels = digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float64
    assert (images.min(), images.max()) == (0, 1)
    assert (16 * images == np.rint(16 * images)).all()
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.parametrize(("k", "want"), [(0, 14), (1, 5), (2, 1), (3, 0)])
def test_tail_of_a_diagonal_matrix(k, want):
    assert eckart_young(DIAGONAL, k) == pytest.approx(want, rel=1e-15, abs=0)


def test_optimum_of_a_diagonal_matrix_is_the_first_coordinates():
    C, D = svd_autoencoder(DIAGONAL, 2)
    np.testing.assert_allclose(C @ D, np.diag([1, 0, 1]), atol=1e-15)


def test_keeping_everything_loses_nothing():
    X, _ = digits()
    assert linear_ae(*svd_autoencoder(X, 64), X)[0] < 1e-24 * (X**2).sum()


@pytest.mark.parametrize("k", [2, 8, 16])
def test_residual_on_the_digits_is_the_tail(k):
    X, _ = digits()
    assert linear_ae(*svd_autoencoder(X, k), X)[0] == pytest.approx(eckart_young(X, k), rel=1e-10, abs=0)


@pytest.mark.parametrize(("X", "k", "error", "message"), [
    (np.ones(5), 1, ValueError, r"X: got shape \(5,\), wanted \(n, d\)"),
    (np.ones((5, 3)), 4, ValueError, r"k: got 4, wanted .* <= k <= 3"),
    (np.ones((5, 3)), -1, ValueError, r"k: got -1, wanted"),
    (np.ones((5, 3)), 1.0, TypeError, r"k: got float, wanted an int"),
    (np.full((5, 3), np.nan), 1, ValueError, r"X: got 15 NaN or infinite entries, the first at \(0, 0\)"),
    (np.ones((5, 3)) * 1j, 1, TypeError, r"X: got dtype complex128, wanted real numbers"),
])
@pytest.mark.parametrize("function", [eckart_young, svd_autoencoder])
def test_bad_input_gets_one_clear_error(function, X, k, error, message):
    with pytest.raises(error, match=message):
        function(X, k)


def test_integer_and_single_precision_data_are_computed_in_double():
    X = (16 * digits()[0][:50]).astype(np.uint8)
    assert eckart_young(X, 3) == eckart_young(X.astype(np.float32), 3) == eckart_young(X.astype(float), 3)


def test_alternating_step_keeps_its_input():
    D, X = np.eye(2, 3), DIAGONAL.copy()
    alternating_step(D, X)
    assert (D == np.eye(2, 3)).all()
    assert (X == DIAGONAL).all()


@pytest.mark.slow
def test_gradient_descent_on_the_digits_is_as_slow_as_the_table_says():
    first, last = experiments.descend(2)
    assert first == pytest.approx(6.0e-6, rel=0.02)
    assert last == pytest.approx(4.9e-7, rel=0.02)
    assert experiments.alternations(2) == 77
