"""The thread from an equation to its lines of code and its evidence, and the pages on which it stands.

Every rule is a function that returns what it finds, as `file:line: what is wrong`; its test wants the list to be empty.
The tests at the end break each rule on purpose.
"""

import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from refvae.book.contents import PAGE as PAGE_OF_CONTENTS
from refvae.book.contents import renewed
from refvae.concordance import articles, concordance, gaps
from refvae.evidence import Evidence
from refvae.mutate.execution import never_run
from refvae.search import terms
from refvae.statements import (
    HEADER,
    LINKED,
    NUMBER,
    Statement,
    TaggedLine,
    chapters,
    evidence_module,
    statements,
    tagged_lines,
)
from refvae.statements import formulas as cited_formulas
from refvae.trace import (
    FENCE,
    INLINE,
    SPAN,
    at,
    blank,
    dead_links,
    loose,
    malformed,
    misnumbered,
    misplaced,
    misused,
    name,
    prose,
    where,
)

ROOT = Path(__file__).parents[1]
PAGES = [page for page in sorted(ROOT.rglob("*.md"))
         if not re.search(r"(^|/)(\.|build/|dist/|site-packages/)", page.relative_to(ROOT).as_posix())]
DERIVATIONS = [ROOT / "derivations" / f"{chapter}.md" for chapter in chapters()]
MODULES = [path for room in ("refvae", "derivations", "figures") for path in sorted((ROOT / room).rglob("*.py"))]
DETERMINISTIC = {"adjoint", "identity", "law", "limit", "oracle"}

CITED = re.compile(rf"(?<![\w.])[(\[]({NUMBER})[)\]]")
ACCENTS_AND_LETTERS = re.compile(r"\\math(?:bb|bf|cal|frak|scr) *\{?\w\}?|\\[A-Za-z]+|[A-Za-z]")
WORDS = re.compile(r"\\(?:mathrm|text|begin|end)\{[^{}]*\}")
REFUSED = re.compile(r"\\(?:operatorname|mbox|(?:re)?newcommand|DeclareMathOperator|def|let|require|href|label|ref)\b")
NOT_PANDOC = re.compile(r"\\(?:thinspace|thickspace|negthinspace|cr)(?![A-Za-z])")
MANGLED = re.compile(r"\\[!-/:-@\[-`{-~]|<(?=[A-Za-z/!?])|\]\(|\*")
INSTEAD = {r"\,": r"'\ '", r"\:": r"\medspace", r"\;": r"\medspace", r"\!": "nothing", r"\{": r"\lbrace",
           r"\}": r"\rbrace", r"\|": r"\Vert", r"\\": "a ```math block", "<": r"\lt", "](": r"\rbrack(", "*": r"\ast"}
STRUCTURE = {"\\" + name for name in """
    frac tfrac dfrac binom sqrt sum prod int iint left right middle big Big bigl bigr Bigl Bigr biggl biggr Biggl Biggr
    lbrace rbrace lvert rvert lfloor rfloor lceil rceil quad qquad thinspace cr limits underbrace overbrace overline
    displaystyle le ge leq geq ne neq lt gt ll gg approx equiv in notin subset subseteq to mapsto gtrless
    Longrightarrow Rightarrow Leftarrow Leftrightarrow iff infty cdot cdots dots ldots vdots ddots times pm mp
    forall exists cup cap
    setminus lbrack rbrack log exp sin cos tan arctan sinh cosh tanh max min sup inf lim arg""".split()}


def test_there_is_something_to_check():
    assert {page.name for page in PAGES} >= {"CONTRIBUTING.md", "CHANGELOG.md", "layers.md", "notation.md"}
    assert [number(chapter) for chapter in chapters()] == list(range(1, len(chapters()) + 1))


def none(findings: Iterable[str]) -> None:
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


def number(chapter: str) -> int:
    return int(chapters()[chapter].split()[0])


def on_pages(rule: Callable[[Path, str], Iterable[str]], pages: Sequence[Path]) -> list[str]:
    return [finding for page in pages for finding in rule(page, page.read_text("utf8"))]


