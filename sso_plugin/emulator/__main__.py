"""Run the emulator as a command: `python -m sso_plugin.emulator [ORG_FILE]`.

Prints only `export` lines to stdout, for a shell to evaluate. Everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
from typing import TYPE_CHECKING

from .emulator import Emulator
from .state.organization import Organization
from .state.settings import REFRESH_TOKENS, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds per unit of a DURATION."""

_DURATIONS = {
    "access_token": ("--token-lifetime", "lifetime of access tokens"),
    "role_credentials": ("--credentials-lifetime", "lifetime of role credentials"),
    "registration": ("--registration-lifetime", "lifetime of client registrations"),
    "refresh_token": ("--refresh-token-lifetime", "lifetime of refresh tokens"),
    "device_code": ("--device-code-lifetime", "lifetime of device codes"),
    "authorization_code": ("--authorization-code-lifetime", "lifetime of authorization codes"),
}
"""The setting, the option and the help text of each duration."""

_NUMBERS = {
    "poll_interval": "seconds between two polls of a waiting client",
    "page_size": "maximum number of items on a page",
}
"""The setting and the help text of each whole number."""

_REFRESH = (
    "reusable: a refresh token can be used again; rotate: it works once; rotate-strict: a second "
    "use revokes the sign-in; off: no refresh tokens (default: %(default)s)"
)
_REQUESTS = (
    "portal requests of one user per second; more are throttled with 429 (default: no limit)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM. Return 2 if the emulator cannot start."""
    options = _parser().parse_args(arguments)
    try:
        emulator = _emulator(options)
        stop = _stop_signal()
        emulator.start()
    except (ValueError, ImportError) as exc:
        return _fail(str(exc))
    except OSError as exc:
        return _fail(f"Cannot listen on {options.host}:{options.port}: {exc.strerror}.")

    _announce(emulator)
    # In short waits, because on Windows a signal does not interrupt a wait.
    while not stop.wait(0.5):
        pass

    emulator.stop()
    return 0


def _emulator(options: argparse.Namespace) -> Emulator:
    settings = Settings(
        **{name: getattr(options, name) for name in _DURATIONS},
        poll_interval=options.poll_interval,
        refresh_tokens=options.refresh_tokens,
        page_size=options.page_size,
        requests_per_second=options.requests_per_second,
    )
    organization = Organization.load(options.organization) if options.organization else None
    host, port, tls = options.host, options.port, options.tls
    return Emulator(organization, settings=settings, host=host, port=port, tls=tls)


def _stop_signal() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    return stop


def _announce(emulator: Emulator) -> None:
    """Print the variables to stdout, and what the user needs to know to stderr."""
    for name, value in emulator.environment().items():
        print(f"export {name}={value}", flush=True)  # noqa: T201 - the purpose of the command

    users = ", ".join(user.name for user in emulator.organization.users)
    _print_message(
        f"Local Identity Center for {emulator.start_url} ({emulator.region}). Users: {users}.\n"
        f"Approve sign-ins at {emulator.url}/device. Press Ctrl-C to stop."
    )


def _print_message(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the purpose of the command


def _fail(message: str) -> int:
    _print_message(message)
    return 2


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m sso_plugin.emulator",
        description="Run a local IAM Identity Center (portal, OIDC and STS) on a loopback port.",
        epilog="A DURATION is a number of seconds, or a number with the unit s, m, h or d.",
    )
    add = parser.add_argument
    add("organization", nargs="?", metavar="ORG_FILE", help="TOML file; by default an example")
    add("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    add("--port", type=_port, default=0, help="port to listen on (default: any free port)")
    add("--tls", action="store_true", help="serve https, with a new certificate authority")
    for name, (option, text) in _DURATIONS.items():
        default = getattr(defaults, name)
        description = f"{text} (default: {_duration_text(default)})"
        add(
            option, dest=name, type=_duration, default=default, metavar="DURATION", help=description
        )

    for name, text in _NUMBERS.items():
        option, default = f"--{name.replace('_', '-')}", getattr(defaults, name)
        description = f"{text} (default: {default})"
        add(option, type=int, default=default, metavar="NUMBER", help=description)

    add("--refresh-tokens", choices=REFRESH_TOKENS, default=defaults.refresh_tokens, help=_REFRESH)
    add("--requests-per-second", type=float, metavar="NUMBER", help=_REQUESTS)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (0 to 65535)")

    return int(text)


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a duration. Use for example 30, 15m, 8h or 90d"
        )

    return float(match[1]) * _UNITS[match[2]]


def _duration_text(seconds: float) -> str:
    """Return a duration as a user writes it, such as 8h."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds / _UNITS[unit]:g}{unit}"


if __name__ == "__main__":
    sys.exit(main())
