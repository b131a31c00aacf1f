"""Evidence: statuses and verdicts come from runs, random numbers from names, and errors from known formulas."""

from dataclasses import replace
from functools import wraps

import numpy as np
import pytest
from scipy import stats

from refvae import evidence, verdict
from refvae.check import check_layer
from refvae.check.arrays import variables
from refvae.check.field import Field
from refvae.check.proof import NOT_RUN, PROVED, REFUTED, Proof
from refvae.evidence import (
    BLIND,
    BOUNDS,
    FAIL,
    INCONCLUSIVE,
    KINDS,
    PASS,
    UNCHECKED,
    Control,
    Evidence,
    Ledger,
    Outcome,
    Result,
    accepts,
    entrywise,
    gap,
    holds,
    order,
    run,
    spoiled,
    vanishes,
    z_score,
)
from refvae.layers import Dense, dense, tanh
from refvae.statements import OURS, Statement

WRONG = {"one": 1.0}


def entry(check, subject=0.0, wrong=WRONG, eq="9.2", kind="identity", bound=None):
    """The piece of evidence that a ledger makes of a check."""
    ledger = Ledger()
    ledger.add(eq, kind, subject, wrong=wrong, bound=bound)(check)
    return ledger.entries[0]


def itself(subject, rng):
    """The subject is the error."""
    return Outcome(subject, 0.0, subject)


def undecided(subject, rng):
    """An outcome that settles nothing."""
    return Outcome(subject, 0.0, subject, conclusive=False)


def called(subject, rng):
    """The subject is a function that gives the error."""
    return Outcome(0.0, 0.0, subject())


def raises(error):
    """A function that raises the error."""
    def f():
        raise error

    return f


# Status


@pytest.mark.parametrize(("error", "status"), [
    (0.0, PASS), (1e-12, PASS), (np.nextafter(1e-12, 1), FAIL), (1.0, FAIL), (np.inf, FAIL), (np.nan, FAIL)])
def test_the_error_is_held_against_the_bound(error, status):
    assert run(entry(itself, error)).status == status


@pytest.mark.parametrize(("bound", "error", "status"), [
    (0, 0.0, PASS), (0, 5e-324, FAIL), (0.5, 0.5, PASS), (0.5, 0.6, FAIL)])
def test_a_stated_bound_replaces_the_usual_one(bound, error, status):
    assert run(entry(itself, error, bound=bound)).status == status


@pytest.mark.parametrize(("wrong", "status"), [
    ({"a": 1.0}, PASS), ({"a": 1.0, "b": 2.0}, PASS), ({"a": np.nan}, PASS), ({"a": np.inf}, PASS),
    ({}, BLIND), ({"a": 0.0}, BLIND), ({"a": 1e-12}, BLIND), ({"a": 1.0, "b": 0.0}, BLIND)])
def test_a_check_that_passes_a_wrong_version_is_blind(wrong, status):
    found = run(entry(itself, wrong=wrong))
    assert found.status == status
    assert [control.name for control in found.controls] == list(wrong)


def test_a_failure_is_a_failure_with_or_without_controls():
    assert run(entry(itself, 1.0, wrong={})).status == FAIL
    assert run(entry(itself, 1.0, wrong={"a": 0.0})).status == FAIL


@pytest.mark.parametrize("error", [0.0, 1.0, np.nan])
def test_an_outcome_that_settles_nothing_is_inconclusive(error):
    assert run(entry(undecided, error)).status == INCONCLUSIVE


@pytest.mark.parametrize("error", [ValueError("two\nlines"), TypeError("two\nlines"), ZeroDivisionError(), KeyError(1)])
def test_a_check_that_raises_fails_and_says_why(error):
    found = run(entry(called, raises(error), wrong={"a": raises(error)}))
    assert found.status == FAIL
    assert np.isnan(found.outcome.error)
    assert found.outcome.note.startswith(f"{type(error).__name__}: ")
    assert "\n" not in found.outcome.note
    assert found.outcome.note.endswith("two") or not str(error).startswith("two")


@pytest.mark.parametrize(("error", "rejected"), [
    (ValueError("shapes"), True), (np.linalg.LinAlgError("singular"), True),
    (TypeError("arguments"), False), (AttributeError("name"), False), (NameError("name"), False),
    (IndexError("index"), False), (NotImplementedError(), False)])
def test_a_control_that_crashes_shows_nothing(error, rejected):
    found = run(entry(called, lambda: 0.0, wrong={"a": raises(error)}))
    assert found.controls[0].rejected is rejected
    assert found.status == (PASS if rejected else BLIND)


@pytest.mark.parametrize("wrong", [
    lambda: np.ones((3, 6)) @ np.ones((3, 6)), lambda: np.ones((7, 3)) + np.ones((7, 6)),
    lambda: np.ones(7).reshape(3, 3), lambda: gap(np.ones(3), np.ones(7)).error,
    lambda: dense(Dense(np.ones((6, 3)), np.ones((1, 3))), np.ones((7, 6)))])
