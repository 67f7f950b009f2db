"""Runs of `sso-plugin configure` from the options to the written file."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.configloader import load_config
from configure_support import (
    BY_HAND,
    PROFILES,
    is_readable,
    patched,
    profiles_in,
    role,
    roles_are,
    run_with,
    write,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sso_plugin
from sso_plugin import LoginRequired
from sso_plugin.commands.configure.configure_options import (
    ConfigureOptions,
    PickedRole,
    PickedRoles,
)
from sso_plugin.commands.configure.patterns import Unmatched
from sso_plugin.commands.configure.run import ConfigureRun
from sso_plugin.commands.known_names import KnownNames

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from world import World

    from sso_plugin.commands.configure.plan import Plan
    from sso_plugin.portal.listings import AccountRole


def test_every_role_gets_a_profile(world: World, config_file: Path) -> None:
    """The text that was written by hand stays the same, byte by byte."""
    before = config_file.read_bytes()
    plan = write(region="eu-central-1")
    assert sorted(plan.added) == PROFILES
    assert config_file.read_bytes().startswith(before)
    assert load_config(str(config_file))["profiles"]["production-ReadOnlyAccess"] == {
        "sso_session": "corp",
        "sso_account_id": "111111111111",
        "sso_role_name": "ReadOnlyAccess",
        "region": "eu-central-1",
    }


def test_the_names_of_accounts_are_cached(world: World, config_file: Path) -> None:
    """So that `--account` takes a name without a request, and completion has the names."""
    run_with().list_roles()
    sent = world.emulator.requests.count("ListAccounts")
    assert KnownNames.load().accounts("corp")["staging"] == "222222222222"
    found = sso_plugin.get_session(
        account="staging", role="AdministratorAccess", sso_session="corp"
    )
    assert found.client("sts").get_caller_identity()["Account"] == "222222222222"
    assert world.emulator.requests.count("ListAccounts") == sent


@pytest.mark.long
def test_an_unchanged_script_can_use_a_written_profile(world: World, config_file: Path) -> None:
    """From the command to a call of AWS."""
    write(region="eu-central-1")
    sso_plugin.enable()
    session = boto3.Session(profile_name="staging-AdministratorAccess")
    identity = session.client("sts").get_caller_identity()
    assert identity["Account"] == "222222222222"


@pytest.mark.long
def test_a_second_run_changes_nothing(config_file: Path) -> None:
    """The file is not even written again."""
    write()
    before = (config_file.read_bytes(), config_file.stat().st_mtime_ns, config_file.stat().st_ino)
    plan = write()
    assert (plan.added, plan.changed, plan.removed) == ((), (), ())
    assert (
        config_file.read_bytes(),
        config_file.stat().st_mtime_ns,
        config_file.stat().st_ino,
    ) == before


@pytest.mark.long
def test_a_new_region_is_written_in_place(config_file: Path) -> None:
    """The order of the profiles and the text between them stay."""
    write(region="eu-central-1")
    text = config_file.read_text().replace(
        "\n[profile production-Read", "\n# Mine.\n[profile production-Read"
    )
    config_file.write_text(text)
    plan = write(region="eu-west-1")
    assert sorted(plan.changed) == PROFILES
    sections = [line for line in text.splitlines() if line.startswith(("[", "# Mine"))]
    after = config_file.read_text()
    assert [line for line in after.splitlines() if line.startswith(("[", "# Mine"))] == sections
    assert "region = eu-central-1" not in after.replace("sso_region", "")


@pytest.mark.long
def test_without_region_every_profile_keeps_its_region(config_file: Path) -> None:
    """Byte by byte. A new profile has no region."""
    write(region="eu-central-1", accounts=("production",))
    before = config_file.read_bytes()
    assert write(accounts=("production",)).changed == ()
    assert config_file.read_bytes() == before
    assert write().added == ("staging-AdministratorAccess", "sandbox-AdministratorAccess")
    regions = {name: values.get("region") for name, values in profiles_in(config_file).items()}
    assert [regions[name] for name in PROFILES] == ["eu-central-1", "eu-central-1", None, None]
    assert write(region="eu-west-1").changed == (
        "production-AdministratorAccess",
        "production-ReadOnlyAccess",
        "staging-AdministratorAccess",
        "sandbox-AdministratorAccess",
    )
    assert {profiles_in(config_file)[name]["region"] for name in PROFILES} == {"eu-west-1"}


@pytest.mark.long
def test_prune_deletes_profiles_of_removed_roles(world: World, config_file: Path) -> None:
    """Managed profiles only, also in accounts that are not chosen."""
    before = config_file.read_bytes()
    write()
    world.emulator.unassign("alice", "333333333333", "AdministratorAccess")
    plan = write(accounts=("production",), prune=True)
    assert plan.removed == ("sandbox-AdministratorAccess",)
    assert sorted(load_config(str(config_file))["profiles"]) == sorted(
        ["default", "plain", "twice", *PROFILES[:2], PROFILES[3]]
    )
    assert config_file.read_bytes().startswith(before)


@pytest.mark.long
def test_a_profile_with_a_second_section_is_skipped(config_file: Path) -> None:
    """The second section, which botocore reads, was written by hand."""
    write()
    addition = '\n[profile "production-ReadOnlyAccess"]\nregion = us-east-1\n'
    config_file.write_text(config_file.read_text() + addition)
    before = config_file.read_bytes()
    plan = write(region="eu-west-1", accounts=("production",), roles=("ReadOnlyAccess",))
    assert plan.skipped == {"production-ReadOnlyAccess": "it was written or changed by hand"}
    assert config_file.read_bytes() == before


@pytest.mark.long
def test_the_user_is_logged_in_first_if_needed(
    world: World, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the browser of the user, as by the command login."""
    world.token_file().unlink()
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sso_plugin.web.capabilities._why_no_browser", lambda *_: None)
    opened: list[str] = []

    def open_browser(url: str) -> bool:
        opened.append(url)
        with urllib.request.urlopen(url, timeout=60) as page:
            location = world.emulator.authorize(page.url, "alice")
        with urllib.request.urlopen(location, timeout=60):
            return True

    # As on a machine without a browser that is installed as a command.
    monkeypatch.setattr("sso_plugin.web.browser._names", list)
    monkeypatch.setattr("webbrowser.open", open_browser)
    assert sorted(write().added) == PROFILES
    assert len(opened) == 1


