"""The variational autoencoder beyond its claims: what it refuses, dtypes, determinism, and the held-out numbers."""

import math

import numpy as np
import pytest

from refvae import trees
from refvae.data import digits
from refvae.fit import fit
from refvae.layers import Dense, bernoulli_nll, softplus, tanh
from refvae.vae import (
    PPCA,
    VAE,
    LinearVAE,
    active_units,
    binomial,
    binomial_nll,
    discretised_gaussian,
    discretised_gaussian_nll,
    elbo_terms,
    encode,
    evaluate,
    gaussian,
    gaussian_nll,
    iw_bound,
    iw_surrogate,
    kl_std_normal,
    linear_vae,
    linear_vae_optimum,
    log_joint,
    log_mean_exp,
    log_weights,
    neg_elbo,
    neg_iw_bound,
    normalised_weights,
    path_weights,
    ppca,
    ppca_log_likelihood,
    ppca_posterior,
    reparam,
    score_surrogate,
    vae_init,
)

X = np.random.default_rng(0).standard_normal((20, 5))


# What is refused


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ppca(X, 0), ValueError, "k: got 0, wanted 1 <= k <= 4"),
    (lambda: ppca(X, 5), ValueError, "k: got 5, wanted 1 <= k <= 4"),
    (lambda: ppca(X, 2.0), TypeError, "k: got float, wanted an int"),
    (lambda: ppca(X[:, 0], 1), ValueError, r"X: got shape \(20,\), wanted \(n, d\)"),
    (lambda: ppca(X + 1j, 1), TypeError, "X: got dtype complex128"),
    (lambda: ppca(np.where(X > 1, np.nan, X), 1), ValueError, "X: got .* NaN or infinite entries"),
    (lambda: ppca(np.ma.masked_array(X), 1), TypeError, "X: got MaskedArray"),
    (lambda: ppca(X[:, :2] @ np.ones((2, 5)), 1), ValueError, "k: got 1, wanted less than the rank"),
    (lambda: ppca(X[:1], 1), ValueError, "k: got 1, wanted less than the rank"),
    (lambda: ppca_log_likelihood(ppca(X, 2), X[:, :4]), ValueError, "x: got 4 columns, wanted 5"),
    (lambda: ppca_posterior(ppca(X, 2), X[0]), ValueError, r"x: got shape \(5,\)"),
    (lambda: linear_vae_optimum(X, 6, 0.1), ValueError, "k: got 6, wanted 1 <= k <= 5"),
    (lambda: linear_vae_optimum(X, 2, 0.0), ValueError, "eta: got 0.0, wanted a number above 0"),
    (lambda: linear_vae_optimum(X, 2, 0.1, -1.0), ValueError, "beta: got -1.0, wanted a number above 0"),
    (lambda: gaussian(0.0), ValueError, "eta: got 0.0, wanted a number above 0"),
    (lambda: gaussian(np.nan), ValueError, "eta: got nan, wanted a finite number above 0"),
    (lambda: binomial(0), ValueError, "trials: got 0"),
    (lambda: binomial(16.0), TypeError, "trials: got float"),
    (lambda: discretised_gaussian(0), ValueError, "levels: got 0"),
    (lambda: vae_init((6,), 0), ValueError, "sizes: got"),
    (lambda: vae_init((6, 0), 0), ValueError, "size: got 0"),
    (lambda: vae_init((6, 3), None), TypeError, "rng: got NoneType"),
    (lambda: evaluate(small(), X, 0), ValueError, "x: got 5 columns, wanted 6, as the encoder takes"),
    (lambda: evaluate(small(), np.ones((2, 6)), 0, samples=0), ValueError, "samples: got 0"),
    (lambda: evaluate(small(), np.ones((2, 6)), None), TypeError, "rng: got NoneType"),
    (lambda: evaluate(small(), np.full((2, 6), np.inf), 0), ValueError, "x: got 12 NaN or infinite entries"),
    (lambda: active_units(small(), np.ones(6)), ValueError, r"x: got shape \(6,\)"),
    *((lambda of=of: evaluate(small(), np.full((2, 6), -0.5), 0, likelihood=of), ValueError,
       r"x: got pixels from -0.5 to -0.5, wanted them in \[0, 1\]") for of in (bernoulli_nll, binomial(4))),
    (lambda: evaluate(vae_init((6, 5, 3), 1, 2), 2 * np.eye(2, 6), 0, likelihood=discretised_gaussian(4)), ValueError,
     r"x: got pixels from 0 to 2, wanted them in \[0, 1\]"),
    (lambda: evaluate(small(), np.eye(2, 6) / 3, 0, likelihood=binomial(4)), ValueError,
     "x: got the pixel 0.333333, wanted 0, 1/4, 2/4, ..., 1"),
    (lambda: ppca(1e200 * X, 2), ValueError, r"X: got entries up to .*e\+200 from their mean, wanted 1e-150 to 1e150"),
    (lambda: ppca(1e-200 * X, 2), ValueError, r"X: got entries up to .*e-200 from their mean, wanted 1e-150 to 1e150"),
    (lambda: ppca(np.sign(X) * 1.7e308, 2), ValueError, "X: got entries up to"),
    (lambda: linear_vae_optimum(1e200 * X, 2, 0.1), ValueError, "X: got entries up to"),
])
def test_bad_input_is_refused_with_what_was_wanted(call, error, message):
    with pytest.raises(error, match=message):
        call()


