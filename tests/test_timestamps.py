"""Timestamps in files of other programs: all formats that botocore reads, on each Python."""

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
from property_tests import SEARCH
from quick_login import login

import sso_plugin
from sso_plugin import LoginRequired
from sso_plugin.commands.doctor import diagnose
from sso_plugin.timestamps import END_OF_TIME, clock_time, format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

UTC = timezone.utc
MOMENT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC).timestamp()


def long(values: list[Any]) -> list[Any]:
    """Mark the values of a parameter as long."""
    each = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*value, marks=pytest.mark.long) for value in each]


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
def test_all_formats_that_botocore_reads_are_read(text: str) -> None:
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
    """It can be in a cache that a caller has set. botocore reads it, too."""
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


@pytest.mark.parametrize("value", INVALID, ids=ascii)
def test_other_values_are_a_value_error(value: object) -> None:
    """Without a warning, which dateutil prints for an unknown time zone."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"."):
            parse_timestamp(value)


@pytest.mark.parametrize("text", ["9999-12-31 23:59:59 -1400", "9999-12-31T23:59:59.9999999Z"])
def test_a_later_time_becomes_the_end_of_time(text: str) -> None:
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


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.usefixtures("_zone")
@settings(derandomize=True, deadline=None)
@given(
    when=st.datetimes(FIRST, LAST),
    form=st.sampled_from(FORMATS),
    zone=st.sampled_from(ZONES),
)
def test_dateutil_and_we_read_the_same_time_in_any_local_zone(
    when: datetime, form: str, zone: str
) -> None:
    """Names of the local zone are known. An unknown zone is an error."""
    text = when.strftime(form).format(zone)
    stock = read_by_dateutil(text)
    if stock is not None:
        assert parse_timestamp(text) == as_ours(stock)
    elif zone.strip():
        with pytest.raises(ValueError, match="zone"):
            parse_timestamp(text)


@pytest.mark.long
@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.text(max_size=30) | st.text("0123456789-:/TZ+.,UTC PMAW", max_size=30))
def test_any_text_is_read_as_dateutil_reads_it(text: str) -> None:
    """If it has an offset. Otherwise there is a number or a ValueError."""
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
    """Return one of the formats above for a time some hours from now."""
    when = datetime.now(UTC) + timedelta(hours=hours)
    return text.replace("2026-11-25", f"{when:%Y-%m-%d}").replace("12:00:00", f"{when:%H:%M:%S}")


UNUSUAL = ["2026-11-25T12:00:00+0000", "2026-11-25T12:00:00.0000000Z", "2026-11-25 12:00:00 UTC"]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("text", UNUSUAL)
@pytest.mark.parametrize("ours", [False, True])
def test_tokens_with_unusual_timestamps_are_used_and_renewed(
    world: World, text: str, *, ours: bool
) -> None:
    """``expiresAt`` and ``registrationExpiresAt``, with stock botocore and with sso_plugin."""
    world.sign_in(expiresAt=shifted(text, 3))
    assert session_of(ours=ours).get_credentials().get_frozen_credentials().token
    assert world.count("CreateToken") == 0
    world.sign_in(expiresAt=shifted(text, -3), registrationExpiresAt=shifted(text, 3))
    assert session_of(ours=ours).get_auth_token().get_frozen_token().token
    assert world.count("CreateToken") == 1


def cached_roles(world: World, expiration: object) -> None:
    """Change the expiration of the cached credentials."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    document["Credentials"]["Expiration"] = expiration
    file.write_text(json.dumps(document))


@pytest.mark.long
@pytest.mark.parametrize("text", [UNUSUAL[0], *long(UNUSUAL[1:])])
def test_cached_credentials_with_unusual_timestamps_are_used(world: World, text: str) -> None:
    """`credential-process` prints the usual format, which SDKs read."""
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


@pytest.mark.parametrize(("value", "problem"), SHOWN)
def test_the_error_for_an_invalid_expiry_of_a_token_names_the_value(
    world: World, value: object, problem: str
) -> None:
    """And the file and the key."""
    world.sign_in(expiresAt=value)
    world.token_file().chmod(0o600)
    reason = f"the token file {world.token_file()} {problem}"
    with pytest.raises(LoginRequired) as caught:
        session_of(ours=True).get_credentials().get_frozen_credentials()
    assert str(caught.value) == (
        f'The profile "dev" needs a login: {reason}. Run: sso-plugin login --profile dev'
    )
    assert sso_plugin.status("dev").fault == reason


@pytest.mark.long
@pytest.mark.parametrize(("value", "problem"), [SHOWN[0], *long(SHOWN[1:])])
def test_status_and_doctor_report_an_invalid_expiry_of_a_token(
    world: World, value: object, problem: str
) -> None:
    """With the same reason as the error."""
    world.sign_in(expiresAt=value)
    world.token_file().chmod(0o600)
    reason = f"the token file {world.token_file()} {problem}"
    assert f"none: {reason}" in command.run("status", "-p", "dev", COLUMNS="500").stdout
    assert f"T{reason[1:]}." in [each.message for each in diagnose("dev")]


