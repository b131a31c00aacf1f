"""The checks accept right gradients, reject every named wrong version, and say so where they can see nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest

from refvae import check, layers, trees
from refvae.check import GradientError, check_gradient, check_layer, numeric
from refvae.check import legs as methods
from refvae.check import problem as problems
from refvae.check import report as reports
from refvae.check.problem import Problem
from refvae.layers import (
    Dense,
    batch_norm,
    bernoulli_nll,
    dense,
    mlp,
    mlp_grad,
    relu,
    sigmoid,
    softmax_nll,
    softplus,
    squared_error,
    tanh,
)

RNG = np.random.default_rng(20)
X = RNG.standard_normal((7, 6))
Y = RNG.standard_normal((7, 6))
GREY = RNG.random((7, 6))
LABELS = RNG.integers(0, 6, 7)
EPS = RNG.standard_normal((7, 3))
MU, LOGVAR = RNG.standard_normal((7, 3)), RNG.standard_normal((7, 3))
P = Dense(RNG.standard_normal((6, 3)), RNG.standard_normal(3))
SQUARE = Dense(RNG.standard_normal((6, 6)), RNG.standard_normal(6))
NET = (Dense(RNG.standard_normal((6, 8)), RNG.standard_normal(8)), P._replace(W=RNG.standard_normal((8, 3))))
SQUARES = (SQUARE, Dense(RNG.standard_normal((6, 6)), RNG.standard_normal(6)))


# Layers of this file


def reparametrise(mu, logvar, eps_frozen):
    """A sample of the normal with mean mu and log-variance logvar, from frozen noise."""
    sigma = np.exp(logvar / 2)
    return mu + sigma * eps_frozen, lambda dz: (dz, dz * eps_frozen * sigma / 2, None)


def kl(mu, logvar):
    """KL of that normal from the standard normal, one number per example."""
    def pull(dkl):
        return dkl[:, None] * mu, dkl[:, None] * (np.exp(logvar) - 1) / 2

    return (mu * mu + np.exp(logvar) - logvar - 1).sum(1) / 2, pull


def forked(x):
    """tanh(x) + sigmoid(x): a value with two uses."""
    (a, pull_a), (b, pull_b) = tanh(x), sigmoid(x)
    return a + b, lambda dy: pull_a(dy) + pull_b(dy)


def normed(p, x):
    """Batch norm of an affine map: its bias has no effect."""
    a, pull_dense = dense(p, x)
    y, pull_norm = batch_norm(a)
    return y, lambda dy: pull_dense(pull_norm(dy))


# Faults: the right value, and a wrong pull


def wrong(layer, fault):
    """The layer with a wrong pull: fault(cotangents, dy, *args) in place of the right cotangents."""
    @wraps(layer)
    def faulty(*args):
        y, pull = layer(*args)
        return y, lambda dy: fault(pull(dy), dy, *args)

    return faulty


def slope(layer, derivative):
    """An elementwise layer whose derivative somebody takes to be derivative(x)."""
    return wrong(layer, lambda _, dy, x: dy * derivative(x))


def smallest_flipped(dx, *_):
    """The cotangent with the sign of its smallest entry flipped."""
    at = np.unravel_index(np.argmin(np.abs(dx)), dx.shape)
    return np.where(np.arange(dx.size).reshape(dx.shape) == np.ravel_multi_index(at, dx.shape), -dx, dx)


def bias_entry_off(d, *_):
    """The last bias off by 1 %."""
    (dp, dx) = d
    return dp._replace(b=dp.b * [1, 1, 1.01]), dx


def norm_without(*terms):
    """The cotangent of batch norm with only the named terms of 1, mean, xhat."""
    def fault(_, dy, x):
        sigma = x.std(0)
        y = (x - x.mean(0)) / sigma
        parts = {"dy": dy, "mean": -dy.mean(0), "xhat": -y * (dy * y).mean(0)}
        return sum(parts[term] for term in terms) / sigma

    return wrong(batch_norm, fault)


def mlp_grad_without_curvature(p, x):
    """mlp_grad whose pull takes the slopes phi' for constants."""
    constant = lambda a: (sigmoid(a)[0], lambda dy: 0 * dy)
    with mock.patch.dict(layers.DERIVATIVE, {softplus: constant}):
        return mlp_grad(p, x, softplus)


def forward_order(p, x):
    """mlp of two square layers whose pulls run in the order of the forward pass."""
    y, _ = mlp(p, x)
    a, pull_first = dense(p[0], x)
    h, pull_tanh = tanh(a)

    def pull(dy):
        dfirst, da = pull_first(dy)
        dlast, dx = dense(p[1], h)[1](pull_tanh(da))
        return (dfirst, dlast), dx

    return y, pull


def stale():
    """tanh whose pull answers with its previous answer."""
    last = []

    def fault(dx, *_):
        last.append(dx)
        return last[-2] if len(last) > 1 else dx

    return wrong(tanh, fault)


def hot(labels):
    """One-hot rows."""
    return np.eye(6)[labels]


def softmax(logits):
    """Probabilities, row by row."""
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


class Fault(NamedTuple):
    """A wrong version of a right layer, the arguments to check both at, and the block where the fault is worst."""

    right: Callable[..., Any]
    wrong: Callable[..., Any]
    args: tuple[Any, ...]
    block: str


def softplus_mlp_grad(p, x):
    """mlp_grad with a curved activation."""
    return mlp_grad(p, x, softplus)


