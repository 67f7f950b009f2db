"""Role credentials against the emulator: the shared cache, one call, and what a refusal says."""

from __future__ import annotations

import copy
import json
import pickle
import re
import stat
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, UnauthorizedSSOTokenError
from world import sha1

import sso_plugin
from sso_plugin import LoginRequired, NoAccess, PortalError
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.portal.client import Portal

if TYPE_CHECKING:
    from world import World

LEGACY = {"legacy": True}


@pytest.fixture(autouse=True)
def _enabled(_not_enabled: None) -> None:
    sso_plugin.enable()


def key_of(profile: str = "dev") -> str:
    credentials = boto3.Session(profile_name=profile).get_credentials()
    assert credentials is not None
    return str(credentials.get_frozen_credentials().access_key)


def role_document(world: World) -> dict[str, Any]:
    [file] = world.role_files()
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def login_id(world: World) -> str:
    """Return the id of the login in our own folder."""
    [file] = (world.home / ".aws/sso-plugin").glob("roles-*.json")
    return str(json.loads(file.read_text())["login"])


def test_credentials_are_fetched_once_and_kept_for_all(world: World) -> None:
    """The second session finds them in the cache."""
    world.sign_in()
    assert key_of() == key_of()
    assert world.count("GetRoleCredentials") == 1


def test_the_cache_file_is_the_one_of_the_aws_cli(world: World) -> None:
    """Name, keys, and the form of each value; readable by its owner only."""
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


def test_a_legacy_profile_has_a_file_of_its_own(world: World) -> None:
    """Named after the start URL, as the AWS CLI does it."""
    world.configure(world.emulator.profile(legacy=True))
    world.sign_in(name=world.emulator.start_url)
    key_of()
    [file] = world.role_files()
    url = world.emulator.start_url
    name = '{"accountId":"111111111111","roleName":"AdministratorAccess","startUrl":"' + url + '"}'
    assert file.stem == sha1(name)


def test_stock_botocore_reads_what_we_wrote_and_we_what_it_wrote(world: World) -> None:
    """With the cache of the AWS CLI set on its provider, both use one file."""
    world.sign_in()
    ours = key_of()
    assert stock_key(world) == ours
    world.role_files()[0].unlink()
    theirs = stock_key(world)
    assert key_of() == theirs
    assert world.count("GetRoleCredentials") == 2


def stock_key(world: World) -> str:
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
def test_a_damaged_cache_file_heals(world: World, content: str) -> None:
    """It is fetched anew and replaced; stock botocore raises KeyError for ever (#3106)."""
    world.sign_in()
    first = key_of()
    world.role_files()[0].write_text(content)
    second = key_of()
    assert first != second
    assert role_document(world)["Credentials"]["AccessKeyId"] == second


def test_expired_credentials_in_the_cache_are_replaced(world: World) -> None:
    """By the server's clock."""
    world.sign_in()
    first = key_of()
    document = role_document(world)
    document["Credentials"]["Expiration"] = "2020-01-01T00:00:00Z"
    world.role_files()[0].write_text(json.dumps(document))
    assert key_of() != first


def test_memory_keeps_them_out_of_the_file_system(world: World) -> None:
    """``sso_cache = memory`` writes no role credentials anywhere."""
    world.configure(world.emulator.profile() + "sso_cache = memory\n")
    world.sign_in()
    key_of()
    assert world.role_files() == []


def test_a_role_that_one_does_not_have_names_those_one_has(world: World) -> None:
    """403 becomes the list to choose from; still the ClientError that botocore raises."""
    world.configure(world.emulator.profile(role_name="PowerUser"))
    world.sign_in()
    with pytest.raises(NoAccess) as caught:
        key_of()
    assert str(caught.value) == (
        'The profile "dev" asks for the role PowerUser in the account 111111111111, which this '
        "user does not have. Set sso_role_name to one of: AdministratorAccess, ReadOnlyAccess."
    )
    assert isinstance(caught.value, ClientError)
    assert caught.value.response["Error"]["Code"] == "ForbiddenException"
    assert caught.value.operation_name == "GetRoleCredentials"


