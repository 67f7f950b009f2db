"""How many files of ``~/.aws`` a process opens until it has credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from world import World

COUNT_OPENS = """
import collections, json, os, sys
import boto3, sso_plugin

KINDS = {".json", ".lock", ".tmp"}
opened = collections.Counter()

def kind_of(path):
    # Files of a folder that is open have a relative path. Folders are not counted.
    folder, name = os.path.split(path)
    stem, ending = os.path.splitext(name.removeprefix("sso-plugin-"))
    if ending not in KINDS or (folder and "/.aws/" not in path):
        return "config" if path.endswith("/.aws/config") else None
    what = stem.split("-")[0]
    if len(what.split(".")[0]) == 40:
        what = "token" if what.split(".")[0] == sys.argv[1] else "role"
    return f"{what}{ending}"

def count(event, args):
    if event == "open" and isinstance(args[0], str) and (kind := kind_of(args[0])):
        opened[kind] += 1

sso_plugin.enable()
sys.addaudithook(count)
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
print(json.dumps(opened))
"""


def opened_files(world: World) -> dict[str, int]:
    """Return how often a new process opens each kind of file until it has credentials."""
    script = COUNT_OPENS.replace("sys.argv[1]", repr(world.token_file().stem))
    done = world.run(script)
    assert done.stderr == ""
    found: dict[str, int] = json.loads(done.stdout)
    return found


FIRST_FETCH = {
    "config": 1,
    "token.json": 1,
    "role.json": 2,
    "role.lock": 1,
    "role.tmp": 1,
    "roles.json": 2,
    "roles.lock": 1,
    "roles.tmp": 1,
    "budget.json": 1,
    "budget.lock": 1,
    "budget.tmp": 1,
    "outage.json": 1,
}
"""``role`` has the credentials, ``roles`` is the index of the login."""

LATER_FETCH = {kind: FIRST_FETCH[kind] for kind in FIRST_FETCH if kind[:5] != "roles"} | {
    "roles.json": 1
}


@pytest.fixture
def signed_in(world: World) -> World:
    """Give a home with a valid token, empty folders, and no role credentials."""
    world.sign_in()
    for folder in ("cli/cache", "sso-plugin"):
        (world.home / ".aws" / folder).mkdir(parents=True, mode=0o700)
    return world


@pytest.mark.long
def test_the_first_fetch_reads_the_token_once_and_the_role_file_twice(signed_in: World) -> None:
    """The role file is read before and inside the lock, the token before the lock."""
    assert opened_files(signed_in) == FIRST_FETCH


@pytest.mark.long
def test_a_later_fetch_does_not_write_the_index_of_the_login(signed_in: World) -> None:
    """The index names the login and the role file already."""
    opened_files(signed_in)
    [file] = signed_in.role_files()
    file.unlink()
    assert opened_files(signed_in) == LATER_FETCH


@pytest.mark.long
def test_a_process_with_cached_credentials_opens_the_role_file_only(signed_in: World) -> None:
    """The token file is not opened."""
    opened_files(signed_in)
    assert opened_files(signed_in) == {"config": 1, "role.json": 1}
