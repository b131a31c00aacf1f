"""`refvae estimate QUANTITY FILE [FILE2]`: entropy, divergence or information of your own data."""

from __future__ import annotations

import argparse
import json
from typing import Any

from refvae.cli.estimate import options, pairs, picture
from refvae.cli.estimate.quantities import estimate, tested
from refvae.cli.estimate.told import lines, story
from refvae.cli.estimate.variables import variables


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    options.add_to(commands, run)


def run(arguments: argparse.Namespace) -> int:
    """Print the estimate with its errors, settings, notes and warnings, and draw it if asked."""
    picture.check(arguments.plot)
    if getattr(arguments, "pairs", False):
        return pairs.run(arguments)
    data = variables(arguments)
    found = estimate(arguments, data)
    told = story(arguments, data, found, tested(arguments, data))
    print(json.dumps(told, allow_nan=False) if arguments.json else "\n".join(lines(told)))
    if arguments.plot is not None:
        picture.write(picture.draw(arguments, data, found), arguments.plot)
    return 0
