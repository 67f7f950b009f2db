"""``sso-plugin status``."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import sso_plugin

from . import options, output
from .tables import LOGIN_STYLES, print_table
from .times import iso, when

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
    "status dev",
    "status --all",
    "status --json",
    "status || sso-plugin login",
    exit_codes=_EXIT_CODES,
)
@options.name_argument
@options.login_options
@click.option(
    "--all",
    "all_logins",
    is_flag=True,
    help="Show every login: those in the config file, and those used before on this machine. The "
    "exit code is that of the worst one.",
)
@options.json_option
@click.pass_obj
def command(  # noqa: PLR0913 - each is one option
    failures: Failures,
    *,
    name: str | None,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    all_logins: bool,
    as_json: bool,
) -> int:
    """Show whether a login is valid. Reads the local cache and the store, if there is one.

    NAME is a profile in the AWS config file, or an sso-session if no profile has this name.
    """
    failures.failure_code = _FAILED
    if all_logins and (name or profile or sso_session or start_url or sso_region):
        raise click.UsageError(
            "--all cannot be combined with NAME or an option that names a login."
        )
    if all_logins:
        return _show_all(as_json=as_json)
    profile, sso_session = options.login_named(name, profile, sso_session, start_url, sso_region)
    status = sso_plugin.status(
        profile,
        sso_session=sso_session,
        start_url=start_url,
        sso_region=sso_region,
    )
    if as_json:
        output.print_json(_document(status))
    else:
        output.print_fields(_fields(status), {"state": LOGIN_STYLES[status.state]})
        if status.state == "login needed":
            output.say(f"Run: {_command(status)}")
    return _CODES[status.state]


def _show_all(*, as_json: bool) -> int:
    # Not at the top: it imports botocore, and completion has to be fast.
    from sso_plugin.signin.every_login import EveryLogin

    found, faults = EveryLogin().statuses()
    if as_json:
        output.print_json([{"name": name, **_document(each)} for name, each in found.items()])
    elif output.is_terminal():
        print_table([_row(name, each) for name, each in found.items()], LOGIN_STYLES)
    else:
        for name, each in found.items():
            output.print_row(*_row(name, each).values())
    if not found and not faults:
        output.say("There is no login in the config file, or used before on this machine.")
    for fault in faults:
        output.say(str(fault), "problem", prefix="sso-plugin: ")
    return _FAILED if faults else max((_CODES[each.state] for each in found.values()), default=0)


def _row(name: str, status: Status) -> dict[str, str]:
    until = max(status.renewable_until or 0.0, status.expires_at or 0.0)
    return {
        "login": name,
        "state": status.state,
        "until": "" if status.state == "login needed" else when(until),
        "start URL": status.start_url,
    }


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
    verb = "expired at" if status.expires_at <= time.time() else "valid until"
    return f"{verb} {when(status.expires_at)}"


def _renewal(status: Status) -> str:
    if status.renewable_until is None:
        return "not possible without a login"
    return f"possible until {when(status.renewable_until)}"
