"""What is said of an estimate, for the eye and as JSON."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from refvae.cli.estimate.quantities import said_here
from refvae.cli.estimate.variables import Variables
from refvae.cli.select import BadInput

MANY = 5000  # points from which the standard error takes a while
UNITS = {"e": ("nats", 1.0), "2": ("bits", float(np.log(2)))}


def story(arguments: argparse.Namespace, data: Variables, found: Any, test: Any) -> dict[str, Any]:
    """All that is known of the estimate, as JSON."""
    unit, nats = UNITS[arguments.base]
    settings = {name: "inf" if value == np.inf else value for name, value in found.settings.items()
                if value is not None and value is not False}
    error, why = _error(found, unit, nats)
    told: dict[str, Any] = {
        "quantity": arguments.quantity, "value": found.value / nats, "unit": unit, "jackknife_se": error,
        "why_none": why, **_interval(arguments, found, nats, error), **_test(test),
        "columns": {name: part.titles for name, part in data.parts.items()}, "lag": getattr(arguments, "lag", 0),
        "settings": settings, "notes": list(dict.fromkeys(data.notes)),
        "warnings": [said_here(arguments, data, text) for text in getattr(found, "warnings", ())]}
    return {name: value for name, value in told.items() if not (name in ("why_none", "lag") and not value)}


def _error(found: Any, unit: str, nats: float) -> tuple[float | None, str | None]:
    """The standard error of the estimate, or why there is none."""
    if len(found.local) > MANY:
        print(f"{found.value / nats:.6g} {unit}; computing the standard error ...", file=sys.stderr, flush=True)
    try:
        return float(found.jackknife_se) / nats, None
    except ValueError as error:
        return None, "rows depend on each other" if str(error).startswith("exclude") else "it needs more points"


def _interval(arguments: argparse.Namespace, found: Any, nats: float, error: float | None) -> dict[str, Any]:
    if arguments.ci is None:
        return {}
    if not 0 < arguments.ci < 1:
        raise BadInput(f"--ci: got {arguments.ci}, wanted a number above 0 and below 1, as .95")
    ends = None if error is None else [float(end) / nats for end in found.interval(arguments.ci)]
    return {"interval": ends, "level": arguments.ci}


def _test(test: Any) -> dict[str, Any]:
    return {} if test is None else {"p_value": test.p_value, "permutations": len(test.null)}


def lines(told: dict[str, Any]) -> list[str]:
    """The same for the eye."""
    unit, error = told["unit"], told["jackknife_se"]
    settings = ", ".join(f"{name} = {value}" for name, value in told["settings"].items())
    columns = "; ".join(f"{name} = {', '.join(titles)}" for name, titles in told["columns"].items())
    lag = f", x {told['lag']} row{'s' if told['lag'] > 1 else ''} earlier" if "lag" in told else ""
    said = [f"{told['quantity']}  {told['value']:.6g} {unit}",
            f"jackknife standard error  {'none: ' + told['why_none'] if error is None else format(error, '.2g')}"]
    if (ends := told.get("interval")) is not None:
        said.append(f"{100 * told['level']:g} % interval  {ends[0]:.6g} to {ends[1]:.6g}")
    if "p_value" in told:
        said.append(f"independence  p = {told['p_value']:.4g} of {told['permutations']} permutations")
    return [*said, f"columns  {columns}{lag}", f"({settings})", *(f"note: {text}" for text in told["notes"]),
            *(f"warning: {text}" for text in told["warnings"])]
