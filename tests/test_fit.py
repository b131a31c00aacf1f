"""The training loop: what it does with data, random numbers and parameters, and what it refuses."""

import io
import itertools
import re
import sys

import numpy as np
import pytest

from refvae import trees
from refvae.fit import batches, fit, value_and_gradient
from refvae.layers import Dense, dense, mlp, mlp_init, squared_error
from refvae.optim import SGD, Adam, Momentum

N, D = 7, 3


def data(dtype=float):
    """Seven rows of three, none of them zero."""
    return np.random.default_rng(11).standard_normal((N, D)).astype(dtype) + 2


def distance_to(p, x):
    """The mean of |x - p|^2 over the batch."""
    se, pull = squared_error(np.broadcast_to(p, x.shape), x)
    return se.mean(), lambda dloss: (pull(np.full_like(se, dloss / len(x)))[0].sum(0), None)


def blurred(p, x, eps):
    """The same, with noise added to the data."""
    loss, pull = distance_to(p, x + eps)
    return loss, lambda dloss: (*pull(dloss), None)


def with_noise(rng, x):
    """The arguments of `blurred`."""
    return x, 0.1 * rng.standard_normal(x.shape)


def run(objective=distance_to, p=None, rows=None, **options):
    """`fit` on the data above, three epochs with batches of 3, 3 and 1, unless told otherwise."""
    settings = {"epochs": 3, "batch": 3, "rng": 5, **options}
    return fit(objective, np.zeros(D) if p is None else p, data() if rows is None else rows, **settings)


def same(a, b):
    """Bit for bit."""
    parts = zip(trees.leaves(tuple(a)), trees.leaves(tuple(b)), strict=True)
    return all(u.dtype == v.dtype and np.array_equal(u, v) for u, v in parts)


# Determinism


@pytest.mark.parametrize("optimiser", [SGD(), Momentum(), Adam()])
def test_it_repeats_bit_for_bit(optimiser):
    first, again = (run(blurred, draw=with_noise, optimiser=optimiser) for _ in range(2))
    assert same(first, again)


def test_an_integer_is_the_seed_of_a_generator():
    assert same(run(rng=5), run(rng=np.random.default_rng(5)))
    assert same(run(rng=5), run(rng=np.int64(5)))


def test_other_seeds_give_other_results():
    assert not same(run(rng=5), run(rng=6))


def test_a_generator_goes_on_where_it_was():
    rng = np.random.default_rng(5)
    assert not same(run(rng=rng), run(rng=rng))


def test_the_global_generator_is_not_touched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    run(blurred, draw=with_noise)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_default_optimiser_keeps_no_memory_of_earlier_runs():
    assert same(run(), run())
    assert same(run(), run(optimiser=Adam()))


# Parameters


def test_parameters_and_data_are_not_changed():
    p, rows = (Dense(np.ones((D, 2)), np.ones(2)),), data()
    p[0].W.flags.writeable = p[0].b.flags.writeable = rows.flags.writeable = False
    found = run(lambda p, x: half_square(mlp(p, x)), p, rows).p
    assert np.all(p[0].W == 1)
    assert np.all(p[0].b == 1)
    assert not any(np.shares_memory(a, b) for a in trees.leaves(p) for b in trees.leaves(found))


def half_square(layer):
    """From (y, pull) of a model to the objective sum(y^2) / 2."""
    y, pull = layer
    return 0.5 * (y * y).sum(), lambda dloss: pull(dloss * y)


def test_a_tree_comes_back_as_a_tree():
    p = mlp_init((D, 6, 2), 0)
    found = run(lambda p, x: half_square(mlp(p, x)), p)
    assert isinstance(found.p[1], Dense)
    assert [leaf.shape for leaf in trees.leaves(found.p)] == [leaf.shape for leaf in trees.leaves(p)]
    assert found.history.shape == (3,)