def test_an_error_about_shapes_is_a_rejection(wrong):
    found = run(entry(called, lambda: 0.0, wrong={"shapes": wrong}))
    assert found.controls[0].rejected
    assert found.controls[0].outcome.note.startswith("ValueError: ")
    assert found.status == PASS


def test_an_interrupt_is_no_finding():
    with pytest.raises(KeyboardInterrupt):
        run(entry(called, raises(KeyboardInterrupt())))


def test_a_result_carries_what_its_evidence_says():
    found = run(entry(itself, 0.25, bound=0.5, kind="limit"))
    assert (found.eq, found.kind, found.name, found.what) == ("9.2", "limit", "itself", "The subject is the error.")
    assert (found.outcome.measured, found.outcome.expected, found.outcome.error, found.bound) == (0.25, 0, 0.25, 0.5)
    assert found.controls == (Control("one", True, Outcome(1.0, 0.0, 1.0)),)
    assert 0 <= found.seconds < 10


def test_what_is_not_said_is_nothing():
    assert Outcome(1.0, 2.0, 3.0)[3:] == ("", True, None)
    assert Outcome(1.0, 2.0, 3.0).conclusive is True
    by_hand = Evidence("9.2", "law", "itself", "", itself, 0.0, {}, 1.0)
    assert (by_hand.prove, by_hand.why, by_hand.file, by_hand.line) == (None, "", "", 0)
    assert (result("9.2").proof, result("9.2").file, result("9.2").line) == (None, "", 0)
    assert entry(itself).prove is None


def test_arithmetic_that_warns_is_judged_by_its_result():
    assert run(entry(called, lambda: np.ones(1)[0] / np.zeros(1)[0], wrong={"a": raises(ValueError())})).status == FAIL


# Random numbers


def draw(subject, rng):
    """The first normal number."""
    return Outcome(float(rng.standard_normal()), 0.0, 0.0)


def first(eq="9.2", kind="identity", check=draw, seed=0):
    return run(entry(check, eq=eq, kind=kind), seed).outcome.measured


def redraw(subject, rng):
    """The same under another name."""
    return draw(subject, rng)


def test_random_numbers_depend_on_equation_kind_name_and_seed():
    assert run(entry(draw)).outcome == run(entry(draw), 0).outcome
    numbers = [first(), first(eq="9.3"), first(kind="law"), first(check=redraw), first(seed=1)]
    assert len(set(numbers)) == 5


def test_random_numbers_do_not_depend_on_what_ran_before():
    alone = first()
    for other in (first(eq="9.3"), first(seed=1), np.random.default_rng(0).standard_normal()):
        assert first() == alone != other


def test_the_right_version_and_the_wrong_ones_see_the_same_numbers():
    found = run(entry(draw, wrong={"a": 1, "b": 2}))
    assert {control.outcome.measured for control in found.controls} == {found.outcome.measured}


# Ledger


@pytest.mark.parametrize("kind", ["proof", "", "Adjoint", "gradient", None])
@pytest.mark.parametrize("bound", [None, 1e-12])
def test_a_ledger_refuses_unknown_kinds(kind, bound):
    with pytest.raises(ValueError, match=r"^kind: got "):
        Ledger().add("9.2", kind, None, wrong={}, bound=bound)


@pytest.mark.parametrize("kind", ["limit", "rate", "oracle"])
def test_some_kinds_must_state_their_bound(kind):
    with pytest.raises(ValueError, match=f"^kind: got '{kind}' with bound None"):
        Ledger().add("9.2", kind, None, wrong={})
    assert entry(itself, kind=kind, bound=0).bound == 0


@pytest.mark.parametrize(("kind", "bound"), BOUNDS.items())
def test_the_others_have_one(kind, bound):
    assert entry(itself, kind=kind).bound == bound
    assert entry(itself, kind=kind, bound=0.5).bound == 0.5


def test_the_kinds_are_those_of_the_design():
    assert sorted(KINDS) == ["adjoint", "identity", "law", "limit", "montecarlo", "oracle", "rate"]


def test_registering_gives_the_check_back_and_copies_the_wrong_versions():
    ledger, wrong = Ledger(), {"a": 1.0}
    assert ledger.add("9.2", "law", 0.0, wrong=wrong)(itself) is itself
    wrong["b"] = 0.0
    assert ledger.entries[0].wrong == {"a": 1.0}


def test_a_ledger_keeps_the_order_of_its_sections():
    class First:
        ledger = Ledger([entry(itself, eq="9.3"), entry(itself, eq="9.2")])

    class Second:
        ledger = Ledger([entry(itself, eq="9.1")])

    assert [e.eq for e in Ledger.of(First, Second).entries] == ["9.3", "9.2", "9.1"]
    assert len(First.ledger.entries) == 2


def gradient_of(layer, wrong=None, zero=()):
    """The result of adjoint evidence for a layer of one argument (7, 3)."""
    ledger = Ledger()
    ledger.adjoint("9.2", layer, lambda rng: (rng.standard_normal((7, 3)),), zero=zero,
                   wrong={"halved": spoiled(layer, lambda dx: dx / 2)} if wrong is None else wrong)
    return run(ledger.entries[0])


