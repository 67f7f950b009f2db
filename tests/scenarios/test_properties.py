"""Properties, for whatever input: config, cache files, timestamps; tokens and roles by a model.

The model (`Login`) is the whole of what may happen to one login of one user: time, the portal,
other programs, damage. It says of each call what has to come out, by rules of its own.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from botocore.credentials import ReadOnlyCredentials, SSOProvider
from botocore.exceptions import InvalidConfigError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from loginmodel import (
    BEGIN,
    FIXED,
    HOUR,
    PROFILE,
    SEARCH,
    Keys,
    Login,
    Portal,
    in_the_time_of,
    login_to,
)

from sso_plugin import ConfigError, LoginRequired, NoAccess, PortalError, SsoPluginError
from sso_plugin.clock import Clock
from sso_plugin.commands import credential_process
from sso_plugin.config import is_served
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.credentials.role_credentials import RoleCredentials, RoleFile
from sso_plugin.credentials.role_source import RoleSource
from sso_plugin.credentials.schedule import Lifetime
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.storage import file_cache
from sso_plugin.storage.file_cache import FileCache, role_cache, token_cache
from sso_plugin.storage.keys import token_key
from sso_plugin.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator


# --- config ---------------------------------------------------------------------------------------

STANDARD = (
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "sso_registration_scopes",
)
OURS = (
    "sso_plugin",
    "sso_account_name",
    "sso_login",
    "sso_refresh",
    "sso_cache",
    "sso_minimum_lifetime",
    "sso_requests_per_second",
    "sso_use_fips_endpoint",
)
ROLE = ("sso_account_id", "sso_role_name")

words = st.sampled_from(["corp", "dev", "https://x.awsapps.com/start", "eu-west-1", "on", "7"])
texts = words | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = texts | st.dictionaries(words, texts, max_size=2)


def sections(keys: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from([*keys, "region", "output"]), values)


def configs(keys: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give what botocore makes of a config file: profiles and sso-sessions by name."""
    return st.fixed_dictionaries(
        {},
        optional={
            "profiles": st.dictionaries(words, sections(keys, values), max_size=2)
            | st.fixed_dictionaries({"dev": sections(keys, values)}),
            "sso_sessions": st.dictionaries(words, sections(keys, values), max_size=2)
            | st.fixed_dictionaries({"corp": sections(keys, values)}),
        },
    )


@SEARCH
@given(configs(STANDARD + OURS, values), words | texts)
def test_a_config_is_read_or_refused_with_a_config_error(config: Any, name: str) -> None:
    """Whatever stands in it, nested sections too; what is refused names the profile."""
    found = our_config(config, name)
    if isinstance(found, ConfigError):
        assert name in str(found)
    else:
        assert found is None or (found.start_url and found.region)


@SEARCH
@given(configs(STANDARD + OURS, texts), words)
def test_whether_a_profile_is_ours_can_always_be_told(config: Any, name: str) -> None:
    """It is asked of every session that is made, so it may never fail."""
    assert is_served(config, name) in (True, False)


def stock_config(config: Any, name: str) -> Any:
    """Return what botocore's own provider reads, or its error if it refuses."""
    provider: Any = SSOProvider(lambda: config, client_creator=mock.Mock(), profile_name=name)
    try:
        return provider._load_sso_config()
    except InvalidConfigError as exc:
        return exc


def our_config(config: Any, name: str) -> Any:
    try:
        return SsoProfile.find(config, name)
    except ConfigError as exc:
        return exc


# Botocore takes a key without a value for a value, and finds out when the portal refuses it.
filled = texts.map(str.strip).filter(bool)


@SEARCH
@given(configs(STANDARD, filled), st.sampled_from(["dev", "corp"]))
def test_a_profile_with_a_role_is_accepted_where_botocore_accepts_it(
    config: Any, name: str
) -> None:
    """And read the same; without a role botocore has no use for it, and we have for its login."""
    stock, ours = stock_config(config, name), our_config(config, name)
    if stock is None:
        assert ours is None or isinstance(ours, ConfigError) or ours.role_name is None
    elif isinstance(stock, InvalidConfigError):
        assert isinstance(ours, ConfigError)
    else:
        assert (ours.start_url, ours.region) == (stock["sso_start_url"], stock["sso_region"])
        assert (ours.account_id, ours.role_name) == tuple(stock[key] for key in ROLE)
        assert ours.session_name == stock.get("sso_session")


