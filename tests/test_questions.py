"""Questions of a student: `refvae show` answers each in one step, the search of the site in one and a click."""

import json
import re
from urllib.parse import quote

import pytest

from refvae import search
from refvae.cli import main

QUESTIONS = {  # what is asked -> a statement that answers, among the first five, or the page that is shown
    "where is the gradient of the reparametrisation?": "3.9",
    "what is KSG2?": "6.42",
    "what does (6.20) use?": "6.20",
    "which claims concern the Hessian?": "2.19",
    "where is beta-VAE?": "3.11",
    "what does the article's (41) become here?": "10.33",
    "what is a cotangent?": "1.1",
    "why does the posterior collapse?": "3.33",
    "what is 7343 (5)?": "6.6",
    "where is kl_std_normal?": "3.5",
    "互信息": "6.41",
    "what is straight-through?": "8.6",
    "why is it not the Jensen-Shannon divergence?": "10.10",
    "which is the best denoiser?": "9.2",
    "what does batch normalisation do to a gradient?": "1.19",
}
FIRST = 5


@pytest.mark.parametrize(("question", "number"), QUESTIONS.items())
def test_show_answers(question, number, capsys):
    assert main(["show", question]) == 0
    shown = re.findall(r"^[(\[](\d+\.\d+[a-z]?)[)\]] ", capsys.readouterr().out, re.M)
    assert number in shown[:FIRST]


@pytest.fixture(scope="module")
def index(pages):
    """What the site searches."""
    text = (pages["index.html"].parent / "index.js").read_text("utf8")
    return json.loads(re.search(r"^window\.INDEX=(.*);$", text, re.M)[1])


def test_the_site_searches_what_show_searches(index):
    assert [tuple(each[:3] + each[4:]) for each in index] == [tuple(each) for each in search.entries()]


def test_every_hit_of_the_site_is_a_place(index, pages):
    for _, key, _, href, *_ in index:
        page, _, anchor = href.partition("#")
        assert not anchor or f'id="{anchor}"' in pages[page].read_text("utf8"), key


def test_the_site_answers_as_show_does(pages, chromium):
    for question, number in QUESTIONS.items():
        chromium.open(f"{pages['search.html'].as_uri()}?q={quote(question)}")
        hits = chromium.run("[...document.querySelectorAll('#hits a')].map(link => link.textContent)")
        assert number in [hit.split()[0].strip("()") for hit in hits[:FIRST]], question
        scored = chromium.run("search(document.getElementById('q').value).map(([, entry]) => entry[1])")
        if not re.search(r"\d\.\d", question):
            assert scored == [each.key for _, each in search.found(question)], question
