"""Many real processes with separate homes that do one thing at the same time.

As a program, this imports boto3 once, forks, gives each child its home, and releases all together.
Each child prints one line: the result of its call, or its error. See `fleet.Fleet.start_crowd`.

    python fleet_crowd.py PLAN
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import importlib
import json
import os
import pkgutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wrong_clock import WrongClock

clock = WrongClock()
clock.install()

import boto3  # noqa: E402
from botocore.credentials import SSOProvider  # noqa: E402
from botocore.loaders import JSONFileLoader  # noqa: E402
from botocore.tokens import SSOTokenProvider  # noqa: E402
from crowd import run_together  # noqa: E402

import sso_plugin  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["move_to"]


def move_to(home: Path) -> None:
    """Make this process use another home. It has used no profile yet."""
    for name in ("HOME", "USERPROFILE"):
        os.environ[name] = str(home)
    os.environ["AWS_CONFIG_FILE"] = str(home / ".aws/config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(home / ".aws/credentials")
    # Botocore reads the home directory when it is imported.
    for provider in (SSOProvider, SSOTokenProvider):
        provider._SSO_TOKEN_CACHE_DIR = f"{home}/.aws/sso/cache"  # type: ignore[union-attr]


def user(plan: dict[str, Any]) -> str:
    """Return the user of one call to STS."""
    return user_of(boto3.Session(profile_name=plan["profile"]).client("sts"))


def key(plan: dict[str, Any]) -> str:
    """Return the access key."""
    credentials = boto3.Session(profile_name=plan["profile"]).get_credentials()
    assert credentials is not None
    return str(credentials.get_frozen_credentials().access_key)


def accounts(plan: dict[str, Any]) -> str:
    """List the accounts several times; return the number of calls."""
    from sso_plugin.api.entitlements import _listings
    from sso_plugin.signin.configured_login import ConfiguredLogin

    # `sso_plugin.accounts` makes a new client for each call, which takes more time than a request.
    listings = _listings(ConfiguredLogin.find(plan["profile"]), None)
    for _ in range(plan["times"]):
        assert list(listings.accounts())
    return str(plan["times"])


def loop(plan: dict[str, Any]) -> str:
    """Make calls until a file exists, with a new session at times; return the different results."""
    stop, results = Path(plan["stop"]), set()
    while True:
        session = boto3.Session(profile_name=plan["profile"])
        for _ in range(10):
            results.add(attempt(functools.partial(user_of, session.client("sts"))))
            if stop.exists():
                return ", ".join(sorted(results))
            time.sleep(0.1)


def user_of(client: Any) -> str:
    return str(client.get_caller_identity()["Arn"].rpartition("/")[2])


def user_async(plan: dict[str, Any]) -> str:
    """Return the user of one call to STS by aiobotocore."""
    from aio import arn_of, new_session

    return asyncio.run(arn_of(new_session(plan["profile"]))).rpartition("/")[2]


CALLS: dict[str, Callable[[dict[str, Any]], str]] = {
    each.__name__: each for each in (user, key, accounts, loop, user_async)
}


def attempt(call: Callable[[], str]) -> str:
    """Return the result of a call, or its error."""
    try:
        return call()
    except Exception as exc:  # noqa: BLE001 - the test checks the line
        return f"{type(exc).__name__}: {exc}"


def prepare() -> None:
    """Import and read what each child would. Machines do that at the same time, children do not."""
    for module in pkgutil.walk_packages(sso_plugin.__path__, "sso_plugin."):
        if not any(part in module.name for part in ("__main__", ".aio", ".emulator")):
            importlib.import_module(module.name)
    for name in ("redis", "cryptography.hazmat.primitives.ciphers.aead"):
        importlib.import_module(name)
    load_file = staticmethod(functools.cache(JSONFileLoader().load_file))
    JSONFileLoader.load_file = load_file  # type: ignore[method-assign]
    for service in ("sts", "sso", "sso-oidc"):
        boto3.Session("none", "none").client(service, region_name="us-east-1")


def run_worker(plan: dict[str, Any], number: int) -> None:
    """Run one worker: its home, its clock, its call."""
    home = plan["homes"][number % len(plan["homes"])]
    move_to(Path(home))
    if plan["offsets"]:
        clock.offset = plan["offsets"][number % len(plan["offsets"])]
    call = CALLS[plan["calls"][number % len(plan["calls"])]]
    result = attempt(lambda: call(plan)).replace("\n", " ")
    os.write(1, f"{json.dumps([home, result])}\n".encode())
    # A forked child does not end as a script does.
    atexit._run_exitfuncs()


def main() -> None:
    """Run the workers."""
    plan = json.loads(sys.argv[1])
    sso_plugin.enable()
    prepare()
    exec(plan["before"], {"plan": plan})  # noqa: S102 - written by a test
    os.write(1, b'["", "released"]\n')
    run_together([functools.partial(run_worker, plan, each) for each in range(plan["number"])])


if __name__ == "__main__":
    main()