def test_adjoint_evidence_checks_the_gradient():
    found = gradient_of(tanh)
    assert (found.status, found.kind, found.bound) == (PASS, "adjoint", 1e-12)
    assert found.outcome.measured == pytest.approx(found.outcome.expected, rel=1e-12, abs=0)
    assert found.controls[0].outcome.error == pytest.approx(0.5, rel=1e-12)  # of the larger norm


def test_adjoint_evidence_fails_for_a_wrong_gradient():
    assert gradient_of(spoiled(tanh, lambda dx: (1 + 1e-9) * dx)).status == FAIL


def test_adjoint_evidence_without_a_gradient_is_inconclusive():
    def flat(x):
        return 0 * x, lambda dy: 0 * dy

    assert gradient_of(flat, wrong={"one": tanh}).status == INCONCLUSIVE


def test_adjoint_evidence_is_blind_to_the_layer_itself():
    assert gradient_of(tanh, wrong={"the same": tanh}).status == BLIND


def test_adjoint_evidence_draws_other_arguments_under_another_name():
    ledger = Ledger()
    for name in ("gradient", "once more"):
        ledger.adjoint("9.2", tanh, lambda rng: (rng.standard_normal((7, 3)),), wrong={}, name=name)
    one, other = (run(each) for each in ledger.entries)
    assert [one.name, other.name] == ["gradient", "once more"]
    assert one.outcome.measured != other.outcome.measured


def test_spoiled_keeps_the_value():
    x = np.linspace(-1, 2, 7)
    y, pull = spoiled(tanh, lambda dx: -dx)(x)
    assert np.array_equal(y, np.tanh(x))
    assert np.array_equal(pull(x), -tanh(x)[1](x))


# Proofs


def cube(x):
    """The third power."""
    return x * x * x


def of_cubes(subject, rng):
    """Against the power, at three points."""
    x = rng.standard_normal(3)
    return gap(subject(x), x**3)


def proved(subject=cube, exact=True, check=of_cubes, **wrong):
    """The result of evidence that is run on exact numbers too."""
    ledger = Ledger()
    ledger.add("9.2", "identity", subject, wrong=wrong or {"doubled": lambda x: 2 * cube(x)}, exact=exact)(check)
    return run(ledger.entries[0])


def off(x):
    """The third power and a little more, which floats do not show."""
    return cube(x) + 2.0**-60


def test_what_exact_numbers_prove_passes_and_its_wrong_versions_are_refuted():
    found = proved()
    assert (found.status, found.proof.status, found.outcome.note) == (PASS, PROVED, "")
    assert found.controls == (Control("doubled", True, found.controls[0].outcome, found.controls[0].proof),)
    assert found.controls[0].rejected is True
    assert found.controls[0].proof.status == REFUTED


def test_what_exact_numbers_refute_fails_whatever_the_error():
    found = proved(off)
    assert (found.status, found.outcome.error < 1e-15, found.proof.status) == (FAIL, True, REFUTED)
    assert found.outcome.note.startswith("exact numbers refute it: ")
    assert proved(lambda x: 2 * cube(x)).outcome.note == ""
    assert (found.controls[0].rejected, found.controls[0].proof) == (True, None)


def test_a_wrong_version_must_be_rejected_in_floats_and_refuted_exactly():
    assert proved(unseen=off).status == BLIND
    assert proved(seen=lambda x: 2 * cube(x), unseen=off).controls[1].proof.status == REFUTED
    in_floats = proved(rounded=lambda x: cube(x) if x.dtype == object else 2 * cube(x))
    assert (in_floats.status, in_floats.controls[0].rejected) == (BLIND, False)
    short = proved(short=lambda x: cube(x)[:2]).controls[0]
    assert (short.rejected, short.proof.status) == (True, REFUTED)
    assert short.proof.note.startswith("ValueError: the two routes: got shapes")


def test_all_relations_may_be_used():
    def of_roots(subject, rng):
        x = rng.exponential(size=3)
        return gap(subject(x), x)

    found = proved(lambda x: np.sqrt(x) * np.sqrt(x), check=of_roots)
    assert (found.status, found.proof.status, found.proof.relations) == (PASS, PROVED, 2)


def test_only_the_relations_that_are_needed_are_used():
    assert proved().proof.relations == 0
    roots = lambda x: (np.log(x), lambda d: d / np.sqrt(x) ** 2)
    ledger = Ledger()
    ledger.adjoint("9.2", roots, lambda rng: (1 + rng.random(2),), wrong={"doubled": spoiled(roots, lambda d: 2 * d)})
    found = run(ledger.entries[0])
    assert (found.status, found.proof.status, found.proof.relations) == (PASS, PROVED, 2)
    assert found.controls[0].proof.status == REFUTED


def accepted(subject=cube, check=of_cubes, bound=None, exact=True, **seed):
    """Whether the check accepts the subject, by itself and by the whole run."""
    ledger = Ledger()
    ledger.add("9.2", "identity", subject, wrong={}, bound=bound, exact=exact)(check)
    found = accepts(ledger.entries[0], **seed)
    assert found is (run(ledger.entries[0], **seed).status == BLIND)  # PASS, if it had controls
    return found


