"""The book is a site that opens from a disc: no dead link, no request, no formula that does not parse."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest

from refvae.book import site
from refvae.book.formulas import FormulaError, display, inline, mathml
from refvae.book.markdown import BookError, renderer
from refvae.cli import main
from refvae.pictures import mark, stale
from refvae.statements import OURS, statements

MISSING = [name for name in ("markdown_it", "math_core", "mdit_py_plugins", "pygments") if not find_spec(name)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"the extra `book` is not installed: no {', '.join(MISSING)}")

VOID = {"meta", "link", "img", "input", "br", "hr", "mspace", "wbr"}


class Balanced(HTMLParser):
    """Reads a page and keeps the elements that are open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, (tag, self.getpos())


def test_every_statement_has_its_place_and_every_page_is_balanced(pages):
    for name, path in pages.items():
        reader = Balanced()
        reader.feed(path.read_text("utf8"))
        assert not reader.open, name
    for s in statements().values():
        assert f'id="eq-{s.number.replace(".", "-")}"' in pages[f"{s.chapter}.html"].read_text("utf8")


def test_nothing_is_asked_of_a_network(pages):
    folder = pages["index.html"].parent
    loads = re.compile(r"<(?:script|link|img|iframe)[^>]*https?:|url\(\W?https?:|@import|fetch\(|XMLHttp|import\(")
    for path in folder.rglob("*"):
        if path.suffix in (".html", ".js", ".css"):
            assert not loads.search(path.read_text("utf8")), path.name


def test_a_statement_shows_its_code_evidence_and_neighbours(pages):
    text = pages["vae.html"].read_text("utf8")
    part = text[text.index('id="eq-3-7"'):text.index('id="eq-3-8"')]
    assert "refvae/vae/normal.py:" in part
    assert "Would you have seen it?" in part
    assert "half forgotten: rejected" in part
    assert "proved exactly" in part
    assert 'href="vae.html#eq-3-5"' in part
    assert "Used by" in part


def test_sizes(pages):
    sizes = {name: path.stat().st_size for name, path in pages.items()}
    assert {name: size for name, size in sizes.items() if size > 2**20 and name != "print.html"} == {}
    assert sum(path.stat().st_size for path in pages["index.html"].parent.rglob("*")) < 15 * 2**20


@pytest.mark.parametrize(("text", "error", "message"), [
    ("see (3.999)", BookError, r"no derivation states \(3.999\)"),
    ("$\\frac{1}{$", FormulaError, r"in '\\\\frac\{1\}\{'")])
def test_what_is_wrong_on_a_page_stops_the_build(text, error, message):
    with pytest.raises(error, match=message):
        renderer(lambda target: target).render(text)


def test_a_stale_figure_stops_the_build(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text('"""A picture."""\n\nx = 1\n')
    book = replace(OURS, figures=tmp_path)
    (tmp_path / "a.svg").write_text(f"<svg/>{mark('a', book)}")
    (tmp_path / "a.py").write_text('"""Another header."""\n\n# why\nx = 1\n')
    assert stale(book) == []
    (tmp_path / "a.py").write_text("x = 2\n")
    assert stale(book) == ["a"]
    monkeypatch.setattr(site, "stale", lambda _: ["a"])
    with pytest.raises(BookError, match="figures: got a of other lines than their modules have now"):
        site.build(tmp_path / "out", [])


def test_a_dead_link_stops_the_build():
    with pytest.raises(BookError, match=r"links: got 1 that lead nowhere, wanted none: a.html: b.html"):
        site._refuse_dead_links({"a.html": '<a href="b.html">'})


@pytest.mark.parametrize(("tex", "pieces"), [
    ("a=b", ["a", "=b"]), (r"f(a=b)\le c+d", ["f(a=b)", r"\le c+d"]), (r"a,\qquad b", ["a,", "b"]),
    (r"\left.a\right|_{x=0}", [r"\left.a\right|_{x=0}"]), (r"\sum_{i=1}^n i", [r"\sum_{i=1}^n i"])])
def test_long_formulas_break_at_relations(tex, pieces):
    wanted = [mathml(piece if i == 0 or r"\qquad" in tex else "{}" + piece, True) for i, piece in enumerate(pieces)]
    assert re.findall(r"<div[^>]*>(.*?)</div>", display(tex)) == wanted


def test_a_long_formula_in_a_line_may_break_and_says_the_same():
    tex = r"a_{1}+b_{1}=c_{1}+d_{1}+e_{1}+f_{1}+g_{1}\le h_{1}+i_{1}+j_{1}"
    assert inline(tex).count("<wbr>") == 2
    assert inline("a=b") == mathml("a=b", False)


def test_what_the_converter_sets_wrongly_is_mended():
    assert "<msup><mrow><mo minsize" in mathml(r"\Bigl(x\Bigr)^2", True)
    assert '<mrow class="over"' in mathml(r"\overline{\log\sigma^2}", False)
    assert '<mrow class="over"' not in mathml(r"\overline{\hat H}", False)


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    for words, message in ((["--out", str(tmp_path / "file")], "wanted a folder"),
                           (["--out", str(tmp_path / "full")], "which holds other files"), (["-j", "0"], "-j: got 0")):
        assert main(["book", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, message in err, err.count("\n")) == ("", True, 1)
