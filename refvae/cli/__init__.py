"""The `refvae` command. Exit code 0: all is well; 1: something did not pass; 2: bad input, said in one line."""

from __future__ import annotations

import os

# One BLAS thread, set before NumPy loads: the matrices are small, and runs repeat bit for bit.
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
for _variable in THREADS:
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import errno  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
from collections.abc import Iterable, Iterator, Sequence  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from importlib import import_module  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

from refvae import __version__  # noqa: E402
from refvae.cli.select import BadInput  # noqa: E402
from refvae.cli.terminal import spell  # noqa: E402

USE = {  # of one module
    "encode": "write the codes of rows, by a trained model",
    "decode": "write what a trained model makes of codes",
    "sample": "write rows drawn from a trained model",
    "score": "write a number for every row, by a trained model"}
COMMANDS = {  # a module each, and what --help says of it
    "verify": "run the evidence of every claim",
    "show": "print an equation with its code and evidence, or search",
    "new": "begin a derivation of your own",
    "book": "write the book as a site that opens without a server",
    "mutate": "alter every tagged line and demand that its evidence fails",
    "figures": "write the figures as SVG, or check them",
    "train": "train a model, and write it, its numbers and its pictures",
    **USE,
    "estimate": "estimate entropy, divergence or information of your data",
    "study": "measure an estimator on laws with known truth"}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose options are not abbreviated."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser(wanted: Iterable[str] = COMMANDS) -> Parser:
    """The command-line parser; the modules of the wanted commands alone are imported, the others are named."""
    top = Parser(prog="refvae", description="The mathematics of autoencoders, every equation checked.")
    top.add_argument("--version", action="version", version=f"refvae {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if name in wanted:
            _add(commands, name)
        else:
            commands.add_parser(name, help=summary)
    return top


def _add(commands: Any, name: str) -> None:
    if name in USE:
        import_module("refvae.cli.use").add_to(commands, name, USE[name])
    else:
        import_module(f"refvae.cli.{name}").add_to(commands)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code."""
    spell()
    words = sys.argv[1:] if argv is None else argv
    command = next((word for word in words if not word.startswith("-")), "")
    if command == "verify":  # whose records are then the same for any number of threads, bit for bit
        os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        return _run(words, command)
    except (BadInput, MemoryError) as error:
        print(f"refvae {command}: {str(error) or 'got more than the memory holds'}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone, as in `refvae verify | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"refvae {command}: no space left for the output", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        ended = isinstance(error, Terminated)
        print(f"refvae {command}: {'terminated' if ended else 'interrupted'}", file=sys.stderr)
        return 143 if ended else 130


def _run(words: Sequence[str], command: str) -> int:
    arguments = parser([command]).parse_args(words)
    _bound(getattr(arguments, "max_bytes", None))
    with _terminable():
        code = int(arguments.run(arguments))
    sys.stdout.flush()
    return code


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a run as an interrupt does: workers end, and what is finished is kept."""


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM raises inside, in the first thread; a process that is born inside ends by it as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first = os.getpid()

    def terminate(number: int, frame: Any) -> None:
        if os.getpid() != first:
            os._exit(143)
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _bound(most: int | None) -> None:
    """Set what a file may hold."""
    if most is not None:
        from refvae.data import formats

        if most < 1:
            raise BadInput(f"--max-bytes: got {most}, wanted at least 1")
        formats.MOST.set(most)
