"""Vector quantisation: bad input, edge cases, training, and rows of its experiments."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refvae import trees
from refvae.derivations.vqvae import experiments
from refvae.derivations.vqvae.quantise import brute
from refvae.optim import SGD, Adam, TwoParts
from refvae.vqvae import (
    EMA,
    VQVAE,
    Norm,
    attention_init,
    attention_logits,
    batch_statistics,
    by_gradient,
    causal_softmax,
    choose,
    cluster_means,
    code_rates,
    codebook_loss,
    count_logits,
    decode_grid,
    ema_surrogate,
    ema_update,
    fit_vqvae,
    implied_cost,
    layer_norm,
    lloyd,
    lookup,
    made_init,
    made_logits,
    made_masks,
    nearest_code,
    neg_log_prior,
    perplexity,
    quantise,
    quantised_loss,
    rebuild,
    reset_unused,
    sample_codes,
    straight_through,
    vq_surrogate,
    vqvae_init,
)
from refvae.vqvae.fitting import WithEMA, by_averages

Z, CODES = np.arange(6.0).reshape(3, 2), np.array([[0.0, 1.0], [4.0, 4.0]])
IDX, STATE = np.array([0, 1, 1]), EMA(np.ones(2), CODES)
X = np.random.default_rng(0).random((23, 6))
NET, MADE, PRIOR = vqvae_init((6, 5), 3, 2, 4, 0), made_init(3, 2, (4,), 0), attention_init(3, 2, 0, width=4, blocks=1)
small = functools.partial(fit_vqvae, X, m=3, k=2, K=4, epochs=3, hidden=(5,), batch=8)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: nearest_code(Z, CODES[:, :1]), ValueError, "a row of z and of codes: got shapes"),
    (lambda: nearest_code(Z[0], CODES), ValueError, r"z: got shape \(2,\)"),
    (lambda: nearest_code(Z * np.nan, CODES), ValueError, "z: got 6 NaN"),
    (lambda: nearest_code(Z, CODES.astype(complex)), TypeError, "codes: got dtype complex128"),
    (lambda: nearest_code(Z * 1e200, CODES), ValueError, "z, codes: got numbers up to 5e.200, wanted finite"),
    (lambda: straight_through(Z, Z[0]), ValueError, "z and shift: got shapes"),
    (lambda: implied_cost(Z, Z[:1], CODES, IDX), ValueError, "z and x: got shapes"),
    (lambda: codebook_loss(Z[:, None], CODES, IDX[:, None], Z, CODES), ValueError, "z and its frozen copy"),
    (lambda: codebook_loss(Z[:, None], CODES, IDX[:, None], Z[:, None], CODES[:1]), ValueError, "codes and their froz"),
    (lambda: codebook_loss(Z[:, None], CODES, IDX, Z[:, None], CODES), ValueError, "a component of z and idx"),
    (lambda: cluster_means(Z, IDX[:2], CODES), ValueError, "a column of z and idx: got shapes"),
    (lambda: cluster_means(Z, IDX + 1, CODES), ValueError, "idx: got 1 to 2, wanted 0 to 1"),
    (lambda: cluster_means(Z, IDX * 1.0, CODES), TypeError, "idx: got dtype float64, wanted integers"),
    (lambda: lloyd(Z, CODES, 0), ValueError, "steps: got 0"),
    (lambda: ema_update(STATE, Z, IDX, 1.0), ValueError, "rho: got 1.0, wanted a number of at least 0 and below 1"),
    (lambda: ema_update(EMA(np.ones((2, 1)), CODES), Z, IDX, 0.9), ValueError, r"counts: got shape \(2, 1\), want"),
    (lambda: ema_update(EMA(np.array([1.0, -1.0]), CODES), Z, IDX, 0.9), ValueError, "counts: got -1.0, wanted num"),
    (lambda: batch_statistics(EMA(np.ones((2, 1)), CODES), Z, IDX, 0.9), ValueError, r"counts: got shape"),
    (lambda: by_averages(0.25, 1.0), ValueError, "rho: got 1.0, wanted a number of at least 0 and below 1"),
    (lambda: ema_update(STATE, Z, IDX - 1, 0.9), ValueError, "idx: got -1 to 0, wanted 0 to 1"),
    (lambda: ema_surrogate(STATE, np.ones(3), CODES, np.ones(2)), ValueError, "counts of the state and of the batch"),
    (lambda: ema_surrogate(STATE, np.ones(2), CODES.T[:1], np.ones(2)), ValueError, "codes and means: got shapes"),
    (lambda: ema_surrogate(STATE, np.ones(2), CODES, np.ones((2, 1))), ValueError, "counts and shares: got shapes"),
    (lambda: lookup(CODES, IDX - 1), ValueError, "idx: got -1 to 0, wanted 0 to 1"),
    (lambda: lookup(CODES, IDX == 1), TypeError, "idx: got dtype bool, wanted integers"),
    (lambda: implied_cost(Z, Z, CODES, IDX[:1]), ValueError, "a component of z and idx: got shapes"),
    (lambda: implied_cost(Z, Z, CODES, IDX - 1), ValueError, "idx: got -1 to 0"),
    (lambda: codebook_loss(Z[:, None], CODES, IDX[:, None] - 1, Z[:, None], CODES), ValueError, "idx: got -1 to 0"),
    (lambda: rebuild(NET, IDX[None] - 1), ValueError, "idx: got -1 to 0, wanted 0 to 3"),
    (lambda: quantised_loss(NET, X[:1], IDX[None] - 1), ValueError, "idx: got -1 to 0, wanted 0 to 3"),
    (lambda: vq_surrogate(NET, X[:1], IDX[None] - 1, np.zeros((1, 3, 2)), NET.codes), ValueError, "idx: got -1 to 0"),
    (lambda: layer_norm(Norm(np.ones(1), np.zeros(2)), Z), ValueError, "gain or bias and a row of x: got shapes"),
    (lambda: layer_norm(Norm(np.ones(2), np.zeros((3, 2))), Z), ValueError, "gain or bias and a row of x: got shapes"),
    (lambda: causal_softmax(Z[:1]), ValueError, "scores and a square: got shapes"),
    (lambda: neg_log_prior(np.zeros((3, 2, 4)), np.zeros((2, 3), int)), ValueError, "the places of logits and idx"),
    (lambda: neg_log_prior(np.zeros((3, 2, 4)), np.full((3, 2), -1)), ValueError, "idx: got -1 to -1, wanted 0 to 3"),
    (lambda: made_logits(made_init(3, 2, (4,), 0), IDX[None] - 1), ValueError, "idx: got -1 to 0, wanted 0 to 1"),
    (lambda: made_logits((MADE[0]._replace(W=MADE[0].W[:1]), MADE[1]), IDX[None]), ValueError, r"p\[0\].W and its"),
    (lambda: attention_logits(PRIOR, IDX[None] - 1), ValueError, "idx: got -1 to 0, wanted 0 to 1"),
    (lambda: attention_logits(PRIOR, IDX[None] + 1), ValueError, "idx: got 1 to 2, wanted 0 to 1"),
    (lambda: attention_logits(PRIOR._replace(places=PRIOR.places[:1]), IDX[None]), ValueError, "p.places and a grid"),
    (lambda: sample_codes(lambda idx: np.full((2, 1, 3), np.nan), [[0.2], [0.5]]), ValueError, "logits: got NaN"),
    (lambda: reset_unused(CODES, Z, IDX - 1, 0), ValueError, "idx: got -1 to 0"),
    (lambda: perplexity(np.array([], int), 3), ValueError, r"idx: got shape \(0,\), wanted at least one"),
    (lambda: reset_unused(CODES, Z, IDX, None), TypeError, "rng: got NoneType"),
    (lambda: perplexity([], 3), TypeError, "idx: got dtype float64"),
    (lambda: perplexity(IDX, 0), ValueError, "K: got 0"),
    (lambda: code_rates(IDX, 2), ValueError, r"idx: got shape \(3,\), wanted \(n, m\)"),
    (lambda: vqvae_init((6, 5), 0, 2, 4, 0), ValueError, "m: got 0"),
    (lambda: vqvae_init((6, 5), 3, 2, 4.0, 0), TypeError, "K: got float"),
    (lambda: count_logits(IDX[:, None], IDX[:, None], 2, order=-1, alpha=0.5), ValueError, "order: got -1"),
    (lambda: count_logits(IDX[:, None], IDX[:, None], 2, order=0, alpha=-0.5), ValueError, "alpha: got -0.5"),
    (lambda: count_logits(IDX[:, None], IDX, 2, order=0, alpha=0.5), ValueError, r"seen, idx: got shapes \(3, 1\)"),
    (lambda: made_init(0, 3, (4,), 0), ValueError, "m: got 0"),
    (lambda: attention_init(3, 3, 0, blocks=0), ValueError, "blocks: got 0"),
    (lambda: attention_init(3, 3, 0, width=1.5), TypeError, "width: got float"),
    (lambda: sample_codes(lambda idx: np.zeros((2, 1, 3)), [[1.0], [0.5]]), ValueError, "u: got numbers from 0.5 to 1"),
    (lambda: small(rng=0, codebook="lloyd"), ValueError, "codebook: got 'lloyd', wanted 'gradient' or 'ema'"),
    (lambda: small(rng=0, gamma=-1.0), ValueError, "gamma: got -1.0, wanted a number of at least 0"),
    (lambda: small(rng=0, rho=1.0), ValueError, "rho: got 1.0, wanted a number above 0 and below 1"),
    (lambda: small(rng=None), TypeError, "rng: got NoneType"),
    (lambda: small(rng=0, epochs=0), ValueError, "epochs: got 0"),
    (lambda: small(rng=0, batch=24), ValueError, "batch: got 24"),
    (lambda: fit_vqvae(X[0], m=1, k=1, K=2, rng=0, epochs=1), ValueError, r"x: got shape \(6,\)"),
])
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


# The search

numbers = st.floats(-1e3, 1e3, allow_subnormal=False, width=32) | st.integers(-3, 3).map(float)


@settings(max_examples=40, deadline=None)
@given(arrays(float, (5, 3), elements=numbers), arrays(float, (6, 3), elements=numbers),
       st.sampled_from([0.0, 1.0, 1e6, 1e12]), st.sampled_from([1e-150, 1e-3, 1.0, 1e100]))
def test_the_search_is_the_brute_one(z, codes, offset, scale):
    z, codes = scale * (z + offset), scale * (codes + offset)
    assert (nearest_code(z, codes) == brute(z, codes)).all()


def test_the_search_in_pieces_is_the_search(monkeypatch):
    rng = np.random.default_rng(0)
    z, codes = rng.integers(0, 4, (50, 2)).astype(float), rng.integers(0, 4, (7, 2)).astype(float)
    want = nearest_code(z, codes)
    monkeypatch.setattr(quantise, "ENTRIES", 20)
    assert (nearest_code(z, codes) == want).all()
    assert (want == brute(z, codes)).all()


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool])
def test_other_numbers_are_cast(dtype):
    z, codes = np.array([[0, 1], [1, 1]]).astype(dtype), np.array([[1, 1], [0, 1]]).astype(dtype)
    assert nearest_code(z, codes).tolist() == [1, 0]


def test_one_code_serves_all():
    assert nearest_code(Z, CODES[:1]).tolist() == [0, 0, 0]


# The codebook


def test_a_code_in_use_and_one_without_rows():
    codes = np.array([[0.0, 1.0], [50.0, 50.0], [4.0, 4.0]])
    idx = nearest_code(Z, codes)
    assert (cluster_means(Z, idx, codes)[1] == 50).all()
    fresh = reset_unused(codes, Z, idx, 0)
    assert (fresh[[0, 2]] == codes[[0, 2]]).all()
    assert (fresh[1] == Z).all(1).any()
    assert (reset_unused(fresh[:2], Z, np.array([0, 1, 0]), 0) == fresh[:2]).all()


def test_bits_of_equally_frequent_grids():
    idx = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert code_rates(idx, 2) == pytest.approx((2, 2, 2), rel=1e-15)
    assert code_rates(idx[[0, 3]], 4) == pytest.approx((4, 2, 1), rel=1e-15)
    assert perplexity(idx, 2) == pytest.approx(2, rel=1e-15)


# Training


@pytest.mark.parametrize("codebook", ["gradient", "ema"])
@pytest.mark.parametrize("reset", [True, False])
def test_training_is_a_function_of_its_seed_and_lowers_the_loss(codebook, reset):
    run = functools.partial(small, codebook=codebook, reset=reset, epochs=12, lr=1e-2)
    (p, history), (again, _), (other, _) = run(rng=0), run(rng=0), run(rng=1)
    assert isinstance(p, VQVAE)
    assert all(map(np.array_equal, trees.leaves(p), trees.leaves(again)))
    assert not np.array_equal(p.codes, other.codes)
    assert history.shape == (12,)
    assert history[-1] < history[0]
    assert rebuild(p, choose(p, X)[1]).shape == X.shape


def test_without_a_weight_the_codebook_stays():
    p, _ = small(rng=0, beta=0.0, reset=False)
    assert (p.codes == vqvae_init((6, 5), 3, 2, 4, np.random.default_rng(0)).codes).all()


def test_fewer_rows_than_codes():
    p, _ = fit_vqvae(X[:2], m=1, k=2, K=5, rng=0, epochs=2, hidden=(3,), batch=2)
    assert np.isfinite(p.codes).all()


def test_averages_are_the_update_of_the_paper():
    p = vqvae_init((6, 5), 3, 2, 4, 0)
    start = WithEMA(p._replace(codes=None), EMA(np.full(4, 2.0), p.codes))
    z, idx = choose(p, X)
    want = ema_update(start.ema, z.reshape(-1, 2), idx.ravel(), 0.9)
    vector = trees.flatten(start).vector
    gradient = trees.flatten(by_averages(0.25, 0.9)(start, X)[1](1.0)[0]).vector
    optimiser = TwoParts(trees.flatten(start.net).vector.size, Adam(1e-3), SGD(0.1))
    optimiser.step(optimiser.init(vector), vector, gradient)
    assert vector[-12:] == pytest.approx(np.append(want.counts, want.codes.ravel()), rel=1e-13)


def test_an_unused_code_survives_the_underflow_of_its_average():
    p = vqvae_init((6, 5), 3, 2, 4, 0)
    state = EMA(np.ones(4), np.append(p.codes[:3], [[50.0, -50.0]], 0))
    for _ in range(1100):
        state = ema_update(state, p.codes[:3], np.array([0, 1, 2]), 0.5)
    assert state.counts[3] == 0
    assert state.codes[3].tolist() == [50, -50]


def test_the_masks_cannot_be_written():
    for mask in made_masks(3, 2, (4,)):
        with pytest.raises(ValueError, match="read-only"):
            mask[0] = True


def test_bits_of_small_integers():
    idx = np.random.default_rng(0).integers(0, 200, (300, 2), np.uint8)
    assert code_rates(idx, idx.max() + 1) == code_rates(idx.astype(int), int(idx.max()) + 1)


def test_the_objective_is_not_the_integral_of_its_gradient():
    p = vqvae_init((6, 5), 3, 2, 4, 0, scale=1.0)
    loss, pull = by_gradient(1.0, 0.25)(p, X)
    step = trees.map(lambda leaf: 1e-6 * leaf, pull(1.0)[0].enc)
    moved = by_gradient(1.0, 0.25)(p._replace(enc=trees.axpy(1.0, step, p.enc)), X)[0]
    assert abs((moved - loss) / trees.dot(step, pull(1.0)[0].enc) - 1) > 0.01


def test_decoding_takes_any_grid():
    p = vqvae_init((6, 5), 3, 2, 4, 0)
    assert np.array_equal(decode_grid(p.dec, p.codes[np.zeros((2, 3), int)])[0], rebuild(p, np.zeros((2, 3), int)))


# Laws of the codes


def test_contexts_that_never_came_are_uniform_and_codes_that_never_came_impossible():
    seen = np.array([[0, 0], [0, 1]])
    logits = count_logits(seen, np.array([[0, 0], [2, 1]]), 3, order=1, alpha=0.0)
    assert np.exp(logits[0]) == pytest.approx(np.array([[1, 0, 0], [0.5, 0.5, 0]]), rel=1e-15)
    assert np.exp(logits[1, 1]) == pytest.approx(np.full(3, 1 / 3), rel=1e-15)
    assert neg_log_prior(logits, np.array([[0, 2], [0, 0]]))[0][0] == np.inf


@pytest.mark.parametrize("hidden", [(), (4,), (1, 1), (5, 6, 7)])
@pytest.mark.parametrize("m", [1, 2, 5])
def test_one_code_or_no_hidden_layer_looks_ahead_neither(m, hidden):
    p = made_init(m, 3, hidden, 0)
    idx = np.random.default_rng(1).integers(0, 3, (4, m))
    logits = made_logits(p, idx)[0]
    assert (logits[:, 0] == logits[:1, 0]).all()
    assert len(made_masks(m, 3, hidden)) == len(hidden) + 1
    last = idx.copy()
    last[:, -1] = (last[:, -1] + 1) % 3
    assert (made_logits(p, last)[0] == logits).all()


def test_sampling_looks_back_only():
    p = attention_init(4, 3, 0, width=4, blocks=1)
    u = np.random.default_rng(0).random((6, 4))
    idx = sample_codes(lambda idx: attention_logits(p, idx)[0], u)
    u[:, 2:] = 0.5
    assert (sample_codes(lambda idx: attention_logits(p, idx)[0], u)[:, :2] == idx[:, :2]).all()
    assert idx.min() >= 0
    assert idx.max() < 3


# Experiments


def test_blocks_of_images_are_their_pixels():
    x = experiments.split()[1]
    for m in experiments.BLOCKS:
        assert experiments.parts(x, m).shape == (m, 360, 64 // m)
    assert (experiments.parts(x, 4)[1, 0].reshape(4, 4) == x[0].reshape(8, 8)[:4, 4:]).all()


@pytest.mark.slow
def test_a_row_of_each_table():
    found = experiments.terms_row("gamma 0.1", 0)
    assert 1 < found[0] < 1.3
    assert found[4] == 32
    assert experiments.terms_row("gamma 0", 0)[2] > 1e6
    assert 1.7 < experiments.autoencoder_row(1, 64, 0)[0] < 2.1
    assert 0.85 < experiments.k_means_row(4, 64, 0)[0] < 0.89
