"""Two programs use one role, by a model: each call returns what it has to, in any order of events.

Time passes, the portal fails, other programs write the files, files are damaged. `expected` has the
rules for what a call returns, apart from those of the package.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from caches import role_cache, stores_with, token_cache
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from login_model import (
    HOUR,
    PROFILE,
    IssuedCredentials,
    LoginModel,
    ModelPortal,
    login_to,
    model_time,
)
from property_tests import FIXED, file_contents, scalars, write_private_file

from sso_plugin import LoginRequired, NoAccess, PortalError, SsoPluginError
from sso_plugin.clock import Clock
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.credentials.role_credentials import RoleCredentials, RoleFile
from sso_plugin.credentials.role_source import RoleSource
from sso_plugin.credentials.schedule import Lifetime
from sso_plugin.storage.keys import token_key


class Program:
    """A program that uses the role; ``holds`` are the credentials that it has in memory."""

    def __init__(self, login: LoginModel) -> None:
        portal: Any = ModelPortal(login)
        made = login_to(portal, stores_with(token_cache()), lambda: login.now)
        self.source = RoleSource(RoleFile(made, role_cache(), str(PROFILE.account_id)))
        self.credentials = SsoCredentials(
            lambda: self.source, made.clock, background=False, random=lambda: 0.0
        )
        self.holds: IssuedCredentials | None = None

    def call(self) -> str:
        return str(self.credentials.get_frozen_credentials().access_key)


class TokenAndRole(RuleBasedStateMachine):
    """One login, its two files, and two programs."""

    def __init__(self) -> None:
        super().__init__()
        self.login = LoginModel()
        self.home = Path(tempfile.mkdtemp())
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.home)
        self.stack.enter_context(model_time(self.login, self.home))
        self.programs = [Program(self.login), Program(self.login)]

    def teardown(self) -> None:
        self.stack.close()

    @initialize(rotates=st.booleans())
    def begin(self, *, rotates: bool) -> None:
        self.login.rotates = rotates
        self.login.write_token_file(self.login.grant())

    # Events. One second passes with each, so that no two have the same time. There are few rules,
    # so that Hypothesis tries rare sequences of them.

    @rule(hours=st.sampled_from([0.01, 0.8, 0.98, 0.98, 1.9, 3]))
    def time_passes(self, hours: float) -> None:
        self.login.now += hours * HOUR

    @rule()
    def portal_goes_down_or_comes_up(self) -> None:
        self.login.now += 1
        self.login.up = not self.login.up

    @rule(what=st.sampled_from(["access token", "refresh token", "role", "role"]))
    def an_administrator_changes_access(self, what: str) -> None:
        """Revoke a token, or remove or assign the role."""
        self.login.now += 1
        if what == "access token":
            self.login.access.clear()
        elif what == "refresh token":
            self.login.refresh.clear()
        else:
            self.login.assigned = not self.login.assigned

    @rule(
        what=st.sampled_from(
            ["logs in", "logs in without a refresh token", "renews", "renews first"]
        )
    )
    def another_program_writes_the_token_file(self, what: str) -> None:
        login = self.login
        login.now += 1
        if what == "renews first":
            login.other_program_renews_first = True
        elif what == "renews":
            renewed = login.renew(login.token_file.refresh) if login.token_file else None
            if renewed:
                login.write_token_file(renewed)
        else:
            login.write_token_file(login.grant(renewable=what != "logs in without a refresh token"))

    @rule()
    def another_program_writes_the_role_file(self) -> None:
        """Write credentials of the current token, without our lock."""
        if self.login.token_file is None:
            return
        self.login.now += 1
        self.login.role_file = keys = self.login.issue_credentials()
        lifetime = Lifetime(keys.issued, keys.expires)
        document = RoleCredentials(
            ReadOnlyCredentials(keys.name, "secret", "session"), lifetime, "1"
        ).document()
        write_private_file(self.role_path, json.dumps(document).encode())
        os.utime(self.role_path, (self.login.now, self.login.now))

    @rule(content=st.none() | file_contents(scalars))
    def token_file_is_damaged_or_deleted(self, content: bytes | None) -> None:
        self.login.now += 1
        self.login.token_file = None
        _damage(self.login.token_path, content)
        if content is not None:
            os.utime(self.login.token_path, (self.login.now, self.login.now))

    @rule(content=st.none() | file_contents(scalars))
    def role_file_is_damaged_or_deleted(self, content: bytes | None) -> None:
        self.login.now += 1
        self.login.role_file = None
        _damage(self.role_path, content)

    @rule(index=st.sampled_from([0, 1]))
    def a_program_restarts(self, index: int) -> None:
        self.login.now += 1
        self.programs[index] = Program(self.login)

    # Calls.

    @rule(index=st.sampled_from([0, 1]))
    def a_program_calls(self, index: int) -> None:
        self.login.now += 1
        program, expected = self.programs[index], self.expected(self.programs[index])
        before = len(self.login.requests)
        try:
            name = program.call()
        except SsoPluginError as exc:
            _check_error(exc, expected)
        else:
            assert expected is None, f"succeeded instead of raising {expected}"
            keys = self.login.issued[name]
            assert self.login.now < keys.expires
            program.holds = keys
        sent = self.login.requests[before:]
        assert sent.count("GetRoleCredentials") <= 2, "the second after a refused token"
        assert sent.count("CreateToken") <= 3, (
            "two with a revoked refresh token, one more after a refused token"
        )

    @rule(index=st.sampled_from([0, 1]))
    def a_program_calls_again_at_once(self, index: int) -> None:
        """Check that a second call sends no request, whether the renewal succeeded or failed."""
        program = self.programs[index]
        self.a_program_calls(index)
        if program.holds and program.holds.is_valid(self.login.now):
            before = list(self.login.requests)
            assert program.call() == program.holds.name
            assert self.login.requests == before

    @rule()
    def both_programs_call(self) -> None:
        """Check that the second uses the credentials that the first has fetched."""
        self.a_program_calls(0)
        before = list(self.login.requests)
        held = self.login.role_file
        fresh = held is not None and held.is_fresh(self.login.now + 1) and self.is_of_login(held)
        self.a_program_calls(1)
        if fresh:
            assert self.login.requests == before

    @invariant()
    def files_hold_what_the_model_says(self) -> None:
        source = self.programs[0].source.file
        token = AccessToken.from_entry(token_cache().get(token_key(PROFILE)), Clock())
        assert (token.value if token else None) == (
            self.login.token_file.access if self.login.token_file else None
        )
        role = RoleCredentials.from_entry(role_cache().get(source.key), "1", Clock())
        assert (role.keys.access_key if role else None) == (
            self.login.role_file.name if self.login.role_file else None
        )

    # The rules of the model.

    def expected(self, program: Program) -> type[Exception] | None:
        """Return the error that a call has to raise now; None if it has to return credentials."""
        now, file = self.login.now, self.login.role_file
        if program.holds and program.holds.is_valid(now):
            return None
        ours = file is not None and self.is_of_login(file)
        usable = not self._another_program_wins()
        if file and ours and (file.is_fresh(now) or (file.is_valid(now) and usable)):
            return None
        return self._expected_of_a_fetch()

    def _another_program_wins(self) -> bool:
        """Return whether a fetch ends with the token of another program, as after a new login."""
        login, token = self.login, self.login.token_file
        due = token is not None and not token.is_fresh(login.now)
        renewable = token is not None and token.refresh in login.refresh
        return login.other_program_renews_first and login.rotates and login.up and due and renewable

    def is_of_login(self, keys: IssuedCredentials) -> bool:
        """Return whether role credentials may be used with the current token."""
        token = self.login.token_file
        if token is None:
            return False
        return keys.issued > token.since if keys.login is None else keys.login == token.login

    def _expected_of_a_fetch(self) -> type[Exception] | None:
        login, token = self.login, self.login.token_file
        if token is None or not (token.is_valid(login.now) or token.refresh):
            return LoginRequired
        if not login.up:
            return PortalError
        renewable = token.refresh in login.refresh
        due = not token.is_fresh(login.now)
        accepted = login.accepts(token.access)
        if (due and not token.is_valid(login.now)) or not accepted:
            accepted = renewable
        if not accepted:
            return LoginRequired
        return None if login.assigned else NoAccess

    @property
    def role_path(self) -> Path:
        return Path(role_cache().describe(self.programs[0].source.file.key))


def _damage(path: Path, content: bytes | None) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _check_error(exc: SsoPluginError, expected: type[Exception] | None) -> None:
    assert expected is not None, f"failed, but credentials were available: {exc!r}"
    assert isinstance(exc, expected)


@pytest.mark.long
@pytest.mark.parametrize("examples", [20, pytest.param(120, marks=pytest.mark.long)])
def test_each_call_returns_what_the_model_expects(examples: int) -> None:
    """A call succeeds if valid credentials are available, and sends no request without need."""
    run_state_machine_as_test(
        TokenAndRole, settings=settings(FIXED, max_examples=examples, stateful_step_count=30)
    )


def test_fresh_credentials_in_the_file_are_not_used_without_a_token() -> None:
    """A sequence that the search rarely finds: in memory expired, in the file fresh, no token."""
    machine = TokenAndRole()
    with contextlib.closing(machine.stack):
        machine.begin(rotates=False)
        machine.a_program_calls(0)
        machine.time_passes(1.9)
        machine.another_program_writes_the_role_file()
        machine.a_program_calls(1)
        machine.token_file_is_damaged_or_deleted(None)
        machine.a_program_calls(0)
        assert machine.login.requests == ["GetRoleCredentials"]