def test_one_array_is_a_tree():
    found = run(epochs=200, batch=N, optimiser=SGD(0.25))
    # p - mean is halved in every epoch, so after 200 of them only round-off is left.
    assert np.allclose(found.p, data().mean(0), rtol=1e-14, atol=0)


def test_parameters_alone_may_be_the_only_argument():
    found = run(lambda p: (p @ p, lambda dloss: 2 * dloss * p), np.ones(D), draw=lambda rng, x: (), epochs=1, batch=N,
                optimiser=SGD(0.25))
    assert np.array_equal(found.p, np.full(D, 0.5))


def test_float32_stays_float32():
    found = run(p=np.zeros(D, np.float32), rows=data(np.float32))
    assert found.p.dtype == np.float32
    # Nine steps, each with a few roundings of 6e-8 relative to numbers of order one.
    assert np.allclose(found.p, run().p, rtol=1e-6, atol=0)


def test_it_is_the_loop_that_one_would_write_by_hand():
    x, rng = data(), np.random.default_rng(5)
    W, b = mlp_init((D, D), 1)[0]
    p = Dense(W.copy(), b.copy())
    for _ in range(3):
        order = rng.permutation(N)
        for rows in (order[:3], order[3:6], order[6:]):
            eps = 0.1 * rng.standard_normal((len(rows), D))
            residual = (x[rows] + eps) @ W + b - x[rows]
            W = W - 0.01 * 2 * (x[rows] + eps).T @ residual / len(rows)
            b = b - 0.01 * 2 * residual.sum(0) / len(rows)
    # The same sums in another order of multiplication: round-off of nine steps.
    found = run(denoise, p, draw=with_noise, optimiser=SGD(0.01)).p
    assert np.allclose(found.W, W, rtol=1e-13, atol=1e-15)
    assert np.allclose(found.b, b, rtol=1e-13, atol=1e-15)


def denoise(p, x, eps):
    """Mean squared error of an affine map from the blurred data to the data."""
    xhat, pull_dense = dense(p, x + eps)
    se, pull_se = squared_error(xhat, x)
    return se.mean(), lambda dloss: (*pull_dense(pull_se(np.full(len(x), dloss / len(x)))[0]), None)


# Batches and random draws


