"""Time and memory of the nearest-neighbour estimates beside named peers, on one thread, and the bounds to be held.

    python benchmarks/entropy.py               # about three minutes; the last row about one of them
    python benchmarks/entropy.py --quick       # fewer rounds, without n = 1e5
    python benchmarks/entropy.py --choice      # tree against products on many kinds of data: the rule of "auto"

All methods take the same sample in the same run, in turns; what is printed is CPU time of the process, the least of all
rounds, and its ratio to ours. Peers: pip install npeet_plus entropy_estimators infomeasure scikit-learn pykdtree; those
missing are skipped. They use the maximum norm, except scikit-learn; ours and the bare tree are Euclidean.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

K = 3
METHODS = ("tree", "products", "auto")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def arguments():
    """The command line."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="fewer rounds, without n = 1e5")
    p.add_argument("--choice", action="store_true", help="tree against products, and what the probe chooses")
    p.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return p.parse_args()


def least(methods, rounds):
    """CPU milliseconds of every method, the least of all rounds, in turns; the first of several is a rehearsal."""
    seconds = {name: [] for name in methods}
    for turn in range(rounds + 1):
        for name, method in methods.items():
            start = time.process_time()
            method()
            if turn or rounds == 1:
                seconds[name].append(time.process_time() - start)
    return {name: 1e3 * min(all_) for name, all_ in seconds.items()}


def bare_tree(x):
    """SciPy's tree with its defaults, built and queried."""
    from scipy.spatial import cKDTree

    return lambda: cKDTree(x).query(x, K + 1)


def entropy_peers(x):
    """Entropies of three packages, and the search of scikit-learn."""
    peers = {}
    try:
        from npeet_plus import entropy
        peers["npeet_plus"] = lambda: entropy(x, k=K)
    except ImportError:
        pass
    try:
        from entropy_estimators import continuous
        peers["entropy_estimators"] = lambda: continuous.get_h(x, k=K)
    except ImportError:
        pass
    try:
        import infomeasure
        peers["infomeasure"] = lambda: infomeasure.entropy(x, approach="metric", k=K)
    except ImportError:
        pass
    try:
        from sklearn.neighbors import NearestNeighbors
        kind = "brute" if x.shape[1] >= 8 else "auto"
        peers[f"scikit-learn ({kind})"] = lambda: NearestNeighbors(n_neighbors=K, algorithm=kind).fit(x).kneighbors()
    except ImportError:
        pass
    return peers


def search_peers(x):
    """The search of pykdtree, which is Euclidean and exact to rounding."""
    try:
        from pykdtree.kdtree import KDTree
    except ImportError:
        return {}
    return {"pykdtree (search)": lambda: KDTree(x).query(x, K + 1)}


def information_peers(x, y):
    """Mutual information of numbers by two packages."""
    peers = {}
    try:
        from npeet_plus import mi
        peers["npeet_plus"] = lambda: mi(x, y, k=K)
    except ImportError:
        pass
    try:
        from sklearn.feature_selection import mutual_info_regression
        peers["scikit-learn"] = lambda: mutual_info_regression(x, y[:, 0], n_neighbors=K, random_state=0)
    except ImportError:
        pass
    return peers


def row(title, methods, rounds, bounds, at_most=False):
    """Time the methods, the first of which is ours, and print every ratio with its bound, a number or one for each."""
    times = least(methods, rounds)
    ours = next(iter(times.values()))
    print(f"\n{title}: ours {ours:.2f} ms")
    for name, ms in list(times.items())[1:]:
        ratio = ours / ms if at_most else ms / ours
        bound = bounds.get(name.split(" (")[0]) if isinstance(bounds, dict) else bounds
        print(f"    {name:<26}{ms:10.2f} ms   {'ours / it' if at_most else 'it / ours'} {ratio:6.2f}"
              f"{verdict(ratio, bound, at_most)}")


def verdict(value, bound, at_most=False):
    """The bound and whether it holds."""
    if bound is None:
        return ""
    held = value <= bound if at_most else value >= bound
    return f"   wanted {'<=' if at_most else '>='} {bound}   {'holds' if held else 'FALLS SHORT'}"


def entropies(rng, rounds):
    """n = 1e4: every peer at d = 1, the bare tree at d = 2 to 7, all at d = 20."""
    from refvae.entropy import knn_entropy

    for d in (1, 2, 3, 5, 7, 20):
        x = rng.standard_normal((10_000, d))
        methods = {"ours": lambda x=x: knn_entropy(x, K)}
        if d == 1:
            row("n = 1e4, d = 1", {**methods, "bare tree": bare_tree(x), **entropy_peers(x)}, 4 * rounds, 6)
        elif d < 8:
            row(f"n = 1e4, d = {d}", {**methods, "bare tree": bare_tree(x), **search_peers(x)}, 20 * rounds // d,
                {"bare tree": 1.1}, at_most=True)
        else:
            bounds = {name: 10 for name in ("npeet_plus", "entropy_estimators", "infomeasure")} | {"scikit-learn": 1.7}
            row(f"n = 1e4, d = {d}", {**methods, "bare tree": bare_tree(x), **entropy_peers(x)}, rounds, bounds)


