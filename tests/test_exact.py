"""Proofs by exact numbers: layers of strangers, right and wrong, and every trap of such numbers by itself."""

import copy
import math
import pickle
import re
from fractions import Fraction

import numpy as np
import pytest
from scipy import special

from refvae import inputs
from refvae.check import GradientError, check_gradient, check_layer, exact, identity, proof, symbolic
from refvae.check import field as field_module
from refvae.check.arrays import constants, variables
from refvae.check.constant import POLE, Pole, written
from refvae.check.exact import Adjoint, prove_gradient, prove_layer
from refvae.check.field import MULTIPLES, Field, Pair, prime
from refvae.check.functions import at
from refvae.check.identity import Chance, along, equal, prove_check
from refvae.check.number import Number
from refvae.check.problem import Layer
from refvae.check.proof import NOT_RUN, PROVED, REFUTED, Found, Proof, Run, chance, decide, rank, settle
from refvae.check.symbolic import Formula
from refvae.layers import mlp_init
from refvae.outcomes import gap

X = np.array([[0.3, -1.2, 0.8], [0.5, 0.7, -0.4], [2.0, 0.1, -1.5], [-0.6, 0.9, 1.1]])
W = np.array([[0.2, -0.7], [1.1, 0.4], [-0.3, 0.6]])


# Layers of strangers: plain NumPy, in many styles. Each takes `off`, which makes it wrong.


class Linear:
    """A class with caches, sums in place and a bias."""

    def __init__(self, w, b, off):
        self.w, self.b, self.off = w, b, off

    def forward(self, x):
        self.x = x
        return np.dot(x, self.w) + self.b

    def backward(self, grad):
        dw, db = np.zeros_like(self.w), np.zeros_like(self.b)
        for i in range(len(grad)):
            dw += np.outer(self.x[i], grad[i])
            db += grad[i] * (1 - self.off * (i == 0))
        return grad @ self.w.T, dw, db


def linear(off):
    def f(x, w, b):
        layer = Linear(w, b, off)
        return layer.forward(x), layer.backward
    return f, (X, W, np.array([0.1, -0.2]))


def relu_maximum(off):
    return lambda x: (np.maximum(x, 0), lambda d: d * (x > off)), (X,)


def leaky(off):
    return lambda x: (np.where(x > 0, x, 0.01 * x), lambda d: np.where(x > 0, d, (0.01 + off) * d)), (X,)


def softmax(off):
    def f(x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        p = e / np.sum(e, axis=1, keepdims=True)
        return p, lambda d: p * (d - (1 - off) * np.sum(d * p, axis=1, keepdims=True))
    return f, (X,)


def layer_norm(off):
    def f(x, gamma):
        mean, std = x.mean(1, keepdims=True), np.sqrt(x.var(1, keepdims=True) + 1e-5)
        hat = (x - mean) / std

        def pull(d):
            dh = d * gamma
            dx = (dh - dh.mean(1, keepdims=True) - hat * (dh * hat).mean(1, keepdims=True)) / std
            return dx, (d * hat).sum(0) * (1 + off)
        return hat * gamma, pull
    return f, (X, np.array([1.0, 2.0, 0.5]))


def squared_roots(off):
    """Needs that the square of a root is what it is the root of."""
    def f(x):
        var = np.mean(x**2, axis=1, keepdims=True)
        rms = np.sqrt(var)
        return x / rms, lambda d: d / rms - (1 + off) * x * np.sum(d * x, 1, keepdims=True) / (x.shape[1] * rms * var)
    return f, (X,)


def attention(off):
    def f(q, k):
        s = np.einsum("id,jd->ij", q, k) / np.sqrt(q.shape[1])
        a = np.exp(s) / np.exp(s).sum(-1, keepdims=True)

        def pull(d):
            ds = a * (d - np.einsum("ij,ij->i", d, a)[:, None]) / np.sqrt(q.shape[1])
            return np.einsum("ij,jd->id", ds, k), np.einsum("ij,id->jd", ds, q) * (1 + off)
        return a, pull
    return f, (X, X[:2] + 0.3)


def gelu(off):
    def f(x):
        c = math.sqrt(2 / math.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))
        inner = c * (1 + 0.044715 * x**2 * (3 + off))
        return 0.5 * x * (1 + t), lambda d: d * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)
    return f, (X,)


def lookup(off):
    def f(table, idx):
        def pull(d):
            dt = 0 * table
            np.add.at(dt, idx, d)
            return dt * (1 + off), None
        return table[idx], pull
    return f, (X, np.array([0, 2, 2, 3, 0]))


def max_pool(off):
    def f(x):
        top = np.argmax(x, axis=1)

        def pull(d):
            dx = np.zeros(x.shape, x.dtype)
            dx[np.arange(len(x)), top] = d
            return dx + off * x
        return np.max(x, axis=1), pull
    return f, (X,)


def gaussian_kl(off):
    def f(mu, logvar):
        kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar), axis=-1)
        return kl.mean(), lambda d: (d * mu / len(mu), d * 0.5 * (np.exp(logvar) - 1 + off) / len(mu))
    return f, (X, X - 0.4)


def recurrent(off):
    def f(x, w):
        h, steps = 0 * x[0], []
        for row in x:
            steps.append((row, h))
            h = np.tanh(row + w * h)

        def pull(d):
            dx, dw, value = 0 * x, 0 * w, h
            for i in range(len(x) - 1, -1, -1):
                da = d * (1 - value**2)
                dx[i] += da
                dw += da * steps[i][1]
                d, value = da * w * (1 + off), steps[i][1]
            return dx, dw
        return h, pull
    return f, (X, np.array([0.5, -0.3, 0.8]))


def l1_distance(off):
    def f(a, b):
        return np.abs(a - b).sum(), lambda d: (d * np.sign(a - b), -d * np.sign(a - b) * (1 + off))
    return f, (X, X[::-1] / 3)


def unit_rows(off):
    def f(x):
        r = np.linalg.norm(x, axis=1, keepdims=True)
        y = x / r
        return y, lambda d: (d - (1 + off) * y * (d * y).sum(1, keepdims=True)) / r
    return f, (X,)


def swish_in_place(off):
    def f(x):
        y = np.exp(-x)
        y += 1
        s = 1 / y
        return x * s, lambda d: d * (s + (x + off) * s * (1 - s))
    return f, (X,)


STRANGERS = [linear, relu_maximum, leaky, softmax, layer_norm, squared_roots, attention, gelu, lookup, max_pool,
             gaussian_kl, recurrent, l1_distance, unit_rows, swish_in_place]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_right_layer_is_proved(stranger):
    found = check_layer(*stranger(0), exact=True)
    assert found.raise_for_status() is found
    assert found.error < 1e-11
    assert found.cells >= 1


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_wrong_layer_is_refuted(stranger):
    found = check_layer(*stranger(0.5), exact=True)
    assert found.status == REFUTED
    assert "the pull gives" in found.note
    with pytest.raises(GradientError, match="REFUTED"):
        found.raise_for_status()


@pytest.mark.parametrize("stranger", [s for s in STRANGERS if s is not relu_maximum])
def test_a_term_of_size_2_to_the_minus_40_is_seen(stranger):
    assert check_layer(*stranger(2.0**-40), exact=True).status == REFUTED


def test_the_wrong_coordinate_is_named_with_both_values():
    def f(x):
        return x**2, lambda d: 2 * x * d * np.where(np.arange(12).reshape(4, 3) == 7, 3, 1)
    found = check_layer(f, (X,), exact=True)
    got, want = (float(number) for number in re.findall(r"(?:gives|is) ([-+.e0-9]*[0-9])", found.note))
    assert found.note.startswith("x[2, 1]: ")
    assert got == pytest.approx(3 * want, rel=1e-9)


# Gradients


def cross_entropy(w):
    """Softmax cross-entropy of rows X with labels 0, 1, 1, 0."""
    scores = X @ w
    return np.sum(np.log(np.sum(np.exp(scores), 1)) - scores[np.arange(4), [0, 1, 1, 0]])


def slope(w, off=0.0):
    """Its gradient by hand."""
    p = np.exp(X @ w) / np.sum(np.exp(X @ w), 1, keepdims=True)
    p[np.arange(4), [0, 1, 1, 0]] -= 1
    return X.T @ p * (1 + off)


def test_gradients():
    assert check_gradient(cross_entropy, W, slope, exact=True).status == PROVED
    assert check_gradient(cross_entropy, W, lambda w: slope(w, 2.0**-50), exact=True).status == REFUTED
    with pytest.raises(TypeError, match="wanted a function"):
        check_gradient(cross_entropy, W, slope(W), exact=True)
    with pytest.raises(ValueError, match="wanted a scalar"):
        check_gradient(lambda w: w, W, lambda w: w, exact=True)


# Traps


@pytest.mark.parametrize("seed", range(20))
def test_a_tanh_gradient_off_by_one_in_the_last_place_is_refuted(seed):
    def f(x):
        return np.tanh(x), lambda d: d * (1 - np.tanh(x) ** 2) * (1 + 2.0**-52)
    assert check_layer(f, (X,), exact=True, rng=seed).status == REFUTED


@pytest.mark.parametrize("seed", range(20))
def test_the_root_of_a_square_is_not_the_number_where_it_is_negative(seed):
    negative = -np.abs(X)
    assert check_layer(lambda x: (np.sqrt(x**2), lambda d: d), (negative,), exact=True, rng=seed).status == REFUTED
    right = check_layer(lambda x: (np.sqrt(x**2), lambda d: d * x / np.sqrt(x**2)), (negative,), exact=True, rng=seed)
    assert right.status == PROVED


def test_a_multiple_of_a_prime_is_no_zero():
    for p in (2**61 - 1, 2**89 - 1, prime(0)):
        assert check_layer(lambda x, p=p: (x * x, lambda d: 2 * x * d + p * x * d), (X,), exact=True).status == REFUTED


def test_primes_are_random_and_3_mod_4():
    found = {Field(seed).p for seed in range(5)}
    assert len(found) == 5
    assert all(p % 4 == 3 and p.bit_length() == 89 for p in found)


def test_a_sign_on_one_branch_is_seen_whichever_side_the_point_is_on():
    def f(x):
        return np.abs(x) ** 3, lambda d: d * 3 * x**2 * np.where(x > 0, 1, 1)
    for x in (np.array([0.7]), np.array([-0.7])):
        assert check_layer(f, (x,), exact=True).status == REFUTED


def test_both_sides_of_a_branch_are_drawn_and_named():
    found = check_layer(lambda x: (np.maximum(x, 0), lambda d: d * (x > 0)), (np.array([0.7]),), exact=True)
    assert found.status == PROVED
    assert found.cells > 1
    assert all("both sides" in branch for branch in found.branches)


def test_a_point_on_the_border_of_two_branches_is_moved():
    assert check_layer(lambda x: (np.maximum(x, 0), lambda d: d * (x > 0)), (np.zeros(3),), exact=True).status == PROVED


@pytest.mark.parametrize(("got", "status"), [
    (lambda x: 2 / x, PROVED), (lambda x: 2 / x + 2.0**-60, REFUTED), (lambda x: 1 / x, REFUTED)])
def test_the_logarithm_of_a_square(got, status):
    assert check_layer(lambda x: (np.log(x**2), lambda d: d * got(x)), (X,), exact=True).status == status


def test_the_logarithm_of_what_rounding_left_has_no_slope():
    for slope, status in ((lambda x: 0 * x, REFUTED), (lambda x: 1 / (1 + x), PROVED)):
        layer = lambda x, slope=slope: (np.log1p(x), lambda d: d * slope(x))
        assert check_layer(layer, (np.array([1e-11 - 1]),), exact=True).status == status


