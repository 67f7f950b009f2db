"""Responses of the portal: each value is checked before it is used."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from hostile import ACCOUNTS, CREDENTIALS, DEVICE, ROLES, TOKEN
from hostile_checks import ESCAPES, changed, fetch, log_in

import sso_plugin
from sso_plugin import PortalError
from sso_plugin.portal.responses import (
    DeviceAuthorization,
    Grant,
    InvalidResponseError,
    is_account_id,
)

if TYPE_CHECKING:
    from hostile import HostilePortal
    from world import World

INJECTION = "Admin\n[default]\ncredential_process = false\nx ="
"""A role name that would add a section to a config file."""


NAMES_OF_THE_WORLD = [
    "Z\u00fcrich",
    "\u682a\u5f0f\u4f1a\u793e\u3000\u4f8b",
    "a\u00a0b",
    "\U0001f468\u200d\U0001f4bb",
    "a\u00adb",
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("name", NAMES_OF_THE_WORLD)
def test_an_account_name_in_any_script_is_valid(portal: HostilePortal, name: str) -> None:
    """Special spaces and joined characters are not control characters."""
    portal.change[ACCOUNTS] = changed(
        accountList=[{"accountId": "111111111111", "accountName": name}]
    )
    assert [account.name for account in sso_plugin.accounts("dev")] == [name]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    "name", [INJECTION, "", "a b", "x" * 65, "../x", "\u212b", "Admin\x1b[2J", "Admin\x00", 7, None]
)
def test_an_invalid_role_name_is_ignored(
    portal: HostilePortal, name: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Only names that IAM allows are returned. The warning is one clean line."""
    portal.change[ROLES] = lambda response: {
        **response,
        "roleList": [{"roleName": name}, {"roleName": "Ok_+=,.@-1"}],
    }
    with caplog.at_level(logging.WARNING, "sso_plugin"):
        found = [role.role_name for role in sso_plugin.roles("111111111111", "dev")]
    assert found == ["Ok_+=,.@-1"]
    [message] = [each for each in caplog.messages if "Ignoring an entry" in each]
    assert message.isprintable()


@pytest.mark.parametrize("value", [True, "5", [5], {}, None, float("nan"), -1, 10**30])
def test_a_number_has_to_be_a_plausible_number(value: object) -> None:
    """Values that other parsers convert to a number are not valid."""
    with pytest.raises(InvalidResponseError, match=r"^expiresIn is "):
        Grant.of({"accessToken": "a", "expiresIn": value})


KEYS = {
    "accessKeyId": "ASIAEXAMPLE",
    "secretAccessKey": "abc",
    "sessionToken": "def",
    "expiration": 4102444800000,
}


@pytest.mark.long
@pytest.mark.one_quick_case
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
    """They are not used and not cached."""
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


@pytest.mark.long
def test_a_message_about_role_credentials_does_not_quote_them(portal: HostilePortal) -> None:
    """The message names the invalid value without showing it."""
    portal.change[CREDENTIALS] = changed(
        roleCredentials={**KEYS, "secretAccessKey": "s3cret\n", "sessionToken": "t0ken\n"}
    )
    with pytest.raises(PortalError) as caught:
        fetch()
    assert "secretAccessKey has characters that a header cannot have" in str(caught.value)
    assert "s3cret" not in str(caught.value)


GRANT = {"accessToken": "aoa", "refreshToken": "aor", "expiresIn": 3600, "tokenType": "Bearer"}


@pytest.mark.one_quick_case
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
def test_an_invalid_token_is_an_error_and_is_not_stored(
    portal: HostilePortal, world: World, changes: dict[str, object]
) -> None:
    """The token file does not change."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    before = world.token_file().read_bytes()
    portal.change[TOKEN] = lambda _: {**GRANT, **changes}
    with pytest.raises(PortalError, match=r"its response cannot be read: \w+ (is|has) "):
        fetch()
    assert world.token_file().read_bytes() == before


@pytest.mark.long
def test_the_polling_interval_is_at_least_a_second(portal: HostilePortal, world: World) -> None:
    """Also if the portal asks for an interval of 0."""
    portal.change[DEVICE] = changed(interval=0)
    sleeps: list[float] = []
    log_in(portal, world, sleeps)
    assert min(sleeps) >= 1


@pytest.mark.long
def test_the_polling_interval_is_at_most_a_minute(portal: HostilePortal, world: World) -> None:
    """A portal cannot make a login wait for years."""
    portal.change[DEVICE] = changed(interval=300_000_000, expiresIn=310_000_000)
    sleeps: list[float] = []
    log_in(portal, world, sleeps)
    assert max(sleeps) <= 60


@pytest.mark.long
def test_a_login_prompt_has_no_terminal_escapes(portal: HostilePortal, world: World) -> None:
    """They are removed from the code and from the addresses."""

    def add_escapes(response: dict[str, Any]) -> dict[str, Any]:
        names = ("userCode", "verificationUri", "verificationUriComplete")
        return {**response, **{name: response[name] + ESCAPES for name in names}}

    portal.change[DEVICE] = add_escapes
    [prompt] = log_in(portal, world)
    assert prompt.user_code.startswith(portal.user_codes[0])
    assert prompt.user_code.isprintable()
    assert prompt.url.isprintable()


def test_the_complete_verification_address_is_optional(portal: HostilePortal, world: World) -> None:
    """RFC 8628 allows that: the address without the code is shown."""
    portal.change[DEVICE] = changed(verificationUriComplete=None)
    [prompt] = log_in(portal, world)
    assert prompt.url == f"{world.emulator.url}/device"


@pytest.mark.one_quick_case
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
    """With an error that names the value."""
    portal.change[DEVICE] = changed(**changes)
    with pytest.raises(PortalError, match=f"its response cannot be read: {next(iter(changes))} "):
        log_in(portal, world)


def test_the_values_of_a_grant_are_read() -> None:
    """The refresh token is optional, and the repr has no secret."""
    grant = Grant.of(GRANT)
    assert (grant.access_token, grant.refresh_token, grant.expires_in) == ("aoa", "aor", 3600)
    assert Grant.of({"accessToken": "aoa", "expiresIn": 1}).refresh_token is None
    assert repr(grant) == "Grant(expires_in=3600.0)"


AUTHORIZATION = {
    "deviceCode": "device",
    "userCode": "ABCD-EFGH",
    "verificationUri": "https://x/device",
    "expiresIn": 600,
}


@pytest.mark.parametrize(
    ("interval", "expected"), [(None, 5.0), (0, 1.0), (7, 7.0), (61, 60.0)], ids=str
)
def test_the_polling_interval_has_a_default_and_limits(
    interval: int | None, expected: float
) -> None:
    """RFC 8628 sets the default of five seconds."""
    more = {} if interval is None else {"interval": interval}
    assert DeviceAuthorization.of({**AUTHORIZATION, **more}).interval == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1" * 12, True), ("1" * 11, False), ("\u0661" * 12, False), ("a" * 12, False)],
)
def test_an_account_id_is_twelve_digits(text: str, *, expected: bool) -> None:
    """Digits of other scripts are not accepted."""
    assert is_account_id(text) == expected