def test_what_a_check_accepts():
    assert accepted()
    assert accepted(exact=False)
    assert accepted(exact="a table")
    assert not accepted(lambda x: 2 * cube(x))
    assert not accepted(off)
    assert accepted(off, exact=False)
    assert not accepted(lambda x: x.nothing)
    assert not accepted(lambda x: x[:2])
    for error, bound, status in ((0.5, 0.5, True), (0.5, 0.25, False), (np.nan, 0.5, False)):
        outcome = Outcome(1, 1, error)
        assert accepted(check=lambda subject, rng, outcome=outcome: outcome, bound=bound, exact=False) is status
    assert not accepted(check=lambda subject, rng: Outcome(1, 1, 0.0, conclusive=False), exact=False)


def test_what_is_refused_in_floats_is_not_run_on_exact_numbers():
    ledger, asked = Ledger(), []
    ledger.add("9.2", "identity", lambda x: asked.append(x.dtype) or 2 * cube(x), wrong={}, exact=True)(of_cubes)
    assert not accepts(ledger.entries[0])
    assert asked == [float]


def test_a_check_accepts_with_the_numbers_of_its_seed():
    drawn = []

    def check(subject, rng):
        drawn.append(rng.random())
        return gap(np.ones(1), np.ones(1))

    for seed in ({}, {"seed": 0}, {"seed": 3}):
        accepted(check=check, exact=False, **seed)
    assert drawn[0] == drawn[1] == drawn[2] == drawn[3] != drawn[4] == drawn[5]


def test_a_check_that_crashes_proves_nothing():
    assert proved(lambda x: x.nothing).proof is None


def test_why_exact_numbers_are_not_tried_is_kept():
    assert proved(exact="it is a table").proof == Proof(NOT_RUN, note="it is a table")
    assert proved(exact="it is a table").status == PASS
    assert proved(exact=False).proof is None


def test_evidence_knows_where_it_stands():
    found = proved()
    assert (found.file, found.line) == (__file__, of_cubes.__code__.co_firstlineno)
    found = gradient_of(tanh)
    assert (found.file, found.line) == (__file__, gradient_of.__code__.co_firstlineno + 3)


def steep(x, eps_frozen):
    """A layer with a kink at 0 and frozen noise."""
    return np.abs(x) * eps_frozen, lambda dy: (dy * np.where(x > 0, eps_frozen, -eps_frozen), None)


def pulls(layer=steep, seed=0, **how):
    """The entry and the result of adjoint evidence for the layer, and the arguments that it was run with."""
    seen = []

    def args(rng):
        seen.append((1 + rng.random(2), rng.random(2)))
        return seen[-1]

    ledger = Ledger()
    ledger.adjoint("9.2", layer, args, wrong={"halved": spoiled(steep, lambda d: (d[0] / 2, None))}, **how)
    return ledger.entries[0], run(ledger.entries[0], seed), seen


def test_a_pull_is_proved_at_the_arguments_of_its_check():
    entry, found, seen = pulls(seed=3)
    assert (entry.eq, entry.what[:12], found.status) == ("9.2", "Complex step", PASS)
    assert (found.outcome.note, found.outcome.conclusive) == ("x", True)
    assert found.outcome.conclusive is True
    assert (found.proof.status, found.proof.cells > 1) == (PROVED, True)
    assert len({str(each) for each in seen}) == 1
    [control] = found.controls
    assert (control.name, control.rejected, control.proof.status) == ("halved", True, REFUTED)
    assert control.outcome.error == pytest.approx(0.5, rel=1e-12)  # it has the argument names of the layer


def test_a_refuted_pull_is_located_and_a_wrong_version_is_not():
    _, found, _ = pulls(wraps(steep)(lambda *args: spoiled(steep, lambda d: (d[0] / 2, None))(*args)))
    assert found.outcome.note.startswith("FAIL: worst block x")
    assert found.proof.note.startswith("x[")
    assert pulls()[1].controls[0].proof.note == ""


def test_other_arguments_for_exact_numbers_stay_in_their_cell():
    seen = []
    entry, found, _ = pulls(exact=lambda rng: seen.append(1) or (-np.ones(2), rng.random(2)))
    assert (entry.why, found.proof.status, found.proof.cells, len(seen)) == ("", PROVED, 1, 2)
    entry, found, _ = pulls(exact="it has a table")
    assert (entry.prove, found.proof) == (None, Proof(NOT_RUN, note="it has a table"))


def test_another_leg_that_fails_at_the_very_bound_is_no_pass(monkeypatch):
    report = check_layer(tanh, (np.ones(3),))
    monkeypatch.setattr(evidence, "layer_report", lambda *args, **how: replace(report, status=FAIL, error=report.bound))
    assert gradient_of(tanh).outcome.error == np.inf


