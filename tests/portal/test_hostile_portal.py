"""A portal that lies, or something that answers in its place: what it says does no harm."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import traceback
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hostile import ACCOUNTS, CREDENTIALS, DEVICE, REGISTER, ROLES, TOKEN, HostilePortal
from quicklogin import login

import sso_plugin
from sso_plugin import LoginFailed, LoginRequired, PortalError, SsoPluginError
from sso_plugin.cli import main
from sso_plugin.portal.responses import Grant, InvalidResponseError
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage.file_cache import token_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

INJECTION = "Admin\n[default]\ncredential_process = false\nx ="
ESCAPES = "\x1b]0;owned\x07\x1b[31mA\u202eB\x9b2J\u2028C\r\n"
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
YEAR = 365 * 86400


@pytest.fixture
def portal(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostilePortal]:
    """Give a portal that can lie, and a login at it."""
    world.sign_in()
    portal = HostilePortal.before(world, monkeypatch)
    yield portal
    portal.shutdown()
    portal.server_close()


def is_clean(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def changed(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what sets values in an answer; None takes one out."""
    return lambda answer: {**answer, **values}


def fetch() -> Any:
    """Ask for the credentials of the profile as a script does that has just started."""
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    return credentials.get_frozen_credentials()


INVALID_ACCOUNTS: list[Any] = [
    None,
    {},
    {"accountId": "1"},
    {"accountId": "\u0661" * 12},
    {"accountId": "111111111111\n"},
    {"accountId": 111111111111},
    {"accountId": "111111111111", "accountName": f"Prod{ESCAPES}"},
    {"accountId": "111111111111", "accountName": ["Prod"]},
    {"accountId": "111111111111", "accountName": "x" * 5000},
    {"accountId": "111111111111", "emailAddress": "a@b\n[default]"},
]

NAMES_OF_THE_WORLD = [
    "Z\u00fcrich",
    "\u682a\u5f0f\u4f1a\u793e\u3000\u4f8b",
    "a\u00a0b",
    "\U0001f468\u200d\U0001f4bb",
    "a\u00adb",
]


@pytest.mark.parametrize("name", NAMES_OF_THE_WORLD)
def test_a_name_in_any_script_is_valid(portal: HostilePortal, name: str) -> None:
    """Spaces of all kinds and joined characters control nothing."""
    portal.change[ACCOUNTS] = changed(
        accountList=[{"accountId": "111111111111", "accountName": name}]
    )
    assert [account.name for account in sso_plugin.accounts("dev")] == [name]


def test_an_invalid_account_is_left_out_and_reported_once(
    portal: HostilePortal, caplog: pytest.LogCaptureFixture
) -> None:
    """The valid ones are listed; the report is one clean line for each."""
    expected = list(sso_plugin.accounts("dev"))
    portal.change[ACCOUNTS] = lambda answer: {
        **answer,
        "accountList": [*INVALID_ACCOUNTS, *answer["accountList"], *INVALID_ACCOUNTS],
    }
    with caplog.at_level(logging.WARNING, "sso_plugin"):
        assert list(sso_plugin.accounts("dev")) == expected
    reports = [record.getMessage() for record in caplog.records]
    assert len(reports) == len(set(reports)) == len(INVALID_ACCOUNTS) - 1
    assert all(each.isprintable() and "Ignoring an entry in a list" in each for each in reports)
    assert any('accountId is not 12 digits ("1")' in each for each in reports)


def test_a_portal_that_sends_nothing_valid_does_not_fill_the_log(
    portal: HostilePortal, caplog: pytest.LogCaptureFixture
) -> None:
    """The number of reports is bounded."""
    entries = [{"accountId": f"{number}"} for number in range(1000)]
    portal.change[ACCOUNTS] = changed(accountList=entries)
    with caplog.at_level(logging.WARNING, "sso_plugin"):
        assert list(sso_plugin.accounts("dev")) == []
    assert len(caplog.records) == 20


