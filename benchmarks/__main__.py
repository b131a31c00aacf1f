"""Every benchmark side by side: python -m benchmarks [--only NAME] [--out FILE].

    steps, steps2   a training step beside PyTorch, JAX and the bare products, on one and on two threads
    energy          a second-order step of an energy network beside PyTorch and JAX
    models          a training step of every other model of `refvae train` beside PyTorch, and the same losses
    svd             truncated SVD beside SciPy and scikit-learn
    stored          truncated SVD of a file and of sparse matrices: time beside bare passes, peak memory, SciPy
    memory          peak memory and two workers of the entropy estimates
    startup         commands and imports that should not keep anybody waiting, and all evidence on two cores
    growth          how cost grows with size, with a figure
    entropy         the estimates beside their peers (benchmarks/entropy.py, its own table)

All methods of a job take turns in one process, whose threads are set before it starts. A ratio is the median over the
rounds of a method's time over ours, of the bare products ours over theirs: CPU time of the process on one thread, wall
time on two. Peers that are not installed are named and left out: pip install torch jax scikit-learn.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path

PEERS = ("numpy", "scipy", "torch", "jax", "scikit-learn")
JOBS = {"steps": ("steps", 1), "steps2": ("steps", 2), "energy": ("energy", 1), "models": ("models", 1),
        "svd": ("svd", 1), "stored": ("stored", 1), "memory": ("memory", 1), "startup": ("startup", 1),
        "growth": ("growth", 1)}
NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def arguments():
    """The command line."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", choices=[*JOBS, "entropy"], action="append", help="this job, and others so named")
    p.add_argument("--out", default=str(Path(__file__).parent / "results.csv"), help="CSV file (default %(default)s)")
    p.add_argument("--child", nargs=2, default=None, help=argparse.SUPPRESS)
    return p.parse_args()


def environment(threads):
    """Threads of BLAS, PyTorch and JAX."""
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" if threads == 1 else ""
    return dict(os.environ, XLA_FLAGS=flags, **dict.fromkeys(NAMES, str(threads)))


def main():
    """Run the jobs one after the other, each in a process of its own."""
    from benchmarks.timing import HEADER, version, write

    a = arguments()
    if a.child:
        return write(a.child[1], import_module(f"benchmarks.{a.child[0]}").main())
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name) or 'not installed, skipped'}" for name in PEERS))
    print(f"{'job':<38}{'method':<34}{'milliseconds':>12} {'ratio':>9}   goal", flush=True)
    rows, part = [], Path(a.out).with_suffix(".part")
    for name in a.only or [*JOBS, "entropy"]:
        if name == "entropy":
            subprocess.run([sys.executable, Path(__file__).parent / "entropy.py", "--quick"], check=True)
            continue
        module, threads = JOBS[name]
        print(f"-- {name}: {threads} thread{'s' * (threads > 1)}", flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks", "--child", module, str(part)], check=True,
                       env=environment(threads))
        rows += part.read_text(encoding="utf-8").splitlines()[1:]
        Path(a.out).write_text("\n".join([",".join(HEADER), *rows]) + "\n", encoding="utf-8")
        part.unlink()


if __name__ == "__main__":
    main()
