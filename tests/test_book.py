"""The book is a site that opens from a disc: no dead link, no request, no formula that does not parse."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest

from refvae.book import site
from refvae.book.formulas import FormulaError, display, mathml
from refvae.book.markdown import BookError, renderer
from refvae.cli import main
from refvae.evidence import run
from refvae.statements import evidence_module, statements

MISSING = [name for name in ("markdown_it", "math_core", "mdit_py_plugins", "pygments") if not find_spec(name)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"the extra `book` is not installed: no {', '.join(MISSING)}")

VOID = {"meta", "link", "img", "input", "br", "hr", "mspace"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The whole site, with the evidence of one statement."""
    results = [run(entry) for entry in evidence_module("vae").ledger.entries if entry.eq == "3.7"]
    return {path.name: path for path in site.build(tmp_path_factory.mktemp("book"), results)}


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


def test_a_dead_link_stops_the_build():
    with pytest.raises(BookError, match=r"links: got 1 that lead nowhere, wanted none: a.html: b.html"):
        site._refuse_dead_links({"a.html": '<a href="b.html">'})


@pytest.mark.parametrize(("tex", "pieces"), [
    ("a=b", ["a", "=b"]), (r"f(a=b)\le c+d", ["f(a=b)", r"\le c+d"]), (r"a,\qquad b", ["a,", "b"]),
    (r"\left.a\right|_{x=0}", [r"\left.a\right|_{x=0}"]), (r"\sum_{i=1}^n i", [r"\sum_{i=1}^n i"])])
def test_long_formulas_break_at_relations(tex, pieces):
    wanted = [mathml(piece if i == 0 or r"\qquad" in tex else "{}" + piece, True) for i, piece in enumerate(pieces)]
    assert re.findall(r"<div[^>]*>(.*?)</div>", display(tex)) == wanted


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    for words, message in ((["--out", str(tmp_path / "file")], "wanted a folder"),
                           (["--out", str(tmp_path / "full")], "which holds other files"), (["-j", "0"], "-j: got 0")):
        assert main(["book", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, message in err, err.count("\n")) == ("", True, 1)


# In a browser

PROBE = """<script>
addEventListener("error", event => { document.title += " ERROR " + event.message; });
addEventListener("load", () => setTimeout(() => {
  const wide = document.documentElement.scrollWidth > innerWidth + 1 ? ["page"] : [];
  for (const node of document.querySelectorAll(".text > p, .text > ul, .text h3, .row")) {
    if (node.scrollWidth > node.clientWidth + 2) wide.push(node.tagName + ":" + node.textContent.trim().slice(0, 60));
  }
  const done = document.createElement("pre");
  done.id = "probe";
  done.textContent = JSON.stringify({ title: document.title, wide, hits: document.querySelectorAll("#hits a").length,
    boxes: document.querySelectorAll("#graph rect").length });
  document.body.append(done);
}, 300));
</script>"""


def probe(page, width, query=""):
    """What the page says of itself in a window of this width."""
    copy = page.with_name(f"probe-{page.name}")
    copy.write_text(page.read_text("utf8").replace("</head>", f"{PROBE}</head>"), "utf8")
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update", f"--window-size={width},900",
             f"--user-data-dir={page.parent / 'profile'}", "--virtual-time-budget=3000", "--dump-dom",
             f"{copy.as_uri()}{query}"]
    shown = subprocess.run(words, capture_output=True, text=True).stdout
    return re.search(r'<pre id="probe">(.*?)</pre>', shown, re.S)[1]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: the pages are not looked at in a browser")
@pytest.mark.parametrize("width", [1280, 500])  # a headless window is never narrower than 500
def test_no_error_and_nothing_wider_than_its_column(pages, width):
    for name in ("vae.html", "entropy.html", "index.html"):
        found = probe(pages[name], width)
        assert "ERROR" not in found
        assert '"wide":[]' in found, (name, found)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: search and graph are not tried in a browser")
def test_search_and_graph_work_from_a_disc(pages):
    assert '"hits":0' not in probe(pages["search.html"], 1280, "?q=reparametrisation")
    assert '"hits":1,' in probe(pages["search.html"], 1280, "?q=3.11")
    assert '"hits":0' in probe(pages["search.html"], 1280, "?q=nonsense")
    assert int(re.search(r'"boxes":(\d+)', probe(pages["graph.html"], 1280, "?focus=3.11&up=2"))[1]) > 5
