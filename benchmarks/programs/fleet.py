"""Many processes with separate homes make a call. Print the number of failures and the seconds.

python fleet.py NUMBER CALL HOME ...

CALL is `credentials` or the number of times to list the accounts. The homes are used in turn.
Imports boto3 once and forks. When all children have a session, they continue together.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider

if TYPE_CHECKING:
    from collections.abc import Iterator


def main(number: str, call: str, *homes: str) -> None:
    """Fork, wait until all are ready, let them continue, wait until all have ended."""
    all_ready, ready = os.pipe()
    closed, gate = os.pipe()
    children = []
    for each in range(int(number)):
        child = os.fork()
        if not child:
            os.close(gate)
            run_child(homes[each % len(homes)], call, ready, closed)
        children.append(child)
    os.close(ready)
    os.read(all_ready, 1)
    began = time.perf_counter()
    os.close(gate)
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    print(json.dumps({"failed": failed, "seconds": time.perf_counter() - began}))


def run_child(home: str, call: str, ready: int, closed: int) -> None:
    """Run a child process. The end of a pipe is the signal to continue."""
    status = 1
    try:
        os.environ.update(HOME=home, USERPROFILE=home)
        # Botocore reads the home directory when it is imported.
        for provider in (SSOProvider, SSOTokenProvider):
            provider._SSO_TOKEN_CACHE_DIR = f"{home}/.aws/sso/cache"  # type: ignore[union-attr]  # noqa: SLF001
        session = boto3.Session(profile_name="dev")
        used: Any = session.get_credentials() if call == "credentials" else lister(session)
        os.close(ready)
        os.read(closed, 1)
        if call == "credentials":
            used.get_frozen_credentials()
        else:
            for _ in range(int(call)):
                used()
        status = 0
    finally:
        os._exit(status)


def lister(session: Any) -> Any:
    """Return a function that lists the accounts: with sso_plugin, if that is installed for it."""
    if "sso_plugin.session.plugin" not in sys.modules:
        documents = map(json.loads, (each.read_text() for each in token_files()))
        token = next(filter(None, (each.get("accessToken") for each in documents)))
        return partial(session.client("sso").list_accounts, accessToken=token)
    from sso_plugin.api.entitlements import _listings
    from sso_plugin.signin.configured_login import ConfiguredLogin

    # `sso_plugin.accounts` makes a client for each call, which takes longer than the request.
    listings = _listings(ConfiguredLogin.find("dev"), None)
    return lambda: list(listings.accounts())


def token_files() -> Iterator[Path]:
    """Return the token files of this home."""
    return (Path.home() / ".aws/sso/cache").glob("*.json")


main(*sys.argv[1:])
