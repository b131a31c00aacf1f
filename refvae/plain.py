"""Markdown as plain text for a terminal, and the spelling of what an encoding lacks."""

from __future__ import annotations

import codecs
import re
import textwrap
import unicodedata
from collections.abc import Iterator

from refvae.tex import ACCENTS, RELATIONS, WORDS, formula

FENCE = re.compile(r"^ *(`{3,})([^`\n]*)\n(.*?)^ *\1`* *$", re.M | re.S)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^)\s]+\)")
MARKED = re.compile(r"\*\*?(?=\S)([^*\n]+?)\*\*?|</?(?:details|summary|b|i|p)>")

# Pages


def page(markdown: str, width: int = 80) -> str:
    """Markdown as text: formulas in Unicode, links by their words, paragraphs as wide as `width`."""
    parts: list[str] = []
    last = 0
    for fence in FENCE.finditer(markdown):
        parts += _paragraphs(markdown[last:fence.start()], width)
        is_formula = fence[2].strip() == "math"
        parts.append(_display(fence[3], width) if is_formula else textwrap.indent(fence[3].rstrip(), "    "))
        last = fence.end()
    return "\n\n".join([*parts, *_paragraphs(markdown[last:], width)])


def line(markdown: str) -> str:
    """A line of Markdown as text."""
    pieces = re.split(r"(`+[^`]+`+|\$[^$\n]+\$)", LINK.sub(lambda m: f"[{m[2]}]" if m[1] else m[2], markdown))
    return "".join(map(_piece, pieces))


def _piece(text: str) -> str:
    if text.startswith("$"):
        return formula(text[1:-1])
    return text.strip("`") if text.startswith("`") else MARKED.sub(r"\1", text)


def _paragraphs(markdown: str, width: int) -> Iterator[str]:
    for block in filter(str.strip, re.split(r"\n\s*\n", markdown)):
        rows = block.strip("\n").split("\n")
        if rows[0].startswith("|"):
            yield "\n".join(line(row) for row in rows)
            continue
        items = re.split(r"\n(?=\s*(?:[-*]|\d+\.) )", block.strip("\n"))
        yield "\n".join(wrapped(line(" ".join(item.split())), width, "  " if len(items) > 1 else "") for item in items)


def _display(tex: str, width: int) -> str:
    return "\n".join(wrapped("    " + row, width, "        ") for row in formula(tex).split("\n") if row.strip())


def wrapped(text: str, width: int, indent: str = "") -> str:
    """Lines of at most `width` characters, the later ones after `indent`; words and paths stay whole."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# Encodings that lack a character

SIGNS = """≤ <= ≥ >= ≠ != → -> ← <- − - · * … ... ⋯ ... ∣ | ‖ || ∼ ~ ≈ ~= ⟨ < ⟩ > ′ ' ½ 1/2 ¼ 1/4 ⅓ 1/3 × x ± +- ∎ QED
√ sqrt ᵀ ^T – - — - “ " ” " ’ ' ‘ ' ∑ sum ∏ prod ℝ R 𝔼 E ⟺ <=> ⟹ => ⇒ =>""".split()
SPELT = {**{sign: name for name, sign in (*WORDS.items(), *RELATIONS.items()) if not sign.isascii()},
         **dict(zip(SIGNS[::2], SIGNS[1::2], strict=True))}


def spelt(error: UnicodeError) -> tuple[str, int]:
    """A handler of encoding errors that writes names and plain letters: μ as mu, ≤ as <=, ₖ as _k, ö as o."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    said = error.object[max(error.start - 1, 0):error.start]
    for sign in error.object[error.start:error.end]:
        name = _spelling(sign)
        said += f" {name}" if said[-1:].isalnum() and name[:1].isalpha() and len(name) > 1 else name
    return said[1:] if error.start else said, error.end


def _spelling(sign: str) -> str:
    if sign in SPELT:
        return SPELT[sign]
    kind = unicodedata.decomposition(sign).partition(" ")[0]
    plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    if plain:
        return {"<super>": "^", "<sub>": "_"}.get(kind, "") + plain
    if unicodedata.combining(sign):
        return next((f"_{name}" for name, accent in ACCENTS.items() if accent == sign), "")
    greek = re.fullmatch(r"(?:GREEK SMALL LETTER|GREEK SUBSCRIPT SMALL LETTER|MODIFIER LETTER SMALL) (\w+)",
                         unicodedata.name(sign, ""))
    return greek[1].lower() if greek else sign.encode("ascii", "backslashreplace").decode()


codecs.register_error("spelt", spelt)
