"""Accounts by name: looked up once, cached for all processes, looked up again when they change."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import boto3
import pytest
from caches import own_cache, token_cache
from crowd import crowd

import sso_plugin
from sso_plugin import ConfigError, LoginRequired, NoAccess
from sso_plugin.clock import Clock
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.account_names import AccountNames, CachedAccount
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.emulator import Account, Assignment, Organization, User

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

DAY = 24 * 3600
PRODUCTION = Account("111111111111", "production", "p@example.com")
STAGING = Account("222222222222", "staging", "s@example.com")

SCRIPT = """
import boto3, sso_plugin
sso_plugin.enable()
print(boto3.Session(profile_name="dev").get_credentials().access_key)
"""


@pytest.fixture(autouse=True)
def _enabled(_not_enabled: None) -> None:
    sso_plugin.enable()


def configure(world: World, name: str, **more: str) -> None:
    """Give the account of the profile ``dev`` by its name."""
    lines = []
    for line in world.emulator.profile().splitlines():
        if line.startswith("sso_account_id"):
            lines.append(f"sso_account_name = {name}")
        else:
            lines.append(line)
    lines += [f"{key} = {value}" for key, value in more.items()]
    world.configure("\n".join(lines) + "\n")


def organize(world: World, *accounts: Account, role: str = "AdministratorAccess") -> None:
    """Replace all accounts. The login stays the same."""
    assignments = tuple(Assignment("alice", each.account_id, role) for each in accounts)
    world.emulator.reset(Organization((User("alice"),), accounts, (), assignments))
    old = token(world)
    world.sign_in()
    new = token(world)
    if old and new:
        LoginIndex(own_cache(), world.token_file().stem).continue_with(new, old)


def token(world: World) -> AccessToken | None:
    return AccessToken.from_entry(token_cache().get(world.token_file().stem), Clock())


def account_of(profile: str = "dev") -> str:
    """Return the account that a profile uses."""
    identity = boto3.Session(profile_name=profile).client("sts").get_caller_identity()
    return str(identity["Account"])


def config_error() -> str:
    with pytest.raises(ConfigError) as caught:
        account_of()
    return str(caught.value)


def names_file(world: World) -> Path:
    [file] = (world.home / ".aws" / "sso-plugin").glob("accounts-*.json")
    return file


def test_an_account_is_found_by_its_name(world: World) -> None:
    """With one request more than by its id."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "staging")
    assert account_of() == STAGING.account_id
    assert world.count("ListAccounts") == 1
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_later_processes_use_the_cached_name(world: World) -> None:
    """They read the shared cache, and send no request."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "staging")
    account_of()
    before = world.count("ListAccounts"), world.count("GetRoleCredentials")
    finished = world.run(SCRIPT)
    [file] = world.role_files()
    kept = json.loads(file.read_text())["Credentials"]["AccessKeyId"]
    assert (finished.stdout.strip(), finished.stderr) == (kept, "")
    assert (world.count("ListAccounts"), world.count("GetRoleCredentials")) == before


@pytest.mark.long
def test_all_profiles_of_a_login_share_the_cached_names(world: World) -> None:
    """One request lists all accounts."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "staging")
    world.configure(
        world.config_file.read_text()
        + "[profile prod]\nregion = eu-central-1\nsso_session = corp\n"
        + "sso_account_name = production\nsso_role_name = AdministratorAccess\n"
    )
    assert account_of("dev") == STAGING.account_id
    assert account_of("prod") == PRODUCTION.account_id
    assert world.count("ListAccounts") == 1


@pytest.mark.long
def test_the_role_file_is_the_same_as_with_the_id(world: World) -> None:
    """The AWS CLI uses it for a profile that has the id."""
    organize(world, PRODUCTION)
    world.configure(world.emulator.profile())
    account_of()
    configure(world, "production")
    account_of()
    assert len(world.role_files()) == 1
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_the_id_is_used_if_there_are_both(world: World) -> None:
    """The name is not looked up."""
    organize(world, PRODUCTION, STAGING)
    world.configure(world.emulator.profile() + "sso_account_name = staging\n")
    assert account_of() == PRODUCTION.account_id
    assert world.count("ListAccounts") == 0


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Production", "111111111111"),
        ("production", "222222222222"),
        ("STAGING", "333333333333"),
        ("straße", "444444444444"),
    ],
)
def test_case_is_ignored_unless_two_names_differ_only_by_case(
    world: World, name: str, expected: str
) -> None:
    """An exact name is preferred."""
    names = {"111111111111": "Production", "222222222222": "production"}
    names |= {"333333333333": "Staging", "444444444444": "STRASSE"}
    organize(world, *(Account(number, each, "a@example.com") for number, each in names.items()))
    configure(world, name)
    assert account_of() == expected