def test_without_a_terminal_a_new_sso_session_needs_a_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other command can log in to it yet, so the error says how to fix that."""
    monkeypatch.setattr("sso_plugin.web.capabilities._why_no_browser", lambda *_: "this is a test")
    with pytest.raises(LoginRequired) as caught:
        write(sso_session="new", start_url=world.emulator.start_url, sso_region="eu-central-1")
    assert str(caught.value).endswith(
        "Run: sso-plugin configure --sso-session new --start-url "
        f"{world.emulator.start_url} --sso-region eu-central-1"
    )


@pytest.mark.long
def test_a_change_by_another_program_is_kept(config_file: Path) -> None:
    """If the file changes while the user reads the diff, a new plan is shown."""
    plans: list[Plan] = []

    def edit_first(plan: Plan) -> bool:
        plans.append(plan)
        if len(plans) == 1:
            config_file.write_text(
                config_file.read_text() + "\n[profile late]\nregion = eu-west-3\n"
            )
        return True

    assert run_with().write(edit_first) == plans[1]
    assert len(plans) == 2
    profiles = load_config(str(config_file))["profiles"]
    assert {"late", *PROFILES} <= set(profiles)


@pytest.mark.long
def test_several_runs_at_once_all_write(world: World, session_text: str) -> None:
    """Eight processes, each with its own profiles: all profiles are in the file."""
    world.configure(session_text)
    code = (
        "import sys; from sso_plugin.commands.configure.configure_options import *;"
        "from sso_plugin.commands.configure.run import *;"
        "options = ConfigureOptions('corp', template=sys.argv[1] + '-{account_name}-{role_name}');"
        "run = ConfigureRun(options); run.list_roles(); run.write(lambda plan: True)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"run{number}"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for number in range(8)
    ]
    assert [run.wait(120) for run in runs] == [0] * 8
    assert len(load_config(str(world.config_file))["profiles"]) == 8 * 4


Shown = list[tuple[list["AccountRole"], list["AccountRole"]]]
"""The roles that a list shows, and those of them that are picked at first."""


def pick(options: ConfigureOptions, picked: list[AccountRole], shown: Shown) -> ConfigureRun:
    """Run with a user who picks these roles."""

    def pick_roles(
        roles: Sequence[AccountRole], chosen: Collection[AccountRole]
    ) -> list[AccountRole]:
        shown.append(([*roles], [*chosen]))
        return picked

    run = ConfigureRun(options, pick=True)
    run.list_roles()
    run.pick(pick_roles)
    run.save()
    return run


@pytest.mark.usefixtures("config_file")
def test_only_a_filter_that_is_given_limits_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """All roles of the list are picked roles then. Without a filter, later roles are chosen too."""
    one, two = role("a", "1"), role("b", "2")
    roles_are(monkeypatch, one, two)
    shown: Shown = []
    options = ConfigureOptions("corp", accounts=("a",))
    run = ConfigureRun(options)
    run.list_roles()
    assert run.save()
    assert pick(ConfigureOptions("corp"), [one, two], shown).options.saved == {}
    picked = PickedRoles(frozenset([PickedRole.of(one)]))
    assert pick(options, [one], shown).options.saved == {"picked": picked}
    assert shown == [([one, two], []), ([one], [])]


def test_roles_that_have_a_profile_are_picked_at_first(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later, those that were picked. A filter limits what is shown, not what is picked."""
    one, two, three = roles = [role(name, str(number)) for number, name in enumerate("abc")]
    roles_are(monkeypatch, *roles)
    write(accounts=("a",))
    shown: Shown = []
    assert pick(ConfigureOptions("corp"), [one, three], shown).choice.chosen == (one, three)
    options = ConfigureOptions("corp", accounts=("[ab]",))
    assert pick(options, [two], shown).choice.chosen == (two,)
    assert shown == [([one, two, three], [one]), ([one, two], [one])]
    run = ConfigureRun(ConfigureOptions("corp"))
    run.list_roles()
    assert run.choice.chosen == (two, three)
    assert run.reused == "--pick (2 roles)"