@pytest.mark.parametrize("outcome", [gap, entrywise])
def test_routes_of_exact_numbers_are_compared_without_rounding(outcome):
    u = variables(Field(0), np.array([0.5, 2.0]))
    assert outcome(u, u + 0).exact.zero
    assert not outcome(u, u + 2.0**-60).exact.zero
    assert not outcome(u + 2.0**-60, u).exact.zero


def test_sums_of_exact_numbers_vanish_without_rounding():
    u = variables(Field(0), np.array([0.5, 2.0]))
    assert vanishes(np.array([u, -u])).exact.zero
    assert not vanishes(np.array([u, -u + [0, 2.0**-60]])).exact.zero
    assert not vanishes(np.array([[u[0], -u[0]], [u[1], -u[1]]])).exact.zero  # over the other axis they do


# Outcomes


@pytest.mark.parametrize(("got", "want", "error"), [
    (0.0, 0.0, 0.0), (0.0, 1e-300, 1.0), (1e-300, 0.0, 1.0), (3.0, 4.0, 0.25), (-1.0, 1.0, 2.0),
    (np.array([3.0, 4.0]), np.array([3.0, 0.0]), 0.8), (np.zeros(7), np.zeros(7), 0.0),
    (np.array([3e-200, 4e-200]), np.array([3e-200, 0.0]), 0.8)])
def test_gap_is_relative_to_the_larger_norm(got, want, error):
    assert gap(got, want).error == pytest.approx(error, rel=1e-15, abs=0)


def test_gap_shows_a_number_with_its_sign_and_an_array_by_its_norm():
    assert gap(-3, -4)[:2] == (-3.0, -4.0)
    assert gap(np.array([-3.0, 4.0]), np.array([0.0, -2.0]))[:2] == (5.0, 2.0)


def test_gap_takes_all_leaves_of_a_tree_together():
    got, want = Dense(np.array([[3.0]]), np.array([4.0])), Dense(np.array([[3.0]]), np.array([0.0]))
    assert gap(got, want) == Outcome(5.0, 3.0, 0.8)
    assert gap((got, (np.zeros(2), 0)), (want, (np.zeros(2), 0))).error == 0.8


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gap_is_never_small_for_what_is_not_finite(bad):
    with np.errstate(invalid="ignore"):
        outcomes = [gap(bad, 1.0), gap(1.0, bad), gap(bad, bad), gap((np.ones(3), bad), (np.ones(3), 0.0))]
    assert not any(outcome.error <= 1e300 for outcome in outcomes)


def test_gap_refuses_other_lengths():
    for got, want in [(np.ones(7), np.ones(3)), (np.ones(7), 1.0), ((np.ones(3), None), (np.ones(3), np.ones(3)))]:
        with pytest.raises(ValueError, match="shape"):
            gap(got, want)


def test_entrywise_is_the_worst_entry():
    found = entrywise(np.array([[1.0, 2.2], [3e-9, 4.0]]), np.array([[1.0, 2.0], [1e-9, 4.0]]))
    assert found == Outcome(3e-9, 1e-9, pytest.approx(2, rel=1e-15, abs=0))
    assert entrywise(np.array([-2.0]), np.array([-2.0])) == Outcome(-2.0, -2.0, 0.0)


def test_entrywise_refuses_other_shapes():
    with pytest.raises(ValueError, match="shapes"):
        entrywise(np.ones(1), np.ones(3))


def test_entrywise_does_not_overlook_nan_and_zero():
    with np.errstate(all="ignore"):
        assert np.isnan(entrywise(np.array([1.0, np.nan]), np.ones(2)).error)
        assert np.isnan(entrywise(np.ones(2), np.array([1.0, np.nan])).error)
        assert entrywise(np.ones(2), np.array([1.0, 0.0])).error == np.inf


def test_vanishes_is_relative_to_the_terms():
    terms = np.array([[1.0, 2e-9], [-1.0, -1e-9], [0.0, -1e-9]])
    assert vanishes(terms) == Outcome(0.0, 0.0, 0.0)
    terms[0, 1] = 6e-9
    assert vanishes(terms).error == pytest.approx(0.5, rel=1e-15, abs=0)
    assert vanishes(np.ones((7, 3))) == Outcome(7.0, 0.0, 1.0)
    assert vanishes(np.array([[1.0, 2.0], [0.0, 0.0]])) == Outcome(2.0, 0.0, 1.0)
    assert vanishes(np.array([1.0, -0.5, 0.5])) == Outcome(1.0, 0.0, 0.5)


@pytest.mark.parametrize("terms", [np.array([[1.0], [np.nan]]), np.zeros((7, 3))])
def test_vanishes_says_nothing_good_about_nan_or_about_no_terms(terms):
    with np.errstate(invalid="ignore"):
        assert np.isnan(vanishes(terms).error)


@pytest.mark.parametrize(("truths", "want"), [
    (True, (1, 1, 0)), (False, (0, 1, 1)), ([True, False, False], (1, 3, 2)), (np.ones((7, 3), bool), (21, 21, 0)),
    (np.array(True), (1, 1, 0)), (np.array([1.0, np.nan]) <= 1, (1, 2, 1))])
