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
    """An emulator in another process, which has printed its variables."""

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
        """Send a signal. Returns exit code and stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    running = Running(*getattr(request, "param", ()))
    yield running
    running.process.kill()
    running.process.communicate()


@pytest.mark.long
def test_the_command_prints_variables_for_the_shell(running: Running) -> None:
    """At once, also to a pipe. Nothing else is on stdout."""
    names = [f"AWS_ENDPOINT_URL_{name}" for name in ("SSO", "SSO_OIDC", "STS")]

    assert running.exports == [f"export {name}={running.url}" for name in names]


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_quietly(running: Running, number: int) -> None:
    """With exit code 0 and without a traceback."""
    status, errors = running.stop(number)

    assert status == 0
    assert f"{running.url}/device" in errors
    assert "Traceback" not in errors


@pytest.mark.long
@pytest.mark.parametrize(
    "running",
    [["--token-lifetime", "15m", "--refresh-tokens", "rotate", "--poll-interval", "0"]],
    indirect=True,
)
def test_options_set_the_lifetimes(running: Running) -> None:
    """Durations can have a unit."""
    with urllib.request.urlopen(f"{running.url}/_emulator/settings") as response:
        text = response.read().decode()

    for part in ('"access_token": 900.0', '"refresh_tokens": "rotate"', '"poll_interval": 0'):
        assert part in text


def test_an_invalid_organization_file_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with exit code 2."""
    path = tmp_path / "organization.toml"
    path.write_text('users = "alice"')

    assert main([str(path)]) == 2

    assert capsys.readouterr() == ("", f"{path}: users must be a list of strings, not 'alice'.\n")


@pytest.mark.long
def test_a_port_in_use_is_explained() -> None:
    """In one sentence, with exit code 2 and without a traceback."""
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
        (["--host", "192.0.2.1"], "loopback addresses only"),
        (["--port", "65536"], "is not a port number"),
        (["--page-size", "0"], "'page_size': must be 1 to 100"),
        (["--token-lifetime", "soon"], "is not a duration"),
        (["--token-lifetime", "0"], "'access_token': must be greater than 0"),
        (["--refresh-tokens", "sometimes"], "invalid choice"),
    ],
)
def test_an_invalid_option_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    """With exit code 2, from argparse or from the emulator."""
    try:
        status: object = main(arguments)
    except SystemExit as exc:
        status = exc.code

    assert status == 2
    assert problem in capsys.readouterr().err


def test_help_shows_options_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    """And the format of a duration."""
    with pytest.raises(SystemExit):
        main(["--help"])

    text = capsys.readouterr().out
    for option in (
        "ORG_FILE",
        "--host",
        "--port",
        "--credentials-lifetime",
        "(default: 8h)",
        "DURATION is",
    ):
        assert option in text
