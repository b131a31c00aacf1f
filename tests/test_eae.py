"""Chapter 7: bad input, shapes and dtypes, and what training promises. The mathematics is in refvae.derivations.eae."""

from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refvae import trees
from refvae.derivations.eae import experiments
from refvae.eae import (
    EAE,
    Normal,
    eae_init,
    filled,
    fit_eae,
    fitted_normal,
    frechet,
    kl_of_normalised,
    most_entropy,
    neg_objective,
    normalised,
    sample_normal,
    searching,
)
from refvae.entropy import knn_entropy, neighbours
from refvae.layers import batch_norm, mlp, softplus


def rows(n=23, d=5, seed=0):
    """Gaussian rows."""
    return np.random.default_rng(seed).standard_normal((n, d))


fit_small = partial(fit_eae, sizes=(5, 4, 2), lam=0.3, rng=0, epochs=3, batch=10, progress=False)
REPEATED = np.vstack([rows(), rows()[:3]])


def coded(x):
    """A step's objective at encoders of one map, all in eighths: products are exact, and equal rows get equal codes.

    With other numbers a matrix product may round the last rows of a block otherwise than the first.
    """
    eighths = lambda a: np.rint(8 * a) / 8
    return searching(1, 0.5)(trees.map(eighths, eae_init((5, 2), 0)), eighths(x))




@pytest.mark.parametrize(("call", "kind", "words"), [
    (lambda: fit_small(rows()[:, 0]), ValueError, "x: got shape"),
    (lambda: fit_small(np.full((20, 5), np.nan)), ValueError, "x: got 100 NaN"),
    (lambda: fit_small(rows(), lam=-1.0), ValueError, "lam: got -1.0, wanted a number of at least 0"),
    (lambda: fit_small(rows(), lam=np.nan), ValueError, "lam: got nan"),
    (lambda: fit_small(rows(), k=10), ValueError, "k: got 10, wanted 1 <= k <= 9"),
    (lambda: fit_small(rows(), k=1.0), TypeError, "k: got float"),
    (lambda: fit_small(rows(), batch=1), ValueError, "batch: got 1"),
    (lambda: fit_small(rows(), batch=24), ValueError, "batch: got 24"),
    (lambda: fit_small(rows(), sizes=(4, 2)), ValueError, "sizes: got 4 inputs, wanted 5"),
    (lambda: fit_small(rows(), rng=None), TypeError, "rng: got NoneType"),
    (lambda: fit_small(REPEATED), ValueError, "x: got a row that occurs 2 times, wanted none more than k = 1 times"),
    (lambda: coded(REPEATED), ValueError, "codes: got 6 of 26 points"),
    (lambda: fit_small(rows()).sample(0, 0), ValueError, "n: got 0"),
    (lambda: fit_small(rows()).sample(3, None), TypeError, "rng: got NoneType"),
    (lambda: frechet(rows(), rows(d=4)), ValueError, "a row of a and of b: got shapes"),
    (lambda: frechet(rows()[0], rows()), ValueError, "a: got shape"),
    (lambda: fitted_normal([["a"]]), TypeError, "z: got dtype"),
    (lambda: most_entropy(rows(), 23), ValueError, "k: got 23, wanted 1 <= k <= 22"),
    (lambda: sample_normal(fitted_normal(rows()), 0, 0), ValueError, "n: got 0"),
    (lambda: sample_normal(fitted_normal(rows()), 3, None), TypeError, "rng: got NoneType"),
    (lambda: kl_of_normalised(2.5, 1.5), TypeError, "d: got float, wanted an int"),
    (lambda: most_entropy(rows(1), 1), ValueError, "k: got 1")])
def test_bad_input_is_one_clear_error(call, kind, words):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value).startswith(words)


# The objective


def test_the_weight_may_be_a_numpy_number_and_keeps_float32():
    p, x = trees.map(lambda leaf: leaf.astype(np.float32), eae_init((5, 4, 2), 0)), rows().astype(np.float32)
    idx = neighbours(batch_norm(mlp(p.enc, x, softplus)[0])[0], 2).idx
    loss, pull = neg_objective(p, x, idx, np.float64(0.3))
    dp, dx, didx = pull(np.float32(1))
    assert dx is didx is None
    assert loss.dtype == np.float32
    assert {leaf.dtype for leaf in trees.leaves(dp)} == {np.dtype(np.float32)}


def test_without_weight_it_is_the_error_of_normalised_codes():
    p, x = eae_init((5, 4, 2), 0), rows()
    z = batch_norm(mlp(p.enc, x, softplus)[0])[0]
    want = ((mlp(p.dec, z, softplus)[0] - x) ** 2).sum(1).mean()
    assert neg_objective(p, x, neighbours(z, 1).idx, 0.0)[0] == pytest.approx(want, rel=1e-14)


