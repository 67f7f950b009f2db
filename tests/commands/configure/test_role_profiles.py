"""Which profile each role gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configure_support import (
    PROFILES,
    ROLES_WITH_SAME_NAME,
    edit,
    profiles_in,
    role,
    roles_are,
    without_digests,
    write,
)

from sso_plugin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


@pytest.mark.long
def test_without_template_every_profile_keeps_its_name(world: World, config_file: Path) -> None:
    """A role with a profile gets no second one. A new role gets a default name."""
    names = write(template="{account_id}.{role_name}").added
    before = config_file.read_bytes()
    plan = write()
    assert (plan.added, plan.changed, plan.notes, config_file.read_bytes()) == ((), (), (), before)
    world.emulator.assign("alice", "222222222222", "ReadOnlyAccess")
    assert write(region="eu-west-1").added == ("staging-ReadOnlyAccess",)
    assert {profiles_in(config_file)[name]["region"] for name in names} == {"eu-west-1"}
    plan = write(prune=True)
    assert plan.removed == ()
    assert plan.notes == (
        f'Without --template, profiles keep their names, such as "{names[0]}". To rename them, '
        "add: --template '{account_name}-{role_name}'",
    )


def test_profiles_written_by_hand_are_skipped_and_reported(world: World, session_text: str) -> None:
    """Also one in the credentials file, because it would be the same profile."""
    world.configure(session_text + "\n[profile sandbox-AdministratorAccess]\noutput = text\n")
    credentials = world.home / ".aws" / "credentials"
    credentials.write_text("[staging-AdministratorAccess]\naws_access_key_id = AKIA\n")
    plan = write()
    reason = "it was written or changed by hand"
    assert plan.skipped == {
        "sandbox-AdministratorAccess": reason,
        "staging-AdministratorAccess": reason,
    }
    assert sorted(plan.added) == PROFILES[:2]


@pytest.mark.long
def test_profiles_of_another_session_are_skipped_and_reported(
    world: World, config_file: Path
) -> None:
    """Two logins may have accounts with the same name."""
    write()
    world.sign_in(name="second")
    second = {"start_url": world.emulator.start_url, "sso_region": "eu-central-1"}
    plan = write(sso_session="second", prune=True, **second)
    assert set(plan.skipped.values()) == {'it belongs to the sso-session "corp"'}
    assert sorted(plan.skipped) == PROFILES
    plan = write(sso_session="second", template="{sso_session}/{account_name}:{role_name}")
    assert "second/production:ReadOnlyAccess" in plan.added


@pytest.mark.long
@pytest.mark.parametrize("at_once", [False, True])
def test_prune_deletes_the_profiles_of_an_old_template(
    world: World, config_file: Path, *, at_once: bool
) -> None:
    """In the same run or in a later one. Profiles of another login stay."""
    world.sign_in(name="second")
    second = {"start_url": world.emulator.start_url, "sso_region": "eu-central-1"}
    others = write(sso_session="second", template="{sso_session}.{account_name}", **second).added
    new = "{account_id}-{role_name}"
    write(sso_session="corp")
    if not at_once:
        write(sso_session="corp", template=new)
    plan = write(sso_session="corp", template=new, prune=True)
    assert sorted(plan.removed) == PROFILES
    assert plan.notes == ()
    names = {name for name, values in profiles_in(config_file).items() if "sso_session" in values}
    assert names == {
        *others,
        "111111111111-AdministratorAccess",
        "111111111111-ReadOnlyAccess",
        "222222222222-AdministratorAccess",
        "333333333333-AdministratorAccess",
    }


@pytest.mark.long
def test_prune_without_a_template_deletes_second_profiles(config_file: Path) -> None:
    """A role with a profile of the default name does not need another one."""
    old = write(template="old-{account_id}-{role_name}").added
    write(template="{account_name}-{role_name}")
    assert write().changed == ()
    assert write(prune=True).removed == old
    assert sorted(profiles_in(config_file)) == sorted(["default", "plain", "twice", *PROFILES])


@pytest.mark.long
def test_prune_renames_the_chosen_profiles_only(config_file: Path) -> None:
    """Profiles of accounts that are not chosen stay as they are."""
    write()
    plan = write(template="{account_id}-{role_name}", accounts=("production",), prune=True)
    assert sorted(plan.removed) == PROFILES[:2]
    assert {*PROFILES[2:]} <= profiles_in(config_file).keys()


@pytest.mark.long
def test_a_new_account_gets_the_profile_of_a_closed_one_with_its_name(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place, and with the user's additions. Not if the account exists and was not listed."""
    roles_are(monkeypatch, role("dev", "1"))
    write(region="eu-central-1")
    edit(config_file, "sso_role_name = R\n", "sso_role_name = R\n# mine\noutput=json\n")
    before = config_file.read_text()
    roles_are(monkeypatch, role("dev", "2"), role("old", "1", "S"))
    plan = write(accounts=("dev",))
    assert plan.skipped == {"dev-R": "it is for the role R in 1, which was not listed in this run"}
    assert plan.without_profile == (role("dev", "2"),)
    roles_are(monkeypatch, role("dev", "2"))
    plan = write(accounts=("dev",))
    assert (plan.added, plan.changed, plan.removed) == ((), ("dev-R",), ())
    assert without_digests(config_file.read_text()) == without_digests(before).replace(
        "sso_account_id = 1\n", "sso_account_id = 2\n"
    )


