"""The fixtures of the pytest plugin, in a separate test run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.emulator import Emulator

PLUGIN = ["-p", "no:cacheprovider", "-p", "sso_plugin.emulator.pytest_plugin"]

TESTS = """
import urllib.error, urllib.request

def test_one(sso_emulator):
    try:
        urllib.request.urlopen(sso_emulator.url + "/no/such/thing")
    except urllib.error.HTTPError as error:
        error.close()

def test_two(sso_emulator):
    assert sso_emulator.requests.count() == 0
"""


@pytest.mark.long
def test_an_unknown_request_fails_the_test_that_sent_it(tmp_path: Path) -> None:
    """The next test gets an emulator that was reset."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_inner.py").write_text(TESTS)

    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *PLUGIN],
        cwd=tmp_path,
        # Without autoload, pytest does not import plugins that are not needed here.
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    ).stdout

    assert "2 passed, 1 error" in outcome
    assert "ERROR test_inner.py::test_one" in outcome
    assert "Unknown request: GET /no/such/thing" in outcome


def test_sso_home_is_a_new_home_directory(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, sso_emulator: Emulator
) -> None:
    """The environment has no other AWS settings, and points to the emulator."""
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")

    home: Path = request.getfixturevalue("sso_home")

    ours = ("AWS_", "SSO_PLUGIN_")
    aws = {name: value for name, value in os.environ.items() if name.startswith(ours)}
    assert aws == {
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        **sso_emulator.environment(),
    }
    assert os.path.expanduser("~") == str(home)  # noqa: PTH111 - as botocore does it
    assert os.listdir(home / ".aws") == []  # noqa: PTH208
