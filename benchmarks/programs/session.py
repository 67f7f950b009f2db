"""Make a session and get its credentials, some times over; print the seconds of each time.

python session.py PROFILE TIMES [cli]

With ``cli``, botocore's own provider keeps role credentials in files, as the AWS CLI has it do.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.utils import JSONFileCache


def main(profile: str, times: str, kept: str = "") -> None:
    """Print a list."""
    print(json.dumps([one_session(profile, kept) for _ in range(int(times))]))


def one_session(profile: str, kept: str) -> float:
    """Return how long it took."""
    began = time.perf_counter()
    session: Any = boto3.Session(profile_name=profile)
    if kept == "cli":
        resolver = session._session.get_component("credential_provider")  # noqa: SLF001
        resolver.get_provider("sso").cache = JSONFileCache(Path.home() / ".aws/cli/cache")
    session.get_credentials().get_frozen_credentials()
    return time.perf_counter() - began


main(*sys.argv[1:])