def formulas(text: str) -> Iterator[tuple[int, str, bool]]:
    """Position, TeX, and whether it stands in a line of text, of every formula."""
    yield from ((match.start(3), match[3], False) for match in FENCE.finditer(text) if match[2].strip() == "math")
    yield from ((match.start(1), match[1], True) for match in INLINE.finditer(blank(SPAN, blank(FENCE, text))))


# Pages: links, formulas, symbols


def unbalanced(page: Path, text: str) -> Iterator[str]:
    for fence in FENCE.finditer(text):
        if re.search(f"^ *{fence[1]}", fence[3], re.M):
            yield f"{at(page, text, fence.start())}: fence does not end before the next one begins"
    for i, line in enumerate(blank(SPAN, blank(FENCE, text)).splitlines(), 1):
        if line.lstrip().startswith("```") or line.count("$") % 2 or "$$" in line:
            yield f"{name(page)}:{i}: unbalanced fence or $ (a formula ends on its line; displays are ```math)"
        elif any(re.search(r"\w$", line[:m.start()]) or re.match(r"\w", line[m.end():]) for m in INLINE.finditer(line)):
            yield f"{name(page)}:{i}: a letter or digit touches a $, so GitHub shows no formula"
    for position, tex, _ in formulas(text):
        if (bare := re.sub(r"\\[{}]", "", tex)).count("{") != bare.count("}"):
            yield f"{at(page, text, position)}: unbalanced braces"


def refused_macros(page: Path, text: str) -> Iterator[str]:
    for position, tex, inline in formulas(text):
        for match in REFUSED.finditer(tex):
            yield f"{at(page, text, position + match.start())}: GitHub refuses {match[0]}"
        for match in MANGLED.finditer(tex) if inline else ():
            instead = INSTEAD.get(match[0], "a ```math block")
            yield f"{at(page, text, position + match.start())}: Markdown takes {match[0]} in ${tex}$, write {instead}"


def beyond_pandoc(page: Path, text: str) -> Iterator[str]:
    for position, tex, _ in formulas(text):
        for match in NOT_PANDOC.finditer(tex):
            yield f"{at(page, text, position + match.start())}: pandoc refuses {match[0]}"


def emphasised(page: Path, text: str) -> Iterator[str]:
    """Underscores of formulas that Markdown pairs within a paragraph: one may open, one after it may close emphasis."""
    spans = [(start, start + len(tex)) for start, tex, inline in formulas(text) if inline]
    for paragraph in re.finditer(r"(?:.+\n?)+", text):
        opened = False
        for start, end in (span for span in spans if paragraph.start() <= span[0] < paragraph.end()):
            for match in re.finditer("_", text[start:end]):
                before, after = text[start + match.start() - 1], text[start + match.end()]
                if opened and not before.isspace() and not after.isalnum():
                    yield f"{at(page, text, start)}: Markdown ends emphasis at _ in ${text[start:end]}$: write '_ '"
                    opened = False
                opened |= not before.isalnum() and not after.isspace()


def symbols(tex: str) -> set[str]:
    """The letters, accents and macros of a formula that a reader may ask the meaning of."""
    found = ACCENTS_AND_LETTERS.findall(WORDS.sub(" ", tex))
    return {re.sub(r"(\\math\w+?) *\{?(\w)\}?$", r"\1 \2", token) for token in found} - STRUCTURE


def notation(text: str) -> set[str]:
    """What the first columns of the tables with the header `symbol` define."""
    tables = re.findall(r"^\| symbol \|.*\n\|[-|]+\n((?:\|.*\n?)+)", text, re.M)
    return {symbol for table in tables for row in table.splitlines() for tex in INLINE.findall(row.split("|")[1])
            for symbol in symbols(tex)}


def rows(text: str, header: str) -> list[list[str]]:
    """The cells of all tables with this first line."""
    tables = re.findall(rf"^{re.escape(header)}\n\|[-|]+\n((?:\|.*\n?)+)", text, re.M)
    return [[cell.strip() for cell in row.split("|")[1:-1]] for table in tables for row in table.splitlines()]


def missing_symbols(page: Path, text: str, known: set[str]) -> Iterator[str]:
    seen: set[str] = set()
    for position, tex, _ in formulas(text):
        for symbol in sorted(symbols(tex) - known - seen):
            yield f"{at(page, text, position)}: {symbol} is not in derivations/notation.md"
        seen |= symbols(tex)


# Letters: those with several meanings have one in each place where they stand