def test_logarithms_of_negative_numbers_are_no_numbers():
    found = check_layer(lambda x: (np.log(x), lambda d: d / x), (-np.abs(X),), exact=True)
    assert found.status == NOT_RUN
    assert "domain" in found.note


def test_frozen_and_integer_arguments_stay():
    def f(x, eps_frozen, power):
        k = int(power[0])
        return x**k * eps_frozen, lambda d: (k * x ** (k - 1) * eps_frozen * d, None, None)
    assert check_layer(f, (X, X + 1, np.array([3])), exact=True).status == PROVED


def test_an_argument_changed_in_place_is_an_error():
    def f(x):
        x += 1
        return x, lambda d: d
    with pytest.raises(ValueError, match="pure function"):
        check_layer(f, (X,), exact=True)


def test_trees_and_networks():
    from refvae.layers import mlp
    assert check_layer(mlp, (mlp_init((3, 4, 2), 0), X), exact=True).status == PROVED


# What does not run says so


inverse = np.linalg.inv


def deeper(x):
    """A function of its own for one line."""
    return math.exp(x[0, 0])


def zeros(x):
    """An array of floats."""
    y = np.zeros(x.shape)
    y[:] = np.exp(x)
    return y, lambda d: d * y


@pytest.mark.parametrize(("f", "line", "advice"), [
    (zeros, "y[:] = np.exp(x)", "x.dtype"),
    (lambda x: (x.astype(float) ** 2, lambda d: 2 * x * d), "astype", "astype"),
    (lambda x: (np.linalg.inv(x[:3]), lambda d: d), "np.linalg.inv", "np.linalg"),
    (lambda x: (inverse(x[:3]), lambda d: d), "inverse(x[:3])", "np.linalg"),
    (lambda x: (inverse(x[0]), lambda d: d), "inverse(x[0])", "np.linalg"),
    (lambda x: (deeper(x), lambda d: d), "math.exp(x[0, 0])", "np.exp"),
    (lambda x: (np.exp(np.where(x > 0, x, 0)), lambda d: d), "np.where", "0 * x"),
    (lambda x: (np.logaddexp(x, x), lambda d: d), "logaddexp", "np.maximum"),
    (lambda x: (x * np.isfinite(x), lambda d: d), "isfinite", "NaN"),
    (lambda x: (x * math.exp(x[0, 0]), lambda d: d), "math.exp", "np.exp"),
    (lambda x: (np.cbrt(x), lambda d: d), "cbrt", "np.exp")])
def test_what_needs_floats_names_the_line_and_what_to_write(f, line, advice):
    found = check_layer(f, (X,), exact=True)
    place, _, instead = found.note.split("\n")
    assert found.status == NOT_RUN
    assert place.startswith("test_exact.py:")
    assert line in place
    assert advice in instead


# The number


@pytest.fixture
def field():
    return Field(3)


@pytest.mark.parametrize(("name", "x"), [
    *((name, 0.7) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "expm1", "log1p",
                               "arctan", "arctanh", "arcsinh", "exp2", "log2", "log10", "reciprocal")), ("tanh", -0.7)])
def test_functions_have_the_witness_and_the_derivative_of_the_real_ones(field, name, x):
    f = getattr(np, name)
    u = variables(field, np.array([x]))
    assert u[0].b
    assert f(u)[0].x == pytest.approx(float(f(x)), rel=1e-14)
    slopes = {"exp": np.exp(u), "log": 1 / u, "sqrt": 1 / (2 * np.sqrt(u)), "sin": np.cos(u), "cos": -np.sin(u),
              "tan": 1 / np.cos(u) ** 2, "tanh": 1 - np.tanh(u) ** 2, "sinh": np.cosh(u), "cosh": np.sinh(u),
              "expm1": np.exp(u), "log1p": 1 / (1 + u), "arctan": 1 / (1 + u * u), "arctanh": 1 / (1 - u * u),
              "exp2": np.log(constants(field, [2.0])) * 2**u, "log2": 1 / (u * np.log(constants(field, [2.0]))),
              "log10": 1 / (u * np.log(constants(field, [10.0]))), "reciprocal": -1 / u**2}
    if name in slopes:
        assert f(u)[0].b == slopes[name][0].a * u[0].b % field.p


def test_what_moves_does_so_wherever_it_is(field):
    u, v = variables(field, [0.0, 0.5], [True, False])
    assert (u.b != 0, v.b) == (True, 0)


def test_what_is_no_real_number_is_named(field):
    with pytest.raises(TypeError, match=r"^got complex, wanted real numbers$"):
        constants(field, np.array([1.0, 2j, "a"], object))


def test_a_long_error_is_told_by_its_first_line():
    def f(x):
        raise TypeError("one\ntwo")
    assert check_layer(f, (X,), exact=True).note.split("\n")[1] == "  TypeError: one"


@pytest.mark.parametrize("same", [
    lambda u, v: (np.exp(-u), 1 / np.exp(u)), lambda u, v: (np.exp(2 * u), np.exp(u) ** 2),
    lambda u, v: (np.exp(u), np.exp(u / 2) ** 2), lambda u, v: (np.log(np.exp(u)), u),
    lambda u, v: (np.exp(np.log(v)), v),
    lambda u, v: (np.sqrt(np.exp(u)), np.exp(u / 2)), lambda u, v: (np.sin(u) ** 2 + np.cos(u) ** 2, 1),
    lambda u, v: (np.sin(2 * u), 2 * np.sin(u) * np.cos(u)), lambda u, v: (np.cosh(u) ** 2 - np.sinh(u) ** 2, 1),
    lambda u, v: (v**0.5, np.sqrt(v)), lambda u, v: (v**-1.5, 1 / np.sqrt(v) ** 3), lambda u, v: (u**0, 1),
    lambda u, v: (v**0.25, np.exp(0.25 * np.log(v))),
    lambda u, v: (u * np.exp(np.log(constants(u.field, [np.pi]))[0]), u * np.pi), lambda u, v: (2 * u, u + u),
    lambda u, v: (np.float64(2) * u, np.array(2.0) * u), lambda u, v: (u - 1, -(1 - u)),
    lambda u, v: (2 / u, 2 * u**-1)])
def test_relations_that_are_known(field, same):
    left, right = constants(field, same(*variables(field, [0.7, 1.3])))
    assert left.a == right.a
    assert left.x == pytest.approx(right.x, rel=1e-14)


@pytest.mark.parametrize("different", [
    lambda u, v: (np.sqrt(u * u), u), lambda u, v: (np.exp(u + v), np.exp(u) * np.exp(v) + 2.0**-1000),
    lambda u, v: (np.sqrt(u) ** 2, -u), lambda u, v: (u, u + 2.0**-60), lambda u, v: (u * np.pi, u * 3.14159265358979)])
def test_what_is_not_equal(field, different):
    left, right = different(*variables(field, [0.7, 1.3]))
    assert left.a != right.a


THIRD = Fraction(1, 3)


@pytest.mark.parametrize(("got", "want", "zero"), [
    ([1, 2], [1, 2], True), ([1, 2], [1, 3], False), ([THIRD], [1 - 2 * THIRD], True), ([THIRD, 1], [THIRD, 2], False),
    ([THIRD], [Fraction(1 / 3)], False), ([2**70], [2**70 + 1], False), (3, np.int64(3), True),
    ([0.5], [Fraction(1, 2)], None), ([0.0], [0], None), ([1.0], [1.0], None), ([THIRD], [1 / 3], None)])
def test_integers_and_rationals_are_exact_without_chance(got, want, zero):
    assert equal(np.array(got), np.array(want)) == (None if zero is None else (zero, 0, True))


def test_a_finite_statement_is_proved_without_error():
    def check(f, rng):
        n = rng.permutation(np.arange(1, 9)).tolist()
        want = [sum(Fraction(1, j * (j + 1)) for j in range(1, k + 1)) for k in n]
        return gap(np.array([f(k) for k in n]), np.array(want))

    assert prove_check(check, lambda k: 1 - Fraction(1, k + 1), 0, 2) == Proof(PROVED, 0.0, 1, relations=0)
    assert prove_check(check, lambda k: 1 - Fraction(1, k + 1) - Fraction(k == 8, 2**70), 0, 2).status == REFUTED
    assert prove_check(check, lambda k: 1 - 1 / (k + 1), 0, 2).status == NOT_RUN


def test_sums_of_arguments_are_known_where_they_are_looked_for():
    def f(x):
        return np.exp(x[:, 0] + x[:, 1]), lambda d: (np.exp(x[:, :1]) * np.exp(x[:, 1:2]) * d[:, None]) * [1, 1, 0]
    assert check_layer(f, (X,), exact=True).status == PROVED


def test_pairs_are_a_field():
    p = Field(0).p
    u, v = Pair(3, 5), Pair(2, -7)
    assert u * v % p == Pair(41, -11 % p)
    assert pow(u, -1, p) * u % p == 1
    assert pow(u, -3, p) * u * u * u % p == pow(u, 0, p) == 1
    assert (Pair(3, 5) == u) is True
    assert (Pair(3, 5) == Pair(2, 5)) is (Pair(3, 5) == Pair(3, 4)) is (u == 3) is False
    assert pow(v, 5, p) == v * v * v * v * v % p
    assert (2 - u) + u == 2
    assert hash(Pair(4, 0)) == hash(4)


@pytest.mark.parametrize(("rows", "want"), [
    ([[0, 0], [1, 0], [0, 1]], 2), ([[0, 0], [1, 0], [0, 1], [1, 1]], 2), ([[0, 0], [1, 1], [1, 1]], 1),
    ([[1, 0], [1, 0]], 0), ([[1], [0, 1]], 0), ([[]], 0)])
def test_the_rank_of_differences(rows, want):
    assert rank([[bool(a) for a in row] for row in rows]) == want


# The trial of a layer by itself


def scaled(a, b, c):
    """Three blocks of different scale: a^2, a constant, and b c^2."""
    return (a**2, b * c**2), lambda d: (2 * a * d[0], (d[1] * c**2).sum() + 0 * b, 2 * b.sum() * c * d[1])


THREE = np.array([3.0, -4.0]), np.zeros(1), np.array([-6.0, 1.0, 2.0])


def trial_of(layer, args, seed=5):
    """Its trial."""
    return Adjoint(Layer(layer, args), seed)


def test_witnesses_are_the_point_its_neighbour_and_two_opposite_ones_of_its_scale():
    trial = trial_of(scaled, THREE)
    x = np.concatenate(THREE)
    overall = np.sqrt(np.mean(x**2))
    assert trial.scale.tolist() == [np.sqrt(12.5)] * 2 + [overall] + [np.sqrt(41 / 3)] * 3
    assert trial_of(lambda x: (x, lambda d: d), (np.zeros(3),)).scale.tolist() == [1.0] * 3
    assert trial.moves.tolist() == [True] * 6
    noise = trial.scale * np.random.default_rng(5).standard_normal(6)
    assert trial.point(0.0).tolist() == x.tolist()
    assert trial.point(2.0**-10).tolist() == (x + 2.0**-10 * noise).tolist()
    assert (trial.point(1.0).tolist(), trial.point(-1.0).tolist()) == (noise.tolist(), (-noise).tolist())


def test_cotangents_are_of_both_signs_in_opposite_cells_and_independent_of_the_point():
    trial, draws = trial_of(scaled, THREE), np.random.default_rng(6)
    want = [draws.standard_normal(2).tolist(), draws.standard_normal(())]
    for shake, sign in ((0.0, 1), (1.0, 1), (-1.0, -1)):
        d = trial.cotangent((np.zeros(2), 0.0), shake)
        assert [d[0].tolist(), d[1]] == [[sign * one for one in want[0]], sign * want[1]]


