"""Random calls of every public callable with spoilt arguments: python benchmarks/fuzz.py [--calls 20000] [--seed 0].

Each call takes a good one of tests/public.py and spoils one to three of its arguments, or parts of them, in the ways of
tests/spoil.py. It has to end within the limit in numbers or in one error of one line, without a warning, and leave what
it was given as it was. Exit code 1 if a call does not.
"""

import argparse
import inspect
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from public import ALLOWED, CALLS, Call
from spoil import ANY, Spoilt, at, complaint, places, put, run, spoilt

LIMIT = 20  # seconds, for one call
EITHER = Spoilt("", None, ANY)


def spoil(f: Any, good: Call, rng: np.random.Generator) -> tuple[Call, list[str]]:
    """The call with up to three spoilt places, and what was done there."""
    args, settings, done = list(good.args), dict(good.settings), []
    names = list(inspect.signature(f).parameters)
    for _ in range(rng.integers(1, 4)):
        key = (list(range(len(args))) + list(settings))[rng.integers(len(args) + len(settings))]
        name = names[key] if isinstance(key, int) else key
        original = good.args[key] if isinstance(key, int) else good.settings[key]
        path = (choices := list(places(original)))[rng.integers(len(choices))]
        cases = list(spoilt(name, at(original, path), nested=bool(path)))
        if not cases or (f, name) in ALLOWED:
            continue
        case = cases[rng.integers(len(cases))]
        (args if isinstance(key, int) else settings)[key] = put(original, path, case.value)
        done.append(f"{name}{list(path) or ''}: {case.name}")
    return Call(tuple(args), settings), done


def late(signum: int, frame: FrameType | None) -> None:
    """A call takes too long."""
    raise RuntimeError(f"no end within {LIMIT} s")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rng, functions, outcomes = np.random.default_rng(chosen.seed), list(CALLS), Counter[str]()
    signal.signal(signal.SIGALRM, late)
    for _ in tqdm(range(chosen.calls), unit="call", disable=None):
        f = functions[rng.integers(len(functions))]
        call, done = spoil(f, CALLS[f], rng)
        signal.alarm(LIMIT)
        got = run(f, *call)
        signal.alarm(0)
        wrong = complaint(EITHER, got, np.zeros(0))
        outcomes["wrong" if wrong else "errors" if got.error else "results"] += 1
        if wrong:
            print(f"{f.__module__}.{f.__name__}({', '.join(done)}): {wrong}")
    print(f"{chosen.calls} calls, seed {chosen.seed}: {outcomes['results']} results, {outcomes['errors']} errors "
          f"of one line, {outcomes['wrong']} raw errors, warnings, changed inputs or hangs")
    return int(outcomes["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
