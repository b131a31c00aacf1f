"""Formulas as MathML, which browsers set and screen readers read without a script and without a network."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

DISPLAY = True
SHORT = {"cr": r"\\", "thinspace": r"\,", "medspace": r"\:", "thickspace": r"\;", "negthinspace": r"\!",
         "overline": r"\bar"}
LONG_NAME = re.compile(rf"\\({'|'.join(SHORT)})(?![A-Za-z])")


class FormulaError(ValueError):
    """A formula that cannot be set; the message holds it."""


@cache
def _converter() -> Any:
    from math_core import LatexToMathML

    return LatexToMathML(fancy_error=False)


@cache
def mathml(tex: str, display: bool) -> str:
    r"""MathML of a formula; FormulaError if it does not parse. Rows of a display end in `\cr` or `\\`."""
    from math_core import LatexError

    try:
        return _mended(str(_converter().convert_with_local_state(_prepared(tex), displaystyle=display)))
    except LatexError as error:
        raise FormulaError(f"{error} in {tex!r}") from error


def _prepared(tex: str) -> str:
    r"""`\cr` ends a row as `\\` does; `\thinspace` and its like by their short names."""
    return LONG_NAME.sub(lambda match: SHORT[match[1]], tex)


# What math-core 0.9.0 sets wrongly: a large fence with an exponent stays small, a line over several letters short.
FENCE = re.compile(r'(<(?:msup|msub|msubsup)>)(<mo (?:minsize|fence)[^>]*>[^<]*</mo>)')
BAR, MROW = '</mrow><mo stretchy="false">¯</mo></mover>', re.compile("</?mrow>")


def _mended(html: str) -> str:
    return _overlined(FENCE.sub(r"\1<mrow>\2</mrow>", html))


def _overlined(html: str) -> str:
    """The bars over rows of several letters drawn as lines above them."""
    while (end := html.find(BAR)) >= 0:
        depth, start = 1, end
        for tag in reversed(list(MROW.finditer(html, 0, end))):
            depth += 1 if tag[0] == "</mrow>" else -1
            if depth == 0:
                start = tag.start()
                break
        before = html[:start].removesuffix('<mover accent="true">')
        html = (f'{before}<mrow class="over" intent="overline">{html[start:end].removeprefix("<mrow>")}</mrow>'
                + html[end + len(BAR):])
    return html


TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.S)
RELATIONS = {"=", r"\le", r"\ge", r"\leq", r"\geq", r"\approx", r"\equiv", r"\Longrightarrow", r"\iff",
             r"\Longleftrightarrow", "<", ">", r"\lt", r"\gt"}
SUMS, LONG, SHORT_ENOUGH = {"+", "-"}, 110, 50


def display(tex: str) -> str:
    """A formula of its own, in pieces between which a narrow page may break the line: at spaces, relations, sums."""
    tex = tex.strip()
    if r"\begin" in tex:
        return f"<div>{mathml(tex, DISPLAY)}</div>"
    chunks = [[piece for relation in _cut(chunk, RELATIONS) for piece in (
        _cut(relation, SUMS) if len(relation) > LONG else [relation])] for chunk in _cut(tex, {r"\qquad"}, keep=False)]
    return "".join(f"<div{' class=apart' if i and not j else ''}>{mathml(piece, DISPLAY)}</div>"
                   for i, chunk in enumerate(chunks) for j, piece in enumerate(chunk))


def inline(tex: str) -> str:
    """A formula in a line of text, in pieces between which the line may break: a long one at its relations."""
    pieces = _cut(tex, RELATIONS) if len(tex) > SHORT_ENOUGH and r"\begin" not in tex else [tex]
    return "<wbr>".join(mathml(piece, False) for piece in pieces)


def _cut(tex: str, at: set[str], keep: bool = True) -> list[str]:
    """The pieces of a formula before the tokens `at` that stand in no bracket, brace or pair of fences."""
    found, depth = [""], 0
    for token in TOKEN.findall(tex):
        opens = token in ("{", "(", "[", r"\left", r"\lbrace", r"\langle") or token in (r"\bigl", r"\Bigl", r"\biggl")
        closes = token in ("}", ")", "]", r"\right", r"\rbrace", r"\rangle") or token in (r"\bigr", r"\Bigr", r"\biggr")
        depth += opens - closes
        if depth == 0 and token in at and found[-1].strip(" {}"):
            found.append("{}" if keep else "")
            token = token if keep else ""
        found[-1] += token
    return [piece for piece in found if piece.strip(" {}")] if depth == 0 else [tex]
