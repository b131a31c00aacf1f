"""The public functions of chapter 4: cases that can be done by hand, bad input, and the experiments."""

import numpy as np
import pytest

from refvae import geometry
from refvae.derivations.geometry import experiments
from refvae.layers import Dense, relu, sigmoid_prime, tanh
from refvae.vae import encode, gaussian, vae_init

ONE, ROUND = np.zeros((1, 2)), np.ones((1, 2))


def test_the_unit_disc_covers_itself_and_a_point_nothing():
    assert geometry.disc_coverage(ONE, ROUND) == 1
    assert geometry.disc_coverage(ONE, 0 * ROUND) == 0
    assert geometry.disc_coverage(ONE + 3, ROUND) == 0
    assert geometry.disc_coverage(ONE, ROUND, resolution=1) == 1


def test_boundaries_do_not_belong():
    assert geometry.disc_coverage(ROUND / 2, ROUND, resolution=2) == 0.25
    z = np.array([[1, 0], [1.5, 0.5], [1.5, -0.5]])
    assert geometry.shape_of(np.vstack([z, -z])).inner == 0


def test_coverage_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    mu, sigma = rng.standard_normal((30, 2)), rng.random((30, 2)) / 3
    assert geometry.disc_coverage(mu, sigma) == geometry.disc_coverage(mu[::-1], sigma[::-1])
    assert geometry.disc_coverage(mu, sigma) == geometry.disc_coverage(mu[:, ::-1], sigma[:, ::-1])


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((np.zeros(2), np.ones(2)), ValueError, r"mu: got shape \(2,\), wanted"),
    ((np.zeros((1, 3)), np.ones((1, 3))), ValueError, r"mu: got shape \(1, 3\), wanted \(n, 2\)"),
    ((ONE, np.ones((2, 2))), ValueError, r"mu and sigma: got shapes \(1, 2\) and \(2, 2\)"),
    ((ONE, -ROUND), ValueError, r"sigma: got -1.0, wanted lengths of 0 or more"),
    ((ONE, np.nan * ROUND), ValueError, r"sigma: got 2 NaN or infinite entries"),
    ((ONE * 1j, ROUND), TypeError, r"mu: got dtype complex128"),
])
def test_bad_ellipses(arguments, error, message):
    with pytest.raises(error, match=message):
        geometry.disc_coverage(*arguments)


@pytest.mark.parametrize(("resolution", "error"), [(0, ValueError), (2.0, TypeError), (True, TypeError)])
def test_bad_resolution(resolution, error):
    with pytest.raises(error, match="resolution: got"):
        geometry.disc_coverage(ONE, ROUND, resolution=resolution)


def test_codes_that_all_agree_have_no_shape():
    with pytest.raises(ValueError, match=r"z: got a mean squared norm of 0.0"):
        geometry.shape_of(np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"reach: got 0\.0, wanted a number above 0"):
        geometry.shape_of(np.eye(2), reach=0.0)


def test_two_codes_are_a_line():
    assert geometry.shape_of(np.eye(2))[:2] == (pytest.approx(1, rel=1e-15), 0)


def test_integer_and_single_precision_codes_are_computed_in_double():
    mu, sigma = np.array([[0, 1], [1, 0]], np.uint8), np.ones((2, 2), np.float32) / 2
    assert geometry.disc_coverage(mu, sigma) == geometry.disc_coverage(mu.astype(float), sigma.astype(float))


@pytest.mark.parametrize(("curvature", "weight", "kind", "message"), [
    (1.0, 1.0, "laplace", "kind: got 'laplace', wanted 'kl' or 'naive'"),
    (1.0, 0.0, "kl", "weight: got 0.0, wanted a number above 0"),
    (1.0, np.nan, "kl", "weight: got nan, wanted a finite number above 0"),
    (-1.0, 1.0, "kl", r"curvature: got -1\.0, wanted numbers above -1\.0"),
    (-2.0, 1.0, "naive", r"curvature: got -2\.0, wanted numbers above -2\.0"),
    (np.nan, 1.0, "kl", "curvature: got nan"),
])
def test_where_there_are_no_axes(curvature, weight, kind, message):
    with pytest.raises(ValueError, match=message):
        geometry.optimal_axes(curvature, weight, kind=kind)