def test_a_row_may_occur_as_often_as_the_order():
    found = fit_small(REPEATED, k=2)
    assert np.isfinite(found.history).all()


# Training and use


@pytest.mark.parametrize("k", [1, 3])
def test_training_codes_have_mean_0_and_variance_1_afterwards(k):
    x = rows()
    found = fit_small(x, k=k)
    z = found.encode(x)
    np.testing.assert_allclose([z.mean(0), z.var(0)], [[0, 0], [1, 1]], atol=1e-12)
    np.testing.assert_allclose(found.normal.root @ found.normal.root, np.cov(z.T, bias=True), atol=1e-12)
    assert found.decode(z).shape == x.shape
    assert found.history.shape == (3,)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    one, two, other = (fit_small(rows(), rng=rng) for rng in (0, np.random.default_rng(0), 1))
    assert all(map(np.array_equal, trees.leaves(one.p), trees.leaves(two.p)))
    assert not np.array_equal(one.p.enc[0].W, other.p.enc[0].W)
    assert np.array_equal(one.sample(4, 3), two.sample(4, np.random.default_rng(3)))


def test_samples_are_decoded_draws():
    found = fit_small(rows())
    z = np.random.default_rng(3).standard_normal((4, 2))
    assert np.array_equal(found.sample(4, 3), found.decode(z))
    assert np.array_equal(found.sample(4, 3, fitted=True), found.decode(found.normal.mean + z @ found.normal.root))


def test_entropy_grows_with_its_weight():
    x = rows(200, 5) @ np.diag([3, 1, 1, 0.1, 0.1])
    low, high = (float(knn_entropy(fit_eae(x, (5, 8, 2), lam=lam, rng=0, epochs=40, batch=50, progress=False).encode(x),
                                   5)) for lam in (0.0, 3.0))
    assert high > low


def test_a_short_batch_is_filled_up_with_other_rows():
    rng = np.random.default_rng(0)
    some = np.array([3, 1])
    full = filled(some, 5, 7, rng)
    assert np.array_equal(full[:2], some)
    assert len(set(full)) == 5
    assert set(full) <= set(range(7))
    assert filled(some, 2, 7, rng) is some


def test_folding_twice_is_folding_once():
    p, x = eae_init((5, 4, 2), 0), rows()
    once = normalised(p, x)
    for a, b in zip(trees.leaves(normalised(once, x)), trees.leaves(once), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    assert isinstance(once, EAE)


# Moments


def test_samples_of_a_normal_law_that_lies_in_a_plane_lie_there():
    z = rows(9, 2) @ [[1.0, 2, 0], [0, 1, 1]]
    drawn = sample_normal(fitted_normal(z), 50, np.random.default_rng(0))
    assert np.linalg.matrix_rank(drawn - drawn.mean(0), tol=1e-6) == 2
    assert isinstance(fitted_normal(z), Normal)


SAMPLES = arrays(float, st.tuples(st.integers(2, 9), st.just(3)), elements=st.floats(-100, 100))


@given(SAMPLES, SAMPLES)
def test_frechet_is_symmetric_and_never_negative(a, b):
    scale = 1 + (a**2).sum() + (b**2).sum()
    assert frechet(a, b) >= 0
    assert abs(frechet(a, b) - frechet(b, a)) <= 1e-7 * scale
    assert frechet(a, a[::-1]) <= 1e-12 * scale
    assert abs(frechet(a + 1, b + 1) - frechet(a, b)) <= 1e-7 * scale


@given(arrays(float, st.tuples(st.integers(3, 30), st.integers(1, 4)), elements=st.floats(-100, 100), unique=True),
       st.integers(1, 29))
@example(np.array([[0], [2.2e-162], [5.6e-163]]), 1)
@example(np.array([[1.8e-165, 1.1e-308], [2.2e-311, 4.9e-324], [3.0, -50.0], [7.0, 100.0]]), 1)
def test_no_arrangement_exceeds_the_bound(z, k):
    k = min(k, len(z) - 1)
    assert knn_entropy(z, k).value <= most_entropy(z, k) + 1e-9


# Experiments


def test_the_judge_of_the_digits_gives_eleven_numbers():
    found = experiments.judge(experiments.trained("EAE", 0.1, 0, epochs=1, hidden=(8,)), 0)
    assert found.shape == (11,)
    assert np.isfinite(found).all()


@pytest.mark.slow
def test_a_row_of_the_table_of_points():
    found = experiments.points(1, 0)
    assert 4.4 < found[0] < 4.6
    assert found[0] < found[5] < 4.9
    assert 2.7 < found[3] < 3.0


@pytest.mark.slow
def test_a_row_of_the_table_of_digits():
    found = experiments.judge(experiments.trained("EAE", 0.5, 0), 0)
    assert 1.28 < found[1] < 1.45
    assert -0.1 < found[3] < 0.35
    assert 1.35 < found[8] < 1.7
