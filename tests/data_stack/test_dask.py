"""Clusters of dask whose workers use S3, through s3fs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world import start

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

FIRST_USE = """
from dask.distributed import Client, LocalCluster

def use(dask_worker):
    import s3fs
    with s3fs.S3FileSystem(profile="dev").open(f"bucket/{dask_worker.name}", "w") as file:
        file.write("written")
    return "used"

if __name__ == "__main__":
    with LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            results = client.run(use, on_error="return")
    print(*map(repr, results.values()), sep="\\n")
"""


def test_workers_share_one_single_use_refresh_token(s3: World) -> None:
    """Four processes use S3 for the first time, with an expired token. One renews it for all."""
    s3.emulator.settings.refresh_tokens = "rotate"
    s3.sign_in(expiresAt=PAST)
    printed, _ = start(FIRST_USE).communicate(timeout=300)
    assert printed.splitlines() == ["'used'"] * 4
    assert (s3.count("CreateToken"), s3.count("GetRoleCredentials")) == (1, 1)
