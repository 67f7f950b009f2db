"""Accounts by name: looked up once, remembered for all, followed when they move."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest

import sso_plugin
from sso_plugin import ConfigError, LoginRequired, NoAccess
from sso_plugin.clock import Clock
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.account_names import AccountNames, CachedAccount
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.emulator import Account, Assignment, Organization, User
from sso_plugin.storage.file_cache import token_cache

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
    """Have the profile ``dev`` name its account instead of numbering it."""
    lines = []
    for line in world.emulator.profile().splitlines():
        if line.startswith("sso_account_id"):
            lines.append(f"sso_account_name = {name}")
        else:
            lines.append(line)
    lines += [f"{key} = {value}" for key, value in more.items()]
    world.configure("\n".join(lines) + "\n")


def organize(world: World, *accounts: Account, role: str = "AdministratorAccess") -> None:
    """Have these accounts and no others; what was known of the login goes on to be of it."""
    assignments = tuple(Assignment("alice", each.account_id, role) for each in accounts)
    world.emulator.reset(Organization((User("alice"),), accounts, (), assignments))
    old = token(world)
    world.sign_in()
    new = token(world)
    if old and new:
        LoginIndex.of(world.token_file().stem).continue_with(new, old)


def token(world: World) -> AccessToken | None:
    return AccessToken.from_entry(token_cache().get(world.token_file().stem), Clock())


def account_of(profile: str = "dev") -> str:
    """Use the credentials of a profile, and return the account they are for."""
    identity = boto3.Session(profile_name=profile).client("sts").get_caller_identity()
    return str(identity["Account"])


def refusal() -> str:
    with pytest.raises(ConfigError) as caught:
        account_of()
    return str(caught.value)


def memory(world: World) -> Path:
    [file] = (world.home / ".aws" / "sso-plugin").glob("accounts-*.json")
    return file


def test_an_account_is_found_by_its_name(world: World) -> None:
    """One question more than with an id."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "staging")
    assert account_of() == STAGING.account_id
    assert world.count("ListAccounts") == 1
    assert world.count("GetRoleCredentials") == 1


def test_the_name_is_remembered_for_later_processes(world: World) -> None:
    """They find role credentials in the shared cache, and ask nobody."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "staging")
    account_of()
    before = world.count("ListAccounts"), world.count("GetRoleCredentials")
    finished = world.run(SCRIPT)
    [file] = world.role_files()
    kept = json.loads(file.read_text())["Credentials"]["AccessKeyId"]
    assert (finished.stdout.strip(), finished.stderr) == (kept, "")
    assert (world.count("ListAccounts"), world.count("GetRoleCredentials")) == before


def test_all_profiles_of_a_login_share_the_memory(world: World) -> None:
    """One question answers for every account."""
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


def test_the_file_is_the_same_as_with_the_id(world: World) -> None:
    """The AWS CLI, with a profile that has the id, uses the same credentials."""
    organize(world, PRODUCTION)
    world.configure(world.emulator.profile())
    account_of()
    configure(world, "production")
    account_of()
    assert len(world.role_files()) == 1
    assert world.count("GetRoleCredentials") == 1


def test_an_id_beside_the_name_wins(world: World) -> None:
    """Nobody is asked for the name."""
    organize(world, PRODUCTION, STAGING)
    world.configure(world.emulator.profile() + "sso_account_name = staging\n")
    assert account_of() == PRODUCTION.account_id
    assert world.count("ListAccounts") == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Production", "111111111111"),
        ("production", "222222222222"),
        ("STAGING", "333333333333"),
        ("straße", "444444444444"),
    ],
)
def test_case_counts_only_where_it_has_to(world: World, name: str, expected: str) -> None:
    """A name that is exactly right is preferred to one that is right but for its case."""
    names = {"111111111111": "Production", "222222222222": "production"}
    names |= {"333333333333": "Staging", "444444444444": "STRASSE"}
    organize(world, *(Account(number, each, "a@example.com") for number, each in names.items()))
    configure(world, name)
    assert account_of() == expected


def test_a_name_that_is_not_there_lists_the_likeliest(world: World) -> None:
    """With the key to set, and the file to set it in."""
    organize(world, PRODUCTION, STAGING)
    configure(world, "Prodction")
    assert refusal() == (
        'The profile "dev" asks for the account "Prodction", which this user does not have. '
        f"Set sso_account_name in {world.config_file} to one of: production, staging."
    )


def test_of_many_names_ten_are_listed(world: World) -> None:
    """The closest ones, and how many there are besides."""
    world.emulator.reset(Organization.generated(120))
    world.sign_in()
    configure(world, "acount-00042")
    message = refusal()
    assert "to one of: account-00042, account-" in message
    assert message.endswith(", and 110 more.")
    assert message.count("account-") == 10


def test_a_name_of_several_accounts_lists_their_ids(world: World) -> None:
    """An id has to be set instead."""
    twin = Account("333333333333", "production", "q@example.com")
    organize(world, PRODUCTION, twin)
    configure(world, "production")
    assert refusal() == (
        'The profile "dev" asks for the account "production", of which there are 2. '
        f"Set sso_account_id in {world.config_file} to one of: "
        "111111111111 (production, p@example.com), 333333333333 (production, q@example.com)."
    )


def test_an_account_that_was_made_anew_is_found_again(world: World) -> None:
    """The remembered id is refused, so the name is looked up once more."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    remove_role_files(world)
    organize(world, Account("999999999999", "production", "p@example.com"))
    assert account_of() == "999999999999"
    assert world.count("ListAccounts") == 1


