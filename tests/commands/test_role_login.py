"""The role that a user names: whose login it is, and what is reported if there is no such role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.commands.aws_variables import IN_EXEC
from sso_plugin.commands.chosen_credentials import ChosenCredentials
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.commands.role_login import RoleLogin
from sso_plugin.errors import ConfigError, LoginRequired, NoAccess

if TYPE_CHECKING:
    from world import World

STAGING = CredentialsChoice(account="staging", role="AdministratorAccess")


def account_of(choice: CredentialsChoice, environ: dict[str, str] | None = None) -> str:
    """Return the account for which STS knows the credentials."""
    found = ChosenCredentials.of(choice, environ or {})
    found.fetch()
    sts: Any = found.session.create_client("sts")
    return str(sts.get_caller_identity()["Account"])


OTHER_LOGIN = """
[sso-session other]
sso_start_url = https://other.awsapps.com/start
sso_region = eu-west-1
"""


@pytest.mark.parametrize(
    "choice",
    [
        STAGING,
        STAGING._replace(account=" Staging "),
        STAGING._replace(account="222222222222", sso_session="corp"),
        STAGING._replace(profile="dev"),
        STAGING._replace(role=None),
    ],
)
def test_an_account_and_a_role_are_enough(world: World, choice: CredentialsChoice) -> None:
    """A profile or an sso-session can name the login; the only one in the config is the default."""
    world.sign_in()
    assert account_of(choice) == "222222222222"


def test_a_role_alone_is_in_the_account_of_the_profile(world: World) -> None:
    """The profile has to be named, or to be that of the environment."""
    world.sign_in()
    found = ChosenCredentials.of(CredentialsChoice("dev", role="ReadOnlyAccess"), {})
    assert found.subject == "The role ReadOnlyAccess in the account 111111111111"
    found.fetch()
    with pytest.raises(ConfigError, match=r'sso-session "corp" has no account\. Add --account'):
        ChosenCredentials.of(CredentialsChoice(role="ReadOnlyAccess"), {})


def test_several_logins_have_to_be_named(world: World) -> None:
    """The error lists them."""
    world.configure(world.emulator.profile() + OTHER_LOGIN)
    with pytest.raises(ConfigError, match=r"Add --sso-session .*, with one of: corp, other"):
        ChosenCredentials.of(STAGING, {})


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (STAGING._replace(account="stagin"), 'No account named "stagin". Available: staging, '),
        (
            STAGING._replace(account="999999999999"),
            'No account with the ID "999999999999". Available: ',
        ),
        (
            CredentialsChoice(account="production", role="ReadOnly"),
            'No role named "ReadOnly" in the account production. Available: '
            "AdministratorAccess, ReadOnlyAccess.",
        ),
        (
            CredentialsChoice(account="production"),
            "The account production has 2 roles. Add --role, with one of: "
            "AdministratorAccess, ReadOnlyAccess.",
        ),
    ],
)
def test_an_error_shows_what_is_available(
    world: World, choice: CredentialsChoice, message: str
) -> None:
    """The names that are most similar come first."""
    world.sign_in()
    with pytest.raises((ConfigError, NoAccess)) as caught:
        ChosenCredentials.of(choice, {}).fetch()
    assert str(caught.value).startswith(message)


def test_without_a_login_the_error_names_the_command(world: World) -> None:
    """Of the login that was chosen."""
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --sso-session corp"):
        ChosenCredentials.of(STAGING, {}).fetch()


def test_the_id_of_an_account_needs_no_request(world: World) -> None:
    """Neither a given id, nor a name that is cached."""
    given = RoleLogin.find(STAGING._replace(account="222222222222"), {})
    assert given.account_id() == "222222222222"
    assert len(world.emulator.requests) == 0
    world.sign_in()
    ChosenCredentials.of(STAGING, {}).fetch()
    before = world.count("ListAccounts")
    assert RoleLogin.find(STAGING, {}).account_id() == "222222222222"
    assert world.count("ListAccounts") == before


def test_the_labels_are_those_that_the_user_gave(world: World) -> None:
    """For prompts."""
    assert RoleLogin.find(STAGING, {}).labels == {
        "SSO_PLUGIN_ACCOUNT": "staging",
        "SSO_PLUGIN_ROLE": "AdministratorAccess",
    }


def test_a_shell_with_credentials_names_the_login(world: World) -> None:
    """And the account, if only a role is given and its credentials are those of a profile."""
    world.configure(world.emulator.profile() + OTHER_LOGIN)
    shell = {IN_EXEC: "{}", "SSO_PLUGIN_PROFILE": "dev", "SSO_PLUGIN_SSO_SESSION": "corp"}
    assert RoleLogin.find(STAGING, shell).login.subject == 'The sso-session "corp"'
    found = RoleLogin.find(CredentialsChoice(role="ReadOnlyAccess"), shell)
    assert (found.account, found.login.name) == ("111111111111", "dev")
    del shell["SSO_PLUGIN_PROFILE"]
    with pytest.raises(ConfigError, match=r'sso-session "corp" has no account\. Add --account'):
        RoleLogin.find(CredentialsChoice(role="ReadOnlyAccess"), shell)
