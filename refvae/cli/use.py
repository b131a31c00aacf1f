"""`refvae encode|decode|sample|score RUN`: a trained model in use, on files as it was trained on."""

from __future__ import annotations

import argparse
import csv
import warnings
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae import files
from refvae.cli.reading import FORMATS, refused, say
from refvae.cli.select import BadInput
from refvae.data.readers import Dataset, dataset, read
from refvae.inputs import whole
from refvae.models import Trained, fingerprint, load
from refvae.trees import Array

EXAMPLES = {"encode": ["runs/vae-seed0 --out codes.csv", "runs/vae-seed0 images.npy --out codes.npy"],
            "decode": ["runs/vae-seed0 codes.npy --out rows.npy", "runs/vae-seed0 codes.csv --out images.png"],
            "sample": ["runs/vae-seed0 --rows 96 --out samples.png", "runs/vae-seed0 --rows 9 --seed 1 --out new.csv"],
            "score": ["runs/vae-seed0 images.npy --out bounds.csv", "runs/vib-seed0 table.csv --out cost.npy"]}
PICTURES = (".svg", ".png", ".pdf")
OUT = (".npy", ".npz", ".csv", *PICTURES)
ACROSS = 12  # images in a row


class Result(NamedTuple):
    """Numbers (n, m), the names of their columns, and the name of the array in a .npz."""

    numbers: Array
    names: list[str]
    array: str