def test_holds_counts_the_cases(truths, want):
    assert holds(truths)[:3] == want


def test_order_is_the_slope():
    steps = 2.0 ** -np.arange(2, 8)
    for expected in (1, 2, 6):
        found = order(steps, 3 * steps**expected, expected)
        assert found.measured == pytest.approx(expected, rel=1e-12, abs=0)  # round-off of a fit to six points
        assert (found.expected, found.error) == (expected, abs(found.measured - expected))
    assert order(steps, 3 * steps, 2).error == pytest.approx(1, rel=1e-12, abs=0)


@pytest.mark.parametrize("errors", [np.zeros(6), np.array([1, 0.5, np.nan, 0.1, 0.1, 0.1]), -np.ones(6)])
def test_errors_that_have_no_logarithm_have_no_order(errors):
    def subject():
        return order(2.0 ** -np.arange(6), errors, 2).error

    assert run(entry(called, subject)).status == FAIL


@pytest.mark.parametrize(("got", "want"), [
    (np.array([1 + 1j]), np.array([1 - 5j])), (np.array([1 + 1j]), np.ones(1)), (np.ones(1), np.array([1 + 1j])),
    (1j, 1j), (np.ones(3, complex), np.ones(3)), ((np.ones(3), np.array(1j)), (np.ones(3), np.array(1.0)))])
def test_gap_refuses_complex_numbers_rather_than_drop_imaginary_parts(got, want):
    with pytest.raises(ValueError, match=r"^gap: got complex numbers, wanted real ones$"):
        gap(got, want)


@pytest.mark.parametrize(("got", "want"), [
    ((7, 1), (7,)), ((6, 3), (3, 6)), ((), (1,)), ((1,), ()), ((6,), (6, 1)), ((18,), (6, 3))])
def test_gap_refuses_other_shapes(got, want):
    for put in (lambda x: x, lambda x: (np.ones(3), x)):  # alone, and deeper in a tree
        with pytest.raises(ValueError, match=r"^the two routes: got shapes .* wanted equal ones$"):
            gap(put(np.ones(got)), put(np.ones(want)))


@pytest.mark.parametrize(("got", "want"), [
    (np.ones(2), (np.ones(1), np.ones(1))), ((np.ones(2),), np.ones(2)),
    ((np.ones(3), np.ones(2)), (np.ones(2), np.ones(3))), (Dense(np.ones((6, 3)), np.ones(3)), (np.ones((6, 3)),))])
def test_gap_refuses_other_trees_with_as_many_numbers(got, want):
    with pytest.raises(ValueError, match=r"^(trees differ|the two routes): got "):
        gap(got, want)


@pytest.mark.parametrize("truths", [
    1, 0.0, [1, 1, 0], np.ones(7), np.zeros(7), np.array([True, None]), "True", ["True"], None, 1j])
def test_holds_takes_truth_values_alone(truths):
    with pytest.raises(ValueError, match=r"^holds: got \d+ values of type .*, wanted truth values$"):
        holds(truths)


@pytest.mark.parametrize("truths", [[], np.zeros(0, bool), np.zeros((7, 0), bool)])
def test_holds_takes_at_least_one_case(truths):
    with pytest.raises(ValueError, match=r"^holds: got 0 values of type "):
        holds(truths)


@pytest.mark.parametrize("outcome", [lambda: holds([]), lambda: gap((), ()), lambda: gap(np.zeros(0), np.zeros(0))])
def test_nothing_is_no_evidence(outcome):
    assert run(entry(called, lambda: outcome().error)).status == FAIL


# Statistics


def test_the_bound_of_a_z_score_has_a_false_alarm_rate_of_1e_9():
    # The two-sided quantile, rounded up to two decimals: 6.1095 -> 6.11.
    assert BOUNDS["montecarlo"] - 0.01 < stats.norm.isf(5e-10) <= BOUNDS["montecarlo"]


def test_the_power_that_is_stated_is_the_power():
    # 4.75 is 4.7534 without its last digits, which changes 1e-6 by less than 2 %.
    assert stats.norm.sf(4.75) == pytest.approx(1e-6, rel=0.02, abs=0)
    sample = np.random.default_rng(0).standard_normal(1000)
    least = (6.11 + 4.75) * sample.std(ddof=1) / np.sqrt(1000)
    assert f"discrepancy of {least:.2g} with probability 1 - 1e-6" in z_score(sample, 0.0).note


def test_z_score_on_known_numbers():
    found = z_score(np.array([1.0, 2.0, 3.0, 4.0]), 2.0)
    assert found[:2] == (2.5, 2.0)
    # variance 5/3 with n - 1, so the standard error is sqrt(5/12)
    assert found.error == pytest.approx(0.5 / np.sqrt(5 / 12), rel=1e-15, abs=0)


def test_z_score_of_nan_fails():
    assert run(entry(called, lambda: z_score(np.array([1.0, np.nan]), 1.0).error, kind="montecarlo")).status == FAIL


