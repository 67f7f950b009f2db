"""Where a login can open a browser, and where the user sees a prompt."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from sso_plugin.web import capabilities
from sso_plugin.web.capabilities import Capabilities

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
        ({**DISPLAY, "JUPYTERHUB_API_URL": "http://hub"}, "linux", "this is JupyterHub"),
        ({"JUPYTERHUB_USER": "me", "container": "x"}, "linux", "this is JupyterHub"),
        ({**DISPLAY, "SAGEMAKER_APP_TYPE": "JupyterLab"}, "linux", "this is SageMaker"),
        ({**DISPLAY, "CI": "true"}, "linux", "this is a CI job"),
        ({**DISPLAY, "WSL_DISTRO_NAME": "Ubuntu"}, "linux", "this is WSL"),
    ],
)
def test_a_browser_is_opened_only_where_it_can_call_back(
    tmp_path: Path, environ: dict[str, str], platform: str, reason: str | None
) -> None:
    """The browser must reach this machine's loopback address."""
    assert Capabilities.detect(environ, platform, io.StringIO(), tmp_path).no_browser == reason


@pytest.mark.parametrize("file", [".dockerenv", "run/.containerenv"])
def test_a_container_is_detected_by_its_file(tmp_path: Path, file: str) -> None:
    """Docker and Podman set no variable by themselves."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    found = Capabilities.detect(DISPLAY, "linux", io.StringIO(), tmp_path)
    assert found.no_browser == "this is a container"


def test_a_prompt_needs_a_terminal_on_stderr(tmp_path: Path) -> None:
    """The prompt is printed there."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert Capabilities.detect({}, "linux", Terminal(), tmp_path).has_terminal
    assert not Capabilities.detect({}, "linux", io.StringIO(), tmp_path).has_terminal


@pytest.mark.parametrize(
    ("value", "is_set"),
    [("firefox", True), ("lynx %s:wslview", True), ("", False), ("lynx", False), ("w3m:", False)],
)
def test_a_text_browser_in_browser_does_not_count(
    tmp_path: Path, *, value: str, is_set: bool
) -> None:
    """A text browser cannot show the pages of a login, and needs the terminal."""
    environ = {"BROWSER": value, "SSH_TTY": "/dev/pts/1"}
    found = Capabilities.detect(environ, "linux", io.StringIO(), tmp_path)
    assert (found.browser_is_set, found.can_open_browser) == (is_set, is_set)


@pytest.mark.parametrize(
    ("foreground", "has_tty", "reason"),
    [
        (True, True, None),
        (False, False, "this is a background job"),
        (None, False, "there is no terminal"),
    ],
)
def test_a_prompt_is_also_seen_in_the_foreground_of_a_terminal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    foreground: bool | None,  # noqa: FBT001
    *,
    has_tty: bool,
    reason: str | None,
) -> None:
    """Even if stderr is a file or a pipe."""
    monkeypatch.setattr(capabilities, "is_foreground", lambda: foreground)
    found = Capabilities.detect({}, "linux", io.StringIO(), tmp_path)
    assert (found.has_tty, found.no_terminal) == (has_tty, reason)


def test_a_closed_stderr_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt cannot be printed there."""
    stream = io.StringIO()
    assert Capabilities.detect({}, "linux", stream, tmp_path).has_stderr
    stream.close()
    assert not Capabilities.detect({}, "linux", stream, tmp_path).has_stderr
    monkeypatch.setattr("sys.stderr", None)
    assert not Capabilities.detect({}, "linux", None, tmp_path).has_stderr