def test_a_flat_decoder_has_unit_circles():
    for kind in ("kl", "naive"):
        assert (geometry.optimal_axes(np.zeros(3), 0.1, kind=kind) == 1).all()


def test_the_weight_is_one_unless_said():
    assert geometry.optimal_axes(3.0) == 0.5
    assert geometry.optimal_axes(2.0, kind="naive") == 0.5


def test_a_relu_decoder_does_not_bend():
    rng = np.random.default_rng(0)
    dec = (Dense(rng.standard_normal((2, 5)), rng.standard_normal(5)), Dense(rng.standard_normal((5, 3)), np.zeros(3)))
    assert not geometry.decoder_jets(dec, rng.standard_normal((7, 2)), relu).second.any()
    assert geometry.decoder_jets(dec, rng.standard_normal((7, 2)), tanh).second.all()
    with pytest.raises(ValueError, match=r"activation: got .*wanted a key"):
        geometry.decoder_jets(dec, rng.standard_normal((7, 2)), sigmoid_prime)


@pytest.mark.parametrize(("setting", "message"), [
    ({"kind": "ridge"}, "got 'ridge', 1.0, 1.0"), ({"beta": 0.0}, "got 'kl', 0.0, 1.0"),
    ({"kind": "naive", "mu_weight": 0.0}, "got 'naive', 1.0, 0.0"), ({"beta": -1.0}, "got 'kl', -1.0"),
])
def test_bad_penalties(setting, message):
    with pytest.raises(ValueError, match=message):
        geometry.best_encoder(np.eye(3, 2), **setting)
    with pytest.raises(ValueError, match=message):
        geometry.profile_loss(np.eye(3, 2), np.eye(3), **setting)


@pytest.mark.parametrize(("k", "error"), [(0, ValueError), (4, ValueError), (1.0, TypeError)])
def test_bad_size_of_the_code(k, error):
    with pytest.raises(error, match="k: got"):
        geometry.naive_infimum(np.eye(3), k)


def test_the_infimum_of_a_diagonal_covariance():
    assert geometry.naive_infimum(np.diag([3.0, 2.0, 0.5]), 2) == pytest.approx(2.5, rel=1e-14, abs=0)
    assert geometry.naive_infimum(np.diag([3.0, 2.0, 0.5]), 3, beta=4.0) == pytest.approx(5.5, rel=1e-14, abs=0)
    with pytest.raises(ValueError, match="S and its transpose: got shapes"):
        geometry.naive_infimum(np.ones((2, 3)), 1)


def test_a_box_that_touches_the_side_is_inside():
    half = np.array([0.5])
    assert geometry.kl_uniforms(half, half, 0 * half, 2 * half) == np.log(2)
    assert geometry.kl_uniforms(half + 0.25, half, 0 * half, 2 * half) == np.inf
    with pytest.raises(ValueError, match=r"half: got 0\.0"):
        geometry.kl_uniforms(half, 0 * half, half, half)
    with pytest.raises(ValueError, match=r"half: got 0\.0"):
        geometry.kl_uniforms(half, half, half, 0 * half)
    with pytest.raises(ValueError, match="mid and half0: got shapes"):
        geometry.kl_uniforms(half, half, half, np.ones(2))