def test_a_missing_or_valid_token_file_has_no_problem(world: World) -> None:
    """The error for a missing token says only that."""
    assert sso_plugin.status("dev").fault is None
    world.sign_in()
    assert sso_plugin.status("dev").fault is None
    world.sign_in(accessToken=None)
    with pytest.raises(LoginRequired, match="it has no access token"):
        session_of(ours=True).get_credentials().get_frozen_credentials()


@pytest.mark.parametrize("value", ["soon", 7])
def test_an_invalid_expiry_of_a_registration_is_reported(world: World, value: object) -> None:
    """It is the reason why an expired token is not renewed."""
    past = "2020-01-01T00:00:00Z"
    world.sign_in(expiresAt=past, registrationExpiresAt=value)
    with pytest.raises(LoginRequired) as caught:
        session_of(ours=True).get_credentials().get_frozen_credentials()
    problem = {"soon": ' "soon"', 7: ", which is not a string"}[value]
    assert caught.value.reason == (
        f"its token expired at 2020-01-01 00:00 UTC, and {world.token_file()} has an invalid "
        f"registrationExpiresAt{problem}"
    )


@pytest.mark.one_quick_case
@pytest.mark.parametrize("value", ["soon", 7, None])
def test_an_invalid_expiry_of_cached_credentials_is_reported_once(
    world: World, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    """They are fetched again, and the file is replaced."""
    world.sign_in()
    session_of(ours=True).get_credentials().get_frozen_credentials()
    cached_roles(world, value)
    with caplog.at_level(logging.WARNING):
        session_of(ours=True).get_credentials().get_frozen_credentials()
    problem = {
        "soon": 'has an invalid Expiration "soon"',
        7: "has an invalid Expiration, which is not a string",
        None: "has no Expiration",
    }[value]
    [file] = world.role_files()
    assert [f"Ignoring {file}, which {problem}"] == caplog.messages
    assert world.count("GetRoleCredentials") == 2
    assert parse_timestamp(json.loads(file.read_text())["Credentials"]["Expiration"])


@pytest.mark.long
def test_an_invalid_expiry_of_a_client_is_reported_and_the_client_replaced(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The next login registers a new client."""

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
def test_dateutil_is_imported_for_unusual_formats_only(text: str, imported: bool) -> None:  # noqa: FBT001
    """The AWS CLI and other SDKs write the usual format."""
    code = CODE.format(text=text)
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout == f"{imported}\n"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T08:00:00Z",
        "2026-11-24T08:00:00UTC",
        "2026-11-24T08:00:00.000Z",
        "2026-11-24T10:00:00+02:00",
        " 2026-11-24T08:00:00Z\n",
    ],
)
def test_formats_of_other_tools_are_read(text: str) -> None:
    """The AWS CLI, older tools and other SDKs write different formats."""
    assert parse_timestamp(text) == 1795507200.0


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z", "1795507200", "0000-00-00"])
def test_a_text_that_is_not_a_timestamp_is_a_value_error(text: str) -> None:
    """Anything else is a ValueError, which its readers expect."""
    with pytest.raises(ValueError, match=r"."):
        parse_timestamp(text)


@pytest.mark.long
@settings(derandomize=True)
@given(st.integers(0, 253402300799))
def test_a_written_timestamp_is_read_as_the_same_time(when: int) -> None:
    """Up to the year 9999."""
    assert parse_timestamp(format_timestamp(when)) == when


@pytest.mark.long
@SEARCH
@given(st.floats(0, 253402300799, allow_subnormal=False))
def test_a_written_timestamp_is_rounded_down(when: float) -> None:
    """So credentials never look valid after they have expired."""
    read = parse_timestamp(format_timestamp(when))
    assert 0 <= when - read < 1


@pytest.fixture
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a local time zone that is not UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this system cannot be set for one process")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.long
@pytest.mark.usefixtures("_far_from_greenwich")
@SEARCH
@given(
    st.datetimes(timezones=st.timezones()).filter(lambda when: 1900 < when.year < 9999)
    | st.datetimes(timezones=st.just(None)).filter(lambda when: 1900 < when.year < 9999),
    st.sampled_from(["", "Z", "UTC", " ", "Z\n"]),
)
def test_all_iso_formats_are_read(when: Any, suffix: str) -> None:
    """With an offset, or without one, which means UTC. With fractions or without."""
    offset = when.utcoffset()
    if offset is not None:
        # Zones of long ago have offsets of seconds, which ISO 8601 has not.
        when, suffix = when.replace(tzinfo=None) - offset, "+00:00"
    expected = (when - when.__class__(1970, 1, 1)).total_seconds()
    assert parse_timestamp(when.isoformat() + suffix) == pytest.approx(expected, abs=1e-5)


@pytest.mark.long
@SEARCH
@given(st.text(max_size=30) | st.text("0123456789-:TZ+.UTC W", max_size=30))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    """Readers expect these."""
    with contextlib.suppress(ValueError, OverflowError):
        assert isinstance(parse_timestamp(text), float)


def test_times_are_local_for_users() -> None:
    """With the time zone."""
    assert clock_time(0).startswith(("1970-01-01 ", "1969-12-31 "))


def test_a_time_at_the_end_of_the_calendar_has_a_text() -> None:
    """In some time zones it is in the year 10000."""
    assert clock_time(253402300799).startswith("9999-12-31 ")
