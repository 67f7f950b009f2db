"""Measure in turns, so that a busy moment affects all candidates, and print medians."""

from __future__ import annotations

import argparse
import os
import platform
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import botocore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")

SCALES = {"s": 1, "ms": 1e3, "µs": 1e6}


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the argument parser of a benchmark, with the option --quick."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="check only that it runs")
    return parser


def is_quick(description: str | None) -> bool:
    """Parse the arguments of a benchmark that has no other options."""
    return bool(parser(description).parse_args().quick)


def in_turns(
    candidates: Mapping[str, Callable[[], T]], rounds: int, *, warm_up: bool = True
) -> dict[str, list[T]]:
    """Return the results of each candidate in each round. Every second round is in reverse order.

    :param warm_up: whether to run each candidate once before, without counting it.
    """
    results: dict[str, list[T]] = {name: [] for name in candidates}
    if warm_up:
        for run in candidates.values():
            run()
    for number in range(rounds):
        for name in list(candidates)[:: -1 if number % 2 else 1]:
            results[name].append(candidates[name]())
    return results


def compare(title: str, results: Mapping[str, Sequence[float]], unit: str) -> None:
    """Print the times of each candidate, and the ratio to the first candidate."""
    scale, base = SCALES[unit], median(next(iter(results.values())))
    rounds = len(next(iter(results.values())))
    table(
        f"{title}; rounds: {rounds}",
        ("", "median", "fastest", "ratio"),
        (
            (
                name,
                f"{median(times) * scale:.2f} {unit}",
                f"{min(times) * scale:.2f} {unit}",
                f"{median(times) / base:.2f} x",
            )
            for name, times in results.items()
        ),
    )


def duration(seconds: float) -> str:
    """Return a time with a suitable unit."""
    unit = next((unit for unit, scale in SCALES.items() if seconds * scale >= 1), "µs")
    return f"{seconds * SCALES[unit]:.1f} {unit}"


def span(counts: Sequence[float]) -> str:
    """Return the range of the counts, which depend on chance."""
    least, most = min(counts), max(counts)
    return f"{least:.0f}" if least == most else f"{least:.0f} to {most:.0f}"


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, with versions and processors, because they affect the figures."""
    lines = [heads, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(
        f"\n{title} (Python {platform.python_version()}, botocore {botocore.__version__}, ", end=""
    )
    print(f"{os.cpu_count()} processors)")
    for name, *cells in lines:
        figures = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        print("  ".join(["", name.ljust(widths[0]), *figures]), flush=True)
