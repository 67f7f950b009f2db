"""Properties of timestamps, for any moment and any text."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from property_tests import SEARCH, timestamps

from sso_plugin.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator


@SEARCH
@given(st.floats(0, 253402300799, allow_subnormal=False))
def test_a_written_time_is_never_later_when_read(when: float) -> None:
    """Rounded down to whole seconds, so that nothing is used after it expires."""
    read = parse_timestamp(format_timestamp(when))
    assert 0 <= when - read < 1


@pytest.fixture
def _local_time_is_not_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a local time zone; most machines that run tests use UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot set the time zone of one process")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_local_time_is_not_utc")
@SEARCH
@given(
    st.datetimes(timezones=st.timezones()).filter(lambda when: 1900 < when.year < 9999)
    | st.datetimes(timezones=st.just(None)).filter(lambda when: 1900 < when.year < 9999),
    st.sampled_from(["", "Z", "UTC", " ", "Z\n"]),
)
def test_every_iso_8601_form_is_read_as_its_time(when: Any, suffix: str) -> None:
    """Without an offset it is UTC; fractions of a second are optional."""
    offset = when.utcoffset()
    if offset is not None:
        # Historical zones have offsets with seconds; ISO 8601 has none.
        when, suffix = when.replace(tzinfo=None) - offset, "+00:00"
    expected = (when - when.__class__(1970, 1, 1)).total_seconds()
    assert parse_timestamp(when.isoformat() + suffix) == pytest.approx(expected, abs=1e-5)


@SEARCH
@given(timestamps)
def test_any_other_text_is_a_number_or_an_error_that_readers_expect(text: str) -> None:
    """Readers catch ValueError and OverflowError only."""
    with contextlib.suppress(ValueError, OverflowError):
        assert isinstance(parse_timestamp(text), float)
