"""Call GetCallerIdentity repeatedly, for longer than the credentials are valid.

This is plain boto3, without tokens and without code for the renewal of credentials.

    AWS_PROFILE=dev python whoami_forever.py --seconds 60
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import boto3


def main() -> None:
    """List the roles of the user, then call until the time has passed."""
    parser = argparse.ArgumentParser(description="Call GetCallerIdentity repeatedly.")
    parser.add_argument("--seconds", type=float, default=25, help="how many seconds to run")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two calls")
    options = parser.parse_args()

    session = boto3.Session()
    list_roles(session.client("sso"))
    call_until(time.monotonic() + options.seconds, options.pause, session)


def list_roles(sso: Any) -> None:
    """Print all roles of all accounts."""
    accounts, roles = sso.get_paginator("list_accounts"), sso.get_paginator("list_account_roles")
    for account in accounts.paginate().search("accountList[]"):
        names = roles.paginate(accountId=account["accountId"]).search("roleList[].roleName")
        print(f"{account['accountId']} {account['accountName']}: {', '.join(names)}", flush=True)


def call_until(end: float, pause: float, session: boto3.Session) -> None:
    """Call STS until the end. Print each new access key, and the slowest calls."""
    started, sts, key, durations, renewals = time.monotonic(), session.client("sts"), "", [], -1
    while time.monotonic() < end:
        before = time.monotonic()
        identity = sts.get_caller_identity()
        durations.append(time.monotonic() - before)

        if key != (key := access_key(session)):
            renewals += 1
            text = "new credentials" if renewals else f"I am {identity['Arn']}, credentials"
            print(f"{before - started:5.1f} s  {text} ****{key[-4:]}", flush=True)
        time.sleep(pause)

    first, *others = (round(seconds * 1000) for seconds in durations)
    print(
        f"{len(durations)} calls, none failed; credentials renewed {renewals} times.\n"
        f"The first call took {first} ms, the longest other call {max(others, default=0)} ms."
    )


def access_key(session: boto3.Session) -> str:
    """Return the access key id. It is not a secret."""
    credentials = session.get_credentials()
    assert credentials  # noqa: S101 - the previous call has used them
    return credentials.access_key


if __name__ == "__main__":
    main()
