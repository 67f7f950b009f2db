"""Where a login can open a browser, and where it has somebody to speak to."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from sso_plugin.web.surroundings import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

DISPLAY = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environ", "platform", "reason"),
    [
        (DISPLAY, "linux", None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", None),
        ({"BROWSER": "firefox"}, "linux", None),
        ({"BROWSER": "lynx:firefox %s"}, "linux", None),
        ({"BROWSER": "lynx"}, "linux", "there is no display"),
        ({"BROWSER": "/usr/bin/w3m -T text %s:"}, "linux", "there is no display"),
        ({}, "darwin", None),
        ({}, "win32", None),
        ({}, "linux", "there is no display"),
        ({"DISPLAY": ""}, "linux", "there is no display"),
        ({**DISPLAY, "SSH_CONNECTION": "1 2 3 4"}, "linux", "this is an SSH connection"),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", "this is an SSH connection"),
        ({**DISPLAY, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "linux", "this is a container"),
        ({**DISPLAY, "container": "podman"}, "linux", "this is a container"),
        ({**DISPLAY, "CI": "true"}, "linux", "this is a CI job"),
        ({**DISPLAY, "WSL_DISTRO_NAME": "Ubuntu"}, "linux", "this is WSL"),
    ],
)
def test_a_browser_is_opened_only_where_it_can_call_back(
    tmp_path: Path, environ: dict[str, str], platform: str, reason: str | None
) -> None:
    """It must reach this machine's loopback address."""
    assert Surroundings.detect(environ, platform, io.StringIO(), tmp_path).no_browser == reason


@pytest.mark.parametrize("file", [".dockerenv", "run/.containerenv"])
def test_a_container_is_known_by_its_file(tmp_path: Path, file: str) -> None:
    """Docker and Podman set no variable by themselves."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    found = Surroundings.detect(DISPLAY, "linux", io.StringIO(), tmp_path)
    assert found.no_browser == "this is a container"


def test_somebody_is_there_if_stderr_is_a_terminal(tmp_path: Path) -> None:
    """That is where the person is spoken to."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert Surroundings.detect({}, "linux", Terminal(), tmp_path).terminal
    assert not Surroundings.detect({}, "linux", io.StringIO(), tmp_path).terminal


@pytest.mark.parametrize(
    ("value", "counts"),
    [("firefox", 1), ("lynx %s:wslview", 1), ("", 0), ("lynx", 0), ("w3m:", 0)],
)
def test_a_text_browser_in_browser_does_not_count(tmp_path: Path, value: str, counts: int) -> None:
    """It cannot show the pages of a login, and needs the terminal."""
    environ = {"BROWSER": value, "SSH_TTY": "/dev/pts/1"}
    found = Surroundings.detect(environ, "linux", io.StringIO(), tmp_path)
    assert (found.browser_set, found.can_open) == (counts, counts)
