"""The last section of derivations/README.md, a line for every statement: `python -m refvae.book.contents` renews it."""

from __future__ import annotations

from refvae import files
from refvae.statements import OURS, chapters, statements

HEAD = "## Contents\n"
PAGE = OURS.pages / "README.md"


def renewed(text: str) -> str:
    """The page with the contents as the derivations have them now."""
    return text.partition(HEAD)[0] + HEAD + "".join(map(_chapter, chapters()))


def _chapter(name: str) -> str:
    lines = "".join(f"- [{bracketed}]({name}.md#eq-{number.replace('.', '-')}) {it.title}\n"
                    for number, it in statements().items() if it.chapter == name
                    for bracketed in [f"({number})" if it.is_claim else f"[{number}]"])
    return f"\n### [{chapters()[name]}]({name}.md)\n\n{lines}"


if __name__ == "__main__":
    files.write(PAGE, renewed(PAGE.read_text("utf8")))
