"""Create a session and get its credentials several times. Print the seconds of each time.

python session.py PROFILE TIMES [cli]

With ``cli``, the provider of botocore caches role credentials in files, as in the AWS CLI.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.utils import JSONFileCache


def main(profile: str, times: str, cache: str = "") -> None:
    """Print a list of seconds."""
    print(json.dumps([one_session(profile, cache) for _ in range(int(times))]))


def one_session(profile: str, cache: str) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    session: Any = boto3.Session(profile_name=profile)
    if cache == "cli":
        resolver = session._session.get_component("credential_provider")  # noqa: SLF001
        resolver.get_provider("sso").cache = JSONFileCache(Path.home() / ".aws/cli/cache")
    session.get_credentials().get_frozen_credentials()
    return time.perf_counter() - began


main(*sys.argv[1:])
