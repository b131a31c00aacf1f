"""The site as a browser shows it, from a disc: nothing asked of a network, no error, nothing wider than its column."""

import base64
import json
import re
import shutil
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from refvae.statements import chapters

READ = [*chapters(), "index", "guide", "notation", "concordance", "testing", "graph", "search", "api-entropy"]
WIDER = """(() => {
  const found = document.documentElement.scrollWidth > innerWidth + 1 ? ["the page"] : [];
  const columns = ".text > p, .text > ul, .text > ol, .text > details, .text h3, .row, .beside, nav, main";
  for (const node of document.querySelectorAll(columns))
    if (node.scrollWidth > node.clientWidth + 2) found.push(node.tagName + ": " + node.textContent.trim().slice(0, 60));
  for (const node of document.querySelectorAll(".formula"))
    if (WIDE && node.scrollWidth > node.clientWidth + 2) found.push("formula: " + node.textContent.trim().slice(0, 60));
  return found;
})()"""


@pytest.mark.parametrize("width", [1280, 390])
def test_no_error_no_request_and_nothing_wider_than_its_column(pages, chromium, width):
    for name in READ:
        chromium.open(pages[f"{name}.html"].as_uri(), width)
        assert chromium.run(WIDER.replace("WIDE", str(width > 600).lower())) == [], name
        assert list(chromium.complaints()) == [], name


def test_an_anchor_lands_below_the_bar_with_its_answer_unfolded(pages, chromium):
    chromium.open(f"{pages['vae.html'].as_uri()}#eq-3-20")
    top = chromium.run("document.getElementById('eq-3-20').getBoundingClientRect().top")
    bar = chromium.run("document.querySelector('nav').getBoundingClientRect().bottom")
    assert 0 < bar - 2 <= top < 450


@pytest.mark.parametrize("event", ["mouseover", "focusin"])
def test_a_number_shows_what_it_stands_for(pages, chromium, event):
    chromium.open(pages["vae.html"].as_uri())
    chromium.run(f"""void document.querySelector('a.eq[href="layers.html#eq-1-2"]')
        .dispatchEvent(new FocusEvent('{event}', {{ bubbles: true }}))""")
    shown = chromium.wait("!document.getElementById('preview').hidden && document.getElementById('preview').innerHTML")
    assert shown.startswith("<b>(1.2) ")
    assert "<math" in shown
    assert list(chromium.complaints()) == []


def test_the_graph_is_drawn_and_walked_by_keyboard(pages, chromium):
    chromium.open(f"{pages['graph.html'].as_uri()}?focus=3.11&up=2")
    assert chromium.run("document.querySelectorAll('#graph rect').length") > 5
    press = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '%s', bubbles: true }))"
    chromium.run("document.getElementById('node-3.11').focus()")
    chromium.run(press % "ArrowRight")
    chosen = chromium.run("document.activeElement.id")
    assert chosen != "node-3.11"
    chromium.run(press % "Enter")
    assert chromium.wait(f"location.search === '?focus={chosen.removeprefix('node-')}&up=2'")
    assert list(chromium.complaints()) == []


def test_a_search_from_any_page_arrives(pages, chromium):
    chromium.open(pages["vae.html"].as_uri())
    chromium.run("document.querySelector('nav input').value = 'reparametrisation'")
    chromium.run("document.querySelector('nav form').requestSubmit()")
    assert chromium.wait("document.querySelector('#hits a')?.textContent").startswith("(3.8) ")
    for query, hits in (("3.11", 1), ("nonsenseword", 0)):
        chromium.open(f"{pages['search.html'].as_uri()}?q={query}")
        assert chromium.run("document.querySelectorAll('#hits a').length") == hits


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.skipif(not find_spec("axe_playwright_python"),
                    reason="no axe-core: pip install --no-deps axe-playwright-python")
def test_axe_finds_nothing_serious(pages, chromium, dark):
    axe = Path(find_spec("axe_playwright_python").origin).with_name("axe.min.js").read_text("utf8")
    for name in ("index", "eae", "guide", "concordance", "search", "graph", "api-vae"):
        chromium.open(pages[f"{name}.html"].as_uri(), dark=dark)
        chromium.run(f"{axe};0")
        found = chromium.run("axe.run({ resultTypes: ['violations'] }).then(found => found.violations.map(each => "
                             "[each.impact, each.id, each.nodes.slice(0, 3).map(node => node.html.slice(0, 160))]))")
        assert [each for each in found if each[0] in ("serious", "critical")] == [], name


@pytest.mark.slow
def test_the_page_for_print_becomes_a_pdf(pages, chromium):
    chromium.open(pages["print.html"].as_uri())
    pdf = chromium.send("Page.printToPDF", preferCSSPageSize=True, transferMode="ReturnAsStream")
    data, done = b"", False
    while not done:
        piece = chromium.send("IO.read", handle=pdf["stream"])
        data, done = data + base64.b64decode(piece["data"]), piece["eof"]
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type */Page\b", data)) > 60


# Firefox, by Marionette, its own protocol


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    """A function (address, script) -> what the script gives on the page."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("no Firefox: the pages are not looked at in it")
    profile = tmp_path_factory.mktemp("firefox")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    run = subprocess.Popen([program, "--headless", "--marionette", "--no-remote", "--profile", profile],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    talk = Marionette(port, run)
    talk("WebDriver:NewSession")
    yield lambda address, script: (talk("WebDriver:Navigate", url=address),
                                   talk("WebDriver:ExecuteScript", script=f"return {script}", args=[])["value"])[1]
    talk("Marionette:Quit", flags=["eForceQuit"])
    talk.stream.close()
    talk.socket.close()
    run.wait()


class Marionette:
    """Messages with their lengths before them, over a socket of this machine."""

    def __init__(self, port, process):
        self.count = 0
        while True:
            assert process.poll() is None, "Firefox ended"
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                continue
        self.stream = self.socket.makefile("rb")
        self.hear()

    def hear(self):
        length = b""
        while (sign := self.stream.read(1)) != b":":
            length += sign
        return json.loads(self.stream.read(int(length)))

    def __call__(self, command, **params):
        self.count += 1
        message = json.dumps([0, self.count, command, params]).encode()
        self.socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self.hear()
        assert error is None, (command, error)
        return result


def test_firefox_sets_the_same_pages(pages, firefox):
    for name in ("vae", "entropy", "index", "guide"):
        assert firefox(pages[f"{name}.html"].as_uri(), WIDER.replace("WIDE", "true")) == [], name
    first = firefox(f"{pages['search.html'].as_uri()}?q=KSG2", "document.querySelector('#hits a').textContent")
    assert first.startswith("(6.42) ")
    boxes = "document.querySelectorAll('#graph rect').length"
    assert firefox(f"{pages['graph.html'].as_uri()}?focus=3.11&up=2", boxes) > 5
