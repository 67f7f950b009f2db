"""Run a script twice, with the plugin and without, to compare what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BOTH", "KEYS_OF_PROCESS", "Way", "run_script"]

Way = Literal["with", "without"]
BOTH: tuple[Way, Way] = ("with", "without")

KEYS_OF_PROCESS = '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "process"}'
"""What a ``credential_process`` of the tables prints."""


def run_script(way: Way, script: str, data: object, home: Path, **variables: str) -> dict[str, Any]:
    """Run a script, which gets the way as its argument and JSON as its input; return its JSON."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.run(
        [sys.executable, "-c", script, way],
        input=json.dumps(data),
        env={
            **clean,
            "HOME": str(home),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "SSO_PLUGIN": "on" if way == "with" else "off",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **variables,
        },
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, ""), process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result