def small(*sizes):
    """A model of six pixels and three code units."""
    return vae_init(sizes or (6, 5, 3), 1)


@pytest.mark.parametrize("call", [
    lambda: kl_std_normal(np.ones((7, 3)), np.ones((7, 1))), lambda: reparam(np.ones((7, 3)), *[np.ones((1, 3))] * 2),
    lambda: reparam(np.ones((7, 3)), np.ones((7, 3)), np.ones((7, 1))),
    lambda: gaussian(0.1)(np.ones((7, 3)), np.ones((1, 3))), lambda: binomial(4)(np.ones((7, 3)), np.ones((7, 1))),
    lambda: discretised_gaussian(4)(np.ones((7, 6)), np.ones((7, 1))),
    lambda: neg_elbo(small(), np.ones((7, 6)), np.ones((1, 3))),
    lambda: iw_bound(small(), np.ones((7, 6)), np.ones((4, 1, 3))),
    lambda: iw_surrogate(small(), np.ones((7, 6)), np.ones((4, 7, 3)), np.ones(7)),
    lambda: score_surrogate(small(), np.ones((7, 6)), np.ones((4, 7, 3)), np.ones((4, 1))),
    lambda: linear_vae(LinearVAE(np.ones((5, 2)), np.ones((5, 2)), np.zeros(2)), np.zeros(5), np.ones((5, 5))),
    lambda: linear_vae(LinearVAE(np.ones((5, 2)), np.ones((5, 2)), np.zeros(1)), np.array(0.0), np.ones((4, 5))),
    lambda: linear_vae(LinearVAE(np.ones((5, 2)), np.ones((5, 1)), np.zeros(2)), np.array(0.0), np.ones((4, 5)))])
def test_shapes_that_would_broadcast_wrongly_are_refused(call):
    with pytest.raises(ValueError, match=r"got shapes .* wanted equal ones"):
        call()


# float32, and the edges of floating point


