"""`refvae new NAME`: a derivation of your own, in a folder of its own, that verifies at once."""

from __future__ import annotations

import argparse
import keyword
import re
from pathlib import Path
from typing import Any

from refvae import files
from refvae.cli.select import BadInput

EXAMPLES = """examples:
  refvae new student_t
  refvae new papers/student_t
"""
ABOUT = """Write a folder with a page, its code, its evidence and a test, which refvae verify accepts at once."""
# templates/*.txt -> what they become
FILES = {"page.md": "{}.md", "layer.py": "{}.py", "evidence.py": "evidence.py", "test.py": "test_{}.py"}
TAKEN = {"evidence", "conftest", "figures"}


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("new", description=ABOUT, epilog=EXAMPLES,
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", metavar="NAME", help="of the new folder, its page and its module: a Python identifier")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the folder and print what is in it; the exit code is 0."""
    folder = Path(arguments.name)
    name = folder.name
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name) or name in TAKEN:
        raise BadInput(f"NAME: got {arguments.name!r}, wanted letters, digits and _, as in student_t, and no word of "
                       "Python's or of this command's")
    if folder.exists() or folder.is_symlink():
        raise BadInput(f"NAME: got {arguments.name!r}, which exists, wanted a new folder")
    try:
        paths = _write(folder, name)
    except OSError as error:
        raise BadInput(f"NAME: got {arguments.name!r}, where no folder can be written ({error.strerror})") from error
    print("\n".join([*map(str, paths), f"next: refvae verify {folder}/"]))
    return 0


def _write(folder: Path, name: str) -> list[Path]:
    """Fill in the templates."""
    texts = {made.format(name): (Path(__file__).parent / "templates" / f"{template}.txt").read_text("utf8")
             for template, made in FILES.items()}
    folder.mkdir()
    for file, text in texts.items():
        files.write(folder / file, text.replace("NAME", name))
    return [folder / file for file in texts]