FAULTS = {
    "mlp_grad without phi''": Fault(softplus_mlp_grad, mlp_grad_without_curvature, (NET, X), "p[0].b"),
    "halved logvar gradient of a sample": Fault(
        reparametrise, wrong(reparametrise, lambda d, *_: (d[0], d[1] / 2, None)), (MU, LOGVAR, EPS), "logvar"),
    "halved logvar gradient of the KL": Fault(
        kl, wrong(kl, lambda d, *_: (d[0], d[1] / 2)), (MU, LOGVAR), "logvar"),
    "KL without the -1 of the logvar": Fault(
        kl, wrong(kl, lambda d, dkl, mu, logvar: (d[0], dkl[:, None] * np.exp(logvar) / 2)), (MU, LOGVAR), "logvar"),
    "exp(logvar) used as sigma": Fault(
        reparametrise, wrong(reparametrise, lambda d, dz, _, logvar, eps: (d[0], dz * eps * np.exp(logvar) / 2, None)),
        (MU, LOGVAR, EPS), "logvar"),
    "lost transpose, square": Fault(
        dense, wrong(dense, lambda d, dy, p, _: (d[0], dy @ p.W)), (SQUARE, X), "x"),
    "transposed weights, square": Fault(
        dense, wrong(dense, lambda d, *_: (d[0]._replace(W=d[0].W.T), d[1])), (SQUARE, X), "p.W"),
    "bias summed over the wrong axis, square": Fault(
        dense, wrong(dense, lambda d, dy, *_: (d[0]._replace(b=dy.sum(1)), d[1])), (SQUARE, X[:6]), "p.b"),
    "bias averaged over the batch": Fault(
        dense, wrong(dense, lambda d, dy, *_: (d[0]._replace(b=dy.mean(0)), d[1])), (P, X), "p.b"),
    "cotangent of the weights forgotten": Fault(
        dense, wrong(dense, lambda d, *_: (d[0]._replace(W=0 * d[0].W), d[1])), (P, X), "p.W"),
    "one bias entry off by 1 %": Fault(dense, wrong(dense, bias_entry_off), (P, X), "p.b"),
    "batch norm without its x-hat term": Fault(batch_norm, norm_without("dy", "mean"), (X,), "x"),
    "batch norm without its mean term": Fault(batch_norm, norm_without("dy", "xhat"), (X,), "x"),
    "batch norm as if the statistics were constants": Fault(batch_norm, norm_without("dy"), (X,), "x"),
    "sign of the smallest entry flipped": Fault(tanh, wrong(tanh, smallest_flipped), (X,), "x"),
    "factor 1 + 2e-6": Fault(tanh, wrong(tanh, lambda dx, *_: (1 + 2e-6) * dx), (X,), "x"),
    "factor 1 + 1e-11": Fault(tanh, wrong(tanh, lambda dx, *_: (1 + 1e-11) * dx), (X,), "x"),
    "factor 1.0005": Fault(tanh, wrong(tanh, lambda dx, *_: 1.0005 * dx), (X,), "x"),
    "zero cotangent": Fault(tanh, wrong(tanh, lambda dx, *_: 0 * dx), (X,), "x"),
    "NaN in the cotangent": Fault(tanh, wrong(tanh, lambda dx, *_: np.where(dx == dx[3, 2], np.nan, dx)), (X,), "x"),
    "cotangent dy taken for ones": Fault(tanh, wrong(tanh, lambda dx, dy, _: dx / dy), (X,), "x"),
    "tanh' = 1 - y": Fault(tanh, slope(tanh, lambda x: 1 - np.tanh(x)), (X,), "x"),
    "sigmoid' = y": Fault(sigmoid, slope(sigmoid, lambda x: sigmoid(x)[0]), (X,), "x"),
    "softplus' = tanh": Fault(softplus, slope(softplus, np.tanh), (X,), "x"),
    "relu' = 1": Fault(relu, slope(relu, np.ones_like), (X,), "x"),
    "squared error without the 2": Fault(
        squared_error, wrong(squared_error, lambda d, *_: (d[0] / 2, d[1])), (X, Y), "xhat"),
    "cotangent of x with the wrong sign": Fault(
        squared_error, wrong(squared_error, lambda d, *_: (d[0], -d[1])), (X, Y), "x"),
    "softmax without subtracting the one-hot": Fault(
        softmax_nll, wrong(softmax_nll, lambda d, dnll, a, _: (dnll[:, None] * softmax(a), None)), (X, LABELS),
        "logits"),
    "softmax with the one-hot in the wrong column": Fault(
        softmax_nll, wrong(softmax_nll, lambda d, dnll, a, k: (dnll[:, None] * (softmax(a) - hot(k - 1)), None)),
        (X, LABELS), "logits"),
    "Bernoulli gradient without -x": Fault(
        bernoulli_nll, wrong(bernoulli_nll, lambda d, dnll, a, _: (dnll[:, None] * sigmoid(a)[0], d[1])), (X, GREY),
        "logits"),
    "cotangents swapped between arguments of equal shape": Fault(
        bernoulli_nll, wrong(bernoulli_nll, lambda d, *_: d[::-1]), (X, GREY), "logits or x"),
    "pulls composed in forward order": Fault(mlp, forward_order, (SQUARES, X), "p[1].b"),
    "gradient of only one of two uses": Fault(forked, wrong(forked, lambda d, dy, x: tanh(x)[1](dy)), (X,), "x"),
    "stale cotangent": Fault(tanh, stale(), (X,), "x"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_right_layer_passes(fault):
    zero = ("p[1].b",) if fault.right is softplus_mlp_grad else ()
    report = check_layer(fault.right, fault.args, zero=zero).raise_for_status()
    assert report.method == "complex step"
    assert report.error < 1e-13


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_wrong_layer_fails_and_the_message_names_the_block(fault):
    report = check_layer(fault.wrong, fault.args)
    assert report.status == "FAIL"
    assert report.block in fault.block.split(" or ")
    with pytest.raises(GradientError, match=rf"^FAIL: worst block {re.escape(report.block)}, relative error"):
        report.raise_for_status()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_luck_of_the_draw_lets_a_wrong_layer_through(fault, seed):
    assert check_layer(fault.wrong, fault.args, rng=seed).status == "FAIL"


def test_the_faults_are_many():
    assert len(FAULTS) >= 25


SHAPES = {
    "lost transpose": (wrong(dense, lambda d, dy, p, _: (d[0], dy @ p.W)), "matmul"),
    "transposed weights": (wrong(dense, lambda d, *_: (d[0]._replace(W=d[0].W.T), d[1])), r"got shapes \[\(3, 6\), "),
    "bias summed over the wrong axis": (
        wrong(dense, lambda d, dy, *_: (d[0]._replace(b=dy.sum(1)), d[1])), r"got shapes \[\(6, 3\), \(7,\), "),
    "bias not summed": (wrong(dense, lambda d, dy, *_: (d[0]._replace(b=dy), d[1])), r"got shapes \[.*\(7, 3\), \(7"),
    "bias kept as a row": (
        wrong(dense, lambda d, dy, *_: (d[0]._replace(b=dy.sum(0, keepdims=True)), d[1])), r"\(1, 3\)"),
    "cotangents in the wrong order": (wrong(dense, lambda d, *_: d[::-1]),
                                      r"^pull: got an array for p, wanted a tuple of 2$"),
    "no cotangent for a float": (wrong(dense, lambda d, *_: (d[0], None)), r"got shapes \[\(6, 3\), \(3,\)\], wanted"),
    "too few cotangents": (wrong(dense, lambda d, *_: d[:1]), "pull: got 1 cotangents, wanted one for each of 2"),
    "too many cotangents": (wrong(dense, lambda d, *_: (*d, d[1])), "pull: got 3 cotangents, wanted one for each of 2"),
}


@pytest.mark.parametrize(("layer", "message"), SHAPES.values(), ids=SHAPES)
def test_a_cotangent_of_another_shape_is_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        check_layer(layer, (P, X))


# Gradients of scalar functions


def cubes(p):
    """A loss of a tree."""
    return np.sum(p[0].W ** 3) + np.sum(p[0].b ** 2) * np.sum(p[1])


def cubes_gradient(p):
    """Its gradient."""
    return Dense(3 * p[0].W ** 2, 2 * p[0].b * np.sum(p[1])), np.full_like(p[1], np.sum(p[0].b ** 2))


POINT = (P, RNG.standard_normal(5))
LOSSES = {
    "zero gradient of a small loss": lambda g: 0 * g,
    "sign flipped of a small loss": lambda g: -g,
    "factor 1 + 2e-6 of a small loss": lambda g: (1 + 2e-6) * g,
    "one entry off by 1 % of a small loss": lambda g: g * np.array([1, 1, 1.01, 1, 1, 1]),
    "infinite gradient": lambda g: g * np.inf,
}


@pytest.mark.parametrize("size", [1e-150, 1e-6, 1.0, 1e6, 1e150])
@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES)
def test_no_size_of_the_loss_hides_a_fault(fault, size):
    loss = lambda x: size * np.sum(np.exp(x) / 7)
    right = lambda x: size * np.exp(x) / 7
    assert check_gradient(loss, X[0], right).raise_for_status().error < 1e-13
    report = check_gradient(loss, X[0], lambda x: fault(right(x)))
    with pytest.raises(GradientError, match=r"^FAIL: worst block x, "):
        report.raise_for_status()


def test_a_tree_is_checked_block_by_block():
    report = check_gradient(cubes, POINT, cubes_gradient).raise_for_status()
    assert [block.name for block in report.blocks] == ["[0].W", "[0].b", "[1]"]
    assert [block.status for block in report.blocks] == ["PASS"] * 3


def test_the_worst_entry_is_named():
    def gradient(p):
        first, second = cubes_gradient(p)
        first.W[3, 2] *= -1
        first.W[1, 1] *= 1.01
        return first, second

    report = check_gradient(lambda p: cubes(p[0]), (POINT,), lambda p: (gradient(p[0]),))
    assert report.block == "[0][0].W"
    assert report.entry == "[0][0].W[3, 2]"
    assert report.got == -3 * P.W[3, 2] ** 2
    assert report.want == pytest.approx(3 * P.W[3, 2] ** 2, rel=1e-15)
    assert [block.status for block in report.blocks] == ["FAIL", "PASS", "PASS"]


def test_the_worst_entry_of_a_layer_is_named_after_its_argument():
    def fault(d, *_):
        d[0][0].W[3, 2] *= 1.5
        return d

    report = check_layer(wrong(mlp, fault), (NET, X))
    assert (report.block, report.entry) == ("p[0].W", "p[0].W[3, 2]")
    assert report.got == pytest.approx(1.5 * report.want, rel=1e-13)
    assert "worst entry p[0].W[3, 2]: got" in str(report)


def test_an_array_is_a_gradient_at_one_point():
    report = check_gradient(lambda x: np.sum(x ** 3), X, 3 * X ** 2)
    assert report.status == "PASS"
    assert "line integral" not in [leg.method for leg in report.legs]
    assert check_gradient(lambda x: np.sum(x ** 3), X, 3.00001 * X ** 2).status == "FAIL"


def test_a_lone_number_is_a_point():
    assert check_gradient(lambda x: x ** 3, 2.0, lambda x: 3 * x ** 2).entry == "x"
    assert check_gradient(lambda x: x ** 3, 2.0, 12.0).status == "PASS"
    assert check_gradient(lambda x: x ** 3, 2.0, 12.001).status == "FAIL"


def test_a_gradient_wrong_away_from_x_only_is_caught_by_the_line_integral():
    right = lambda x: 3 * x ** 2
    report = check_gradient(lambda x: np.sum(x ** 3), X[0], lambda x: right(x) + 1e-6 * (x - X[0]) ** 2)
    assert report.error < 1e-15
    assert [leg.method for leg in report.legs if leg.status == "FAIL"] == ["line integral"]
    assert report.status == "FAIL"


def test_a_wrong_objective_with_a_consistent_gradient_passes():
    doubled = lambda mu, logvar: (2 * kl(mu, logvar)[0], lambda dkl: kl(mu, logvar)[1](2 * dkl))
    assert check_layer(doubled, (MU, LOGVAR)).status == "PASS"


# Methods, and why they were chosen


class Real(NamedTuple):
    """A function that complex numbers do not suit, its gradient, and the reason to expect."""

    f: Callable[..., Any]
    grad: Callable[..., Any]
    why: str


REFUSES, GIVES_REAL, DIFFERS = "refuses complex numbers", "real value for complex input", "is not the real slope"
REAL = {
    "norm": Real(np.linalg.norm, lambda x: x / np.linalg.norm(x), GIVES_REAL),
    "var": Real(np.var, lambda x: 2 * (x - x.mean()) / x.size, GIVES_REAL),
    "abs, far from 0": Real(lambda x: np.sum(np.abs(x) ** 3), lambda x: 3 * x * np.abs(x), GIVES_REAL),
    "real part": Real(lambda x: np.sum(x.real ** 3), lambda x: 3 * x ** 2, GIVES_REAL),
    "conjugate": Real(lambda x: np.vdot(x, x), lambda x: 2 * x, DIFFERS),
    "a term with a norm": Real(lambda x: np.sum(x ** 3) + np.linalg.norm(x),
                               lambda x: 3 * x ** 2 + x / np.linalg.norm(x), DIFFERS),
    "one use of two cut off": Real(lambda x: np.sum(x * x.real), lambda x: 2 * x, DIFFERS),
    "hypot": Real(lambda x: np.sum(np.hypot(x, 2)), lambda x: x / np.hypot(x, 2), REFUSES),
    "logaddexp": Real(lambda x: np.sum(np.logaddexp(x, 0)), lambda x: 1 / (1 + np.exp(-x)), REFUSES),
    "cast to an array of floats": Real(lambda x: np.sum(np.asarray(x, float) ** 3), lambda x: 3 * x ** 2, REFUSES),
    "cast with astype": Real(lambda x: np.sum(x.astype(float) ** 3), lambda x: 3 * x ** 2, REFUSES),
    "cast to a float": Real(lambda x: float(np.sum(x ** 3)), lambda x: 3 * x ** 2, REFUSES),
    "written into an array of floats": Real(lambda x: np.sum(np.power(x, 3, out=np.empty(x.shape))),
                                            lambda x: 3 * x ** 2, REFUSES),
}


@pytest.mark.parametrize("real", REAL.values(), ids=REAL)
def test_real_differences_where_the_complex_step_is_not_to_be_trusted(real):
    report = check_gradient(real.f, X[0], real.grad).raise_for_status()
    assert report.method == "real differences"
    assert real.why in report.why
    assert report.error < 1e-11  # differences of six values lose three or four digits


@pytest.mark.parametrize("real", REAL.values(), ids=REAL)
def test_real_differences_still_reject(real):
    report = check_gradient(real.f, X[0], lambda x: (1 + 2e-6) * real.grad(x))
    assert report.method == "real differences"
    assert report.status == "FAIL"


def test_layers_fall_back_too():
    norm = lambda x: (np.linalg.norm(x, axis=1), lambda dy: (dy / np.linalg.norm(x, axis=1))[:, None] * x)
    assert check_layer(norm, (X,)).raise_for_status().method == "real differences"
    assert check_layer(wrong(norm, lambda dx, *_: (1 + 2e-6) * dx), (X,)).status == "FAIL"


def test_an_error_of_the_function_itself_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        check_gradient(lambda x: 1 // 0, X, lambda x: x)


@pytest.mark.parametrize("weight", [1e-3, 1e-5, 1e-7])
def test_a_silently_non_analytic_term_however_small_is_seen(weight):
    loss = lambda x: np.sum(x ** 4) + weight * np.linalg.norm(x)
    right = lambda x: 4 * x ** 3 + weight * x / np.linalg.norm(x)
    assert check_gradient(loss, X[0], lambda x: 4 * x ** 3).status == "FAIL"
    assert check_gradient(loss, X[0], right).status != "FAIL"


# Kinks


def weighted_relu(x):
    """A sum of positive parts."""
    return np.sum(relu(x)[0] * [1, -2, 3, 4, 5, 6])


def weighted_relu_gradient(x):
    """Its gradient."""
    return relu(x)[1](np.array([1, -2, 3, 4, 5, 6.0]))


def beside(distance):
    """A point with one coordinate at that distance from 0."""
    return np.array([0.7, distance, -1.1, 0.4, -0.3, 1.9])


@pytest.mark.parametrize("branches", [None, lambda x: x > 0])
def test_a_kink_at_x_is_no_point_to_check(branches):
    report = check_gradient(weighted_relu, beside(0.0), weighted_relu_gradient, branches=branches)
    assert report.status == "KINK"
    with pytest.raises(GradientError, match="no derivative here"):
        report.raise_for_status()


@pytest.mark.parametrize("branches", [None, lambda x: x > 0])
def test_a_kink_of_a_layer_at_x(branches):
    assert check_layer(relu, (beside(0.0)[None],), branches=branches).status == "KINK"


@pytest.mark.parametrize(("f", "gradient", "x"), [
    (lambda x: np.sum(np.abs(x)), np.sign, beside(0.0)),
    (np.max, lambda x: (np.arange(3) == np.argmax(x)) * 1.0, np.array([1.5, 0.3, 1.5])),
    (lambda x: x[np.argmax(x.real)] ** 2, lambda x: (np.arange(3) == np.argmax(x)) * 2 * x, np.array([1.5, 0.3, 1.5])),
], ids=["abs", "max of two equal ones", "argmax of two equal ones"])
@pytest.mark.parametrize("seed", range(5))
def test_kinks_nobody_named(f, gradient, x, seed):
    assert check_gradient(f, x, gradient, rng=seed).status == "KINK"


@pytest.mark.parametrize("branches", [None, lambda x: x > 0])
@pytest.mark.parametrize("distance", [s * d for d in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6) for s in (1, -1)])
def test_a_kink_near_x_is_passed_by(distance, branches):
    check = lambda factor: check_gradient(weighted_relu, beside(distance),
                                          lambda x: factor * weighted_relu_gradient(x), branches=branches)
    assert check(1).raise_for_status().method == "complex step"
    assert check(1 + 2e-6).status == "FAIL"


@pytest.mark.parametrize("distance", [s * d for d in (1e-1, 1e-2, 1e-3, 1e-4) for s in (1, -1)])
def test_a_kink_near_x_is_passed_by_in_real_differences(distance):
    f, gradient = lambda x: np.sum(np.abs(x) * X[0]), lambda x: np.sign(x) * X[0]
    assert check_gradient(f, beside(distance), gradient).raise_for_status().method == "real differences"
    assert check_gradient(f, beside(distance), lambda x: (1 + 2e-6) * gradient(x)).status == "FAIL"


@pytest.mark.parametrize("distance", [1e-5, 1e-6, 1e-7, 1e-9, 1e-12])
def test_however_near_the_kink_a_right_gradient_does_not_fail_nor_a_wrong_one_pass(distance):
    f, gradient = lambda x: np.sum(np.abs(x) * X[0]), lambda x: np.sign(x) * X[0]
    assert check_gradient(f, beside(distance), gradient).status in ("PASS", "KINK", "INCONCLUSIVE")
    assert check_gradient(f, beside(distance), lambda x: 1.01 * gradient(x)).status != "PASS"


@pytest.mark.parametrize("distance", [1e-7, 1e-8])
def test_named_branches_settle_what_is_a_kink(distance):
    report = check_gradient(weighted_relu, beside(distance), weighted_relu_gradient, branches=lambda x: x > 0)
    assert report.status == "PASS"


@pytest.mark.parametrize("branches", [None, lambda x: x > 0])
def test_no_other_method_is_asked_at_a_kink(branches):
    at = beside(0.0)
    for report in (check_gradient(weighted_relu, at, weighted_relu_gradient, branches=branches),
                   check_layer(relu, (at[None],), branches=branches)):
        assert [leg.status for leg in report.legs] == ["KINK"]
        assert report.why == "the function takes complex numbers; at a kink no derivative can be compared"
        assert f"because {report.why}\n" in str(report)
        assert "agrees" not in str(report)
    beyond = check_layer(relu, (beside(0.1)[None],), branches=branches)
    assert len(beyond.legs) == 3
    assert "kink" not in beyond.why


# Nothing to see, and zeros by theorem


def test_a_constant_function_is_inconclusive():
    report = check_gradient(lambda x: 3.0 + 0 * np.sum(x), X, lambda x: 0 * x)
    assert (report.status, report.note) == ("INCONCLUSIVE", "")
    with pytest.raises(GradientError, match=r"^INCONCLUSIVE: worst block x"):
        report.raise_for_status()
    assert f"  x: INCONCLUSIVE, {HINT.format('x')}\n" in str(report)


HINT = 'both gradients are below the noise; if it is zero by a theorem, declare zero=("{}",)'


def test_an_inconclusive_block_says_how_to_declare_it_zero():
    report = check_layer(normed, (P, X))
    assert f"\n  p.b: INCONCLUSIVE, {HINT.format('p.b')}\n" in str(report)
    assert str(report).count("declare") == 1
    declared = re.search(r'zero=\("(.*)",\)', str(report))[1]
    assert "declare" not in str(check_layer(normed, (P, X), zero=(declared,)).raise_for_status())


def test_one_name_may_be_declared_zero_as_a_string():
    assert repr(check_layer(normed, (P, X), zero="p.b")) == repr(check_layer(normed, (P, X), zero=("p.b",)))
    assert check_layer(normed, (P, X), zero="p.b").status == "PASS"
    assert check_gradient(lambda x: 3.0 + 0 * np.sum(x), X, lambda x: 0 * x, zero="x").status == "PASS"
    assert check_layer(dense, (P, X), zero="p.b").status == "FAIL"
    with pytest.raises(ValueError, match=r"^zero: got \['p\.c'\], wanted names among"):
        check_layer(normed, (P, X), zero="p.c")


def test_the_bias_before_batch_norm_is_inconclusive_unless_it_is_declared_zero():
    report = check_layer(normed, (P, X))
    assert report.status == "INCONCLUSIVE"
    assert [block.name for block in report.blocks if block.status != "PASS"] == ["p.b"]
    assert check_layer(normed, (P, X), zero=("p.b",)).status == "PASS"


@pytest.mark.parametrize("size", [1e-9, 1e-6, 1.0])
@pytest.mark.parametrize("zero", [(), ("p.b",)])
def test_a_gradient_where_there_is_none_fails(size, zero):
    fault = lambda d, *_: (d[0]._replace(b=d[0].b + size * np.linalg.norm(d[0].W)), d[1])
    report = check_layer(wrong(normed, fault), (P, X), zero=zero)
    assert report.status == "FAIL"
    assert report.block == "p.b"


def test_an_unsettled_block_does_not_hide_a_failed_one():
    fault = lambda d, *_: (d[0]._replace(W=1.01 * d[0].W), d[1])
    with pytest.raises(GradientError, match=r"^FAIL: worst block p\.W"):
        check_layer(wrong(normed, fault), (P, X)).raise_for_status()


def test_a_block_that_is_not_zero_is_not_passed_as_zero():
    assert check_layer(dense, (P, X), zero=("p.b",)).status == "FAIL"


def test_every_block_may_be_zero():
    constant = lambda x: (1 + 0 * x.sum(1), lambda dy: np.zeros_like(x))
    assert check_layer(constant, (X,), zero=("x",)).status == "PASS"
    assert check_layer(wrong(constant, lambda dx, *_: dx + 1e-9), (X,), zero=("x",)).status == "FAIL"


@pytest.mark.parametrize("zero", [("b",), ("p",), ("p.b", "p.c")])
def test_an_unknown_name_is_refused(zero):
    unknown = sorted(set(zero) - {"p.b"})
    with pytest.raises(ValueError, match=re.escape(f"zero: got {unknown}, wanted names among ['p.W', 'p.b', 'x']")):
        check_layer(normed, (P, X), zero=zero)


# What is refused before any verdict


BAD = {
    "infinite value": (lambda x: np.sum(x) * np.inf, X, r"f\(x\): got .*inf.*, wanted a finite scalar"),
    "NaN": (lambda x: np.nan, X, r"f\(x\): got nan, wanted a finite scalar"),
    "a vector": (lambda x: x[0], X, r"f\(x\): got array\(.*, wanted a finite scalar"),
    "one number in an array": (lambda x: x[0, :1], X, r"f\(x\): got array\(\[.*\]\), wanted a finite scalar"),
    "NaN in x": (lambda x: 1.0, np.where(X == X[3, 2], np.nan, X), r"wanted a finite scalar at a finite x"),
    "infinite x": (lambda x: 1.0, np.full((7, 6), np.inf), "at a finite x"),
}


@pytest.mark.parametrize(("f", "x", "message"), BAD.values(), ids=BAD)
def test_a_function_without_a_finite_scalar_value_is_refused(f, x, message):
    with pytest.raises(ValueError, match="(?s)" + message), np.errstate(invalid="ignore"):
        check_gradient(f, x, lambda x: np.ones_like(x))


@pytest.mark.parametrize("gradient", [X.T, X[:, :1], X.ravel(), X[0, 0], (X, X), (), None, lambda x: x.T])
def test_a_gradient_of_another_shape_is_refused(gradient):
    with pytest.raises(ValueError, match=r"gradient: got shapes \[.*\], wanted \{'x': \(7, 6\)\}"):
        check_gradient(lambda x: np.sum(x ** 2), X, gradient)


def test_a_complex_gradient_is_refused():
    with pytest.raises((TypeError, ValueError), match="gradient"):
        check_gradient(lambda x: np.sum(x ** 2), X, lambda x: 2 * x + 0j)


@pytest.mark.parametrize("x", [np.zeros(0), ()])
def test_a_point_without_coordinates_is_refused(x):
    with pytest.raises(ValueError, match="wanted"):
        check_gradient(lambda x: 1.0, x, lambda x: x)


def test_a_function_that_changes_its_argument_is_refused():
    def halved(x):
        x /= 2
        return np.sum(x ** 2)

    def halved_inside(p):
        p[0].W[3, 2] = 0
        return cubes(p)

    def gradient(x):
        x *= 2
        return x

    before = [leaf.tobytes() for leaf in trees.leaves((X, POINT))]
    for f, x, grad in [(halved, X, lambda x: x / 2), (halved_inside, POINT, cubes_gradient),
                       (lambda x: np.sum(x ** 2), X, gradient)]:
        with pytest.raises(ValueError, match=r"^f: changes its argument in place, wanted a pure function$"):
            check_gradient(f, x, grad)
    assert [leaf.tobytes() for leaf in trees.leaves((X, POINT))] == before


def test_a_layer_that_changes_its_argument_is_refused():
    def shifted(x):
        x += 1
        return tanh(x)

    def scaled_in_its_pull(x):
        def pull(dy):
            x[:] *= 2
            return dy
        return 1 * x, pull

    for layer in (shifted, scaled_in_its_pull):
        with pytest.raises(ValueError, match=r"^f: changes its argument in place, wanted a pure function$"):
            check_layer(layer, (X.copy(),))


def test_another_error_of_a_value_is_not_taken_for_a_change_in_place():
    with pytest.raises(ValueError, match=r"^what the function says$"):
        check_gradient(mock.Mock(side_effect=ValueError("what the function says")), X, lambda x: x)


@pytest.mark.parametrize("size", [1e-15, 1e-3, 1.0])
def test_a_function_that_draws_its_own_noise_is_refused(size):
    rng = np.random.default_rng(21)
    noisy = lambda x: np.tanh(x) * (1 + size * rng.standard_normal(x.shape))
    message = r"^f: got (\S+) and then (?!\1 at)\S+ at the same x, wanted a function: noise is an argument$"
    with pytest.raises(ValueError, match=message):
        check_gradient(lambda x: np.sum(noisy(x)), X, lambda x: 1 / np.cosh(x) ** 2)
    with pytest.raises(ValueError, match=message):
        check_layer(lambda x: (noisy(x), tanh(x)[1]), (X,))


@pytest.mark.parametrize(("x", "kind"), [
    ({"W": X}, "dict"), ([1.0, 2.0], "list"), (([1.0], X), "list"), (np.ma.masked_less(X, 0), "MaskedArray"),
    (np.ma.ones((7, 6)), "MaskedArray"), (X + 0j, "complex128"), (2j, "complex"), ("x", "str"),
    (X.astype(object), "object"), (object(), "object")])
def test_a_point_that_is_no_tree_of_real_arrays_is_refused(x, kind):
    def never(x):
        raise AssertionError("the function was called")

    with pytest.raises(TypeError, match=f"^x: got {kind}, wanted real arrays, or nested tuples of them$"):
        check_gradient(never, x, never)


def test_a_masked_argument_of_a_layer_is_refused():
    with pytest.raises(TypeError, match=r"^x: got MaskedArray, wanted real arrays"):
        check_layer(tanh, (np.ma.masked_less(X, 0),))


@pytest.mark.parametrize(("args", "kind"), [
    (X, "ndarray"), ({"x": X}, "dict"), (P, "Dense"), ("x", "str"), (None, "NoneType"), (iter((X,)), "tuple_iterator")])
def test_arguments_are_a_tuple_or_a_list(args, kind):
    with pytest.raises(TypeError, match=rf"^args: got {kind}, wanted a tuple of arguments such as \(x,\)$"):
        check_layer(tanh, args)


def test_a_list_of_arguments_serves_as_well_as_a_tuple():
    assert repr(check_layer(dense, [P, X])) == repr(check_layer(dense, (P, X)))


@pytest.mark.parametrize(("layer", "kind"), [
    (np.tanh, "ndarray"), (lambda x: np.sum(x), "float64"), (lambda x: None, "NoneType"), (lambda x: (x,), "tuple"),
    (lambda x: (x, x), "tuple"), (lambda x: (x, lambda dy: dy, 1), "tuple"), (lambda x: [x, lambda dy: dy], "list")])
def test_a_layer_returns_its_value_and_a_pull(layer, kind):
    with pytest.raises(ValueError, match=rf"^f: got {kind}, wanted a layer's \(y, pull\)$"):
        check_layer(layer, (X,))


@pytest.mark.parametrize("rng", [None, 1.5, np.random])
def test_chance_is_explicit(rng):
    with pytest.raises(TypeError, match=r"^rng: got"):
        check_layer(tanh, (X,), rng=rng)


# Integer and frozen arguments


def test_integer_and_frozen_arguments_are_left_out():
    assert [block.name for block in check_layer(softmax_nll, (X, LABELS)).blocks] == ["logits"]
    assert [block.name for block in check_layer(reparametrise, (MU, LOGVAR, EPS)).blocks] == ["mu", "logvar"]


@pytest.mark.parametrize(("layer", "args"), [(softmax_nll, (X, LABELS)), (reparametrise, (MU, LOGVAR, EPS))])
def test_a_cotangent_for_an_integer_or_frozen_argument_is_refused(layer, args):
    faulty = wrong(layer, lambda d, *_: (*d[:-1], np.zeros(np.shape(args[-1]))))
    with pytest.raises(ValueError, match="pull: got a cotangent for an integer or frozen argument, wanted None"):
        check_layer(faulty, args)


def test_a_bare_tuple_in_place_of_one_cotangent_is_refused():
    with pytest.raises(ValueError, match=r"pull: got .*cotangent"):
        check_layer(wrong(kl, lambda d, *_: d[0]), (MU, LOGVAR))


@pytest.mark.parametrize(("args", "message"), [
    ((LABELS,), "args: got no float array, wanted at least one argument that has a cotangent"),
    (((X, LABELS),), r"x: got dtype kinds \['f', 'i'\], wanted floats alone or integers alone"),
    ((X * 1j,), "x: got complex128, wanted real arrays"), (({"x": X},), "x: got dict, wanted real arrays"),
])
def test_arguments_that_cannot_be_checked_are_refused(args, message):
    with pytest.raises((ValueError, TypeError), match=message):
        check_layer(tanh, args)


def test_the_value_of_a_layer_may_be_a_tree():
    pair = lambda x: ((x ** 2, Dense(np.sin(x), x.sum(0))),
                      lambda dy: 2 * x * dy[0] + np.cos(x) * dy[1].W + dy[1].b)
    assert check_layer(pair, (X,)).status == "PASS"
    assert check_layer(wrong(pair, lambda dx, dy, x: dx - dy[1].b), (X,)).status == "FAIL"


# Reports


@pytest.mark.parametrize("fault", ["factor 1.0005", "one bias entry off by 1 %", "KL without the -1 of the logvar"])
def test_two_runs_give_equal_reports_and_leave_the_arguments_alone(fault):
    _, layer, args, _ = FAULTS[fault]
    before = [leaf.tobytes() for leaf in trees.leaves(args)]
    assert repr(check_layer(layer, args)) == repr(check_layer(layer, args))
    assert [leaf.tobytes() for leaf in trees.leaves(args)] == before


def test_a_generator_serves_as_well_as_a_seed():
    one, two = (repr(check_layer(mlp, (NET, X), rng=np.random.default_rng(3)).raise_for_status()) for _ in range(2))
    assert one == two


def test_data_drawn_from_the_seed_of_the_check_are_not_its_cotangent():
    x = np.random.default_rng(0).standard_normal((7, 6))
    assert check_layer(batch_norm, (x,), rng=0).status == "PASS"
    report = check_layer(wrong(tanh, lambda dx, dy, x: dx / dy * x), (x,), rng=0)
    assert [block.status for block in report.blocks] == ["FAIL"]


def test_read_only_and_float32_arguments_are_checked():
    frozen = X.astype(np.float32)
    frozen.flags.writeable = False
    assert check_layer(tanh, (frozen,)).status == "PASS"


def test_a_passing_report_returns_itself_and_says_what_was_done():
    report = check_layer(dense, (P, X))
    assert report.raise_for_status() is report
    assert [leg.method.partition(" of ")[0] for leg in report.legs] == ["Taylor rate", "line integral", "adjoint test"]
    assert str(report).startswith(f"PASS: worst block {report.block}, relative error ")
    assert "complex step on every coordinate, because near x it agrees with the real slope" in str(report)
    assert report.note == ""
    assert "note" not in str(report)
    assert "declare" not in str(report)


@pytest.mark.parametrize("gradient", [
    lambda x: (2 * x).astype(np.float32), lambda x: 2 * x.astype(np.float32), (2 * X).astype(np.float32)])
def test_a_gradient_in_single_precision_is_noted(gradient):
    report = check_gradient(lambda x: np.sum(x ** 2), X, gradient)
    assert report.status == "FAIL"
    assert report.note == "the gradient is computed in single precision; check it in float64"
    assert str(report).endswith(f"\n  note: {report.note}")
    with pytest.raises(GradientError, match=f"note: {report.note}$"):
        report.raise_for_status()


def test_a_layer_in_single_precision_is_noted():
    single = wrong(tanh, lambda dx, *_: dx.astype(np.float32))
    assert "single precision" in check_layer(single, (X,)).note
    assert check_layer(tanh, (X.astype(np.float32),)).note == ""  # floats are taken as float64


def test_a_gradient_error_is_an_assertion_error():
    assert issubclass(GradientError, AssertionError)


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_real_differences_do_not_know_how_large_the_loss_is(size):
    x = np.array([0.3, -1.2, 0.0, 2.0])  # the slope at 0 is 0: it settles by the noise, not by its own size
    f = lambda x: size * (np.abs(x[:2]).sum() + np.sum(x**2))
    grad = lambda x: size * (np.r_[np.sign(x[:2]), 0, 0] + 2 * x)
    assert check_gradient(f, x, grad).method == "real differences"
    assert check_gradient(f, x, grad).status == "PASS"
    assert check_gradient(f, x, lambda x: grad(x) * (1 + 2e-6)).status == "FAIL"


# Where rounding of f decides


OFFSETS = {
    "1e8 + sum |x|": (lambda x: 1e8 + np.sum(np.abs(x)), np.sign, X[0]),
    **{f"{c:g} + |x - 1|^2 at {d:g}": (
        lambda x, c=c: c + np.sum(np.abs(x - 1) ** 2), lambda x: 2 * (x - 1), 1 + d * X[0])
       for c, d in ((1e6, 1e-2), (1e4, 1e-4), (1e12, 1.0))},
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("f", "grad", "x"), OFFSETS.values(), ids=OFFSETS)
def test_a_right_gradient_that_rounding_of_f_hides_is_inconclusive_and_what_could_be_seen_is_seen(f, grad, x, seed):
    report = check_gradient(f, x, grad, rng=seed)
    assert report.status == "INCONCLUSIVE"
    seen = float(re.search(r"x: INCONCLUSIVE, rounding of f decides here; a relative error could still be seen from "
                           r"(\S+) on", str(report))[1])
    assert report.error < seen < 0.1
    assert check_gradient(f, x, lambda x: (1 + 3 * seen) * grad(x), rng=seed).blocks[0].status == "FAIL"
    assert check_gradient(f, x, lambda x: 0 * x, rng=seed).status == "FAIL"


@pytest.mark.parametrize(("c", "distance"), [(1e6, 1e-2), (1e4, 1e-4), (1e12, 1.0)])
def test_the_complex_step_does_not_mind_an_offset(c, distance):
    f, x = lambda x: c + np.sum((x - 1) ** 2), 1 + distance * X[0]
    assert check_gradient(f, x, lambda x: 2 * (x - 1)).raise_for_status().method == "complex step"
    assert check_gradient(f, x, lambda x: (1 + 1e-11) * 2 * (x - 1)).status == "FAIL"


SINGLE = {
    "cast": lambda x: np.sum(np.tanh(x.astype(np.float32))),
    "cast, and a float again": lambda x: float(np.sum(np.tanh(np.asarray(x, np.float32)))),
    "takes complex numbers": lambda x: np.sum(np.tanh(x.astype(np.complex64 if np.iscomplexobj(x) else np.float32))),
    "sum in single": lambda x: np.tanh(x).sum(dtype=np.complex64 if np.iscomplexobj(x) else np.float32),
}


@pytest.mark.parametrize("shape", [(5,), (10, 20)])
@pytest.mark.parametrize("f", SINGLE.values(), ids=SINGLE)
def test_a_function_in_single_precision_is_no_kink_and_is_said_to_be_single(f, shape):
    x, grad = np.random.default_rng(22).standard_normal(shape), lambda x: 1 / np.cosh(x) ** 2
    report = check_gradient(f, x, grad)
    assert report.status == "INCONCLUSIVE"
    assert report.method == "real differences"
    assert str(report).endswith("\n  note: f computes in single precision; check it in float64")
    assert check_gradient(f, x, lambda x: 1.1 * grad(x)).status == "FAIL"


def test_single_precision_inside_is_told_by_its_noise():
    f = lambda x: 0.1 * float(np.sum(np.tanh(x.astype(np.float32)))) + np.sum(x ** 2)
    report = check_gradient(f, X[0], lambda x: 0.1 / np.cosh(x) ** 2 + 2 * x)
    assert report.status == "INCONCLUSIVE"
    assert re.fullmatch(r"the values of f jitter by \de-\d+, as after single precision or a cancellation inside",
                        report.note)


@pytest.mark.parametrize("pack", [tuple, list])
def test_a_function_that_gives_value_and_gradient_gets_one_clear_line(pack):
    both = lambda x: pack((np.sum(x ** 2), 2 * x))
    with pytest.raises(ValueError, match=rf"^f\(x\): got a {pack.__name__} of 2, wanted a finite scalar; if f gives "
                                         r"\(value, gradient\), check lambda x: f\(x\)\[0\] and lambda"):
        check_gradient(both, X, lambda x: 2 * x)
    with pytest.raises(ValueError, match=r"layers: check_layer$"):
        check_gradient(tanh, X, lambda x: x)


def test_differences_that_settle_nowhere_are_no_zero_by_theorem():
    report = check_gradient(lambda x: np.sum(np.abs(x) * X[0]), beside(1e-7), lambda x: np.sign(x) * X[0])
    assert "x: INCONCLUSIVE, differences of f settle at no step" in str(report)
    assert "declare" not in str(report)


# Checkers that are weaker than they seem: each of these would be passed by a checker with the fault that it names


def test_nan_in_a_gradient_is_not_taken_for_the_zero_that_is_there():
    hole = lambda x: np.where(np.arange(6) == 3, np.nan, 2 * x * (np.arange(6) != 3))
    f = lambda x: np.sum(x[np.arange(6) != 3] ** 2)
    assert check_gradient(f, X[0], lambda x: np.where(np.arange(6) == 3, 0, hole(x))).status == "PASS"
    report = check_gradient(f, X[0], hole)
    assert (report.status, report.entry) == ("FAIL", "x[3]")
    assert check_gradient(f, X[0], lambda x: np.where(np.isnan(hole(x)), np.inf, hole(x))).status == "FAIL"
    assert check_gradient(f, X[0], hole(X[0]), zero=("x",)).status == "FAIL"


@pytest.mark.parametrize("at", [0, 1])
def test_one_complex_leaf_is_one_too_many(at):
    grad = lambda p: tuple(2 * part + 0j if i == at else 2 * part for i, part in enumerate(p))
    with pytest.raises(TypeError, match=r"^gradient: got complex numbers, wanted real ones$"):
        check_gradient(lambda p: np.sum(p[0] ** 2) + np.sum(p[1] ** 2), (X[0], X[1]), grad)


@pytest.mark.parametrize(("f", "grad", "bound"), [
    (lambda x: np.sum(x ** 3), lambda x: 3 * x ** 2, 1e-12),
    (lambda x: np.sum(np.abs(x) ** 3), lambda x: 3 * x * np.abs(x), 1e-8)])
def test_the_bounds_are_what_they_are_said_to_be(f, grad, bound):
    assert check_gradient(f, X[0], grad(X[0])).bound == bound
    for factor in (1 + 1.5 * bound, 1 - 1.5 * bound):
        report = check_gradient(f, X[0], factor * grad(X[0]))
        assert (report.status, report.method == "complex step") == ("FAIL", bound == 1e-12)
    assert check_gradient(f, X[0], (1 + 0.5 * bound) * grad(X[0])).status == "PASS"
    legs = {leg.method: leg.bound for leg in check_gradient(f, X[0], grad).legs}
    assert legs == {"Taylor rate": 0.1, "line integral": 1e-12}


def test_the_line_integral_and_the_adjoint_test_are_held_to_1e_12():
    bend = lambda x: 3 * x ** 2 + 3e-12 * np.linalg.norm(x) * (x - X[0]) / np.linalg.norm(x - X[0] + 1e-300)
    report = check_gradient(lambda x: np.sum(x ** 3), X[0], lambda x: bend(x) if np.any(x != X[0]) else 3 * x ** 2)
    assert {leg.method: leg.status for leg in report.legs}["line integral"] == "FAIL"
    report = check_layer(fickle(tanh, lambda d: (1 + 3e-12) * d), (X,))
    assert {leg.method: leg.status for leg in report.legs}["adjoint test of x"] == "FAIL"


def test_the_noise_floor_is_near_the_noise():
    small = lambda p: np.sum(p[0] ** 2) + 1e-12 * np.sum(p[1])
    right = lambda p: (2 * p[0], np.full(6, 1e-12))
    assert check_gradient(small, (X[0], Y[0]), right).status == "PASS"
    report = check_gradient(small, (X[0], Y[0]), lambda p: (right(p)[0], -right(p)[1]))
    assert [block.status for block in report.blocks] == ["PASS", "FAIL"]


def fickle(layer, fault):
    """The layer whose pull is right for the first cotangent that it meets, and for no other."""
    first = []

    def twist(d, dy, *_):
        first.append(dy) if not first else None
        return d if np.array_equal(dy, first[0]) else fault(d)

    return wrong(layer, twist)


def test_blocks_that_pass_do_not_hide_an_adjoint_test_that_fails():
    report = check_layer(fickle(tanh, lambda dx: -dx), (X,))
    assert [block.status for block in report.blocks] == ["PASS"]
    assert [leg.method for leg in report.legs if leg.status == "FAIL"] == ["adjoint test of x"]
    assert report.status == "FAIL"


@pytest.mark.parametrize(("fault", "block"), [
    (lambda d: (d[0]._replace(W=-d[0].W), d[1]), "p.W"), (lambda d: (d[0]._replace(b=-d[0].b), d[1]), "p.b"),
    (lambda d: (d[0], -d[1]), "x")])
def test_the_adjoint_test_is_one_of_every_block(fault, block):
    report = check_layer(fickle(dense, fault), (P, X))
    assert [leg.method for leg in report.legs if leg.status == "FAIL"] == [f"adjoint test of {block}"]
    assert report.status == "FAIL"


@pytest.mark.parametrize("rng", range(5))
def test_the_taylor_leg_decides_where_it_can(rng):
    cases = {1.0: "PASS", 0.0: "FAIL", 1.01: "FAIL", -1.0: "FAIL"}
    for factor, status in cases.items():
        report = check_gradient(lambda x: np.sum(x ** 3), X[0], factor * 3 * X[0] ** 2, rng=rng)
        assert [(leg.method, leg.status) for leg in report.legs] == [("Taylor rate", status)], factor


def test_a_declared_zero_is_measured_in_the_sum_of_the_absolute_terms():
    f = lambda p: np.sum(p[0] * np.array([3.0, -5.0])) + 0 * np.sum(p[1])
    point, claimed = (np.array([2.0, 2.0]), np.array([7.0])), (np.array([3.0, -5.0]), np.array([1e-9]))
    report = check_gradient(f, point, claimed, zero=("[1]",))
    assert report.blocks[1].error == pytest.approx(7e-9 / (2 * 3 + 2 * 5), rel=1e-12)
    assert report.status == "FAIL"
    assert check_gradient(f, point, (claimed[0], 1e-13 * claimed[1]), zero=("[1]",)).status == "PASS"


@pytest.mark.parametrize("c", [s * 2.0**k for k in range(-1, 8) for s in (1, -1)])
def test_remainders_that_cancel_on_one_side_are_seen_on_the_other(c):
    f, grad = lambda x: (x - 1) ** 2 + c * (x - 1) ** 3 + x, lambda x: 2 * (x - 1) + 3 * c * (x - 1) ** 2 + 1
    for seed in range(4):  # both signs of the direction
        report = check_gradient(f, 1.0, grad(1.0), rng=seed)
        assert report.legs[0].status == "PASS", report
        assert check_gradient(f, 1.0, 1.1 * grad(1.0), rng=seed).legs[0].status == "FAIL"


def test_the_directions_of_the_adjoint_test_are_random():
    report = check_layer(fickle(tanh, lambda dx: np.roll(dx, 1, 0)), (X,))
    assert [leg.method for leg in report.legs if leg.status == "FAIL"] == ["adjoint test of x"]


def test_a_faint_kink_inside_the_first_stencil_is_passed_by():
    f = lambda p: np.sum(np.abs(p[0])) + 1e-10 * np.abs(p[1][0])
    report = check_gradient(f, (np.array([0.7, -1.1]), np.array([0.01, 1.0])),
                            lambda p: (np.sign(p[0]), np.array([1e-10, 0])))
    assert [block.status for block in report.blocks].count("FAIL") == 0
    assert report.blocks[1].error < 0.2


def test_the_adjoint_test_sees_what_a_direction_of_ones_does_not():
    x = np.array([0.3, -1.2, 2.0])
    report = check_layer(lambda x: (x**2, lambda d: 2 * x * d + np.array([1.0, -1.0, 0.0]) * d.sum()), (x,))
    assert [leg.status for leg in report.legs if leg.method.startswith("adjoint test")] == ["FAIL"]


def test_noise_of_the_first_step_settles_no_kink_inside_it():
    slope, _ = methods._settled(lambda x: x[0] + 1e-4 * abs(x[0] - 0.01), np.zeros(1), np.ones(1), 1e-8)
    assert slope == pytest.approx(1 - 1e-4, abs=1e-7)


# Derivatives by numbers alone, on functions for which they are exact


@pytest.mark.parametrize("n", [3, 4, 20])
def test_quadrature_is_exact_up_to_its_degree_and_no_further(n):
    nodes, weights = numeric.gauss_lobatto(n)
    errors = [abs(float(weights @ nodes**k) - 1 / (k + 1)) for k in range(2 * n - 1)]
    assert (nodes[0], nodes[-1], len(nodes)) == (0, 1, n)
    assert max(errors[:-1]) < 1e-13
    assert n == 20 or errors[-1] > 1e-6  # of degree 38 the last error is rounding too
    assert (len(numeric.NODES), len(numeric.WEIGHTS)) == (20, 20)


def test_the_complex_step_is_exact_whatever_the_size():
    x, v = np.array([0.5, -2.0]), np.array([3.0, 0.25])
    for size in (1e-200, 1.0, 1e200):
        found = numeric.complex_step(lambda z, size=size: size * np.sum(z**3), x, v)
        assert found == pytest.approx(size * 5.25, rel=1e-15, abs=0)


def test_terms_of_the_line_integral_of_a_cubic():
    x, v = np.array([0.5, -2.0]), np.array([3.0, 0.25])
    terms = numeric.line_terms(lambda z: 3 * z**2, x, v)
    assert terms.sum() == pytest.approx(np.sum((x + v) ** 3 - x**3), rel=1e-14, abs=0)
    assert (len(terms), terms[0]) == (20, numeric.WEIGHTS[0] * (3 * x**2 @ v))


def test_remainders_stencils_and_jumps_of_dyadic_numbers():
    one, square = np.ones(1), lambda x: x[0] ** 2
    assert numeric.remainder(square, one, 2.0, one, 0.25) == 0.25**2
    assert numeric.remainder(square, one, 3.0, one, 0.25) == 0.75 - 0.5625
    assert numeric.stencil(lambda x: x[0] ** 5 - 3 * x[0] ** 6, one, 2 * one, 0.25) == 2 * (5 - 18)
    assert numeric.stencil(lambda x: x[0] ** 7, 0 * one, one, 0.5) == 36 * 0.5**6
    assert numeric.jump(square, 3 * one, one, 0.25) == 2 * 0.25
    assert numeric.jump(lambda x: abs(x[0]), 0 * one, one, 0.25) == 2


def test_noise_is_told_from_what_is_smooth():
    n = np.arange(13.0)
    assert numeric.noise(n**3) == 0
    assert numeric.noise(3 * (-1) ** n) == 3 * 16 / (0.6745 * np.sqrt(70))
    draws = np.random.default_rng(0).standard_normal(20000)
    assert numeric.noise(draws) == pytest.approx(1, rel=0.03)
    assert numeric.noise(np.append(draws[:-1], 1e9)) == pytest.approx(1, rel=0.03)


def test_the_wobble_is_some_units_in_the_last_place():
    steps = np.random.default_rng(3).standard_normal((6, 1))
    found = numeric.wobble(lambda x: x[0], np.array([8.0]), np.array([2.0]), np.random.default_rng(3))
    moved = 8 + 8 * 2.0**-53 * steps
    assert found == np.abs(moved - 8).max() + 8 * 2.0**-53
    assert numeric.wobble(lambda x: -5.0, np.zeros(2), np.ones(2), np.random.default_rng(3)) == 5 * 2.0**-53


# Reports by themselves


@pytest.mark.parametrize(("a", "n", "error"), [
    ([3.0, 4.0], [3.0, 0.0], 0.8), ([3.0, 0.0], [3.0, 4.0], 0.8), ([0.0], [0.0], 0.0), ([0.0], [-2.0], 1.0),
    ([3e-200, 4e-200], [3e-200, 0.0], 0.8), ([], [], 0.0)])
def test_errors_of_blocks_and_entries(a, n, error):
    assert reports.block_error(np.array(a), np.array(n)) == error


def test_errors_of_entries():
    a, n = np.array([1.0, 2e-4, 0.0, 0.5]), np.array([1.0, 0.0, 0.0, -1.0])
    assert reports.entry_errors(a, n).tolist() == [0, 0.2, 0, 1.5]
    found = reports.entry_errors(np.array([np.nan, 2e-4, -4.0]), np.array([1.0, 1e-4, -4.0]))
    assert (np.isnan(found[0]), found[1:].tolist()) == (True, [1e-4 / 4e-3, 0])
    assert reports.entry_errors(np.zeros(2), np.zeros(2)).tolist() == [0, 0]
    assert reports.entry_errors(np.array([1, 0.5]), np.array([1, 0.25])).tolist() == [0, 0.5]


@pytest.mark.parametrize(("blocks", "found", "status"), [
    (["PASS", "PASS"], ["PASS"], "PASS"), (["FAIL"], ["KINK", "FAIL"], "KINK"), (["PASS", "FAIL"], ["PASS"], "FAIL"),
    (["INCONCLUSIVE"], ["FAIL"], "FAIL"), (["PASS", "INCONCLUSIVE"], ["PASS"], "INCONCLUSIVE"),
    (["PASS"], ["INCONCLUSIVE"], "PASS"), (["INCONCLUSIVE", "FAIL"], [], "FAIL")])
def test_the_status_of_all_together(blocks, found, status):
    assert reports.overall([reports.Block("x", 0.0, each) for each in blocks],
                           [reports.Leg("leg", 0.0, 0.0, each) for each in found]) == status


def test_a_report_says_all_that_it_knows():
    leg, block = reports.Leg, reports.Block
    blocks = block("x", 0.5, "FAIL", ", why"), block("y", 0.0, "PASS"), block("z", 0.0, "INCONCLUSIVE", ", hint")
    found = leg("one-sided slopes", np.nan, 0.0, "KINK", "they differ"), leg("Taylor rate", 0.25, 0.1, "FAIL")
    report = reports.Report("FAIL", 0.5, 1e-12, "x", (1.0, 2.0), "x[1]", 1.5, 2.5, "complex step", "it may", "a note",
                            blocks, found)
    lines = ["FAIL: worst block x, relative error 0.5 (bound 1e-12)", "  worst entry x[1]: got 1.5, wanted 2.5",
             "  complex step on every coordinate, because it may", "  x: FAIL, why", "  z: INCONCLUSIVE, hint",
             "  one-sided slopes: KINK; they differ", "  Taylor rate: FAIL, error 0.25 (bound 0.1)"]
    assert str(report).split("\n") == [*lines, "  note: a note"]
    assert str(replace(report, note="")).split("\n") == lines


# Legs by themselves


def stub(f=None, slope=(), scale=(), floor=0.0, **blocks):
    """What a leg looks at of a problem."""
    blocks = {name: slice(*at) for name, at in blocks.items()}
    return SimpleNamespace(f=f, slope=np.array(slope), scale=np.array(scale), floor=floor, blocks=blocks)


@pytest.mark.parametrize(("got", "want", "floor", "status", "note"), [
    (1.0, 1.0, 0.0, "PASS", ""), (2 + 2.0**-38, 2.0, 0.0, "FAIL", "round-off can cause 0"),
    (2 + 1e-12, 2.0, 0.0, "PASS", ""), (3.0, 2.0, 1.0, "INCONCLUSIVE", "round-off can cause 0.3"),
    (3.0, 2.0, 0.75, "FAIL", "round-off can cause 0.2"), (0.0, 0.0, 0.5, "INCONCLUSIVE", "both sides are zero"),
    (-2.0, 1.0, 1.0, "FAIL", "round-off can cause 0.5")])
def test_a_leg_is_held_to_its_bound_and_to_the_noise(got, want, floor, status, note):
    leg = methods._judged("a leg", got, want, stub(floor=floor))
    assert (leg.method, leg.bound, leg.status, leg.note) == ("a leg", 1e-12, status, note)
    assert leg.error == (abs(got - want) / max(abs(got), abs(want)) if got != want else 0)


def test_blocks_are_compared_in_their_own_units():
    problem = stub(slope=[1.0, 2.0, 0.0, 3.0, 4.0], scale=[2.0, 2.0, 4.0, 8.0, 8.0], floor=0.125,
                   x=(0, 2), y=(2, 3), z=(3, 5))
    doubts = np.array([0.0, 0.0, 0.0, 3.0, 4.0])
    found = methods.compare(problem, np.array([1.0, 2.5, 0.0, 3.0, 0.0]), doubts, set(), 1e-12)
    assert [block.name for block in found] == ["x", "y", "z"]
    assert [block.status for block in found] == ["FAIL", "INCONCLUSIVE", "INCONCLUSIVE"]
    assert [block.error for block in found] == pytest.approx([0.5 / np.hypot(1, 2.5), 0.0, 0.8], rel=1e-14, abs=0)
    assert found[1].hint == reports.NOTHING.format("y")
    assert found[2].hint == reports.ROUNDING.format(1.0)
    found = methods.compare(problem, np.array([1.0, 2.0, 1.0, 3.0, 4.0]), 0 * doubts, {"x", "y"}, 1e-12)
    terms = 2 * 1 + 2 * 2 + 4 * 1 + 8 * 3 + 8 * 4.0
    want = [2 * np.hypot(1, 2) / terms, 4 / terms, 0]
    assert [block.error for block in found] == pytest.approx(want, rel=1e-14, abs=0)
    assert [block.status for block in found] == ["FAIL", "FAIL", "PASS"]
    assert [block.hint for block in found] == ["", "", ""]


def test_nothing_declared_zero_is_zero_and_what_does_not_settle_says_so():
    problem = stub(slope=[0.0, 1.0], scale=[1.0, 1.0], x=(0, 1), y=(1, 2))
    none = np.zeros(2)
    assert [block.error for block in methods.compare(problem, none, none, {"x", "y"}, 0.5)] == [0.0, 1.0]
    found = methods.compare(problem, np.array([np.nan, 1.0]), none, set(), 0.5)
    assert [(block.status, block.hint) for block in found] == [("INCONCLUSIVE", reports.UNSETTLED), ("PASS", "")]


@pytest.mark.parametrize(("slope", "number", "doubt", "floor", "zero", "status", "hint"), [
    (1.0, 2.0, 1.0, 0.0, (), "INCONCLUSIVE", reports.ROUNDING.format(0.5)), (1.0, 2.0, 1 - 5e-7, 0.0, (), "FAIL", ""),
    (1.0, 0.0, 1.0, 0.0, ("x",), "INCONCLUSIVE", reports.ROUNDING.format(1.0)),
    (1.0, 0.0, 0.0, 0.0, ("x",), "FAIL", ""),
    (2.0, 2.0, 0.0, 2.0, (), "INCONCLUSIVE", reports.NOTHING.format("x")), (2.0, 2.0, 0.0, 1.9, (), "PASS", ""),
    (3.0, 4.0, 1.0, 0.0, (), "PASS", "")])
def test_borders_belong_to_what_is_inconclusive_and_to_what_passes(slope, number, doubt, floor, zero, status, hint):
    problem = stub(slope=[slope], scale=[1.0], floor=floor, x=(0, 1))
    [block] = methods.compare(problem, np.array([number]), np.array([doubt]), {*zero}, 0.25)
    assert (block.status, block.hint) == (status, hint)


def test_a_declared_zero_that_rounding_blurs_is_inconclusive():
    problem = stub(slope=[1e-9, 1.0], scale=[1.0, 1.0], x=(0, 1), y=(1, 2))
    numeric_slopes, doubts = np.array([0.0, 1.0]), np.array([1e-6, 0.0])
    found = methods.compare(problem, numeric_slopes, doubts, {"x"}, 1e-12)
    assert (found[0].status, found[0].error, found[0].hint) == ("INCONCLUSIVE", 1e-9, reports.ROUNDING.format(1e-6))


# Legs by their parts: what each asks of f, at which steps, and where it decides


class Called:
    """A function that notes what it is called with and gives what a function, or the next of some values, says."""

    def __init__(self, says):
        self.says, self.asked = says, []

    def __call__(self, *args):
        self.asked.append(args)
        return self.says(*args) if callable(self.says) else self.says[min(len(self.asked), len(self.says)) - 1]


POINT_2, WAY = np.array([0.0, -2.5]), np.array([0.5, 3.0])
STEPS = [2.0**-k for k in range(24)]


def at_point(f=None, floor=0.0, **how):
    """What legs look at of a problem at POINT_2."""
    return SimpleNamespace(**{"f": f, "x": POINT_2, "floor": floor, "single": False, "slope": np.array([2.0, 0.25]),
                              "names_branches": False, "one_piece": lambda v: True, **how})


def test_the_constants_of_the_legs():
    assert (methods.EXACT, methods.DIFFERENCES, methods.RATE) == (1e-12, 1e-8, 0.1)
    assert methods.HALVINGS.tolist() == STEPS


@pytest.mark.parametrize(("one", "other", "noise", "agree"), [
    (1e9 + 1, 1e9, 0.0, True), (1e9 - 1, 1e9, 0.0, True), (1e9 + 2, 1e9, 0.0, False), (1 - 1e9, -1e9, 0.0, True),
    (1e9, 1e9 - 1, 0.0, False), (-1e9, 1e9, 0.0, False), (2.0, 1.0, 1.0, True), (2.0, 1.0, 0.99, False),
    (0.0, 1e9, 0.0, False), (0.0, 0.0, 0.0, True), (np.inf, 1.0, 0.0, False), (np.nan, 1.0, 9.0, False)])
def test_slopes_agree_to_a_relative_error_or_to_noise(one, other, noise, agree):
    assert methods._agree(one, other, 1e-9, noise) is agree


def test_a_complex_step_is_asked_for_at_the_point_itself():
    f = Called(lambda x: float(x.real[0]))
    why, refused = methods.agreement(at_point(f), WAY, False)
    assert (why, refused) == ("the function gives a real value for complex input (abs, norm, var?)", True)
    assert refused is True
    assert f.asked[0][0].tolist() == (POINT_2 + 1e-30j * WAY).tolist()


@pytest.mark.parametrize("kinked", [False, True])
def test_reasons_come_in_order(kinked):
    def refuses(x):
        raise TypeError("first\nlast") if np.iscomplexobj(x) else ZeroDivisionError

    assert methods.agreement(at_point(refuses), WAY, kinked) == ("the function refuses complex numbers (first)", True)
    single = methods.agreement(at_point(lambda x: x[0], single=True), WAY, kinked)
    assert single == ("the function computes in single precision", True)
    assert [type(methods.agreement(at_point(f, single=True), WAY, kinked)[1]) for f in (refuses, np.sum)] == [bool] * 2
    found = methods.agreement(at_point(lambda x: (x**2).sum()), WAY, kinked)
    assert found == (("the function takes complex numbers; at a kink no derivative can be compared" if kinked
                      else "near x it agrees with the real slope"), False)


@pytest.mark.parametrize(("slopes", "imaginary", "floor", "steps", "agree"), [
    ([1.0], 1.0, 0.0, 1, True), ([1e9 + 1, 1e9], 1e9 - 1, 0.0, 1, True), ([1e9 + 1, 1e9], 1e9 - 2, 0.0, 1, False),
    ([1e9 + 2, 1e9, 1e9, 1e9], 1e9, 0.0, 2, True), ([1.0], -1.0, 0.0, 1, False), ([1.0], 1 + 1e-6, 0.0, 1, False),
    ([2.0, 1.0], 2.0, 2.0**-6, 1, True), ([2.0, 1.0], 2.0, 0.75 * 2.0**-6, 2, True),
    ([1.0], 2.0, 0.99 * 2.0**-6, 1, False),
    ([5.0, 1.0, 3.0, 1.0], 3.0, 2.0**-6, 2, True), ([5.0, 1.0, 3.0, 1.0], 3.01, 2.0**-6, 2, False)])
def test_the_complex_step_is_held_to_the_first_stencils_that_agree(monkeypatch, slopes, imaginary, floor, steps, agree):
    monkeypatch.setattr(methods, "stencil", stencils := Called(slopes))
    monkeypatch.setattr(methods, "complex_step", step := Called([imaginary]))
    problem = at_point(lambda x: x.sum(), floor)
    why, refused = methods.agreement(problem, WAY, False)
    assert refused is not agree
    assert why == ("near x it agrees with the real slope" if agree else
                   f"the complex step {imaginary:.6g} is not the real slope {slopes[-1]:.6g} (abs, norm, var, conj?)")
    assert step.asked == [(problem.f, problem.x, WAY)]
    assert stencils.asked == [(problem.f, problem.x, WAY, h / 64 / half) for h in STEPS[:steps] for half in (1, 2)]


def test_stencils_that_never_agree_are_tried_at_every_step(monkeypatch):
    monkeypatch.setattr(methods, "stencil", stencils := Called(lambda f, x, v, h: np.log2(h)))
    assert methods.agreement(at_point(lambda x: x.sum()), WAY, False) == (
        "the complex step 3.5 is not the real slope -30 (abs, norm, var, conj?)", True)
    assert [each[3] for each in stencils.asked] == [h / 64 / half for h in STEPS for half in (1, 2)]


@pytest.mark.parametrize(("slopes", "floor", "found", "steps"), [
    ([1e9 + 1, 1e9], 0.0, (1e9, 0.0), 2), ([1e9 + 2, 1e9, 1e9 + 0.5], 0.0, (1e9 + 0.5, 0.0), 3),
    ([2.0, 1.0], 2.0**-6, (1.0, 2.0), 2), ([2.0, 1.0, 0.5], 0.99 * 2.0**-6, (0.5, 0.99 * 2.0**2), 3)])
def test_slopes_settle_where_two_stencils_agree(monkeypatch, slopes, floor, found, steps):
    monkeypatch.setattr(methods, "stencil", stencils := Called(slopes))
    assert methods._settled("f", "x", "v", floor) == found
    assert stencils.asked == [("f", "x", "v", h / 64) for h in STEPS[:steps]]


def test_slopes_that_settle_nowhere_are_asked_for_sixteen_times(monkeypatch):
    monkeypatch.setattr(methods, "stencil", stencils := Called(lambda f, x, v, h: np.log2(h)))
    assert methods._settled("f", "x", "v", 0.0) == (np.nan, 0.0)
    assert [each[3] for each in stencils.asked] == [h / 64 for h in STEPS[:16]]
    monkeypatch.setattr(methods, "complex_step", step := Called([7.0]))
    assert methods._stepped("f", "x", "v", 3.0) == (7.0, 0.0)
    assert step.asked == [("f", "x", "v")]


def test_branches_are_looked_at_on_both_sides_of_the_point():
    pattern = Called([b"1", b"0"])
    [leg] = methods.kink(at_point(pattern=pattern), WAY)
    assert leg == ("branches", np.nan, 0.0, "KINK", "the branch pattern changes at x: there is no derivative here")
    assert [each[0].tolist() for each in pattern.asked] == [(POINT_2 + s * 2.0**-30 * WAY).tolist() for s in (1, -1)]


@pytest.mark.parametrize(("far", "near", "floor", "kinked"), [
    (10.0, 1.0, 0.0, False), (10.0, 1.5, 0.0, True), (0.1, 0.5, 0.0, True), (1.0, 100.0, 2.0**-20, False),
    (1.0, 100.5, 2.0**-20, True), (200.0, 50.0, 2.0**-20, False), (200.0, 150.0, 2.0**-20, True)])
def test_one_sided_slopes_that_stay_apart_are_a_kink(monkeypatch, far, near, floor, kinked):
    monkeypatch.setattr(methods, "jump", jumps := Called([far, near]))
    problem = at_point("f", floor, pattern=lambda x: b"")
    want = ("one-sided slopes", near, 0.0, "KINK", "they differ however small the step: no derivative here")
    assert methods.kink(problem, WAY) == [want] * kinked
    assert jumps.asked == [("f", problem.x, WAY, h) for h in (2.0**-10, 2.0**-20)]


@pytest.mark.parametrize(("order", "seen", "status"), [
    (2.0, 8, "PASS"), (1.91, 8, "PASS"), (1.89, 8, "FAIL"), (2.5, 4, "PASS"), (1.0, 4, "FAIL"),
    (0.02, 4, "FAIL"), (2.0, 3, "INCONCLUSIVE")])
def test_the_rate_is_fitted_to_remainders_above_the_noise(monkeypatch, order, seen, status):
    def rest(f, x, slope, v, h):
        return 3 * abs(h) ** order / (1 if h < 0 else 7)

    monkeypatch.setattr(methods, "remainder", remainders := Called(rest))
    monkeypatch.setattr(methods, "_smooth", smooths := Called([0.75]))
    steps = [0.75 * h for h in STEPS[:8]]
    problem = at_point("f", max(rest("", 0, 0, 0, -h) for h in [*steps[seen:], 0]) / 50)
    leg = methods.taylor(problem, WAY)
    assert (leg.method, leg.bound, leg.status) == ("Taylor rate", 0.1, status)
    assert leg[1::3] == ((np.nan, "the remainder is below the noise") if seen < 4 else
                         (pytest.approx(max(0, 2 - order), abs=1e-9), f"order {order:.3f}"))
    assert smooths.asked == [(problem, WAY)]
    assert remainders.asked == [("f", problem.x, 1.75, WAY, s * h) for h in steps for s in (1, -1)]


def test_the_bound_of_the_rate_belongs_to_what_passes(monkeypatch):
    monkeypatch.setattr(methods, "remainder", lambda *args: 1.0)
    monkeypatch.setattr(methods, "_smooth", lambda *args: 1.0)
    monkeypatch.setattr(methods, "RATE", 0.25)
    for order, error, status in ((1.75, 0.25, "PASS"), (1.5, 0.5, "FAIL"), (3.0, 0.0, "PASS")):
        monkeypatch.setattr(np, "polyfit", lambda x, y, n, order=order: np.array([order, 7.0]))
        assert methods.taylor(at_point(), WAY) == ("Taylor rate", error, 0.25, status, f"order {order:.3f}")


@pytest.mark.parametrize(("slopes", "floor", "pieces", "steps"), [
    ([1e7 + 1, 1e7], 0.0, [True], 1), ([1e7 + 2, 1e7, 1e7, 1e7], 0.0, [True], 2), ([1.0], 0.0, [False, False, True], 3),
    ([2.0, 1.0], 2.0**-6, [True], 1), ([2.0, 1.0], 0.99 * 2.0**-6, [True], 2)])
def test_a_smooth_stretch_is_one_piece_where_two_stencils_agree(monkeypatch, slopes, floor, pieces, steps):
    monkeypatch.setattr(methods, "stencil", stencils := Called(slopes))
    problem = at_point("f", floor, one_piece=(piece := Called(pieces)))
    assert methods._smooth(problem, WAY) == 2.0 ** -(5 + steps)
    assert stencils.asked == [("f", problem.x, WAY, h / 64 / half) for h in STEPS[:steps] for half in (1, 2)]
    assert [each[0].tolist() for each in piece.asked] == [
        (3 * h / 64 * WAY).tolist() for h in STEPS[steps - len(piece.asked):steps]]


def test_the_last_step_serves_where_none_is_smooth():
    assert methods._smooth(at_point(lambda x: 0.0, one_piece=lambda v: False), WAY) == 2.0**-29


SIZE = 4e12  # of which a quarter of 1e-12 is 1


@pytest.mark.parametrize(("parts", "pieces", "steps"), [
    ([(8.0, SIZE), (5.0, 1.0), (2.0, 1.0)], [True], 1), ([(6.0, SIZE), (5.0, 1.0), (2.0, 1.0)], [True], 1),
    ([(8.01, SIZE), (5.0, 1.0), (2.0, 1.0), (3.0, SIZE), (1.0, 1.0), (2.0, 1.0)], [True], 2),
    ([(3.0, SIZE), (1.0, 1.0), (2.0, 1.0)], [False, False, True], 3)])
def test_the_segment_of_the_line_integral_is_halved_until_its_halves_agree(monkeypatch, parts, pieces, steps):
    assert methods.EXACT / 4 * SIZE == 1
    integrals = Called(lambda *_: parts[(len(integrals.asked) - 1) % len(parts)])
    monkeypatch.setattr(methods, "_integral", integrals)
    monkeypatch.setattr(methods, "_judged", lambda *args: args)
    problem = at_point(f := Called([7.0, 2.5]), one_piece=(piece := Called(pieces)))
    total = parts[3 * steps - 3 if len(parts) > 3 else 0][0]
    assert methods.line(problem, WAY) == ("line integral", total, 4.5, problem)
    wanted = [(x, way) for h in STEPS[:steps] for x, way in (
        (POINT_2, h * WAY), (POINT_2, h * WAY / 2), (POINT_2 + h * WAY / 2, h * WAY / 2))]
    assert [(x.tolist(), v.tolist()) for _, x, v in integrals.asked] == [(x.tolist(), v.tolist()) for x, v in wanted]
    assert {each[0] is problem for each in integrals.asked} == {True}
    assert piece.asked[-1][0].tolist() == (STEPS[steps - 1] * WAY).tolist()
    assert [each[0].tolist() for each in f.asked] == [(POINT_2 + STEPS[steps - 1] * WAY).tolist(), POINT_2.tolist()]


def test_where_no_segment_is_smooth_nothing_is_judged(monkeypatch):
    monkeypatch.setattr(methods, "_integral", integrals := Called([(1.0, 1.0)]))
    assert methods.line(at_point(), WAY) == (
        "line integral", np.nan, 1e-12, "INCONCLUSIVE", "the gradient is smooth on no segment that was tried")
    assert [each[2].tolist() for each in integrals.asked[::3]] == [(h * WAY).tolist() for h in STEPS]


def test_an_integral_and_the_sum_of_its_absolute_terms(monkeypatch):
    monkeypatch.setattr(methods, "line_terms", terms := Called([np.array([3.0, -1.0, 0.5])]))
    assert methods._integral(SimpleNamespace(gradient="g"), "x", "v") == (2.5, 4.5)
    assert terms.asked == [("g", "x", "v")]


def test_the_adjoint_test_moves_one_block_in_its_units_against_a_gaussian(monkeypatch):
    monkeypatch.setattr(methods, "_judged", judged := Called(lambda *args: reports.Leg(args[0], 0.0, 0.0, "PASS")))
    ways = []
    monkeypatch.setattr(methods, "complex_step", lambda f, x, v: ways.append((f, x, v)) or 11.0)

    def both(x, y):
        return (x.sum() * y, x), lambda d: ((d[0] * y).sum() + d[1], d[0] * x.sum())

    layer = problems.Layer(both, (np.array([3.0, -4.0]), np.array([2.0, 0.0, -1.0])))
    problem = Problem(layer.value((np.ones(3), np.ones(2))), layer.x, layer.gradient((np.ones(3), np.ones(2))),
                      layer.names)
    leg = methods.adjoint(layer, problem, set(), SimpleNamespace(standard_normal=lambda shape: np.full(shape, 2.0)))
    assert leg.method == "adjoint test of x"
    for i, (name, at) in enumerate((("x", slice(0, 2)), ("y", slice(2, 5)))):
        method, got, want, shadow = judged.asked[i]
        v = np.where((np.arange(5) >= at.start) & (np.arange(5) < at.stop), 2 * problem.scale, 0)
        assert ways[i][1].tolist() == problem.x.tolist()
        assert ways[i][2].tolist() == v.tolist()
        assert (ways[i][0], shadow.slope.tolist()) == (shadow.f, [4.0, 4.0, -2.0, -2.0, -2.0])
        assert (method, got, want) == (f"adjoint test of {name}", pytest.approx(shadow.slope @ v, rel=1e-15), 11.0)
    assert methods.adjoint(layer, problem, {"x", "y"}, None) == (
        "adjoint test", 0.0, 1e-12, "PASS", "every block is zero by theorem")


@pytest.mark.parametrize(("legs", "worst"), [
    ([("x", 0.5, "PASS"), ("y", 0.25, "FAIL")], "y"), ([("x", 0.25, "FAIL"), ("y", 0.5, "INCONCLUSIVE")], "x"),
    ([("x", 0.25, "PASS"), ("y", 0.5, "PASS")], "y"), ([("x", 0.5, "FAIL"), ("y", 0.25, "FAIL")], "x")])
def test_the_worst_block_of_the_adjoint_test_is_reported(monkeypatch, legs, worst):
    found = iter([reports.Leg(name, error, 0.0, status) for name, error, status in legs])
    monkeypatch.setattr(methods, "_judged", lambda *args: next(found))
    layer = problems.Layer(lambda x, y: (x * y, lambda d: (d * y, d * x)), (np.ones(2), np.ones(2)))
    problem = Problem(layer.value(np.ones(2)), layer.x, layer.gradient(np.ones(2)), layer.names)
    assert methods.adjoint(layer, problem, set(), np.random.default_rng(0)).method == worst


@pytest.mark.parametrize(("got", "want", "floor", "note"), [
    (4.0, 1.0, 3.0, "round-off can cause 0.8"), (1.0, -4.0, 3.0, "round-off can cause 0.8"),
    (-2.0, 1.0, 1.0, "round-off can cause 0.5")])
def test_what_round_off_can_cause_is_relative_to_the_larger_side(got, want, floor, note):
    assert methods._judged("a leg", got, want, stub(floor=floor)).note == note


def test_the_bound_belongs_to_what_passes(monkeypatch):
    for error, status in ((1e-12, "PASS"), (1.0000005e-12, "FAIL")):
        monkeypatch.setattr(methods, "block_error", lambda a, n, error=error: error)
        assert methods._judged("a leg", 1.0, 2.0, stub()).status == status


# Reports from their legs


def test_a_report_is_made_of_what_the_legs_say(monkeypatch):
    rng, v, asked = object(), object(), []
    problem = problem_at((np.array([1.0, 2.0]), np.array([4.0])), lambda x: x[0].sum() * x[1].sum())
    problem.slope, problem.note = np.array([1.0, 2.0, 5.0]), "a note"
    answers = {"direction": v, "kink": [], "agreement": ("why", False), "suspect": "x0",
               "numeric_gradient": (np.array([1.0, 2.5, 5.0]), np.array([0.0, 0.25, 0.0])),
               "compare": [reports.Block("x0", 0.25, "FAIL"), reports.Block("x1", 0.5, "PASS")],
               "taylor": reports.Leg("Taylor rate", 0.0, 0.1, "PASS"),
               "line": reports.Leg("line integral", 0.0, 1e-12, "PASS"),
               "adjoint": reports.Leg("adjoint test", 0.0, 1e-12, "PASS")}
    for name, says in answers.items():
        monkeypatch.setattr(methods, name, lambda *args, name=name, says=says, **how: asked.append(
            (name, args, how)) or ([*says] if type(says) is list else says))
    report = check._report(problem, "x1", rng, "layer")
    numbers, doubts = answers["numeric_gradient"]
    assert asked == [
        ("direction", (problem, rng), {}), ("kink", (problem, v), {}), ("agreement", (problem, v), {"kinked": False}),
        ("numeric_gradient", (problem, ["x0", "x1"]), {"exact": True}),
        ("compare", (problem, numbers, doubts, {"x1"}, 1e-12), {}),
        ("taylor", (problem, v), {}), ("adjoint", ("layer", problem, {"x1"}, rng), {})]
    assert report == reports.Report(
        "FAIL", 0.25, 1e-12, "x0", (float(np.linalg.norm([1.0, 2.0])), float(np.linalg.norm([1.0, 2.5]))), "x0[1]",
        2.0, 2.5, "complex step", "why", "a note", tuple(answers["compare"]), (answers["taylor"], answers["adjoint"]))
    problem.has_gradient = True
    assert [leg.method for leg in check._report(problem, (), rng, "layer").legs] == [
        "Taylor rate", "line integral", "adjoint test"]
    assert [leg.method for leg in check._report(problem, (), rng).legs] == ["Taylor rate", "line integral"]
    assert check._report(problem, (), rng, "layer", True).legs == ()
    monkeypatch.setattr(methods, "suspect", lambda *args: "x1")
    assert check._report(problem, (), rng, "layer", True).legs == ()
    answers["compare"][0] = reports.Block("x0", 0.25, "INCONCLUSIVE")
    assert len(check._report(problem, (), rng, "layer", True).legs) == 3


@pytest.mark.parametrize(("until_failed", "refused", "zero", "status", "looked_at", "blocks"), [
    (True, False, (), "FAIL", [["x1"]], ["x1"]),
    (True, False, (), "PASS", [["x1"], ["x0", "x1"]], ["x0", "x1"]),
    (True, True, (), "FAIL", [["x0", "x1"]], ["x0", "x1"]),
    (True, False, ("x0",), "FAIL", [["x0", "x1"]], ["x0", "x1"]),
    (False, False, (), "FAIL", [["x0", "x1"]], ["x0", "x1"])])
def test_until_failed_begins_with_the_suspect(monkeypatch, until_failed, refused, zero, status, looked_at, blocks):
    problem = problem_at((np.array([1.0, 2.0]), np.array([4.0])), lambda x: x[0].sum() * x[1].sum())
    asked = []
    for name, says in (("kink", [reports.Leg("k", 0.0, 0.0, "KINK")]), ("agreement", ("why", refused)),
                       ("compare", [reports.Block("x0", 0.0, "PASS"), reports.Block("x1", 0.5, status)])):
        monkeypatch.setattr(methods, name, lambda *args, says=says, **how: says)
    monkeypatch.setattr(methods, "suspect", lambda given, v: "x1")
    monkeypatch.setattr(methods, "numeric_gradient",
                        lambda given, names, exact: asked.append(names) or np.zeros((2, 3)))
    report = check._report(problem, zero, np.random.default_rng(0), until_failed=until_failed)
    assert (asked, [block.name for block in report.blocks], report.block) == (looked_at, blocks, "x1")


def test_the_suspect_is_the_block_whose_slope_along_the_direction_is_most_wrong():
    v, slope = np.array([1.0, -2.0, 3.0, 1.0]), np.array([1.0, 1.0, 1.0, 1.0])
    problem = smooth(lambda x: x[0] + 1.5 * x[1] + x[2] * 1.01 - x[3], slope, scale=(1.0,) * 4)
    problem.blocks = {"x": slice(0, 1), "y": slice(1, 3), "z": slice(3, 4)}
    assert methods.suspect(problem, v) == "z"
    problem.f = lambda x: x[0] + 1.5 * x[1] + x[2] * 1.01 + x[3] * 1.0625
    assert methods.suspect(problem, v) == "y"  # where x[1] and x[2] are 97 % wrong together: -2 + 3 against -3 + 3.03


def test_the_suspect_is_looked_for_block_by_block(monkeypatch):
    problem = at_point("f", slope=np.ones(4), blocks={"x": slice(0, 1), "y": slice(1, 3), "z": slice(3, 4)})
    monkeypatch.setattr(methods, "complex_step", step := Called([1.0]))
    assert methods.suspect(problem, np.array([1.0, -2.0, 4.0, 5.0])) == "z"
    assert [(f, x is problem.x, part.tolist()) for f, x, part in step.asked] == [
        ("f", True, part) for part in ([1, 0, 0, 0], [0, -2, 4, 0], [0, 0, 0, 5])]


def test_a_wrong_block_is_reported_with_its_coordinate_where_nothing_else_is_looked_at():
    def layer(p, x):
        return p[0] @ x + p[1], lambda dy: ((np.outer(dy, x), 1.5 * dy), p[0].T @ dy)

    args = (np.arange(6.0).reshape(2, 3) + 1, np.ones(2)), np.array([2.0, 1.0, 5.0])
    whole = check.layer_report(layer, args, (), 3)
    found = check.layer_report(layer, args, (), 3, until_failed=True)
    assert [block.name for block in whole.blocks] == ["p[0]", "p[1]", "x"]
    assert [block.name for block in found.blocks] == ["p[1]"] == [whole.block]
    for one in (whole, found):
        assert (one.status, one.error, one.entry) == ("FAIL", pytest.approx(1 / 3, rel=1e-12), whole.entry)


@pytest.mark.parametrize(("statuses", "errors", "declared", "entry"), [
    (("PASS", "FAIL"), (0.5, 0.25), (), ("x1[0]", 5.0, 7.0)),
    (("PASS", "PASS"), (0.25, np.nan), (), ("x1[0]", 5.0, 7.0)),
    (("PASS", "PASS"), (0.5, 0.25), (), ("x0[1]", 2.0, 2.5)),
    (("PASS", "FAIL"), (0.5, 0.25), ("x1",), ("x1[0]", 5.0, 0.0)),
    (("FAIL", "FAIL"), (0.5, 0.25), ("x1",), ("x0[1]", 2.0, 2.5))])
@pytest.mark.parametrize("refused", [False, True])
def test_the_worst_block_and_its_worst_entry(monkeypatch, statuses, errors, declared, entry, refused):
    problem = problem_at((np.array([1.0, 2.0]), np.array([4.0])), lambda x: x[0].sum() * x[1].sum())
    problem.slope = np.array([1.0, 2.0, 5.0])
    blocks = [reports.Block(f"x{i}", errors[i], status) for i, status in enumerate(statuses)]
    bounds = []
    for name, says in (("kink", [reports.Leg("k", 0.0, 0.0, "KINK")]), ("agreement", ("why", refused)),
                       ("numeric_gradient", (np.array([1.0, 2.5, 7.0]), np.zeros(3)))):
        monkeypatch.setattr(methods, name, lambda *args, says=says, **how: says)
    monkeypatch.setattr(methods, "compare", lambda *args: bounds.append(args[-1]) or blocks)
    report = check._report(problem, declared, np.random.default_rng(0))
    assert (report.entry, report.got, report.want, report.status) == (*entry, "KINK")
    assert (report.method, report.bound) == (("real differences", 1e-8) if refused else ("complex step", 1e-12))
    assert bounds == [report.bound]
    assert len(report.legs) == 1


def test_a_layer_is_checked_with_a_generator_of_its_own(monkeypatch):
    monkeypatch.setattr(check, "_report", found := Called(lambda *args: args))
    rng, own = np.random.default_rng(3), np.random.default_rng(3).spawn(1)[0]
    f = lambda x: (x**2, lambda d: 2 * d * x)
    problem, zero, used, layer, until_failed = check.layer_report(f, (X[0],), ("x",), rng, lambda x: x > 0)
    d = own.standard_normal(6)
    assert problem.slope.tolist() == (2 * d * X[0]).tolist()
    assert problem.f(X[0]) == pytest.approx((d * X[0] ** 2).sum(), rel=1e-14)
    assert (zero, layer.f, until_failed, used.random()) == (("x",), f, False, own.random())
    assert problem.pattern(X[0]) == (X[0] > 0).tobytes()
    problem = check.layer_report(f, (X[0],), (), 0)[0]
    assert problem.names_branches is False
    assert len(found.asked) == 2
    assert check.layer_report(f, (X[0],), (), 0, until_failed=True)[-1] is True


def test_the_seed_is_0_where_none_is_given(monkeypatch):
    f = lambda x: (np.tanh(x), lambda d: d / np.cosh(x) ** 2)
    assert repr(check_layer(f, (X,))) == repr(check_layer(f, (X,), rng=0)) != repr(check_layer(f, (X,), rng=1))
    cubed, grad = lambda x: np.sum(x**3), lambda x: 3 * x**2
    assert repr(check_gradient(cubed, X, grad)) == repr(check_gradient(cubed, X, grad, rng=0)) != repr(
        check_gradient(cubed, X, grad, rng=1))
    for name in ("prove_layer", "prove_gradient"):
        monkeypatch.setattr(check, name, lambda *args, **how: (args, how))
    seed, other = (int(np.random.default_rng(i).integers(2**62)) for i in (0, 1))
    assert check_layer(f, (X,), exact=True) == ((f, (X,), seed), {"explain": False, "decimals": True})
    found = check_layer(f, (X,), exact=True, rng=1, explain=True)
    assert found == ((f, (X,), other), {"explain": True, "decimals": True})
    assert check_gradient(cubed, X, grad, exact=True) == ((cubed, X, grad, seed), {"explain": False})
    found = check_gradient(cubed, X, grad, exact=True, rng=1, explain=True)
    assert found == ((cubed, X, grad, other), {"explain": True})
    assert type(check._seed(0)) is int


# The problem by itself


def problem_at(x, f=lambda x: 8.0, **how):
    """The problem of f at a tree, with the gradient 0."""
    return Problem(f, x, trees.map(np.zeros_like, x), [f"x{i}" for i in range(len(trees.leaves(x)))], **how)


def test_every_block_has_its_scale():
    found = problem_at((np.array([3.0, -4.0]), np.zeros(2), np.array([-6.0])))
    assert found.scale.tolist() == [np.sqrt(12.5)] * 2 + [np.sqrt(61 / 5)] * 2 + [6.0]
    assert problem_at(np.zeros(3)).scale.tolist() == [1.0] * 3


def test_branches_are_looked_at_from_x_to_its_end():
    above, below = (problem_at(np.zeros(1), branches=branches) for branches in (lambda x: x > 0.5, lambda x: x < -0.2))
    steps = [np.array([step]) for step in (0.4, 0.51, -0.4)]
    assert [above.one_piece(v) for v in steps] == [True, False, True]
    assert [below.one_piece(v) for v in steps] == [True, True, False]
    assert above.pattern(np.array([0.75])) == np.array([True]).tobytes()
    assert problem_at(np.zeros(1)).pattern(np.zeros(1)) == b""


def test_the_floor_is_sixteen_times_the_noise():
    assert problem_at(np.ones(2)).floor == 16 * 8 * 2.0**-53
    single = problem_at(np.ones(2), lambda x: np.float32(x[0] + 1e-3))
    assert single.single is True
    assert problem_at(np.ones(2), lambda x: x[0] / 3).single is False
    assert problem_at(np.ones(2)).single is False  # a constant


@pytest.mark.parametrize(("factor", "note"), [
    (1.0, ""), (1.5, "the values of f jitter by 1e-09, as after single precision or a cancellation inside")])
def test_a_jitter_beyond_rounding_is_noted(factor, note, monkeypatch):
    monkeypatch.setattr(problems, "noise", lambda values: factor * 2.0**-33 * 8)
    found = problem_at(np.ones(2), lambda x: 8 + 0 * x[0] / 3)
    assert (found.floor, found.note) == (16 * factor * 2.0**-30, note)


def test_entries_are_found_in_their_blocks():
    shapes = {"W": (2, 3), "b": (2,), "c": ()}
    assert [problems.entry(shapes, i) for i in (0, 5, 6, 7, 8)] == ["W[0, 0]", "W[1, 2]", "b[0]", "b[1]", "c"]
    with pytest.raises(IndexError, match=r"^index: got 1 beyond \{"):
        problems.entry(shapes, 10)


@pytest.mark.parametrize(("second", "message"), [
    (np.nan, r"^f: got 1\.0 and then nan"), ((1.0, 2.0), r"^f: got|^f\(x\)")])
def test_what_a_second_call_gives_is_looked_at(second, message):
    values = iter([1.0, second])
    with pytest.raises(ValueError, match=message):
        problem_at(np.ones(2), lambda x: next(values))


# Directions, slopes, kinks and rates by themselves


def smooth(f, slope, scale=(1.0,), floor=0.0, branch=lambda x: b""):
    """What legs look at of a problem at 0."""
    return SimpleNamespace(f=f, x=np.zeros(len(scale)), slope=np.array(slope), scale=np.array(scale), floor=floor,
                           pattern=branch, names_branches=branch(np.zeros(len(scale))) != b"",
                           one_piece=lambda v: True)


def test_a_direction_is_gaussian_of_length_1_in_units_of_the_scale():
    n = np.random.default_rng(4).standard_normal(3)
    v = methods.direction(smooth(None, [], (2.0, 2.0, 5.0)), np.random.default_rng(4))
    assert v.tolist() == (np.array([2, 2, 5]) * n / np.linalg.norm(n)).tolist()


def test_slopes_along_every_coordinate_and_what_noise_makes_of_them():
    problem = smooth(lambda x: 3 * x[0] + 5 * x[1] + x[1] ** 2, [], (2.0, 4.0), floor=1e-9)
    for exact, doubts in ((True, [0.0, 0.0]), (False, [1e-9 * 128 / 2, 1e-9 * 128 / 4])):
        problem.blocks = {"x0": slice(0, 1), "x1": slice(1, 2)}
        found, seen = methods.numeric_gradient(problem, ["x0", "x1"], exact)
        assert found == pytest.approx([3, 5], rel=1e-12)
        assert seen == pytest.approx(doubts, rel=1e-15, abs=0)
        found, seen = methods.numeric_gradient(problem, ["x1"], exact)
        assert found == pytest.approx([np.nan, 5], rel=1e-12, nan_ok=True)
        assert seen == pytest.approx([np.nan, doubts[1]], rel=1e-15, abs=0, nan_ok=True)


def test_what_settles_at_no_step_has_no_slope():
    draws = np.random.default_rng(0)
    slope, doubt = methods._settled(lambda x: draws.standard_normal(), np.zeros(1), np.ones(1), 0.0)
    assert (np.isnan(slope), doubt) == (True, 0.0)


def test_kinks_at_the_point():
    v, step = np.ones(1), lambda x: np.array(x > 0).tobytes()
    [leg] = methods.kink(smooth(None, [], branch=step), v)
    assert leg[0] == "branches"
    assert leg[2:] == (0.0, "KINK", "the branch pattern changes at x: there is no derivative here")
    assert methods.kink(smooth(lambda x: abs(x[0]), [], branch=lambda x: b"1"), v) == []
    [leg] = methods.kink(smooth(lambda x: abs(x[0]), []), v)
    assert leg == ("one-sided slopes", 2.0, 0.0, "KINK", "they differ however small the step: no derivative here")
    assert methods.kink(smooth(lambda x: x[0] ** 2, []), v) == []
    for factor, legs in ((1.01, 0), (0.99, 1)):  # a jump is one beyond a hundred times what noise makes
        noisy = smooth(lambda x: abs(x[0]), [], floor=factor * 2.0**-19 / 100)
        assert len(methods.kink(noisy, v)) == legs


@pytest.mark.parametrize(("slope", "floor", "status", "error"), [
    (3.0, 0.0, "PASS", 0.0), (2.0, 0.0, "FAIL", 1.0), (3.0, 1.0, "INCONCLUSIVE", np.nan)])
def test_the_order_of_the_remainder(slope, floor, status, error):
    leg = methods.taylor(smooth(lambda x: 3 * x[0] + 2 * x[0] ** 2, [slope], floor=floor), np.ones(1))
    assert (leg.method, leg.bound, leg.status) == ("Taylor rate", 0.1, status)
    assert leg.error == pytest.approx(error, abs=0.02, nan_ok=True)
    assert leg.note == ("the remainder is below the noise" if status == "INCONCLUSIVE" else leg.note)
    assert leg.note[:8] in ("order 2.", "order 1.", "the rema")


# Many vectors of one shape


class Named(NamedTuple):
    """Two parts."""

    one: Any
    two: Any


def test_vectors_take_the_shape_of_a_tree():
    like = (np.zeros((2, 3)), None, Named(np.zeros(()), (np.zeros(4), Named(None, np.zeros((1, 2))))))
    vector = np.arange(13.0)
    got, want = problems.unflattener(like)(vector), trees.unflatten(vector, like)
    assert trees.names(got) == trees.names(want)
    assert (type(got[2]), type(got[2].two), got[1], got[2].two[1].one) == (Named, tuple, None, None)
    for one, other in zip(trees.leaves(got), trees.leaves(want), strict=True):
        assert one.shape == other.shape
        assert one.tolist() == other.tolist()
        assert one.base is vector
    assert problems.unflattener(np.zeros(13))(vector).tolist() == vector.tolist()


def test_the_value_at_the_point_itself_is_computed_twice_and_known_from_then_on():
    asked = []
    problem = Problem(lambda x: asked.append(x.tolist()) or float(x @ x), np.arange(3.0), lambda x: 2 * x, ["x"])
    assert len(asked) == 2
    assert (problem.f(problem.x), problem.f(problem.x.copy()), len(asked)) == (5.0, 5.0, 3)