def meanings(text: str) -> dict[str, list[list[str]]]:
    """Letter -> for each of its meanings the places that its row names: "2", "2.4", "2.1 to 2.3"."""
    found: dict[str, list[list[str]]] = {}
    for letter, _, where_ in rows(text, "| letter | meaning | where |"):
        places = [" to ".join(re.findall(rf"{NUMBER}|\d+", LINKED.sub(r"\1", each))) for each in where_.split(",")]
        found.setdefault(letter.strip("$"), []).append(places)
    return found


def places_of(text: str) -> dict[str, set[str]]:
    """Symbol -> the statements of a page in whose formulas it stands, "" for what belongs to none."""
    heads = [(match.start(), HEADER.match(match[0])) for match in re.finditer(r"^(?:\*\*[(\[]\d|#+ ).*$", text, re.M)]
    found: dict[str, set[str]] = {}
    for position, tex, _ in formulas(text):
        last = max((head for head in heads if head[0] < position), key=lambda head: head[0], default=(0, None))[1]
        for symbol in symbols(tex):
            found.setdefault(symbol, set()).add(last[2] if last else "")
    return found


def within(place: str, numbers: Sequence[str]) -> set[str]:
    """The statements of a page, in its order, that a number or a range names."""
    first, _, last = place.partition(" to ")
    ends = [numbers.index(n) for n in (first, last or first) if n in numbers]
    return set(numbers[ends[0]:ends[-1] + 1]) if ends else set()