def test_layers_get_numbers_that_nobody_can_change(field):
    met = {}

    def f(x):
        def pull(d):
            met["d"] = d
            return d
        met["x"] = x
        return x * 1, pull

    trial = trial_of(f, (X[0],))
    assert trial(field, -1.0) == (True, 3 * (2 * 2 + 2) + 3 * (1 + 1), True)
    for name, witnesses in (("x", trial.point(-1.0)), ("d", trial.cotangent(X[0], -1.0))):
        assert [one.x for one in met[name]] == witnesses.tolist()
        assert [one.b != 0 for one in met[name]] == [name == "x"] * 3
        assert not met[name].flags.writeable


def test_sizes_of_a_trial(field):
    product = trial_of(lambda x: (x[:1] * x[1:], lambda d: np.concatenate([[(d * x[1:]).sum()], d * x[0]])), (X[0],))
    found = product(field, 0.0)
    assert found == (True, 2 * (2 * 2 + 2) + (4 + 1) + 2 * (2 + 1), True)
    assert [type(part) for part in found] == [bool, int, bool]
    assert not trial_of(lambda x: (x, lambda d: d * (1 + 2.0**-52)), (X[0],))(field, 0.0).zero


def test_values_and_cotangents_may_be_floats(field):
    assert trial_of(lambda x: (np.ones(2), lambda d: np.zeros(3)), (X[0],))(field, 0.0) == (True, 2 * 4 + 3 * 2, True)
    assert not trial_of(lambda x: (x, lambda d: np.ones(3)), (X[0],))(field, 0.0).zero


@pytest.mark.parametrize("layer", [lambda x: (x / (0 * x), lambda d: d), lambda x: (x, lambda d: d / (0 * x))])
def test_what_is_nowhere_finite(field, layer):
    assert not trial_of(layer, (X[0],))(field, 0.0).finite


def test_a_cotangent_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"^pull: a cotangent and its argument: got shapes \(\) and \(4, 3\)"):
        check_layer(lambda x: (x.sum(), lambda d: d), (X,), exact=True)


def test_the_first_run_that_vanishes_is_compared_with_floats(field):
    trial = trial_of(lambda x: (x**2, lambda d: 2 * x * d), (X[0],))
    assert trial.other_values() == ""
    trial(field, -1.0)
    x = trial.point(-1.0)
    want = [*(x * x), *(2 * x * trial.cotangent(x, -1.0))]
    shake, got = trial.sample
    assert (shake, got) == (-1.0, pytest.approx(want, rel=1e-15, abs=0))
    trial(field, 0.0)
    assert trial.sample == (-1.0, got)
    assert trial.other_values() == ""


@pytest.mark.parametrize("layer", [
    lambda x: (x, lambda d: 2 * d), lambda x: (x / (0 * x), lambda d: 0 * d),
    lambda x: (abs(x - X[0]), lambda d: 0 * d)])
def test_what_is_wrong_nowhere_or_on_a_border_is_no_sample(field, layer):
    trial = trial_of(layer, (X[0],))
    trial(field, 0.0)
    assert trial.sample is None


@pytest.mark.parametrize(("off", "said"), [
    (0.99e-6, ""), (1.01e-6, "on floats the lines give other values, relative error 1e-06"), (3.0, "error 0.75")])
def test_other_values_on_floats_are_those_beyond_1e_6(off, said):
    trial = trial_of(lambda x: (x * 3, lambda d: 3 * d), (X[0],))
    x = trial.point(2.0**-10)
    trial.sample = 2.0**-10, [(1 + off) * one for one in (*(3 * x), *(3 * trial.cotangent(x, 2.0**-10)))]
    assert trial.other_values().endswith(said)
    assert bool(trial.other_values()) is bool(said)


def test_the_border_of_what_floats_may_give(monkeypatch):
    trial = trial_of(lambda x: (x, lambda d: d), (X[0],))
    trial.sample = 0.0, [0.0] * 6
    monkeypatch.setattr(exact, "block_error", lambda a, n: 1e-6)
    assert trial.other_values()
    monkeypatch.setattr(exact, "block_error", lambda a, n: 1e-6 * (1 - 5e-7))
    assert trial.other_values() == ""


@pytest.mark.parametrize("wrong", range(6))
def test_bisection_finds_the_one_wrong_coordinate(wrong):
    def f(a, b, c):
        y, pull = scaled(a, b, c)

        def off(d):
            parts = [np.array(part) for part in pull(d)]
            at = 0 if wrong < 2 else 1 if wrong < 3 else 2
            parts[at][wrong - (0, 2, 3)[at]] *= 2
            return tuple(parts)
        return y, off

    args = THREE[0], np.array([0.5]), THREE[2]
    trial, field = trial_of(f, args), Field(3, related=True)
    assert not trial(field, 1.0).zero
    assert trial.find(Run(Found(False, 1, True), 1.0, field, 9), 1.0) == wrong
    name = ("a[0]", "a[1]", "b[0]", "c[0]", "c[1]", "c[2]")[wrong]
    note = trial.values(wrong, 1.0)
    got, want = (float(number) for number in re.findall(r"(?:gives|is) ([-+.e0-9]*[0-9])", note))
    assert note.startswith(f"{name}: the pull gives ")
    x, (da, db) = trial.point(1.0), trial.cotangent((args[0], args[2]), 1.0)
    right = [*(2 * x[:2] * da), (db * x[3:] ** 2).sum(), *(2 * x[2] * x[3:] * db)]
    assert (got, want) == pytest.approx((2 * right[wrong], right[wrong]), rel=1e-10, abs=0)


@pytest.mark.parametrize(("got", "want", "unseen"), [
    (1e9, 1e9 - 1, True), (1e9, 1e9 - 2, False), (1e9 - 1, 1e9, True), (-1e9, 1 - 1e9, True), (1.0, -1.0, False),
    (0.0, 0.0, True), (0.0, 1e-300, False)])
def test_values_that_are_the_same_to_rounding_say_so(field, monkeypatch, got, want, unseen):
    trial = trial_of(scaled, THREE)
    trial.got = [Number(field, 0, 0, one, 0.0, 1) for one in (7.0, 7.0, 7.0, got, 7.0, 7.0)]
    monkeypatch.setattr(trial, "_slope", lambda index, shake: {(3, 0.5): want}[index, shake])
    note = trial.values(3, 0.5)
    assert note.startswith(f"c[0]: the pull gives {got:.12g}, the derivative is {want:.12g}")
    assert note.endswith(exact.UNSEEN) is unseen
    assert len(note.split(" (the same")) == 1 + unseen


def test_slopes_are_differences_of_a_thousandth_of_the_scale():
    trial = trial_of(lambda x, y: (x**7 * y.sum(), None), (np.zeros(1), np.array([2.0, -3.0])))
    h, [d] = 2.0**-10 * np.sqrt(13 / 3), trial.cotangent(np.zeros(1), 0.0)
    assert trial._slope(0, 0.0) == pytest.approx(-36 * h**6 * d, rel=1e-9, abs=0)
    trial = trial_of(lambda x: (3 * x, None), (X[0],))
    assert trial._slope(2, -1.0) == pytest.approx(3 * trial.cotangent(X[0], -1.0)[2], rel=1e-9)


def test_formulas_are_of_the_point_that_was_refuted(monkeypatch):
    trial = trial_of(scaled, THREE)
    monkeypatch.setattr(exact, "difference", lambda *args: args)
    layer, x, d, index = trial.formula(2, -1.0)
    assert (layer, x.tolist(), index) == (trial.layer, trial.point(-1.0).tolist(), 2)
    want = trial.cotangent((np.zeros(2), np.zeros(3)), -1.0)
    assert [one.tolist() for one in d] == [one.tolist() for one in want]


def test_proofs_say_what_they_decide(monkeypatch):
    asked = []
    for module in (exact, identity):
        monkeypatch.setattr(module, "decide", lambda trial, seed, **how: asked.append((trial, seed, how)) or (
            Proof(NOT_RUN), None, 0.0))
    f = lambda x: (x, lambda d: 2 * d)
    assert prove_layer(f, (X,)) == prove_layer(f, (X,), 7, here=True, relations=1, least=1) == Proof(NOT_RUN)
    assert [(trial.layer.f, trial.seed, seed, how) for trial, seed, how in asked] == [
        (f, 0, 0, {"relations": 2, "least": 0, "here": False}), (f, 7, 7, {"relations": 1, "least": 1, "here": True})]
    assert prove_gradient(np.sum, X, np.ones_like, 8, explain=False) == Proof(NOT_RUN)
    assert asked[-1][0].seed == asked[-1][1] == 8
    assert prove_check(None, None, 9, 2) == prove_check(None, None, 9, 1, 1) == Proof(NOT_RUN)
    assert [how for *_, how in asked[-2:]] == [{"relations": 2, "least": 0}, {"relations": 1, "least": 1}]
    assert asked[-1][1] == 9
    monkeypatch.setattr(exact, "prove_layer", lambda f, args, *how, **more: (how, more))
    for explain in (False, True):
        assert prove_gradient(np.sum, X, np.ones_like, 8, explain=explain) == (
            (8,), {"explain": explain, "decimals": True})


def test_refutations_are_located_and_explained_where_that_is_asked_for(monkeypatch):
    monkeypatch.setattr(Adjoint, "formula", lambda self, index, shake: f"formula of {index} at {shake}")
    f = lambda x: (x, lambda d: np.where(np.arange(3) == 1, 2 * d, d))
    plain, blind, full = prove_layer(f, (X[0],)), prove_layer(f, (X[0],), locate=False), prove_layer(
        f, (X[0],), explain=True)
    assert (plain.status, blind, full.status) == (REFUTED, Proof(REFUTED), REFUTED)
    assert plain.note.startswith("x[1]: the pull gives ")
    assert full.note == f"{plain.note}\n  formula of 1 at 0.0"
    assert check_layer(f, (X[0],), exact=True, rng=0, explain=True).note.endswith("\n  formula of 1 at 0.0")
    assert "\n" not in check_layer(f, (X[0],), exact=True).note


def test_frozen_floats_are_constants_and_integers_stay_as_they_are(field):
    met = []

    def f(x, eps_frozen, k):
        met.append((eps_frozen, k))
        return x * eps_frozen, lambda d: (d * eps_frozen, None, None)

    trial_of(f, (X[0], X[1], np.array([2])))(field, 0.0)
    [(eps, k)] = met
    assert [(one.a, one.b, one.x) for one in eps] == [(one.a, 0, one.x) for one in constants(field, X[1])]
    assert k.tolist() == [2]


# Draws, derivatives along a direction, and what agrees


@pytest.mark.parametrize(("name", "args"), [("standard_normal", (3,)), ("normal", (2.0, 3.0, 3)), ("random", (3,)),
                                            ("uniform", (1.0, 4.0, 3)), ("exponential", (2.0, 3))])
def test_draws_are_variables_with_the_draws_of_a_generator_as_witnesses(field, name, args):
    rng, real = Chance(field, [5, 7]), np.random.Generator(np.random.PCG64([5, 7]))
    for _ in range(2):
        got, want = getattr(rng, name)(*args), getattr(real, name)(*args)
        assert [(one.x, one.b, one.field) for one in got] == [(x, 0, field) for x in want.tolist()]
    assert type(getattr(rng, name)()) is Number


def test_a_check_draws_anew_in_every_cell(field, monkeypatch):
    found, drawn = Found(True, 3, True), {}
    monkeypatch.setattr(identity, "decide", lambda trial, seed, **how: (trial, None, 0.0))

    class Outcome:
        exact = found

    def check(subject, rng):
        assert subject == "subject"
        drawn[shake] = rng.standard_normal().x
        return Outcome

    trial = prove_check(check, "subject", 3, 2)
    for shake in proof.SHAKES:
        assert trial(field, shake) is found
        assert drawn[shake] == np.random.Generator(np.random.PCG64([3, int(1024 * (1 + shake))])).standard_normal()
    assert len(set(drawn.values())) == len(proof.SHAKES)


