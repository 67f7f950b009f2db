"""All parsers of files, responses and config, with any input: they raise our own errors only.

``make test-long`` runs more examples, and ``make fuzz`` many more.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import string
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from caches import file_cache, own_cache, role_cache, token_cache
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import sso_plugin
from sso_plugin.cli import main
from sso_plugin.clock import Clock
from sso_plugin.commands.configure.config_text import ConfigText
from sso_plugin.commands.credential_process import process_document
from sso_plugin.config import is_served
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import note_origin
from sso_plugin.credentials.account_names import AccountNames
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.credentials.role_credentials import RoleCredentials, RoleFile, is_of_login
from sso_plugin.credentials.role_source import RoleSource
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.errors import ConfigError, LoginFailed, PortalError, PortalRefusal, SsoPluginError
from sso_plugin.portal import responses
from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.error_map import Caller
from sso_plugin.portal.outage import Outage
from sso_plugin.portal.throttling import wait_for_slot
from sso_plugin.printable import clean, has_controls, one_line
from sso_plugin.redact import conceal, mask
from sso_plugin.signin import ask_person
from sso_plugin.signin.callback import Callback
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.signin.registration import Registrations
from sso_plugin.signin.vanity import PortalRecord
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.timestamps import format_timestamp, parse_http_date, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from world import World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PROFILE = SsoProfile("dev", "https://example.awsapps.com/start", "eu-central-1", "corp")
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["2100-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9" * 5000, "\x1b[2J"]),
)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -(10**400), 1e308, 2**63, -1, 0, True])
)
JSON = st.recursive(
    st.one_of(st.none(), TEXTS, NUMBERS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def variants(document: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return the document with some values, on two levels, replaced by any others."""
    inner = {
        key: st.one_of(st.just(value), JSON, variants(value))
        if isinstance(value, dict)
        else st.one_of(st.just(value), JSON)
        for key, value in document.items()
    }
    return st.fixed_dictionaries({}, optional=inner)


def contents(document: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    """Return valid and invalid contents of a file for the document."""
    text = json.dumps(document).encode()
    return st.one_of(
        variants(document).map(lambda found: json.dumps(found).encode()),
        JSON.map(lambda found: json.dumps(found).encode()),
        st.binary(max_size=200),
        st.integers(0, len(text)).map(lambda end: text[:end]),
        st.integers(1, 6000).map(lambda depth: b'{"accessToken":' * depth + b"1" + b"}" * depth),
        st.just(b'{"a": ' + b"9" * 5000 + b"}"),
    )


TOKEN = {
    "startUrl": "https://example.awsapps.com/start",
    "region": "eu-central-1",
    "accessToken": "aoa",
    "expiresAt": "2100-01-01T00:00:00Z",
    "clientId": "id",
    "clientSecret": "secret",
    "registrationExpiresAt": "2100-01-01T00:00:00Z",
    "refreshToken": "aor",
}
ROLE = {
    "ProviderType": "sso",
    "Credentials": {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "abc",
        "SessionToken": "def",
        "Expiration": "2100-01-01T00:00:00Z",
        "AccountId": "111111111111",
    },
    "SsoPlugin": {"LoginId": "0" * 32, "TokenFile": [1, 2, 3]},
}
OWN: dict[str, dict[str, Any]] = {
    "roles": {"login": "0" * 32, "tokens": ["a"], "beganAt": 5, "keys": ["0" * 40]},
    "accounts": {"accounts": {"111111111111": "Prod"}},
    "outage": {
        "kind": "SSLError",
        "unauthorized": True,
        "message": "a",
        "problem": "b",
        "retryable": True,
        "failures": 2,
        "code": "c",
        "operation": "d",
        "said": "e",
        "status": 500,
        "request_id": "f",
        "attempts": 2,
        "exhausted": True,
    },
    "budget": {"next_at": 1.0, "resume_at": 1.0, "share": 1.0, "written_at": 1.0},
    "portal": {"portal": "https://example.awsapps.com/start"},
    "replaced": {"accessKeyId": "ASIA"},
    "login": {"error": "a", "reason": "b", "byPerson": True},
}
REGISTRATION = {"clientId": "i", "clientSecret": "s", "expiresAt": "2100-01-01T00:00:00Z"}


PROCESS_FILE = {
    "config": {},
    "renew_from": 1e12,
    "role_file": "0" * 40 + ".json",
    "role_mark": [1, 2, 3, 4],
    "token_file": "0" * 40 + ".json",
    "token_marks": [None, None],
}


@pytest.fixture
def login(world: World) -> ConfiguredLogin:
    """Return a login whose folders exist."""
    world.sign_in()
    return ConfiguredLogin.find("dev")


def put(cache: Any, key: str, content: bytes) -> None:
    """Write a file as another program may write it."""
    from pathlib import Path

    path = Path(cache.describe(key))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)