def test_batches_partition_the_rows_in_every_epoch():
    seen = []
    run(lambda p, x: (0.0, lambda dloss: (0 * p, None)), rows=np.arange(N), draw=lambda rng, x: seen.append(x) or (x,))
    assert [len(batch) for batch in seen] == [3, 3, 1] * 3
    epochs = [np.concatenate(seen[i:i + 3]) for i in (0, 3, 6)]
    assert all(np.array_equal(np.sort(epoch), np.arange(N)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


@pytest.mark.parametrize(("size", "lengths"), [(1, [1] * 7), (3, [3, 3, 1]), (6, [6, 1]), (7, [7])])
def test_pieces_of_a_random_order(size, lengths):
    pieces = list(batches(N, size, np.random.default_rng(0)))
    assert [len(piece) for piece in pieces] == lengths
    assert sorted(np.concatenate(pieces)) == list(range(N))


def test_draw_gets_the_generator_and_the_batch():
    rng, rows, calls = np.random.default_rng(5), data(), []
    run(rows=rows, rng=rng, draw=lambda *arguments: calls.append(arguments) or (arguments[1],))
    assert len(calls) == 9
    assert all(given is rng and batch.shape[1:] == (D,) for given, batch in calls)
    assert all(any(np.array_equal(row, known) for known in rows) for _, batch in calls for row in batch)


def test_noise_is_fresh_in_every_step():
    seen = []
    run(lambda p, x, eps: seen.append(eps) or blurred(p, x, eps), draw=with_noise)
    assert len(np.unique(np.concatenate([eps.ravel() for eps in seen]))) == 3 * N * D


def test_noise_reaches_the_objective():
    assert not same(run(blurred, draw=with_noise), run(blurred, draw=lambda rng, x: (x, 0 * x)))


# History


def test_history_is_the_mean_loss_over_the_rows():
    standing = run(optimiser=SGD(1e-300))  # without steps every epoch sees the same losses
    want = (data() ** 2).sum(1).mean()
    assert np.allclose(standing.history, want, rtol=1e-14, atol=0)


def test_the_smaller_last_batch_weighs_less():
    losses = []
    history = run(recorded(losses), epochs=1).history
    assert history[0] == pytest.approx((3 * losses[0] + 3 * losses[1] + losses[2]) / 7, rel=1e-15, abs=0)
    assert history[0] != pytest.approx(np.mean(losses), rel=1e-3, abs=0)


def recorded(losses):
    """The objective above, which also writes its losses into a list."""
    def objective(p, x):
        loss, pull = distance_to(p, x)
        losses.append(loss)
        return loss, pull

    return objective


def test_history_has_the_losses_before_the_steps():
    losses = []
    assert np.array_equal(run(recorded(losses), batch=N).history, losses)


def test_value_and_gradient():
    loss, gradient = value_and_gradient(distance_to, np.zeros(D), data())
    assert type(loss) is float
    assert np.allclose(gradient, -2 * data().mean(0), rtol=1e-14, atol=0)


# A number of steps


@pytest.mark.parametrize(("steps", "lengths"), [
    (1, [3]), (3, [3, 3, 1]), (4, [3, 3, 1, 3]), (8, [3, 3, 1, 3, 3, 1, 3, 3])])
def test_steps_may_end_inside_an_epoch(steps, lengths):
    seen = []
    found = run(epochs=None, steps=steps, draw=lambda rng, x: seen.append(len(x)) or (x,))
    assert seen == lengths
    assert len(found.history) == -(-steps // 3)


def test_whole_epochs_in_steps_are_epochs():
    options = {"objective": blurred, "draw": with_noise}
    assert same(run(**options, epochs=None, steps=9), run(**options))
    assert np.array_equal(run(**options, epochs=None, steps=8).history[:2], run(**options).history[:2])


def test_a_partial_epoch_enters_the_history_with_the_mean_over_its_rows():
    losses = []
    history = run(recorded(losses), epochs=None, steps=5).history
    assert history[1] == pytest.approx(np.mean(losses[3:]), rel=1e-15, abs=0)
    assert len(losses) == 5


# Saved states


def states(steps=None, optimiser=SGD(0.1), **options):  # noqa: B008
    """What `save` gets from the noisy run."""
    kept = []
    run(blurred, draw=with_noise, save=kept.append, optimiser=optimiser,
        **{"epochs": None, "steps": steps} if steps else {}, **options)
    return kept


@pytest.mark.parametrize(("steps", "want"), [
    (None, [0, 3, 6, 9]), (9, [0, 3, 6, 9]), (8, [0, 3, 6]), (2, [0]), (3, [0, 3])])
def test_a_state_is_saved_before_the_first_epoch_and_after_every_whole_one(steps, want):
    kept = states(steps)
    assert [state.step for state in kept] == want
    assert [len(state.history) for state in kept] == [step // 3 for step in want]


def test_saving_changes_nothing_and_states_are_copies():
    kept = []
    saved = run(blurred, draw=with_noise, save=kept.append)
    assert same(saved, run(blurred, draw=with_noise))
    assert np.all(kept[0].p == 0)
    assert np.array_equal(kept[-1].p, saved.p)
    arrays = [leaf for state in kept for leaf in trees.leaves((state.p, state.memory, state.history))] + [saved.p]
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))


@pytest.mark.parametrize("optimiser", [SGD(0.1), Momentum(), Adam(0.1)])
@pytest.mark.parametrize("steps", [9, 11])
@pytest.mark.parametrize("planned", [5, 7, 9])
def test_a_resumed_run_is_the_run_bit_for_bit(optimiser, steps, planned):
    options = {"objective": blurred, "draw": with_noise, "optimiser": optimiser, "epochs": None}
    whole = run(**options, steps=steps)
    for state in states(planned, optimiser):
        assert same(run(**options, steps=steps, state=state, rng=99), whole)


def test_a_resumed_run_saves_what_the_run_saves():
    kept, again = states(), []
    run(blurred, draw=with_noise, save=again.append, optimiser=SGD(0.1), state=kept[1])
    assert [state.generator for state in again] == [state.generator for state in kept[1:]]
    assert all(same(a[:2], b[:2]) for a, b in zip(again, kept[1:], strict=True))


def test_a_state_is_not_changed_by_going_on_from_it():
    state = states(optimiser=Adam())[1]
    before = [leaf.copy() for leaf in trees.leaves((state.p, state.memory, state.history))]
    run(blurred, draw=with_noise, state=state)
    assert same(trees.leaves((state.p, state.memory, state.history)), before)


def test_a_run_that_has_ended_takes_no_step():
    state = states()[-1]
    found = run(never, draw=never, state=state, optimiser=SGD(0.1))
    assert np.array_equal(found.p, state.p)
    assert np.array_equal(found.history, state.history)


def test_what_is_interrupted_has_saved_its_last_epoch():
    kept, count = [], itertools.count()

    def interrupted(p, x, eps):
        if next(count) == 7:
            raise KeyboardInterrupt
        return blurred(p, x, eps)

    options = {"draw": with_noise, "optimiser": Adam(0.1)}
    with pytest.raises(KeyboardInterrupt):
        run(interrupted, save=kept.append, **options)
    assert kept[-1].step == 6
    assert same(run(blurred, state=kept[-1], **options), run(blurred, **options))


# Refusals


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"epochs": None}, TypeError, "epochs, steps: got none, wanted one of the two"),
    ({"steps": 3}, TypeError, "epochs, steps: got both, wanted one of the two"),
    ({"epochs": None, "steps": 0}, ValueError, "steps: got 0, wanted steps >= 1"),
    ({"epochs": None, "steps": 2.0}, TypeError, "steps: got float, wanted an int"),
    ({"epochs": 1}, ValueError, "state.step: got 6, wanted at most the 3 steps of the run"),
    ({"batch": 2}, ValueError, "state.step: got 6 after 2 epochs, wanted 4 steps in each: the data or the batch are "),
    ({"p": np.zeros(4)}, ValueError, r"state.p: got \(3,\) float64, wanted \(4,\) float64"),
    ({"p": np.zeros(D, np.float32)}, ValueError, r"state.p: got \(3,\) float64, wanted \(3,\) float32"),
    ({"optimiser": Momentum()}, ValueError, r"state.memory: got nothing, wanted \(3,\) float64"),
    ({"optimiser": Adam()}, ValueError, r"state.memory: got nothing, wanted m \(3,\) float64, v \(3,\) float64, t "),
    ({"rng": np.random.Generator(np.random.MT19937(5))}, ValueError, "state.generator: got PCG64, wanted MT19937"),
])
def test_a_state_of_another_run_is_refused_before_any_work(options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        run(never, draw=never, save=never, **{"state": states()[2], "optimiser": SGD(0.1), **options})


def test_a_refused_state_leaves_the_generator_alone():
    rng = np.random.default_rng(9)
    before = rng.bit_generator.state
    with pytest.raises(ValueError, match=r"state\.p"):
        run(rng=rng, p=np.zeros(4), state=states()[1])
    assert rng.bit_generator.state == before


def never(*_):
    raise AssertionError("work was done")


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"epochs": 0}, ValueError, "epochs: got 0"), ({"epochs": -1}, ValueError, "epochs: got -1"),
    ({"epochs": 2.0}, TypeError, "epochs: got float"), ({"epochs": True}, TypeError, "epochs: got bool"),
    ({"batch": 0}, ValueError, "batch: got 0"), ({"batch": N + 1}, ValueError, "batch: got 8, wanted 1 <= batch <= 7"),
    ({"batch": "3"}, TypeError, "batch: got str"), ({"batch": None}, TypeError, "batch: got NoneType"),
    ({"rng": -1}, ValueError, "rng: got -1"), ({"rng": None}, TypeError, "rng: got NoneType"),
    ({"rng": 0.5}, TypeError, "rng: got float"), ({"rng": np.random}, TypeError, "rng: got module"),
    ({"p": (np.zeros(D), np.zeros(D, np.float32))}, ValueError, "tree: got dtypes"),
])
def test_bad_input_is_refused_before_any_work(options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        run(never, draw=never, **options)


def test_a_refusal_leaves_the_generator_alone():
    rng = np.random.default_rng(5)
    before = rng.bit_generator.state
    with pytest.raises(ValueError, match="batch"):
        run(batch=8, rng=rng)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("p", [
    np.zeros(D, int), np.zeros(D, bool), np.zeros(D, complex), (np.zeros(D), np.zeros(2, int)), {"p": np.zeros(D)},
    np.zeros(D, object), np.zeros(D, np.float16)],
    ids=["int", "bool", "complex", "one int among floats", "dict", "object", "float16"])
def test_parameters_that_are_no_floats_are_refused(p):
    with pytest.raises(TypeError, match=r"^p: got leaves of .*, wanted float64 or float32$"):
        run(never, p, draw=never)


@pytest.mark.parametrize(("rows", "got"), [
    (data().tolist(), f"list of shape (7, {D})"), (tuple(data()), f"tuple of shape (7, {D})"),
    ([], "list of shape (0,)"), (np.zeros((0, D)), f"ndarray of shape (0, {D})"),
    (np.zeros(0), "ndarray of shape (0,)"),
    (np.zeros(()), "ndarray of shape ()")])
def test_data_are_an_array_with_rows(rows, got):
    with pytest.raises(ValueError, match=f"^data: got {re.escape(got)}, wanted an array with rows$"):
        run(never, rows=rows, draw=never, batch=1)


def given(cotangents):
    """An objective of loss 1 whose pull gives these cotangents."""
    return lambda *_: (1.0, lambda dloss: cotangents)


G = np.ones(D)


@pytest.mark.parametrize(("cotangents", "drawn", "got"), [
    (G, 1, 1), ([G, None], 1, 1), ((G,), 1, 1), ((G, None, None), 1, 3), ((), 1, 0), (None, 1, 1),
    ((G, None), 2, 2), ((G, None, None, None), 2, 4), (G, 2, 1)])
def test_the_pull_gives_one_cotangent_per_argument(cotangents, drawn, got):
    p, draw = np.zeros(D), lambda rng, x: (x,) * drawn
    message = f"^pull: got {got} cotangents, wanted one for each of {1 + drawn} arguments$"
    with pytest.raises(ValueError, match=message):
        run(given(cotangents), p, draw=draw)
    with pytest.raises(ValueError, match=message):
        value_and_gradient(given(cotangents), p, *draw(None, data()))
    assert np.all(p == 0)


def test_the_number_of_cotangents_that_is_wanted_is_accepted():
    for drawn in (1, 2, 3):
        run(given((G, *[None] * drawn)), draw=lambda rng, x, drawn=drawn: (x,) * drawn)


@pytest.mark.parametrize("gradient", [
    np.ones((D, 1)), np.ones((1, D)), np.ones(1), np.float64(1), np.ones(D + 1), None, (G,), (G, G)],
    ids=["column", "row", "one", "number", "longer", "none", "tuple", "pair"])
def test_a_gradient_is_shaped_like_the_parameters(gradient):
    p = np.zeros(D)
    with pytest.raises(ValueError, match=r"^(p and its gradient: got shapes \(3,\) and |trees differ: got an array, )"):
        run(given((gradient, None)), p)
    assert np.all(p == 0)


@pytest.mark.parametrize("gradient", [
    Dense(np.ones(2), np.ones((D, 2))), Dense(np.ones((2, D)), np.ones(2)), (np.ones((D, 2)),), np.ones(D * 2 + 2)],
    ids=["swapped", "transposed", "too few", "flat"])
def test_a_gradient_is_a_tree_like_the_parameters(gradient):
    with pytest.raises(ValueError, match=r"^(p and its gradient: got shapes |trees differ: got 2 parts, )"):
        run(given((gradient, None)), Dense(np.zeros((D, 2)), np.zeros(2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_parameters_that_are_not_finite_in_the_end_are_named(bad):
    count, p = itertools.count(), np.zeros(D)

    def objective(p, x):
        """Every loss is finite, and so are all gradients but an entry of the last."""
        gradient = np.array([0, bad, 0]) if next(count) == 8 else np.zeros(D)
        return 1.0, lambda dloss: (gradient, None)

    with pytest.raises(FloatingPointError, match=r"^p: got NaN or infinite parameters after 3 epochs, wanted finite"):
        run(objective, p, optimiser=SGD(0.1))
    assert next(count) == 9
    assert np.all(p == 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_is_named(bad):
    count, p = itertools.count(), np.zeros(D)
    with pytest.raises(FloatingPointError, match=rf"^loss: got {bad} in epoch 1, step 2\b"):
        run(lambda p, x: (bad if next(count) == 5 else 1.0, lambda dloss: (np.ones(D), None)), p)
    assert next(count) == 6
    assert np.all(p == 0)


def test_what_an_objective_raises_comes_through():
    with pytest.raises(AssertionError, match="work was done"):
        run(never)


# Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_progress_shows_the_loss(capsys):
    loss = run(progress=True).history[-1]
    out, err = capsys.readouterr()
    assert out == ""
    assert "9/9" in err  # steps
    assert f"loss {loss:.6g} nats]" in err


def test_the_unit_of_the_loss_is_shown(capsys):
    run(progress=True, unit="pixels")
    assert " pixels]" in capsys.readouterr().err


def test_a_resumed_bar_starts_where_the_run_stands(capsys):
    run(progress=True, state=states()[2], optimiser=SGD(0.1))
    err = capsys.readouterr().err
    assert "| 6/9 [" in err
    assert "| 0/9 [" not in err


@pytest.mark.parametrize("progress", [None, False])
def test_there_is_no_bar_where_nobody_looks(progress, capsys):
    run(progress=progress)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("progress", "shown"), [(None, True), (False, False), (True, True)])
def test_a_terminal_gets_a_bar_unless_told_otherwise(progress, shown, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    run(progress=progress)
    assert ("loss" in sys.stderr.getvalue()) is shown


def test_the_bar_changes_nothing(capsys):
    assert same(run(progress=True), run(progress=False))


def test_parameters_are_renewed_before_every_epoch_but_the_first_in_one_part_or_in_two():
    seen = []

    def renew(p, rng):
        seen.append(p.copy())
        return p + rng.standard_normal(D)

    states = []
    whole = run(renew=renew, epochs=3, save=states.append)
    assert len(seen) == 2
    assert all(np.array_equal(state.p, p) for state, p in zip(states[1:], seen, strict=False))
    for state in states[:-1]:
        assert same(run(renew=renew, epochs=3, state=state), whole)


@pytest.mark.parametrize("generator", [None, "PCG64", 3, [], {}, {"bit_generator": "MT19937"}])
def test_a_state_of_another_generator_is_refused(generator):
    p, states = np.zeros(2), []
    objective = lambda p, x: ((p * p).sum(), lambda d: (2 * d * p, None))
    fit(objective, p, np.ones((4, 2)), batch=2, rng=0, epochs=1, save=states.append, progress=False)
    with pytest.raises(ValueError, match=r"^state\.generator: got .*, wanted PCG64$"):
        fit(objective, p, np.ones((4, 2)), batch=2, rng=0, epochs=2, state=states[-1]._replace(generator=generator),
            progress=False)
