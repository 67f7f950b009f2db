"""A session with cached credentials reads little: modules, opened files and stats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scenario import user

if TYPE_CHECKING:
    from world import World

pytestmark = pytest.mark.usefixtures("enabled")


@pytest.mark.long
def test_the_warm_path_opens_the_role_file_only(world: World) -> None:
    """One stat of the token file, and no module that writes files or sends requests."""
    world.sign_in()
    user()
    script = """
import sys
opened, stats = [], []
def hook(event, args):
    if event == "open" and str(args[0]).endswith(".json") and "/.aws/" in str(args[0]):
        opened.append(str(args[0]).split("/.aws/")[1].split("/")[0])
import boto3, sso_plugin
from pathlib import Path
sso_plugin.enable()
sys.addaudithook(hook)
stat = Path.stat
def counted(path, **kwargs):
    if "sso/cache" in str(path):
        stats.append(path)
    return stat(path, **kwargs)
Path.stat = counted
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
ours = sorted(name for name in sys.modules if name.startswith("sso_plugin."))
print(len(ours), len(stats), opened)
"""
    assert world.run(script).stdout == "22 1 ['cli']\n"
