"""``sso-plugin status``."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import sso_plugin
from sso_plugin.timestamps import clock_time

from . import options, output
from .times import duration, iso

if TYPE_CHECKING:
    from sso_plugin.signin.configured_login import Status

    from .failures import Failures

__all__ = ["command"]

_CODES = {"usable": 0, "renewable": 1, "login needed": 2}

_FAILED = 3
"""Not 1, which is a state."""

_EXIT_CODES = (
    "0 usable, 1 renewable (renewed when next used, without a login), 2 login needed (or usage "
    "error), 3 failed, 130 stopped by Ctrl-C"
)


@options.command(
    "status --profile dev",
    "status --json",
    "status || sso-plugin login",
    exit_codes=_EXIT_CODES,
)
@options.login_options
@options.json_option
@click.pass_obj
def command(
    failures: Failures,
    *,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    as_json: bool,
) -> int:
    """Show whether a login is valid. Reads the local cache and the store, if there is one."""
    failures.failure_code = _FAILED
    status = sso_plugin.status(
        options.profile_of(profile, sso_session, start_url, sso_region),
        sso_session=sso_session,
        start_url=start_url,
        sso_region=sso_region,
    )
    if as_json:
        output.print_json(_document(status))
    else:
        output.print_fields(_fields(status))
        if status.state == "login needed":
            output.say(f"Run: {_command(status)}")
    return _CODES[status.state]


def _command(status: Status) -> str:
    if status.store_fault is None:
        return status.login_command
    # The store may have a token.
    return status.login_command.replace(" login ", " doctor ", 1)


def _document(status: Status) -> dict[str, object]:
    times = {name: iso(getattr(status, name)) for name in ("expires_at", "renewable_until")}
    left = max(0, int((status.expires_at or 0) - time.time()))
    return {**asdict(status), **times, "seconds_left": left}


def _fields(status: Status) -> dict[str, str]:
    return {
        "state": status.state,
        "token": _token(status),
        "renewal": _renewal(status),
        "sso-session": status.session_name or "none",
        "start URL": status.start_url,
        "region": status.region,
        "token file": status.token_file,
    }


def _token(status: Status) -> str:
    if status.expires_at is None:
        if status.store_fault:
            return f"none on this machine, and {status.store_fault}"
        return f"none: {status.fault}" if status.fault else "none"
    left = status.expires_at - time.time()
    when = clock_time(status.expires_at)
    if left <= 0:
        return f"expired {duration(-left)} ago, at {when}"
    return f"{duration(left)} left, until {when}"


def _renewal(status: Status) -> str:
    if status.renewable_until is None:
        return "not possible without a login"
    return f"possible until {clock_time(status.renewable_until)}"