# --- timestamps -----------------------------------------------------------------------------------


@SEARCH
@given(st.floats(0, 253402300799, allow_subnormal=False))
def test_a_moment_that_is_written_is_never_later_when_read(when: float) -> None:
    """Whole seconds, rounded down: what expires is given up too early, never too late."""
    read = parse_timestamp(format_timestamp(when))
    assert 0 <= when - read < 1


@pytest.fixture
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a local time that is not UTC, which most machines that run tests go by."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this system cannot be set for one process")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_greenwich")
@SEARCH
@given(
    st.datetimes(timezones=st.timezones()).filter(lambda when: 1900 < when.year < 9999)
    | st.datetimes(timezones=st.just(None)).filter(lambda when: 1900 < when.year < 9999),
    st.sampled_from(["", "Z", "UTC", " ", "Z\n"]),
)
def test_every_iso_form_is_read_as_the_moment_it_names(when: Any, suffix: str) -> None:
    """With an offset or without, which means UTC; with fractions or without."""
    offset = when.utcoffset()
    if offset is not None:
        # Zones of long ago have offsets of seconds, which ISO 8601 has not.
        when, suffix = when.replace(tzinfo=None) - offset, "+00:00"
    expected = (when - when.__class__(1970, 1, 1)).total_seconds()
    assert parse_timestamp(when.isoformat() + suffix) == pytest.approx(expected, abs=1e-5)


stamps = st.text(max_size=30) | st.text("0123456789-:TZ+.UTC W", max_size=30)


@SEARCH
@given(stamps)
def test_junk_is_no_timestamp(text: str) -> None:
    """A ValueError or an OverflowError, which all readers expect, or a number."""
    with contextlib.suppress(ValueError, OverflowError):
        assert isinstance(parse_timestamp(text), float)


# --- cache files ----------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
moments = st.sampled_from(["2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
names = st.sampled_from(
    [
        "accessToken",
        "expiresAt",
        "refreshToken",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "Credentials",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ]
)
documents = st.recursive(
    scalars | moments | stamps,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=5), inner),
    max_leaves=12,
)
tokens_nearly = st.fixed_dictionaries(
    {"accessToken": scalars | st.just("token"), "expiresAt": moments | stamps | scalars},
    optional={
        "refreshToken": scalars,
        "clientId": scalars,
        "clientSecret": scalars,
        "registrationExpiresAt": moments | stamps | scalars,
    },
)
roles_nearly = st.fixed_dictionaries(
    {
        "Credentials": st.fixed_dictionaries(
            {
                "AccessKeyId": scalars,
                "SecretAccessKey": scalars,
                "SessionToken": scalars,
                "Expiration": moments | stamps | scalars,
            }
        )
        | scalars
    }
)


