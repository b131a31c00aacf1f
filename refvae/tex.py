r"""Formulas as lines of Unicode: `\tfrac12\sum_j\mu_j^2` is ½∑ⱼμⱼ².

No library: of those that there are, pylatexenc drops the bar of a fraction, and unicodeit takes `\log` for `\l`.
"""

from __future__ import annotations

import re
import unicodedata

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|[^\\]", re.S)
WORDS = dict(word.split(":") for word in """
alpha:α beta:β gamma:γ delta:δ epsilon:ϵ varepsilon:ε zeta:ζ eta:η theta:θ kappa:κ lambda:λ mu:μ nu:ν xi:ξ pi:π rho:ρ
varrho:ϱ sigma:σ varsigma:ς tau:τ phi:ϕ varphi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Lambda:Λ Sigma:Σ Phi:Φ Psi:Ψ
Theta:Θ Pi:Π Omega:Ω Xi:Ξ ell:ℓ partial:∂ nabla:∇ infty:∞ sum:∑ prod:∏ int:∫ iint:∬ oint:∮ top:ᵀ star:⋆ ast:∗ circ:∘
bigotimes:⨂ lbrace:{ rbrace:} lbrack:[ rbrack:] lvert:| rvert:| lVert:‖ rVert:‖ langle:⟨ rangle:⟩ lfloor:⌊ rfloor:⌋
lceil:⌈ rceil:⌉ dots:… ldots:… cdots:⋯ vdots:⋮ ddots:⋱ forall:∀ exists:∃ emptyset:∅ prime:′ dagger:† perp:⊥ hbar:ℏ
""".split())
RELATIONS = dict(word.split(" ") for word in """
le ≤|leq ≤|ge ≥|geq ≥|ne ≠|neq ≠|approx ≈|equiv ≡|sim ∼|propto ∝|in ∈|notin ∉|subset ⊂|subseteq ⊆|to →|rightarrow →
leftarrow ←|mapsto ↦|iff ⟺|Longrightarrow ⟹|Rightarrow ⇒|Leftarrow ⇐|Leftrightarrow ⇔|Longleftrightarrow ⟺|lt <|gt >
ll ≪|gg ≫|succeq ⪰|preceq ⪯|mid ∣|Vert ‖|pm ±|mp ∓|times ×|otimes ⊗|odot ⊙|cap ∩|cup ∪|setminus ∖|gtrless ≷
""".strip().replace("\n", "|").split("|"))
BINARY = {"=", "<", ">", ":", *RELATIONS.values()}
SPACES = {"quad": "  ", "qquad": "    ", "thinspace": " ", "medspace": " ", "thickspace": " ", ",": " ", ":": " ",
          ";": " ", " ": " ", "!": "", "negthinspace": "", "left": "", "right": "", "middle": "", "limits": "",
          "displaystyle": "", "big": "", "Big": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "biggl": "",
          "biggr": "", "Biggl": "", "Biggr": "", "bigm": "", "cdot": "·", "{": "{", "}": "}", "|": "‖"}
ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "overline": "\u0305", "dot": "\u0307", "ddot": "\u0308",
           "vec": "\u20d7", "widehat": "\u0302", "widetilde": "\u0303"}
STYLES = {"mathbb": "DOUBLE-STRUCK", "mathcal": "SCRIPT", "mathbf": "BOLD", "mathfrak": "FRAKTUR"}
UP = str.maketrans("0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθιφχ′ᵀ∗",
                   "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᶥᵠᵡ′ᵀ*")
