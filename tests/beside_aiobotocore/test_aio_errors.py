"""Each task gets an error of its own, with the class and the text of a boto3 session."""

from __future__ import annotations

import asyncio
import copy
import pickle
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aio import keys_of, new_session
from aio_ways import ASYNC, SYNC, error_of, errors_of, start_over, with_ticks
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from broken_portals import answer, closed_port, portal
from browsers import browser, set_browser

import sso_plugin
from sso_plugin import ConfigError, LoginFailed, LoginRequired, NoAccess, PortalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from world import World

pytestmark = pytest.mark.usefixtures("enabled")

PAST = "2020-01-01T00:00:00Z"
TASKS = 10


def without_token(_: World) -> None:
    """There was no login."""


def with_expired_token(world: World) -> None:
    """Write an expired token without a refresh token."""
    world.sign_in(expiresAt=PAST, refreshToken=None)


def with_revoked_token(world: World) -> None:
    """Write a token that the portal rejects."""
    world.sign_in(accessToken="revoked", refreshToken=None)


def with_revoked_refresh_token(world: World) -> None:
    """Write an expired token with a revoked refresh token."""
    world.sign_in(expiresAt=PAST, refreshToken="revoked")


def without_role(world: World) -> None:
    """Use a role that the user does not have."""
    world.configure(world.emulator.profile(role_name="NotAssigned"))
    world.sign_in()


def without_account(world: World) -> None:
    """Name an account that the user does not have."""
    profile = world.emulator.profile().replace("sso_account_id = 111111111111", "")
    world.configure(profile + "sso_account_name = Nowhere\n")
    world.sign_in()


def with_invalid_option(world: World) -> None:
    """Set a key to an invalid value."""
    world.configure(world.emulator.profile() + "sso_cache = disk\n")
    world.sign_in()


def with_fault(operation: str = "GetRoleCredentials", **fault: Any) -> Callable[[World], None]:
    """Return a function that lets requests fail. They take some time, so that tasks wait."""

    def prepare(world: World) -> None:
        world.sign_in(**({"expiresAt": PAST} if operation == "CreateToken" else {}))
        world.emulator.faults.add(operation, latency=0.1, **fault)

    return prepare


STATES: dict[str, tuple[Callable[[World], None], type[Exception], type[Exception]]] = {
    "no token": (without_token, LoginRequired, SSOTokenLoadError),
    "expired token": (with_expired_token, LoginRequired, TokenRetrievalError),
    "revoked token": (with_revoked_token, LoginRequired, UnauthorizedSSOTokenError),
    "revoked refresh token": (with_revoked_refresh_token, LoginRequired, TokenRetrievalError),
    "no role": (without_role, NoAccess, ClientError),
    "no account": (without_account, ConfigError, BotoCoreError),
    "invalid option": (with_invalid_option, ConfigError, BotoCoreError),
    "400": (with_fault(status=400), PortalError, ClientError),
    "500": (with_fault(status=500), PortalError, ClientError),
    "429": (with_fault(status=429), PortalError, ClientError),
    "reset": (with_fault(kind="reset"), PortalError, BotoCoreError),
    "page of a proxy": (with_fault(kind="page"), PortalError, BotoCoreError),
    "500 at renewal": (with_fault("CreateToken", status=500), PortalError, TokenRetrievalError),
}
QUICK = ("no token", "no role", "500")


def marked(names: Iterable[str]) -> list[Any]:
    """Mark all states but a few as long."""
    long = pytest.mark.long
    return [each if each in QUICK else pytest.param(each, marks=long) for each in names]


