"""Get credentials repeatedly. Print the longest call and the median.

python renewal.py PROFILE SECONDS
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import Any

import boto3

PAUSE = 0.002


def main(profile: str, seconds: str) -> None:
    """Measure all calls but the first, which has no credentials yet."""
    credentials: Any = boto3.Session(profile_name=profile).get_credentials()
    credentials.get_frozen_credentials()
    calls = []
    end = time.perf_counter() + float(seconds)
    while (began := time.perf_counter()) < end:
        credentials.get_frozen_credentials()
        calls.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    print(json.dumps({"longest": max(calls), "median": median(calls)}))


main(*sys.argv[1:])