def contents(nearly: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Give what may stand in a file: anything, JSON, or nearly what belongs there."""
    jsons = (documents | nearly).map(json.dumps).map(str.encode)
    cut = st.tuples(jsons, st.integers(0, 200)).map(lambda both: both[0][: both[1]])
    return st.binary(max_size=60) | jsons | cut


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what a power cut is about, and thousands of warnings."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(logging.getLogger("sso_plugin"), "disabled", True)
    monkeypatch.setattr(file_cache._logger, "disabled", True)


@pytest.mark.usefixtures("_quiet")
@SEARCH
@given(content=contents(tokens_nearly | roles_nearly))
def test_any_content_is_a_document_or_none_and_heals(folder: Path, content: bytes) -> None:
    """No file makes a reader fail, or a writer."""
    file = folder / "key.json"
    file.write_bytes(content)
    file.chmod(0o600)
    cache = FileCache(folder)
    entry = cache.get("key")
    assert entry is None or isinstance(entry.document, dict)
    cache.put("key", {"a": 1})
    healed = cache.get("key")
    assert healed is not None
    assert healed.document == {"a": 1}


@pytest.mark.usefixtures("_quiet")
@SEARCH
@given(content=contents(tokens_nearly))
def test_any_token_file_is_a_token_or_a_word_to_the_person(folder: Path, content: bytes) -> None:
    """What is handed out was in the file, as a string, and lives; all else is one of our errors."""
    cache = FileCache(folder)
    portal: Any = Portal(Login())
    portal.login.up = False
    login = login_to(portal, cache, lambda: BEGIN)
    source = TokenSource(login)
    file = folder / f"{login.key}.json"
    file.write_bytes(content)
    file.chmod(0o600)
    found = source.file.load()
    try:
        token = source.fetch()
    except SsoPluginError as exc:
        _check_error(exc, (LoginRequired, PortalError))
    else:
        assert token == found
        assert json.loads(content)["accessToken"] == token.value
        assert token.lifetime.expires_at > BEGIN


@pytest.mark.usefixtures("_quiet")
@SEARCH
@given(content=contents(roles_nearly))
def test_any_role_file_is_credentials_or_none(folder: Path, content: bytes) -> None:
    """What is read was in the file, as strings."""
    cache = FileCache(folder)
    file = folder / "role.json"
    file.write_bytes(content)
    file.chmod(0o600)
    found = RoleCredentials.from_entry(cache.get("role"), "111111111111", Clock())
    if found is not None:
        held = json.loads(content)["Credentials"]
        assert found.keys.access_key == held["AccessKeyId"]
        assert found.keys.secret_key == held["SecretAccessKey"]
        assert found.keys.token == held["SessionToken"]
        assert RoleCredentials.from_entry(cache.get("role"), "1", Clock()) == found._replace(
            account_id="1"
        )


indexes_nearly = st.fixed_dictionaries(
    {},
    optional={
        "login": scalars,
        "tokens": st.lists(scalars, max_size=3) | scalars,
        "beganAt": scalars,
        "keys": scalars
        | st.lists(
            scalars | st.sampled_from(["a" * 40, "../a", "/a", "a" * 40 + "\n"]), max_size=4
        ),
    },
)


@pytest.mark.usefixtures("_quiet")
@SEARCH
@given(content=contents(indexes_nearly))
def test_any_index_names_role_files_only(folder: Path, content: bytes) -> None:
    """Each key that it holds can be deleted, and is the name of a file in the folder."""
    cache = FileCache(folder)
    file = folder / "roles-index.json"
    file.write_bytes(content)
    file.chmod(0o600)
    index = LoginIndex(cache, "index")
    token = AccessToken("token", Lifetime(0, 1), {})
    index.find(token)
    for key in index.keys():  # noqa: SIM118 - no dict
        assert re.fullmatch("[0-9a-f]{40}", key)
        cache.delete(key)
    index.add("b" * 40)
    index.continue_with(token, token)
    assert "b" * 40 in index.keys()  # noqa: SIM118 - no dict


memos_nearly = st.fixed_dictionaries(
    {"config": documents, "token_file": scalars, "token_mark": documents},
    optional={
        "renew_from": scalars,
        "role_file": scalars | st.just("a" * 40 + ".json"),
        "role_mark": documents,
    },
)


@pytest.mark.usefixtures("_quiet")
@SEARCH
@given(content=contents(memos_nearly), vouched=st.booleans())
def test_any_memo_of_the_credential_process_is_used_or_ignored(
    folder: Path, *, content: bytes, vouched: bool
) -> None:
    """It never fails, also if it vouches for the files that are there."""
    memo = folder / ".aws/sso-plugin" / "process-646576.json"
    memo.parent.mkdir(parents=True, exist_ok=True)
    with mock.patch.dict(os.environ, HOME=str(folder)):
        if vouched:
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                known = {"config": credential_process._config_marks(), "token_mark": None}
                content = json.dumps({**json.loads(content), **known}).encode()
        memo.write_bytes(content)
        memo.chmod(0o600)
        assert credential_process._load_warm("dev") is None


def _spoil(path: Path, content: bytes | None) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _check_error(
    exc: SsoPluginError, expected: type[Exception] | tuple[type[Exception], ...] | None
) -> None:
    assert expected is not None, f"failed though it need not: {exc!r}"
    assert isinstance(exc, expected)


class Client:
    """One program that uses the role: its credentials, and what the model knows that it holds."""

    def __init__(self, login: Login) -> None:
        portal: Any = Portal(login)
        made = login_to(portal, token_cache(), lambda: login.now)
        self.source = RoleSource(RoleFile(made, role_cache(), str(PROFILE.account_id)))
        self.credentials = SsoCredentials(
            self.source, made.clock, background=False, random=lambda: 0.0
        )
        self.holds: Keys | None = None

    def call(self) -> str:
        return str(self.credentials.get_frozen_credentials().access_key)


class TokenAndRole(RuleBasedStateMachine):
    """A login, its files, and two programs; whatever happens, each call does what it must."""

    # Whether a program whose own credentials have expired goes on with those of the file, live but
    # due for renewal, where the portal gives no new ones.
    FALLS_BACK_ON_THE_FILE = True

    def __init__(self) -> None:
        super().__init__()
        self.login = Login()
        self.home = Path(tempfile.mkdtemp())
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.home)
        self.stack.enter_context(in_the_time_of(self.login, self.home))
        self.clients = [Client(self.login), Client(self.login)]

    def teardown(self) -> None:
        self.stack.close()

    @initialize(rotates=st.booleans())
    def begin(self, *, rotates: bool) -> None:
        self.login.rotates = rotates
        self.login.write_token_file(self.login.grant())

    # What happens to them. A second passes each time, so that no two things happen at once.

    # Few rules, so that each has its turn often enough for the rare sequences.

    @rule(hours=st.sampled_from([0.01, 0.8, 0.98, 0.98, 1.9, 3]))
    def time_passes(self, hours: float) -> None:
        self.login.now += hours * HOUR

    @rule()
    def portal_goes_down_or_comes_up(self) -> None:
        self.login.now += 1
        self.login.up = not self.login.up

    @rule(what=st.sampled_from(["access token", "refresh token", "role", "role"]))
    def an_administrator_steps_in(self, what: str) -> None:
        """Revoke a token; take the role away, or give it back."""
        self.login.now += 1
        if what == "access token":
            self.login.access.clear()
        elif what == "refresh token":
            self.login.refresh.clear()
        else:
            self.login.assigned = not self.login.assigned

    @rule(what=st.sampled_from(["logs in", "logs in for good", "renews", "renews in between"]))
    def another_program_writes_the_token_file(self, what: str) -> None:
        login = self.login
        login.now += 1
        if what == "renews in between":
            login.cli_is_faster = True
        elif what == "renews":
            renewed = login.renew(login.token_file.refresh) if login.token_file else None
            if renewed:
                login.write_token_file(renewed)
        else:
            login.write_token_file(login.grant(renewable=what != "logs in for good"))

    @rule()
    def another_program_writes_the_role_file(self) -> None:
        """Have it do so without our lock, with the token that is there."""
        if self.login.token_file is None:
            return
        self.login.now += 1
        self.login.role_file = keys = self.login.give_keys()
        lifetime = Lifetime(keys.issued, keys.expires)
        document = RoleCredentials(
            ReadOnlyCredentials(keys.name, "secret", "session"), lifetime, "1"
        ).document()
        _spoil(self.role_path, json.dumps(document).encode())
        self.role_path.chmod(0o600)
        os.utime(self.role_path, (self.login.now, self.login.now))

    @rule(content=st.none() | contents(scalars))
    def token_file_is_damaged_or_deleted(self, content: bytes | None) -> None:
        self.login.now += 1
        self.login.token_file = None
        _spoil(self.login.token_path, content)
        if content is not None:
            os.utime(self.login.token_path, (self.login.now, self.login.now))

    @rule(content=st.none() | contents(scalars))
    def role_file_is_damaged_or_deleted(self, content: bytes | None) -> None:
        self.login.now += 1
        self.login.role_file = None
        _spoil(self.role_path, content)

    @rule(index=st.sampled_from([0, 1]))
    def a_program_starts_anew(self, index: int) -> None:
        self.login.now += 1
        self.clients[index] = Client(self.login)

    # What they do.

    @rule(index=st.sampled_from([0, 1]))
    def a_program_calls(self, index: int) -> None:
        self.login.now += 1
        client, expected = self.clients[index], self.expected(self.clients[index])
        before = len(self.login.asked)
        try:
            name = client.call()
        except SsoPluginError as exc:
            _check_error(exc, expected)
        else:
            assert expected is None, f"succeeded where {expected} was due"
            keys = self.login.issued[name]
            assert self.login.now < keys.expires
            client.holds = keys
        asked = self.login.asked[before:]
        assert asked.count("GetRoleCredentials") <= 2, "the second for a token that was refused"
        assert asked.count("CreateToken") <= 3, "a dead refresh token, twice; a refused token, once"

    @rule(index=st.sampled_from([0, 1]))
    def a_program_calls_again_at_once(self, index: int) -> None:
        """Neither does a renewal that succeeded run again, nor one that has just failed."""
        client = self.clients[index]
        self.a_program_calls(index)
        if client.holds and client.holds.is_alive(self.login.now):
            before = list(self.login.asked)
            assert client.call() == client.holds.name
            assert self.login.asked == before

    @rule()
    def both_programs_call(self) -> None:
        """One fetch for both, however due it was."""
        self.a_program_calls(0)
        before = list(self.login.asked)
        held = self.login.role_file
        fresh = held is not None and held.is_fresh(self.login.now + 1) and self.is_of_login(held)
        self.a_program_calls(1)
        if fresh:
            assert self.login.asked == before

    @invariant()
    def files_hold_what_the_model_says(self) -> None:
        source = self.clients[0].source.file
        token = AccessToken.from_entry(token_cache().get(token_key(PROFILE)), Clock())
        assert (token.value if token else None) == (
            self.login.token_file.access if self.login.token_file else None
        )
        role = RoleCredentials.from_entry(role_cache().get(source.key), "1", Clock())
        assert (role.keys.access_key if role else None) == (
            self.login.role_file.name if self.login.role_file else None
        )

    # The rules of the model.

    def expected(self, client: Client) -> type[Exception] | None:
        """Say what has to come out of a call now: None for credentials, else the error."""
        now, file = self.login.now, self.login.role_file
        if client.holds and client.holds.is_alive(now):
            return None
        usable = client.holds is None or self.FALLS_BACK_ON_THE_FILE
        ours = file is not None and self.is_of_login(file)
        usable = usable and not self._will_be_overtaken()
        if file and ours and (file.is_fresh(now) or (file.is_alive(now) and usable)):
            return None
        return self._expected_of_a_fetch()

    def _will_be_overtaken(self) -> bool:
        """Tell whether a fetch ends with the token of another program, as after a new login."""
        login, token = self.login, self.login.token_file
        due = token is not None and not token.is_fresh(login.now)
        spent = token is not None and token.refresh in login.refresh
        return login.cli_is_faster and login.rotates and login.up and due and spent

    def is_of_login(self, keys: Keys) -> bool:
        """Tell whether role credentials may be used with the token that is there."""
        token = self.login.token_file
        if token is None:
            return False
        return keys.issued > token.since if keys.login is None else keys.login == token.login

    def _expected_of_a_fetch(self) -> type[Exception] | None:
        login, token = self.login, self.login.token_file
        if token is None or not (token.is_alive(login.now) or token.refresh):
            return LoginRequired
        if not login.up:
            return PortalError
        renewable = token.refresh in login.refresh
        due = not token.is_fresh(login.now)
        accepted = login.takes(token.access)
        if (due and not token.is_alive(login.now)) or not accepted:
            accepted = renewable
        if not accepted:
            return LoginRequired
        return None if login.assigned else NoAccess

    @property
    def role_path(self) -> Path:
        return Path(role_cache().describe(self.clients[0].source.file.key))


def test_tokens_and_roles_do_what_the_model_says() -> None:
    """A call succeeds if and only if credentials can be had; never expired ones; one fetch."""
    run_state_machine_as_test(
        TokenAndRole, settings=settings(FIXED, max_examples=120, stateful_step_count=30)
    )


def test_fresh_keys_in_the_file_need_a_token() -> None:
    """A sequence that is too rare to be found: own keys expired, another's are there, no token."""
    machine = TokenAndRole()
    with contextlib.closing(machine.stack):
        machine.begin(rotates=False)
        machine.a_program_calls(0)
        machine.time_passes(1.9)
        machine.another_program_writes_the_role_file()
        machine.a_program_calls(1)
        machine.token_file_is_damaged_or_deleted(None)
        machine.a_program_calls(0)
        assert machine.login.asked == ["GetRoleCredentials"]
