"""`python -m sso_plugin.emulator`, as a real process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from sso_plugin.emulator.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-W", "error", "-m", "sso_plugin.emulator"]


class Running:
    """An emulator in another process, started and announced."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.exports = [self.process.stdout.readline().strip() for _ in range(3)]
        self.url = self.exports[0].partition("=")[2]

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; returns exit status and what was said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    running = Running(*getattr(request, "param", ()))
    yield running
    running.process.kill()
    running.process.communicate()


def test_the_command_prints_variables_for_the_shell(running: Running) -> None:
    """At once, even into a pipe; and nothing else."""
    names = [f"AWS_ENDPOINT_URL_{name}" for name in ("SSO", "SSO_OIDC", "STS")]

    assert running.exports == [f"export {name}={running.url}" for name in names]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_quietly(running: Running, number: int) -> None:
    """Success, no traceback, and the page's address on stderr."""
    status, said = running.stop(number)

    assert status == 0
    assert f"{running.url}/device" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "running",
    [["--token-lifetime", "15m", "--refresh-tokens", "rotate", "--poll-interval", "0"]],
    indirect=True,
)
def test_options_set_the_lifetimes(running: Running) -> None:
    """Durations may carry a unit."""
    with urllib.request.urlopen(f"{running.url}/_emulator/settings") as answer:
        text = answer.read().decode()

    for part in ('"access_token": 900.0', '"refresh_tokens": "rotate"', '"poll_interval": 0'):
        assert part in text


def test_a_file_that_is_no_organization_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence on stderr, exit status 2."""
    path = tmp_path / "organization.toml"
    path.write_text('users = "alice"')

    assert main([str(path)]) == 2

    assert capsys.readouterr() == ("", f"{path}: users must be a list of strings, not 'alice'.\n")


def test_a_port_in_use_is_explained() -> None:
    """One sentence on stderr, exit status 2, and no traceback from the real process."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, check=False
        )

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Cannot listen on 127.0.0.1:{port}: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--host", "192.0.2.1"], "this machine only"),
        (["--port", "65536"], "no port number"),
        (["--page-size", "0"], "'page_size': must be 1 to 100"),
        (["--token-lifetime", "soon"], "no duration"),
        (["--token-lifetime", "0"], "'access_token': must be greater than 0"),
        (["--refresh-tokens", "sometimes"], "invalid choice"),
    ],
)
def test_a_wrong_option_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    """Exit status 2, whoever finds the mistake."""
    try:
        status: object = main(arguments)
    except SystemExit as error:
        status = error.code

    assert status == 2
    assert problem in capsys.readouterr().err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """And how to write a duration."""
    with pytest.raises(SystemExit):
        main(["--help"])

    text = capsys.readouterr().out
    for word in ("ORG_FILE", "--host", "--port", "--credentials-lifetime", "DURATION is"):
        assert word in text