def test_a_wrong_version_without_chance_is_rejected():
    found = run(entry(called, lambda: 0.0, wrong={"no noise": lambda: z_score(np.ones(7), 2.0).error}))
    assert found.controls[0].rejected


def samples():
    """2000 samples of 1000 normal numbers with mean 3 and standard deviation 5."""
    return 3 + 5 * np.random.default_rng(1).standard_normal((2000, 1000))


def test_z_scores_are_those_of_a_normal_law():
    errors = np.array([z_score(sample, 3.0).error for sample in samples()])
    # The seed is fixed; the bound is the rate at which a seed would have to be called unlucky.
    assert stats.kstest(errors, stats.halfnorm.cdf).pvalue > 1e-9
    assert stats.kstest(errors * np.sqrt(1000 / 999) * 1.2, stats.halfnorm.cdf).pvalue < 1e-9


def test_the_discrepancy_that_is_stated_is_detected():
    least = (6.11 + 4.75) * 5 / np.sqrt(1000) * 1.2  # a fifth more: the standard error of a sample varies by 2 %
    assert min(z_score(sample, 3.0 + least).error for sample in samples()) > BOUNDS["montecarlo"]


# Verdicts


def claim(number, *uses, is_claim=True):
    return Statement(number, "book", f"Title of {number}", is_claim, (), (), uses, "5716 (41)", "", 1)


FOUND = Outcome(1.0, 1.0, 0.0, "note")


def result(eq, kind="identity", status=PASS, outcome=FOUND):
    controls = (Control("a", True, outcome), Control("b", status != BLIND, outcome))
    return Result(eq, kind, "check", "What it does.", outcome, 1e-12, controls, status, 0.123456)


def stands(eq):
    """Two kinds of evidence that pass."""
    return [result(eq, "adjoint"), result(eq, "law")]


@pytest.fixture
def book(monkeypatch):
    """A definition [9.1], and claims in a chain: (9.2) uses [9.1], (9.3) uses (9.2), (9.4) uses (9.3) and (9.2)."""
    chain = (claim("9.1", is_claim=False), claim("9.2", "9.1"), claim("9.3", "9.2"), claim("9.4", "9.3", "9.2"))
    known = {each.number: each for each in chain}
    monkeypatch.setattr(verdict, "find", lambda number, book=OURS: known[number if book == OURS else ""])
    monkeypatch.setattr(verdict, "statements", lambda book: known if book == OURS else {})
    return known


@pytest.mark.parametrize(("own", "closed"), [
    ([("adjoint", PASS), ("identity", PASS)], True),
    ([("identity", PASS), ("law", PASS)], True),
    ([("adjoint", PASS), ("identity", PASS), ("adjoint", PASS)], True),
    ([("identity", PASS)], False),
    ([("adjoint", PASS), ("adjoint", PASS)], False),
    ([("law", PASS), ("law", PASS)], False),
    ([("adjoint", FAIL), ("identity", PASS)], False),
    ([("adjoint", PASS), ("identity", BLIND)], False),
    ([("adjoint", PASS), ("identity", PASS), ("rate", INCONCLUSIVE)], False),
    ([], None)])
@pytest.mark.usefixtures("book")
def test_a_claim_is_closed_by_two_kinds_that_pass(own, closed):
    assert verdict.is_closed("9.2", [result("9.2", *pair) for pair in own]) is closed


@pytest.mark.usefixtures("book")
def test_closed_goes_through_all_that_is_used():
    results = [*stands("9.2"), *stands("9.3"), *stands("9.4")]
    assert [verdict.is_closed(number, results) for number in ("9.1", "9.2", "9.3", "9.4")] == [True] * 4
    broken = [result("9.2", "law", FAIL), *results]
    assert [verdict.is_closed(number, broken) for number in ("9.1", "9.2", "9.3", "9.4")] == [True] + [False] * 3


@pytest.mark.usefixtures("book")
def test_closed_is_unknown_where_a_used_claim_was_not_run():
    assert verdict.is_closed("9.4", [*stands("9.3"), *stands("9.4")]) is None
    assert verdict.is_closed("9.3", stands("9.3")) is None
    assert verdict.is_closed("9.4", stands("9.4")) is None


@pytest.mark.usefixtures("book")
def test_open_outweighs_unknown():
    assert verdict.is_closed("9.4", [result("9.3", status=FAIL), *stands("9.4")]) is False
    assert verdict.is_closed("9.3", [result("9.3", status=FAIL)]) is False


def test_a_definition_counts_as_closed_unless_it_uses_what_is_open(book):
    assert verdict.is_closed("9.1", []) is True
    book["9.5"] = claim("9.5", "9.2", is_claim=False)
    assert verdict.is_closed("9.5", stands("9.2")) is True
    assert verdict.is_closed("9.5", [result("9.2", "law", FAIL)]) is False
    assert verdict.is_closed("9.5", []) is None


