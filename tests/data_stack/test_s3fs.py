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


ANY_ROLE = """
import s3fs
import sso_plugin

session = sso_plugin.get_aio_session(
    account="staging", role="AdministratorAccess", sso_session="corp", region="eu-central-1"
)
files = s3fs.S3FileSystem(session=session)
files.pipe("bucket/greeting", b"hello")
print(files.cat("bucket/greeting"))
"""


def test_a_file_system_has_the_session_of_any_role(s3: World) -> None:
    """s3fs takes a session of aiobotocore."""
    s3.sign_in()
    done = s3.run(ANY_ROLE)
    assert (done.stdout, done.stderr) == ("b'hello'\n", "")
    [request] = [each for each in s3.emulator.requests if each.operation == "GetRoleCredentials"]
    assert request.account_id == "222222222222"