def test_an_account_that_was_renamed_goes_on_under_its_remembered_name(world: World) -> None:
    """What has worked is not broken because a name changed."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    remove_role_files(world)
    organize(world, Account(PRODUCTION.account_id, "renamed", "p@example.com"))
    assert account_of() == PRODUCTION.account_id
    age(memory(world), DAY + 1)
    remove_role_files(world)
    assert account_of() == PRODUCTION.account_id


def test_a_name_that_went_to_another_account_is_followed_within_a_day(world: World) -> None:
    """The remembered id still works, so nothing else would tell."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    remove_role_files(world)
    old = Account(PRODUCTION.account_id, "production-old", "p@example.com")
    organize(world, old, Account("999999999999", "production", "n@example.com"))
    assert account_of() == PRODUCTION.account_id
    age(memory(world), DAY + 1)
    remove_role_files(world)
    assert account_of() == "999999999999"


def test_a_portal_that_does_not_list_accounts_is_no_reason_to_stop(world: World) -> None:
    """The remembered id is as good as it was."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    age(memory(world), DAY + 1)
    remove_role_files(world)
    world.emulator.faults.add("ListAccounts", status=403, code="ForbiddenException")
    assert account_of() == PRODUCTION.account_id


def test_a_role_that_is_not_there_is_looked_for_twice_at_most(world: World) -> None:
    """Once more under the name's account of today; then the user hears which roles there are."""
    organize(world, PRODUCTION, role="ReadOnlyAccess")
    configure(world, "production")
    world.configure(world.config_file.read_text().replace("ReadOnlyAccess", "Nonsense"))
    for lookups in (1, 2):
        with pytest.raises(NoAccess, match="Set sso_role_name to one of: ReadOnlyAccess"):
            account_of()
        assert world.count("ListAccounts") == lookups


@pytest.mark.parametrize("content", ["", "[]", '{"accounts": 7}', '{"accounts": {"x": null}}'])
def test_a_damaged_memory_heals(world: World, content: str) -> None:
    """The portal is asked again."""
    organize(world, PRODUCTION)
    configure(world, "production")
    account_of()
    memory(world).write_text(content)
    remove_role_files(world)
    assert account_of() == PRODUCTION.account_id
    assert json.loads(memory(world).read_text())["accounts"] == {"111111111111": "production"}


def test_processes_that_look_up_at_once_ask_once(world: World) -> None:
    """One of them asks for all."""
    organize(world, PRODUCTION)
    configure(world, "production")
    with ThreadPoolExecutor(6) as pool:
        finished = list(pool.map(world.run, [SCRIPT] * 6))
    assert [each.stderr for each in finished] == [""] * 6
    assert len({each.stdout for each in finished}) == 1
    assert world.count("ListAccounts") == 1
    assert world.count("GetRoleCredentials") == 1


def test_without_a_login_the_name_cannot_be_looked_up(world: World) -> None:
    """The error is the usual one."""
    configure(world, "production")
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        account_of()


def test_a_logout_forgets_the_names(world: World) -> None:
    """They came from the login."""
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


def test_one_who_is_overtaken_while_looking_does_not_ask_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has asked between this one's look at the file and its turn to ask."""
    organize(world, PRODUCTION)
    configure(world, "production")
    load = AccountNames.load

    def overtaken(names: AccountNames, name: str) -> CachedAccount | None:
        monkeypatch.setattr(AccountNames, "load", load)
        found = load(names, name)
        account_of()
        return found

    monkeypatch.setattr(AccountNames, "load", overtaken)
    assert account_of() == PRODUCTION.account_id
    assert world.count("ListAccounts") == 1