def test_standardising_twice_changes_nothing_more_and_leaves_its_input():
    p, x = vae_init((6, 5, 4, 2), 0), np.random.default_rng(1).standard_normal((9, 6))
    before = p.enc[-1].W.copy(), p.dec[0].b.copy()
    once = geometry.standardise_codes(p, x)
    twice = geometry.standardise_codes(once, x)
    mean, covariance = geometry.aggregated_moments(*encode(once.enc, x)[0])
    np.testing.assert_allclose((*mean, *np.diag(covariance)), (0, 0, 1, 1), atol=1e-14)
    assert (p.enc[-1].W == before[0]).all()
    assert (p.dec[0].b == before[1]).all()
    for a, b in zip(encode(once.enc, x)[0], encode(twice.enc, x)[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("call", [
    lambda: geometry.noisy_linear_cost(np.ones((5, 3)), np.ones((7, 3)), np.ones((7, 3)), np.ones(5)),
    lambda: geometry.noisy_linear_cost(np.ones((5, 3)), np.ones((7, 3)), np.ones((7, 3)), np.ones((7, 1))),
    lambda: geometry.noisy_linear_cost(np.ones((5, 3)), np.ones((7, 3)), np.ones((7, 1)), np.ones((7, 5))),
    lambda: geometry.profile_loss(np.ones((5, 3)), np.ones((1, 5))),
    lambda: geometry.naive_penalty(np.ones((7, 3)), np.ones((7, 1))),
    lambda: geometry.kl_uniform_normal(np.ones((7, 3)), np.ones(3)),
    lambda: geometry.decoder_jets((Dense(np.ones((3, 2)), np.ones(2)),), np.ones((7, 1)))])
def test_shapes_that_would_broadcast_wrongly_are_refused(call):
    with pytest.raises(ValueError, match=r"got shapes .* wanted equal ones|dec\[0\]: got W"):
        call()


@pytest.mark.parametrize("kind", ["uint8", "int8", "bool", "float16", "float32"])
@pytest.mark.parametrize("f", [
    lambda a: geometry.naive_penalty(a, a), lambda a: geometry.noisy_linear_cost(a, a, a, a[:, [0, 1, 1]]),
    lambda a: geometry.kl_uniform_normal(a, a), lambda a: geometry.profile_loss(a, a[:, [0, 1, 1]]),
    lambda a: geometry.best_encoder(a), lambda a: geometry.aggregated_moments(a, a),
    lambda a: (geometry.disc_coverage(a, a),), lambda a: geometry.shape_of(a), lambda a: (geometry.optimal_axes(a),),
    lambda a: (geometry.kl_uniforms(a, np.ones_like(a), a, np.ones_like(a)),),
    lambda a: geometry.decoder_jets((Dense(np.eye(2), np.ones(2)),) * 2, a),
    lambda a: geometry.noise_curvature((Dense(np.eye(2), np.ones(2)),) * 2, a, a, likelihood=gaussian(0.5)),
    lambda a: geometry.ellipse_loss(vae_init((2, 3, 2), 0), a, a)])
def test_every_kind_of_number_gives_what_float64_gives_or_is_refused(f, kind):
    a = np.array([[0, 1], [1, 0], [1, 1]], kind)
    try:
        got = f(a)
    except TypeError as error:
        assert kind == "float16"
        assert "got dtype float16, wanted float64, float32 or integers" in str(error)  # noqa: PT017
        return
    assert got[0] == pytest.approx(f(a.astype(np.float64))[0], rel=1e-5 if kind == "float32" else 1e-15)


def test_at_variance_beta_the_naive_loss_is_level():
    S = np.array([[0.7]])
    for w in (0.0, 0.3, 1.0, 30.0):
        assert geometry.profile_loss(np.array([[w]]), S, beta=0.7, kind="naive")[0] == pytest.approx(0.7, rel=1e-14)


def test_settings_that_are_numpy_floats_keep_float32():
    W, S = np.eye(3, 2, dtype=np.float32), np.eye(3, dtype=np.float32)
    loss, pull = geometry.profile_loss(W, S, beta=np.float64(0.5), kind="naive", mu_weight=np.float64(0.5))
    assert {np.asarray(loss).dtype, pull(np.float32(1))[0].dtype} == {np.dtype(np.float32)}
    cost, pull = geometry.naive_penalty(W, W, np.float64(0.5))
    assert {cost.dtype, pull(cost)[0].dtype} == {np.dtype(np.float32)}


@pytest.mark.slow
def test_coverage_is_as_the_table_says():
    covered, square, sigma, snr, error = experiments.covering("kl", 0, 50)
    assert 0.80 <= covered <= 0.98
    assert 0.85 <= square <= 1.21
    assert 0.125 <= sigma <= 0.146
    assert 36 <= snr <= 52
    assert 2.64 <= error <= 2.82
    assert 0.14 <= experiments.covering("naive", 0, 50)[0] <= 0.25
    assert experiments.covering("points", 0, 50)[0] == 0


@pytest.mark.slow
def test_axes_are_as_long_as_the_table_says():
    ratio, correlation, share, bent, _, some = experiments.axes("kl", 0, 50)
    assert 0.90 <= ratio <= 1.00
    assert 0.52 <= correlation <= 0.89
    assert share == 1
    assert 0.92 <= bent <= 1.06
    assert 0.968 <= some <= 0.991