def test_a_check_without_exact_numbers_says_so():
    found = prove_check(lambda f, rng: gap(np.ones(2), np.ones(2)), None, 0, 2)
    assert found.status == NOT_RUN
    assert "exact numbers are rational or drawn with rng, and compared by gap, entrywise or vanishes" in found.note
    assert found.note.startswith("identity.py:")


def test_derivatives_along_a_direction_in_every_part(field):
    x, v = variables(field, [1.0, -0.5], False), variables(field, [2.0, 0.5], False)
    w, h = 2.0**-17, 2.0**-34
    got = along(lambda x: x**3, x, v)
    for one, u, d in zip(got, x, v, strict=True):
        assert (one.a, one.b, one.x) == (3 * u.a**2 * d.a % field.p, 0, 3 * u.x**2 * d.x + h * d.x**3)
        ends = [Number(field, 1, 0, u.x + s * w * d.x, u.m + w * d.m, 1) ** 3 for s in (1, -1)]
        assert one.m == (ends[0].m + ends[1].m) * (2.0**17 + 0.25)
        assert one.size == 2 * 3
    assert [one.size for one in along(lambda x: 1 * x, x, v * v * v)] == [2 * 2] * 2
    assert [one.size for one in along(np.exp, x, v)] == [2 * 4 + field.size] * 2


@pytest.mark.parametrize("f", [lambda x: x if x > 1 + 2.0**-20 else x * x, lambda x: x if x < 1 - 2.0**-20 else x * x])
def test_a_derivative_is_that_of_the_branch_of_the_point(field, f):
    [x] = variables(field, [1.0], False)
    got = along(f, x, 2)
    assert (got.a, got.size) == (4 * x.a % field.p, 2 * 2)


def test_one_direction_serves_all_entries(field):
    x = variables(field, X, False)
    got = along(lambda x: x * x, x, 2.0)
    assert got.shape == X.shape
    assert [one.a for one in got.ravel()] == [4 * one.a % field.p for one in x.ravel()]
    assert along(lambda x: x * x, np.zeros(2), 1.0).tolist() == [0, 0]


def test_agreement_is_that_of_every_pair(field):
    u, v = variables(field, [0.5, 1.5])
    assert equal(np.array([u, u * v]), np.array([u, v * u])) == Found(True, 4, True)
    assert equal(np.array([u * v, u]), np.array([v * u * 1, u])) == Found(True, 2 + 3, True)
    for other in ([v, u], [u, v]):
        assert equal(np.array([u, u]), np.array(other)) == Found(False, 2, True)
    assert equal(u, u) == Found(True, 2, True)
    assert equal(constants(field, [1.5]), np.array([1.5])) == Found(True, 2, True)
    assert equal(np.array([u, 1 / (u - u)]), np.array([u, v])) == Found(False, 3, False)
    assert {type(part) for part in equal(u, u)[::2]} == {bool}


