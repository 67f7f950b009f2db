"""A boto3 session for any account and role, without a profile for them."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from stock import make_slim_botocore

import sso_plugin
from sso_plugin import ConfigError, LoginRequired, NoAccess

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

STAGING = {"account": "222222222222", "role": "AdministratorAccess"}


def who(session: boto3.Session) -> str:
    return str(session.client("sts").get_caller_identity()["Arn"])


def get(**changes: Any) -> boto3.Session:
    """Return a session for staging by the sso-session of the config, with changes."""
    return sso_plugin.get_session(
        **{**STAGING, "sso_session": "corp", "region": "eu-west-1"} | changes
    )


@pytest.mark.one_quick_case
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("account", ["222222222222", "staging"])
def test_it_needs_no_profile(world: World, account: str, *, enabled: bool) -> None:
    """An sso-session, an account by id or name, and a role are enough, with or without enable()."""
    if enabled:
        sso_plugin.enable()
    world.sign_in()
    session = get(account=account)
    assert ":222222222222:assumed-role/AWSReservedSSO_AdministratorAccess_" in who(session)
    assert session.region_name == "eu-west-1"
    assert session.client("s3").meta.region_name == "eu-west-1"


def test_a_start_url_can_name_the_login(world: World) -> None:
    """No config file is needed."""
    world.config_file.unlink()
    url, region = world.emulator.start_url, world.emulator.region
    world.sign_in(name=url)
    session = get(sso_session=None, start_url=url, sso_region=region)
    assert ":222222222222:" in who(session)


def test_a_profile_can_name_the_login(world: World) -> None:
    """Its account and role are ignored, its other settings are used."""
    world.configure(world.emulator.profile() + "duration_seconds = 900\n")
    world.sign_in()
    session = get(sso_session=None, profile_name="dev", region=None)
    assert ":222222222222:" in who(session)
    assert session.region_name == "eu-central-1"
    assert session._session.get_scoped_config()["duration_seconds"] == "900"


def test_environment_variables_do_not_change_the_identity(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither AWS_PROFILE, with an existing or a missing profile, nor keys."""
    world.sign_in()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    for name in ("dev", "missing"):
        monkeypatch.setenv("AWS_PROFILE", name)
        assert ":222222222222:" in who(get())


