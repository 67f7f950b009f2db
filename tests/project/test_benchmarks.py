"""The benchmarks run and print their tables. No test checks their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmark_tables import BENCHMARKS, check_tables
from redis_server import WHY_NOT

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {
    "bench_credential_process": {"python -c pass", "sso-plugin credential-process"},
    "bench_configure": {"sso-plugin roles", "first run", "again, no change", "one account"},
    "bench_fleet": {"stock botocore, copied files", "sso_plugin, one store", "4 processes"},
    "bench_listings": {"stock botocore", "sso_plugin, 1000/s"},
    "bench_frozen": {"SSO, stock botocore", "SSO, sso_plugin", "static keys"},
    "bench_processes": {"stock botocore", "sso_plugin"},
    "bench_renewal": {"stock botocore", "sso_plugin"},
    "bench_sealed": {"in clear text", "sealed token, plain roles", "sealed, key in a file"},
    "bench_session": {"static keys", "SSO, stock botocore", "SSO, sso_plugin"},
    "bench_store": {"look at the token", "a turn of the budget", "lock and unlock", "a login"},
    "bench_startup": {"without the start-up file", "with it"},
}

BESIDE_AIOBOTOCORE = {"bench_async"}
"""Tested in the folder of that name."""


def test_every_benchmark_is_tested() -> None:
    """Here, or beside aiobotocore."""
    names = sorted(path.stem for path in BENCHMARKS.glob("bench_*.py"))
    assert names == sorted(ROWS.keys() | BESIDE_AIOBOTOCORE)


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
    if name == "bench_fleet" and WHY_NOT:
        pytest.skip(f"not installed: {WHY_NOT}")
    check_tables(name, ROWS[name], tmp_path)
