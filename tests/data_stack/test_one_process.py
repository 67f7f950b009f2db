"""boto3, aioboto3 and s3fs in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

ALL_AT_ONCE = """
import asyncio
import aioboto3
import boto3
import s3fs

def with_boto3():
    return boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Account"]

def with_s3fs():
    return s3fs.S3FileSystem(profile="dev").ls("bucket")

async def with_aioboto3():
    async with aioboto3.Session(profile_name="dev").client("sts") as sts:
        return (await sts.get_caller_identity())["Account"]

async def main():
    threads = [asyncio.to_thread(call) for call in (with_boto3, with_s3fs) for _ in range(3)]
    tasks = [with_aioboto3() for _ in range(3)]
    return await asyncio.gather(*threads, *tasks)

print(asyncio.run(main()))
"""


def test_threads_and_two_event_loops_share_a_renewal(s3: World) -> None:
    """The threads, the loop of s3fs and the loop of the program need it at the same time."""
    s3.emulator.settings.refresh_tokens = "rotate"
    s3.sign_in(expiresAt=PAST)
    done = s3.run(ALL_AT_ONCE)
    account = "'111111111111'"
    expected = [*[account] * 3, *["[]"] * 3, *[account] * 3]
    assert (done.stdout, done.stderr) == (f"[{', '.join(expected)}]\n", "")
    assert (s3.count("CreateToken"), s3.count("GetRoleCredentials")) == (1, 1)
