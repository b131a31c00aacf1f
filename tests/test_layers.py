"""Values of the layers: exact where they saturate, accurate where they are small, and the conventions at 0."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from refvae import layers
from refvae.layers import (
    Dense,
    batch_norm,
    bernoulli_nll,
    dense,
    mlp,
    mlp_grad,
    mlp_init,
    relu,
    sigmoid,
    sigmoid_prime,
    softmax_nll,
    softplus,
    squared_error,
    step,
    tanh,
    tanh_prime,
)

few = settings(max_examples=50, deadline=None, derandomize=True)
WIDE = np.concatenate([np.linspace(-700, 700, 4001), [0.0, 1e-300, -1e-17, 1e-9, -1e-9]])


def grad(layer, *args):
    """The first cotangent for a cotangent of ones; every example and entry stands alone here."""
    y, pull = layer(*args)
    got = pull(np.ones_like(y))
    return got if len(args) == 1 else got[0]


def far(got, want):
    """The largest relative error."""
    return np.max(np.abs(got - want) / np.abs(want))


# Affine map, squared error


def test_dense_by_hand():
    p = Dense(np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([10.0, 20]))
    y, pull = dense(p, np.array([[1.0, 0, 2]]))
    np.testing.assert_array_equal(y, [[21, 34]])
    dp, dx = pull(np.array([[1.0, -1]]))
    np.testing.assert_array_equal(dp.W, [[1, -1], [0, 0], [2, -2]])
    np.testing.assert_array_equal(dp.b, [1, -1])
    np.testing.assert_array_equal(dx, [[-1, -1, -1]])


def test_squared_error_by_hand():
    se, pull = squared_error(np.array([[1.0, 5], [0, 0]]), np.array([[3.0, 2], [0, -1]]))
    np.testing.assert_array_equal(se, [13, 1])
    np.testing.assert_array_equal(pull(np.array([1.0, 10]))[0], [[-4, 6], [0, 20]])


# Activations


@pytest.mark.parametrize(("got", "want"), [
    (lambda x: sigmoid(x)[0], expit),
    (lambda x: grad(sigmoid, x), lambda x: expit(x) * expit(-x)),
    (lambda x: softplus(x)[0], lambda x: np.logaddexp(0, x)),
    (lambda x: grad(softplus, x), expit),
    (lambda x: sigmoid_prime(x)[0], lambda x: expit(x) * expit(-x)),
], ids=["sigmoid", "sigmoid'", "softplus", "softplus'", "sigmoid_prime"])
def test_activations_are_accurate_wherever_they_do_not_underflow(got, want):
    assert far(got(WIDE), want(WIDE)) <= 1e-15


@pytest.mark.parametrize(("got", "want"), [
    (lambda x: grad(tanh, x), lambda x: np.cosh(x) ** -2.0),
    (lambda x: tanh_prime(x)[0], lambda x: np.cosh(x) ** -2.0),
    (lambda x: grad(tanh_prime, x), lambda x: -2 * np.tanh(x) * np.cosh(x) ** -2.0),
    (lambda x: grad(sigmoid_prime, x), lambda x: -expit(x) * expit(-x) * np.tanh(x / 2)),
], ids=["tanh'", "tanh_prime", "tanh_prime'", "sigmoid_prime'"])
def test_slopes_are_accurate_to_round_off_of_their_largest_value(got, want):
    x = np.linspace(-50, 50, 1001)
    assert np.abs(got(x) - want(x)).max() <= 1e-15  # against slopes of up to 1


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_activations_have_their_limits_at_infinity(kind):
    x = np.array([-np.inf, np.inf], kind)
    for layer, want, slope in ((relu, [0, np.inf], [0, 1]), (softplus, [0, np.inf], [0, 1]), (sigmoid, [0, 1], [0, 0]),
                               (tanh, [-1, 1], [0, 0]), (sigmoid_prime, [0, 0], [0, 0]), (tanh_prime, [0, 0], [0, 0])):
        np.testing.assert_array_equal(layer(x)[0], want)
        np.testing.assert_array_equal(grad(layer, x), slope)


@pytest.mark.parametrize("x", [800.0, 1e308])
def test_activations_saturate_exactly(x):
    x = np.array([x, -x])
    np.testing.assert_array_equal(sigmoid(x)[0], [1, 0])
    np.testing.assert_array_equal(softplus(x)[0], [x[0], 0])
    np.testing.assert_array_equal(grad(softplus, x), [1, 0])
    np.testing.assert_array_equal(tanh(x)[0], [1, -1])
    for layer in (sigmoid, tanh, sigmoid_prime, tanh_prime, step):
        np.testing.assert_array_equal(grad(layer, x), [0, 0])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_relu_and_its_slope_are_0_at_0(zero):
    x = np.array([zero, 5e-324, -5e-324])
    np.testing.assert_array_equal(relu(x)[0], [0, 5e-324, 0])
    np.testing.assert_array_equal(grad(relu, x), [0, 1, 0])
    np.testing.assert_array_equal(step(x)[0], [0, 1, 0])
    np.testing.assert_array_equal(grad(step, x), [0, 0, 0])


SMOOTH_AT_0 = pytest.mark.parametrize(("layer", "value", "slope"), [
    (sigmoid, 0.5, 0.25), (softplus, np.log(2), 0.5), (tanh, 0, 1), (sigmoid_prime, 0.25, 0), (tanh_prime, 1, 0),
])


@SMOOTH_AT_0
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_both_branches_meet_at_0(layer, value, slope, zero):
    x = np.array([zero])
    assert layer(x)[0] == value
    assert grad(layer, x) == slope
    assert (layer(x + 1e-30j)[0].imag / 1e-30).item() == pytest.approx(slope, rel=1e-15)


@SMOOTH_AT_0
@pytest.mark.parametrize("x", [1e-15, -1e-15])
def test_nothing_jumps_beside_0(layer, value, slope, x):
    x = np.array([x])
    curvature = 2.0  # no second derivative here is larger
    assert abs(layer(x)[0] - value - slope * x).item() <= 2.0 ** -53
    assert abs(grad(layer, x) - slope).item() <= curvature * abs(x).item() + 2.0 ** -53


@pytest.mark.parametrize("layer", [tanh, sigmoid, softplus, relu, tanh_prime, sigmoid_prime, step])
def test_nan_is_passed_on_and_never_hidden(layer):
    assert np.isnan(layer(np.array([np.nan, 1.0]))[0]).tolist() == [True, False]


@pytest.mark.parametrize("activation", layers.DERIVATIVE, ids=lambda f: f.__name__)
def test_the_table_of_derivatives_holds_the_slope_of_every_activation(activation):
    x = np.random.default_rng(0).standard_normal((7, 6))
    assert far(layers.DERIVATIVE[activation](x)[0] + 1, grad(activation, x) + 1) <= 1e-15


# Losses from logits


@pytest.mark.parametrize(("logit", "x", "nll", "slope"), [
    (800, 0, 800, 1), (800, 1, 0, 0), (-800, 0, 0, 0), (-800, 1, 800, -1), (0, 1, np.log(2), -0.5),
    (0, 0, np.log(2), 0.5), (800, 0.5, 400, 0.5), (-800, 0.25, 200, -0.25), (1e308, 1, 0, 0), (-1e308, 1, 1e308, -1),
])
def test_bernoulli_nll_at_saturated_logits_is_exact(logit, x, nll, slope):
    args = np.array([[float(logit)]]), np.array([[float(x)]])
    assert bernoulli_nll(*args)[0].tolist() == [nll]
    assert grad(bernoulli_nll, *args).tolist() == [[slope]]


@pytest.mark.parametrize("a", [40.0, 37.5, 100.0, 700.0])
def test_a_small_bernoulli_nll_keeps_its_digits(a):
    logits, x = np.array([[a], [-a]]), np.array([[1.0], [0.0]])
    assert far(bernoulli_nll(logits, x)[0], np.exp(-a)) <= 1e-15
    assert far(grad(bernoulli_nll, logits, x)[:, 0], np.exp(-a) * np.array([-1, 1])) <= 1e-15


def test_bernoulli_nll_sums_over_pixels():
    rng = np.random.default_rng(1)
    logits, x = rng.standard_normal((7, 6)), rng.random((7, 6))
    want = -(x * np.log(expit(logits)) + (1 - x) * np.log(expit(-logits))).sum(1)
    assert far(bernoulli_nll(logits, x)[0], want) <= 1e-14


@pytest.mark.parametrize(("label", "nll", "slope"), [(0, 0, [0, 0, 0]), (1, 800, [1, -1, 0]), (2, 1600, [1, 0, -1])])
def test_softmax_nll_at_saturated_logits_is_exact(label, nll, slope):
    args = np.array([[800.0, 0, -800]]), np.array([label])
    assert softmax_nll(*args)[0].tolist() == [nll]
    assert grad(softmax_nll, *args).tolist() == [slope]


@pytest.mark.parametrize("a", [40.0, 100.0, 700.0])
def test_a_small_softmax_nll_keeps_its_digits(a):
    args = np.array([[0.0, a, 0]]), np.array([1])
    assert far(softmax_nll(*args)[0], 2 * np.exp(-a)) <= 1e-15


@pytest.mark.parametrize("a", [40.0, 100.0, 700.0])
def test_the_gradient_of_a_small_softmax_nll_keeps_its_digits(a):
    args = np.array([[0.0, a, 0]]), np.array([1])
    assert far(grad(softmax_nll, *args), np.exp(-a) * np.array([[1, -2, 1]])) <= 1e-15


def test_softmax_nll_of_equal_logits_is_the_logarithm_of_their_number():
    nll, _ = softmax_nll(np.full((7, 6), 3.25), np.arange(7) % 6)
    assert far(nll, np.log(6)) <= 1e-15


@few
@given(st.integers(0, 2**32 - 1), st.floats(-1e3, 1e3))
def test_a_shift_of_all_logits_changes_nothing(seed, shift):
    rng = np.random.default_rng(seed)
    logits, labels = rng.standard_normal((7, 6)), rng.integers(0, 6, 7)
    got, want = softmax_nll(logits + shift, labels)[0], softmax_nll(logits, labels)[0]
    assert np.abs(got - want).max() <= 2.0 ** -52 * (abs(shift) + 10)  # the round-off of the shift itself


@few
@given(st.floats(-800, 800), st.integers(0, 1))
@example(0.0, 0)
@example(-0.0, 1)
@example(800.0, 0)
@example(5e-324, 1)
def test_softmax_nll_of_two_columns_is_bernoulli_nll(logit, label):
    two, labels = np.array([[0.0, logit]]), np.array([label])
    one, x = np.array([[logit]]), np.array([[float(label)]])
    assert softmax_nll(two, labels)[0] == pytest.approx(bernoulli_nll(one, x)[0], rel=1e-15, abs=0)
    assert grad(softmax_nll, two, labels)[0, 1] == pytest.approx(grad(bernoulli_nll, one, x)[0, 0], rel=1e-15, abs=0)


# Batch norm


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_batch_norm_has_mean_0_and_variance_1(offset):
    y, _ = batch_norm(np.random.default_rng(2).standard_normal((7, 6)) * np.arange(1, 7) + offset)
    unit = 2.0 ** -52 * (1 + offset)  # the round-off of the data, in units of their spread
    assert np.abs(y.mean(0)).max() <= 4 * unit
    assert np.abs((y * y).mean(0) - 1).max() <= 4 * unit


@few
@given(st.integers(0, 2**32 - 1), st.integers(-40, 40))
def test_batch_norm_forgets_a_power_of_two_bit_for_bit(seed, j):
    rng = np.random.default_rng(seed)
    x, dy = rng.standard_normal((7, 6)), rng.standard_normal((7, 6))
    (y, pull), (scaled, pull_scaled) = batch_norm(x), batch_norm(2.0 ** j * x)
    np.testing.assert_array_equal(scaled, y)
    np.testing.assert_array_equal(pull_scaled(dy), 2.0 ** -j * pull(dy))


def test_batch_norm_annihilates_ones_and_itself():
    y, pull = batch_norm(np.random.default_rng(3).standard_normal((7, 6)))
    size = np.abs(pull(np.random.default_rng(4).standard_normal((7, 6)))).max()
    assert np.abs(pull(np.ones_like(y))).max() <= 1e-15 * size * 7
    assert np.abs(pull(y)).max() <= 1e-15 * size * 7


def test_eps_bounds_the_gain_of_a_constant_column():
    x = np.full((7, 3), 2.0)
    y, pull = batch_norm(x, eps=1e-4)
    dy = np.random.default_rng(5).standard_normal((7, 3))
    np.testing.assert_array_equal(y, np.zeros((7, 3)))
    assert far(pull(dy), 100 * (dy - dy.mean(0))) <= 1e-14


def test_eps_enters_the_variance():
    x = np.random.default_rng(6).standard_normal((7, 6))
    assert far(batch_norm(x, eps=0.5)[0], (x - x.mean(0)) / np.sqrt(x.var(0) + 0.5)) <= 1e-14


# Multilayer perceptron


def test_mlp_init_has_the_shapes_asked_for():
    p = mlp_init([6, 8, 3, 1], 0)
    assert [type(q) for q in p] == [Dense] * 3
    assert [(q.W.shape, q.b.shape) for q in p] == [((6, 8), (8,)), ((8, 3), (3,)), ((3, 1), (1,))]
    assert all(q.W.dtype == q.b.dtype == np.float64 for q in p)
    assert not any(q.b.any() for q in p)


def test_mlp_init_keeps_the_variance_of_its_input():
    w = mlp_init([400, 300], 1)[0].W
    assert abs(np.mean(w ** 2) * 400 - 1) < 6.1 * np.sqrt(2 / w.size)  # 6.1 standard errors
    assert abs(np.mean(w)) < 6.1 / np.sqrt(400 * w.size)


def test_mlp_init_draws_from_its_generator_alone():
    a, b, c = mlp_init([6, 8, 3], 7), mlp_init((6, np.int64(8), 3), np.random.default_rng(7)), mlp_init([6, 8, 3], 8)
    for p, q, r in zip(a, b, c, strict=True):
        np.testing.assert_array_equal(p.W, q.W)
        assert not np.any(p.W == r.W)
    rng = np.random.default_rng(7)
    assert not np.any(mlp_init([6, 3], rng)[0].W == mlp_init([6, 3], rng)[0].W)


GENERATOR = "wanted a numpy Generator or an int >= 0$"


@pytest.mark.parametrize(("sizes", "rng", "error", "message"), [
    ([], 0, ValueError, r"sizes: got \[\], wanted at least two"),
    ([6], 0, ValueError, r"sizes: got \[6\], wanted at least two"),
    ([6, 0], 0, ValueError, "size: got 0, wanted size >= 1$"),
    ([-6, 3], 0, ValueError, "size: got -6, wanted size >= 1$"),
    ([6, 2.5], 0, TypeError, "size: got float, wanted an int"),
    ([6, True], 0, TypeError, "size: got bool, wanted an int"),
    ([6, "3"], 0, TypeError, "size: got str, wanted an int"),
    ([6, 3], None, TypeError, f"rng: got NoneType, {GENERATOR}"),
    ([6, 3], np.random, TypeError, f"rng: got module, {GENERATOR}"),
    ([6, 3], np.random.RandomState(0), TypeError, f"rng: got RandomState, {GENERATOR}"),
    ([6, 3], 0.0, TypeError, f"rng: got float, {GENERATOR}"),
    ([6, 3], -1, ValueError, "rng: got -1, wanted rng >= 0$"),
])
def test_mlp_init_refuses(sizes, rng, error, message):
    with pytest.raises(error, match="^" + message):
        mlp_init(sizes, rng)


@pytest.mark.parametrize("activation", layers.DERIVATIVE, ids=lambda f: f.__name__)
def test_mlp_and_its_input_gradient_by_hand(activation):
    rng = np.random.default_rng(9)
    first = Dense(rng.standard_normal((6, 8)), rng.standard_normal(8))
    last = Dense(rng.standard_normal((8, 3)), np.ones(3))
    x = rng.standard_normal((7, 6))
    a = x @ first.W + first.b
    assert far(mlp((first, last), x, activation)[0], activation(a)[0] @ last.W + 1) <= 1e-12  # sums may cancel
    want = (last.W.sum(1) * grad(activation, a)) @ first.W.T
    assert far(mlp_grad((first, last), x, activation)[0], want) <= 1e-12
    assert far(mlp_grad((first, last), x, activation)[0], grad_of_x((first, last), x, activation)) <= 1e-12


def grad_of_x(p, x, activation):
    """The input gradient of the summed output, from the pull of mlp."""
    y, pull = mlp(p, x, activation)
    return pull(np.ones_like(y))[1]


def test_the_activation_is_tanh_unless_another_is_asked_for():
    p, x = mlp_init([6, 8, 3], 0), np.random.default_rng(10).standard_normal((7, 6))
    np.testing.assert_array_equal(mlp(p, x)[0], mlp(p, x, tanh)[0])
    np.testing.assert_array_equal(mlp_grad(p, x)[0], mlp_grad(p, x, tanh)[0])
    assert np.any(mlp(p, x)[0] != mlp(p, x, softplus)[0])


def test_the_input_gradient_of_an_affine_map_is_the_same_everywhere():
    p = (Dense(np.arange(18.0).reshape(6, 3), np.ones(3)),)
    s, pull = mlp_grad(p, np.random.default_rng(11).standard_normal((7, 6)))
    np.testing.assert_array_equal(s, np.tile(p[0].W.sum(1), (7, 1)))
    np.testing.assert_array_equal(pull(np.ones_like(s))[1], np.zeros((7, 6)))


def test_the_input_gradient_with_relu_is_locally_constant():
    p, x = mlp_init([6, 8, 3], 0), np.random.default_rng(12).standard_normal((7, 6))
    s, pull = mlp_grad(p, x, relu)
    assert np.any(s != 0)
    np.testing.assert_array_equal(pull(np.ones_like(s))[1], np.zeros((7, 6)))


def test_an_activation_without_a_derivative_layer_is_refused():
    p = mlp_init((3, 2, 1), 0)
    with pytest.raises(ValueError, match=r"activation: got .*, wanted a key of refvae.layers.DERIVATIVE"):
        mlp_grad(p, np.ones((4, 3)), np.tanh)
