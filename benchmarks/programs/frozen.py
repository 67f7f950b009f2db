"""Print how many seconds ``get_frozen_credentials()`` takes on average.

python frozen.py PROFILE TIMES
"""

from __future__ import annotations

import sys
from timeit import timeit
from typing import Any

import boto3

credentials: Any = boto3.Session(profile_name=sys.argv[1]).get_credentials()
credentials.get_frozen_credentials()
times = int(sys.argv[2])
print(timeit(credentials.get_frozen_credentials, number=times) / times)
