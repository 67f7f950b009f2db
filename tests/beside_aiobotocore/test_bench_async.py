"""The benchmark of async sessions runs and prints its tables. No test checks their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmark_tables import check_tables

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {
    "static keys",
    "stock aiobotocore",
    "stock aiobotocore, short",
    "sso_plugin",
    "sso_plugin, no renewal",
}


@pytest.mark.long
def test_it_prints_its_tables_and_writes_nothing_to_the_home_directory(tmp_path: Path) -> None:
    """The tables have a row with figures for each candidate."""
    check_tables("bench_async", ROWS, tmp_path)
