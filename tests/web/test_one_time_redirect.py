"""A secret URL that only the browser of this user gets, and only once."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit

import other_user
import pytest
from loopback_clients import (
    LOOPBACK_ADDRESSES,
    get,
    get_as_another_user,
    needs_linux,
    serving_as_another_user,
)

from sso_plugin.signin.callback import Callback
from sso_plugin.web import one_time_redirect
from sso_plugin.web.one_time_redirect import open_by_redirect, open_by_redirect_in_background

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from world import World

SECRET_URL = "https://secret.example"


def location_of(address: str) -> str | None:
    """Request an address without following its redirect."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    connection.close()
    return response.headers["Location"]


@pytest.mark.long
def test_the_process_list_does_not_show_the_url(world: World, tmp_path: Path) -> None:
    """A real browser gets another URL as its argument, which redirects once."""
    target = f"{world.emulator.url}/device?user_code=AAAA"
    program = tmp_path / "browser"
    seen = tmp_path / "seen"
    program.write_text(
        f"#!{sys.executable}\nimport sys, urllib.request\n"
        f"open({str(seen)!r}, 'w').write(' '.join(sys.argv))\n"
        "try: print(urllib.request.urlopen(sys.argv[1], timeout=60).url)\n"
        "except Exception as error: print(error)\n"
    )
    program.chmod(0o755)
    results: list[str] = []

    def start(url: str, _: object) -> None:
        for _ in range(2):
            done = subprocess.run(
                [str(program), url], capture_output=True, text=True, check=True, timeout=60
            )
            results.append(done.stdout.strip())

    assert open_by_redirect(target, start)
    assert "user_code" not in seen.read_text()
    assert results == [target, "HTTP Error 403: Forbidden"]


def test_the_event_is_set_by_the_request_of_the_browser() -> None:
    """A browser that is still starting has not requested anything."""
    states: list[bool] = []

    def start(address: str, requested: threading.Event) -> None:
        states.append(requested.is_set())
        assert location_of(address) == SECRET_URL
        states.append(requested.wait(60))

    assert open_by_redirect(SECRET_URL, start)
    assert states == [False, True]


def test_a_browser_that_never_requests_the_address_is_reported() -> None:
    """The caller then shows the URL in the terminal."""
    assert not open_by_redirect(SECRET_URL, lambda *_: None, timeout=0.05)


def test_a_wrong_host_and_a_wrong_path_are_refused() -> None:
    """A web page can send requests here, by another name of this address, or guess a path."""
    codes: list[int] = []

    def attack(url: str, _: object) -> bool:
        for request in (
            urllib.request.Request(url, headers={"Host": "evil.example"}),
            urllib.request.Request(url.rpartition("/")[0] + "/guess"),
        ):
            with pytest.raises(HTTPError) as caught:
                urllib.request.urlopen(request, timeout=60)
            caught.value.close()
            codes.append(caught.value.code)
        return True

    assert not open_by_redirect(SECRET_URL, attack, timeout=0.1)
    assert codes == [403, 403]


@pytest.mark.long
@needs_linux
@other_user.needs_two_users
def test_another_user_who_is_faster_than_the_browser_is_refused() -> None:
    """The address is in the process list, where other users can read it."""
    statuses: list[str] = []

    def start(url: str, _: object) -> None:
        statuses.append(get_as_another_user(url, "127.0.0.1"))

    assert not open_by_redirect(SECRET_URL, start, timeout=0.1)
    assert statuses == ["403"]


@pytest.mark.one_quick_case
@needs_linux
@other_user.needs_two_users
@pytest.mark.parametrize("closed_first", [0, 20], ids=["waits", "closes-at-once"])
@pytest.mark.parametrize("address", LOOPBACK_ADDRESSES)
def test_the_browser_gets_the_page_after_another_user_was_refused(
    address: str, closed_first: int
) -> None:
    """And it gets the page only once."""
    statuses: list[str] = []

    def start(url: str, _: threading.Event) -> bool:
        statuses.append(get_as_another_user(url, address, closed_first))
        statuses.append(str(get(url)))
        with pytest.raises(HTTPError, match="403") as caught:
            get(url)
        caught.value.close()
        return True

    with Callback("state", "The profile") as page:
        assert open_by_redirect(f"{page.redirect_uri}?code=page&state=state", start, timeout=60)
    assert statuses == ["403", "200"]


SERVER = """
import encodings.idna, http.client, os, sys, threading
from sso_plugin.web.one_time_redirect import open_by_redirect
os.setuid(65534)
def start(url, requested):
    print(url, flush=True)
    return sys.stdin.readline() == "never"
open_by_redirect("https://secret.example", start)
"""


@pytest.mark.long
@needs_linux
@other_user.needs_two_users
def test_root_is_refused_too() -> None:
    """The URL is for the user who started the browser."""
    with serving_as_another_user(SERVER) as process:
        assert process.stdout
        with pytest.raises(HTTPError) as caught:
            get(process.stdout.readline().strip())
        with caught.value as refusal:
            assert "only for the user who started sso-plugin" in refusal.read().decode()


def port_is_open(address: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(address).port, timeout=60)
    try:
        connection.connect()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    connection.close()
    return True


@pytest.mark.parametrize("requests_page", [True, False])
def test_the_port_is_closed_after_the_request_or_a_timeout(
    monkeypatch: pytest.MonkeyPatch, *, requests_page: bool
) -> None:
    """A login in the background leaves no server behind."""
    monkeypatch.setattr(one_time_redirect, "_BACKGROUND_TIMEOUT", 60 if requests_page else 0.1)
    addresses: list[str] = []

    def start(address: str, _: threading.Event) -> None:
        addresses.append(address)
        if requests_page:
            assert location_of(address) == SECRET_URL

    assert open_by_redirect_in_background(SECRET_URL, start)
    deadline = time.monotonic() + 60
    while port_is_open(addresses[0]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not port_is_open(addresses[0])


@pytest.mark.parametrize("raises", [True, False])
def test_the_port_is_closed_at_once_if_no_browser_can_be_started(*, raises: bool) -> None:
    """Whether that is reported or raised."""
    addresses: list[str] = []

    def start(address: str, _: threading.Event) -> bool:
        addresses.append(address)
        if raises:
            raise OSError
        return False

    with contextlib.suppress(OSError):
        assert not open_by_redirect_in_background(SECRET_URL, start)
    assert not port_is_open(addresses[0])
