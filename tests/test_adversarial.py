"""Chapter 10: bad input, shapes, dtypes and edge cases; that the laws hold is the evidence's business."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refvae import trees
from refvae.adversarial import (
    VARIANTS,
    Coder,
    GanLosses,
    Mixture,
    Pair,
    Schedule,
    aae_loss,
    aae_losses,
    ali_complete,
    ali_descent,
    ali_flow,
    ali_forces,
    ali_gradient,
    ali_loss,
    ali_losses,
    ali_pairs,
    ali_value,
    collapsed_step,
    complete_loss,
    complete_step,
    critic_bound,
    critic_loss,
    dirac_step,
    discriminator_loss,
    em_mixture,
    encoder_cosines,
    encoder_metric,
    f_divergence,
    f_divergences,
    fisher,
    fit_gan,
    fit_wgan,
    free_energy,
    gan_losses,
    generator_loss,
    graded,
    gradient_penalty,
    grid,
    label_divergence,
    linear_flow,
    log_joint,
    m_step,
    mixture_divergence,
    optimal_discriminator,
    player,
    proximal,
    proximal_bounds,
    raised_critic,
    responsibilities,
    stepped,
)
from refvae.data import digits
from refvae.derivations.adversarial import experiments
from refvae.layers import Dense, mlp_init, tanh
from refvae.optim import SGD

HALF = np.array([0.5, 0.5])
LAW = arrays(float, 5, elements=st.floats(0.01, 1)).map(lambda x: x / x.sum())


# Laws


@given(LAW, LAW)
@settings(max_examples=60, deadline=None)
def test_what_is_left_is_no_more_than_half_the_forward_divergence(q, p):
    found = mixture_divergence(q, p)
    assert -1e-15 <= found.mixture <= found.forward / 2 + 1e-12
    assert -1e-15 <= found.jensen_shannon <= np.log(2)


@given(LAW, LAW)
@settings(max_examples=60, deadline=None)
def test_a_complete_step_goes_nearer_and_keeps_the_order(q, p):
    new, value = complete_step(q, p)
    assert new.sum() == pytest.approx(1)
    assert np.ptp(np.log(new / q)) <= np.ptp(np.log(p / q)) + 1e-12
    assert value >= -1e-12
    order = np.argsort(p / q)
    assert (np.diff((new / q)[order]) >= -1e-12).all()


def test_points_that_one_law_or_both_leave_out():
    q, p = np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.0, 0.5, 0.5, 0.0])
    np.testing.assert_array_equal(optimal_discriminator(q, p), [1, 0.5, 0, 0.5])
    assert label_divergence(q, p, optimal_discriminator(q, p)).joint == np.inf
    assert mixture_divergence(q, p).mixture == np.inf
    assert mixture_divergence(p, p) == (0, 0, 0)
    np.testing.assert_array_equal(collapsed_step(q, p), [1, 0, 0, 0])


@pytest.mark.parametrize("bad", [[0.5, 0.6], [-0.1, 1.1], [[0.5, 0.5]], [np.nan, 1.0], [], [1.0]])
@pytest.mark.parametrize("f", [mixture_divergence, optimal_discriminator, complete_step, collapsed_step])
def test_what_is_no_pair_of_laws_is_refused(f, bad):
    with pytest.raises(ValueError, match="got"):
        f(HALF, bad)
    with pytest.raises(ValueError, match="got"):
        f(bad, HALF)


@pytest.mark.parametrize("call", [
    lambda: optimal_discriminator(HALF, HALF, 0.0), lambda: label_divergence(HALF, HALF, HALF, 1.0),
    lambda: label_divergence(HALF, HALF, [0.5, 1.5]), lambda: label_divergence(HALF, HALF, [0.5]),
    lambda: complete_loss(HALF, HALF, [1.0, 0.0]), lambda: complete_step(HALF, [1.0, 0.0]),
    lambda: fisher(HALF, np.ones((3, 2))), lambda: proximal_bounds(1, 1, 0), lambda: proximal_bounds(np.inf, 1, 1),
    lambda: f_divergence("forward KL", HALF, [1.0, 0.0]), lambda: f_divergence("forward KL", [HALF], HALF),
    lambda: critic_bound("reverse KL", HALF, HALF, [0.1, -1]), lambda: critic_bound("reverse KL", HALF, HALF, [-1]),
    lambda: ali_complete(np.full((2, 2), 0.25), np.full((2, 2), 0.25), np.full((2, 2), 0.25), [[0.1, 0.4], [0.1, 0.4]]),
    lambda: ali_complete(*[np.eye(2) / 2] * 4), lambda: ali_complete(*[np.full((2, 2), 0.25)] * 3, np.ones((2, 3)) / 6),
    lambda: ali_forces(np.ones(2), "wasserstein"), lambda: ali_flow(HALF, np.ones((2, 1)), np.ones((3, 1)), "minimax"),
    lambda: ali_flow(HALF, np.ones((2, 1)), np.ones((2, 1)), "none"), lambda: ali_gradient(Pair(1, 0, 1, 0), "none"),
    lambda: ali_descent(Pair(1, 0, 1, 0), "minimax", steps=0), lambda: grid(0), lambda: grid(2, 1),
    lambda: graded(2, 1), lambda: graded(inner=0.0), lambda: ali_value(Pair(1, 0, 1, 0), var=0.0),
    lambda: ali_value(Pair(np.nan, 0, 1, 0)), lambda: encoder_metric(Pair(1, np.inf, 1, 0)),
    lambda: encoder_cosines(Pair(1, 0, 1, 0), -1.0), lambda: ali_descent(Pair(1, 0, 1, 0), "minimax", steps=1, lr=0.0),
    lambda: ali_descent(Pair(1, 0, 1, 0), "minimax", steps=1, clip=-1.0), lambda: linear_flow(1.0, "complete"),
    lambda: linear_flow(0.6, "discriminator"), lambda: optimal_discriminator(HALF, HALF, 1.0),
    lambda: next(fit_wgan(experiments.networks(0), experiments.WORLD.sample, rounds=1, batch=2, rng=0, lam=0.0)),
    lambda: next(fit_gan(experiments.networks(0), experiments.WORLD.sample, rounds=1, batch=2, rng=0,
                         schedule=Schedule(lam=-1.0))),
    lambda: next(fit_gan(experiments.networks(0), experiments.WORLD.sample, rounds=1, batch=2, rng=0,
                         schedule=Schedule(gen=0)))])
def test_bad_input_has_one_clear_error(call):
    with pytest.raises(ValueError, match="wanted"):
        call()


def test_an_unknown_divergence_is_a_key_error():
    with pytest.raises(ValueError, match=r"name: got .*, wanted one of forward KL"):
        f_divergence("Wasserstein", HALF, HALF)


@pytest.mark.parametrize("name", f_divergences)
def test_a_divergence_is_least_for_equal_laws(name):
    least = f_divergence(name, HALF, HALF)
    assert least == pytest.approx(-np.log(4) if name == "GAN" else 0)
    assert f_divergence(name, np.array([0.6, 0.4]), HALF) > least


# Mixtures


TWO = Mixture(HALF, np.array([[0.0, 0.0], [6.0, 6.0]]), np.tile(np.eye(2), (2, 1, 1)))


def clouds(n=60):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.standard_normal((n, 2)), rng.standard_normal((n, 2)) + 6])


def test_two_clouds_are_found_from_any_seed():
    for seed in range(3):
        found = em_mixture(clouds(), 2, steps=200, rng=seed)
        np.testing.assert_allclose(np.sort(found.p.means.sum(1)), [0, 12], atol=0.6)
        assert (np.diff(found.nll) <= 1e-12).all()


def test_em_repeats_bit_for_bit_and_leaves_its_start_alone():
    start = Mixture(HALF, clouds()[[0, -1]], np.tile(np.eye(2), (2, 1, 1)))
    before = [part.copy() for part in start]
    one, other = (em_mixture(clouds(), start, steps=5) for _ in range(2))
    for a, b in zip(trees.leaves(one), trees.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(before, start, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_component_is_the_gaussian_of_the_data():
    x = clouds()
    found = em_mixture(x, 1, steps=1).p
    np.testing.assert_allclose(found.covs[0], np.cov(x.T, bias=True))
    np.testing.assert_allclose(found.means[0], x.mean(0))


def test_one_feature_is_enough():
    assert em_mixture(clouds()[:, :1], 2, steps=3).p.covs.shape == (2, 1, 1)


def test_scales_of_the_features_make_no_difference():
    x = clouds()
    one, other = em_mixture(x, 2, steps=20, rng=1), em_mixture(x * [1e-9, 1e6], 2, steps=20, rng=1)
    np.testing.assert_allclose(one.p.weights, other.p.weights, rtol=1e-6)


def test_a_component_that_degenerates_raises():
    x = np.concatenate([clouds(), np.full((1, 2), 50.0)])
    start = Mixture(HALF, np.array([[3.0, 3.0], [50.0, 50.0]]), np.array([np.eye(2) * 9, np.eye(2) * 0.01]))
    with pytest.raises(ValueError, match=r"component 1: got the least variance .* degenerates"):
        em_mixture(x, start, steps=3)


@pytest.mark.parametrize("call", [
    lambda: em_mixture(clouds(), 0, steps=1), lambda: em_mixture(clouds(), 1000, steps=1),
    lambda: em_mixture(clouds(), 2, steps=0), lambda: em_mixture(clouds()[:, 0], 2, steps=1),
    lambda: em_mixture(np.ones((9, 2)), 2, steps=1), lambda: em_mixture(clouds() * [1, 0], 2, steps=1),
    lambda: em_mixture(clouds() @ np.ones((2, 2)), 2, steps=1),
    lambda: em_mixture(clouds(), Mixture(HALF, np.ones((2, 3)), np.ones((2, 2, 2))), steps=1),
    lambda: em_mixture(clouds(), Mixture(HALF * 2, np.ones((2, 2)), np.tile(np.eye(2), (2, 1, 1))), steps=1),
    lambda: em_mixture(clouds(), Mixture(HALF, np.ones((2, 2)), np.tile([[1, 0.5], [0, 1]], (2, 1, 1))), steps=1),
    lambda: em_mixture(clouds(), Mixture(HALF, np.ones((2, 2)), -np.tile(np.eye(2), (2, 1, 1))), steps=1),
    lambda: em_mixture(clouds(), Mixture(HALF, np.ones((2, 2)), np.full((2, 2, 2), np.inf)), steps=1),
    lambda: em_mixture(clouds(), Mixture(np.array([1.0, 0.0]), *TWO[1:]), steps=1),
    lambda: em_mixture(clouds(), TWO._replace(weights=HALF[:, None]), steps=1),
    lambda: em_mixture(clouds(), TWO._replace(covs=np.eye(2)), steps=1),
    lambda: log_joint(TWO, clouds()[:, :1]), lambda: log_joint(TWO._replace(weights=HALF[:, None]), clouds()),
    lambda: responsibilities(TWO, clouds()[:, 0]), lambda: m_step(clouds()[:, 0], np.full((120, 2), 0.5)),
    lambda: m_step(clouds(), np.full(120, 0.5)), lambda: m_step(clouds(), np.full((1, 2), 0.5)),
    lambda: free_energy(np.ones((3, 2)), np.ones((3, 1))),
    lambda: m_step(clouds(), np.eye(2)[np.zeros(120, int)]), lambda: free_energy(np.ones((3, 2)), np.ones((2, 3)))])
def test_bad_input_of_em(call):
    with pytest.raises(ValueError, match="got"):
        call()


def test_responsibilities_far_away_are_no_nan():
    p = em_mixture(clouds(), 2, steps=3).p
    r, log_x = responsibilities(p, np.full((1, 2), 1e8))
    assert np.isfinite(r).all()
    assert np.isfinite(log_x).all()
    assert r.sum() == pytest.approx(1)


# Losses


@pytest.mark.parametrize(("layer", "dy"), [
    (lambda **how: discriminator_loss(mlp_init((2, 3, 1), 0), *PAIRS[::3], **how), 1.0),
    (lambda **how: ali_pairs(CODER, *PAIRS, **how), (np.ones((3, 3)), np.full((3, 3), 2.0)))])
def test_frozen_rows_have_no_cotangent_and_change_no_other(layer, dy):
    (y, pull), (same, pull_same) = layer(frozen=True), layer()
    np.testing.assert_array_equal(y, same)
    (dp, dx, dz, *noise), (dp_same, _, _, *noise_same) = pull(dy), pull_same(dy)
    assert dx is None
    assert dz is None
    for a, b in zip(trees.leaves((dp, *noise)), trees.leaves((dp_same, *noise_same)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_losses_of_huge_logits_are_exact():
    t = np.array([800.0, -800.0])
    losses, pull = gan_losses(t, t)
    np.testing.assert_array_equal(losses.discriminator, [800, 800])
    np.testing.assert_array_equal(losses.generator, [0, 800])
    np.testing.assert_array_equal(losses.minimax, [-800, 0])
    one, none = np.ones(2), np.zeros(2)
    np.testing.assert_array_equal(pull(GanLosses(none, one, none))[1], [0, -1])
    np.testing.assert_array_equal(pull(GanLosses(none, none, one))[1], [-1, 0])


@pytest.mark.parametrize("call", [
    lambda: gan_losses(np.ones(3), np.ones((3, 1))), lambda: aae_losses(np.ones(3), np.ones(3), np.ones((3, 1))),
    lambda: ali_losses(np.ones(3), np.ones(3), np.ones(1)), lambda: ali_losses(np.ones(3), np.ones((3, 1)), np.ones(3)),
    lambda: gradient_penalty(mlp_init((2, 3, 1), 0), np.ones((3, 2)), np.ones((1, 2)), np.ones(3)),
    lambda: gradient_penalty(mlp_init((2, 3, 1), 0), np.ones((3, 2)), np.ones((3, 2)), np.ones((3, 1)))])
def test_shapes_that_would_broadcast_are_refused(call):
    with pytest.raises(ValueError, match="got shapes"):
        call()


CODER = Coder(mlp_init((2, 3, 2), 0), mlp_init((1, 3, 4), 1))
PAIRS = [np.ones((3, 2)), np.ones((3, 1)), np.ones((3, 1)), np.ones((3, 2))]


@pytest.mark.parametrize("call", [
    *(lambda i=i: ali_pairs(CODER, *PAIRS[:i], PAIRS[i][:1], *PAIRS[i + 1:]) for i in range(4)),
    lambda: ali_pairs(CODER, *PAIRS[:3], PAIRS[3][:, :1]),
    lambda: ali_loss(CODER, *PAIRS, np.ones((1, 2)), mlp_init((3, 1), 0)),
    lambda: ali_loss(CODER, *PAIRS, np.ones((3, 2)), mlp_init((3, 2), 0)),
    lambda: ali_loss(CODER, *PAIRS, np.ones((3, 2)), mlp_init((3, 1), 0), variant="discriminator"),
    lambda: discriminator_loss(mlp_init((2, 2), 0), np.ones((3, 2)), np.ones((3, 2))),
    lambda: discriminator_loss(mlp_init((2, 1), 0), np.ones((3, 2)), np.ones((1, 2))),
    lambda: generator_loss(mlp_init((1, 2), 0), np.ones((3, 1)), mlp_init((2, 1), 0), np.ones((3, 1))),
    lambda: generator_loss(mlp_init((1, 2), 0), np.ones((3, 1)), mlp_init((2, 1), 0), np.ones((1, 2))),
    lambda: critic_loss(mlp_init((2, 2), 0), np.ones((3, 2)), np.ones((3, 2)), np.ones(3)),
    lambda: raised_critic(mlp_init((1, 2), 0), np.ones((3, 1)), mlp_init((2, 2), 0)),
    lambda: fisher(HALF[:, None], np.ones((2, 1))), lambda: fisher(HALF, HALF),
    lambda: label_divergence(HALF, HALF, HALF[:, None]), lambda: critic_bound("Pearson", HALF, HALF, HALF[:, None]),
    lambda: f_divergence("Pearson", HALF[:, None], HALF[:, None]), lambda: ali_flow(HALF, HALF, HALF, "complete"),
    lambda: ali_complete(*[np.full((2, 2), 0.25)] * 3, HALF[:, None])])
def test_other_shapes_are_refused(call):
    with pytest.raises(ValueError, match="got"):
        call()


@pytest.mark.parametrize("call", [
    lambda: proximal_bounds(np.ones((3, 1)), 1.0, 1.0), lambda: dirac_step(np.ones((3, 1)), np.ones(3), 0.1),
    lambda: ali_gradient(Pair(np.ones(3), 0.0, 1.0, 0.0), "complete"), lambda: encoder_metric(Pair("1", 0, 1, 0)),
    lambda: grid(True), lambda: linear_flow(np.array([0.6]), "complete"), lambda: gan_losses(["a"], ["b"]),
    lambda: optimal_discriminator(HALF, HALF, "half")])
def test_what_are_no_numbers_is_a_type_error(call):
    with pytest.raises(TypeError, match="wanted"):
        call()


BITS, OTHER, CODES = [[0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [1, 1]], [[1], [0], [1]]
COLUMN = [0, 1, 1]


def both(y_and_pull):
    """The value of a layer, and its cotangents for ones."""
    y, pull = y_and_pull
    dy = trees.map(np.ones_like, y)
    return trees.leaves(y), trees.leaves(pull(dy))


def networks(*sizes):
    return mlp_init(sizes, 0)


TYPED = {
    "gan_losses": lambda c: both(gan_losses(c(COLUMN), c(COLUMN[::-1]))),
    "aae_losses": lambda c: both(aae_losses(c(COLUMN), c(COLUMN[::-1]), c(COLUMN), 0.7)),
    "ali_losses": lambda c: both(ali_losses(c(COLUMN), c(COLUMN[::-1]), c(COLUMN))),
    "proximal": lambda c: both(proximal(c(BITS), c(OTHER), 0.7)),
    "gradient_penalty": lambda c: both(gradient_penalty(networks(2, 3, 1), c(BITS), c(OTHER), c(COLUMN))),
    "critic_loss": lambda c: both(critic_loss(networks(2, 3, 1), c(BITS), c(OTHER), c(COLUMN))),
    "raised_critic": lambda c: both(raised_critic(networks(1, 3, 2), c(CODES), networks(2, 3, 1))),
    "discriminator_loss": lambda c: both(discriminator_loss(networks(2, 3, 1), c(BITS), c(OTHER))),
    "generator_loss": lambda c: both(generator_loss(networks(1, 3, 2), c(CODES), networks(2, 3, 1), c(OTHER), lam=1.0)),
    "aae_loss": lambda c: both(aae_loss(Coder(networks(2, 3, 1), networks(1, 3, 2)), c(BITS), networks(1, 3, 1))),
    "ali_pairs": lambda c: both(ali_pairs(CODER, c(BITS), c(CODES), c(CODES[::-1]), c(OTHER))),
    "ali_loss": lambda c: both(ali_loss(CODER, c(BITS), c(CODES), c(CODES[::-1]), c(OTHER), c(OTHER), networks(3, 1))),
    "ali_forces": lambda c: [ali_forces(c(COLUMN), variant) for variant in VARIANTS],
    "free_energy": lambda c: free_energy(c(BITS), c(OTHER)),
    "m_step": lambda c: list(m_step(c([*BITS, [0, 0], *OTHER]), c([[1, 0]] * 4 + [[0, 1]] * 3))),
    "log_joint": lambda c: log_joint(TWO, c(BITS)), "responsibilities": lambda c: responsibilities(TWO, c(BITS)),
    "em_mixture": lambda c: list(em_mixture(c([*BITS, [0, 0]]), 1, steps=1).p),
    "optimal_discriminator": lambda c: optimal_discriminator(c([1, 0, 0]), c([0, 1, 0])),
    "label_divergence": lambda c: label_divergence(c([1, 0]), c([1, 0]), c([1, 0])),
    "mixture_divergence": lambda c: mixture_divergence(c([1, 0]), c([0, 1])),
    "collapsed_step": lambda c: collapsed_step(c([1, 0]), c([0, 1])),
    "complete_step": lambda c: complete_step(c([1]), c([1])),
    "complete_loss": lambda c: complete_loss(c([1]), c([1]), c([1])),
    "fisher": lambda c: fisher([0.25, 0.25, 0.5], c(BITS)),
    "critic_bound": lambda c: critic_bound("Pearson", HALF, HALF, c([1, 0])),
    "ali_flow": lambda c: ali_flow([0.25, 0.25, 0.5], c(BITS), c(OTHER), "minimax")}


def outcome(call, dtype):
    """What a call gives for numbers of a type, or the text of its TypeError."""
    try:
        return call(lambda x: np.array(x, dtype))
    except TypeError as error:
        return str(error)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.bool_, np.float16, np.float32])
@pytest.mark.parametrize("call", TYPED.values(), ids=TYPED)
def test_other_types_give_what_float64_gives_or_are_refused(call, dtype):
    want, got = outcome(call, float), outcome(call, dtype)
    if isinstance(got, str):
        assert dtype is np.float16
        assert "got dtype float16, wanted" in got
        return
    flat = lambda found: np.concatenate([np.ravel(leaf) for leaf in trees.leaves(trees_of(found))])
    np.testing.assert_allclose(flat(got), flat(want), rtol=2e-6 if dtype is np.float32 else 1e-14)


def trees_of(found):
    """Lists as tuples."""
    return tuple(map(trees_of, found)) if isinstance(found, list | tuple) else found


def test_a_flat_critic_pays_one_and_has_no_gradient():
    p = (Dense(np.zeros((2, 3)), np.ones(3)), Dense(np.ones((3, 1)), np.zeros(1)))
    penalty, pull = gradient_penalty(p, np.ones((4, 2)), np.zeros((4, 2)), np.full(4, 0.5), activation=tanh)
    np.testing.assert_array_equal(penalty, np.ones(4))
    assert all((leaf == 0).all() for leaf in trees.leaves(pull(np.ones(4))))


def test_a_critic_of_slope_one_pays_nothing():
    p = (Dense(np.array([[0.6], [0.8]]), np.zeros(1)),)
    x, y = np.random.default_rng(0).standard_normal((2, 5, 2))
    assert critic_loss(p, x, y, np.full(5, 0.3))[0] == pytest.approx(((y - x) @ [0.6, 0.8]).mean())


# ALI


def test_equal_joint_laws_are_left_alone_by_all_losses():
    pair = Pair(0.6, np.log(0.8), 0.6, np.log(0.8))
    assert ali_value(pair) == pytest.approx(0, abs=1e-15)
    for variant in VARIANTS:
        np.testing.assert_allclose(ali_gradient(pair, variant), 0, atol=1e-14)


def test_a_path_starts_where_it_is_told_and_the_simplified_loss_stays_behind():
    start = Pair(1.0, 0.0, 1.0, 0.0)
    paths = {variant: ali_descent(start, variant, steps=60) for variant in VARIANTS}
    assert all(path.shape == (61, 4) and (path[0] == start).all() for path in paths.values())
    values = {variant: ali_value(Pair(*path[-1]), on=grid(0.25, 6.5)) for variant, path in paths.items()}
    assert all(values[variant] < values["simplified"] for variant in VARIANTS if variant != "simplified")


def test_even_nodes_overstate_the_divergence_of_a_wide_encoder():
    wide = Pair(1.5, 6.0, 0.0, 0.0)
    coarse, fine, even = (ali_value(wide, on=on) for on in (graded(), graded(0.08, 8.0, 1e-5), grid()))
    assert abs(coarse - fine) < 1e-3 < 0.05 < even - fine


def test_divergences_of_near_and_far_gains_do_not_cancel():
    assert proximal_bounds(1 + 1e-9, 1.0, 1.0).marginal == pytest.approx(2.5e-19, rel=1e-6)
    assert proximal_bounds(1e-9, 1.0, 1e-9).marginal == pytest.approx((np.log(0.5e18) - 1) / 2)
    assert proximal_bounds(1e200, 1.0, 1e200).marginal == pytest.approx((1 - np.log(2)) / 2)
    assert proximal_bounds(0.7, -0.7, 0.1).marginal == 0


def test_the_forces_of_the_simplified_loss_are_equal():
    one, other = ali_forces(np.array([-800.0, 0.0, 800.0]), "simplified")
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, [800, np.log(2), 0])


def test_the_simplified_flow_grows_linearly_along_the_curve_of_solutions():
    A, at = linear_flow(0.6, "simplified"), np.array([1, -0.9375, 1, -0.9375])
    start = np.linalg.lstsq(A, at, rcond=None)[0]  # A start = the tangent: it goes on for ever at this speed
    np.testing.assert_allclose(A @ start, at)
    np.testing.assert_allclose(A @ at, 0, atol=1e-12)


# Training


def test_a_step_is_pure_and_descends():
    side = player((Dense(np.eye(2), np.ones(2)),), SGD(0.1))
    objective = lambda p, x: ((p[0].W**2).sum(), lambda d: ((Dense(2 * d * p[0].W, 0 * p[0].b),), None))
    new = stepped(side, SGD(0.1), objective, np.ones(1))
    np.testing.assert_array_equal(side.p[0].W, np.eye(2))
    np.testing.assert_allclose(new.p[0].W, 0.8 * np.eye(2))
    with pytest.raises(FloatingPointError, match="got nan"):
        stepped(side, SGD(0.1), lambda p: (np.nan, lambda d: p))


@pytest.mark.parametrize("run", [
    lambda p, seed: fit_gan(p, experiments.WORLD.sample, rounds=3, batch=5, rng=seed, schedule=Schedule(2, 2, 2, 0.1)),
    lambda p, seed: fit_wgan(p, experiments.WORLD.sample, rounds=3, batch=5, rng=seed, critic_steps=2)])
def test_training_is_a_function_of_its_seed(run):
    p = experiments.networks(0, hidden=(6,))
    first, again, other = (list(run(p, seed)) for seed in (1, 1, 2))
    assert len(first) == 3
    a, b, c = (trees.flatten(ends[-1]).vector for ends in (first, again, other))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_weight_acts_only_from_the_second_step_of_a_freeze():
    p = experiments.networks(0, hidden=(6,))

    def end(lam, repeats):
        schedule = Schedule(1, 1, repeats, lam)
        *_, last = fit_gan(p, experiments.WORLD.sample, rounds=4, batch=5, rng=0, schedule=schedule)
        return trees.flatten(last).vector

    np.testing.assert_array_equal(end(0.0, 1), end(50.0, 1))
    assert not np.array_equal(end(0.0, 2), end(50.0, 2))


def test_shares_of_the_modes():
    y = np.concatenate([experiments.CENTRES[[0] * 5 + [1] * 4], [[0.0, 0.0]]])
    np.testing.assert_allclose(experiments.shares(y), [0.5, 0.4, 0, 0, 0, 0, 0, 0])


@pytest.mark.slow
def test_the_balanced_schedule_covers_the_ring():
    modes, least, *_ = experiments.summary(experiments.gan("5:5", 0))
    assert modes == 8
    assert least >= 7


@pytest.mark.slow
def test_em_on_the_digits_never_rises():
    x = digits()[0]
    x = (x - x.mean(0)) @ np.linalg.svd(x - x.mean(0), full_matrices=False)[2][:2].T
    assert (np.diff(em_mixture(x, 10, steps=100).nll) <= 1e-12).all()


def test_where_both_laws_are_zero_the_discriminator_says_the_share():
    assert optimal_discriminator([0.5, 0.5, 0.0], [0.25, 0.75, 0.0], 0.3)[2] == 0.3


@pytest.mark.parametrize("name", f_divergences)
def test_a_critic_at_the_top_of_its_range_is_a_bound_without_a_warning(name):
    top = f_divergences[name].top
    if np.isfinite(top):
        assert critic_bound(name, [0.5, 0.5], [0.25, 0.75], [top, top]) <= f_divergence(name, [0.5, 0.5], [0.25, 0.75])
