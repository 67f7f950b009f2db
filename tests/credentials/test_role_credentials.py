"""Role credentials in the AWS CLI's cache: the file format, and which files are used."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING

import pytest
from roles import key_of, role_document
from world import sha1

if TYPE_CHECKING:
    from world import World


def login_id(world: World) -> str:
    """Return the id of the login in the index."""
    [file] = (world.home / ".aws/sso-plugin").glob("roles-*.json")
    return str(json.loads(file.read_text())["login"])


def test_credentials_are_fetched_once_for_all_sessions(world: World) -> None:
    """The second session reads the cache."""
    world.sign_in()
    assert key_of() == key_of()
    assert world.count("GetRoleCredentials") == 1


def test_the_cache_file_is_that_of_the_aws_cli(world: World) -> None:
    """Name, keys, and the format of each value. Only its owner can read it."""
    world.sign_in()
    key = key_of()
    [file] = world.role_files()
    name = '{"accountId":"111111111111","roleName":"AdministratorAccess","sessionName":"corp"}'
    assert file.stem == sha1(name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = role_document(world)
    held = document["Credentials"]
    assert document["ProviderType"] == "sso"
    assert list(document) == ["ProviderType", "Credentials", "SsoPlugin"]
    status = world.token_file().stat()
    mark = [status.st_mtime_ns, status.st_size, status.st_ino]
    assert document["SsoPlugin"] == {"LoginId": login_id(world), "TokenFile": mark}
    assert list(held) == [
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
        "AccountId",
    ]
    assert (held["AccessKeyId"], held["AccountId"]) == (key, "111111111111")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", held["Expiration"])


def test_the_file_of_a_legacy_profile_is_named_after_the_start_url(world: World) -> None:
    """As in the AWS CLI."""
    world.configure(world.emulator.profile(legacy=True))
    world.sign_in(name=world.emulator.start_url)
    key_of()
    [file] = world.role_files()
    url = world.emulator.start_url
    name = '{"accountId":"111111111111","roleName":"AdministratorAccess","startUrl":"' + url + '"}'
    assert file.stem == sha1(name)


@pytest.mark.long
def test_botocore_and_sso_plugin_read_the_files_of_each_other(world: World) -> None:
    """With the cache of the AWS CLI set on botocore's provider."""
    world.sign_in()
    ours = key_of()
    assert stock_key(world) == ours
    world.role_files()[0].unlink()
    theirs = stock_key(world)
    assert key_of() == theirs
    assert world.count("GetRoleCredentials") == 2


def stock_key(world: World) -> str:
    """Return the access key that a process without sso_plugin gets, with the cache of the CLI."""
    script = """
import os, boto3, botocore.utils
session = boto3.Session(profile_name="dev")._session
provider = session.get_component("credential_provider").get_provider("sso")
provider.cache = botocore.utils.JSONFileCache(os.path.expanduser("~/.aws/cli/cache"))
print(type(provider).__module__, session.get_credentials().get_frozen_credentials().access_key)
"""
    module, key = world.run(script, SSO_PLUGIN="off").stdout.split()
    assert module == "botocore.credentials"
    return key


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"Credentials": 7}',
        '{"Credentials": {"AccessKeyId": "A"}}',
        '{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "B", "SessionToken": "C", '
        '"Expiration": "soon"}}',
        '{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "B", "SessionToken": null, '
        '"Expiration": "2100-01-01T00:00:00Z"}}',
    ],
)
def test_a_damaged_cache_file_is_replaced(world: World, content: str) -> None:
    """Stock botocore raises KeyError until it is deleted (boto/botocore#3106)."""
    world.sign_in()
    first = key_of()
    world.role_files()[0].write_text(content)
    second = key_of()
    assert first != second
    assert role_document(world)["Credentials"]["AccessKeyId"] == second


@pytest.mark.long
def test_expired_credentials_in_the_cache_are_replaced(world: World) -> None:
    """Expiry uses the server's time."""
    world.sign_in()
    first = key_of()
    document = role_document(world)
    document["Credentials"]["Expiration"] = "2020-01-01T00:00:00Z"
    world.role_files()[0].write_text(json.dumps(document))
    assert key_of() != first


def test_with_sso_cache_memory_no_role_file_is_written(world: World) -> None:
    """``sso_cache = memory`` writes no role credentials anywhere."""
    world.configure(world.emulator.profile() + "sso_cache = memory\n")
    world.sign_in()
    key_of()
    assert world.role_files() == []
