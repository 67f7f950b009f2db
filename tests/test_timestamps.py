"""Timestamps in files of other programs: every form that stock botocore reads, on each Python."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import time
import warnings
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import botocore.session
import command
import dateutil.parser  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quicklogin import login

import sso_plugin
from sso_plugin import LoginRequired
from sso_plugin.commands.doctor import diagnose
from sso_plugin.timestamps import END_OF_TIME, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

UTC = timezone.utc
MOMENT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC).timestamp()

FORMS = [
    "2026-11-25T12:00:00Z",
    "2026-11-25T12:00:00UTC",
    "2026-11-25T12:00:00+00:00",
    "2026-11-25T12:00:00+0000",
    "2026-11-25T12:00:00-0000",
    "2026-11-25T12:00:00+00",
    "2026-11-25T14:00:00+02:00",
    "2026-11-25T12:00:00.0Z",
    "2026-11-25T12:00:00.000Z",
    "2026-11-25T12:00:00.000000Z",
    "2026-11-25T12:00:00.0000000Z",
    "2026-11-25T12:00:00.0000000+00:00",
    "2026-11-25T12:00:00.000000000Z",
    "2026-11-25T12:00:00,000Z",
    "2026-11-25 12:00:00 UTC",
    "2026-11-25 12:00:00Z",
    "2026-11-25T12:00Z",
    "20261125T120000Z",
    "2026-11-25T12:00:00z",
    "Wed, 25 Nov 2026 12:00:00 GMT",
    "Wed Nov 25 12:00:00 UTC 2026",
    "25 November 2026 14:00:00 +0200",
    "11/25/2026 12:00:00 PM UTC",
    " 2026-11-25T12:00:00Z\n",
]


@pytest.mark.parametrize("text", FORMS)
def test_every_form_that_stock_reads_is_the_same_moment(text: str) -> None:
    """With an offset or a zone that is UTC."""
    assert dateutil.parser.parse(text).timestamp() == MOMENT
    assert parse_timestamp(text) == MOMENT


@pytest.mark.parametrize(
    "text", ["2026-11-25T12:00:00", "2026-11-25 12:00", "2026-11-25T12:00:00.0", "Nov 25 2026 12pm"]
)
def test_a_time_without_an_offset_is_in_utc(text: str) -> None:
    """Stock raises a TypeError there."""
    assert dateutil.parser.parse(text).tzinfo is None
    assert parse_timestamp(text) == MOMENT


def test_a_datetime_is_read() -> None:
    """Of a cache that a caller has set, where botocore takes it too."""
    when = datetime.fromtimestamp(MOMENT, timezone(timedelta(hours=5)))
    assert parse_timestamp(when) == MOMENT
    assert parse_timestamp(when.astimezone(UTC).replace(tzinfo=None)) == MOMENT


INVALID = [
    "",
    " ",
    "soon",
    "12",
    "2026",
    "Nov 2026",
    "monday",
    "12:00:00",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-25T25:00:00Z",
    "2026-11-25T12:00:00 XYZ",
    "2026-11-25T12:00:00+99:00",
    "1795507200",
    "1795507200000",
    "9" * 30,
    "2026-11-25T12:00:00+00" + "0" * 100,
    "99999-01-01T00:00:00Z",
    "0000-00-00",
    "\x00",
    "\ud800",
    None,
    True,
    12,
    20261125,
    1795507200.5,
    [],
    ["2026-11-25T12:00:00Z"],
    {"a": 1},
]


@pytest.mark.parametrize("held", INVALID, ids=ascii)
def test_what_is_no_moment_is_a_value_error(held: object) -> None:
    """Without a warning: where the zone is not known, dateutil would warn, and leave it out."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"."):
            parse_timestamp(held)


@pytest.mark.parametrize("text", ["9999-12-31 23:59:59 -1400", "9999-12-31T23:59:59.9999999Z"])
def test_no_moment_is_later_than_the_end_of_time(text: str) -> None:
    """So it can be written again."""
    assert parse_timestamp(text) == END_OF_TIME


