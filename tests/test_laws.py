"""The laws find every mistake that they name, leave right implementations alone, and never pass by asking nothing."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.special import digamma, logsumexp

from refvae import layers
from refvae.data import WORLDS
from refvae.entropy import (
    conditional_mutual_information,
    knn_divergence,
    knn_entropy,
    mutual_information,
    total_correlation,
)
from refvae.laws import (
    CATALOGUES,
    LawError,
    check_bound,
    check_divergence,
    check_entropy,
    check_gradient,
    check_information,
    check_layer,
    check_optimiser,
    check_posterior,
    check_quantiser,
    check_sampler,
    check_score,
    check_svd,
    of_functions,
    of_object,
    parametrize_laws,
)
from refvae.laws.calibration import right
from refvae.laws.catalogues import law_tests
from refvae.laws.entropy_knn import distances
from refvae.laws.law import BROKEN, SKIPPED
from refvae.laws.strategies import layer_arguments, pairs, samples
from refvae.linear_ae import truncated_svd
from refvae.optim import SGD, Adam, Momentum
from refvae.vqvae import nearest_code

MISTAKES = [(kind, name) for kind, catalogue in CATALOGUES.items() for name in catalogue.mistakes]


def brute_entropy(x, k):
    """The estimate written down once more, by someone who reads (6.5) alone."""
    n, d = x.shape
    rho = np.sort(distances(x, np.inf), axis=1)[:, k]
    return digamma(n) - digamma(k) + d * np.log(2) + d * np.mean(np.log(rho))


def run(make):
    """A run of one of our optimisers."""
    def optimise(x, gradient, steps, lr):
        optimiser = make(lr)
        state = optimiser.init(x)
        for _ in range(steps):
            optimiser.step(state, x, gradient(x))
        return x
    return optimise


class Affine:
    """A layer in another style: it keeps its input and adds up its gradients."""

    def __init__(self, w, b):
        self.w, self.b, self.dw, self.db = w, b, np.zeros_like(w), np.zeros_like(b)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy):
        self.dw += self.x.T @ dy
        self.db += dy.sum(0)
        return dy @ self.w.T


RNG = np.random.default_rng(3)
X, W, B = RNG.standard_normal((7, 6)), RNG.standard_normal((6, 3)), RNG.standard_normal(3)
RIGHT = {
    "entropy": lambda s: check_entropy(lambda x, k: knn_entropy(x, k), seed=s),
    "entropy, maximum norm": lambda s: check_entropy(
        lambda x, k: knn_entropy(x, k, norm=np.inf), norm=np.inf, seed=s),
    "entropy, one order": lambda s: check_entropy(lambda x: knn_entropy(x, 2), k=2, seed=s),
    "entropy, by all pairs": lambda s: check_entropy(brute_entropy, norm=np.inf, seed=s, expected_failures={}),
    "entropy, log(n - 1)": lambda s: check_entropy(
        lambda x, k: knn_entropy(x, k).value - digamma(len(x)) + np.log(len(x) - 1), constant="log(n - 1)", seed=s),
    "divergence": lambda s: check_divergence(lambda x, y, k: knn_divergence(x, y, k), seed=s),
    "divergence, maximum norm": lambda s: check_divergence(
        lambda x, y: knn_divergence(x, y, 3, norm=np.inf), norm=np.inf, seed=s),
    "ksg1": lambda s: check_information(lambda x, y, k: mutual_information(x, y, k), seed=s),
    "ksg2": lambda s: check_information(
        lambda x, y, k: mutual_information(x, y, k, method="ksg2"), method="ksg2", seed=s),
    "total": lambda s: check_information(lambda xs: total_correlation(xs), kind="total", seed=s),
    "conditional": lambda s: check_information(
        lambda x, y, z: conditional_mutual_information(x, y, z), kind="conditional", seed=s),
    "elbo": lambda s: check_bound(lambda w: w.mean(1), family="elbo", seed=s),
    "iwae": lambda s: check_bound(lambda w: logsumexp(w, axis=1) - np.log(w.shape[1]), family="iwae", seed=s),
    "sampler": lambda s: check_sampler(WORLDS["gaussian"].sample, WORLDS["gaussian"].logpdf, d=2, seed=s),
    "sampler, uniform": lambda s: check_sampler(
        lambda rng, n: rng.random((n, 1)), lambda x: np.where((0 <= x[:, 0]) & (x[:, 0] <= 1), 0, -np.inf),
        smooth=False, support=(0, 1), seed=s),
    "posterior": lambda s: check_posterior(*right, seed=s),
    "score": lambda s: check_score(WORLDS["ring"].score, WORLDS["ring"], seed=s),
    "layer": lambda s: check_layer(layers.mlp, (layers.mlp_init((6, 5, 3), s), X), seed=s),
    "layer of two functions": lambda s: check_layer(
        of_functions(lambda x: x**3, lambda dy, x: 3 * dy * x**2), (X,), seed=s),
    "layer of an object": lambda s: check_layer(
        of_object(Affine, gradients=lambda it: (it.dw, it.db)), (W, B, X), seed=s),
    "layer, exactly": lambda s: check_layer(
        layers.dense, (layers.Dense(W, B), X), exact=True, seed=s),
    "gradient, exactly": lambda s: check_gradient(
        lambda x: np.sum(np.exp(-x * x)), X, lambda x: -2 * x * np.exp(-x * x), exact=True, seed=s),
    "gradient": lambda s: check_gradient(lambda x: np.sum(x**4), X, lambda x: 4 * x**3, seed=s),
    "sgd": lambda s: check_optimiser(run(SGD), kind="sgd", seed=s),
    "momentum": lambda s: check_optimiser(run(Momentum), kind="momentum", seed=s),
    "adam": lambda s: check_optimiser(run(Adam), kind="adam", seed=s),
    "svd": lambda s: check_svd(lambda x, k: truncated_svd(x, k)[:3], seed=s),
    "svd of NumPy": lambda s: check_svd(lambda x, k: (lambda u, v, w: (u[:, :k], v[:k], w[:k]))(
        *np.linalg.svd(x, full_matrices=False)), seed=s),
    "quantiser": lambda s: check_quantiser(nearest_code, seed=s),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_implementations_keep_every_law(name):
    for seed in (0, 1):
        report = RIGHT[name](seed).raise_for_status()
        assert report.count(SKIPPED) < len(report.judgements)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_right_implementations_keep_every_law_at_more_seeds(name):
    for seed in range(2, 12):
        RIGHT[name](seed).raise_for_status()


@pytest.mark.parametrize(("kind", "name"), MISTAKES)
def test_every_mistake_breaks_every_law_that_names_it(kind, name):
    f, given_settings = CATALOGUES[kind].mistakes[name]
    subject = CATALOGUES[kind].subject(f, **given_settings)
    naming = [law for law in CATALOGUES[kind].laws.values()
              if name.removesuffix(", elbo") in law.finds and not law.needs(subject)]
    assert naming, "no law names it"
    for law in naming:
        assert law.judge(subject).verdict == BROKEN, law.name


@pytest.mark.parametrize("kind", CATALOGUES)
def test_every_named_mistake_ships(kind):
    named = {name for law in CATALOGUES[kind].laws.values() for name in law.finds}
    assert named <= set(CATALOGUES[kind].mistakes)
    assert len(MISTAKES) >= 40


def test_a_report_counts_and_a_broken_law_comes_with_lines_that_show_it():
    report = check_entropy(lambda x: knn_entropy(x, 3).value + 1, k=3)
    assert str(report).startswith("entropy: 16 laws ran, 3 skipped, 5 broken\n  skipped: two points (no case applies)")
    code = report.judgements[12].note
    names = {"np": np, "f": lambda x, k: knn_entropy(x, 3).value + 1}
    *given_lines, question = code.splitlines()
    exec("\n".join(given_lines), names)
    assert f"got {eval(question.split('#')[0], names):.9f}"[:12] in question
    with pytest.raises(LawError, match="BROKEN: the definition"):
        report.raise_for_status()


def test_expected_failures_are_strict():
    def shifted(x, k):
        return knn_entropy(x, k).value + (len(x) == 2 and x[0, 0] == 0)
    check_entropy(shifted, expected_failures={"two points": "by convention"}).raise_for_status()
    with pytest.raises(LawError, match="rotations: holds, expected to break \\(no reason\\)"):
        check_entropy(shifted, expected_failures={"two points": "", "rotations": "no reason"}).raise_for_status()
    with pytest.raises(ValueError, match=r"^expected_failures: got 'rotation', wanted names out of rows in any order"):
        check_entropy(shifted, expected_failures={"rotation": ""})


def test_a_battery_that_asks_nothing_is_no_success():
    catalogue = CATALOGUES["entropy"]
    report = check_entropy(lambda x: 0.0)
    nothing = type(report)("entropy", tuple(one._replace(verdict=SKIPPED) for one in report.judgements), {})
    with pytest.raises(LawError, match="nothing was asked"):
        nothing.raise_for_status()
    assert catalogue.kind == "entropy"


def test_exact_numbers_see_what_rounding_hides_and_say_why_they_do_not_run():
    def third(x):
        return x * (1 / 3), lambda dy: dy * 0.333333333333333  # off by 1e-15

    def outside(x):
        return x * 3, lambda dy: (dy * 3).astype(float)

    assert check_layer(third, (X,)).failures == check_layer(outside, (X,)).failures == []
    [refuted] = check_layer(third, (X,), exact=True).failures
    assert "BROKEN: the pull is the adjoint" in refuted
    [not_run] = check_layer(outside, (X,), exact=True).failures
    assert "leave astype(float) out" in not_run


def test_what_the_subject_raises_is_a_broken_law():
    report = check_entropy(lambda x: 1 / 0)
    assert "case 1 raised ZeroDivisionError" in report.failures[0]


@pytest.mark.parametrize(("call", "message"), [
    (lambda: check_entropy(len, norm=3), "norm: got 3, wanted 2, numpy.inf or None"),
    (lambda: check_entropy(len, constant="n"), "constant: got 'n', wanted one of"),
    (lambda: check_information(len, kind="joint"), "kind, method: got 'joint'"),
    (lambda: check_bound(len, family="vae"), "family: got 'vae'"),
    (lambda: check_optimiser(len, kind="lion"), "kind: got 'lion'"),
    (lambda: law_tests(len, "entropies"), "kind: got 'entropies', wanted one of entropy, divergence")])
def test_bad_settings_are_one_line(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@parametrize_laws(lambda x, k: knn_entropy(x, k))
def test_one_test_a_law(law):
    law()


@pytest.mark.slow
def test_the_command_line_of_pytest(tmp_path):
    (tmp_path / "mine.py").write_text("from refvae.entropy import knn_entropy\n"
                                      "def right(x, k):\n    return knn_entropy(x, k)\n"
                                      "def wrong(x, k):\n    return 2 * knn_entropy(x, k).value\n")
    base = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    ran = [subprocess.run([*base, "--refvae-entropy", name, "--refvae-set", "norm=2"], cwd=tmp_path, text=True,
                          capture_output=True) for name in ("mine:right", "mine:wrong", "mine:nothing")]
    assert "19 passed" in ran[0].stdout, ran[0].stdout + ran[0].stderr
    assert "FAILED" in ran[1].stdout
    assert "BROKEN: the definition, (6.5)" in ran[1].stdout
    assert [one.returncode for one in ran] == [0, 1, 4]
    assert "--refvae-entropy: got 'mine:nothing'" in ran[2].stderr


@settings(max_examples=50, deadline=None, derandomize=True)
@given(samples(least=5))
def test_samples_are_points_that_can_be_moved_exactly(x):
    assert np.isfinite(x).all()
    np.testing.assert_array_equal((2 * x + 0) / 2, x)
    assert len(np.unique(x, axis=0)) == len(x)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(pairs(), layer_arguments("n d", "d h", "h"))
def test_pairs_and_arguments_have_fitting_shapes(xy, args):
    (x, y), (a, w, b) = xy, args
    assert x.shape[1] == y.shape[1]
    assert (a @ w + b).shape == (len(a), len(b))
    assert len({*a.shape, *w.shape}) == 3
