"""A script acts in the right account and region after each switch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from switches import SWITCHES, prepare, run_script

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

SHOW = f"""\
#!{sys.executable}
import sys
sys.path[:] = {[each for each in sys.path if each]}
import boto3, sso_plugin
session = boto3.Session()
sso_plugin.enable(session)
print(session.client("sts").get_caller_identity()["Account"], session.region_name)
"""


@pytest.mark.one_quick_case
@pytest.mark.parametrize("name", SWITCHES)
def test_boto3_acts_where_the_last_switch_leads(world: World, tmp_path: Path, name: str) -> None:
    """Nothing of an earlier switch, of the environment, or of ``default`` is left."""
    prepare(world)
    assert run_script(tmp_path, SWITCHES[name].script, SHOW) == SWITCHES[name].expected
