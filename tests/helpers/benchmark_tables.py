"""Runs a benchmark as `make bench` does, but shorter, and reads the tables that it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["BENCHMARKS", "check_tables"]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def check_tables(name: str, rows: set[str], home: Path) -> None:
    """Check that a benchmark prints these rows with figures, and writes nothing to the home."""
    printed = _run(name, home)

    lines = [line.strip().split("  ") for line in printed.splitlines() if line.startswith("  ")]
    figures = {line[0]: line[1:] for line in lines if line[0] in rows}
    assert figures.keys() == rows
    assert all(any(char.isdigit() for char in "".join(cells)) for cells in figures.values())
    assert list(home.iterdir()) == []


def _run(name: str, home: Path) -> str:
    """Return the output of a benchmark."""
    process = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--quick"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert (process.returncode, process.stderr) == (0, ""), process.stdout
    return process.stdout
