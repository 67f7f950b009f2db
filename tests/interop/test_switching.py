"""The JavaScript SDK and the AWS CLI act in the right account and region after each switch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from switches import SWITCHES, prepare, run_script

if TYPE_CHECKING:
    from world import World

HERE = Path(__file__).parent

JAVASCRIPT = """\
#!{python}
import json, subprocess, sys
sys.path[:] = {path}
import boto3
found = json.loads(subprocess.check_output([{node!r}, {script!r}]))
keys = found["credentials"]
sts = boto3.client(
    "sts",
    region_name=found["region"],
    aws_access_key_id=keys["accessKeyId"],
    aws_secret_access_key=keys["secretAccessKey"],
    aws_session_token=keys.get("sessionToken"),
)
print(sts.get_caller_identity()["Account"], found["region"])
"""


@pytest.mark.parametrize("name", SWITCHES)
def test_the_javascript_sdk(world: World, node: str, tmp_path: Path, name: str) -> None:
    """It prefers a profile to keys, and the profile ``default`` to an endpoint."""
    prepare(world)
    show = JAVASCRIPT.format(
        python=sys.executable,
        path=[each for each in sys.path if each],
        node=node,
        script=str(HERE / "default_region.js"),
    )
    assert run_script(tmp_path, SWITCHES[name].script, show) == SWITCHES[name].expected


AWS_CLI = """\
#!/bin/sh
account=$({aws} sts get-caller-identity --query Account --output text --endpoint-url {url})
echo "$account $({aws} configure list | awk '$1 == "region" {{ print $2 }}')"
"""


@pytest.mark.parametrize("name", SWITCHES)
def test_the_aws_cli(world: World, aws_cli: str, tmp_path: Path, name: str) -> None:
    """It reads the same login and the same config."""
    prepare(world)
    show = AWS_CLI.format(aws=aws_cli, url=world.emulator.url)
    # Versions of the AWS CLI in Linux distributions do not read a token file.
    script = SWITCHES[name].script.replace("sso-plugin serve", "sso-plugin serve --token-variable")
    assert run_script(tmp_path, script, show) == SWITCHES[name].expected
