"""Fixtures: an S3 of moto, and a user of the emulator whose processes use both."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def _s3_url() -> Iterator[str]:
    """Start a process with moto's server. Within the process of the tests it changes botocore."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env={**os.environ, "SSO_PLUGIN": "off"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.communicate()


@pytest.fixture
def s3(_s3_url: str, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a user whose processes have an empty bucket `bucket` in S3. No login."""
    for method, path in (("POST", "moto-api/reset"), ("PUT", "bucket")):
        request = urllib.request.Request(f"{_s3_url}/{path}", method=method)
        urllib.request.urlopen(request).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", _s3_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return world