@pytest.mark.long
def test_the_work_grows_with_the_number_of_roles_only(
    world: World, session_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times the roles take four times the calls of functions, in each step."""
    world.configure(session_text)
    small, large = (_calls_of_steps(world, monkeypatch, session_text, n) for n in (50, 200))
    for few, many in zip(small, large, strict=True):
        assert many < 4.1 * few


def _calls_of_steps(
    world: World, monkeypatch: pytest.MonkeyPatch, text: str, number: int
) -> list[int]:
    """Write, rename, prune and change profiles. Return the number of calls of each step."""
    world.configure(text)
    accounts = [f"account-{each}" for each in range(number)]
    roles_are(monkeypatch, *(role(name, name) for name in accounts))
    steps: list[dict[str, Any]] = [
        {},
        {"credential_process": True, "template": "{account_id}.{role_name}"},
        {"credential_process": True, "prune": True, "template": "{role_name}.{account_id}"},
        {"settings": ("output=json",), "regions": ("eu-west-1", "*1=us-east-1")},
        {"accounts": ("*",), "exclude": ("*1*", "*/S*")},
        {"template": "same"},
    ]
    monkeypatch.setattr(Unmatched, "report", lambda *_: None)
    return [_calls(functools.partial(write, **options)) for options in steps]


def _calls(function: Callable[[], object]) -> int:
    """Return how many functions are called meanwhile."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


ACCOUNT_NAMES = st.sampled_from(["one", "A b", "A-b", "one-R", "default", "one-process"])
USER_ROLES = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from("RS")), unique=True, max_size=5
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "template": st.sampled_from(
            ["{account_name}-{role_name}", "{account_id}.{role_name}", "{account_name}"]
        ),
        "region": st.sampled_from(["eu-west-1", "eu-west-2"]),
        "prune": st.just(value=True),
        "lowercase": st.just(value=True),
        "settings": st.sampled_from([("output=json",), ("output=text", "cli_pager=")]),
    },
)
EDITS = [
    *("# mine-{0}", "mine{0} = mine-{0}", "mine{0} =\n  max = mine-{0}", "", "\n; mine-{0}"),
    "output = mine-{0}",
]


