"""Every public callable, with every argument spoilt: the right result, or one error of one line; never a warning."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from public import ALLOWED, CALLS, ELSEWHERE, LINES_THAT_TAKE_ANY, Call, public
from spoil import Spoilt, at, complaint, places, put, run, spoilt
from test_layers_contract import TABLE

from refvae.check.problem import argument_names

# of layers: what is complex, not finite or very large is computed with, and NumPy's own errors may come
OF_LAYERS = ("complex", "NaN", "inf", "-inf", "-1")
ODD = {("log_mean_exp", "one axis before")}  # a mean over one weight
UNUSED = {"path_weights": "p_frozen[1", "stl_surrogate": "p_frozen[1", "quantised_loss": "p[0",
          "aae_game": "p_frozen[0, 1"}


def cells(f: Callable[..., Any], good: Call) -> Iterator[tuple[str, Spoilt, Call]]:
    """Each argument, or part of one, with what stands in its place, and the call with it."""
    names = list(inspect.signature(f).parameters.values())
    given = [(names[i], i, value) for i, value in enumerate(good.args)]
    given += [(names[[each.name for each in names].index(key)], key, value) for key, value in good.settings.items()]
    for parameter, key, value in given:
        for path in places(value):
            for case in spoilt(parameter.name, at(value, path), nested=bool(path)):
                instead = put(value, path, case.value)
                if case.value is None and parameter.default is None:
                    continue
                args = tuple(instead if i == key else each for i, each in enumerate(good.args))
                settings = {name: instead if name == key else each for name, each in good.settings.items()}
                yield f"{parameter.name}{list(path) or ''}", case, Call(args, settings)


def test_every_public_function_is_in_the_table():
    layers = {name for name, f in public().items() if "Pull" in str(f.__annotations__.get("return", ""))}
    named = {name for name, f in public().items() if f in CALLS}
    rest = set(public()) - layers - named - set(ELSEWHERE)
    assert {name for name in rest if name.split(".")[0] not in ELSEWHERE} == set()
    assert {f for f in CALLS if inspect.isfunction(f)} <= set(public().values())


@pytest.mark.parametrize("f", CALLS, ids=lambda f: f"{f.__module__.removeprefix('refvae.')}.{f.__name__}")
def test_bad_input_gets_one_error_and_odd_input_the_right_result(f):
    good = run(f, *CALLS[f])
    assert good.error is None, good.error
    wrong = [f"{place}, {case.name}: {found}" for place, case, call in cells(f, CALLS[f])
             if (f, place.split("[")[0]) not in ALLOWED and not (f in LINES_THAT_TAKE_ANY and case.name in OF_LAYERS)
             and (found := complaint(case, run(f, *call), good.numbers))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("layer", "row"), TABLE.items(), ids=[f.__name__ for f in TABLE])
def test_a_layer_never_computes_with_what_is_no_array_of_numbers(layer, row):
    args, wrong = row.args(np.random.default_rng(0)), []
    good, unused = run(layer, args, {}), UNUSED.get(layer.__name__, "nothing")
    for i, (name, value) in enumerate(zip(argument_names(layer, len(args)), args, strict=True)):
        for path in places(value):
            place = f"{name}{list(path) or ''}"
            for case in spoilt(name, at(value, path), nested=bool(path)):
                instead = put(value, path, case.value)
                got = run(layer, tuple(instead if j == i else each for j, each in enumerate(args)), {})
                found = "" if got.error or case.name in OF_LAYERS else complaint(case, got, good.numbers)
                if found and not place.startswith(unused) and (layer.__name__, case.name) not in ODD:
                    wrong.append(f"{place}, {case.name}: {found}")
    assert not wrong, "\n".join(wrong)
