"""Optimisers against closed forms on a quadratic and against the textbook, with named wrong versions that must fail."""

import numpy as np
import pytest

from refvae import trees
from refvae.layers import Dense
from refvae.optim import SGD, Adam, Momentum, TwoParts

STEPS = 50
OPTIMISERS = (SGD(0.1), Momentum(0.1, 0.8), Adam(0.1))


def quadratic(seed: int = 0, d: int = 7):
    """Start, minimum, eigenvalues in [0.2, 5] and eigenvectors of x -> 1/2 (x - c)' A (x - c)."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return rng.standard_normal(d), rng.standard_normal(d), np.linspace(0.2, 5, d), basis


def path(optimiser, x0, gradient, steps=STEPS):
    """The points that the optimiser visits, (steps + 1, d)."""
    x, points = x0.copy(), [x0.copy()]
    state = optimiser.init(x)
    for _ in range(steps):
        optimiser.step(state, x, gradient(x))
        points.append(x.copy())
    return np.array(points)


def in_eigenbasis(optimiser):
    """The errors <u_i, x_t - c> that the optimiser leaves on the quadratic, (steps + 1, d), and how they start."""
    x0, c, values, basis = quadratic()
    points = path(optimiser, x0, lambda x: basis @ (values * (basis.T @ (x - c))))
    return (points - c) @ basis, basis.T @ (x0 - c), values


def distance(got, want):
    """The largest difference; the numbers compared here are of order one."""
    return np.max(np.abs(got - want))


# Gradient descent: e_t = (1 - lr lambda)^t e_0. The bound is 1e-12: 50 contracting steps, each with round-off 1e-16.


def descent_error(optimiser):
    errors, start, values = in_eigenbasis(optimiser)
    t = np.arange(STEPS + 1)[:, None]
    return distance(errors, (1 - 0.1 * values) ** t * start)


class Ascent(SGD):
    def step(self, state, x, g):
        x += self.lr * g


class Halved(SGD):
    def step(self, state, x, g):
        x -= self.lr * g / 2


class Normalised(SGD):
    def step(self, state, x, g):
        x -= self.lr * g / np.linalg.norm(g)


def test_sgd_is_a_geometric_sequence():
    assert descent_error(SGD(0.1)) < 1e-12


@pytest.mark.parametrize("wrong", [Ascent(0.1), Halved(0.1), Normalised(0.1), SGD(0.1 + 1e-9), Momentum(0.1, 0.8)])
def test_sgd_wrong_versions_are_rejected(wrong):
    assert descent_error(wrong) > 1e-12


# Heavy ball: e_{t+1} = (1 + beta - lr lambda) e_t - beta e_{t-1}, solved by the two roots of its polynomial.


def heavy_ball_error(optimiser, lr=0.1, beta=0.8):
    errors, start, values = in_eigenbasis(optimiser)
    trace = 1 + beta - lr * values
    root = np.sqrt(trace.astype(complex) ** 2 - 4 * beta)
    first, second = (trace + root) / 2, (trace - root) / 2
    weight = (1 - lr * values - second) / root
    t = np.arange(STEPS + 1)[:, None]
    return distance(errors, (start * (weight * first**t + (1 - weight) * second**t)).real)


class Averaged(Momentum):
    def step(self, state, x, g):
        super().step(state, x, (1 - self.beta) * g)


class Lagging(Momentum):
    def step(self, state, x, g):
        x -= self.lr * state
        state *= self.beta
        state += g


class Nesterov(Momentum):
    def step(self, state, x, g):
        state *= self.beta
        state += g
        x -= self.lr * (g + self.beta * state)


class Forgetful(Momentum):
    def step(self, state, x, g):
        super().step(np.zeros_like(x), x, g)


def test_momentum_is_a_recursion_of_order_two():
    assert heavy_ball_error(Momentum(0.1, 0.8)) < 1e-12


def test_momentum_without_memory_is_sgd():
    assert descent_error(Momentum(0.1, beta=0.0)) < 1e-12


@pytest.mark.parametrize("wrong", [Averaged, Lagging, Nesterov, Forgetful])
def test_momentum_wrong_versions_are_rejected(wrong):
    assert heavy_ball_error(wrong(0.1, 0.8)) > 1e-12


# Adam: algorithm 1 of the paper, line by line. The bound is 1e-14: some ten roundings a step, the points of order one.


def textbook(x, gradient, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-3):
    m, v, points = 0, 0, [x]
    for t in range(1, STEPS + 1):
        g = gradient(x)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        x = x - lr * m_hat / (np.sqrt(v_hat) + eps)
        points.append(x)
    return np.array(points)


def gradient_of_cosh(x):
    """Smooth and convex, and different in every coordinate."""
    return np.sinh(x - np.linspace(-1, 1, x.size)) * np.linspace(0.5, 2, x.size)


def textbook_error(optimiser):
    x0 = quadratic()[0]
    return distance(path(optimiser, x0, gradient_of_cosh), textbook(x0, gradient_of_cosh))


class Uncorrected(Adam):
    def step(self, state, x, g):
        m, v, _ = state
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        x -= self.lr * m / (np.sqrt(v) + self.eps)


class EpsInside(Adam):
    def step(self, state, x, g):
        m, v, t = state
        t += 1
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        x -= self.lr * m / (1 - self.beta1**t) / np.sqrt(v / (1 - self.beta2**t) + self.eps)


class EpsBeforeCorrection(Adam):
    def step(self, state, x, g):
        m, v, t = state
        t += 1
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        x -= self.lr * np.sqrt(1 - self.beta2**t) / (1 - self.beta1**t) * m / (np.sqrt(v) + self.eps)


class LateCounter(Adam):
    def step(self, state, x, g):
        super().step(state, x, g)
        state.t[...] = max(int(state.t) - 1, 1)


class Unsquared(Adam):
    def step(self, state, x, g):
        m, v, t = state
        t += 1
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (np.abs(g) - v)
        x -= self.lr * m / (1 - self.beta1**t) / (v / (1 - self.beta2**t) + self.eps)


def test_adam_is_the_algorithm_of_the_paper():
    assert textbook_error(Adam(0.1, eps=1e-3)) < 1e-14


@pytest.mark.parametrize("wrong", [Uncorrected, EpsInside, EpsBeforeCorrection, LateCounter, Unsquared])
def test_adam_wrong_versions_are_rejected(wrong):
    assert textbook_error(wrong(0.1, eps=1e-3)) > 1e-14


@pytest.mark.parametrize("settings", [{"beta1": 0.99}, {"beta2": 0.99}, {"eps": 1e-8}, {"lr": 0.1 + 1e-9}])
def test_every_setting_of_adam_matters(settings):
    assert textbook_error(Adam(**{"lr": 0.1, "eps": 1e-3, **settings})) > 1e-14


def test_the_first_step_of_adam_is_the_sign_of_the_gradient():
    g = np.array([1e-3, -1e-3, 1.0, -1.0, 1e3, -1e3])
    moved = path(Adam(0.1), np.zeros(6), lambda x: g, steps=1)[1]
    # m / sqrt(v) is sign(g) and eps makes it smaller by the factor 1 / (1 + eps / |g|); five roundings are added.
    assert np.all(np.abs(moved + 0.1 * np.sign(g)) <= 0.1 * (1e-8 / np.abs(g) + 5 * np.finfo(float).eps))


def test_adam_does_not_move_without_a_gradient():
    assert np.all(path(Adam(0.1), np.ones(3), np.zeros_like) == 1)


# In place, in the dtype of the parameters, with a state for each run


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_step_moves_the_views_of_the_tree(optimiser):
    vector, tree = trees.flatten((Dense(np.ones((6, 3)), np.ones(3)), np.ones(7)))
    g = np.linspace(1, 2, vector.size)
    before = g.copy()
    assert optimiser.step(optimiser.init(vector), vector, g) is None
    assert all(np.shares_memory(leaf, vector) and np.all(leaf < 1) for leaf in trees.leaves(tree))
    assert np.array_equal(g, before)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_step_keeps_the_arrays_of_the_state(optimiser):
    x = np.ones(7)
    state = optimiser.init(x)
    held = trees.leaves(state)
    values = [leaf.copy() for leaf in held]
    optimiser.step(state, x, np.full(7, 2.0))
    assert all(now is then for now, then in zip(trees.leaves(state), held, strict=True))
    assert not any(np.array_equal(now, then) for now, then in zip(held, values, strict=True))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_the_gradient_is_not_kept(optimiser):
    x, g = np.ones(7), np.ones(7)
    state = optimiser.init(x)
    optimiser.step(state, x, g)
    assert not any(np.shares_memory(leaf, other) for leaf in trees.leaves(state) for other in (x, g))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_float32_stays_float32(optimiser):
    x = np.ones(7, np.float32)
    state = optimiser.init(x)
    optimiser.step(state, x, np.full(7, 2, np.float32))
    kinds = {leaf.dtype for leaf in (x, *trees.leaves(state)) if leaf.ndim}
    assert kinds == {np.dtype(np.float32)}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_two_runs_share_nothing(optimiser):
    x0, c, *_ = quadratic()
    alone = path(optimiser, x0, gradient_of_cosh)
    x, other = x0.copy(), c.copy()
    state, busy = optimiser.init(x), optimiser.init(other)
    for point in alone[1:]:
        optimiser.step(busy, other, gradient_of_cosh(other))
        optimiser.step(state, x, gradient_of_cosh(x))
        assert np.array_equal(x, point)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_settings_cannot_be_changed(optimiser):
    with pytest.raises(AttributeError):
        optimiser.lr = 1.0


@pytest.mark.parametrize(("make", "message"), [
    (lambda: SGD(0.0), "lr: got 0.0, wanted a number above 0"), (lambda: SGD(float("nan")), "lr: got nan"),
    (lambda: Momentum(-1e-2), "lr: got -0.01"), (lambda: Momentum(beta=1.0), "beta: got 1.0, wanted .* below 1"),
    (lambda: Adam(beta1=1.0), "beta1: got 1.0"), (lambda: Adam(beta2=-0.1), "beta2: got -0.1"),
    (lambda: Adam(eps=0.0), "eps: got 0.0"), (lambda: Adam(lr=float("inf")), "lr: got inf")])
def test_settings_are_validated_before_any_work(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_two_parts_are_moved_by_their_own_optimisers():
    both, x, g = TwoParts(2, Adam(), SGD(0.5)), np.arange(3.0), np.ones(3)
    state, alone, memory = both.init(x), np.arange(2.0), Adam().init(np.zeros(2))
    both.step(state, x, g)
    Adam().step(memory, alone, g[:2])
    assert np.array_equal(x, [*alone, 1.5])