def edited_by_hand(text: str, data: st.DataObject, number: int) -> str:
    """Add something to a managed profile, or set its region, as a user does."""
    lines = text.split("\n")
    managed = [at for at, line in enumerate(lines) if "by sso-plugin configure" in line]
    if not managed:
        return text
    at = data.draw(st.sampled_from(managed))
    for below in range(at + 1, min(at + 6, len(lines))):
        key = lines[below].partition(" ")[0]
        if key in ("region", "output", "cli_pager") and data.draw(st.booleans()):
            if "mine" not in lines[below]:
                lines[below] = f"{key} = mine-{number}"
            return "\n".join(lines)
    place = at + data.draw(st.integers(0, 4))
    lines.insert(place, data.draw(st.sampled_from(EDITS)).format(number))
    return "\n".join(lines)


@pytest.mark.long
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    data=st.data(),
    steps=st.lists(
        st.tuples(USER_ROLES, st.fixed_dictionaries(dict.fromkeys("123", ACCOUNT_NAMES)), OPTIONS),
        min_size=1,
        max_size=4,
    ),
)
def test_runs_and_changes_by_hand_in_any_order(
    world: World, session_text: str, *, data: st.DataObject, steps: list[Any]
) -> None:
    """Text of the user stays, profiles keep their roles, and a second run changes nothing."""
    file = world.config_file
    world.configure(BY_HAND + session_text)
    for number, (keys, names, options) in enumerate(steps):
        user_roles = [role(names[account], account, role_name) for account, role_name in keys]
        text = file.read_text()
        changed = edited_by_hand(text, data, number) if data.draw(st.booleans()) else text
        file.write_text(changed)
        if not is_readable(file):
            file.write_text(text)
        before, profiles = file.read_text(), profiles_in(file)

        with pytest.MonkeyPatch.context() as patch:
            roles_are(patch, *user_roles)
            plan = write(**options)
            after = profiles_in(file)
            assert file.read_text() == plan.after
            assert patched(before.split("\n"), [*plan.diff()]) == plan.after.split("\n")
            again = write(**options)
        assert (again.after, again.skipped, again.without_profile) == (
            plan.after,
            plan.skipped,
            plan.without_profile,
        )

        for addition in re.findall(r"mine-\d", before):
            assert plan.after.count(addition) == before.count(addition)
        if "prune" not in options:
            assert profiles.keys() <= after.keys()
        for name in profiles.keys() & after.keys():
            old, new = profiles[name], after[name]
            if (old.get("sso_account_id"), old.get("sso_role_name")) in keys:
                assert new["sso_account_id"] == old["sso_account_id"]
                assert new["sso_role_name"] == old["sso_role_name"]
            is_process = "credential_process" in new
            if not is_process and ("region" not in options or "mine" in old.get("region", "")):
                assert new.get("region") == old.get("region")
        served = {(new.get("sso_account_id"), new.get("sso_role_name")) for new in after.values()}
        for each in user_roles:
            is_served = (each.account_id, each.role_name) in served
            assert is_served != (each in plan.without_profile) or (plan.skipped and not is_served)
