"""The laws of refvae.laws held against packages that people use: which hold, which break, and on what input.

    pip install npeet_plus entropy_estimators infomeasure ennemi scikit-learn numpy-ml
    python benchmarks/peers.py                  # all that are installed, about a minute; the others are named
    python benchmarks/peers.py "ennemi: mi"     # one of them, with every counterexample in full
    python benchmarks/peers.py --markdown       # the table and the list of PEERS.md

A subject says what its documentation promises and, for each law that it is known to break, why. A law that breaks and
is not in that list, or is in it and holds, makes the exit code 1: then PEERS.md is out of date.
"""

from __future__ import annotations

import argparse
import collections
import collections.abc
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import numpy as np

from refvae.laws import CATALOGUES, LawReport, of_object

INF = np.inf


@dataclass(frozen=True)
class Peer:
    """Somebody's function, what it promises, and what was seen."""

    package: str
    name: str
    kind: str
    load: Callable[[], Any]
    promises: str
    breaks: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> LawReport:
        """Hold it to the laws of its kind."""
        return CATALOGUES[self.kind].check(self.load(), self.breaks, **self.settings)


# Adapters: nats, rows, orders by the name k


def npeet(name: str) -> Callable[..., Any]:
    import npeet_plus

    return lambda *args, k: getattr(npeet_plus, name)(*args, k=k, base=np.e)


def continuous(name: str, **settings: Any) -> Callable[..., Any]:
    from entropy_estimators import continuous as module

    return lambda *args, k: getattr(module, name)(*args, k=k, **settings)


def infomeasure(name: str, **settings: Any) -> Callable[..., Any]:
    import infomeasure as im

    def f(*args: Any, k: int) -> Any:
        given = {"cond": args[2]} if len(args) == 3 else {}
        return getattr(im, name)(*args[:2], approach="metric", k=k, noise_level=0, base="e", **given, **settings)

    return f


def ennemi_entropy() -> Callable[..., Any]:
    import ennemi

    return lambda x, k: ennemi.estimate_entropy(x, k=k, multidim=True)


def ennemi_mi() -> Callable[..., Any]:
    import ennemi

    return lambda x, y, k: np.squeeze(ennemi.estimate_mi(y[:, 0], x[:, 0], k=k, preprocess=False))


def sklearn_mi() -> Callable[..., Any]:
    from sklearn.feature_selection import mutual_info_regression

    return lambda x, y, k: mutual_info_regression(x, y[:, 0], n_neighbors=k, random_state=0)[0]


def scipy_entropy() -> Callable[..., Any]:
    from scipy.stats import differential_entropy

    return lambda x: differential_entropy(x[:, 0])


def numpy_ml(name: str, parameters: tuple[str, ...], **settings: Any) -> Any:
    collections.Hashable = collections.abc.Hashable  # type: ignore[attr-defined]  # so that it can be imported at all
    from numpy_ml.neural_nets import layers

    def make(*values: Any) -> Any:
        layer = getattr(layers, name)(**settings)
        layer.n_in, layer.n_out = 6, values[0].shape[-1]
        layer._init_params()
        layer.parameters.update(zip(parameters, (value.copy() for value in values), strict=True))
        return layer

    return of_object(make, gradients=lambda layer: tuple(layer.gradients[each] for each in parameters))


RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((7, 6)), RNG.standard_normal((6, 3)), RNG.standard_normal((1, 3))
SCALE, SHIFT = RNG.uniform(0.5, 2, 6), RNG.standard_normal(6)

JITTER = "1e-10 of uniform noise is added whatever the units, as documented; data of that size drown in it"
SQUARES = "squares of distances leave the range of floats; nothing is said of such scales"
NOISE_COPIES = "the noise on x and on y is not the same, so that a variable is no copy of itself"
TIES = "the noise breaks ties of whole numbers by chance, as documented"

SHRUNK = "radii are made smaller by {}, whatever the units: on large numbers that is nothing, and ends are counted"
FLOOR = "the noise is 1e-10 of the mean size of a column, and of 1 if that is smaller: data of 1e-18 drown in it"
SCALED = "columns are divided by their standard deviations before, as documented: other neighbours"

