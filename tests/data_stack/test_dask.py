"""Clusters of dask whose workers use S3, through s3fs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

FIRST_USE = """
from dask.distributed import Client, LocalCluster

def use(dask_worker):
    import s3fs
    with s3fs.S3FileSystem(profile="dev").open(f"data/{dask_worker.name}", "w") as file:
        file.write("written")
    return "used"

if __name__ == "__main__":
    with LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            results = client.run(use, on_error="return")
    print(*map(repr, results.values()), sep="\\n")
"""

DATA_FRAME = """
import dask.dataframe
import pandas
from dask.distributed import Client, LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster):
            frame = dask.dataframe.from_pandas(pandas.DataFrame({"x": range(100)}), npartitions=8)
            frame.to_parquet("s3://data/frame")
            print(dask.dataframe.read_parquet("s3://data/frame")["x"].sum().compute())
"""


def test_workers_share_one_single_use_refresh_token(s3: World) -> None:
    """Four processes use S3 for the first time, with an expired token. One renews it for all."""
    s3.emulator.settings.refresh_tokens = "rotate"
    s3.sign_in(expiresAt=PAST)
    done = s3.run(FIRST_USE)
    # On a busy machine, dask warns about workers that take long to end.
    assert done.stdout.splitlines() == ["'used'"] * 4, done.stderr
    assert (s3.count("CreateToken"), s3.count("GetRoleCredentials")) == (1, 1)


def test_a_data_frame_is_written_and_read_by_all_workers(s3: World) -> None:
    """The scheduler's process and its workers use the same credentials."""
    s3.sign_in()
    done = s3.run(DATA_FRAME, AWS_PROFILE="dev")
    assert done.stdout == "4950\n", done.stderr
    assert s3.count("GetRoleCredentials") == 1