def information(rng, rounds):
    """KSG1 of two columns of numbers with correlation 0.6."""
    from refvae.entropy import mutual_information

    x = rng.standard_normal((10_000, 1))
    y = 0.6 * x + 0.8 * rng.standard_normal((10_000, 1))
    row("KSG1, n = 1e4, 1 x 1", {"ours": lambda: mutual_information(x, y, K), **information_peers(x, y)}, rounds, 2.5)


def gradients(rng, rounds):
    """Value and gradient of the layer against the value."""
    from refvae.entropy import knn_entropy, knn_entropy_layer, neighbours

    for d in (1, 2, 5, 20):
        x = rng.standard_normal((10_000, d))
        row(f"value and gradient, n = 1e4, d = {d}", {
            "value and gradient": lambda x=x: knn_entropy_layer(x, neighbours(x, K).idx)[1](1.0),
            "value": lambda x=x: knn_entropy(x, K)}, 2 * rounds, 1.1, at_most=True)


def large(rng):
    """n = 1e5, d = 15: the tree is queried for every 50th row only, and its time multiplied."""
    import numpy as np
    from scipy.spatial import cKDTree

    from refvae.entropy import knn_entropy

    x = rng.standard_normal((100_000, 15))
    build = least({"build": lambda: cKDTree(x)}, 1)["build"]
    tree, some = cKDTree(x), np.ascontiguousarray(x[::50])
    times = least({"ours": lambda: knn_entropy(x, K), "tree": lambda: tree.query(some, K + 1)}, 1)
    ratio = (build + 50 * times["tree"]) / times["ours"]
    seconds = (build + 50 * times["tree"]) / 1e3
    print(f"\nn = 1e5, d = 15: ours {times['ours'] / 1e3:.1f} s, bare tree {seconds:.0f} s (from "
          f"2000 rows): it / ours {ratio:.1f}{verdict(ratio, 10)}")


def memory():
    """Peak memory of a process that estimates the entropy of 1e5 points in 20 dimensions."""
    if sys.platform == "win32":
        return print("\npeak memory: not measured on Windows")
    subprocess.run([sys.executable, __file__, "--child"], check=True)


def child():
    """The measured process."""
    import resource

    import numpy as np

    from refvae.entropy import knn_entropy

    start = time.process_time()
    knn_entropy(np.random.default_rng(0).standard_normal((100_000, 20)), K)
    unit = 2**30 if sys.platform == "darwin" else 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"\nn = 1e5, d = 20: {time.process_time() - start:.1f} s, peak memory of the process {peak:.2f} GiB"
          f"{verdict(peak, 1, at_most=True)}")


def kinds(rng, n):
    """Data of many kinds, by name."""
    import numpy as np

    def clusters(d, width):
        return 5 * rng.standard_normal((10, d))[rng.integers(0, 10, n)] + width * rng.standard_normal((n, d))

    yield from ((f"normal, d = {d}", rng.standard_normal((n, d))) for d in (8, 10, 15, 20, 100))
    yield from ((f"{q} dimensions bent into 20", np.tanh(rng.standard_normal((n, q)) @ rng.standard_normal((q, 20))))
                for q in (2, 3, 5, 8))
    yield from ((f"10 clusters of width {width}, d = {d}", clusters(d, width)) for d in (10, 20) for width in (1, 0.01))
    yield "uniform, d = 10", rng.random((n, 10))
    yield "Cauchy coordinates, d = 10", rng.standard_cauchy((n, 10))


def choice(rng):
    """What the probe of "auto" chooses, and what it would have cost to choose otherwise."""
    from refvae.entropy import neighbours
    from refvae.entropy.products import pays

    print(f"{'CPU ms, k = 3':<40}{'tree':>10}{'products':>10}{'auto':>10}   chosen")
    for n in (1000, 10_000):
        for name, x in kinds(rng, n):
            ms = least({how: lambda x=x, how=how: neighbours(x, K, method=how) for how in METHODS}, 1)
            print(f"n = {n:<6} {name:<29}{ms['tree']:10.1f}{ms['products']:10.1f}{ms['auto']:10.1f}   "
                  f"{'products' if pays(x, x, K, True) else 'tree'}")


def main():
    """Set the threads to one, then measure."""
    a = arguments()
    if any(os.environ.get(name) != "1" for name in THREADS):
        environment = dict(os.environ, **dict.fromkeys(THREADS, "1"))
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=True)
    if a.child:
        return child()
    import numpy as np

    rng = np.random.default_rng(0)
    print("one thread (BLAS, OpenMP, tree); CPU time, least of rounds in turns; k = 3")
    if a.choice:
        return choice(rng)
    rounds = 2 if a.quick else 5
    entropies(rng, rounds)
    information(rng, rounds)
    gradients(rng, rounds)
    if not a.quick:
        large(rng)
        memory()


if __name__ == "__main__":
    main()