def test_profiles_do_not_change_if_two_accounts_swap_names(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with a template, no profile is changed to the other account."""
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    write()
    before = config_file.read_bytes()
    roles_are(monkeypatch, role("b", "1"), role("a", "2"))
    for options in ({}, {"template": "{account_name}-{role_name}", "prune": True}):
        plan = write(**options)
        assert plan.without_profile == ()
        assert config_file.read_bytes() == before
    assert plan.skipped == {
        "b-R": "it is for the role R in 2, which you still have",
        "a-R": "it is for the role R in 1, which you still have",
    }


@pytest.mark.long
def test_prune_does_not_free_a_name_for_another_account(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If accounts get each other's names, a second run does not change that profile either."""
    template = "{account_name}-{role_name}"
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    write()
    roles_are(monkeypatch, role("b", "1"), role("c", "2"))
    plans = [write(template=template, prune=True) for _ in range(2)]
    assert (plans[0].added, plans[0].removed) == (("c-R",), ())
    assert plans[1].before == plans[1].after
    assert plans[1].skipped == {"b-R": "it is for the role R in 2, which you still have"}
    assert profiles_in(config_file)["b-R"]["sso_account_id"] == "2"


def test_a_role_keeps_its_profile_if_another_one_gets_the_same_name(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other role does not get the profile."""
    roles_are(monkeypatch, *ROLES_WITH_SAME_NAME[:1])
    write()
    roles_are(monkeypatch, *ROLES_WITH_SAME_NAME)
    for template in (None, "{account_name}-{role_name}"):
        plan = write(template=template)
        assert plan.without_profile == ROLES_WITH_SAME_NAME[1:2]
        assert profiles_in(config_file)["A-b-R"]["sso_account_id"] == "1"
    assert profiles_in(config_file)["c-R"]["sso_account_id"] == "3"


def test_an_account_named_default_gets_no_profile(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every script uses the profile of that name. The others are written."""
    roles_are(monkeypatch, role("default", "1"), role("c", "3"))
    before = profiles_in(config_file)["default"]
    assert main(["configure", "--yes", "--template", "{account_name}"]) == 1
    assert (
        'No profile for the role R in default (1): its name from the template is "default".\n'
        in capsys.readouterr().err
    )
    assert profiles_in(config_file)["c"]["sso_account_id"] == "3"
    assert profiles_in(config_file)["default"] == before