def test_the_region_has_the_usual_precedence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default profile, the variable, the argument: the last one wins."""
    world.configure(world.emulator.profile() + "[default]\nregion = us-west-1\n")
    assert get(region=None).region_name == "us-west-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert get(region=None).region_name == "us-west-2"
    assert get(region="us-east-1").region_name == "us-east-1"
    world.configure(world.emulator.profile())
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert get(region=None).region_name is None


@pytest.mark.long
def test_a_session_shares_credentials_with_profiles(world: World) -> None:
    """The file belongs to the role."""
    sso_plugin.enable()
    world.configure(
        world.emulator.profile(account_id=STAGING["account"], role_name=STAGING["role"])
    )
    world.sign_in()
    who(boto3.Session(profile_name="dev"))
    who(get())
    assert len(world.role_files()) == 1
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_sessions_for_many_roles_can_be_used_at_the_same_time(world: World) -> None:
    """Each has the identity that it was created for."""
    world.sign_in()
    sessions = {name: get(account=name) for name in ("production", "staging", "sandbox")}
    arns = {name: who(session) for name, session in sessions.items()}
    ids = {"production": "111111111111", "staging": "222222222222", "sandbox": "333333333333"}
    assert {name: arn.split(":")[4] for name, arn in arns.items()} == ids
    assert world.count("ListAccounts") == 1


@pytest.mark.long
def test_its_credentials_are_renewed(world: World) -> None:
    """As in the session of a profile."""
    world.sign_in()
    used = get().get_credentials()
    assert used is not None
    first = used.get_frozen_credentials()
    world.make_credentials_due()
    credentials = get().get_credentials()
    assert credentials is not None
    deadline = time.time() + 60
    while credentials.get_frozen_credentials() == first:
        assert time.time() < deadline
        time.sleep(0.05)
    assert credentials.method == "sso"


def test_there_is_no_request_before_it_is_used(world: World) -> None:
    """Neither the login nor the account is checked."""
    get(account="nonsense")
    assert len(world.emulator.requests) == 0


def test_its_bearer_token_is_that_of_the_login(world: World) -> None:
    """The default profile does not matter."""
    signed_in = world.sign_in()
    token: Any = get()._session.get_auth_token()
    assert token.get_frozen_token().token == signed_in.access_token


@pytest.mark.long
def test_a_missing_role_or_account_is_an_error_on_first_use(world: World) -> None:
    """As for a profile, but the message names the parameter instead of a key."""
    world.sign_in()
    with pytest.raises(NoAccess, match='The sso-session "corp" asks for the role PowerUser in'):
        who(get(role="PowerUser"))
    with pytest.raises(ConfigError, match='No account named "stagin"'):
        who(get(account="stagin"))


def test_without_a_login_the_error_has_the_login_command(world: World) -> None:
    """It names the sso-session, because there is no profile."""
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --sso-session corp"):
        who(get())


@pytest.mark.parametrize(
    "login",
    [
        {"sso_session": None},
        {"start_url": "https://x.awsapps.com/start", "sso_region": "eu-central-1"},
        {"sso_session": None, "start_url": "https://x.awsapps.com/start"},
        {"sso_region": "eu-central-1"},
        {"profile_name": "dev"},
    ],
)
def test_exactly_one_login_with_its_region_is_required(world: World, login: dict[str, Any]) -> None:
    """Not none, not two, and no start URL without its region."""
    with pytest.raises(ConfigError) as caught:
        get(**login)
    assert str(caught.value) == (
        "Exactly one login is required. Use a profile, or an sso-session, or a start URL and its "
        "region."
    )


@pytest.mark.parametrize("empty", [{"account": " "}, {"role": ""}])
def test_an_account_and_a_role_are_required(world: World, empty: dict[str, str]) -> None:
    """An empty value is an error at once."""
    with pytest.raises(ConfigError, match="An account and a role are required"):
        get(**empty)


def test_a_login_that_does_not_exist_is_an_error_at_once(world: World) -> None:
    """The message has the name that the caller gave."""
    with pytest.raises(ConfigError, match="corpse"):
        get(sso_session="corpse")
    world.configure("[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError, match='The profile "plain" has no SSO configuration'):
        get(sso_session=None, profile_name="plain")


@pytest.mark.long
def test_it_works_with_a_botocore_stripped_of_its_data(world: World, tmp_path: Path) -> None:
    """sso-plugin brings the models of Identity Center."""
    world.sign_in()
    script = """
import sso_plugin
session = sso_plugin.get_session(account="staging", role="AdministratorAccess",
                                 sso_session="corp", region="eu-west-1")
print(session.get_credentials().access_key, "sso" in session.get_available_services())
"""
    site = make_slim_botocore(tmp_path / "site")
    finished = world.run(
        script,
        PYTHONPATH=os.pathsep.join([str(site), *sys.path]),
        PYTHONDONTWRITEBYTECODE="1",
    )
    key, has_sso = finished.stdout.split()
    assert key.startswith("ASIA")
    assert has_sso == "True"


def test_its_sso_client_uses_the_token_of_its_own_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of the default profile, which may be another user."""
    second = world.emulator.profile("default", session_name="second")
    world.configure(world.emulator.profile() + second)
    world.sign_in("alice", "corp")
    world.sign_in("bob", "second")
    sso_plugin.enable()
    session = sso_plugin.get_session(
        account="111111111111", role="AdministratorAccess", sso_session="corp"
    )
    bobs = boto3.Session().client("sso").list_accounts()["accountList"]
    assert session.client("sso").list_accounts()["accountList"] != bobs