@pytest.mark.long
@fuzzed
@given(content=contents(TOKEN))
def test_any_token_file_is_a_token_or_none(login: ConfiguredLogin, content: bytes) -> None:
    """Token, login index and status are read without an error."""
    put(token_cache(), login.key, content)
    token = TokenFile(login).load()
    assert token is None or token.value
    login.status()
    if token is not None:
        LoginIndex(own_cache(), login.key).identify(token, lambda: True)
        is_of_login(login, TokenFile(login).origin_of(token), 0)


STAMPS = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
]


@pytest.mark.long
@pytest.mark.parametrize(
    "zone",
    [
        "America/Los_Angeles",
        pytest.param("Asia/Tokyo", marks=pytest.mark.long),
        pytest.param("UTC", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("stamp", STAMPS)
def test_the_first_and_the_last_times_are_read(
    login: ConfiguredLogin,
    world: World,
    stamp: str,
    zone: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Other programs write them for "never". Nothing that reads a token or a role fails."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    world.sign_in(expiresAt=stamp, registrationExpiresAt=stamp)
    for words in (["status", "-p", "dev"], ["status", "-p", "dev", "--json"], ["doctor"]):
        main(words)
    assert "this was not expected" not in capsys.readouterr().err
    world.sign_in()
    source = RoleSource(RoleFile(login, role_cache(), str(login.profile.account_id)))
    held = {**ROLE["Credentials"], "Expiration": stamp}  # type: ignore[dict-item]
    origin = TokenFile(login).origin_of(TokenFile(login).load())  # type: ignore[arg-type]
    role_cache().put(source.file.key, note_origin({**ROLE, "Credentials": held}, origin))
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    assert credentials.get_frozen_credentials().access_key.startswith("ASIA")
    assert main(["env", "-p", "dev"]) == 0
    monkeypatch.undo()
    time.tzset()


@fuzzed
@given(content=contents(ROLE))
def test_any_role_file_is_credentials_or_none(login: ConfiguredLogin, content: bytes) -> None:
    """Values that are read are strings."""
    source = RoleSource(RoleFile(login, role_cache(), str(login.profile.account_id)))
    put(role_cache(), source.file.key, content)
    found = source.load()
    entry = role_cache().get(source.file.key)
    read = RoleCredentials.from_entry(entry, "111111111111", Clock())
    for each in filter(None, (found, read)):
        assert all(isinstance(value, str) for value in each.keys[:3])
        each.document()


@pytest.mark.long
@settings(fuzzed, max_examples=max(20, EXAMPLES // 20))
@given(content=contents(ROLE), process_file=contents(PROCESS_FILE))
def test_credential_process_answers_with_any_file(
    login: ConfiguredLogin, content: bytes, process_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own file and the role file are checked, or the credentials are fetched again."""
    source = RoleSource(RoleFile(login, role_cache(), str(login.profile.account_id)))
    put(role_cache(), source.file.key, content)
    put(own_cache(), f"process-{b'dev'.hex()}", process_file)
    monkeypatch.setattr("sso_plugin.commands.credential_process._config_marks", dict)
    with contextlib.suppress(SsoPluginError):
        assert process_document("dev")["Version"] == 1


@pytest.mark.long
@fuzzed
@given(kind=st.sampled_from(sorted(OWN)), data=st.data())
def test_any_file_of_our_own_is_used_or_ignored(
    login: ConfiguredLogin, kind: str, data: st.DataObject
) -> None:
    """Each kind of file in our own folder, read by the code that uses it."""
    put(own_cache(), f"{kind}-{login.key}", data.draw(contents(OWN[kind])))
    read_own_file(kind, login)


def read_own_file(kind: str, login: ConfiguredLogin) -> None:
    key, own = login.key, own_cache()
    token = TokenFile(login).load()
    assert token is not None
    if kind == "roles":
        index = LoginIndex(own_cache(), key)
        assert all(len(each) == 40 for each in index.keys())  # noqa: SIM118 - no dict
        index.add("1" * 40)
        index.continue_with(token, token)
    elif kind == "accounts":
        AccountNames(login).load("Prod")
    elif kind == "outage":
        outage = Outage(own, key, login.profile)
        outage.is_backing_off()
        assert outage.note(PortalError(error_msg="x")) <= 1000
        failed = outage.since(0.0)
        assert failed is None or copy.deepcopy(failed).kwargs == failed.kwargs
        outage.note(PortalError(error_msg="x"))
        outage.end()
    elif kind == "portal":
        read_portal_record(login)
    elif kind == "replaced":
        read_replaced(login)
    elif kind == "login":
        read_failed_login(login)
    else:
        wait_for_slot(CacheBudget(f"budget-{key}", 1e6, own), sleep=lambda _: None)


def read_portal_record(login: ConfiguredLogin) -> None:
    """Check a start URL against the record. Another portal is an error with a clean message."""
    record = PortalRecord(login.profile, own_cache())
    held = own_cache().get(f"portal-{login.key}")
    if held is not None:
        own_cache().put(record._key, held.document)
    with contextlib.suppress(LoginFailed):
        record.check("https://other.awsapps.com/start")


def read_replaced(login: ConfiguredLogin) -> None:
    """Replace credentials. The record says when that was done last."""
    source = RoleSource(RoleFile(login, role_cache(), str(login.profile.account_id)))
    with contextlib.suppress(SsoPluginError):
        assert source.replace("ASIA").keys.access_key


def read_failed_login(login: ConfiguredLogin) -> None:
    """Read how the login of another process failed."""
    failure = ask_person._shared_failure(login.profile, own_cache(), f"login-{login.key}", 0.0)
    with contextlib.suppress(LoginFailed), failure:
        pass


@pytest.mark.parametrize("failures", [10**4300 - 1, 10**18, -1, True, None, "5"])
def test_any_number_of_failures_is_bounded(login: ConfiguredLogin, failures: object) -> None:
    """One more failure can be written."""
    outage = Outage(own_cache(), login.key, login.profile)
    document = {**OWN["outage"], "failures": failures}
    put(own_cache(), f"outage-{login.key}", json.dumps(document).encode())
    assert outage.note(PortalError(error_msg="x")) <= 1000
    assert outage.note(PortalError(error_msg="x")) <= 1001


@pytest.mark.long
@fuzzed
@given(content=contents(REGISTRATION))
def test_any_registration_file_is_used_or_replaced(login: ConfiguredLogin, content: bytes) -> None:
    """A login registers again if the file is not valid."""
    found = Registrations(login)
    put(token_cache(), found.key, content)
    assert found.for_device().client_id


DATES = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}, {} {} {} {}:{}:{} {}".format,
        st.sampled_from(["Wed", "", "\x80"]),
        NUMBERS,
        st.sampled_from(["Nov", "Foo", "13"]),
        NUMBERS,
        *[st.integers(-5, 99)] * 3,
        st.sampled_from(["GMT", "-0000", "+9999", "-99999999999999999999", "EST", ""]),
    ),
)


@fuzzed
@given(date=DATES)
@example("Wed, 25 Nov 99999999999999999999 08:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("Sun, 31 Dec 9989 23:59:59 GMT")
def test_any_date_is_a_time_or_none(date: str) -> None:
    """The clock can still be written as a timestamp, also in ten years."""
    when = parse_http_date(date)
    clock = Clock()
    clock.observe(date)
    clock.observe(date)
    assert when is None or 0 <= when < 253402300799
    format_timestamp(clock.now() + 10 * 366 * 86400)


@fuzzed
@given(text=TEXTS)
def test_any_timestamp_is_a_time_or_a_value_error(text: str) -> None:
    """Its callers catch ValueError and OverflowError."""
    with contextlib.suppress(ValueError, OverflowError):
        parse_timestamp(text)


KEYS = {
    "roleCredentials": {
        "accessKeyId": "ASIA",
        "secretAccessKey": "abc",
        "sessionToken": "def",
        "expiration": 4102444800000,
    }
}
ACCOUNT = {"accountId": "111111111111", "accountName": "Prod", "emailAddress": "a@b"}
DEVICE = {
    "deviceCode": "d",
    "userCode": "AAAA-BBBB",
    "verificationUri": "https://x",
    "verificationUriComplete": "https://x?c",
    "expiresIn": 600,
    "interval": 5,
}
READERS: list[tuple[Callable[[Any], object], dict[str, Any]]] = [
    (responses.Account.of, ACCOUNT),
    (responses.read_role_credentials, KEYS),
    (responses.Registration.of, {**REGISTRATION, "clientSecretExpiresAt": 5}),
    (responses.DeviceAuthorization.of, DEVICE),
    (responses.Grant.of, {"accessToken": "a", "refreshToken": "b", "expiresIn": 5}),
    (responses.read_role_name, {"roleName": "Admin"}),
    (responses.read_page_token, {"nextToken": "a"}),
]


def result_or_error(function: Callable[[], object], error: type[Exception]) -> object:
    """Return what a function returns, or the message of the one error that it may raise."""
    try:
        return function()
    except error as exc:
        return str(exc)


def texts_in(value: object) -> Iterator[str]:
    """Yield the strings of a value that was read."""
    if isinstance(value, str):
        yield value
    for held in vars(value).values() if hasattr(value, "__dict__") else ():
        yield from texts_in(held)


@pytest.mark.long
@fuzzed
@given(number=st.integers(0, len(READERS) - 1), data=st.data())
def test_any_answer_of_the_portal_is_valid_or_an_error(number: int, data: st.DataObject) -> None:
    """Values have no control characters, and errors have a clean message."""
    read, document = READERS[number]
    answer = data.draw(variants(document))
    caller = Caller("The profile", "sso", "eu-central-1", "sso-plugin doctor")

    def read_it() -> object:
        with caller.mapped_errors_of_response():
            return read(answer)

    found = result_or_error(read_it, PortalError)
    assert not any(has_controls(text) for text in texts_in(found))


@fuzzed
@given(error=variants({"Error": {"Code": "a", "Message": "b"}, "error_description": "c"}))
def test_any_refusal_is_one_clean_line(error: dict[str, Any]) -> None:
    """Its parts may have any type."""
    from botocore.exceptions import ClientError

    caller = Caller("The profile", "sso", "eu-central-1", "sso-plugin doctor")
    response: Any = {"Error": {}, "ResponseMetadata": {"HTTPStatusCode": 400}, **error}
    if not isinstance(response["Error"], dict):
        # In botocore this is always a dict.
        response["Error"] = {}
    with pytest.raises(PortalRefusal) as caught, caller.mapped_errors():
        raise ClientError(response, "GetRoleCredentials")
    assert not has_controls(str(caught.value))
    assert not has_controls(caught.value.code)


VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "on", "1e400", "nan", "https://[x/", "corp", "45m", "m", "-1", "\x00"]),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
SECTION = st.dictionaries(
    st.sampled_from(
        [
            "sso_session",
            "sso_start_url",
            "sso_region",
            "sso_account_id",
            "sso_account_name",
            "sso_role_name",
            "sso_registration_scopes",
            "sso_plugin",
            "sso_login",
            "sso_cache",
            "sso_refresh",
            "sso_minimum_lifetime",
            "sso_requests_per_second",
            "sso_use_fips_endpoint",
        ]
    ),
    VALUES,
)


@fuzzed
@given(section=SECTION, session=SECTION)
def test_any_config_is_a_profile_or_a_config_error(
    section: dict[str, Any], session: dict[str, Any]
) -> None:
    """The message is one clean line."""
    config = {"profiles": {"dev": section}, "sso_sessions": {"corp": session, "": session}}
    is_served(config, "dev")
    found = result_or_error(lambda: SsoProfile.find(config, "dev"), ConfigError)
    if isinstance(found, SsoProfile):
        assert found.start_url
        assert found.region
    elif found is not None:
        assert not has_controls(str(found))


@fuzzed
@given(text=st.text(alphabet=string.printable + "\x85\u2028[]=#\ufeff", max_size=300))
def test_any_config_file_is_written_back_unchanged(text: str) -> None:
    """Character by character."""
    assert ConfigText.parse(text).text == text


@pytest.mark.long
@fuzzed
@given(host=st.text(max_size=20), target=st.text(max_size=80))
def test_any_request_to_the_callback_is_refused(host: str, target: str) -> None:
    """No request here has the right state."""
    with Callback("s" * 32, "The profile") as callback:
        for named in (host, callback.host):
            for path in (target, f"/oauth/callback?state={target}", f"/oauth/callback?{target}"):
                status, sentence = callback.receive(named, path, ("127.0.0.1", 9))
                assert status >= 400
                assert not has_controls(sentence)


@fuzzed
@given(value=JSON, text=st.text())
def test_any_text_is_cleaned_and_masked(value: Any, text: str) -> None:
    """Clean text stays the same."""
    assert not has_controls(one_line(text))
    assert clean(clean(text)) == clean(text)
    assert one_line(one_line(text)) == one_line(text)
    assert conceal(value) == value or value != value  # noqa: PLR0124 - nan
    mask(text)


@pytest.mark.long
@fuzzed
@given(documents=st.lists(JSON, max_size=3))
def test_any_mapping_can_be_the_cache(documents: list[Any], tmp_path: Path) -> None:
    """A caller may put any value into the cache of a provider."""
    for number, document in enumerate(documents):
        cache = MemoryCache({"key": document})
        RoleCredentials.from_entry(cache.get("key"), "111111111111", Clock())
        files = file_cache(tmp_path)
        put(files, f"{number}", json.dumps(document).encode())
        RoleCredentials.from_entry(files.get(f"{number}"), "111111111111", Clock())