@pytest.mark.parametrize(
    "name", [INJECTION, "", "a b", "x" * 65, "../x", "\u212b", "Admin\x1b[2J", "Admin\x00", 7, None]
)
def test_an_invalid_role_name_is_left_out(
    portal: HostilePortal, name: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the names that IAM allows get any further."""
    portal.change[ROLES] = lambda answer: {
        **answer,
        "roleList": [{"roleName": name}, {"roleName": "Ok_+=,.@-1"}],
    }
    with caplog.at_level(logging.WARNING, "sso_plugin"):
        found = [role.role_name for role in sso_plugin.roles("111111111111", "dev")]
    assert found == ["Ok_+=,.@-1"]
    [record] = caplog.records
    assert record.getMessage().isprintable()


def test_a_role_name_cannot_write_sections_into_the_config_file(
    portal: HostilePortal, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way: the command leaves the role out, writes the others, and says so."""
    portal.change[ROLES] = lambda answer: {
        **answer,
        "roleList": [*answer["roleList"], {"roleName": INJECTION}],
    }
    assert main(["configure", "--sso-session", "corp", "--yes"]) == 0
    written = world.config_file.read_text()
    assert "credential_process" not in written
    assert "[default]" not in written
    assert "[profile production-AdministratorAccess]" in written
    told = capsys.readouterr()
    assert told.err.count("Ignoring an entry in a list of") == 1
    assert is_clean(told.err)
    assert "credential_process" not in told.out


def test_what_a_callers_own_client_returns_is_not_changed(portal: HostilePortal) -> None:
    """Validation is for what we use; a script that asks the service sees what it says."""
    portal.change[ROLES] = changed(roleList=[{"roleName": INJECTION}])
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    client: Any = session.client("sso", region_name="eu-central-1")
    answer = client.list_account_roles(accountId="111111111111")
    assert answer["roleList"] == [{"roleName": INJECTION}]


@pytest.mark.parametrize("value", [True, "5", [5], {}, None, float("nan"), -1, 10**30])
def test_a_number_is_a_number(value: object) -> None:
    """What other parsers would turn into one is refused, too."""
    with pytest.raises(InvalidResponseError, match=r"^expiresIn is "):
        Grant.of({"accessToken": "a", "expiresIn": value})


KEYS = {
    "accessKeyId": "ASIAEXAMPLE",
    "secretAccessKey": "abc",
    "sessionToken": "def",
    "expiration": 4102444800000,
}


@pytest.mark.parametrize(
    "keys",
    [
        None,
        {},
        [],
        "keys",
        {**KEYS, "accessKeyId": None},
        {**KEYS, "accessKeyId": "ASIA\r\nX-Evil: 1"},
        {**KEYS, "secretAccessKey": ["a"]},
        {**KEYS, "secretAccessKey": ""},
        {**KEYS, "sessionToken": "caf\u00e9"},
        {**KEYS, "sessionToken": "x" * 70_000},
        {**KEYS, "sessionToken": f"token{ESCAPES}"},
        {**KEYS, "expiration": "soon"},
        {**KEYS, "expiration": -1},
        {**KEYS, "expiration": 1e308},
        {**KEYS, "expiration": 10**400},
        {**KEYS, "expiration": None},
    ],
)
def test_invalid_role_credentials_are_an_error(
    portal: HostilePortal, world: World, keys: object
) -> None:
    """They are used for nothing, and are not cached."""
    portal.change[CREDENTIALS] = changed(roleCredentials=keys)
    with pytest.raises(PortalError) as caught:
        fetch()
    assert re.fullmatch(
        r'The profile "dev" cannot reach Identity Center \(sso in eu-central-1, at [\w:/.]+\): its '
        r"response cannot be read(: \w+ (is|has) [\w ]+)?\. Run: sso-plugin doctor --profile dev",
        str(caught.value),
    )
    assert world.role_files() == []
    del portal.change[CREDENTIALS]
    assert fetch().access_key.startswith("ASIA")


def test_keys_are_in_no_message_about_them(portal: HostilePortal) -> None:
    """The message names the value that is not valid, and shows none."""
    portal.change[CREDENTIALS] = changed(
        roleCredentials={**KEYS, "secretAccessKey": "s3cret\n", "sessionToken": "t0ken\n"}
    )
    with pytest.raises(PortalError) as caught:
        fetch()
    assert "secretAccessKey has characters that a header cannot have" in str(caught.value)
    assert "s3cret" not in str(caught.value)


GRANT = {"accessToken": "aoa", "refreshToken": "aor", "expiresIn": 3600, "tokenType": "Bearer"}


@pytest.mark.parametrize(
    "changes",
    [
        {"accessToken": None},
        {"accessToken": 5},
        {"accessToken": "a b"},
        {"accessToken": "a\r\nb"},
        {"refreshToken": {"a": 1}},
        {"refreshToken": "x\x00"},
        {"expiresIn": -1},
        {"expiresIn": 10**30},
        {"expiresIn": None},
    ],
)
def test_an_invalid_token_is_an_error_and_is_not_saved(
    portal: HostilePortal, world: World, changes: dict[str, object]
) -> None:
    """The token file stays what it was."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    before = world.token_file().read_bytes()
    portal.change[TOKEN] = lambda _: {**GRANT, **changes}
    with pytest.raises(PortalError, match=r"its response cannot be read: \w+ (is|has) "):
        fetch()
    assert world.token_file().read_bytes() == before


def log_in(portal: HostilePortal, world: World, sleeps: list[float] | None = None) -> list[Any]:
    """Log in by a code that is approved after the first question; return the prompts."""
    prompts: list[Any] = []
    waited = [] if sleeps is None else sleeps

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            world.emulator.approve(portal.user_codes[-1], "alice")

    login("dev", flow="device", force=True, show=prompts.append, open_browser=None, sleep=sleep)
    return prompts


def test_a_portal_that_wants_to_be_asked_without_a_pause_is_not(
    portal: HostilePortal, world: World
) -> None:
    """An interval of 0 counts as one second."""
    portal.change[DEVICE] = changed(interval=0)
    sleeps: list[float] = []
    log_in(portal, world, sleeps)
    assert min(sleeps) >= 1


def test_a_portal_cannot_make_a_login_wait_for_years(portal: HostilePortal, world: World) -> None:
    """Neither between two questions nor in all."""
    portal.change[DEVICE] = changed(interval=300_000_000, expiresIn=310_000_000)
    sleeps: list[float] = []
    log_in(portal, world, sleeps)
    assert max(sleeps) <= 60


def test_terminal_escapes_in_a_login_prompt_are_gone(portal: HostilePortal, world: World) -> None:
    """Neither the code nor the address can steer the terminal."""

    def lie(answer: dict[str, Any]) -> dict[str, Any]:
        lies = ("userCode", "verificationUri", "verificationUriComplete")
        return {**answer, **{name: answer[name] + ESCAPES for name in lies}}

    portal.change[DEVICE] = lie
    [prompt] = log_in(portal, world)
    assert prompt.user_code.startswith(portal.user_codes[0])
    assert prompt.user_code.isprintable()
    assert prompt.url.isprintable()


def test_the_address_with_the_code_in_it_may_be_missing(
    portal: HostilePortal, world: World
) -> None:
    """RFC 8628 makes it optional: the page without the code is shown."""
    portal.change[DEVICE] = changed(verificationUriComplete=None)
    [prompt] = log_in(portal, world)
    assert prompt.url == f"{world.emulator.url}/device"


@pytest.mark.parametrize(
    "changes",
    [
        {"deviceCode": None},
        {"userCode": 5},
        {"verificationUri": ["https://x"]},
        {"expiresIn": -5},
        {"interval": -1},
    ],
)
def test_an_invalid_device_authorization_ends_the_login(
    portal: HostilePortal, world: World, changes: dict[str, object]
) -> None:
    """With an error of ours that names the value."""
    portal.change[DEVICE] = changed(**changes)
    with pytest.raises(PortalError, match=f"its response cannot be read: {next(iter(changes))} "):
        log_in(portal, world)


def test_what_a_portal_says_in_an_error_cannot_steer_a_terminal(
    portal: HostilePortal, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the message, the code, the traceback or the log."""
    lies = {"__type": f"Evil{ESCAPES}", "message": f"told{ESCAPES}", "more": [ESCAPES]}
    portal.change[CREDENTIALS] = lambda _: (400, lies)
    with caplog.at_level(logging.DEBUG, "sso_plugin"), pytest.raises(SsoPluginError) as caught:
        fetch()
    shown = "".join(traceback.format_exception(caught.value))
    assert is_clean(shown)
    assert is_clean(json.dumps(getattr(caught.value, "response", {}), ensure_ascii=False))
    assert "told" in str(caught.value)
    assert is_clean(caplog.text)


def test_a_secret_that_is_quoted_in_an_error_goes_no_further(
    portal: HostilePortal, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy may repeat the request; that is in no message, no log and no file of ours."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    held = json.loads(world.token_file().read_text())
    secrets = [held[name] for name in ("refreshToken", "clientSecret")]
    told = " ".join(secrets)
    # Older botocore reads the message only.
    lies = {"error": "x", "error_description": told, "message": told}
    portal.change[TOKEN] = lambda _: (500, lies)
    with caplog.at_level(logging.DEBUG), pytest.raises(PortalError) as caught:
        fetch()
    shown = [str(caught.value), repr(caught.value.__dict__)]
    shown += [each.getMessage() for each in caplog.records if "sso_plugin" in each.name]
    shown += ["".join(traceback.format_exception(caught.value))]
    shown += [file.read_text() for file in (world.home / ".aws/sso-plugin").glob("*.json")]
    shown += [repr(getattr(caught.value.__cause__, "response", None))]
    assert "***" in shown[0]
    assert not [text for text in shown for secret in secrets if secret[:20] in text]


@pytest.mark.parametrize("status", [200, 403])
def test_an_exception_that_the_caller_handles_stays_whole(
    portal: HostilePortal, world: World, status: int
) -> None:
    """Its traceback and its text, although it is the context of ours."""
    portal.change[CREDENTIALS] = lambda _: (status, b"{}")
    (world.home / ".aws/cli/cache").mkdir(parents=True)

    def fail() -> None:
        raise RuntimeError("mine\nsecond line")

    def handle() -> None:
        try:
            fail()
        except RuntimeError:
            world.token_file("other").write_text("damaged")
            token_cache().get(world.token_file("other").stem)
            with contextlib.suppress(SsoPluginError):
                fetch()
            raise

    with pytest.raises(RuntimeError) as caught:
        handle()
    assert caught.value.args == ("mine\nsecond line",)
    assert caught.traceback[-1].name == "fail"


@pytest.mark.parametrize("path", [ACCOUNTS, ROLES, CREDENTIALS, REGISTER, DEVICE, TOKEN])
@pytest.mark.parametrize("body", [DEEP, b"[]", b"5", b"null", b"\xff\xfe", b'{"a": NaN}', b""])
def test_an_answer_of_nonsense_is_an_error_of_ours(
    portal: HostilePortal, world: World, path: str, body: bytes
) -> None:
    """Nested deeper than a parser can follow, of another type, in no encoding."""
    portal.change[path] = lambda _: body
    if path == TOKEN:
        world.sign_in(expiresAt="2020-01-01T00:00:00Z")

    def use() -> None:
        fetch()
        list(sso_plugin.roles("111111111111", "dev"))
        log_in(portal, world)

    with pytest.raises(SsoPluginError) as caught:
        use()
    assert portal.asked[-1] == path
    assert str(caught.value).isprintable()


def test_a_list_that_leads_back_ends(portal: HostilePortal) -> None:
    """Also one that goes in a circle of several pages."""
    tokens = ["b", "a"]

    def circle(answer: dict[str, Any]) -> dict[str, Any]:
        tokens.append(tokens.pop(0))
        return {**answer, "nextToken": tokens[0]}

    portal.change[ACCOUNTS] = circle
    with pytest.raises(PortalError, match="got a list that does not end"):
        list(sso_plugin.accounts("dev"))
    assert portal.asked.count(ACCOUNTS) == 3


def test_a_list_without_end_is_given_up(
    portal: HostilePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a number of pages that no portal has."""
    monkeypatch.setattr("sso_plugin.portal.listings._MOST_PAGES", 5)
    portal.change[ACCOUNTS] = lambda answer: {**answer, "nextToken": f"{len(portal.asked)}"}
    with pytest.raises(PortalError, match="it has more than 5 pages"):
        list(sso_plugin.accounts("dev"))


DATES = [
    "Wed, 25 Nov 99999999999999999999 08:00:00 GMT",
    "Wed, 99999999999999999999 Nov 2026 08:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 0001 00:00:00 -0000",
    "Thu, 01 Jan 1970 00:00:00 +9999",
    "Thu, 01 Jan 1970 00:00:00 +99999999999999999999",
    formatdate(4102444800, usegmt=True),
    formatdate(0, usegmt=True),
    "\x80",
]


@pytest.mark.parametrize("date", DATES)
def test_one_wrong_date_changes_nothing(portal: HostilePortal, world: World, date: str) -> None:
    """Neither for the process that gets it nor for later ones."""
    portal.dates = [date]
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    assert [credentials.access_key[:4] for _ in range(3)] == ["ASIA"] * 3
    assert portal.asked.count(CREDENTIALS) == 1
    assert sso_plugin.status("dev").state == "usable"
    world.role_files()[0].unlink()
    assert world.run(SCRIPT).stdout == "ASIA\n"


SCRIPT = """
import boto3, sso_plugin
session = boto3.Session(profile_name="dev")
sso_plugin.enable(session)
print(session.get_credentials().get_frozen_credentials().access_key[:4])
"""


@pytest.mark.parametrize("renewable", [True, False])
@pytest.mark.parametrize("ahead", [20 * YEAR, 20 * 3600, -20 * 3600, -20 * YEAR])
def test_dates_that_are_wrong_for_a_while_lock_nobody_out(
    portal: HostilePortal, world: World, ahead: float, *, renewable: bool
) -> None:
    """A person is asked to log in only if both clocks say so, or the portal does."""
    import time

    wrong = formatdate(time.time() + ahead, usegmt=True)
    if not renewable:
        world.sign_in(refreshToken=None)
    portal.dates = [wrong] * 4
    list(sso_plugin.accounts("dev"))
    list(sso_plugin.roles("111111111111", "dev"))
    fetch()
    portal.dates = []
    for file in world.role_files():
        file.unlink()
    assert sso_plugin.status("dev").state == "usable"
    done = world.run(SCRIPT)
    assert done.stdout == "ASIA\n", done.stderr


def test_a_long_running_process_recovers_from_wrong_dates(
    portal: HostilePortal, world: World
) -> None:
    """Its credentials and its token seem to have expired; the portal is asked, and says so."""
    import time

    world.sign_in(refreshToken=None)
    portal.dates = [formatdate(time.time() + 20 * YEAR, usegmt=True)] * 3
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    for _ in range(6):
        assert credentials.get_frozen_credentials().access_key.startswith("ASIA")
    asked = portal.asked.count(CREDENTIALS)
    credentials.get_frozen_credentials()
    assert portal.asked.count(CREDENTIALS) == asked


def test_a_token_that_has_expired_by_both_clocks_needs_a_login(world: World) -> None:
    """Without a request."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z", refreshToken=None)
    with pytest.raises(LoginRequired, match="its token expired at 2020-01-01"):
        fetch()
    assert world.count("GetRoleCredentials") == 0


def test_a_token_of_which_only_the_portal_knows_is_explained(
    portal: HostilePortal, world: World
) -> None:
    """The wall clock is behind: the portal refuses the token, and the reason is the true one."""
    import time

    world.sign_in(refreshToken=None)
    world.emulator.revoke("alice")
    portal.dates = [formatdate(time.time() + 20 * 3600, usegmt=True)] * 5
    with pytest.raises(LoginRequired, match="its token expired at "):
        fetch()


def test_a_login_of_a_person_is_not_lost_to_a_wrong_date(
    portal: HostilePortal, world: World
) -> None:
    """A date of long ago in the answer with the token does not make it expired."""
    portal.dates = [formatdate(0, usegmt=True)]
    world.token_file().unlink()
    found = ConfiguredLogin.find("dev")
    assert found.status().state == "login needed"
    log_in(portal, world)
    assert found.status().state == "usable"


def test_a_message_of_ours_is_one_line() -> None:
    """Whatever a config file or a header brought into it."""
    failed = LoginFailed(error_msg=f"x{ESCAPES}y", reason=ESCAPES)
    assert str(failed).isprintable()
    assert failed.reason.isprintable()