def unmeant(page: Path, text: str, letters: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[str]:
    """Places of a page where a letter has no meaning or two, and meanings of it that the page does not use."""
    chapter, numbers = text[2:].split()[0], [match[2] for match in re.finditer(HEADER.pattern, text, re.M)]
    places = places_of(text)
    for letter, own in letters.items():
        stands = places.get(letter, set())
        named = [within(place, numbers) for row in own for place in row if place.split(".")[0] == chapter != place]
        bare = sum(chapter in row for row in own)
        left = stands - set().union(*named)
        for place in sorted(left if not bare else ()):
            yield f"{name(page)}: {letter} in {f'({place})' if place else 'prose'} has no meaning in notation.md"
        for place in sorted(place for place in set().union(*named) if sum(place in each for each in named) > 1):
            yield f"{name(page)}: {letter} has two meanings in ({place})"
        if bare > 1 or (bare and not left):
            yield f"{name(page)}: {letter} has {bare} meanings for all of the chapter, and {len(left)} places for them"
        yield from (f"{name(page)}: {letter} does not stand in {sorted(each)}" for each in named if not each & stands)


def test_letters_with_several_meanings_have_one_where_they_stand():
    letters = meanings((ROOT / "derivations" / "notation.md").read_text("utf8"))
    assert letters.keys() >= set("ABCDGLMNRSVg") | {r"\gamma"}
    none(on_pages(lambda page, text: unmeant(page, text, letters), DERIVATIONS))


def test_links_are_alive():
    none(on_pages(dead_links, PAGES))


def test_fences_and_dollars_are_balanced():
    none(on_pages(unbalanced, PAGES))


def test_github_and_pandoc_show_every_formula():
    none(on_pages(refused_macros, PAGES) + on_pages(emphasised, PAGES) + on_pages(beyond_pandoc, DERIVATIONS))


def test_every_symbol_is_in_the_notation():
    known = notation((ROOT / "derivations" / "notation.md").read_text("utf8"))
    none(on_pages(lambda page, text: missing_symbols(page, text, known), DERIVATIONS))


def test_rows_of_the_notation_have_five_cells():
    page = ROOT / "derivations" / "notation.md"
    lines = enumerate(page.read_text("utf8").splitlines(), 1)
    cells = [(i, line.count("|") - 1) for i, line in lines if line.startswith("|")]
    none(f"{name(page)}:{i}: {count} cells" for i, count in cells if count not in (3, 5))  # 3: how p and q are swapped


# Numbers: each stands once, in order, under its anchor, and whoever cites one cites one that exists


def unknown_numbers(path: Path, text: str, known: Iterable[str]) -> Iterator[str]:
    """Numbers in brackets that nothing states, in the comments and strings of a module or in the prose of a page."""
    for line, string, _ in strings(text) if path.suffix == ".py" else [(1, prose(text), False)]:
        for match in CITED.finditer(string):
            if match[1] not in known:
                at_line = line + string.count("\n", 0, match.start())
                yield f"{name(path)}:{at_line}: no derivation states ({match[1]})"


def mislinked(page: Path, text: str) -> Iterator[str]:
    """Links of a number that do not lead to where it is stated."""
    for match in re.finditer(rf"\[[(\[]({NUMBER})[)\]]\]\(([^)\s]+)\)", prose(text)):
        if match[1] in statements():
            chapter, anchor = statements()[match[1]].chapter, f"#eq-{match[1].replace('.', '-')}"
            wanted = anchor if page == ROOT / "derivations" / f"{chapter}.md" else f"{chapter}.md{anchor}"
            brackets = "()" if statements()[match[1]].is_claim else "[]"
            if page in DERIVATIONS and match[0][1] != brackets[0]:
                yield f"{at(page, text, match.start())}: wanted {brackets[0]}{match[1]}{brackets[1]}"
            if not (match[2] == wanted or (match[2].endswith(f"/{wanted}") and page.parent.name != "derivations")):
                yield f"{at(page, text, match.start())}: ({match[1]}) leads to {match[2]}, wanted {wanted}"


def unlinked_numbers(page: Path, text: str) -> Iterator[str]:
    """Numbers in prose that are no links; a header's own number and headings are none."""
    bare = re.sub(r"^#.*$", "", prose(text), flags=re.M)
    for match in re.finditer(rf"(?<![\w.*\[])[(\[]{NUMBER}[)\]](?!\*\*)(?!\]\()", bare):
        yield f"{at(page, text, match.start())}: {match[0]} is no link"


UNBROKEN = re.compile(rf"{SPAN.pattern}|{INLINE.pattern}|\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]\([^)\s]*\)")
FIXED = re.compile(rf"{HEADER.pattern}|[|#<!].*")


def too_long(page: Path, text: str) -> Iterator[str]:
    """Lines of prose beyond 120 characters that could have been broken before a word, a formula or a link."""
    for i, line in enumerate(blank(FENCE, text).splitlines(), 1):
        whole = UNBROKEN.sub(lambda match: "x" * len(match[0]), line)
        if len(line) > 120 and not FIXED.fullmatch(line) and " " in whole.strip():
            yield f"{name(page)}:{i}: {len(line)} characters, wanted at most 120"


def strings(source: str) -> Iterator[tuple[int, str, bool]]:
    """First line, text, and whether it is a docstring, of every comment and string."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if tokenize.tok_name[token.type] in ("COMMENT", "STRING", "FSTRING_MIDDLE"):
            starts = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            yield token.start[0], token.string, starts and token.type == tokenize.STRING
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type


def backslashes(path: Path, text: str) -> Iterator[str]:
    for line, string, is_docstring in strings(text):
        if is_docstring and "\\" in string and "r" not in string[:string.index('"')].lower():
            yield f"{name(path)}:{line}: backslash in a docstring that is not raw"


def test_numbers_stand_once_under_their_anchors():
    none(on_pages(misnumbered, DERIVATIONS))


def test_cited_numbers_exist():
    none(on_pages(lambda path, text: unknown_numbers(path, text, statements()), [*MODULES, *PAGES]))


def test_numbers_are_links_and_lines_are_short():
    none(on_pages(unlinked_numbers, DERIVATIONS) + on_pages(too_long, DERIVATIONS))


def test_numbers_lead_to_their_statements():
    none(on_pages(mislinked, PAGES))


def test_docstrings_with_a_backslash_are_raw():
    none(on_pages(backslashes, MODULES))


# Statements: lines of code, what they use


def test_a_claim_has_lines_or_is_about_lines():
    none(loose(statements().values(), tagged_lines()))


def test_code_fields_name_what_holds_the_lines():
    none(on_pages(lambda page, text: misplaced(page, text, tagged_lines()), DERIVATIONS))


def test_statements_use_earlier_ones_and_no_circles():
    none(misused(statements()))


def too_early(found: Mapping[str, Statement]) -> Iterator[str]:
    """Statements that a `uses` field or a proof names before their page states them."""
    order = {n: place for place, n in enumerate(found)}
    for n, statement in found.items():
        proofs = re.findall(r"^\*Proof.*?∎", statement.text, re.M | re.S)
        needed = {*statement.uses, *(m for proof in proofs for m in CITED.findall(proof))}
        yield from (f"{where(statement)} needs ({m}), which stands below it" for m in sorted(needed)
                    if order.get(m, -1) > order[n])


def test_nothing_is_used_before_it_is_stated():
    none(too_early(statements()))


# Titles and sources: what a list of statements shows

SAYS_NOTHING = re.compile(
    r"(Its|It|They|Both|The same|The rest|The two|What the two|All (two|three|four|\d+)|In general)\b"
    r"|(The )?(problem|loss|gradients?|adjoints?|objective|bounds?|inequalit(y|ies)|derivatives?|value|optimum"
    r"|posterior|estimates?|moments|samples?|neighbours?|cross-entropy|forces|envelope|family|normaliser)$", re.I)


def poor_titles(found: Mapping[str, Statement]) -> Iterator[str]:
    """Titles that say nothing alone, or that two statements have."""
    times = Counter(statement.title for statement in found.values())
    for statement in found.values():
        if times[statement.title] > 1 or SAYS_NOTHING.match(statement.title):
            yield f"{where(statement)} has the title '{statement.title}', which says too little in a list"


def poor_sources(found: Mapping[str, Statement]) -> Iterator[str]:
    """Articles that a `from` field names where no program finds them: sources are separated by semicolons."""
    yield from (f"{where(statement)} is from '{statement.source}': an article stands first or after a semicolon"
                for statement in found.values() if re.search(r",\s*\d{3,4}\b", statement.source))


def test_titles_say_something_alone():
    none(poor_titles(statements()))


def test_usual_names_stand_in_titles():
    titles = " ".join(statement.title for statement in statements().values()).lower()
    usual = ("svd", "eckart and young", "weight decay", "latent semantic", "elbo", "kullback-leibler", "beta-vae",
             "reparametrisation", "iwae", "dreg", "reinforce", "probabilistic pca", "posterior collapse",
             "aggregated posterior", "mutual information", "total correlation", "infonce", "vib", "maximum entropy",
             "spherical interpolation")
    none(f"no title has '{name_}'" for name_ in usual if name_ not in titles + "".join(chapters().values()).lower())


def test_sources_can_be_read():
    none(poor_sources(statements()))


# What is computed from the pages: the contents of the derivations, and the concordance with the articles


def test_the_contents_of_the_derivations_are_up_to_date():
    text = PAGE_OF_CONTENTS.read_text("utf8")
    assert renewed(text) == text, "python -m refvae.book.contents renews derivations/README.md"


def test_every_formula_of_the_articles_has_become_something_here():
    none(gaps())
    assert len(concordance()) == sum(len(article.formulas) for article in articles().values()) > 90


def test_a_gap_in_the_concordance_is_found(monkeypatch):
    monkeypatch.setattr("refvae.concordance.statements", lambda: {"1.2": claim(source="4208 [1] to [4]; 5716 (44)")})
    concordance.cache_clear()
    found = list(gaps())
    monkeypatch.undo()
    concordance.cache_clear()
    assert "4208 [5]: no statement comes from it" in found
    assert not any(gap.startswith("4208 [4]") for gap in found)
    assert "5716 (44): cited by (1.2), and the article has no such formula" in found


def test_terms_name_statements_that_there_are():
    assert len(terms()) > 70
    none(f"derivations/README.md: {term.term} names ({n}), which no derivation states" for term in terms()
         for n in term.numbers if n not in statements())
    none(f"derivations/README.md: {term.term} stands in no statement" for term in terms() if not term.numbers)


# Evidence


def thin(found: Mapping[str, Statement], entries: Sequence[Evidence], tagged: Iterable[str]) -> Iterator[str]:
    """Claims that could not be closed whatever the run gives, and evidence for what claims nothing."""
    for statement in found.values():
        own = [entry for entry in entries if entry.eq == statement.number]
        kinds = {entry.kind for entry in own}
        if not statement.is_claim:
            yield from (f"{where(statement)} is a definition and has evidence {entry.name}" for entry in own)
        elif len(kinds) < 2:
            yield f"{where(statement)} has evidence of the kinds {sorted(kinds)}, wanted two, one of them not adjoint"
        elif statement.number in tagged and not any(e.kind in DETERMINISTIC and e.bound <= 1e-12 for e in own):
            yield f"{where(statement)} has tagged lines and no deterministic check with a bound of 1e-12"


def all_evidence() -> dict[str, list[Evidence]]:
    return {chapter: list(evidence_module(chapter).ledger.entries) for chapter in chapters()}


def test_every_claim_has_evidence_of_two_kinds():
    entries = [entry for chapter in all_evidence().values() for entry in chapter]
    none(thin(statements(), entries, tagged_lines()))


@pytest.mark.slow
@pytest.mark.parametrize("chapter", chapters())
def test_evidence_runs_every_tagged_line(chapter):
    """By execution, not by number; refvae.mutate then asks whether it would notice another line there."""
    numbers = [n for n in tagged_lines() if n.split(".")[0] == str(number(chapter))]
    none(f"{name(path)}:{i}: no deterministic check at 1e-12 under ({n}), or about it, runs this line"
         for n in numbers for path, i, _ in never_run(n))


@pytest.mark.parametrize("chapter", chapters())
def test_evidence_is_well_formed(chapter):
    own = {each.number for each in statements().values() if each.is_claim and each.chapter == chapter}
    none(malformed(f"derivations/{chapter}", all_evidence()[chapter], own))


@pytest.mark.parametrize("chapter", chapters())
def test_a_chapter_has_its_rooms(chapter):
    rooms = [f"derivations/{chapter}.md", f"tests/test_{chapter}.py", f"figures/{chapter}.py", *(
        f"{room}/{chapter}/__init__.py" if (ROOT / room / chapter).is_dir() else f"{room}/{chapter}.py"
        for room in ("derivations", "refvae"))]
    none(f"{room}: missing" for room in rooms if not (ROOT / room).exists())


# The rules can fail


PAGE = ROOT / "derivations" / "page.md"
ANCHOR = '<a id="eq-1-2"></a>\n'


def claim(n: str = "1.2", **fields) -> Statement:
    blanks = {"chapter": "layers", "title": "", "is_claim": True, "code": (), "about": (), "uses": (), "source": "",
              "text": "", "line": 1}
    return Statement(n, **{**blanks, **fields})


def evidence(kind: str, **fields) -> Evidence:
    return Evidence(**{"eq": "1.2", "kind": kind, "name": "f", "what": "It holds.", "check": max, "subject": 0,
                       "wrong": {"one": 1}, "bound": 1e-12, **fields})


@pytest.mark.parametrize(("rule", "good", "bad"), [
    (dead_links, "[a](layers.md#eq-1-1) `[b](c)` [d](https://e.f)", "[a](nowhere.md)"),
    (dead_links, "# A title\n[a](#a-title)", "# A title\n[a](#eq-1-1)"),
    (dead_links, "[a](layers.md#activations)", "[a](layers.md#eq-1-999)"),
    (unbalanced, "$a$ and `$`\n```math\nb\n```", "$a$ and $\n"),
    (unbalanced, "````md\n```math\nb\n```\n````", "```math\nb\n\n```math\nc\n```"),
    (unbalanced, "$x$-axis, ($n$)", "the $n$th"),
    (unbalanced, "$\\{a_{1}$", "$a_{1$"),
    (refused_macros, r"$\mathrm{tr}A$", r"$\operatorname{tr}A$"),
    (refused_macros, "```math\na\\,b\\mathrm{c}\n```", "```math\n\\mbox{c}\n```"),
    (refused_macros, r"$a\thinspace b$, $a<1$, $[a\rbrack(b)$", r"$a\,b$"),
    (refused_macros, r"`\newcommand`", r"$a<b$"),
    (beyond_pandoc, r"$a\ b$, $\cross$", r"$a\thinspace b$"),
    (emphasised, "$f|_ {c}$ and $f|_ {c}$, $a_b$", "$f|_{c}$ and $f|_{c}$"),
    (emphasised, "$\\bar{a}_b$\n\n$x_{i}$", "$\\bar{a}_b$\n$x_{i}$"),
    (misnumbered, f"# 1 A\n\n{ANCHOR}**(1.2)** T · uses [1.1]", f"# 2 A\n\n{ANCHOR}**(1.2)** T"),
    (misnumbered, f"# 1 A\n{ANCHOR}**[1.2]** T", "# 1 A\n\n**[1.2]** T"),
    (misnumbered, f"# 1 A\n{ANCHOR}**(1.2)** T", f"# 1 A\n{ANCHOR}**(1.2)** T\n{ANCHOR}**(1.2)** T"),
    (misnumbered, f"# 1 A\n{ANCHOR}**(1.2)** T", f"# 1 A\n{ANCHOR}**(1.2)** T · use (1.1)"),
    (misnumbered, "# 1 A", f"# 1 A\n{ANCHOR}**(1.2) T**"),
    (misnumbered, f"# 1 A\n{ANCHOR}**(1.2)** T · uses [[1.1]](#eq-1-1), [(2.3)](a.md#eq-2-3)",
     f"# 1 A\n{ANCHOR}**(1.2** T"),
    (unlinked_numbers, "# By (1.2)\n**(1.2)** T · uses [[1.1]](#eq-1-1)\n`(1.2)` $(1.2)$", "By [1.1]"),
    (unlinked_numbers, "By [(1.2)](#eq-1-2) to [(1.3)](#eq-1-3).", "By [(1.2)](#eq-1-2) to (1.3)"),
    (too_long, f"**(1.2)** {'T ' * 80}\n${'a b' * 50}$\n" + 40 * "abc", 41 * "ab "),
    (too_long, "```math\n" + 50 * "a b" + "\n```", f"so ${'a b' * 50}$"),
    (mislinked, "[(1.2)](layers.md#eq-1-2), [[1.1]](layers.md#eq-1-1)", "[(1.2)](layers.md#eq-1-3)"),
    (mislinked, "[(2.4)](linear_ae.md#eq-2-4)", "[(2.4)](#eq-2-4)"),
    (backslashes, 'def f():\n    r"""a\\b"""\n    return "\\n"', 'def f():\n    """a\\b"""'),
])
def test_pages_can_break(rule, good, bad):
    assert list(rule(PAGE, good)) == []
    assert len(list(rule(PAGE, bad))) == 1


def test_symbols_can_be_missing():
    known = notation("| law | here |\n|---|---|\n| $c$ | |\n\n"
                     "| symbol | in code |\n|---|---|\n| $x,\\bar\\sigma$ | `$y$` |\n")
    assert known == {"x", r"\bar", r"\sigma"}
    text = "```math\n\\frac{\\bar x}\\sigma\\text{ for all }\\mathrm{pull}\\mathbb{R}\n```\n$x$ and $c$, $c+\\mathbb R$"
    assert list(missing_symbols(PAGE, text, known)) == [
        r"derivations/page.md:2: \mathbb R is not in derivations/notation.md",
        "derivations/page.md:4: c is not in derivations/notation.md"]


def test_numbers_can_be_unknown():
    good = 'def f():\n    """Of (1.2), [1.1]."""\n    return g(1.5)  # (1.2), (1.1)\n'
    assert list(unknown_numbers(Path("a.py"), good, {"1.1", "1.2"})) == []
    assert list(unknown_numbers(Path("a.py"), good, {"1.1"})) == [
        "a.py:2: no derivation states (1.2)", "a.py:3: no derivation states (1.2)"]
    assert list(unknown_numbers(Path("a.md"), "By\n(1.3), `(1.4)`", {"1.1"})) == ["a.md:2: no derivation states (1.3)"]


def test_letters_can_lack_a_meaning_or_have_two():
    def found(*wheres, text="# 1 A\n$S$\n\n**(1.2)** T\n\n$S$\n\n**(1.3)** T\n\n$S_1$\n"):
        table = "".join(f"| $S$ | that | {where_} |\n" for where_ in wheres)
        return len(list(unmeant(PAGE, text, meanings(f"| letter | meaning | where |\n|---|---|---|\n{table}"))))

    assert found("1, 2") == found("1", "[(1.2)](layers.md#eq-1-2) to (1.3), 2") == found("1", "(1.3)") == 0
    assert found("2") == 3, "no meaning in the prose and in two statements"
    assert found("1", "1") == 1
    assert found("1", "(1.2)", "(1.2) to (1.3)") == 1
    assert found("(1.2) to (1.3)") == 1
    assert found("1", "(1.3)", text="# 1 A\n$S$\n**(1.2)** T\n$S$\n**(1.3)** T\n") == 1


def test_statements_can_come_too_early():
    late = {n: claim(n, text="*Proof.* By (1.3). ∎" if n == "1.2" else "") for n in ("1.1", "1.2", "1.3")}
    assert len(list(too_early(late))) == 1
    assert list(too_early({n: late[n] for n in ("1.1", "1.3", "1.2")})) == []
    assert len(list(too_early({"1.2": claim(uses=("1.3",)), "1.3": claim("1.3")}))) == 1


def test_titles_can_say_too_little():
    good = {"1.1": claim("1.1", title="Adjoint of the affine map"), "1.2": claim(title="Active units of a VAE")}
    assert list(poor_titles(good)) == []
    for bad in ("Its adjoint", "Bounds", "The gradient", "Adjoint of the affine map"):
        assert list(poor_titles({**good, "1.2": claim(title=bad)})) != []


def test_sources_are_read_as_articles_and_formulas():
    source = "Vincent 2011 (11); 5716 (4), (6) to (8), (comments); 7725 [2]; 4208; 6181 (2)"
    assert cited_formulas(source) == [("5716", f"({n})") for n in (4, 6, 7, 8)] + [("7725", "[2]"), ("6181", "(2)")]
    assert list(poor_sources({"1.2": claim(source=source)})) == []
    assert len(list(poor_sources({"1.2": claim(source="7725 (5), 6181 (2)")}))) == 1


def test_statements_can_be_loose():
    line = {"1.2": [TaggedLine(ROOT / "f.py", 1, "")]}
    assert list(loose([claim(code=("f",)), claim("1.3", about=("1.2",)), claim("1.1", is_claim=False)], line)) == []
    mixed, bare, untagged = claim(code=("f",), about=("1.2",)), claim("1.3"), claim("1.3", code=("f",))
    for bad in (mixed, bare, untagged, claim("1.3", about=("1.4",))):
        assert list(loose([bad], line)) != []


def test_code_can_be_misplaced():
    header = "**(1.3)** T · code [`{}`](../refvae/{}.py)"
    own = {"1.3": [line for line in tagged_lines()["1.3"] if line.path.name == "layers.py"]}
    assert list(misplaced(PAGE, header.format("dense", "layers"), own)) == []
    for function, module in (("tanh", "layers"), ("none", "layers"), ("dense", "trees"), ("dense", "nowhere")):
        assert len(list(misplaced(PAGE, header.format(function, module), own))) == 2


def test_uses_can_go_wrong():
    assert list(misused({"1.1": claim("1.1"), "1.2": claim(uses=("1.1",))})) == []
    circle = {"1.1": claim("1.1", uses=("1.2",)), "1.2": claim("1.2", uses=("1.1",))}
    for bad in (circle, {"1.2": claim(uses=("1.9",))}, {"1.2": claim(uses=("2.1",)), "2.1": claim("2.1")}):
        assert len(list(misused(bad))) == 1


def test_evidence_can_be_thin():
    def findings(*entries, is_claim=True):
        return list(thin({"1.2": claim(is_claim=is_claim)}, entries, {"1.2"}))

    assert findings(evidence("adjoint"), evidence("law")) == []
    assert findings(is_claim=False) == []
    loose_bounds = [evidence("law", bound=1e-3), evidence("montecarlo", bound=1e-12)]
    for bad in ([], [evidence("law")], [evidence("adjoint")], loose_bounds):
        assert len(findings(*bad)) == 1
    assert len(findings(evidence("law"), is_claim=False)) == 1


@pytest.mark.parametrize("fields", [{"eq": "1.99"}, {"eq": "2.2"}, {"wrong": {}}, {"what": ""}])
def test_evidence_can_be_malformed(fields):
    assert list(malformed("layers", [evidence("law"), evidence("limit")], {"1.2"})) == []
    assert len(list(malformed("layers", [evidence("law"), evidence("limit", **fields)], {"1.2"}))) == 1


def test_evidence_can_bear_one_name_twice():
    assert len(list(malformed("layers", [evidence("law"), evidence("law")], {"1.2"}))) == 2
