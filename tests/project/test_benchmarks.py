"""The benchmarks run and print their tables. No test checks their figures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

ROWS = {
    "bench_credential_process": {"python -c pass", "sso-plugin credential-process"},
    "bench_listings": {"stock botocore", "sso_plugin, 1000/s"},
    "bench_frozen": {"SSO, stock botocore", "SSO, sso_plugin", "static keys"},
    "bench_processes": {"stock botocore", "sso_plugin"},
    "bench_renewal": {"stock botocore", "sso_plugin"},
    "bench_session": {"static keys", "SSO, stock botocore", "SSO, sso_plugin"},
    "bench_startup": {"without the start-up file", "with it"},
}


def run(name: str, home: Path) -> str:
    """Run a benchmark as `make bench` does, but shorter; return its output."""
    process = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--quick"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert (process.returncode, process.stderr) == (0, ""), process.stdout
    return process.stdout


def test_every_benchmark_is_tested() -> None:
    assert sorted(path.stem for path in BENCHMARKS.glob("bench_*.py")) == sorted(ROWS)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        name if name == "bench_startup" else pytest.param(name, marks=pytest.mark.long)
        for name in ROWS
    ],
)
def test_it_prints_its_table_and_writes_nothing_to_the_home_directory(
    name: str, tmp_path: Path
) -> None:
    """The table has a row with figures for each candidate."""
    printed = run(name, tmp_path)

    rows = [line.strip().split("  ") for line in printed.splitlines() if line.startswith("  ")]
    figures = {row[0]: row[1:] for row in rows if row[0] in ROWS[name]}
    assert figures.keys() == ROWS[name]
    assert all(any(char.isdigit() for char in "".join(cells)) for cells in figures.values())
    assert list(tmp_path.iterdir()) == []
