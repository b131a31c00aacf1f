"""Formulas and pages as plain text, and the spelling of what an encoding lacks."""

import re

import pytest

from refvae import plain  # registers the spelling
from refvae.statements import folder
from refvae.tex import formula

FENCE = re.compile(r"^ *```math\n(.*?)^ *```", re.M | re.S)


@pytest.mark.parametrize(("tex", "text"), [
    (r"\tfrac12\sum_j\bigl(\mu_j^2+\sigma_j^2-\log\sigma_j^2-1\bigr)", "½∑ⱼ(μⱼ² + σⱼ² − log σⱼ² − 1)"),
    (r"\frac{l^2}2\Bigl(1+\frac l3\Bigr)", "(l²/2)(1 + l/3)"),
    (r"\sqrt{\frac{a+b}c}\le\frac{a}{b+c}", "√((a + b)/c) ≤ a/(b + c)"),
    (r"\frac{\partial L}{\partial\mu_j}=-x", "∂L/∂μⱼ = −x"),
    (r"\mathrm{KL}(q\,\Vert\,p)\qquad\mathcal N(0,I)", "KL(q ‖ p)    𝒩(0, I)"),
    (r"L_{i,q}w_q\psi(q)", "L_(i,q) w_q ψ(q)"),
    (r"\hat x\in\mathbb R^d,\overline{ab}", "x̂ ∈ ℝᵈ, overline(ab)"),
    (r"\begin{pmatrix}a&b\cr c&d\end{pmatrix}^\top", "(a b; c d)ᵀ"),
    (r"\begin{aligned}a&=b\\c&=d\end{aligned}", "\na   = b\nc   = d\n"),
    (r"\left.f\right|_{x=0}", "f|ₓ₌₀"), (r"x'(1)\lt-1,\ \binom nk", "x′(1) < −1, C(n, k)")])
def test_formulas_as_unicode(tex, text):
    assert " ".join(formula(tex).split()) == " ".join(text.split())


def test_no_formula_of_the_derivations_keeps_a_command_or_raises():
    for file in folder("derivations").glob("*.md"):
        text = file.read_text("utf8")
        for tex in (*FENCE.findall(text), *re.findall(r"\$([^$\n]+)\$", FENCE.sub("", text))):
            assert not re.search(r"\\|[\0-\t\v-\x1f]", formula(tex)), tex


def test_pages_are_wrapped_and_links_are_words():
    written = f"By [(3.3)](#eq-3-3), *with* `code_ *` {'word ' * 30}\n\n```math\na\\le b\n```\n\n- $x$\n- y"
    text = plain.page(written, 60)
    assert text.startswith("By (3.3), with code_ * word")
    assert "\n\n    a ≤ b\n\n- x\n- y" in text
    assert max(map(len, text.split("\n"))) <= 60


@pytest.mark.parametrize(("encoding", "text"), [
    ("ascii", "1/2 sum_j sigma_j^2 <= ||x_hat|| QED Stogbauer mu sigma \\u4e92"),
    ("cp1252", "½ sum_j sigma_j² <= ||x_hat|| QED Stögbauer mu sigma \\u4e92")])
def test_what_an_encoding_lacks_is_spelt(encoding, text):
    assert "½ ∑ⱼ σⱼ² ≤ ‖x̂‖ ∎ Stögbauer μσ 互".encode(encoding, "spelt").decode(encoding) == text