OPERATIONS = ("GetRoleCredentials", "CreateToken", "ListAccounts", "StartDeviceAuthorization")


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send each request once: the pauses between attempts take seconds."""
    monkeypatch.setattr("sso_plugin.portal.client.Portal.attempts", 1)
    monkeypatch.setattr("sso_plugin.portal.throttling._MAX_ATTEMPTS", 1)


def key_tasks(sessions: list[Any], tasks: int = TASKS) -> list[Any]:
    """Return tasks that need keys. All of them begin before a request can end."""
    credentials = [asyncio.run(session.get_credentials()) for session in sessions]
    return [credentials[task % len(sessions)].get_frozen_credentials() for task in range(tasks)]


async def list_accounts(session: Any) -> list[Any]:
    """Call the client ``sso`` in ten tasks."""
    async with session.create_client("sso", region_name="eu-central-1") as sso:
        calls = (sso.list_accounts() for _ in range(TASKS))
        return await asyncio.gather(*calls, return_exceptions=True)


def counts(world: World) -> list[int]:
    return [world.count(operation) for operation in OPERATIONS]


def as_text(exc: BaseException) -> tuple[str, str]:
    """Return class and text of an error, without the id of its request."""
    text = str(exc)
    response = getattr(exc, "response", None) or {}
    request_id = response.get("ResponseMetadata", {}).get("RequestId")
    return type(exc).__name__, text.replace(request_id, "") if request_id else text


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize("sessions", [1, TASKS])
@pytest.mark.parametrize("state", marked(STATES))
def test_each_task_gets_the_error_of_boto3(world: World, state: str, sessions: int) -> None:
    """With one session, or with a session each: one exception each, and the same requests."""
    prepare, kind, stock = STATES[state]
    prepare(world)
    expected = error_of(partial(SYNC.keys, SYNC.session()))
    asked = counts(world)
    start_over(world)
    found = errors_of(key_tasks([new_session() for _ in range(sessions)]))
    assert len({id(each) for each in found}) == TASKS
    assert {as_text(each) for each in found} == {as_text(expected)}
    for exc in found:
        assert isinstance(exc, kind)
        assert isinstance(exc, stock)
        assert as_text(pickle.loads(pickle.dumps(exc))) == as_text(exc)  # noqa: S301 - our own
        assert as_text(copy.copy(exc)) == as_text(exc)
        assert cause_of(exc) == cause_of(expected)
    assert counts(world) == [2 * each for each in asked]


def cause_of(exc: BaseException) -> str:
    """Return the name of the class. Each client has its own classes of errors."""
    return type(exc.__cause__).__name__


def frames(exc: BaseException) -> int:
    return len([*traceback.walk_tb(exc.__traceback__)])


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize("state", marked(["no token", "no role", "invalid option", "400"]))
def test_tracebacks_do_not_grow_with_the_number_of_tasks(world: World, state: str) -> None:
    """A shared exception would get the frames of all tasks that raise it."""
    STATES[state][0](world)
    session = new_session()
    lengths = set()
    for tasks in (1, 10, 100):
        found = errors_of(key_tasks([session], tasks))
        lengths |= {frames(each) for each in found}
        causes = [each.__cause__ for each in found if each.__cause__]
        lengths |= {0} if not causes else set()
        assert len({frames(each) for each in causes}) <= 1
    assert len(lengths - {0}) == 1


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize(
    "state", marked(["no token", "expired token", "revoked refresh token", "500 at renewal"])
)
def test_each_task_that_needs_a_token_gets_the_error_of_boto3(world: World, state: str) -> None:
    """The client ``sso`` and bearer tokens share one renewal."""
    STATES[state][0](world)
    expected = error_of(partial(SYNC.token, SYNC.session()))
    asked = counts(world)
    start_over(world)
    found = asyncio.run(list_accounts(new_session()))
    assert counts(world) == [2 * each for each in asked]
    start_over(world)
    token = new_session().get_auth_token()
    found += errors_of([token.get_frozen_token() for _ in range(TASKS)])
    assert len({id(each) for each in found}) == 2 * TASKS
    assert {as_text(each) for each in found} == {as_text(expected)}
    assert counts(world) == [3 * each for each in asked]


FAILURES: dict[str, Callable[[], Any]] = {
    "refused": closed_port,
    "no answer in time": lambda: portal(None),
    "closed": lambda: portal(b""),
    "not HTTP": lambda: portal(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "nothing": lambda: portal(answer(b"")),
    "null": lambda: portal(answer(b"null")),
}


@pytest.fixture
def once(one_attempt: None) -> Iterator[None]:
    """Send each request once."""
    import gc

    yield
    # The sockets that urllib3 has left count for this test, not for a later one.
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("once")
@pytest.mark.one_quick_case
@pytest.mark.parametrize("failure", FAILURES)
def test_an_unreachable_portal_is_the_same_error_as_in_boto3(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    """Whether it cannot be reached, does not respond in time, or sends an invalid response."""
    world.sign_in()
    if failure == "no answer in time":
        monkeypatch.setattr("sso_plugin.portal.service_client._READ_TIMEOUT", 0.3)
    with FAILURES[failure]() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", f"http://127.0.0.1:{port}")
        expected = error_of(partial(SYNC.keys, SYNC.session()))
        start_over(world)
        found = errors_of(key_tasks([new_session()]))
    assert isinstance(expected, PortalError)
    assert {as_text(each) for each in found} == {as_text(expected)}
    assert {cause_of(each) for each in found} == {cause_of(expected)}


@pytest.mark.long
def test_a_denied_login_fails_for_all_tasks_while_the_loop_runs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is asked once."""
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    set_browser(monkeypatch, browser(world, tmp_path, "refuse"))
    for name in ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "container"):
        monkeypatch.delenv(name, raising=False)
    session = new_session()

    async def run() -> list[Any]:
        tasks = (keys_of(session) for _ in range(TASKS))
        found, ticks = await with_ticks(asyncio.gather(*tasks, return_exceptions=True))
        assert ticks > 1
        return list(found)

    found = asyncio.run(run())
    expected = error_of(partial(SYNC.keys, SYNC.session()))
    assert isinstance(expected, LoginFailed)
    assert len({id(each) for each in found}) == TASKS
    assert {as_text(each) for each in found} == {as_text(expected)}
    assert world.count("RegisterClient") == 1


@pytest.mark.usefixtures("one_attempt")
def test_after_an_error_the_next_call_succeeds(world: World) -> None:
    """As soon as there is a login, with the same session."""
    session = new_session()
    assert isinstance(error_of(partial(ASYNC.keys, session)), LoginRequired)
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=400)
    assert isinstance(error_of(partial(ASYNC.keys, session)), PortalError)
    world.emulator.faults.clear()
    assert ASYNC.keys(session).access_key


@pytest.mark.usefixtures("one_attempt")
def test_a_session_of_get_aio_session_has_the_errors_of_get_session(world: World) -> None:
    """Without a profile, the error names the login."""
    options = {
        "account": "111111111111",
        "role": "AdministratorAccess",
        "sso_session": "corp",
        "region": "us-east-1",
    }
    expected = error_of(partial(SYNC.keys, sso_plugin.get_session(**options)))
    found = errors_of(key_tasks([sso_plugin.get_aio_session(**options)]))
    assert {as_text(each) for each in found} == {as_text(expected)}
    assert isinstance(expected, LoginRequired)