DOWN = str.maketrans("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
CLOSE = {"", ")", "]", "}", "+", "-", "=", ",", ".", ";", "<", ">", "&", "/", *(rf"\{name}" for name in (
    *RELATIONS, "rbrace", "rvert", "rVert", "rangle", "bigr", "Bigr", "biggr", "Biggr", "right", "quad", "qquad", "cr",
    "end", "\\", "text", "cdot", "middle"))}
PLAIN = {",": ", ", "~": " ", "&": "  ", "*": "∗", "'": "′"}
MATRICES, INDEX = {"pmatrix": "()", "bmatrix": "[]", "vmatrix": "||", "array": "  "}, "\1"
PARTS = {"12": "½", "13": "⅓", "14": "¼", "18": "⅛", "23": "⅔", "34": "¾", "16": "⅙", "15": "⅕"}


def formula(tex: str) -> str:
    """A formula in one line of Unicode, or a line for each of its rows."""
    read = re.sub(rf"{INDEX}(?=[^\W¹²³⁰-⁹ᵀ]|[∑∏∫√])", " ", _Reader(tex).read()).replace(INDEX, "")
    return "\n".join(re.sub(r" {2,}(?! {2})", " ", row.replace("    ", "\0")).replace("\0", "    ").strip()
                     for row in re.sub(r"([([{⟨]) +", r"\1", read).split("\n"))


class _Reader:
    """Reads TeX from left to right."""

    def __init__(self, tex: str) -> None:
        self.tokens = TOKEN.findall(tex)
        self.place = 0

    def read(self, end: str = "") -> str:
        """All up to the token `end`."""
        parts: list[str] = []
        while self.place < len(self.tokens) and self.tokens[self.place] != end:
            parts.append(self.part("".join(parts)))
        self.place += 1
        return "".join(parts)

    def part(self, before: str) -> str:
        """The next token with what belongs to it, spaced as formulas are."""
        token = self.take()
        if token.isspace():
            return ""
        if token in "^_":
            return _script(self.argument(), token)
        if token.startswith("\\"):
            return self.macro(token[1:], before)
        if token == "{":
            return self.read("}")
        if token in "+-":
            sign = "−" if token == "-" else "+"
            return f" {sign} " if before.rstrip() and before.rstrip()[-1] not in "([{,=<>⟨|‖∣≤≥→∼≈+−/" else sign
        return f" {token} " if token in BINARY else PLAIN.get(token, token)

    def macro(self, name: str, before: str) -> str:
        """What a command stands for."""
        if name in ("frac", "tfrac", "dfrac"):
            return self.fraction(before)
        if name == "binom":
            return f"C({self.argument()}, {self.argument()})"
        if name == "sqrt":
            return f"√{_grouped(self.argument())}"
        if name in ACCENTS:
            return _accented(self.argument(), ACCENTS[name], name)
        if name in STYLES:
            return "".join(_styled(letter, STYLES[name]) for letter in self.argument())
        if name in ("mathrm", "text", "textbf", "mathit", "operatorname"):
            return self.words()
        if name in ("underbrace", "overbrace"):
            return self.argument()
        if name == "begin":
            return self.environment(self.words())
        return self.symbol(name, before)

    def fraction(self, before: str) -> str:
        """The next two arguments, in brackets if a factor follows."""
        top, bottom = self.argument(), self.argument()
        if top + bottom in PARTS and len(top) == 1:
            return PARTS[top + bottom]
        while self.peek().isspace() or self.peek() in ("\\thinspace", "\\,"):
            self.take()
        quotient = f"{_grouped(top)}/{_grouped(bottom)}"
        quotient = quotient if self.peek() in CLOSE else f"({quotient})"
        return f"{' ' if before[-1:].isalnum() and quotient[0] != '(' else ''}{quotient}"

    def environment(self, name: str) -> str:
        """Rows one below the other, those of a matrix in one line."""
        if name == "array":
            self.argument()
        inside = self.read(r"\end")
        self.words()
        if name not in MATRICES:
            return f"\n{inside}\n"
        rows = "; ".join(" ".join(row.split()) for row in inside.split("\n"))
        return f"{MATRICES[name][0]}{rows}{MATRICES[name][1]}"

    def symbol(self, name: str, before: str) -> str:
        """A letter, a sign, a space or the name of a function."""
        if name in ("\\", "cr"):
            return "\n"
        if name in RELATIONS:
            return f" {RELATIONS[name]} "
        if name in SPACES:
            if name in ("left", "right") and self.peek() == ".":
                self.take()
            return SPACES[name]
        if name in WORDS:
            return WORDS[name]
        return f"{' ' if before[-1:].isalnum() else ''}{name}{' ' if self.peek() not in tuple('([{_^') else ''}"

    def words(self) -> str:
        """The text of an argument, with its spaces."""
        if self.peek() != "{":
            return self.argument()
        end = self.tokens.index("}", self.place)
        inside, self.place = self.tokens[self.place + 1:end], end + 1
        return "".join(inside).replace("\\ ", " ")

    def argument(self) -> str:
        """The next group or token."""
        while self.peek().isspace():
            self.take()
        return self.part("").strip()

    def take(self) -> str:
        """The next token, which is read by this."""
        self.place += 1
        return self.tokens[self.place - 1] if self.place <= len(self.tokens) else " "

    def peek(self) -> str:
        """The next token."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""


def _script(text: str, token: str) -> str:
    bare = text.replace("−", "-").replace(" ", "")
    raised = bare.translate(UP if token == "^" else DOWN)
    if all(old != new or old in "′ᵀ*⋆" for old, new in zip(bare, raised, strict=True)):
        return raised
    return token + (text if len(text) == 1 else f"({text.replace(', ', ',')})") + INDEX


def _grouped(text: str) -> str:
    """In brackets, unless it is one number or one letter with its accents and indices."""
    alone = re.fullmatch(r"√?\d+!?|\([^()]*\)[²³]|\w[\u0302-\u0308\u20d7]*[₀-ₜᵢ-ᵪⱼ⁰-ⁿ²³¹ᵀ′ₐ-ₓ]*|∂?\w[₀-ₜᵢⱼ²³]?", text)
    return text if alone else f"({text})"


def _accented(text: str, accent: str, name: str) -> str:
    return text[:1] + accent + text[1:] if len(re.sub(r"[\u0300-\u036f]", "", text)) <= 1 else f"{name}({text})"


def _styled(letter: str, style: str) -> str:
    kind = "CAPITAL" if letter.isupper() else "SMALL"
    for name in (f"{style} {kind} {letter.upper()}", f"MATHEMATICAL {style} {kind} {letter.upper()}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return letter

