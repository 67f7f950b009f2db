"""Arrays of zarr in S3, through fsspec and s3fs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from world import World

ROUND_TRIP = """
import numpy
import zarr

options = {"profile": "dev"}
array = zarr.create_array(
    "s3://bucket/array", shape=(40, 40), chunks=(10, 10), dtype="i4", storage_options=options
)
array[:] = numpy.arange(1600).reshape(40, 40)
print(zarr.open_array("s3://bucket/array", mode="r", storage_options=options)[:].sum())
"""


def test_an_array_is_written_and_read(s3: World) -> None:
    """All chunks, at the same time, with one request for credentials."""
    s3.sign_in()
    done = s3.run(ROUND_TRIP)
    assert (done.stdout, done.stderr) == ("1279200\n", "")
    assert s3.count("GetRoleCredentials") == 1