def test_an_account_in_which_one_has_no_role_is_said_so(world: World) -> None:
    """There is nothing to choose from in that account."""
    world.configure(world.emulator.profile(account_id="999999999999"))
    world.sign_in()
    with pytest.raises(NoAccess, match="Set sso_account_id to an account in which the user has"):
        key_of()


def test_a_revoked_token_is_renewed_and_the_call_repeated(world: World) -> None:
    """401 with a refresh token that is still good costs one more call and no error."""
    world.sign_in(accessToken="revoked")
    key_of()
    assert world.count("CreateToken") == 1
    assert world.count("GetRoleCredentials") == 2


def test_a_revoked_sign_in_needs_a_login(world: World) -> None:
    """401 and a refresh token that is refused: the person is told what to run."""
    signed_in = world.sign_in()
    world.emulator.revoke(access_token=signed_in.access_token)
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev") as caught:
        key_of()
    assert isinstance(caught.value, UnauthorizedSSOTokenError)


def test_a_portal_that_fails_is_an_error_with_the_reason(world: World) -> None:
    """The caller learns which call was refused, and why."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=500, code="InternalServerException")
    with pytest.raises(PortalError) as caught:
        key_of()
    assert str(caught.value) == (
        'The profile "dev" was refused GetRoleCredentials by Identity Center (sso in '
        f"eu-central-1, at {world.emulator.url}): InternalServerException, Injected fault. Try "
        "again later, or run: sso-plugin doctor --profile dev"
    )
    assert isinstance(caught.value, ClientError)
    assert caught.value.retryable


def test_credentials_that_have_expired_on_arrival_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would only fail later, with a message that explains nothing."""
    expired = ReadOnlyCredentials("A", "B", "C"), time.time() - 1
    monkeypatch.setattr(Portal, "get_role_credentials", lambda *_: expired)
    world.sign_in()
    with pytest.raises(PortalError, match="that had already expired"):
        key_of()


def test_every_error_survives_pickling_and_copying(world: World) -> None:
    """Errors travel between processes; type, text and attributes arrive."""
    world.configure(world.emulator.profile(role_name="PowerUser"))
    world.sign_in()
    with pytest.raises(NoAccess) as caught:
        key_of()
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301
        assert type(twin) is NoAccess
        assert str(twin) == str(caught.value)
        assert twin.response == caught.value.response


def test_a_token_that_is_never_accepted_needs_a_login(world: World) -> None:
    """Though it can be renewed: the new one is refused like the old one."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=401)
    with pytest.raises(LoginRequired, match="the portal does not accept its token"):
        key_of()
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 2)


def test_a_role_that_is_forbidden_is_asked_for_once(world: World) -> None:
    """A new token would be refused it as well."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=403)
    world.emulator.faults.add("ListAccountRoles", status=500)
    with pytest.raises(NoAccess, match=r"Check sso_account_id and sso_role_name\.$"):
        key_of()
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (0, 1)


def test_the_index_of_roles_forgets_all(world: World) -> None:
    """As a logout makes it."""
    world.sign_in()
    key_of()
    index = LoginIndex.of(world.token_file().stem)
    assert index.keys() == {file.stem for file in world.role_files()}
    index.clear()
    assert index.keys() == set()


def test_all_that_a_renewal_needs_can_be_imported_before(world: World) -> None:
    """By whoever starts it, so that no fork leaves an import unfinished."""
    world.sign_in()
    script = """
import sys
from botocore.session import Session
from sso_plugin.config.profile import SsoProfile
from sso_plugin.storage.file_cache import role_cache
from sso_plugin.credentials import Login
from sso_plugin.credentials.role_source import role_source_of
session = Session(profile="dev")
profile = SsoProfile.of(session)
source = role_source_of(Login.of(session, profile), role_cache())
session.create_client("sts", region_name="eu-central-1")
source.prepare()
before = set(sys.modules)
source.fetch()
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("encodings")))
"""
    done = world.run(script)
    assert (done.stdout, done.stderr) == ("\n", "")