@pytest.fixture(params=["XYZ-9", "Europe/London", "America/New_York", "UTC"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the zone of this process."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


def read_by_dateutil(text: str) -> datetime | None:
    """Return what stock reads; None if it fails, or has a time without an offset."""
    with warnings.catch_warnings(), contextlib.suppress(ValueError, OverflowError, TypeError):
        warnings.simplefilter("ignore")
        when: datetime = dateutil.parser.parse(text)
        return when if when.tzinfo else None
    return None


def as_ours(when: datetime) -> float:
    return min(max(-62135596800.0, when.timestamp()), END_OF_TIME)


FIRST, LAST = (datetime(year, 1, 3) for year in (1970, 2036))  # noqa: DTZ001 - the zone is in the text
FORMATS = [
    "%Y-%m-%dT%H:%M:%S{}",
    "%Y-%m-%dT%H:%M:%S.%f{}",
    "%Y-%m-%d %H:%M:%S {}",
    "%Y%m%dT%H%M%S{}",
    "%a, %d %b %Y %H:%M:%S {}",
    "%d %B %Y %I:%M:%S %p {}",
]
ZONES = ["Z", "UTC", "GMT", "+00:00", "+0530", "-08", "-0330", "EST", "BST", "XYZ", ""]


@pytest.mark.usefixtures("_zone")
@settings(derandomize=True, deadline=None)
@given(
    when=st.datetimes(FIRST, LAST),
    form=st.sampled_from(FORMATS),
    zone=st.sampled_from(ZONES),
)
def test_what_dateutil_reads_is_the_same_moment_in_any_zone(
    when: datetime, form: str, zone: str
) -> None:
    """Names of the local zone count as there; the time of one that is not known is not guessed."""
    text = when.strftime(form).format(zone)
    stock = read_by_dateutil(text)
    if stock is not None:
        assert parse_timestamp(text) == as_ours(stock)
    elif zone.strip():
        with pytest.raises(ValueError, match="zone"):
            parse_timestamp(text)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(max_size=30) | st.text("0123456789-:/TZ+.,UTC PMAW", max_size=30))
def test_any_text_is_read_as_dateutil_reads_it(text: str) -> None:
    """What it reads with an offset; otherwise there is a number or a ValueError."""
    stock = read_by_dateutil(text)
    found = None
    with contextlib.suppress(ValueError):
        found = parse_timestamp(text)
    if stock is not None:
        with contextlib.suppress(ValueError, OverflowError):
            assert found == as_ours(stock)


def session_of(*, ours: bool) -> Any:
    session: Any = botocore.session.Session(profile="dev")
    if ours:
        sso_plugin.enable(session)
    return session


def shifted(text: str, hours: float) -> str:
    """Return one of the forms above for a time that many hours from now."""
    when = datetime.now(UTC) + timedelta(hours=hours)
    return text.replace("2026-11-25", f"{when:%Y-%m-%d}").replace("12:00:00", f"{when:%H:%M:%S}")


UNUSUAL = ["2026-11-25T12:00:00+0000", "2026-11-25T12:00:00.0000000Z", "2026-11-25 12:00:00 UTC"]


@pytest.mark.parametrize("text", UNUSUAL)
@pytest.mark.parametrize("ours", [False, True])
def test_a_token_is_used_and_renewed_whatever_the_form(
    world: World, text: str, *, ours: bool
) -> None:
    """``expiresAt`` and ``registrationExpiresAt``, on stock botocore and here."""
    world.sign_in(expiresAt=shifted(text, 3))
    assert session_of(ours=ours).get_credentials().get_frozen_credentials().token
    assert world.count("CreateToken") == 0
    world.sign_in(expiresAt=shifted(text, -3), registrationExpiresAt=shifted(text, 3))
    assert session_of(ours=ours).get_auth_token().get_frozen_token().token
    assert world.count("CreateToken") == 1


def cached_roles(world: World, expiration: object) -> None:
    """Give the cached credentials an end in another form."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    document["Credentials"]["Expiration"] = expiration
    file.write_text(json.dumps(document))


@pytest.mark.parametrize("text", UNUSUAL)
def test_cached_credentials_are_used_whatever_the_form(world: World, text: str) -> None:
    """``Expiration``. What `credential-process` prints has the usual form, which SDKs read."""
    world.sign_in()
    session_of(ours=True).get_credentials().get_frozen_credentials()
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=50)
    cached_roles(
        world, text.replace("2026-11-25", f"{end:%Y-%m-%d}").replace("12:00", f"{end:%H:%M}")
    )
    session_of(ours=True).get_credentials().get_frozen_credentials()
    assert world.count("GetRoleCredentials") == 1
    for _ in range(2):
        printed = json.loads(command.run("credential-process", "--profile", "dev").stdout)
        assert printed["Expiration"] == f"{end:%Y-%m-%dT%H:%M}:00Z"
    assert world.count("GetRoleCredentials") == 1


SHOWN = [
    ("soon", 'has an invalid expiresAt "soon"'),
    ("so\non\x1b[31m", 'has an invalid expiresAt "so on\ufffd[31m"'),
    ("x" * 99, f'has an invalid expiresAt "{"x" * 36} ..."'),
    (7, "has an invalid expiresAt, which is not a string"),
    ({"a": "b"}, "has an invalid expiresAt, which is not a string"),
    (None, "has no expiresAt"),
]


@pytest.mark.parametrize(("held", "fault"), SHOWN)
def test_a_token_whose_end_cannot_be_read_is_reported(
    world: World, held: object, fault: str
) -> None:
    """With file, key and value: by the error, ``status`` and ``doctor``."""
    world.sign_in(expiresAt=held)
    world.token_file().chmod(0o600)
    reason = f"the token file {world.token_file()} {fault}"
    with pytest.raises(LoginRequired) as caught:
        session_of(ours=True).get_credentials().get_frozen_credentials()
    assert str(caught.value) == (
        f'The profile "dev" needs a login: {reason}. Run: sso-plugin login --profile dev'
    )
    assert sso_plugin.status("dev").fault == reason
    assert f"none: {reason}" in command.run("status", "-p", "dev", COLUMNS="500").stdout
    assert f"T{reason[1:]}." in [each.message for each in diagnose("dev")]


def test_a_token_file_that_is_missing_or_fine_has_no_fault(world: World) -> None:
    """Nothing is reported but that there is no token."""
    assert sso_plugin.status("dev").fault is None
    world.sign_in()
    assert sso_plugin.status("dev").fault is None
    world.sign_in(accessToken=None)
    with pytest.raises(LoginRequired, match="there is no token in"):
        session_of(ours=True).get_credentials().get_frozen_credentials()


@pytest.mark.parametrize("held", ["soon", 7])
def test_an_end_of_the_registration_that_cannot_be_read_is_reported(
    world: World, held: object
) -> None:
    """It is why an expired token is not renewed."""
    past = "2020-01-01T00:00:00Z"
    world.sign_in(expiresAt=past, registrationExpiresAt=held)
    with pytest.raises(LoginRequired) as caught:
        session_of(ours=True).get_credentials().get_frozen_credentials()
    fault = {"soon": ' "soon"', 7: ", which is not a string"}[held]
    assert caught.value.reason == (
        f"its token expired at {past}, and {world.token_file()} has an invalid "
        f"registrationExpiresAt{fault}"
    )


@pytest.mark.parametrize("held", ["soon", 7, None])
def test_cached_credentials_whose_end_cannot_be_read_are_reported_once(
    world: World, caplog: pytest.LogCaptureFixture, held: object
) -> None:
    """They are fetched again, and the file is replaced."""
    world.sign_in()
    session_of(ours=True).get_credentials().get_frozen_credentials()
    cached_roles(world, held)
    with caplog.at_level(logging.WARNING):
        session_of(ours=True).get_credentials().get_frozen_credentials()
    fault = {
        "soon": 'has an invalid Expiration "soon"',
        7: "has an invalid Expiration, which is not a string",
        None: "has no Expiration",
    }[held]
    [file] = world.role_files()
    assert [f"Ignoring {file}, which {fault}"] == caplog.messages
    assert world.count("GetRoleCredentials") == 2
    assert parse_timestamp(json.loads(file.read_text())["Credentials"]["Expiration"])


def test_a_registration_whose_end_cannot_be_read_is_reported_and_replaced(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The next login registers again."""

    def log_in() -> None:
        login(
            "dev",
            flow="device",
            force=True,
            show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
            open_browser=None,
        )

    log_in()
    [file] = {*world.token_file().parent.glob("*.json")} - {world.token_file()}
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "expiresAt": "soon"}))
    with caplog.at_level(logging.WARNING):
        log_in()
    assert [f'Ignoring {file}, which has an invalid expiresAt "soon"'] == caplog.messages
    assert world.count("RegisterClient") == 2
    file.write_text(json.dumps({**document, "expiresAt": "2099-01-01 00:00:00 UTC"}))
    log_in()
    assert world.count("RegisterClient") == 2


CODE = """
import sys
from sso_plugin.timestamps import parse_timestamp
parse_timestamp({text!r})
print("dateutil" in sys.modules)
"""


@pytest.mark.parametrize(
    ("text", "imported"), [(FORMS[0], False), (FORMS[8], False), (FORMS[14], True)]
)
def test_dateutil_is_imported_for_unusual_forms_only(text: str, imported: bool) -> None:  # noqa: FBT001
    """The usual one is that of the AWS CLI and of other SDKs."""
    code = CODE.format(text=text)
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout == f"{imported}\n"