PEERS = (
    Peer("npeet_plus", "entropy", "entropy", lambda: npeet("entropy"),
         "Kozachenko and Leonenko's estimate, maximum norm, noise of 1e-10 against ties",
         {"powers of two": JITTER, "extreme scales": JITTER}, {"norm": INF, "tol": 1e-6}),
    Peer("npeet_plus", "mi", "information", lambda: npeet("mi"),
         "the first estimate of Kraskov et al. 2004, noise of 1e-10 against ties",
         {"common scalings": SHRUNK.format("1e-15"),
          "never above the bound": NOISE_COPIES, "whole numbers in any type": TIES}, {"tol": 1e-6}),
    Peer("npeet_plus", "cmi", "information", lambda: npeet("cmi"),
         "the estimate of Frenzel and Pompe 2007, noise of 1e-10 against ties",
         {"common scalings": "as in mi", "whole numbers in any type": TIES}, {"kind": "conditional", "tol": 1e-6}),
    Peer("npeet_plus", "kldiv", "divergence", lambda: npeet("kldiv"),
         "the estimate of Wang, Kulkarni and Verdu 2009, maximum norm, log m / (n - 1)", {},
         {"norm": INF, "constant": "log(m / (n - 1))"}),
    Peer("entropy_estimators", "get_h, max", "entropy", lambda: continuous("get_h", norm="max"),
         "Kozachenko and Leonenko's estimate in nats", {}, {"norm": INF}),
    Peer("entropy_estimators", "get_h, euclidean", "entropy", lambda: continuous("get_h", norm="euclidean"),
         "the same with Euclidean distances", {
             "extreme scales": SQUARES,
             **dict.fromkeys(("two points", "simplex", "cross polytope", "the definition", "points that coincide",
                              "mean over all orders", "normal and uniform law"),
                             "the volume of the ball of radius 1 goes with distances that are doubled: d log 2 too much"
                             "; a comment in the source asks where the 2 comes from")}),
    Peer("entropy_estimators", "get_mi", "information", lambda: continuous("get_mi"),
         "the first estimate of Kraskov et al. 2004, (8)", dict.fromkeys(
             ("never above the bound", "the counts", "all permutations"),
             "the source says that neighbours nearer than eps are counted, and counts those at eps too")),
    Peer("entropy_estimators", "get_pmi", "information", lambda: continuous("get_pmi"),
         "the estimate of Frenzel and Pompe 2007",
         {"the counts": "neighbours at the distance eps are counted, as in get_mi"}, {"kind": "conditional"}),
    Peer("infomeasure", "entropy", "entropy", lambda: infomeasure("entropy"),
         "Kozachenko and Leonenko's estimate, maximum norm", {}, {"norm": INF}),
    Peer("infomeasure", "entropy, Euclidean", "entropy", lambda: infomeasure("entropy", minkowski_p=2),
         "the same with minkowski_p = 2", {"extreme scales": SQUARES}),
    Peer("infomeasure", "mutual_information", "information", lambda: infomeasure("mutual_information"),
         "the first estimate of Kraskov et al. 2004"),
    Peer("infomeasure", "mutual_information, ksg_id = 2", "information",
         lambda: infomeasure("mutual_information", ksg_id=2),
         'the second estimate of Kraskov et al. 2004: "non-strict inequality and a modified formula"', dict.fromkeys(
             ("the counts", "all permutations", "normal variables"),
             "counts are taken within the joint distance in both spaces and hold the point itself; (9) of the paper "
             "counts the others within an extent of each space: correlated by .9 it gives about .48 for .83"),
         {"method": "ksg2"}),
    Peer("infomeasure", "conditional_mutual_information", "information", lambda: infomeasure("cmi"),
         "the estimate of Frenzel and Pompe 2007", {}, {"kind": "conditional"}),
    Peer("ennemi", "estimate_entropy", "entropy", ennemi_entropy, "Kraskov et al. 2004, maximum norm, in nats", {},
         {"norm": INF, "tol": 2e-5}),
    Peer("ennemi", "estimate_mi", "information", ennemi_mi, "the first estimate of Kraskov et al. 2004, preprocess off",
         {"common scalings": SHRUNK.format("1e-12")}, {"tol": 1e-4, "scalar": True}),
    Peer("scikit-learn", "mutual_info_regression", "information", sklearn_mi,
         "the first estimate of Kraskov et al. 2004, columns scaled, noise, cut off at 0", {
             "separate translations": "noise has the size of the mean, as documented: far from 0 it is all there is",
             "common scalings": FLOOR, "never above the bound": NOISE_COPIES, "the counts": SCALED,
             "all permutations": "negative estimates are cut off at 0, as documented: the mean is no longer 0"},
         {"scalar": True}),
    Peer("scipy", "differential_entropy", "entropy", scipy_entropy, "spacings on a line", {
             "whole numbers in any type": "float32 is computed with in single precision"},
         {"norm": None, "k": None, "scalar": True}),
    Peer("numpy-ml", "FullyConnected, Tanh", "layer",
         lambda: numpy_ml("FullyConnected", ("W", "b"), n_out=3, act_fn="Tanh"), "forward and backward", {},
         {"args": (W, B, X)}),
    Peer("numpy-ml", "BatchNorm1D", "layer", lambda: numpy_ml("BatchNorm1D", ("scaler", "intercept")),
         "forward and backward", {}, {"args": (SCALE, SHIFT, X)}),
    Peer("numpy-ml", "LayerNorm1D", "layer", lambda: numpy_ml("LayerNorm1D", ("scaler", "intercept")),
         "forward and backward", {}, {"args": (SCALE, SHIFT, X)}),
)


def version(peer: Peer) -> str | None:
    """The installed version, or None."""
    try:
        return metadata.version(peer.package)
    except metadata.PackageNotFoundError:
        return None


def row(peer: Peer, report: LawReport) -> str:
    """A line of the table of PEERS.md."""
    broken, skipped = report.count("BROKEN"), report.count("skipped")
    kept = len(report.judgements) - broken - skipped
    return f"| {peer.package} {version(peer)} | {peer.name} | {peer.promises} | {kept} | {broken} | {skipped} |"


def main() -> int:
    """Exit code 1 if anything is otherwise than it is written down here."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("subject", nargs="?", default="", help="package: name, or the beginning of it")
    p.add_argument("--markdown", action="store_true", help="print the table and the list of PEERS.md")
    chosen = p.parse_args()
    warnings.simplefilter("ignore")
    surprises = 0
    for peer in (peer for peer in PEERS if f"{peer.package}: {peer.name}".startswith(chosen.subject)):
        if version(peer) is None:
            print(f"skipped: {peer.package} is not installed", file=sys.stderr)
            continue
        report = peer.run()
        surprises += len(report.failures)
        if chosen.markdown:
            print(row(peer, report))
            continue
        print(f"{peer.package} {version(peer)}: {peer.name}\n{report}")
        for one in report.judgements if chosen.subject else ():
            if one.verdict == "BROKEN" and one.law.name in peer.breaks:
                print(f"{one}\n  seen: {peer.breaks[one.law.name]}")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
