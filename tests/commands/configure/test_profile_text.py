"""The text of a managed profile: which lines are updated, and which belong to the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.configloader import load_config
from configure_support import ROLE_LINE, edit, profiles_in, role, roles_are, without_digests, write

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def test_a_new_profile_has_a_header_a_comment_and_its_keys(world: World, session_text: str) -> None:
    """The comment explains that the profile is managed."""
    world.configure(session_text)
    write(accounts=("production",), roles=("ReadOnlyAccess",), region="eu-central-1")
    written = world.config_file.read_text().removeprefix(session_text)
    lines = written.splitlines()
    assert lines[2].startswith(
        "# Managed by sso-plugin configure. Keys and comments that you add are kept: "
    )
    assert [*lines[:2], *lines[3:]] == [
        "",
        "[profile production-ReadOnlyAccess]",
        "sso_session = corp",
        "sso_account_id = 111111111111",
        "sso_role_name = ReadOnlyAccess",
        "region = eu-central-1",
    ]


ADDITIONS = {
    "key": (ROLE_LINE, f"{ROLE_LINE}output = json\n"),
    "key in front": (f"sso_account_id = 111111111111\n{ROLE_LINE}", "cli_pager=\n{}"),
    "nested": (ROLE_LINE, f"{ROLE_LINE}s3 =\n  max = 20\n\n  # why\n  addressing_style = path\n"),
    "comment": (ROLE_LINE, f"; one\n{ROLE_LINE}  # two\n"),
    "blank line": (ROLE_LINE, f"\n{ROLE_LINE}\n\noutput = json\n"),
    "spaces": (ROLE_LINE, "sso_role_name=  ReadOnlyAccess \n"),
    "upper case": (ROLE_LINE, ROLE_LINE.replace("sso_role_name", "SSO_Role_Name")),
    "header": ("[profile production-ReadOnlyAccess]", "[profile production-ReadOnlyAccess] ; x"),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(("newline", "region"), [("\n", None), ("\r\n", "eu-central-1")])
@pytest.mark.parametrize("addition", ADDITIONS)
def test_a_profile_with_additions_of_the_user_stays_managed(
    world: World,
    session_text: str,
    monkeypatch: pytest.MonkeyPatch,
    addition: str,
    newline: str,
    region: str | None,
) -> None:
    """Our keys are updated, and all other text stays, character by character."""
    roles_are(monkeypatch, role("production", "111111111111", "ReadOnlyAccess"))
    file = world.config_file
    file.write_bytes(session_text.replace("\n", newline).encode())
    write(roles=("ReadOnlyAccess",), region=region)
    old, new = (text.replace("\n", newline) for text in ADDITIONS[addition])
    edit(file, old, new.format(old))
    before = file.read_bytes().decode()
    assert write(roles=("ReadOnlyAccess",)).changed == ()
    assert file.read_bytes().decode() == before
    plan = write(roles=("ReadOnlyAccess",), region="eu-west-1")
    assert plan.changed == ("production-ReadOnlyAccess",)
    assert (plan.skipped, plan.notes) == ({}, ())
    after = without_digests(file.read_bytes().decode())
    line = f"region = eu-west-1{newline}"
    assert after.count(line) == 1
    expected = without_digests(before).replace(f"\nregion = {region}{newline}", f"\n{line}")
    assert after == expected or after.replace(line, "") == expected
    assert profiles_in(file)["production-ReadOnlyAccess"]["region"] == "eu-west-1"
    assert write(roles=("ReadOnlyAccess",), region="eu-west-1").changed == ()


@pytest.mark.long
@pytest.mark.parametrize("written", [None, "eu-central-1"])
def test_a_region_that_the_user_set_stays(config_file: Path, written: str | None) -> None:
    """Also if --region has another one. That is reported, and other profiles get the new region."""
    write(roles=("ReadOnlyAccess",), region=written)
    line = f"region = {written}\n" if written else ""
    edit(config_file, ROLE_LINE + line, ROLE_LINE + "region = us-east-1\n")
    before = config_file.read_bytes()
    for region in (None, "us-east-1"):
        plan = write(roles=("ReadOnlyAccess",), region=region)
        assert (plan.changed, plan.skipped, plan.notes) == ((), {}, ())
    plan = write(region="eu-west-1")
    assert len(plan.added) == 3
    assert plan.changed == ()
    assert plan.notes == (
        'The profile "production-ReadOnlyAccess" keeps its region us-east-1, which was set by '
        "hand.",
    )
    assert config_file.read_bytes().startswith(before)


@pytest.mark.long
def test_a_region_that_the_user_deleted_comes_back_with_region_only(config_file: Path) -> None:
    """Without --region, nothing changes."""
    write(roles=("ReadOnlyAccess",), region="eu-central-1")
    before = config_file.read_bytes()
    edit(config_file, f"{ROLE_LINE}region = eu-central-1\n", ROLE_LINE)
    assert write(roles=("ReadOnlyAccess",)).changed == ()
    write(roles=("ReadOnlyAccess",), region="eu-central-1")
    assert config_file.read_bytes() == before


@pytest.mark.long
@pytest.mark.parametrize("prune", [False, True])
def test_a_profile_whose_role_the_user_changed_is_skipped(
    config_file: Path, *, prune: bool
) -> None:
    """It is not changed, not deleted, and reported."""
    write()
    edit(config_file, ROLE_LINE, "sso_role_name = Mine\n")
    before = config_file.read_bytes()
    plan = write(region="eu-west-1", roles=("ReadOnlyAccess",), prune=prune)
    assert plan.skipped == {"production-ReadOnlyAccess": "it was written or changed by hand"}
    assert plan.notes == ()
    assert config_file.read_bytes() == before


@pytest.mark.long
def test_a_profile_that_the_user_renamed_is_not_written_again(config_file: Path) -> None:
    """The role has a profile, and that belongs to the user."""
    write()
    edit(config_file, "[profile production-ReadOnlyAccess]", "[profile ro]")
    before = config_file.read_bytes()
    for options in ({}, {"prune": True}, {"roles": ("ReadOnlyAccess",), "region": "eu-west-1"}):
        plan = write(**options)
        assert (plan.after, plan.notes) == (before.decode(), ())
        assert config_file.read_bytes() == before


@pytest.mark.long
def test_prune_keeps_a_profile_with_additions_of_the_user(world: World, config_file: Path) -> None:
    """The message asks the user to delete it by hand."""
    write()
    world.emulator.unassign("alice", "111111111111", "ReadOnlyAccess")
    edit(config_file, ROLE_LINE, f"{ROLE_LINE}output = json\n")
    before = config_file.read_bytes()
    plan = write(prune=True)
    assert plan.removed == ()
    assert plan.notes == (
        'The profile "production-ReadOnlyAccess" is not removed, because it was changed by hand. '
        "Delete it from the file if you do not need it.",
    )
    assert config_file.read_bytes() == before


@pytest.mark.long
def test_a_managed_key_with_a_continued_value_is_not_changed(config_file: Path) -> None:
    """For botocore, the indented line is part of the value that we wrote."""
    write()
    config_file.write_text(config_file.read_text() + "  \n\n# why\n  more = 1\n")
    last = list(load_config(str(config_file))["profiles"])[-1]
    before = config_file.read_bytes()
    plan = write(region="eu-west-1", accounts=("sandbox",))
    assert plan.skipped == {last: "it was written or changed by hand"}
    assert config_file.read_bytes() == before


BY_0_1 = """
[profile production-AdministratorAccess]
# Written by sso-plugin configure, and kept up to date until somebody changes it: 0fdba9920eb14962
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-central-1

[profile production-ReadOnlyAccess]
# Written by sso-plugin configure, and kept up to date until somebody changes it: 7f5a3f331491231d
sso_session = corp
sso_account_id = 111111111111
sso_role_name = ReadOnlyAccess
region = eu-central-1
"""


@pytest.mark.long
def test_profiles_of_version_0_1_are_managed(world: World, session_text: str) -> None:
    """They stay as they are until one of our keys changes; also with a key that the user added."""
    world.configure(session_text + BY_0_1)
    file = world.config_file
    edit(file, ROLE_LINE, f"{ROLE_LINE}output = json\n")
    before = file.read_bytes()
    assert write(accounts=("production",), region="eu-central-1").changed == ()
    assert file.read_bytes() == before
    assert write(accounts=("production",), region="eu-west-1").changed == (
        "production-AdministratorAccess",
        "production-ReadOnlyAccess",
    )
    assert without_digests(file.read_text()) == without_digests(before.decode()).replace(
        "\nregion = eu-central-1", "\nregion = eu-west-1"
    )
    world.emulator.unassign("alice", "111111111111", "AdministratorAccess")
    assert write(prune=True).removed == ("production-AdministratorAccess",)
