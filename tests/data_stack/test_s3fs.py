"""s3fs, whose event loop runs in a thread of its own, in processes that fork."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from world import World

POOL = """
import multiprocessing
import s3fs

def write(number):
    with s3fs.S3FileSystem(profile="dev").open(f"bucket/{number}", "w") as file:
        file.write(str(number))
    return number

if __name__ == "__main__":
    write(0)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        print(sum(pool.map(write, range(20), chunksize=1)))
"""


def test_a_fork_pool_uses_the_credentials_of_its_parent(s3: World) -> None:
    """The parent has used S3 before. s3fs gives each child a loop and a session of its own."""
    s3.sign_in()
    done = s3.run(POOL)
    assert (done.stdout, done.stderr) == ("190\n", "")
    assert s3.count("GetRoleCredentials") == 1