def test_records_say_what_was_found(book):
    found, _ = verdict.records(stands("9.2"), [book["9.2"]])
    assert found == {
        "eq": "9.2", "chapter": "book", "statement": "Title of 9.2", "source": "5716 (41)", "kind": "adjoint",
        "check": "check", "measured": 1.0, "expected": 1.0, "error": 0.0, "bound": 1e-12,
        "control": {"tried": 2, "rejected": 2}, "proof": None,
        "status": PASS, "closed": True, "seconds": 0.1235, "note": "note"}


def test_a_claim_without_evidence_is_unchecked(book):
    *_, last = found = verdict.records(stands("9.2"), [book["9.2"], book["9.3"]])
    assert [record["status"] for record in found] == [PASS, PASS, UNCHECKED]
    assert last == {
        "eq": "9.3", "chapter": "book", "statement": "Title of 9.3", "source": "5716 (41)", "kind": "", "check": "",
        "measured": None, "expected": None, "error": None, "bound": None, "control": {"tried": 0, "rejected": 0},
        "proof": None, "status": UNCHECKED, "closed": False, "seconds": 0.0, "note": ""}
    assert list(last) == list(found[0])


def test_records_follow_the_claims(book):
    results = [*stands("9.4"), *stands("9.2"), *stands("9.3")]
    found = verdict.records(results, [book["9.2"], book["9.4"]])
    assert [record["eq"] for record in found] == ["9.2", "9.2", "9.4", "9.4"]
    assert [record["closed"] for record in found] == [True] * 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_records_hold_no_number_that_json_lacks(book, bad):
    [found] = verdict.records([result("9.2", status=FAIL, outcome=Outcome(bad, bad, bad))], [book["9.2"]])
    assert (found["measured"], found["expected"], found["error"]) == (None, None, None)


def test_records_count_the_wrong_versions_that_were_rejected(book):
    [found] = verdict.records([result("9.2", status=BLIND)], [book["9.2"]])
    assert found["control"] == {"tried": 2, "rejected": 1}


def test_records_name_the_wrong_versions_that_pass(book):
    blind = result("9.2", status=BLIND)
    notes = [verdict.records([replace(blind, controls=controls)], [book["9.2"]])[0]["note"]
             for controls in (blind.controls, ())]
    assert notes == ["these wrong versions pass too: b", "these wrong versions pass too: none was tried"]


def test_records_say_what_was_proved(book):
    proofs = (Proof(PROVED, 1e-20, 3, ("a.py:1: both sides",)), Proof(NOT_RUN, note="no"))
    found = verdict.records([replace(result("9.2"), proof=proof) for proof in proofs], [book["9.2"]])
    assert [each["proof"] for each in found] == [
        {"kind": "exact", "error": 1e-20, "cells": 3, "branches": ["a.py:1: both sides"]}, {"kind": "no", "why": "no"}]


def test_what_is_used_at_any_depth(book):
    book["9.5"] = claim("9.5", "9.3", "refvae:9.2")
    book["refvae:9.2"] = claim("refvae:9.2", "refvae:9.4", "9.3")
    book["refvae:9.4"] = claim("refvae:9.4", "refvae:9.2", "refvae:9.1")
    book["refvae:9.1"] = claim("refvae:9.1", is_claim=False)
    numbers = lambda found: [one.number for one in found]
    assert numbers(verdict.with_uses([book["9.5"]])) == ["9.2", "9.3", "9.5"]
    assert numbers(verdict.with_uses([book["9.3"], book["9.2"]])) == ["9.2", "9.3"]
    assert verdict.with_uses([]) == []
    book |= {"9.6": claim("9.6", "9.7"), "9.7": claim("9.7", "9.6")}
    assert numbers(verdict.with_uses([book["9.6"]])) == ["9.6", "9.7"]
    first, second = replace(book["refvae:9.4"], line=1), replace(book["refvae:9.2"], line=2)
    book |= {"refvae:9.4": first, "refvae:9.2": second}
    assert verdict.borrowed([book["9.5"], book["9.4"]]) == [first, second]
    book |= {"refvae:9.2": replace(second, chapter="a")}
    assert numbers(verdict.borrowed([book["9.5"]])) == ["refvae:9.2", "refvae:9.4"]
    assert verdict.borrowed([book["9.4"]]) == []


# Weak evidence: each of these would be passed by a weaker ledger


def test_the_bounds_that_need_not_be_stated():
    assert BOUNDS == {"adjoint": 1e-12, "identity": 1e-12, "law": 1e-12, "montecarlo": 6.11}


def test_blocks_that_pass_do_not_hide_an_adjoint_test_that_fails():
    first = []

    def fickle(x):
        y, pull = tanh(x)

        def turned(dy):
            first.append(dy) if not first else None
            return pull(dy) if np.array_equal(dy, first[0]) else -pull(dy)

        return y, turned

    found = gradient_of(fickle, wrong={"halved": spoiled(tanh, lambda dx: dx / 2)})
    assert (found.status, found.outcome.error) == (FAIL, np.inf)


def test_a_wrong_version_that_settles_nothing_is_not_rejected():
    def either(subject, rng):
        return Outcome(subject, 0.0, subject, conclusive=subject == 0)

    assert run(entry(either, wrong={"a": 1.0})).status == BLIND
