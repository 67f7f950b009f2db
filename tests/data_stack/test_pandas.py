"""pandas with files in S3, through s3fs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world import start

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

ROUND_TRIP = """
import os, sys
import pandas
options = {options}
path = "s3://bucket/" + sys.argv[1]
pandas.DataFrame({{"x": [1, 2, 3]}}).to_parquet(path, storage_options=options)
print(pandas.read_parquet(path, storage_options=options)["x"].sum())
# Without options, pandas uses the S3 client of pyarrow, which is not based on botocore.
assert "s3fs" in sys.modules
sys.stdout.flush()
# A thread of pyarrow that returns while Python ends can abort the process.
os._exit(0)
"""


def run_together(code: str, number: int) -> list[tuple[int, str]]:
    """Run a script in several processes; return the exit status and output of each."""
    processes = [start(code, number) for number in range(number)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    return [(one.returncode, out) for one, out in zip(processes, outputs, strict=True)]


@pytest.mark.parametrize("options", [{}, {"profile": "dev"}], ids=["environment", "option"])
def test_processes_share_one_single_use_refresh_token(
    s3: World, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    """Two processes write and read, with an expired token, as the profile that they name."""
    if not options:
        monkeypatch.setenv("AWS_PROFILE", "dev")
    s3.emulator.settings.refresh_tokens = "rotate"
    s3.sign_in(expiresAt=PAST)
    assert run_together(ROUND_TRIP.format(options=options), 2) == [(0, "6\n")] * 2
    assert (s3.count("CreateToken"), s3.count("GetRoleCredentials")) == (1, 1)