@pytest.mark.long
def test_the_error_for_an_unknown_name_lists_the_names(world: World) -> None:
    """With the key to set, and the file."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "Prodction")
    assert config_error() == (
        'The profile "dev" asks for the account "Prodction", which this user does not have. '
        f"Set sso_account_name in {world.config_file} to one of: production, staging."
    )


@pytest.mark.long
def test_the_error_lists_ten_names_at_most(world: World) -> None:
    """The closest ones, and the number of the others."""
    world.emulator.reset(Organization.generated(120))
    world.sign_in()
    configure(world, "acount-00042")
    message = config_error()
    assert "to one of: account-00042, account-" in message
    assert message.endswith(", and 110 more.")
    assert message.count("account-") == 10


def test_the_error_for_an_ambiguous_name_lists_the_ids(world: World) -> None:
    """An id has to be set instead."""
    twin = Account("333333333333", "production", "q@example.com")
    organize(world, PRODUCTION, twin)
    configure(world, "production")
    assert config_error() == (
        'The profile "dev" asks for the account "production", but 2 accounts have this name. '
        f"Set sso_account_id in {world.config_file} to one of: "
        "111111111111 (production, p@example.com), 333333333333 (production, q@example.com)."
    )


@pytest.mark.long
def test_a_name_is_looked_up_again_if_the_cached_id_is_refused(world: World) -> None:
    """The account may have been deleted and created again."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    remove_role_files(world)
    organize(world, Account("999999999999", "production", "p@example.com"))
    assert account_of() == "999999999999"
    assert world.count("ListAccounts") == 1


@pytest.mark.long
def test_a_renamed_account_is_still_used_under_its_old_name(world: World) -> None:
    """A script does not break because the name of an account changes."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    remove_role_files(world)
    organize(world, Account(PRODUCTION.account_id, "renamed", "p@example.com"))
    assert account_of() == PRODUCTION.account_id
    age(names_file(world), DAY + 1)
    remove_role_files(world)
    assert account_of() == PRODUCTION.account_id


@pytest.mark.long
def test_a_name_of_another_account_is_noticed_within_a_day(world: World) -> None:
    """The cached id still works, so there is no error."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    remove_role_files(world)
    old = Account(PRODUCTION.account_id, "production-old", "p@example.com")
    organize(world, old, Account("999999999999", "production", "n@example.com"))
    assert account_of() == PRODUCTION.account_id
    age(names_file(world), DAY + 1)
    remove_role_files(world)
    assert account_of() == "999999999999"


@pytest.mark.long
def test_the_cached_id_is_used_if_accounts_cannot_be_listed(world: World) -> None:
    """The remembered id is as good as it was."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    age(names_file(world), DAY + 1)
    remove_role_files(world)
    world.emulator.faults.add("ListAccounts", status=403, code="ForbiddenException")
    assert account_of() == PRODUCTION.account_id


@pytest.mark.long
def test_a_missing_role_causes_one_look_up_more(world: World) -> None:
    """Another account may have this name now. Then the error lists the roles."""
    organize(world, PRODUCTION, role="ReadOnlyAccess")
    configure(world, "production")
    world.configure(world.config_file.read_text().replace("ReadOnlyAccess", "Nonsense"))
    for lookups in (1, 2):
        with pytest.raises(NoAccess, match="Set sso_role_name to one of: ReadOnlyAccess"):
            account_of()
        assert world.count("ListAccounts") == lookups


@pytest.mark.one_quick_case
@pytest.mark.parametrize("content", ["", "[]", '{"accounts": 7}', '{"accounts": {"x": null}}'])
def test_a_damaged_file_of_names_is_replaced(world: World, content: str) -> None:
    """The accounts are listed again."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    names_file(world).write_text(content)
    remove_role_files(world)
    assert account_of() == PRODUCTION.account_id
    assert json.loads(names_file(world).read_text())["accounts"] == {"111111111111": "production"}


@pytest.mark.long
def test_processes_that_look_up_a_name_together_send_one_request(world: World) -> None:
    """One of them asks for all."""
    organize(world, PRODUCTION)
    configure(world, "production")
    assert [line.rsplit("/", 1)[-1] for line in crowd(6)] == ["alice"] * 6
    assert world.count("ListAccounts") == 1
    assert world.count("GetRoleCredentials") == 1


def test_a_look_up_needs_a_login(world: World) -> None:
    """The error is the usual one."""
    configure(world, "production")
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        account_of()


@pytest.mark.long
def test_a_logout_deletes_the_cached_names(world: World) -> None:
    """They come from the login."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    sso_plugin.logout("dev")
    assert list((world.home / ".aws" / "sso-plugin").glob("accounts-*.json")) == []


def remove_role_files(world: World) -> None:
    for file in world.role_files():
        file.unlink()


def age(file: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(file, (then, then))


@pytest.mark.long
def test_no_request_is_sent_if_another_process_has_just_listed_the_accounts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did so after this process had read the file, before it got the lock."""
    organize(world, PRODUCTION)
    configure(world, "production")
    load = AccountNames.load

    def load_late(names: AccountNames, name: str) -> CachedAccount | None:
        monkeypatch.setattr(AccountNames, "load", load)
        found = load(names, name)
        account_of()
        return found

    monkeypatch.setattr(AccountNames, "load", load_late)
    assert account_of() == PRODUCTION.account_id
    assert world.count("ListAccounts") == 1
