"""Tracebacks with local variables show no secret, at any point of a call."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from quick_login import login
from rich.pretty import pretty_repr

import sso_plugin
from sso_plugin.commands.console.federation import console_url
from sso_plugin.commands.credential_process import process_document
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.redact import chain, hide_frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from issued import Issued
    from typing_extensions import Self
    from world import World

SAMPLES = int(os.environ.get("INTERRUPTIONS", "8"))
"""Interruptions of each kind of run, at equal distances."""

NOT_INTERRUPTED = ("importlib", "inspect.py", "logging", "threading.py", "queue.py", "selectors.py")
"""In these modules an interruption would leave a lock of the standard library held."""


class Interrupted(KeyboardInterrupt):
    """A Ctrl-C of this test."""


class Interruption:
    """Raises Ctrl-C at the n-th call of a Python function in this thread."""

    def __init__(self, stop_at: int | None) -> None:
        self.calls = 0
        self._stop_at = stop_at

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and not any(
            name in frame.f_code.co_filename for name in NOT_INTERRUPTED
        ):
            self.calls += 1
            if self.calls == self._stop_at:
                sys.settrace(None)
                raise Interrupted


def shown(exc: BaseException) -> str:
    """Return a traceback with local variables, in full and shortened as rich shortens them."""
    lines = traceback.format_exception(exc)
    for link in chain(exc):
        for frame, _ in traceback.walk_tb(link.__traceback__):
            for name, value in list(frame.f_locals.items()):
                place = f"{frame.f_code.co_filename}:{frame.f_lineno} {name}"
                lines.append(f"{place} = {full_repr(value)}")
                lines.append(f"{place} = {pretty_repr(value, max_string=20, max_depth=3)}")
    return "\n".join(lines)


def full_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as exc:  # noqa: BLE001 - its creation was interrupted
        return f"<no repr: {exc}>"


def check(issued: Issued, exc: BaseException) -> None:
    text = shown(exc)
    found = [text.index(piece) for piece in issued.pieces() if piece in text]
    shows = [text[max(0, start - 1500) :][:1800] for start in found]
    assert not shows, shows[0]


def use_expired_login(world: World) -> Callable[[], object]:
    """Return a call that renews a token, fetches role credentials, and writes both."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    for file in world.role_files():
        file.unlink()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    return credentials.get_frozen_credentials  # type: ignore[no-any-return]


def use_cache(world: World) -> Callable[[], object]:
    """Return a call that reads both from files."""
    use_expired_login(world)()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    return lambda: credentials.access_key


def log_in(world: World) -> Callable[[], object]:
    """Return a call that logs in with a browser."""
    world.token_file().unlink(missing_ok=True)

    @hide_frames
    def browse(url: str) -> None:
        import urllib.request

        urllib.request.urlopen(world.emulator.authorize(url, "alice")).close()

    return lambda: sso_plugin.login(
        "dev", flow="browser", force=True, show=lambda _: None, open_browser=browse
    )


def log_in_by_code(world: World) -> Callable[[], object]:
    """Return a call that logs in with a device code."""
    return lambda: login(
        "dev",
        flow="device",
        force=True,
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )


def process_warm(world: World) -> Callable[[], object]:
    """Return the call of ``credential-process``, with a warm cache."""
    use_expired_login(world)()
    process_document("dev")
    return lambda: process_document("dev") and None


def open_console(world: World) -> Callable[[], object]:
    use_expired_login(world)()
    return lambda: console_url(CredentialsChoice("dev"))


# A lock whose acquisition is interrupted is released by the garbage collector.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "prepare",
    [
        use_expired_login,
        open_console,
        *(
            pytest.param(each, marks=pytest.mark.long)
            for each in (use_cache, log_in, log_in_by_code, process_warm)
        ),
    ],
)
def test_ctrl_c_shows_no_secret_at_any_point(
    world: World, issued: Issued, prepare: Callable[[World], Callable[[], object]]
) -> None:
    """In a request, during a write, in a parser: frames with secrets are removed."""
    world.configure(world.emulator.profile() + "sso_refresh = blocking\n")
    prepare(world)()
    run = prepare(world)
    with Interruption(None) as whole:
        run()
    stopped = 0
    for sample in range(SAMPLES):
        run = prepare(world)
        try:
            with Interruption(1 + whole.calls * sample // SAMPLES):
                run()
        except Interrupted as exc:
            stopped += 1
            check(issued, exc)
        except Exception as exc:  # noqa: BLE001 - the interruption became another error
            check(issued, exc)
    assert stopped > SAMPLES / 2


def test_the_repr_of_a_console_url_is_hidden(world: World) -> None:
    """The URL signs in anyone who has it. It is a str, whose value is complete."""
    world.sign_in()
    url = console_url(CredentialsChoice("dev"))
    assert repr(url) == "'***'"
    assert "SigninToken=" in f"{url}"


@pytest.mark.long
def test_a_failed_call_of_a_callers_own_client_shows_no_token(world: World, issued: Issued) -> None:
    """No connection, no response in time, half a response."""
    world.sign_in()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    config = Config(read_timeout=0.2, retries={"total_max_attempts": 2})
    for kind in ("", "hang", "reset", "cut"):
        url = world.emulator.url if kind else "http://127.0.0.1:9"
        if kind:
            world.emulator.faults.add("ListAccounts", kind=kind)
        client: Any = session.client(
            "sso", region_name=world.emulator.region, endpoint_url=url, config=config
        )
        with pytest.raises(BotoCoreError) as caught:
            client.list_accounts()
        check(issued, caught.value)
        world.emulator.faults.clear()


def test_a_refused_call_of_a_callers_own_client_shows_no_token(
    world: World, issued: Issued
) -> None:
    """The frames are botocore's. They do not show the token that we add."""
    world.sign_in()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    client: Any = session.client("sso", region_name=world.emulator.region)
    for call in (
        lambda: client.get_role_credentials(accountId="111111111111", roleName="Nope"),
        lambda: client.list_account_roles(accountId="999999999999"),
        lambda: list(client.get_paginator("list_account_roles").paginate(accountId="9" * 12)),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        check(issued, caught.value)
