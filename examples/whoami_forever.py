"""Asks AWS who it is, again and again, for longer than its credentials live.

Plain boto3: it hands over no token and knows nothing of renewal.

    AWS_PROFILE=dev python whoami_forever.py --seconds 60
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import boto3


def main() -> None:
    """List what the user may use, then call until the time is up."""
    parser = argparse.ArgumentParser(description="Ask AWS who it is, again and again.")
    parser.add_argument("--seconds", type=float, default=25, help="for how long")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two calls")
    options = parser.parse_args()

    session = boto3.Session()
    list_roles(session.client("sso"))
    call_until(time.monotonic() + options.seconds, options.pause, session)


def list_roles(sso: Any) -> None:
    """Print every role of every account, page by page."""
    accounts, roles = sso.get_paginator("list_accounts"), sso.get_paginator("list_account_roles")
    for account in accounts.paginate().search("accountList[]"):
        names = roles.paginate(accountId=account["accountId"]).search("roleList[].roleName")
        print(f"{account['accountId']} {account['accountName']}: {', '.join(names)}", flush=True)


def call_until(end: float, pause: float, session: boto3.Session) -> None:
    """Call STS all the time; say when the access key is another one, and what was slowest."""
    started, sts, key, durations, renewals = time.monotonic(), session.client("sts"), "", [], -1
    while time.monotonic() < end:
        before = time.monotonic()
        identity = sts.get_caller_identity()
        durations.append(time.monotonic() - before)

        if key != (key := access_key(session)):
            renewals += 1
            what = "new credentials" if renewals else f"I am {identity['Arn']}, credentials"
            print(f"{before - started:5.1f} s  {what} ****{key[-4:]}", flush=True)
        time.sleep(pause)

    first, *others = (round(seconds * 1000) for seconds in durations)
    print(
        f"{len(durations)} calls, none failed; credentials renewed {renewals} times.\n"
        f"The first call took {first} ms, the longest of all others {max(others, default=0)} ms."
    )


def access_key(session: boto3.Session) -> str:
    """Return the key that identifies the credentials; it is not secret."""
    credentials = session.get_credentials()
    assert credentials  # noqa: S101 - the call before has used them
    return credentials.access_key


if __name__ == "__main__":
    main()
