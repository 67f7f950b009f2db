"""A session with cached credentials reads little: modules, opened files and stats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scenario import log_in, user
from sealed import configure

if TYPE_CHECKING:
    from world import World

pytestmark = pytest.mark.usefixtures("enabled")


SCRIPT = """
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
    if "sso/cache" in str(path) or "sealed/tokens" in str(path):
        stats.append(path)
    return stat(path, **kwargs)
Path.stat = counted
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
ours = sorted(name for name in sys.modules if name.startswith("sso_plugin."))
not_needed = {"cryptography", "keyring", "sso_plugin.storage.sealing"} & sys.modules.keys()
print(len(ours), len(stats), opened, sorted(not_needed))
"""


@pytest.mark.long
def test_the_warm_path_opens_the_role_file_only(world: World) -> None:
    """A stat of the token file, where it would be sealed too; no module that writes or sends."""
    world.sign_in()
    user()
    assert world.run(SCRIPT).stdout == "22 2 ['cli'] []\n"


@pytest.mark.long
def test_a_sealed_token_is_not_opened_on_the_warm_path(sealed: World) -> None:
    """Nothing that encrypts is imported, and no key is needed. One module reads the options."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    user()
    assert sealed.run(SCRIPT, SSO_PLUGIN_KEY="").stdout == "23 2 ['cli'] []\n"


@pytest.mark.long
def test_sealed_role_credentials_are_the_only_file_that_is_opened(sealed: World) -> None:
    """The key is read from the environment."""
    log_in(sealed, "alice")
    user()
    stdout = sealed.run(SCRIPT).stdout
    assert stdout.endswith("2 ['sso-plugin'] ['cryptography', 'sso_plugin.storage.sealing']\n")
