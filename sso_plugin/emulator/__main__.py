"""Run the emulator on its own: `python -m sso_plugin.emulator [ORG_FILE]`.

Standard output carries only `export` lines, to be given to a shell; the rest goes to stderr.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
from typing import TYPE_CHECKING

from .server import Emulator
from .state.organization import Organization
from .state.settings import REFRESH_TOKENS, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

_DURATIONS = {
    "access_token": ("--token-lifetime", "how long access tokens live"),
    "role_credentials": ("--credentials-lifetime", "how long role credentials live"),
    "registration": ("--registration-lifetime", "how long client registrations live"),
    "refresh_token": ("--refresh-token-lifetime", "how long refresh tokens live"),
    "device_code": ("--device-code-lifetime", "how long a sign-in may wait for approval"),
    "authorization_code": ("--authorization-code-lifetime", "how long a code may be traded"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; 2 if that cannot even begin."""
    options = _parser().parse_args(arguments)
    try:
        emulator = _emulator(options)
        stop = _stop_signal()
        emulator.start()
    except (ValueError, ImportError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"Cannot listen on {options.host}:{options.port}: {error.strerror}.")

    _announce(emulator)
    # In short waits, because on Windows a signal does not end a long one.
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
    """Return an event that is set when somebody wants the emulator to end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    return stop


def _announce(emulator: Emulator) -> None:
    """Print the variables for the shell, and for the person what they are good for."""
    for name, value in emulator.environment().items():
        print(f"export {name}={value}", flush=True)  # noqa: T201 - the purpose of the command

    users = ", ".join(user.name for user in emulator.organization.users)
    _tell(
        f"Identity Center of {users} for {emulator.start_url} ({emulator.region}).\n"
        f"Approve sign-ins at {emulator.url}/device - press Ctrl-C to stop."
    )


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the purpose of the command


def _fail(message: str) -> int:
    _tell(message)
    return 2


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m sso_plugin.emulator",
        description="Run a local IAM Identity Center (portal, OIDC and STS) on a loopback port.",
        epilog="A DURATION is a number of seconds, or a number with s, m, h or d behind it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("organization", nargs="?", metavar="ORG_FILE", help="TOML file; without it, an example")
    add("--host", default="127.0.0.1", help="loopback address to listen on")
    add("--port", type=_port, default=0, help="port to listen on, 0 for any that is free")
    add("--tls", action="store_true", help="serve https, with an authority made on the spot")
    for name, (option, text) in _DURATIONS.items():
        default = getattr(defaults, name)
        add(option, dest=name, type=_duration, default=default, metavar="DURATION", help=text)

    add("--poll-interval", type=int, default=defaults.poll_interval, help="seconds between polls")
    add("--page-size", type=int, default=defaults.page_size, help="most items on a page")
    add("--refresh-tokens", choices=REFRESH_TOKENS, default=defaults.refresh_tokens, help=_REFRESH)
    add("--requests-per-second", type=float, help="portal requests of a user before it says 429")
    return parser


_REFRESH = "whether refresh tokens serve on and on, once each, or not; strict punishes a replay"


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port
        raise argparse.ArgumentTypeError(f"{text!r} is no port number (0 to 65535)")

    return int(text)


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 30, 15m, 8h or 90d")

    return float(match[1]) * _UNITS[match[2]]


if __name__ == "__main__":
    sys.exit(main())
