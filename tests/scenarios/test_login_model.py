"""Logins, renewals, logouts and crashes of several processes in any order, by a model.

The file always has the newest login. No refresh token is sent twice. A process that reads the cache
uses no credentials of an earlier login.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from caches import role_cache, stores_with, token_cache
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from login_model import (
    BEGIN,
    HOUR,
    PROFILE,
    REGISTRATION_EXPIRES_AT,
    ROLE_LIFETIME,
    TOKEN_LIFETIME,
    model_time,
    refused,
)
from property_tests import FIXED

from sso_plugin import LoginRequired
from sso_plugin.clock import Clock
from sso_plugin.credentials import Login
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.role_credentials import RoleFile
from sso_plugin.credentials.role_source import RoleSource
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.portal.responses import Grant
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable


class KilledError(BaseException):
    """The process is killed here."""


class Portal:
    """Accepts each refresh token once, and runs events before it answers.

    Each token and access key contains the number of its login.
    """

    def __init__(self) -> None:
        self.refresh_tokens: dict[str, int] = {}
        self.spent: set[str] = set()
        self.lost: set[str] = set()
        self.ended: set[int] = set()
        self.before_answer: list[Callable[[], None]] = []
        self.now = BEGIN
        self.count = 0

    def grant(self, login: int) -> Grant:
        self.count += 1
        refresh = f"refresh-{login}-{self.count}"
        self.refresh_tokens[refresh] = login
        return Grant(f"access-{login}-{self.count}", refresh, TOKEN_LIFETIME)

    def create_token(self, *_: str, refreshToken: str, **__: str) -> Grant:  # noqa: N803
        assert refreshToken not in self.spent - self.lost, "a refresh token was sent twice"
        self.spent.add(refreshToken)
        if refreshToken in self.lost:
            raise refused("CreateToken", "InvalidGrantException")
        granted = self.grant(self.refresh_tokens[refreshToken])
        self._run_events(lambda: self.lost.add(refreshToken))
        return granted

    def get_role_credentials(self, access_token: str, *_: str) -> tuple[ReadOnlyCredentials, float]:
        self.count += 1
        login = access_token.split("-")[1]
        keys = ReadOnlyCredentials(f"AKIA-{login}-{self.count}", "s", "t"), self.now + ROLE_LIFETIME
        self._run_events(lambda: None)
        return keys

    def logout(self, access_token: str) -> None:
        self.ended.add(int(access_token.split("-")[1]))

    def _run_events(self, when_killed: Callable[[], object]) -> None:
        if self.before_answer:
            try:
                self.before_answer.pop()()
            except KilledError:
                when_killed()
                raise


class ProcessesAndUsers(RuleBasedStateMachine):
    """Processes and users of one home directory."""

    def __init__(self) -> None:
        super().__init__()
        self.portal = Portal()
        self.home = Path(tempfile.mkdtemp())
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.home)
        model: Any = self.portal
        self.stack.enter_context(model_time(model, self.home))
        self.logins = 0
        self.logged_in: int | None = None
        self.log_in()

    def teardown(self) -> None:
        self.stack.close()

    # Events, now or while a process waits for a response.

    def log_in(self) -> None:
        TokenFile(self.login()).begin_login(self._token_of_new_login())

    def log_in_by_another_program(self) -> None:
        login = self.login()
        login.stores.tokens.put(login.key, self._token_of_new_login().document)

    def _token_of_new_login(self) -> AccessToken:
        self.portal.now += 1
        self.logins += 1
        self.logged_in = self.logins
        client = {
            "clientId": "client",
            "clientSecret": "hush",
            "registrationExpiresAt": format_timestamp(REGISTRATION_EXPIRES_AT),
        }
        return AccessToken.granted(self.portal.grant(self.logins), PROFILE, client, self.portal.now)

    def log_out(self) -> None:
        self.portal.now += 1
        session: Any = SimpleNamespace(full_config={}, get_config_variable=lambda _: "dev")
        login = ConfiguredLogin(*self._parts())
        login.session = session
        login.end()
        self.logged_in = None

    def be_killed(self) -> None:
        raise KilledError

    events = st.sampled_from(["log_in", "log_in_by_another_program", "log_out", "be_killed"])

    @rule(event=events.filter(lambda name: name != "be_killed"))
    def an_event_happens(self, event: str) -> None:
        getattr(self, event)()

    @rule(event=events)
    def an_event_happens_before_the_next_answer(self, event: str) -> None:
        # With a third login during one request the request fails, and can be retried.
        self.portal.before_answer = [*self.portal.before_answer[-1:], getattr(self, event)]

    @rule(hours=st.sampled_from([0.5, 1.1, 1.8, 2.5]))
    def time_passes(self, hours: float) -> None:
        self.portal.now += hours * HOUR

    @rule()
    def a_process_fetches_credentials(self) -> None:
        """Fetch credentials of the newest login, or raise LoginRequired."""
        self.portal.now += 1
        try:
            found = RoleSource(self.role_file()).fetch()
        except LoginRequired:
            spent = self.logged_in is not None and self._refresh_token() in self.portal.lost
            assert self.logged_in is None or spent
        except KilledError:
            pass
        else:
            assert str(found.keys.access_key).split("-")[1] == str(self.logged_in)

    @rule()
    def a_process_reads_the_cache(self) -> None:
        found = self.role_file().load()
        assert found is None or str(found.keys.access_key).split("-")[1] == str(self.logged_in)

    @invariant()
    def the_file_has_the_newest_login_or_none(self) -> None:
        token = TokenFile(self.login()).load()
        held = int(token.value.split("-")[1]) if token else None
        assert held == self.logged_in

    @invariant()
    def a_logout_leaves_nothing(self) -> None:
        if self.logged_in is None:
            left = [*self.home.rglob("cache/*.json"), *self.home.rglob("*.tmp")]
            assert left == []

    def role_file(self) -> RoleFile:
        return RoleFile(self.login(), role_cache(), str(PROFILE.account_id))

    def _refresh_token(self) -> object:
        token = TokenFile(self.login()).load()
        return token.document["refreshToken"] if token else None

    def login(self) -> Login:
        return Login(*self._parts())

    def _parts(self) -> tuple[Any, ...]:
        clock = Clock(lambda: self.portal.now, None)
        return PROFILE, lambda: self.portal, clock, stores_with(token_cache())


@pytest.mark.long
@pytest.mark.parametrize("examples", [20, pytest.param(150, marks=pytest.mark.long)])
def test_the_newest_login_wins_in_any_order_of_events(examples: int) -> None:
    """The invariants hold."""
    run_state_machine_as_test(
        ProcessesAndUsers, settings=settings(FIXED, max_examples=examples, stateful_step_count=25)
    )


def test_a_login_during_a_renewal_wins() -> None:
    """One sequence by hand, which shows that the model runs events during requests."""
    machine = ProcessesAndUsers()
    with contextlib.closing(machine.stack):
        machine.a_process_fetches_credentials()
        machine.time_passes(2.5)
        machine.an_event_happens_before_the_next_answer("log_in")
        machine.a_process_fetches_credentials()
        machine.the_file_has_the_newest_login_or_none()
        assert (machine.logged_in, len(machine.portal.spent)) == (2, 1)