def add_to(commands: Any, verb: str, summary: str) -> None:
    """Add one of the four subcommands."""
    p = commands.add_parser(verb, help=summary, epilog=_examples(verb), description=f"{summary.capitalize()}: "
                            "RUN is what refvae train wrote.\nData are prepared as in training; what cannot be is "
                            "refused.", formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("run_folder", metavar="RUN", help="folder of a run, or its model.npz")
    if verb == "decode":
        p.add_argument("file", metavar="FILE", help=f"codes, as refvae encode writes them: {FORMATS}")
    elif verb == "sample":
        p.add_argument("--rows", type=int, default=96, metavar="N", help="how many (default 96)")
    else:
        p.add_argument("file", metavar="FILE", nargs="?", help=f"rows: {FORMATS} (default: those of the training)")
        p.add_argument("--label", metavar="NAME", help="column of labels, or none (default: as in training)")
    if verb in ("sample", "score"):
        p.add_argument("--seed", type=int, default=0, metavar="N", help="of all random numbers (default 0)")
    p.add_argument("--out", metavar="FILE", required=True, help=f"file to write: {', '.join(OUT[:3])}; of images "
                   f"also a picture: {', '.join(PICTURES)}")
    p.set_defaults(run=run)


def _examples(verb: str) -> str:
    return "examples:\n" + "".join(f"  refvae {verb} {line}\n" for line in EXAMPLES[verb])


def run(arguments: argparse.Namespace) -> int:
    """Compute and write; print what was done in one line."""
    out = _checked(Path(arguments.out))
    with refused("RUN: "):
        trained = load(arguments.run_folder)
    with np.errstate(all="ignore"), refused(""):
        found = VERBS[arguments.command](trained, arguments)
        if not np.isfinite(found.numbers).all():
            raise ValueError("FILE: got numbers for which the model overflows, wanted smaller ones")
        write(trained, found, out)
    print(f"{found.array}: {found.numbers.shape[0]} x {found.numbers.shape[1]}, by {trained.recipe.model} of "
          f"{arguments.run_folder}\n{out}")
    return 0


def _checked(out: Path) -> Path:
    if out.suffix not in OUT or not out.parent.is_dir() or out.is_dir():
        got = f"the ending {out.suffix!r}" if out.parent.is_dir() else f"no folder {out.parent}"
        raise BadInput(f"--out: got {got}, wanted a file {', '.join(OUT)} in a folder that is there")
    return out


# What the verbs do


def _encode(trained: Trained, arguments: argparse.Namespace) -> Result:
    codes = trained.encode(_rows(trained, arguments).x)
    return Result(codes, [f"z_{j + 1}" for j in range(codes.shape[1])], "codes")


def _decode(trained: Trained, arguments: argparse.Namespace) -> Result:
    made = trained.decode(_read(arguments.file, label="none").x)
    if trained.model.decodes == "classes":
        return Result(made, [f"log q({name}|z)" for name in trained.facts.labels], "log_q")
    return Result(made, _columns(trained), "x")


def _sample(trained: Trained, arguments: argparse.Namespace) -> Result:
    with refused("--"):
        n, seed = whole(arguments.rows, "rows"), whole(arguments.seed, "seed", least=0)
    return Result(trained.sample(n, seed), _columns(trained), "x")


def _score(trained: Trained, arguments: argparse.Namespace) -> Result:
    data = _rows(trained, arguments)
    with refused("--"):
        seed = whole(arguments.seed, "seed", least=0)
    labels = data.labels if not data.classes or data.labels is None else np.array(data.classes)[data.labels]
    return Result(trained.score(data.x, labels, seed)[:, None], [trained.scored], "score")


VERBS: dict[str, Callable[[Trained, argparse.Namespace], Result]] = {
    "encode": _encode, "decode": _decode, "sample": _sample, "score": _score}


def _rows(trained: Trained, arguments: argparse.Namespace) -> Dataset:
    """The rows of FILE, its columns by the names of the training, or the rows of the training itself."""
    recipe = trained.recipe
    if arguments.file is None:
        with warnings.catch_warnings(action="ignore"):
            data = dataset(recipe.data, **recipe.reading)
        if fingerprint(data) != recipe.sha256:
            raise ValueError(f"FILE: got none, and other data than in training in {recipe.data}, wanted a file")
        return data
    arrays = any(ending in arguments.file for ending in (".npy", ".npz", "idx"))  # they have no names
    columns = () if arrays else trained.facts.columns
    known = "auto" if arrays else recipe.label
    label = arguments.label or ("none" if columns and trained.model.decodes == "rows" else known)
    chosen = _quoted(columns) if columns else None if arrays and trained.facts.columns else recipe.columns
    data = _read(arguments.file, label=label, header=recipe.header, drop_missing=recipe.drop_missing, columns=chosen)
    say(data.notes, arguments.command)
    return data


def _read(file: str, **how: Any) -> Dataset:
    with warnings.catch_warnings(action="ignore"):  # the notes say the same
        return read(file, **how)


def _quoted(names: tuple[str, ...]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def _columns(trained: Trained) -> list[str]:
    return list(trained.facts.columns) or [str(j) for j in range(trained.facts.d)]


# What is written


def write(trained: Trained, found: Result, out: Path) -> None:
    """The numbers, or a picture of the rows; BadInput if that is impossible."""
    numbers = found.numbers[:, 0] if found.array == "score" else found.numbers
    try:
        if out.suffix in PICTURES:
            files.write(out, _picture(trained, found, out.suffix[1:]))
        elif out.suffix == ".csv":
            text = StringIO()
            csv.writer(text, lineterminator="\n").writerows([found.names, *found.numbers.tolist()])
            files.write(out, text.getvalue())
        elif out.suffix == ".npy":
            files.write(out, lambda stream: np.save(stream, numbers))
        else:
            files.write(out, lambda stream: np.savez(stream, **{found.array: numbers}))  # type: ignore[arg-type]
    except OSError as error:
        raise BadInput(f"--out: got {out}, which cannot be written ({error.strerror})") from error


def _picture(trained: Trained, found: Result, ending: str) -> Callable[[Any], Any]:
    shape = trained.facts.shape
    if found.array != "x" or shape is None:
        what = found.array if shape else "rows that are no images"
        raise BadInput(f"--out: got a picture for {what}, wanted .npy, .npz or .csv")
    drawing, gallery = import_module("refvae.models.pictures"), import_module("refvae.models.gallery")
    down = -(-len(found.numbers) // ACROSS)
    images = np.zeros((down * min(ACROSS, len(found.numbers)), found.numbers.shape[1]))
    images[:len(found.numbers)] = gallery.inked(trained, found.numbers)
    figure = drawing.mosaic(images.reshape(down, -1, images.shape[1]), shape=shape, title="")
    return lambda stream: drawing.save(figure, stream, ending)
