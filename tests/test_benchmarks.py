"""What the benchmarks say of themselves without being run: the figure of growth is what its table gives."""

from importlib import import_module
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import pytest

from refvae.figures import save
from refvae.svg import difference, matplotlib_version

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "benchmarks" / "growth.svg"


@pytest.fixture
def growth(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return import_module("benchmarks.growth")


def test_the_committed_figure_of_growth_is_the_one_that_its_table_gives(growth):
    if (theirs := matplotlib_version(PICTURE)) != mpl.__version__:
        pytest.skip(f"{PICTURE.name} was drawn by Matplotlib {theirs}, this is {mpl.__version__}")
    drawn = BytesIO()
    save(growth.draw(*growth.read()), drawn)
    drawn.seek(0)
    assert difference(drawn, PICTURE) is None, "run `python -m benchmarks.growth` and look at what changed"


def test_every_main_job_is_in_the_table_over_two_and_a_half_decades(growth):
    table, where = growth.read()
    assert [*table] == [(job.group, job.name, job.grows, job.law, job.least) for job in growth.JOBS]
    assert all(n[-1] >= 10**2.5 * n[0] and (n >= job[-1]).sum() >= 3 for job, (n, _) in table.items())
    assert "one thread" in where


def test_an_exponent_is_that_of_the_power_from_a_size_on(growth):
    n = growth.sizes(10, 100_000)
    assert growth.exponent(n, [1e6 if size < 100 else size**1.5 for size in n], 100) == pytest.approx(1.5)