def test_a_float_against_a_float_is_not_exact_but_for_0_beside_numbers(field):
    u = variables(field, [0.5])[0]
    assert equal(np.array([u, 0.0], object), np.array([u, 0.0], object)) == Found(True, 2, True)
    for one, other in ((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (-1.0, 0.0), (0.0, -1.0)):
        assert equal(np.array([u, one], object), np.array([u, other], object)) is None


# SymPy


def test_formulas_have_the_value_of_their_witness():
    sympy = pytest.importorskip("sympy", reason="the extra `symbolic` is not installed")
    s, t = sympy.Symbol("s", real=True), sympy.Symbol("t", real=True)
    u, v = Formula(s, 0.75), Formula(t, -1.5)

    def agree(found, x):
        assert (type(found), found.x) == (Formula, pytest.approx(x, rel=1e-15))
        assert float(found.e.subs({s: sympy.Rational(3, 4), t: sympy.Rational(-3, 2)})) == pytest.approx(x, rel=1e-14)

    for name in symbolic.FUNCTIONS:
        agree(getattr(np, name)(np.array([u]))[0], float(getattr(np, name)(0.75)))
    for found, x in ((u + v, -0.75), (u - v, 2.25), (u * v, -1.125), (u / v, -0.5), (u**2, 0.5625), (2 + u, 2.75),
                     (2 - u, 1.25), (2 * u, 1.5), (2 / u, 2 / 0.75), (2**u, 2**0.75), (-u, -0.75), (abs(u), 0.75),
                     (abs(v), 1.5), ((u + np.array([2.0]))[0], 2.75), ((np.array([2.0]) - u)[0], 1.25)):
        agree(found, x)
    assert u.conj() is u.conjugate() is abs(u) is u
    zero, one = Formula(s, 0.0), Formula(s, 1.0)
    assert abs(zero) is zero
    assert [bool(each) for each in (u, zero, one, Formula(s, -1.0))] == [True, False, True, True]
    assert abs(Formula(s, -0.5)).x == 0.5
    compared = [u < v, u <= v, u > v, u >= v, u == v, u != v, u == 0.75, u > 0.5]
    assert {type(each) for each in compared} == {bool}
    assert compared == [False, False, True, True, False, True, True, True]
    assert symbolic._lifted(0.1) == (sympy.Rational(0.1), 0.1)


def test_differences_are_those_of_the_coordinate_that_was_asked_for():
    pytest.importorskip("sympy", reason="the extra `symbolic` is not installed")

    def f(x, y):
        return (x * y, np.sqrt(y[0] ** 2)), lambda d: (d[0] * y * 3, d[0] * x + np.array([2, 0, 0]) * d[1])

    layer = Layer(f, (X[0], X[1]))
    x, d = np.concatenate(X[:2]), (np.array([0.5, 0.25, 2.0]), np.float64(-1.0))
    assert [symbolic.difference(layer, x, d, i) for i in (1, 2, 3, 4)] == [f"pull - derivative = {want}" for want in (
        "2*dy[1]*y[1]", "2*dy[2]*y[2]", "-dy[3]*(sign(y[0]) - 2)", "0")]


def test_formulas_of_forty_numbers_are_the_largest():
    pytest.importorskip("sympy", reason="the extra `symbolic` is not installed")
    double = lambda x: (x[:2], lambda d: np.concatenate([2 * d, 0 * x[2:]]))
    said = [symbolic.difference(Layer(double, (np.ones(n),)), np.ones(n), np.ones(2), 1) for n in (40, 41)]
    assert said == ["pull - derivative = dy[1]",
                    "explain: got 41 numbers, wanted at most 40; give smaller arguments"]


def test_a_refuted_layer_is_explained_by_a_formula():
    pytest.importorskip("sympy", reason="the extra `symbolic` is not installed")

    def f(x):
        return np.tanh(x) * x, lambda d: d * (np.tanh(x) + x * (1 - np.tanh(x)))
    found = check_layer(f, (np.array([0.4]),), exact=True, explain=True)
    assert found.note.endswith("pull - derivative = dy[0]*x[0]*(tanh(x[0]) - 1)*tanh(x[0])")


def test_a_gradient_is_explained_and_large_layers_are_not():
    pytest.importorskip("sympy", reason="the extra `symbolic` is not installed")
    found = check_gradient(lambda x: np.sum(x**4), X[0], lambda x: 5 * x**3, exact=True, explain=True)
    assert found.note.endswith("pull - derivative = dy[0]*x[0]**3")
    large = check_layer(lambda x: (x, lambda d: 2 * d), (np.ones(50),), exact=True, explain=True)
    assert "smaller arguments" in large.note


# False layers that mean to be proved


def rounding_branch(x):
    """sqrt(k x)^2 > k x is never true, but rounding says so for some k."""
    k = np.arange(1, 60)[:, None, None]
    return np.where(np.any(np.sqrt(k * x) ** 2 > k * x), x, 2 * x), lambda d: d


def rounding_of_a_difference(x):
    """The same with the difference against 0."""
    k = np.arange(1, 60)[:, None, None]
    return np.where(np.any(np.sqrt(k * x) ** 2 - k * x > 0), x, 2 * x), lambda d: d


def rounding_of_a_reciprocal(x):
    """sqrt(k)^2 - k has no reciprocal, but rounding gives it one."""
    k = 1 + x[0] ** 2
    slope = np.where(1 / np.sum(np.sqrt(k) ** 2 - k) ** 2 > 1e18, 1, 2)
    return x * slope, lambda d: d * slope


def square_of_what_rounding_lost(x):
    """(x + 2^-60) - x is 2^-60, but 0 for rounding."""
    lost = (x + 2.0**-60) - x
    return np.where(lost * lost > 2.0**-121, x, 2 * x), lambda d: 2 * d


def value_changed_by_the_pull(x):
    y = x**2

    def pull(d):
        y[:] = x**3
        return 3 * x**2 * d
    return y, pull


def cotangent_changed_by_the_pull(x):
    def pull(d):
        dx = 2 * x * d
        d *= 2
        return 2 * dx
    return x**2, pull


def pull_that_is_not_linear(x):
    return np.sum(x**2), lambda d: np.abs(d) * 2 * x


def copies_that_draw_the_same(x):
    other = copy.deepcopy(x[::-1])
    return np.exp(x), lambda d: d * np.exp(other)


def other_lines_for_exact_numbers(x):
    return (x**2 if x.dtype == object else x**3), lambda d: 2 * x * d


def branch_in_the_slope_alone(x):
    return x**3, lambda d: d * 3 * np.where(x > 0, x, -x) * np.where(x < 0, x, x)


def product_of_roots(x):
    """sqrt(x^2 y) = x sqrt(y) is false for x < 0."""
    return np.sqrt(x[:, 0] ** 2 * (x[:, 1] ** 2 + 1)), lambda d: np.stack([
        d * np.sqrt(x[:, 1] ** 2 + 1), d * x[:, 0] * x[:, 1] / np.sqrt(x[:, 1] ** 2 + 1), 0 * d], 1)


def root_through_exp_and_log(x):
    """exp(log(x^2) / 2) is |x|."""
    return np.exp(np.log(x**2) / 2), lambda d: d + 0 * x


def floor_for_a_number(x):
    return np.rint(3 * x) * x, lambda d: d * 3 * x


def first_row_alone(x):
    return x**2, lambda d: np.concatenate([2 * x[:1] * d[:1], 2 * x[1:] * d[:1]])


def float_for_a_fraction(x):
    return x / 3, lambda d: d * (1 / 3)


def truncated_pi(x):
    return np.pi * x, lambda d: 3.14159265358979 * d


def saturated(x):
    """1 - tanh(40)^2 is no 0."""
    return np.tanh(x + 40), lambda d: 0 * d


def exp_of_a_sum(x):
    """exp(x y) is no product of exp(x) and exp(y)."""
    return np.exp(x[:, 0] * x[:, 1]), lambda d: np.exp(x[:, :1]) * np.exp(x[:, 1:2]) * d[:, None] * [1, 1, 0]


def half_angle(x):
    return np.sin(x), lambda d: d * np.sqrt(1 - np.sin(x) ** 2)


def large_multiples(x):
    """Forty times exp(16 x) by its argument: its degree is 2^160."""
    for _ in range(40):
        x = 16 * x
        y = np.exp(x)
    return y, lambda d: 16.0**40 * d * y + 2.0**-60 * d


LIARS = [rounding_branch, rounding_of_a_difference, rounding_of_a_reciprocal, square_of_what_rounding_lost,
         value_changed_by_the_pull, pull_that_is_not_linear, copies_that_draw_the_same, other_lines_for_exact_numbers,
         branch_in_the_slope_alone, product_of_roots, root_through_exp_and_log, floor_for_a_number, first_row_alone,
         float_for_a_fraction, truncated_pi, saturated, exp_of_a_sum, half_angle, large_multiples]


@pytest.mark.parametrize("liar", LIARS)
@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_false_is_not_proved(liar, sign):
    assert check_layer(liar, (sign * X,), exact=True).status != PROVED


def test_a_pull_that_changes_its_cotangent_is_an_error():
    with pytest.raises(ValueError, match="pure function"):
        check_layer(cotangent_changed_by_the_pull, (X,), exact=True)


def test_every_comparison_of_a_line_is_listed():
    found = check_layer(lambda x: (x * (x > 0) * (x < 100), lambda d: d * (x > 0)), (X,), exact=True)
    assert any("both sides" not in branch and "True only" in branch for branch in found.branches)


def test_large_constants_and_powers_count():
    small, large = (check_layer(lambda x, c=c: (c * x, lambda d: c * d), (X,), exact=True)
                    for c in (3, 3**10000))
    assert large.error > small.error
    k = 2**400
    found = check_layer(lambda x: (x**k, lambda d: k * x ** (k - 1) * d), (np.ones(2),), exact=True)
    assert found.status == NOT_RUN
    assert "smaller arguments" in found.note


def test_numbers_stay_in_their_run(field):
    u = variables(field, [0.5])[0]
    assert copy.deepcopy(u) is u
    with pytest.raises(TypeError, match="belongs to one run"):
        pickle.dumps(u)


def test_doors_let_exact_numbers_through(field):
    x = variables(field, X[0])
    assert inputs.vector(x, "x")[0] is x[0]
    assert inputs.real(x[1], "x", above=-10) is x[1]
    with pytest.raises(ValueError, match="wanted a number above 10"):
        inputs.real(x[1], "x", above=10)


@pytest.mark.parametrize(("f", "slope"), [(lambda x: x**3, lambda x: 3 * x**2), (np.exp, np.exp),
                                          (lambda x: 1 / x, lambda x: -1 / x**2)])
def test_along(field, f, slope):
    x, v = variables(field, X[0], False), np.arange(1.0, 4)
    got, want = along(f, x, v), v * slope(x)
    assert [one.a for one in got] == [one.a for one in want]
    assert [one.x for one in got] == pytest.approx([one.x for one in want], rel=1e-6)
    assert along(f, X[0], v) == pytest.approx(v * slope(X[0]), rel=1e-14)


def test_witnesses_carry_the_sum_of_their_absolute_terms_and_degrees_add(field):
    u, v = variables(field, [0.7, -1.3])
    size = 2 * (u - v) * (v + u)
    assert (u - v).m == (v + u).m == 2.0
    assert ((u - v) * v).m == 2.0 * 1.3 + 1.3 * 2.0 + 2.0**-32 * 2.0 * 1.3
    assert ((u + v) * u).m == pytest.approx(0.6 * 0.7 + 0.7 * 2.0) == (u * (u + v)).m
    assert (-u).m == 0.7
    assert (u * u).m == pytest.approx(2 * 0.49)
    assert v.reciprocal().m == pytest.approx(2 / 1.3)
    assert np.exp(u).m == pytest.approx(1.7 * np.exp(0.7))
    assert (size.size, (u - v).size, (u / v).size, (u**5).size, np.exp(u).size) == (5, 2, 2, 5, 4)
    assert (np.exp(4 * u).size, np.sqrt(u).size, np.log(u).size) == (16, 1, 1)


@pytest.mark.parametrize("moves", [(True, False), (False, True), (False, False)])
def test_a_factor_moves_whatever_its_witness_is(field, moves):
    for x in ([0.0, 2.0], [2.0, 0.0], [0.0, 0.0]):
        u, v = variables(field, x, moves)
        assert (u * v).b == (u.a * v.b + u.b * v.a) % field.p


def test_an_overflow_is_greater_than_all_that_is_finite(field):
    u = variables(field, [800.0])[0]
    assert u.exp() > 1e300
    assert not field.ties
    assert math.isinf(u.exp().x)


def test_an_overflow_whose_sign_is_not_known_decides_nothing(field):
    u = variables(field, [-800.0])[0]
    for big in (u.sinh(), u**111, constants(field, [-(2**3000)])[0]):
        field.ties.clear()
        assert (math.isnan(big.x), big > 0, bool(field.ties)) == (True, False, True)
    assert constants(field, [2**3000])[0].x == math.inf


def test_what_is_equal_by_the_sign_of_a_root_alone_is_not_equal(field):
    u, v, w = (Number(field, 5, 0, x, 1.0, 1) for x in (1.0, -1.0, 1.0 + 2.0**-40))
    assert [u > v, u == v, u == w, u < w] == [True, False, True, False]
    assert not field.ties


# Cells and runs, by trials that only say what they are told


class Told:
    """A trial that notes its runs and gives what `found(shake)` says, with outcomes of comparisons by their lines."""

    def __init__(self, found=lambda shake: Found(True, 1, True), **sites):
        self.found, self.sites, self.shakes, self.fields = found, sites, [], []

    def __call__(self, field, shake):
        self.shakes.append(shake)
        self.fields.append(field)
        for site, outcome in self.sites.items():
            field.branches[("a/file.py", int(site[1:]), 0)] = {outcome(shake)}
        return self.found(shake)


@pytest.mark.parametrize(("sites", "shakes"), [
    ({}, [0.0]), ({"s1": lambda shake: True}, [0.0, 1.0, -1.0]), ({"s1": lambda shake: shake == 1}, [0.0, 1.0, -1.0]),
    ({"s1": lambda shake: shake == 1, "s2": lambda shake: True}, [0.0, 1.0, -1.0])])
def test_where_lines_compare_opposite_cells_are_added(sites, shakes):
    trial = Told(**sites)
    found, run, shake = decide(trial, 7)
    assert (found.status, found.cells, run, shake, trial.shakes) == (PROVED, len(shakes), None, 0.0, shakes)
    trial = Told(**sites)
    assert decide(trial, 7, here=True)[0].cells == len(trial.shakes) == 1


def test_branches_are_named_by_their_line():
    found, _, _ = decide(Told(s1=lambda shake: shake == 1, s2=lambda shake: False), 0)
    assert found.branches == ("file.py:1: both sides", "file.py:2: False only")


def test_where_there_is_no_number_the_point_is_moved_but_not_where_it_must_stay():
    nowhere = lambda shake: Found(False, 1, shake != 0)
    trial = Told(lambda shake: nowhere(shake)._replace(zero=True))
    assert decide(trial, 0)[0].status == PROVED
    assert trial.shakes == [0.0, 2.0**-10]
    found, run, shake = decide(trial := Told(nowhere), 0, here=True)
    assert (found.status, run, shake, trial.shakes) == (NOT_RUN, None, 0.0, [0.0])
    assert found.note == "no finite value here: the point lies outside the domain"


def test_a_refutation_can_be_repeated():
    found, run, shake = decide(Told(lambda shake: Found(shake != 1, 1, True), s1=lambda shake: True), 7)
    assert (found.status, run.seed, shake) == (REFUTED, 2007, 1.0)


@pytest.mark.parametrize("error", [TypeError("floats"), ValueError("shapes")])
def test_errors_of_the_first_point_and_of_others(error):
    def trial(field, shake):
        field.branches["a", 1, 0] = {True}
        if shake == first:
            raise error
        return Found(True, 1, True)
    first = 1.0
    found, run, shake = decide(trial, 0)
    assert (found.status, run, shake) == ((NOT_RUN, None, 1.0) if type(error) is TypeError else (PROVED, None, 0.0))
    first = 0.0
    if type(error) is ValueError:
        with pytest.raises(ValueError, match="shapes"):
            decide(trial, 0)
    else:
        assert decide(trial, 0)[2] == 0.0


@pytest.mark.parametrize(("relations", "related"), [(0, [False]), (1, [False, True]), (2, [False, True])])
def test_relations_are_looked_for_only_where_they_may_be_used(relations, related):
    run = settle(trial := Told(lambda shake: Found(False, 1, True)), 5, 0.25, relations)
    assert [field.related for field in trial.fields] == related
    assert (run.found.zero, run.error, run.seed, trial.shakes) == (False, 1.0, 5, [0.25] * len(related))


@pytest.mark.parametrize(("least", "kinds"), [(0, [(False, False), (True, False), (True, True)]),
                                              (1, [(True, False), (True, True)]), (2, [(True, True)])])
def test_with_fewer_relations_than_the_least_nothing_is_tried(least, kinds):
    fields = []

    def trial(field, shake):
        fields.append(field)
        field.sqrt(2, 1)
        return Found(field.rooted, 1, True)

    run = settle(trial, 5, 0.25, 2, least)
    assert list(dict.fromkeys((field.related, field.rooted) for field in fields)) == kinds
    assert (run.found.zero, run.relations) == (True, 2)
    fields.clear()
    assert settle(trial, 5, 0.25, 1, 1).relations == len(fields) == 1


@pytest.mark.parametrize("kind", ["related", "rooted"])
def test_a_cell_begins_with_the_relations_that_the_last_one_took(kind):
    trial = Told(lambda shake: Found(True, 1, True), s1=lambda shake: True)
    told = lambda field, shake: field.sqrt(2, 1) and trial(field, shake)._replace(zero=getattr(field, kind))
    assert decide(told, 0)[0].cells == 3
    runs = [(shake, field.related + field.rooted) for field, shake in zip(trial.fields, trial.shakes, strict=True)]
    first = {"related": [(0.0, 0), (0.0, 1)], "rooted": [(0.0, 0), (0.0, 1), (0.0, 2)]}[kind]
    assert list(dict.fromkeys(runs)) == [*first, (1.0, first[-1][1]), (-1.0, first[-1][1])]


def test_a_large_degree_takes_a_longer_prime():
    fields = []
    run = settle(lambda field, _: fields.append(field) or Found(bool(field.related), 2**60, True), 5, 0.0, 2)
    assert [(field.bits, field.related) for field in fields] == [(89, False), (89, True), (356, True)]
    assert [field.p for field in fields] == [prime(5), prime(5), prime(5, 356)]
    assert run.error == 2.0**60 / 2.0**355 + 2.0**60 * 2.0 ** (13 - 356)


def test_a_degree_that_the_prime_bears_takes_no_longer_one(monkeypatch):
    run = settle(trial := Told(), 5, 0.25, 2)
    assert [(field.bits, field.p) for field in trial.fields] == [(89, prime(5))]
    assert (run.seed, trial.shakes) == (5, [0.25])
    assert run.error == 2.0**-88 + 2.0 ** (13 - 89)
    monkeypatch.setattr(proof, "CERTAIN", run.error)
    settle(trial := Told(), 5, 0.0, 2)
    assert len(trial.fields) == 1


@pytest.mark.parametrize(("radicands", "found", "runs", "signs"), [
    ((2, 3, 5), True, None, 0.0), ((2, 8), True, 43, 2.0**-43), ((2, 3), False, 1, 0.75)])
def test_signs_of_roots_are_drawn_until_they_are_independent_or_many(radicands, found, runs, signs):
    fields = []

    def trial(field, shake):
        assert shake == 0.25
        fields.append(field)
        for a in radicands:
            field.sqrt(a, 1)
        return Found(field.rooted and found, 1, True)

    run, rooted = settle(trial, 5, 0.25, 2), fields[2:]
    assert [(field.related, field.rooted) for field in fields[:2]] == [(False, False), (True, False)]
    assert all(field.rooted and field.related for field in rooted)
    assert [field.p for field in rooted] == [prime(6 + i) for i in range(len(rooted))]
    ranks = [len(radicands) - rank([field.squares for field in rooted[:i]]) for i in range(1, len(rooted) + 1)]
    assert len(rooted) == (runs or ranks.index(0) + 1)
    assert (run.found.zero, run.field, run.seed) == (found, fields[-1], 5 + len(rooted))
    assert run.error == signs + 2.0**-88 + 2.0 ** (13 - 89)
    assert settle(trial, 5, 0.25, 1)[1::2] == (1.0, 5)


def test_the_bound_counts_formal_elements():
    field = Field(0)
    field.size, field.count = 3, 5
    collisions = 14**2 * 5 * 3
    assert chance(Found(True, 4, True), field) == (7 + collisions) / 2.0**88 + 7 * 2.0 ** (13 - 89)
    field.related = True
    assert chance(Found(True, 4, True), field) == (7 + 14**3 * 25 * 3) / 2.0**88 + 7 * 2.0 ** (13 - 89)


def test_a_proof_takes_the_worst_of_its_runs():
    trial = lambda field, shake: field.branches.update({("a", 1, 0): {True}}) or Found(True, 1 + int(shake == 1), True)
    found, _, _ = decide(trial, 0)
    assert (found.error, found.cells, found.relations) == (2 * 2.0**-88 + 2 * 2.0 ** (13 - 89), 3, 0)
    found, _, _ = decide(lambda field, shake: Found(field.related and shake == 0, 1, True), 0)
    assert (found.status, found.relations) == (PROVED, 1)
    found, _, _ = decide(lambda field, _: Found(field.sqrt(2, 1) is not None and field.rooted, 1, True), 0)
    assert (found.status, found.relations) == (PROVED, 2)
    found, _, _ = decide(lambda field, shake: Found(True, 2**400, True), 0)
    assert found.note == proof.LARGE.format(2.0**400 / 2.0**355 + 2.0**400 * 2.0 ** (13 - 356))


@pytest.mark.parametrize(("part", "status"), [(1 - 1e-7, PROVED), (1 + 1e-7, NOT_RUN)])
def test_more_than_one_chance_in_10_to_the_9_is_no_proof(part, status):
    size = int(part * 1e-9 / (2.0**-355 + 2.0**-343))
    assert decide(Told(lambda shake: Found(True, size, True)), 0)[0].status == status


def test_as_much_as_is_certain_is_a_proof(monkeypatch):
    monkeypatch.setattr(proof, "CERTAIN", 2.0**-88 + 2.0 ** (13 - 89))
    assert decide(Told(), 0)[0].status == PROVED


@pytest.mark.parametrize("at", [0.0, 1.0, None])
def test_one_cell_whose_signs_are_not_settled_is_no_proof_whatever_the_others_are(at):
    def trial(field, shake):
        field.branches["a", 1, 0] = {True}
        alike = [field.sqrt(a, 1) for a in (2, 8, 32, 128) if shake == at]
        return Found(not alike or field.rooted, 1 if at is not None else 2**400, True)
    found = decide(trial, 0)[0]
    assert (found.status, "signs" in found.note) == (NOT_RUN, at is not None)


def test_a_proof_takes_the_relations_of_all_its_cells():
    for cell in (0.0, 1.0):
        trial = Told(s1=lambda shake: True)
        told = lambda field, shake, trial=trial, cell=cell: trial(field, shake)._replace(
            zero=field.related or shake != cell)
        assert (decide(told, 0)[0].relations, trial.shakes.count(cell)) == (1, 2)


def test_ties_name_the_border():
    def trial(field, shake):
        field.ties |= {("b/f.py", 2, 0), ("a/e.py", 7, 1), ("b/f.py", 2, 3)}
        return Found(True, 1, True)
    assert decide(trial, 0)[0].note == (
        "no derivative here: the point lies on the border of two branches at e.py:7, f.py:2")


def test_what_a_proof_says():
    assert str(Proof(PROVED, 1e-20, 1)) == "PROVED: a false one comes so far with probability 1e-20 at most; 1 cell"
    assert str(Proof(PROVED, 1e-20, 2, ("one", "two"), "here")) == (
        "PROVED: a false one comes so far with probability 1e-20 at most; 2 cells; here\n  one\n  two")
    assert str(Proof(REFUTED, note="there")) == "REFUTED: there"
    assert repr(Proof(REFUTED)) == "Proof(status='REFUTED', error=1.0, cells=0, branches=(), note='', relations=2)"


# The field: every relation that it knows, with its sizes, and none that it does not


def test_short_primes_are_prime():
    found = {prime(seed, 12) for seed in range(200)}
    assert all(p % q for p in found for q in range(2, 64))
    assert {(p % 8, p.bit_length()) for p in found} == {(3, 12), (7, 12)}
    assert Field(1)._random.random() != Field(2)._random.random()


def test_a_prime_has_passed_so_many_tests_that_chance_is_below_the_bound(monkeypatch):
    tested = []
    monkeypatch.setattr(field_module, "pow", lambda *powers: tested.append(powers) or pow(*powers), raising=False)
    for bits in (89, 356):
        p = prime.__wrapped__(0, bits)
        bases = [base for base, _, modulus in tested if modulus == p]
        assert len(set(bases)) == bits // 2
        assert {exponent for _, exponent, modulus in tested if modulus == p} == {(p - 1) // 2}


def test_draws_are_all_elements_but_zero_and_a_field_can_be_drawn_again():
    f = Field(1, bits=5)
    assert f.p in {19, 23, 31}
    assert {f.draw() for _ in range(1000)} == set(range(1, f.p))
    f = Field(7, True, True)
    again = f.again(7)
    assert (again.p, again.draw(), again.draw()) == (f.p, f.draw(), f.draw())
    assert (again.related, again.rooted, again.bits) == (True, True, 89)


@pytest.mark.parametrize("related", [False, True])
def test_exponentials_of_multiples_are_powers_of_one_element(related):
    f = Field(1, related)
    p, a = f.p, f.draw()
    quarter = a * pow(4, -1, p) % p
    assert (f.exp(0, 3), f.log(1, 3), f.tan_half(0)) == ((1, 0), (0, 0), (0, 0))
    (e, size), (r, _) = f.exp(a, 5), f.exp(quarter, 7)
    assert (e, size) == (pow(r, 4, p), 4)
    assert MULTIPLES == (1, 2, 3, 4, 6, 8, 16)
    for k in MULTIPLES:
        assert f.exp(k * quarter % p, 9) == (pow(r, k, p), k)
        assert f.exp(-k * quarter % p, 9) == (pow(r, -k, p), k)
        assert f.log(pow(r, k, p), 9) == (k * quarter % p, 5)
        assert f.log(pow(r, -k, p), 9) == (-k * quarter % p, 5)
        assert f.known_log(pow(r, k, p) + 1) is None
    assert f.sqrt(e, 9) == (r * r % p, 2)
    assert f.known_log(0) is None
    assert f.exp(16 * a % p, 11) == (pow(e, 16, p), 64)
    assert f.exp(64 * a % p, 13) == (pow(e, 64, p), 256)
    assert f.log(pow(e, 32, p), 9) == (32 * a % p, 11)


def test_logarithms_are_inverse_and_roots_halve_them():
    f = Field(1)
    x = f.draw()
    log, size = f.log(x, 3)
    assert (size, f.exp(log, 9), f.exp(2 * log % f.p, 9)) == (1, (x, 3), (x * x % f.p, 6))
    assert f.log(pow(x, -1, f.p), 9) == (-log % f.p, 1)
    half = log * pow(2, -1, f.p) % f.p
    root, size = f.exp(half, 7)
    assert (root, size) == (f.roots[x], 1)
    assert f.log(root, 9) == (half, 7)
    assert f.log(x * x % f.p, 9) == (2 * log % f.p, 1)


def test_a_root_stays_what_it_was_whatever_becomes_known():
    f = Field(1)
    x = f.draw()
    root, other = f.sqrt(x, 3), f.sqrt(f.inverse(x), 3)
    log, _ = f.log(f.inverse(x), 3)
    assert f.exp(log * f.half % f.p, 3) == other
    assert f.sqrt(x, 3) == root


@pytest.mark.parametrize("related", [False, True])
def test_sums_and_products_are_known_only_where_they_are_looked_for(related, monkeypatch):
    f = Field(1, related)
    p, a, b = f.p, f.draw(), f.draw()
    (u, _), (v, _) = f.exp(a, 2), f.exp(b, 3)
    assert (f.exp((a + b) % p, 9) == (u * v % p, 8)) is related
    assert (f.log(u * v % p, 7) == ((a + b) % p, 9)) is related
    x, y = f.draw(), f.draw()
    (k, _), (m, _) = f.log(x, 5), f.log(y, 6)
    assert (f.log(x * y % p, 9) == ((k + m) % p, 2)) is related
    assert f.exp(f.log(x * y % p, 9)[0], 1) == (x * y % p, 9)
    quotient = x * f.inverse(y) % p
    assert (f.log(quotient, 9) == ((k - m) % p, 2)) is related
    assert all(each * inverse % p == 1 for each, inverse in f._inverses.items())
    e = f.exp(f.draw(), 4)[0]
    assert (f.log(x * e % p, 7)[1] == 1 + 4) is related
    monkeypatch.setattr(field_module, "FEW", 3)
    assert f.exp((2 * a + b) % p, 9)[0] != u * u * v % p


@pytest.mark.parametrize("rooted", [False, True])
def test_roots_are_free_or_have_a_random_sign(rooted):
    f = Field(1, True, rooted)
    values = [f.draw() for _ in range(40)]
    roots = [f.sqrt(a, 3) for a in values]
    assert {size for _, size in roots} == {6 if rooted else 1}
    assert f.again(2).rooted is rooted
    assert f.again(2).related is True
    if not rooted:
        assert {type(root) for root, _ in roots} == {int}
        assert f.squares == []
        return
    assert all(root * root % f.p == a for (root, _), a in zip(roots, values, strict=True))
    assert f.squares == [pow(a, f.p // 2, f.p) == 1 for a in values]
    signs = {(square, root in {pow(a, (f.p + 1) // 4, f.p), Pair(0, pow(a, (f.p + 1) // 4, f.p))})
             for (root, _), a, square in zip(roots, values, f.squares, strict=True)}
    assert len(signs) == 4
    assert type(f.sqrt(Pair(1, 2), 3)[0]) is int
    assert f.sqrt(values[0], 5) == (roots[0][0], 10)


def test_tangents_of_half_angles_are_doubled():
    f = Field(1)
    p, a = f.p, f.draw()
    half = pow(2, -1, p)
    double = lambda t: 2 * t * pow(1 - t * t, -1, p) % p
    f.tan_half(a)
    t = f.tan_half(a * half % p)[0]
    assert [f.tan_half(k * a * half % p) for k in (1, 2, 4)] == [(t, 1), (double(t), 2), (double(double(t)), 4)]
    assert f.tan_half(-a % p) == (-double(t) % p, 2)
    assert f.tan_half(8 * a * half % p) == (double(double(double(t))), 8)
    f, a = Field(2), 5
    p, half = f.p, pow(2, -1, f.p)
    (t, size), (fourfold, _) = f.tan_half(a), f.tan_half(4 * a)
    assert (fourfold, size) == (double(double(t)), 2)


def test_comparisons_are_noted_where_they_are_asked_for():
    f = Field(1)
    assert [f.took(*each) for each in ((True, False), (False, False), (True, True))] == [True, False, True]
    [(site, outcomes)] = f.branches.items()
    first = test_comparisons_are_noted_where_they_are_asked_for.__code__.co_firstlineno
    assert (site[:2], outcomes, f.ties) == ((__file__, first + 2), {True, False}, {site})
    assert f.free("a", 1) == f.free("a", 1) != f.free("a", 2)
    f.branches.clear()
    f.took(True, False)
    assert [site[1] for site in f.branches] == [first + 8]


def test_a_comparison_is_noted_in_one_place_however_often_it_was_asked_for():
    f = Field(1)
    x = variables(f, np.array([2.0, 1.0, 3.0]), False)
    for _ in range(50):
        x.min()  # a call that is made often is made by another instruction
    [(site, outcomes)] = f.branches.items()
    assert site[2] == (site[1], site[1], 8, 15)
    assert outcomes == {True, False}


# Every part of a number: value, derivative, witness, sum of absolute terms, size


def parts(u):
    """All of them."""
    return u.a, u.b, u.x, u.m, u.size


def test_arithmetic_of_every_part(field):
    u, v = variables(field, [0.75, -1.5])
    p = field.p
    assert parts(u + v) == ((u.a + v.a) % p, (u.b + v.b) % p, -0.75, 2.25, 2)
    assert parts(u - v) == ((u.a - v.a) % p, (u.b - v.b) % p, 2.25, 2.25, 2)
    assert parts(u * v) == (u.a * v.a % p, (u.a * v.b + u.b * v.a) % p, -1.125, 2.25 + 2.0**-32 * 1.125, 2)
    assert parts(-u) == (-u.a % p, -u.b % p, -0.75, 0.75, 1)
    w = u * v
    assert [each.size for each in (w + u, u + w, w - u, u - w, w * u, u * w)] == [3] * 6
    assert parts(2 + u) == parts(u + 2) == ((2 + u.a) % p, u.b, 2.75, 2.75, 2)
    assert parts(2 - u) == ((2 - u.a) % p, -u.b % p, 1.25, 2.75, 2)
    one = u.reciprocal()
    assert (one.a * u.a % p, one.b, one.x, one.size) == (1, -one.a * one.a * u.b % p, 1 / 0.75, 1)
    assert parts(v / u) == parts(v * one)
    assert parts(2 / u)[:3] == (2 * one.a % p, 2 * one.b % p, 2 / 0.75)
    assert +u is u
    assert u.conj() is u.real is u
    assert parts(u.imag)[:4] == (0, 0, 0.0, 0.0)


def test_powers_of_every_part(field):
    u, v = variables(field, [0.75, -1.5])
    p, w = field.p, u + v
    assert parts(w**2) == parts(w * w)
    for k in (1, 3, 4):
        found = w**k
        assert parts(found)[:3] == (pow(w.a, k, p), k * pow(w.a, k - 1, p) * w.b % p, w.x**k)
        assert (found.size, found.m) == (2 * k, pytest.approx(abs(w.x) ** k + k * abs(w.x) ** (k - 1) * w.m, rel=1e-6))
    assert (*parts(w**0)[:3], (w**0).size) == (1, 0, 1.0, 1)
    assert (*parts(w**-1)[:3], (w**-1).size) == (*parts(w.reciprocal())[:3], 2)
    assert parts(w**-3) == parts(w.reciprocal() ** 3)
    assert not field.branches
    assert [parts(each) for each in u ** np.array([2, 3])] == [parts(u**2), parts(u**3)]


@pytest.mark.parametrize("c", [np.int64(3), np.float32(0.375), np.float64(0.375), np.bool(True)])
def test_constants_of_numpy_are_those_of_python(c):
    found, want = (constants(Field(1), np.array([each], object))[0] for each in (c, c.item()))
    assert (parts(found), type(found.a), type(found.size)) == (parts(want), int, int)


def test_equal_numbers_are_one_key(field):
    u, v = variables(field, [0.75, -1.5])
    assert {u: 1, v: 2}[u + 0] == 1


@pytest.mark.parametrize("name", ["add", "radd", "sub", "mul", "rmul", "truediv", "lt", "le", "gt", "ge", "eq", "ne"])
def test_what_is_no_number_is_left_to_others(field, name):
    [u] = variables(field, [0.75])
    assert getattr(u, f"__{name}__")("a") is NotImplemented


def test_formal_elements_are_counted_with_their_sizes(field):
    u, v = variables(field, [0.75, 1.5])
    e = np.exp(u + v)
    assert (e.size, field.size, field.count) == (4, 2 * (2 + 4), 1)
    assert np.log(v).size == 1
    assert (field.size, field.count) == (12 + 2 * (1 + 1), 2)
    assert (np.sqrt(v).size, np.sin(u).size, np.arctan(u).size) == (1, 4, 1)
    assert (field.size, field.count) == (16 + 2 * (2 + (1 + 4) + 2), 5)
    assert (np.cos(u).size, np.expm1(u).size) == (4, (np.exp(u) - 1).size)


def test_what_has_no_real_value_is_a_number_of_its_own(field):
    [u] = variables(field, [-0.75])
    for found in (np.log(u), np.sqrt(u), (u - u).reciprocal()):
        assert (found.b, found.m, found.size) == (0, 0.0, 1)
        assert np.isnan(found.x)
        assert 0 < found.a < field.p
    assert parts(np.sqrt(u - u))[:3] == (0, 0, 0.0)


@pytest.mark.parametrize("f", [np.log, np.sqrt])
def test_what_rounding_could_make_negative_is_no_number(field, f):
    for m in (0.25, 2.0):
        near, beyond = (f(Number(field, field.draw(), 0, x, m, 1)).x
                        for x in (2.0**-32 * m, 2.0**-32 * m * 1.001))
        assert (math.isnan(near), math.isnan(beyond)) == (True, False)


def test_comparisons_of_equal_near_and_distant_numbers(field):
    u, v = variables(field, [1.0, 3.0])
    same = u + 0
    assert [u < same, u <= same, u > same, u >= same, u == same, u != same] == [False, True, False, True, True, False]
    assert [u < v, u <= v, u > v, u >= v, u == v, u != v, u != 2] == [True, True, False, False, False, True, True]
    assert {type(each) for each in (u < same, u < v, u <= v, u <= same)} == {bool}
    assert (bool(u), bool(u - u), field.ties) == (True, False, set())
    for step, tie in ((1.5, True), (3.0, False)):
        field.ties.clear()
        near = variables(field, [1 + step * 2.0**-32])[0]
        assert (u < near, bool(field.ties)) == (True, tie)


def test_magnitudes_and_nearest_whole_numbers(field):
    u, v = variables(field, [-0.75, 0.75])
    assert (parts(abs(u)), abs(v) is v) == (parts(-u), True)
    assert abs(Number(field, 0, 5, 0.0, 0.0, 1)).b == 5
    field.branches.clear()
    for x, n, tie in ((2.3, 2, False), (-2.3, -2, False), (2.5 - 2.0**-31, 2, True)):
        field.ties.clear()
        assert parts(np.rint(variables(field, [x])[0])) == parts(constants(field, [n])[0])
        assert bool(field.ties) is tie
    assert set.union(*field.branches.values()) == {True}
    nowhere = np.rint(variables(field, [np.inf])[0])
    assert (nowhere.b, math.isnan(nowhere.x), nowhere.m, nowhere.size) == (0, True, 0.0, 1)


def test_the_reciprocal_of_what_rounding_left_has_no_sign(field):
    for x, tie in ((2.0**-33, True), (-(2.0**-33), True), (2.0**-31, False)):
        field.ties.clear()
        u = Number(field, field.draw(), 0, x, 1.0, 1).reciprocal()
        assert (u > 0, bool(field.ties)) == (x > 0, tie)


def test_witnesses_of_functions_move_with_their_argument():
    assert at(lambda x: x * x, 1.0, 2.0**31) == (1.0, 1 + 2.0**32)  # to 9/4 and to 1/4
    assert at(math.exp, 709.7, 2.0**32) == (math.exp(709.7), math.inf)
    assert at(math.exp, 1.0, 2.0) == (math.e, pytest.approx(3 * math.e, rel=1e-6))
    assert at(math.exp, 1e9, 1.0) == (math.inf, 0.0)
    for f, x in ((math.log, -1.0), (lambda x: 1 / x, 0.0)):
        y, m = at(f, x, 0.0)
        assert (math.isnan(y), m) == (True, 0.0)


def test_constants_are_rational_or_formal(field):
    p = field.p
    assert parts(constants(field, [0.375])[0])[:3] == (3 * pow(8, -1, p) % p, 0, 0.375)
    assert parts(constants(field, [Fraction(1, 3)])[0])[:3] == (pow(3, -1, p), 0, 1 / 3)
    for c in (0.375, np.inf):
        assert constants(field, [c])[0] is constants(field, [c])[0]
    pi, four_pi, log2, e = constants(field, [math.pi, -4 * math.pi, math.log(2), math.e])
    assert (four_pi.a, four_pi.x) == (-4 * pi.a % p, -4 * math.pi)
    assert np.exp(log2).a == 2
    assert np.log(e).a == 1
    assert parts(constants(field, [math.log(2 * math.pi)])[0])[:2] == parts(np.log(2 * pi))[:2]
    assert parts(constants(field, [math.sqrt(2 * math.pi)])[0])[:2] == parts(np.sqrt(2 * pi))[:2]
    assert parts(constants(field, [math.log(math.pi)])[0])[:2] == parts(np.log(pi))[:2]
    assert [each.size for each in constants(field, [
        2**2047 - 1, 2**2047, Fraction(1, 2**2047 - 1), Fraction(1, 2**2047), 2**3000])] == [1, 2, 1, 2, 2]
    infinite = constants(field, [-np.inf])[0]
    assert (infinite.field, parts(infinite)) == (field, (POLE, 0, -np.inf, 0.0, 1))
    nan = constants(field, [np.nan])[0]
    assert (type(nan.a), 0 < nan.a < p, nan.b, math.isnan(nan.x), nan.m, nan.size) == (int, True, 0, True, 0.0, 1)
    assert parts(pi)[1:] == (0, np.pi, pytest.approx(2 * np.pi, rel=1e-9), 2)
    assert parts(e)[1:] == (0, np.e, pytest.approx(3 * np.e, rel=1e-7), 5)
    huge = constants(field, [np.inf, 2**3000 + 1, 2.0**-1000])
    assert (huge[0].x, [each.size for each in huge]) == (math.inf, [1, 1 + (3001 - 1024) // 1024, 1])


def test_functions_made_of_exponentials_agree_with_each_other(field):
    u, v = variables(field, [0.75, 0.25])
    e = np.exp(u)
    for found, want in ((np.expm1(u), e - 1), (np.sinh(u), (e - 1 / e) / 2), (np.cosh(u), (e + 1 / e) / 2),
                        (np.tanh(u) * np.cosh(u), np.sinh(u)), (np.tan(u) * np.cos(u), np.sin(u)),
                        (np.log1p(v), np.log(1 + v)), (np.arctanh(v), (np.log(1 + v) - np.log(1 - v)) / 2),
                        (np.exp(np.arcsinh(v)), v + np.sqrt(v * v + 1)), (np.log2(u) * np.log10(v) / np.log(u),
                        np.log(v) / (np.log(constants(field, [2.0])[0]) * np.log(constants(field, [10.0])[0])))):
        assert (found.a, found.b) == (want.a, want.b)
        assert found.x == pytest.approx(want.x, rel=1e-14)
    assert np.isnan(np.sqrt(Number(field, 0, 5, 0.0, 0.0, 1)).x)


# Infinite constants, decimal constants, and what a pull gives


@np.errstate(all="ignore")
def test_infinite_constants_stay_infinite_and_functions_have_their_limits(field):
    u = variables(field, [0.5])[0]
    low, high = (u + c for c in (-np.inf, np.inf))
    for found, x in ((low, -np.inf), (low - u, -np.inf), (u - low, np.inf), (3 * low, -np.inf), (low / 2, -np.inf),
                     (low * low, np.inf), (-low, np.inf), (abs(low), np.inf), (low**3, -np.inf), (low - high, -np.inf)):
        assert (found.a, found.x) == (POLE, x)
    for f, at_low, at_high in ((np.exp, 0.0, np.inf), (np.tanh, -1.0, 1.0), (np.expm1, -1.0, np.inf),
                               (np.reciprocal, 0.0, 0.0), (np.arctan, -np.pi / 2, np.pi / 2)):
        for one, want in ((f(low), at_low), (f(high), at_high), (f(2 * low), at_low)):
            assert parts(one)[:4] == parts(constants(field, [want])[0])[:4]
    assert parts(np.log(high)) == parts(np.sqrt(high)) == parts(constants(field, [np.inf])[0])
    assert all(math.isnan(each.x) for each in (np.sin(low), np.log(low), low - low, 0 * low))
    assert not field.ties


@np.errstate(all="ignore")
def test_the_side_of_an_infinite_exponent_is_a_branch(field):
    u = variables(field, [0.5])[0]
    for number, taken in ((u * -np.inf, {False}), (u * np.inf, {True})):
        field.branches.clear()
        np.exp(number)
        assert list(field.branches.values()) == [taken]
    assert not field.ties
    np.exp((u + np.inf) - np.inf)
    assert field.ties


def test_infinite_constants_are_compared_by_their_sides(field):
    u, big = variables(field, [0.5])[0], Number(field, 7, 0, np.inf, 0.0, 1)
    low, high = (3 * (u + c) for c in (-np.inf, np.inf))
    assert [low < u, u > low, high > u, low < high, low == -np.inf, high != -np.inf, low > -np.inf] == [
        True, True, True, True, True, True, False]
    assert np.max(np.array([low, u])) is u
    assert not field.ties
    for one, other in ((big, high), (high, big), (high - high, high), (high - high, high - high), (u, high - high)):
        field.ties.clear()
        assert (one == other, bool(field.ties)) in {(True, True), (False, True)}


def test_an_infinite_constant_leaves_the_roots_alone():
    pair = Pair(3, 5)
    assert {pair + POLE, POLE + pair, pair * POLE, POLE * pair, pair - POLE, POLE - pair, -POLE, POLE % 7,
            pow(POLE, -1, 7)} == {POLE}
    assert type(POLE) is Pole


def masked(fill, off=0.0):
    """Attention with a mask of its scores."""
    def f(q, k):
        scores = fill(q @ k.T / np.sqrt(3), np.tri(4) == 0)
        a = np.exp(scores - scores.max(1, keepdims=True))
        a = a / a.sum(1, keepdims=True)

        def pull(d):
            ds = a * (d - (1 + off) * (d * a).sum(1, keepdims=True)) / np.sqrt(3)
            return ds @ k, ds.T @ q
        return a, pull
    return f


def assigned(scores, mask):
    scores[mask] = -np.inf
    return scores


@pytest.mark.parametrize("fill", [lambda s, mask: np.where(mask, -np.inf, s), assigned,
                                  lambda s, mask: s + np.where(mask, -np.inf, 0), lambda s, mask: 2 * np.where(
                                      mask, -np.inf, s / 2)])
def test_masks_of_attention(fill):
    assert check_layer(masked(fill), (X, X[::-1] + 0.3), exact=True).status == PROVED
    assert check_layer(masked(fill, 2.0**-40), (X, X[::-1] + 0.3), exact=True).status == REFUTED


@np.errstate(all="ignore")
def test_an_overflow_is_no_infinite_constant():
    vanishing = lambda x: (np.exp(-np.exp(1000 * x)), lambda d: 0 * d)
    assert check_layer(vanishing, (np.array([3.0]),), exact=True).status == REFUTED
    found = check_layer(lambda x: (np.exp(-np.inf * x), lambda d: 0 * d), (np.array([3.0]),), exact=True)
    assert (found.cells, "False only" in str(found)) == (2, True)


def tanh_gelu(k):
    def f(x):
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + t), lambda d: d * 0.5 * (1 + t + x * (1 - t**2) * c * (1 + k * x**2))
    return f


@pytest.mark.parametrize(("layer", "status"), [
    (tanh_gelu(3 * 0.044715), PROVED), (tanh_gelu(3 * 0.044715 + 2.0**-50), REFUTED), (tanh_gelu(0.134146), REFUTED),
    (lambda x: (x**2 / 2 + 0.3 * x, lambda d: (x + (0.1 + 0.2)) * d), REFUTED),
    (lambda x: (x**2 / 2 + 0.3 * x, lambda d: (x + 0.1 + 0.2) * d), PROVED),
    (lambda x: (0.9 * x**2 + (1 - 0.9) * x**2, lambda d: 2 * x * d), PROVED),
    (lambda x: (0.3 * x, lambda d: (0.3 + 2.0**-60 * x) * d), REFUTED)])
def test_decimal_constants_are_read_as_they_are_written_where_floats_are_refuted(layer, status):
    found = check_layer(layer, (X,), exact=True)
    assert found.status == status
    assert found.note in ("", exact.WRITTEN) if status == PROVED else "the same to rounding" in found.note \
        or "the pull gives" in found.note


def test_a_proof_by_decimals_says_so_and_is_asked_for():
    layer = lambda x: (x**2 / 2 + 0.3 * x, lambda d: (x + 0.1 + 0.2) * d)
    assert prove_layer(layer, (X,)).status == REFUTED
    assert prove_layer(layer, (X,), locate=False, decimals=True) == Proof(REFUTED)
    found = prove_layer(layer, (X,), decimals=True)
    assert (found.status, found.note) == (PROVED, exact.WRITTEN)
    assert str(found).endswith("; with decimal constants as they are written, 0.1 as 1/10; as floats they differ by "
                               "rounding")
    assert prove_layer(lambda x: (x, lambda d: 2 * d), (X,), decimals=True).status == REFUTED
    other = lambda x: (layer(x)[0] + (1 if x.dtype == object else 2), layer(x)[1])
    assert prove_layer(other, (X,), decimals=True).status == REFUTED


@pytest.mark.parametrize(("c", "want"), [
    (0.1, Fraction(1, 10)), (-0.1, Fraction(-1, 10)), (0.134145, Fraction(26829, 200000)), (1e22, Fraction(10**22)),
    (0.1 + 0.2, Fraction(0.1 + 0.2)), (1 / 3, Fraction(1 / 3)), (2.0**-60, Fraction(1, 2**60)), (3, Fraction(3)),
(Fraction(1, 7), Fraction(1, 7)), (123456789012345.0, Fraction(123456789012345)),
    (0.123456789012345, Fraction(123456789012345, 10**15)), (0.1234567890123456, Fraction(0.1234567890123456))])
def test_what_is_written(field, c, want):
    assert written(c) == want
    field.decimals = True
    assert constants(field, [c])[0].a == want.numerator * pow(want.denominator, -1, field.p) % field.p


@pytest.mark.parametrize("x", [np.array([[0.1, 0.2, 0.4]]), np.array([[-1.0, 2.0, 3.0]])])
def test_an_order_is_not_that_of_the_point_alone(x):
    """Both sides of a line are taken in a sort of three numbers, whatever their order is."""
    assert check_layer(lambda x: (np.sort(x, 1), lambda d: d), (x,), exact=True).status == REFUTED
    peak = lambda x: (x.max(1), lambda d: d[:, None] * np.array([0, 0, 1]))
    assert check_layer(peak, (x,), exact=True).status == REFUTED


@pytest.mark.parametrize(("pull", "said"), [
    (lambda d: (d,), "pull: got a tuple of 1 for x, wanted an array"),
    (lambda d: (d, d), "pull: got a tuple of 2 for x, wanted an array")])
def test_what_one_argument_gets_is_named(pull, said):
    for how in ({}, {"exact": True}):
        with pytest.raises(ValueError, match=f"^{said}$"):
            check_layer(lambda x: (x, pull), (X,), **how)


@pytest.mark.parametrize(("got", "said"), [
    (lambda d: [d, d], "list for cotangents"), (lambda d: d, "ndarray for cotangents"),
    (lambda d: (d,), "1 cotangents"), (lambda d: (d, (d, d)), "a tuple of 2 for y, wanted an array")])
def test_what_two_arguments_get_is_named(got, said):
    for how in ({}, {"exact": True}):
        with pytest.raises(ValueError, match=rf"^pull: got {said}(, wanted one for each of 2 arguments, in a tuple)?$"):
            check_layer(lambda x, y: (x + y, got), (X, X), **how)


def test_errors_that_floats_do_not_make_say_what_to_write():
    def objects_refused(x):
        if x.dtype == object:
            raise ValueError("object arrays are not supported")
        return x, lambda d: d

    found = check_layer(objects_refused, (X,), exact=True)
    assert (found.status, "ValueError: object arrays are not supported" in found.note) == (NOT_RUN, True)


def test_errors_of_other_points_say_that_they_are_no_cells():
    def positive(x):
        assert (x > 0).all()
        return np.log(x), lambda d: d / x

    found = check_layer(positive, (np.abs(X),), exact=True)
    assert (found.status, found.cells) == (PROVED, 1)
    with pytest.raises(AssertionError):
        check_layer(positive, (X,), exact=True)


@pytest.mark.parametrize(("f", "advice"), [
    (lambda x: special.expit(x), "1 / (1 + np.exp(-x))"),
    (lambda x: special.xlogy(x, x), "x * np.log(y)"),
    (lambda x: special.erf(x), "no exact form"),
    (lambda x: special.gammaln(x), "no exact form"),
    (lambda x: special.logsumexp(x, axis=1), "np.log(np.sum(np.exp(x - m), axis))"),
    (lambda x: np.interp([0.5], [0.0, 1.0, 2.0], x[0]), "np.searchsorted"),
    (lambda x: np.cov(x), "written out"),
    (lambda x: np.bincount([0, 1, 0], weights=x[0]), "np.add.at"),
    (lambda x: np.fft.rfft(x[0]), "matrix of np.cos"),
    (lambda x: (x * 1j).real, "two arrays"),
    (lambda x: np.heaviside(x, 0.5), "np.where(x > 0, 1, 0)"),
    (lambda x: x.sum().item(), "bare number"),
    (lambda x: np.fabs(x), "np.abs"),
    (lambda x: x % 1, "np.rint"),
    (lambda x: np.floor(x), "np.rint"),
    (lambda x: np.linalg.det(x[:3]), "refvae.elimination"),
    (lambda x: np.array([float(x[0, 0])]), "float()"),
    (lambda x: np.vectorize(lambda v: 1 if v > 0 else v)(x), "0 * x + 1"),
    (lambda x: np.hypot(x, x), "np.sqrt")])
def test_advice_is_for_the_function_that_was_called(f, advice):
    found = check_layer(lambda x: (f(x), lambda d: 0 * x), (X,), exact=True)
    assert found.status == NOT_RUN
    assert advice in found.note.split("instead: ")[1]


def test_what_floats_do_is_asked_at_the_point_itself():
    def at_the_point_alone(x):
        if x.dtype == object:
            raise ValueError("object arrays are not supported")
        assert (x == X).all()
        return x, lambda d: d

    assert check_layer(at_the_point_alone, (X,), exact=True).status == NOT_RUN


def test_decimals_are_read_with_the_relations_that_may_be_used(field):
    layer = lambda x: (np.log(np.sqrt(x**2)) + 0.3 * x, lambda d: d * (x / x**2 + 0.1 + 0.2))
    assert prove_layer(layer, (-X[0, :1],), decimals=True).note == exact.WRITTEN
    assert prove_layer(layer, (-X[0, :1],), decimals=True, relations=1).status == REFUTED
    assert field.decimals is False


def test_a_frozen_tree_has_no_cotangent():
    f = lambda x, p_frozen: (x * p_frozen[0] + p_frozen[1], lambda d: (d * p_frozen[0], None))
    for how in ({}, {"exact": True}):
        assert check_layer(f, (X, (X + 1, X)), **how).status in ("PASS", PROVED)
