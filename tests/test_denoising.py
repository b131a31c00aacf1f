"""Denoising: bad input, shapes, samplers, the generator's trainer, and rows of the experiments."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvae import trees
from refvae.data.worlds import gaussian, ring
from refvae.denoising import (
    annealed_langevin,
    denoised_variance,
    denoiser_score,
    denoising_floor,
    dsm,
    fit_dde_generator,
    frozen_log_density,
    gaussian_dsm_floor,
    implicit,
    jacobian,
    ladder_score,
    langevin,
    langevin_step,
    langevin_variance,
    linear_denoiser,
    log_normaliser,
    mala,
    mala_log_ratio,
    pooled_score,
    posterior_covariance,
    shell,
    sliced,
    smoothed_kl,
    tweedie,
)
from refvae.derivations.denoising import experiments
from refvae.fit import fit
from refvae.layers import mlp, mlp_grad, mlp_init, relu, softplus
from refvae.models.dae import DAE, conditional_score
from refvae.optim import SGD, Adam

X = np.arange(6.0).reshape(3, 2)
NET, OWN = mlp_init((2, 4, 2), 0), mlp_init((2, 4, 1), 1)


def score(x, sigma=0.0):
    """Of N(0, I), smoothed."""
    return -x / (1 + sigma**2)


def density(x):
    """Log density of N(0, I), but for a constant, and score."""
    return -(x * x).sum(1) / 2, -x


def chains(*args, sampler=langevin, function=score, **how):
    return sampler(function, *args, rng=0, progress=False, **how)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: tweedie(lambda x: x[:, :1], X, 1.0), ValueError, "the score and xt: got shapes"),
    (lambda: tweedie(score, X, np.ones(3)), ValueError, "sigma and a column of x: got shapes"),
    (lambda: tweedie(score, X, np.ones((2, 1))), ValueError, "sigma and a column of x: got shapes"),
    (lambda: dsm(mlp, NET, X, X[:1], 1.0), ValueError, "x and eps: got shapes"),
    (lambda: dsm(mlp, NET, X, X, np.ones(3)), ValueError, "sigma and a column of x"),
    (lambda: dsm(mlp, NET, X, X, 1.0, np.ones(3)), ValueError, "weight and a column of x"),
    (lambda: dsm(mlp, OWN, X, X, 1.0), ValueError, "the score and x: got shapes"),
    (lambda: sliced(mlp, NET, X, X[:1]), ValueError, "x and v: got shapes"),
    (lambda: jacobian(partial(mlp, OWN), X), ValueError, "the score and x: got shapes"),
    (lambda: denoiser_score(NET, X, np.ones((1, 3))), ValueError, "sigma and a column of x"),
    (lambda: ladder_score(mlp_init((3, 2), 0), X, np.ones(3)), ValueError, "sigma and a column of x"),
    (lambda: linear_denoiser([1.0, -1.0], 1.0), ValueError, "lam: got -1.0, wanted variances of at least 0"),
    (lambda: linear_denoiser([1.0, 2.0], 0.0), ValueError, "sigma: got 0.0, wanted a number above 0"),
    (lambda: linear_denoiser([1.0, 2.0], 1.0, 3), ValueError, "k: got 3, wanted 0 <= k <= 2"),
    (lambda: gaussian_dsm_floor([1.0], np.nan), ValueError, "sigma: got nan"),
    (lambda: denoised_variance([1.0, 2.0], -1.0), ValueError, "sigma: got -1.0, wanted a number above 0"),
    (lambda: denoised_variance([[1.0], [2.0]], 1.0), ValueError, r"lam: got shape \(2, 1\), wanted \(n,\) .*ravel"),
    (lambda: gaussian_dsm_floor(np.ones((3, 1)), 0.4), ValueError, r"lam: got shape \(3, 1\)"),
    (lambda: linear_denoiser(np.ones((1, 3)), 0.4), ValueError, r"lam: got shape \(1, 3\)"),
    (lambda: denoising_floor(1.0, 1, -0.4), ValueError, "sigma: got -0.4"),
    (lambda: posterior_covariance(partial(mlp, NET), X, np.ones((3, 1))), TypeError, "sigma: got nda"),
    (lambda: shell(0), ValueError, "d: got 0"),
    (lambda: shell(2.0), TypeError, "d: got float"),
    (lambda: pooled_score(np.ones((2, 3)), np.ones((2, 4, 2)), np.ones(2), np.ones(2)), ValueError, "densities and a"),
    (lambda: pooled_score(np.ones((2, 3)), np.ones((2, 3, 2)), np.ones(3), np.ones(2)), ValueError, "weights and the"),
    (lambda: pooled_score(np.ones((2, 3)), np.ones((2, 3, 2)), np.ones(2), np.ones(1)), ValueError, "factors and"),
    (lambda: langevin_step(X, X[:, :1], 0.1, X), ValueError, "the score and x: got shapes"),
    (lambda: langevin_step(X, X, 0.1, X[0]), ValueError, "noise"),
    (lambda: langevin_step(X, X, X[:, :1] + 1, X), TypeError, "step: got ndarray, wanted a real number"),
    (lambda: mala_log_ratio(X, X, (X[:, :1], X), (X[:, 0], X), 0.1), ValueError, "the log density"),
    (lambda: mala_log_ratio(X, X, (X[:, 0], X), (X[:, 0], X[:, :1]), 0.1), ValueError, "the score and x"),
    (lambda: langevin_variance([1.0, np.nan], 0.1), ValueError, "var: got 1 NaN"),
    (lambda: denoiser_score(OWN, X, 1.0), ValueError, "r and xt: got shapes"),
    (lambda: ladder_score(mlp_init((3, 1), 0), X, 1.0), ValueError, "the correction and xt: got shapes"),
    (lambda: frozen_log_density(NET), ValueError, r"p\[-1\].b and one output: got shapes"),
    (lambda: conditional_score(DAE(mlp_init((3, 2), 0), np.zeros(1)), X, 1.0, 1.0), ValueError, "p.centre and a r"),
    (lambda: langevin_variance(1.0, 4.0), ValueError, "step: got 4.0, wanted 0 < step < 4 var, here 4.0"),
    (lambda: chains(X, 0.0, 3), ValueError, "step: got 0.0, wanted a number above 0"),
    (lambda: chains(X, np.nan, 3), ValueError, "step: got nan"),
    (lambda: chains(X, 0.1, 0), ValueError, "n_steps: got 0"),
    (lambda: chains(X, 0.1, 3, temperature=-1.0), ValueError, "temperature: got -1.0"),
    (lambda: chains(X[0], 0.1, 3), ValueError, r"x: got shape \(2,\)"),
    (lambda: chains(X, 0.1, 3, function=lambda x: x[:1]), ValueError, "the score and x: got shapes"),
    (lambda: chains(X, 9.0, 2000), FloatingPointError, "step: got 9.0, with which a chain leaves the numbers"),
    (lambda: langevin(score, X, 0.1, 3, None), TypeError, "rng: got NoneType"),
    (lambda: chains(X, 0.1, 3, sampler=mala, function=lambda x: (density(x)[0], x[:1])), ValueError, "the score and x"),
    (lambda: chains(X, [1.0, 1.0], 0.1, 3, sampler=annealed_langevin), ValueError, r"sigmas: got \[1.0, 1.0\]"),
    (lambda: chains(X, [], 0.1, 3, sampler=annealed_langevin), ValueError, r"sigmas: got \[\]"),
    (lambda: chains(X, [1.0, 0.0], 0.1, 3, sampler=annealed_langevin), ValueError, "sigmas: got 0.0, wanted a num"),
    (lambda: smoothed_kl(frozen_log_density(OWN), frozen_log_density(OWN), NET, X, X[:1], 1.0), ValueError, "G.z. and"),
    (lambda: fit_dde_generator(frozen_log_density(OWN), NET, OWN, sigma=0.0, rounds=1, batch=2, rng=0), ValueError,
     "sigma: got 0.0"),
    (lambda: fit_dde_generator(frozen_log_density(OWN), OWN, OWN, sigma=1.0, rounds=1, batch=2, rng=0), ValueError,
     r"p\[-1\].b and an input of own"),
    (lambda: fit_dde_generator(frozen_log_density(OWN), NET, OWN, sigma=1.0, rounds=0, batch=2, rng=0), ValueError,
     "rounds: got 0"),
    (lambda: log_normaliser(density, np.zeros(2), np.eye(3), 10, 0), ValueError, "cov against the outer product"),
    (lambda: log_normaliser(density, np.zeros((2, 1)), np.eye(2), 10, 0), ValueError, r"mean: got shape \(2, 1\)"),
    (lambda: log_normaliser(lambda x: density(x)[0][:, None], np.zeros(2), np.eye(2), 10, 0), ValueError,
     "log_density and the draws: got shapes"),
    (lambda: log_normaliser(density, np.zeros(2), -np.eye(2), 10, 0), ValueError, "log_normaliser: got .*definite"),
    (lambda: log_normaliser(density, np.zeros(2), np.eye(2), 1, 0), ValueError, "draws: got 1"),
])
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Objectives


def test_one_objective_serves_a_denoiser_and_a_log_density_through_fit():
    x = 0.3 * np.random.default_rng(0).standard_normal((400, 2))
    draw = lambda rng, rows: (rows, rng.standard_normal(rows.shape), 0.5)
    for score_map, sizes in ((lambda p, xt: denoiser_score(p, xt, 0.5), (2, 8, 2)),
                             (partial(mlp_grad, activation=softplus), (2, 8, 1))):
        found = fit(partial(dsm, score_map), mlp_init(sizes, 0), x, epochs=40, batch=100, rng=0, draw=draw,
                    progress=False, optimiser=Adam(1e-2))
        assert found.history[0] > 2
        assert found.history[-5:].mean() == pytest.approx(gaussian_dsm_floor([0.09, 0.09], 0.5), abs=0.5)


def test_the_sliced_objective_trains_as_well():
    x = gaussian((0, 0), ((2, 0.6), (0.6, 0.8))).sample(0, 2000)
    draw = lambda rng, rows: (rows, rng.choice([-1.0, 1.0], rows.shape))
    p = fit(partial(sliced, mlp), mlp_init((2, 2), 0), x, epochs=60, batch=500, rng=0, draw=draw, progress=False,
            optimiser=SGD(0.3)).p
    cov = np.cov(x.T, bias=True)
    assert p[0].W == pytest.approx(-np.linalg.inv(cov), abs=0.1)


def test_a_row_of_levels_is_a_number_for_every_row():
    eps, weight = X[::-1], np.full((3, 1), 0.7)
    (one, pull), (other, pull_other) = (dsm(mlp, NET, X, eps, sigma, w) for sigma, w in ((0.5, 0.7), (
        np.full((3, 1), 0.5), weight)))
    assert one == pytest.approx(other, rel=1e-15)
    for u, v in zip(trees.leaves(pull(1.0)), trees.leaves(pull_other(1.0)), strict=True):
        assert u == pytest.approx(v, rel=1e-14, abs=1e-15)


def test_float32_stays_float32():
    cast = partial(trees.map, lambda leaf: leaf.astype(np.float32))
    x, sigma = X.astype(np.float32), np.full((3, 1), 0.5, np.float32)
    conditional = lambda p, xt: ladder_score(p, xt, sigma, scale=0.7, activation=relu)
    for score_map, p in ((mlp, NET), (mlp_grad, OWN), (conditional, mlp_init((3, 4, 2), 0))):
        loss, pull = dsm(score_map, cast(p), x, x, sigma, sigma**2)
        assert {loss.dtype, *(leaf.dtype for leaf in trees.leaves(pull(np.ones_like(loss))))} == {np.dtype(np.float32)}


def test_the_divergence_of_an_affine_field():
    A = np.array([[1.0, 2.0], [-3.0, 0.5]])
    field = lambda x: (x @ A, lambda ds: ds @ A.T)
    assert (jacobian(field, X) == A.T).all()
    assert implicit(field, 0 * X) == pytest.approx([1.5] * 3, rel=1e-15)


def test_the_floor_of_normal_data_is_that_of_all_eigenvalues():
    lam = np.array([3.0, 1.0, 0.5])
    want = sum(gaussian_dsm_floor([each], 0.4) for each in lam)
    assert gaussian_dsm_floor(lam, 0.4) == pytest.approx(want, rel=1e-15)


@pytest.mark.parametrize("d", [10**8, 10**12, 10**16, 2**60])
def test_a_shell_in_any_dimension(d):
    mean, sd = shell(d)
    assert mean == pytest.approx(1 - 1 / (4 * d), rel=1e-15)
    assert sd == pytest.approx(1 / np.sqrt(2 * d), rel=1e-8)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.floats(0.01, 10), st.data())
def test_a_denoiser_shrinks_and_more_rank_never_hurts(lam, sigma, data):
    k = data.draw(st.integers(0, len(lam)))
    found, full = linear_denoiser(lam, sigma, k), linear_denoiser(lam, sigma)
    assert ((found.factors >= 0) & (found.factors < 1)).all()
    assert (found.factors > 0).sum() <= k
    assert full.risk <= found.risk + 1e-12 * sum(lam)
    assert full.risk <= len(lam) * sigma**2 * (1 + 1e-12)


# Samplers


@pytest.mark.parametrize(("sampler", "args"), [(langevin, (0.1, 5)), (annealed_langevin, ([1.0, 0.5], 0.1, 5))])
def test_chains_repeat_and_leave_their_start_alone(sampler, args):
    x = X.copy()
    one, other = (chains(x, *args, sampler=sampler) for _ in range(2))
    assert (one == other).all()
    assert (x == X).all()
    assert one.shape == X.shape


def test_a_corrected_chain_rejects_what_leaves_the_support():
    def box(x):
        return np.where((np.abs(x) < 1).all(1), 0.0, -np.inf), np.zeros_like(x)

    found = mala(box, np.zeros((200, 2)), 0.5, 60, 0, progress=False)
    assert np.abs(found.x).max() < 1
    assert 0.1 < found.accepted.mean() < 0.9


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 3), st.floats(0.02, 0.95))
def test_the_stationary_variance_is_above_that_of_the_law(var, share):
    step = 4 * var * share
    assert langevin_variance(var, step) > var
    assert langevin_variance(var, step, 1 - share) == pytest.approx(var, rel=1e-12)


def test_a_bar_is_shown_if_asked_for(capsys):
    langevin(score, X, 0.1, 3, 0, progress=True)
    assert "3/3" in capsys.readouterr().err
    langevin(score, X, 0.1, 3, 0)
    assert capsys.readouterr().err == ""


# Generator


def test_a_linear_generator_finds_a_normal_law():
    smooth = gaussian((0.5,), ((0.8 + 0.25,),))
    log_p = lambda x: (smooth.logpdf(x), lambda d: d[:, None] * smooth.score(x))
    p, own = mlp_init((1, 1), 0), mlp_init((1, 16, 1), 1)
    found = fit_dde_generator(log_p, p, own, sigma=0.5, rounds=200, batch=100, rng=0, inner=3, progress=False,
                              optimisers=(SGD(0.05), SGD(0.05)))
    assert found.history.shape == (200, 2)
    assert np.square(found.p[0].W[0, 0]) == pytest.approx(0.8, abs=0.3)
    assert found.p[0].b[0] == pytest.approx(0.5, abs=0.25)
    assert (p[0].W == mlp_init((1, 1), 0)[0].W).all()


def test_an_objective_that_leaves_the_numbers_is_said():
    with pytest.raises(FloatingPointError, match=r"objective: got (nan|inf)"), np.errstate(all="ignore"):
        fit_dde_generator(frozen_log_density(OWN), NET, OWN, sigma=0.5, rounds=50, batch=5, rng=0, progress=False,
                          optimisers=(SGD(1e3), SGD(1e200)))


def test_the_normaliser_knows_a_factor():
    found = log_normaliser(lambda x: density(x)[0], np.zeros(2), 1.2 * np.eye(2), 4000, 0)
    assert found.log_z == pytest.approx(np.log(2 * np.pi), abs=6 * found.error)
    assert 0 < found.error < 0.01
    assert 3000 < found.effective < 4000


# Experiments


def test_rows_of_digits_are_split_and_centred():
    train, test, centre = experiments.split()
    assert (train.shape, test.shape, centre.shape) == ((1437, 64), (360, 64), (64,))
    assert np.abs(train.mean(0)).max() < 1e-12


def test_shares_of_modes():
    x = ring().sample(0, 4000)
    assert np.abs(experiments.modes(x) - 1 / 8).max() < 0.03
    assert experiments.modes(x, 0.6).sum() == pytest.approx(1 - np.exp(-4.5), abs=0.01)


def test_parts_of_one_law_do_not_differ():
    x = np.random.default_rng(0).standard_normal((1500, 2))
    assert abs(experiments.against(x[400:], x[:360])) < 0.1


@pytest.mark.slow
def test_a_row_of_the_table_of_scores():
    error, excess, modes, *_ = experiments.plane("ring", "log density", 0)
    assert 0.01 < error < 0.05
    assert 1.0 < excess < 1.05
    assert modes == 8
