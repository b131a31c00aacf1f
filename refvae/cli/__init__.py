"""The `refvae` command. Exit code 0: all is well; 1: something did not pass; 2: bad input, said in one line."""

from __future__ import annotations

import os

# One BLAS thread, set before NumPy loads: the matrices are small, and runs repeat bit for bit.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

from refvae import __version__  # noqa: E402
from refvae.cli import book, estimate, figures, mutate, new, show, study, train, verify  # noqa: E402
from refvae.cli.select import BadInput  # noqa: E402
from refvae.cli.terminal import spell  # noqa: E402


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose options are not abbreviated."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> Parser:
    """The command-line parser, one subcommand a module."""
    top = Parser(prog="refvae", description="The mathematics of autoencoders, every equation checked.")
    top.add_argument("--version", action="version", version=f"refvae {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (verify, show, new, book, mutate, figures, train, estimate, study):
        module.add_to(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code."""
    spell()
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except BadInput as error:
        print(f"refvae {arguments.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone, as in `refvae verify | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