@pytest.mark.parametrize("likelihood", [bernoulli_nll, gaussian(0.3), binomial(4), discretised_gaussian(4)])
def test_float32_stays_float32(likelihood):
    outputs = 2 if "discretised" in likelihood.__qualname__ else 1
    p = trees.map(lambda leaf: leaf.astype(np.float32), vae_init((6, 5, 3), 0, outputs))
    x = np.random.default_rng(0).integers(0, 2, (7, 6)).astype(np.float32)
    eps = np.random.default_rng(1).standard_normal((7, 3), np.float32)
    loss, pull = neg_elbo(p, x, eps, likelihood=likelihood)
    dp, _, deps = pull(np.ones_like(loss))
    assert {leaf.dtype for leaf in trees.leaves((loss, dp, deps))} == {np.dtype(np.float32)}
    bound, pull = iw_bound(p, x, eps[None], likelihood=likelihood)
    assert {leaf.dtype for leaf in trees.leaves((bound, pull(np.ones_like(bound))[0]))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_divergence_is_precise_near_zero_and_overflows_to_infinity(dtype):
    eps = np.finfo(dtype).eps
    near = np.array([[1e-7], [-1e-4], [0.1249], [0.1251]], dtype)
    exact = near[:, 0].astype(np.float64)
    want = sum(exact**j / math.factorial(j) for j in range(14, 1, -1)) / 2
    assert np.abs(kl_std_normal(0 * near, near)[0] / want - 1).max() < 40 * eps
    with np.errstate(over="ignore"):
        assert np.isinf(kl_std_normal(np.zeros((1, 1), dtype), np.full((1, 1), 800, dtype))[0])


def test_gaussian_terms_take_any_number_of_leading_axes():
    mu, logvar, x = np.random.default_rng(0).standard_normal((3, 2, 4, 3))
    flat = [part.reshape(8, 3) for part in (mu, logvar, x)]
    assert kl_std_normal(mu, logvar)[0].ravel() == pytest.approx(kl_std_normal(*flat[:2])[0], rel=1e-15)
    assert gaussian_nll(mu, logvar, x)[0].ravel() == pytest.approx(gaussian_nll(*flat)[0], rel=1e-15)


def test_eight_bit_counts_do_not_wrap():
    counts, logits = np.array([[255, 0, 128]], np.uint8), np.array([[-0.69, 0.1, 0.2]])
    got, want = (binomial_nll(logits, each, 255)[0] for each in (counts, counts.astype(float)))
    assert got == want
    assert np.isfinite(got).all()


def test_bins_far_from_the_mean_have_a_finite_cost_and_slope():
    mu, logvar = np.array([[1e4, -1e4, 2.0]]), np.array([[-4.0, -4.0, 60.0]])
    nll, pull = discretised_gaussian_nll(mu, logvar, np.array([[0, 4, 2]]), 4)
    assert np.isfinite(nll).all()
    assert all(np.isfinite(d).all() for d in pull(np.ones(1))[:2])


@pytest.mark.parametrize("logvar", [60.0, 80.0, 300.0, 1500.0])
def test_bins_that_are_narrow_against_the_law_keep_their_digits(logvar):
    mu, log = np.full((1, 3), 1.0), np.full((1, 3), logvar)
    nll, pull = discretised_gaussian_nll(mu, log, np.array([[1, 2, 3]]), 4)
    assert nll == pytest.approx(3 * (np.log(2 * np.pi) + logvar) / 2, rel=1e-14)
    dmu, dlogvar, _ = pull(np.ones(1))
    assert dmu == pytest.approx((mu - [[1, 2, 3]]) * np.exp(-logvar), rel=1e-12)
    assert dlogvar == pytest.approx(np.full((1, 3), 0.5), rel=1e-14)


def test_a_residual_or_a_noise_of_zero_is_zero_at_every_scale():
    zero = np.zeros((1, 1))
    with np.errstate(over="ignore"):
        for scale in (-800.0, -1500.0):
            nll, pull = gaussian_nll(zero, zero + scale, zero)
            assert nll == (np.log(2 * np.pi) + scale) / 2
            assert [d.item() for d in pull(np.ones(1))] == [0, 0.5, 0]
        z, pull = reparam(zero + 0.3, zero + 1500, zero)
    assert z == 0.3
    assert [d.item() for d in pull(zero)] == [0, 0, 0]


def test_path_weights_in_single_precision_keep_the_noise():
    p = vae_init((4, 2), 0)
    p = VAE((Dense(0 * p.enc[0].W, np.array([3e3, -2e3, -14.0, -14.0])),), p.dec)
    single = trees.map(lambda leaf: leaf.astype(np.float32), p)
    x, eps = np.zeros((3, 4), np.float32), np.random.default_rng(0).standard_normal((5, 3, 2), np.float32)
    log_w, log_p = path_weights(single, x, eps, single, likelihood=gaussian(1.0))[0], log_joint(
        single.dec, x, reparam(*(np.broadcast_to(a, eps.shape) for a in encode(single.enc, x)[0]), eps)[0],
        likelihood=gaussian(1.0))[0]
    nll_q = (np.log(2 * np.pi) - 14 + eps.astype(float) ** 2).sum(2) / 2
    assert log_w.dtype == np.float32
    assert log_w == pytest.approx(log_p + nll_q, rel=1e-6)


KINDS = ["uint8", "int8", "bool", "float16", "float32"]
OUT = np.random.default_rng(2).standard_normal((2, 12))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("f", [
    lambda x: gaussian_nll(x, x, x), lambda x: gaussian_nll(OUT[:, :6], OUT[:, 6:], x), lambda x: kl_std_normal(x, x),
    lambda x: reparam(x, x, x), lambda x: gaussian(0.3)(OUT[:, :6], x), lambda x: binomial(300)(OUT[:, :6], x),
    lambda x: discretised_gaussian(4096)(OUT, x), lambda x: binomial_nll(OUT[:, :6], x, 4),
    lambda x: discretised_gaussian_nll(OUT[:, :6], OUT[:, 6:], x, 4), lambda x: neg_elbo(small(), x, x[:, :3]),
    lambda x: neg_elbo(small(), x, x[:, :3], likelihood=gaussian(0.3)), lambda x: iw_bound(small(), x, x[None, :, :3]),
    lambda x: log_mean_exp(x), lambda x: (normalised_weights(x),), lambda x: log_joint(small().dec, x, x[None, :, :3]),
    lambda x: evaluate(small(), x, 0, samples=3), lambda x: (active_units(small(), x),),
    lambda x: ppca_posterior(PPCA(np.eye(6, 2), 0.5, np.zeros(6)), x), lambda x: linear_vae(
        LinearVAE(np.eye(6, 2), np.eye(6, 2), np.zeros(2)), np.array(1, x.dtype), x)])
def test_every_kind_of_number_gives_what_float64_gives_or_is_refused(f, kind):
    x = np.random.default_rng(1).integers(0, 2, (2, 6)).astype(kind)
    try:
        got = f(x)
    except TypeError as error:
        assert kind == "float16"
        assert "got dtype float16, wanted float64, float32 or integers" in str(error)  # noqa: PT017
        return
    assert got[0] == pytest.approx(f(x.astype(np.float64))[0], rel=1e-5 if kind == "float32" else 1e-15)


def test_networks_are_mirrored():
    p = vae_init((6, 5, 4, 3), 0, outputs=2)
    assert [layer.W.shape for layer in (*p.enc, *p.dec)] == [(6, 5), (5, 4), (4, 6), (3, 4), (4, 5), (5, 12)]


def test_surrogates_and_objectives_pass_the_likelihood_on():
    rng = np.random.default_rng(0)
    p, x, eps = small(), rng.standard_normal((7, 6)), rng.standard_normal((4, 7, 3))
    likelihood = gaussian(0.3)
    log_w = log_weights(p, x, eps, likelihood=likelihood)[0]
    w = normalised_weights(log_w)
    bound, pull = iw_bound(p, x, eps, likelihood=likelihood)
    value, pull_surrogate = iw_surrogate(p, x, eps, w, likelihood=likelihood)
    assert value == pytest.approx((w * log_w).sum() / 7, rel=1e-13)
    assert trees.flatten(pull_surrogate(1.0)[0]).vector == pytest.approx(trees.flatten(pull(1.0)[0]).vector, rel=1e-10)
    assert neg_iw_bound(p, x, eps, likelihood=likelihood)[0] == -bound


def test_a_numpy_float_for_beta_keeps_float32():
    p = trees.map(lambda leaf: leaf.astype(np.float32), small())
    x, eps = np.ones((7, 6), np.float32), np.ones((7, 3), np.float32)
    loss, pull = neg_elbo(p, x, eps, beta=np.float64(0.5))
    assert {leaf.dtype for leaf in trees.leaves((loss, pull(np.ones_like(loss))[0]))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make", [binomial, discretised_gaussian])
def test_levels_that_are_no_power_of_two_are_rounded_to_the_nearest_count(make):
    x = np.arange(50)[:, None] / 49
    out = np.tile([0.1, -1.0], (50, 1)) if make is discretised_gaussian else np.full((50, 1), 0.1)
    nll = make(49)(out, x)[0]
    assert np.exp(-nll).sum() == pytest.approx(1, rel=1e-12)


# Training


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_training_is_a_function_of_start_and_noise(dtype):
    x = (digits()[0][:200] > 0.5).astype(dtype)
    start = trees.map(lambda leaf: leaf.astype(dtype), vae_init((64, 16, 4), 0))

    def run():
        return fit(neg_elbo, start, x, epochs=3, batch=64, rng=7, progress=False,
                   draw=lambda rng, rows: (rows, rng.standard_normal((len(rows), 4), dtype)))

    first, second = run(), run()
    assert [leaf.tobytes() for leaf in trees.leaves(tuple(first))] == [
        leaf.tobytes() for leaf in trees.leaves(tuple(second))]
    assert first.history[-1] < first.history[0]


# Held-out numbers


def linear(seed=0):
    """A linear model in its principal axes as a VAE with its exact posterior, its PPCA, and the centred data."""
    p = ppca(X, 2)
    best = linear_vae_optimum(X, 2, p.sigma2)
    enc = Dense(np.hstack([best.V, 0 * best.V]), np.append(np.zeros(2), best.logvar))
    return VAE((enc,), (Dense(best.W.T, np.zeros(5)),)), p, best


def test_evaluation_is_exact_where_the_posterior_is():
    vae, p, best = linear()
    found = evaluate(vae, X - X.mean(0), 0, samples=50, likelihood=gaussian(p.sigma2))
    assert found.bound == pytest.approx(ppca_log_likelihood(p, X), rel=1e-12)
    rec = found.elbo + found.rate
    exact = -linear_vae(best, np.array(np.log(p.sigma2)), X - X.mean(0))[0]
    assert np.abs(found.elbo - exact).max() < 3  # the reconstruction is a mean over 50 draws
    assert np.abs((found.elbo - exact).mean()) < 0.3
    assert (rec <= 5 * np.log(1 / np.sqrt(2 * np.pi * p.sigma2))).all()


def test_evaluation_in_pieces_has_every_example_once(monkeypatch):
    p, x = small(), np.random.default_rng(3).integers(0, 2, (11, 6)).astype(float)
    monkeypatch.setattr("refvae.vae.held_out.CELLS", 6 * 30 * 4)
    found = evaluate(p, x, 5, samples=30)
    assert [part.shape for part in found] == [(11,)] * 3
    eps = np.random.default_rng(5).standard_normal((30, 4, 3))
    first = [elbo_terms(p, x[:4], each)[0] for each in eps]
    assert found.elbo[:4] == pytest.approx(-np.mean([rec + kl for rec, kl in first], axis=0), rel=1e-13)
    assert found.rate[:4] == pytest.approx(first[0][1], rel=1e-13)
    assert found.bound.mean() > found.elbo.mean()


def test_evaluation_takes_the_activation_and_other_dtypes():
    p, x = small(), np.random.default_rng(3).integers(0, 2, (4, 6))
    eps = np.random.default_rng(0).standard_normal((3, 4, 3))
    for activation in (tanh, softplus):
        found, how = evaluate(p, x, 0, samples=3, activation=activation), {"activation": activation}
        terms = [elbo_terms(p, x.astype(float), each, **how)[0] for each in eps]
        assert found.elbo == pytest.approx(-np.mean([rec + kl for rec, kl in terms], axis=0), rel=1e-13)
        assert found.rate == pytest.approx(terms[0][1], rel=1e-13)
        assert found.bound == pytest.approx(log_mean_exp(log_weights(p, x.astype(float), eps, **how)[0])[0], rel=1e-13)
    assert evaluate(p, x.astype(np.float32), 0, samples=3).elbo.tobytes() == evaluate(
        p, x.astype(bool), 0, samples=3).elbo.tobytes()


def test_shapes_of_the_linear_model():
    p = ppca(X, 2)
    assert (p.W.shape, type(p.sigma2), p.mean.shape) == ((5, 2), float, (5,))
    assert [np.shape(part) for part in linear_vae_optimum(X[:3], 5, 0.1)] == [(5, 5), (5, 5), (5,)]
    assert isinstance(p, PPCA)
    assert isinstance(linear_vae_optimum(X, 2, 0.1), LinearVAE)


@pytest.mark.slow
def test_a_row_of_the_table_of_trained_models():
    from refvae.derivations.vae.experiments import row

    found = {name: value for name, (value, _) in row(0, "bernoulli", "float64").items()}
    assert -18.7 < found["ELBO in nats"] < -18.0
    assert -17.5 < found["importance-weighted bound in nats, K = 1024"] < -16.9
    assert found["active units"] == 8


