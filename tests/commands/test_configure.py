"""Profiles for every role: written into a file that somebody else has written by hand."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import otheruser
import pytest
from botocore.configloader import load_config
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from otheruser import Snapshot

import sso_plugin
from sso_plugin import ConfigError, LoginRequired
from sso_plugin.cli import main
from sso_plugin.commands.config_change import Change
from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.commands.configure import config_text
from sso_plugin.commands.configure.config_text import ConfigText, ProfileText
from sso_plugin.commands.configure.configuring import Wishes, write_profiles
from sso_plugin.commands.configure.profile_names import NameTemplate
from sso_plugin.commands.configure.text_diff import unified_diff
from sso_plugin.portal.listings import Account, AccountRole, AccountsAndRoles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

    from sso_plugin.commands.configure.plan import Plan

BY_HAND = """\
# My own, do not touch.
[default]
region=eu-west-1

[profile   plain]   ; a word
  output   =   json
s3 =
    max_concurrent_requests = 20
    addressing_style = path

[profile "twice"]
region = us-east-1
[profile twice]
region = us-east-2


; the end, nearly
[services local]
dynamodb =
  endpoint_url = http://localhost:8000
"""


def yes(_: Plan) -> bool:
    """Agree to all."""
    return True


def write(**wishes: object) -> Plan:
    """Write profiles without being asked."""
    plan = write_profiles(Wishes(**wishes), yes)  # type: ignore[arg-type]
    assert plan is not None
    return plan


@pytest.fixture
def session_text(world: World) -> str:
    """Return the sso-session without a profile, and have somebody signed in to it."""
    world.sign_in()
    return world.emulator.profile().split("\n[profile")[0]


@pytest.fixture
def file(world: World, session_text: str) -> Path:
    """Give a config file by hand with an sso-session in it."""
    world.configure(BY_HAND + session_text)
    return world.config_file


PROFILES = [
    "production-AdministratorAccess",
    "production-ReadOnlyAccess",
    "sandbox-AdministratorAccess",
    "staging-AdministratorAccess",
]


def test_every_role_gets_a_profile(world: World, file: Path) -> None:
    """And what is in the file by hand stays what it was, to the byte."""
    before = file.read_bytes()
    plan = write(region="eu-central-1")
    assert sorted(plan.added) == PROFILES
    assert file.read_bytes().startswith(before)
    assert load_config(str(file))["profiles"]["production-ReadOnlyAccess"] == {
        "sso_session": "corp",
        "sso_account_id": "111111111111",
        "sso_role_name": "ReadOnlyAccess",
        "region": "eu-central-1",
    }


def test_a_written_profile_works(world: World, file: Path) -> None:
    """The whole way: written, then used by an unchanged script."""
    write(region="eu-central-1")
    sso_plugin.enable()
    session = boto3.Session(profile_name="staging-AdministratorAccess")
    identity = session.client("sts").get_caller_identity()
    assert identity["Account"] == "222222222222"


def test_what_is_written_reads_well(world: World, session_text: str) -> None:
    """One section, a mark that explains itself, the keys."""
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


def test_a_second_run_changes_nothing(file: Path) -> None:
    """Not even the time of the file."""
    write()
    before = (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino)
    plan = write()
    assert (plan.added, plan.changed, plan.removed) == ((), (), ())
    assert (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_a_change_of_mind_rewrites_in_place(file: Path) -> None:
    """The order of the profiles stays, and so does what stands between them."""
    write(region="eu-central-1")
    text = file.read_text().replace(
        "\n[profile production-Read", "\n# Mine.\n[profile production-Read"
    )
    file.write_text(text)
    plan = write(region="eu-west-1")
    assert sorted(plan.changed) == PROFILES
    sections = [line for line in text.splitlines() if line.startswith(("[", "# Mine"))]
    after = file.read_text()
    assert [line for line in after.splitlines() if line.startswith(("[", "# Mine"))] == sections
    assert "region = eu-central-1" not in after.replace("sso_region", "")


def test_filters_choose_accounts_and_roles(world: World, file: Path) -> None:
    """By id or by name; only the accounts that matter are asked for."""
    plan = write(accounts=("111111111111", "staging"), roles=("AdministratorAccess",))
    assert plan.added == ("production-AdministratorAccess", "staging-AdministratorAccess")
    assert world.count("ListAccountRoles") == 2


def test_an_unknown_account_is_an_error(file: Path) -> None:
    """Rather than no profiles without a word."""
    with pytest.raises(ConfigError, match="prod"):
        write(accounts=("prod",))


def test_a_new_sso_session_is_written_too(world: World) -> None:
    """A start URL and a region are all that is needed to begin."""
    world.config_file.unlink()
    world.sign_in(name="mine")
    write(sso_session="mine", start_url=world.emulator.start_url, sso_region="eu-central-1")
    parsed = load_config(str(world.config_file))
    assert parsed["sso_sessions"] == {
        "mine": {
            "sso_start_url": world.emulator.start_url,
            "sso_region": "eu-central-1",
            "sso_registration_scopes": "sso:account:access",
        }
    }
    assert sorted(parsed["profiles"]) == PROFILES
    assert stat.S_IMODE(world.config_file.stat().st_mode) == 0o600


def test_a_login_comes_first_where_one_is_needed(
    world: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the browser of the person, as with the command login."""
    world.token_file().unlink()
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sso_plugin.web.capabilities._why_no_browser", lambda *_: None)
    opened: list[str] = []

    def open_browser(url: str) -> bool:
        opened.append(url)
        with urllib.request.urlopen(url, timeout=10) as page:
            location = world.emulator.authorize(page.url, "alice")
        with urllib.request.urlopen(location, timeout=10):
            return True

    monkeypatch.setattr("webbrowser.open", open_browser)
    assert sorted(write().added) == PROFILES
    assert len(opened) == 1


def test_without_anybody_to_log_in_the_error_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a new sso-session, which no other command knows yet, with what can be done."""
    monkeypatch.setattr("sso_plugin.web.capabilities._why_no_browser", lambda *_: "this is a test")
    with pytest.raises(LoginRequired) as caught:
        write(sso_session="new", start_url=world.emulator.start_url, sso_region="eu-central-1")
    assert str(caught.value) == (
        'The sso-session "new" needs a login, and is not in the config file yet. Run this command '
        "at a terminal, or add the section by hand."
    )


def test_prune_removes_profiles_of_roles_that_are_gone(world: World, file: Path) -> None:
    """Those that were written here; filters have no say in it."""
    before = file.read_bytes()
    write()
    world.emulator.unassign("alice", "333333333333", "AdministratorAccess")
    plan = write(accounts=("production",), prune=True)
    assert plan.removed == ("sandbox-AdministratorAccess",)
    assert sorted(load_config(str(file))["profiles"]) == sorted(
        ["default", "plain", "twice", *PROFILES[:2], PROFILES[3]]
    )
    assert file.read_bytes().startswith(before)


def test_what_was_written_and_pruned_leaves_no_trace_but_a_blank_line(
    world: World, file: Path
) -> None:
    """However often: the file does not grow."""
    before = file.read_bytes()
    for _ in range(3):
        write()
        for account in ("111111111111", "222222222222", "333333333333"):
            world.emulator.unassign("alice", account, "AdministratorAccess")
        world.emulator.unassign("alice", "111111111111", "ReadOnlyAccess")
        write(prune=True)
        assert file.read_bytes() == before + b"\n"
        for account in ("111111111111", "222222222222", "333333333333"):
            world.emulator.assign("alice", account, "AdministratorAccess")
        world.emulator.assign("alice", "111111111111", "ReadOnlyAccess")


def test_a_value_of_ours_that_goes_on_makes_a_profile_the_users(file: Path) -> None:
    """Botocore reads the indented line as part of the value that we wrote."""
    write()
    file.write_text(file.read_text() + "  \n\n# why\n  more = 1\n")
    last = list(load_config(str(file))["profiles"])[-1]
    before = file.read_bytes()
    plan = write(region="eu-west-1", accounts=("sandbox",))
    assert plan.left == {last: "it was written or changed by hand"}
    assert file.read_bytes() == before


def test_a_profile_by_hand_is_left_with_a_word(world: World, session_text: str) -> None:
    """Also one in the file of credentials, which would be the same profile."""
    world.configure(session_text + "\n[profile sandbox-AdministratorAccess]\noutput = text\n")
    credentials = world.home / ".aws" / "credentials"
    credentials.write_text("[staging-AdministratorAccess]\naws_access_key_id = AKIA\n")
    plan = write()
    reason = "it was written or changed by hand"
    assert plan.left == {
        "sandbox-AdministratorAccess": reason,
        "staging-AdministratorAccess": reason,
    }
    assert sorted(plan.added) == PROFILES[:2]


def test_a_profile_of_another_session_is_left_with_a_word(world: World, file: Path) -> None:
    """Two logins may have accounts of the same name."""
    write()
    world.sign_in(name="second")
    second = {"start_url": world.emulator.start_url, "sso_region": "eu-central-1"}
    plan = write(sso_session="second", prune=True, **second)
    assert set(plan.left.values()) == {'it belongs to the sso-session "corp"'}
    assert sorted(plan.left) == PROFILES
    plan = write(sso_session="second", template="{sso_session}/{account_name}:{role_name}")
    assert "second/production:ReadOnlyAccess" in plan.added


def role(account_name: str = "a", account_id: str = "1", role_name: str = "R") -> AccountRole:
    return AccountRole(account_id, account_name, role_name)


@pytest.mark.parametrize(
    ("account_name", "expected"),
    [
        ("Prod & Co (EU)", "Prod-Co-EU-R"),
        ("Zürich", "Zurich-R"),
        ("a]b\n[c", "a-b-c-R"),
        ("日本", "000-R"),
        ("", "000-R"),
    ],
)
def test_names_need_no_quotes(account_name: str, expected: str) -> None:
    """Whatever an account is called, its profile can be typed in a shell."""
    [name] = NameTemplate.of("{account_name}-{role_name}").names(
        [role(account_name, account_id="000")], "corp"
    )
    assert name == expected


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{account}", 'there is no field "account"'),
        ("{account_name.__class__}", "there is no field"),
        ("{account_name!r}", "there is no field"),
        ("{role_name:>99}", "there is no field"),
        ("{", "Single"),
        ("{0}", 'there is no field "0"'),
        ("{role_name} x", '" x" has characters that do not fit'),
        ("{role_name}]", '"]" has characters that do not fit'),
        ("de{sso_session}fault", "^"),
        ("", 'the name ""'),
        ("default", 'the name "default"'),
    ],
)
def test_a_template_that_does_not_do_is_refused(template: str, why: str) -> None:
    """With what is wrong, and what there is."""
    if why == "^":
        assert list(NameTemplate.of(template).names([role()], "x")) == ["dexfault"]
        return
    with pytest.raises(ConfigError, match="is not valid: ") as caught:
        NameTemplate.of(template).names([role()], "corp")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"region": "x"}, '"x" is no region. Give one such as eu-central-1.'),
        ({"sso_session": "new"}, "Give --start-url and --sso-region to have it written."),
        ({"sso_session": "a b"}, '"a b" is no name for an sso-session'),
        (
            {"sso_session": "n", "start_url": "x", "sso_region": "eu-central-1"},
            '"x" is no start URL',
        ),
        *(
            (
                {"sso_session": "n", "start_url": url, "sso_region": "eu-central-1"},
                "is no start URL",
            )
            for url in ("http://x.example/", "https://[x/", "https://a@b/", "https://x\n[y]")
        ),
        (
            {"sso_session": "n", "start_url": "https://x", "sso_region": "x\n[y]"},
            "is no region",
        ),
        ({"start_url": "https://other"}, "says https://example.awsapps.com/start, not https://o"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(
    file: Path, wishes: dict[str, str], sentence: str
) -> None:
    """One sentence, and nothing written."""
    before = file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        write(**wishes)
    assert sentence in str(caught.value)
    assert file.read_bytes() == before


def test_without_a_choice_of_session_the_names_are_told(world: World) -> None:
    """Nobody has to open the file to see what there is."""
    other = world.emulator.profile("x", session_name="other")
    world.configure(world.emulator.profile() + other)
    with pytest.raises(ConfigError, match=r"Name an sso-session with --sso-session: corp, other\."):
        write()
    world.configure("")
    with pytest.raises(ConfigError, match="and give --start-url and --sso-region"):
        write()


ODD = {
    "CRLF": BY_HAND.replace("\n", "\r\n").encode(),
    "no final newline": BY_HAND.rstrip("\n").encode(),
    "ends in a nested section": BY_HAND.rstrip("\n").encode() + b"\n\n\n",
    "Latin-1": BY_HAND.encode() + b"# f\xfcr mich\n",
    "tabs and form feeds": BY_HAND.encode() + b"\t# x\n\x0c\n; y\n\n",
    "empty": b"",
    "only a comment": b"# nothing",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_stay_as_they_are(name: str, tmp_path: Path) -> None:
    """Line ends, missing line ends and bytes that are no UTF-8 included."""
    path = tmp_path / "config"
    path.write_bytes(ODD[name])
    file = ConfigFile.at(str(path))
    text = ConfigText.parse(file.read())
    text.put([ProfileText("new", {"sso_session": "corp"})])
    assert file.path.read_bytes() == ODD[name]
    if name != "Latin-1":
        assert file.replace(file.read(), text.text, Change({"new": {"sso_session": "corp"}}))
        assert path.read_bytes().startswith(ODD[name])
        assert load_config(str(path))["profiles"]["new"] == {"sso_session": "corp"}
    after = path.read_bytes()
    assert after.count(b"\r\n") in (0, after.count(b"\n"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"[profile a]\nx = 1\n[profile a]\nx = 2\n",
            "the section [profile a] begins again in line 3",
        ),
        (b"[profile a]\nx = 1\nx = 2\n", "x in [profile a] is given again in line 3"),
        (b"\xef\xbb\xbf[profile a]\nx = 1\n", "it begins with a byte order mark"),
        (b"secret = 1\n", "line 1 belongs to no section"),
        (b"[profile a]\nsecret\n", "line 2 is neither a section nor a value"),
        (b"[profile a]\ns3 =\n  secret\n", "a value in an indented block has no ="),
        (b"[profile a]\nx = \xff\n", "it is not in the encoding of this system"),
    ],
)
def test_a_file_that_botocore_cannot_read_is_left_alone(
    world: World, content: bytes, why: str
) -> None:
    """With its words: the mend is the person's, since no script can read it either."""
    world.config_file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        write()
    assert str(caught.value) == (
        f"botocore cannot read {world.config_file}, so no script can: {why}. Fix it with an editor."
    )
    assert world.config_file.read_bytes() == content


def test_a_link_stays_a_link(world: World, file: Path, tmp_path: Path) -> None:
    """What it points at is replaced: people keep their config elsewhere."""
    kept = tmp_path / "dotfiles" / "aws"
    kept.parent.mkdir()
    file.rename(kept)
    middle = tmp_path / "middle"
    middle.symlink_to(kept)
    file.symlink_to(middle)
    write()
    assert file.is_symlink()
    assert middle.is_symlink()
    assert "production-ReadOnlyAccess" in kept.read_text()
    assert list(kept.parent.iterdir()) == [kept]


def test_mode_and_owner_stay(file: Path) -> None:
    """A file that others may read stays one, and the other way round."""
    for mode in (0o644, 0o600, 0o640):
        file.chmod(mode)
        if os.getuid() == 0:
            os.chown(file, 12, 34)
        write(region=f"eu-west-{mode}")
        assert stat.S_IMODE(file.stat().st_mode) == mode
        if os.getuid() == 0:
            assert (file.stat().st_uid, file.stat().st_gid) == (12, 34)


def test_a_folder_that_cannot_be_written_is_an_error(file: Path) -> None:
    """One sentence with the path."""
    folder = file.parent / "folder"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"folder cannot be read: Is a directory\. Nothing"):
        ConfigFile.at(str(folder)).read()


def test_a_file_changed_in_the_meantime_is_planned_again(file: Path) -> None:
    """What somebody wrote while the person was thinking is not lost."""
    plans: list[Plan] = []

    def confirm(plan: Plan) -> bool:
        plans.append(plan)
        if len(plans) == 1:
            file.write_text(file.read_text() + "\n[profile late]\nregion = eu-west-3\n")
        return True

    assert write_profiles(Wishes(), confirm) == plans[1]
    assert len(plans) == 2
    profiles = load_config(str(file))["profiles"]
    assert {"late", *PROFILES} <= set(profiles)


def test_two_runs_at_once_both_write(world: World, session_text: str) -> None:
    """Twenty processes, each with profiles of its own: none is lost."""
    world.configure(session_text)
    code = (
        "import sys; from sso_plugin.commands.configure.configuring import *;"
        "write_profiles(Wishes(template=sys.argv[1] + '-{account_name}-{role_name}'),"
        " lambda plan: True)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"run{number}"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for number in range(8)
    ]
    assert [run.wait(60) for run in runs] == [0] * 8
    assert len(load_config(str(world.config_file))["profiles"]) == 8 * 4


def test_a_crash_in_the_middle_loses_nothing(world: World, session_text: str) -> None:
    """Killed at any moment, the file is the old one or the new one, and the next run works."""
    world.configure(BY_HAND + session_text)
    before = world.config_file.read_bytes()
    code = (
        "import itertools; from sso_plugin.commands.config_file import ConfigFile;"
        "from sso_plugin.commands.config_change import Change;"
        "from sso_plugin.commands.configure.config_text import ConfigText, ProfileText;"
        f"file = ConfigFile.at({str(world.config_file)!r}); print('go', flush=True)\n"
        "for number in itertools.count():\n"
        "    text = file.read(); new = ConfigText.parse(text)\n"
        "    values = {f'p{n}': {'sso_session': str(number)} for n in range(200)}\n"
        "    new.put(ProfileText(name, held) for name, held in values.items())\n"
        "    file.replace(text, new.text, Change(values))\n"
    )
    for delay in (0.0, 0.01, 0.03, 0.05, 0.08, 0.13, 0.21, 0.34):
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        child.stdout.close()
        content = world.config_file.read_bytes()
        assert content.startswith(before)
        profiles = load_config(str(world.config_file))["profiles"]
        values = {
            repr(value)
            for name, value in profiles.items()
            if name.startswith("p") and name != "plain"
        }
        assert len(values) <= 1
    write()
    assert not list(world.config_file.parent.glob(".config*"))


lines = st.sampled_from(
    [
        "", "  ", "# a comment", "; another", "  # indented", "[default]", "[profile a]",
        "[profile b]", '[profile "c d"]', "[sso-session s]", "[services x]", "[preview]", "[odd",
        "region = eu-west-1", "region=x ", "output : json", "s3 =", "  max = 20", "\tpath = yes",
        "  [profile nested]", "empty =", "no value", "key = # no comment", "ключ = ü",
        "[DEFAULT]", "[profile p1]", "sso_session = other",
    ]
)  # fmt: skip
ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
texts = st.lists(st.tuples(lines, ends), max_size=14).map(
    lambda parts: "".join(line + end for line, end in parts)
)


# Many files are none that botocore can read, such as those with a section twice.
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(before=texts, after=texts, cut=st.booleans(), data=st.data())
def test_whatever_else_is_in_the_file_stays(
    tmp_path: Path, *, before: str, after: str, cut: bool, data: st.DataObject
) -> None:
    """To the byte, and to botocore's reader, through adding, changing and removing profiles."""
    path = tmp_path / "config"
    if cut:
        before = before.rstrip("\r\n")
    path.write_bytes(before.encode())
    assume(readable(path))
    names = [f"p{number}" for number in range(4)]
    assume("p1" not in load_config(str(path))["profiles"])

    file = ConfigFile.at(str(path))
    text = ConfigText.parse(before)
    text.put(ProfileText(name, {"sso_session": "corp"}) for name in names)
    assert text.text.startswith(before)
    path.write_bytes(text.text.encode())
    assume(readable(path))

    between = text.text + after
    path.write_bytes(between.encode())
    assume(readable(path))
    others = others_in(path, names)
    for _ in range(3):
        text = ConfigText.parse(file.read())
        ours = {name: text.profiles[name] for name in names if name in text.profiles}
        removable = [name for name in ours if not ours[name].has_additions]
        gone = data.draw(st.sets(st.sampled_from(removable))) if removable else set()
        text.remove(gone)
        values = {"sso_session": "corp", "region": data.draw(st.sampled_from("xy"))}
        put = {
            name: {key: value for key, value in values.items() if profile.may_set(key)}
            for name, profile in ours.items()
            if name not in gone
        }
        text.put(ProfileText(name, held) for name, held in put.items())
        assert file.replace(file.read(), text.text, Change(removed=gone, updated=put))
        assert (
            others_in(path, [*ours])
            == {name: value for name, value in others.items() if name not in ours}
            or others_in(path, names) == others
        )
        content = path.read_bytes().decode()
        assert content.startswith(before)
        assert content.endswith(after)


def readable(path: Path) -> bool:
    try:
        load_config(str(path))
    except Exception:  # noqa: BLE001 - whatever it is, no script can read it
        return False
    return True


def others_in(path: Path, names: list[str]) -> dict[str, object]:
    parsed = load_config(str(path))
    profiles = {name: value for name, value in parsed["profiles"].items() if name not in names}
    return {**parsed, "profiles": repr(profiles)}


# --- a second run -------------------------------------------------------------------------------


def profiles_in(file: Path) -> dict[str, dict[str, Any]]:
    """Return what botocore reads."""
    return dict(load_config(str(file))["profiles"])


def edit(file: Path, old: str, new: str) -> None:
    """Change the file as a person does, at one place."""
    text = file.read_bytes().decode()
    assert text.count(old) == 1
    file.write_bytes(text.replace(old, new).encode())


def roles_are(monkeypatch: pytest.MonkeyPatch, *roles: AccountRole) -> None:
    """Let the user have these roles."""
    accounts = {role.account_id: Account(role.account_id, role.account_name, "") for role in roles}

    def listed(_: AccountsAndRoles, account: str | None = None) -> Iterator[AccountRole]:
        return (role for role in roles if account in (None, role.account_id))

    monkeypatch.setattr(AccountsAndRoles, "accounts", lambda _: iter(accounts.values()))
    monkeypatch.setattr(AccountsAndRoles, "roles", listed)


def test_a_region_that_is_not_given_stays(file: Path) -> None:
    """In each profile, to the byte; a new profile has a region only if one is given."""
    write(region="eu-central-1", accounts=("production",))
    before = file.read_bytes()
    assert write(accounts=("production",)).changed == ()
    assert file.read_bytes() == before
    assert write().added == ("staging-AdministratorAccess", "sandbox-AdministratorAccess")
    regions = {name: held.get("region") for name, held in profiles_in(file).items()}
    assert [regions[name] for name in PROFILES] == ["eu-central-1", "eu-central-1", None, None]
    assert write(region="eu-west-1").changed == (
        "production-AdministratorAccess",
        "production-ReadOnlyAccess",
        "staging-AdministratorAccess",
        "sandbox-AdministratorAccess",
    )
    assert {profiles_in(file)[name]["region"] for name in PROFILES} == {"eu-west-1"}


def test_a_template_that_is_not_given_keeps_the_names(world: World, file: Path) -> None:
    """A role that has a profile gets no second one; a new role has a default name."""
    names = write(template="{account_id}.{role_name}").added
    before = file.read_bytes()
    plan = write()
    assert (plan.added, plan.changed, plan.notes, file.read_bytes()) == ((), (), (), before)
    world.emulator.assign("alice", "222222222222", "ReadOnlyAccess")
    assert write(region="eu-west-1").added == ("staging-ReadOnlyAccess",)
    assert {profiles_in(file)[name]["region"] for name in names} == {"eu-west-1"}
    plan = write(prune=True)
    assert plan.removed == ()
    assert plan.notes == (
        f'Without --template, profiles keep their names, such as "{names[0]}". To rename them, '
        "add: --template '{account_name}-{role_name}'",
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--role", "ReadOnlyAcces"],
            'You have no role "ReadOnlyAcces" (--role). '
            "Available: AdministratorAccess, ReadOnlyAccess.",
        ),
        (
            ["--role", "ReadOnlyAccess", "--role", "x"],
            'You have no role "x" (--role). Available: AdministratorAccess, ReadOnlyAccess.',
        ),
        (
            ["--role", "ReadOnlyAccess", "--account", "sandbox"],
            'You have no role "ReadOnlyAccess" (--role) in this account. '
            "Available: AdministratorAccess.",
        ),
        (
            ["--account", "prod"],
            'You have no account "prod" (--account). Available: production, sandbox, staging.',
        ),
        (
            ["--account", "prod", "--prune"],
            'You have no account "prod" (--account). Available: production, sandbox, staging.',
        ),
        (
            ["--sso-session", "crp"],
            'There is no sso-session "crp" in the config file. Available: corp. '
            "Give --start-url and --sso-region to have it written.",
        ),
    ],
)
def test_a_mistyped_filter_is_an_error(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """It names the option and what there is, rather than that all is up to date."""
    before = file.read_bytes()
    assert main(["configure", "--yes", *words]) == 1
    assert capsys.readouterr().err == f"sso-plugin: {sentence}\n"
    assert file.read_bytes() == before


@pytest.mark.parametrize("prune", [False, True])
def test_the_case_of_an_account_does_not_matter(file: Path, *, prune: bool) -> None:
    """As for `sso-plugin roles`: with --prune as without."""
    assert write(accounts=("SANDBOX",), prune=prune).added == ("sandbox-AdministratorAccess",)


def test_of_many_names_the_nearest_are_available(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few, sorted, and how many more there are."""
    roles_are(monkeypatch, *(role(role_name=f"Role{number}") for number in range(30)))
    with pytest.raises(ConfigError) as caught:
        write(roles=("Rolle7",))
    available = str(caught.value).partition("Available: ")[2].removesuffix(".").split(", ")
    assert "Role7" in available
    assert available[:10] == sorted(available[:10])
    assert available[10:] == ["and 20 more"]


def test_without_any_role_a_word_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doing nothing without a word would look like success."""
    roles_are(monkeypatch)
    assert main(["configure"]) == 0
    assert capsys.readouterr().err == (
        f'The sso-session "corp" gives you no roles.\n{file} is up to date.\n'
    )


def test_a_new_template_adds_names_and_says_how_to_remove_the_old(file: Path) -> None:
    """Scripts that use an old name go on until --prune is given."""
    write(region="eu-central-1")
    before = file.read_bytes()
    plan = write(template="{account_id}-{role_name}", roles=("ReadOnlyAccess",))
    assert plan.added == ("111111111111-ReadOnlyAccess",)
    assert plan.notes == (
        "Profiles of roles that are gone, or that have another profile now: "
        "production-ReadOnlyAccess. To remove them, add --prune.",
    )
    assert file.read_bytes().startswith(before)


@pytest.mark.parametrize("at_once", [False, True])
def test_prune_removes_the_names_of_an_old_template(
    world: World, file: Path, *, at_once: bool
) -> None:
    """In the run that renames, or in a later one; another login keeps its profiles."""
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
    names = {name for name, held in profiles_in(file).items() if "sso_session" in held}
    assert names == {
        *others,
        "111111111111-AdministratorAccess",
        "111111111111-ReadOnlyAccess",
        "222222222222-AdministratorAccess",
        "333333333333-AdministratorAccess",
    }


def test_prune_without_a_template_removes_second_names(file: Path) -> None:
    """A role that has a profile with the default name does not need another one."""
    old = write(template="old-{account_id}-{role_name}").added
    write(template="{account_name}-{role_name}")
    assert write().changed == ()
    assert write(prune=True).removed == old
    assert sorted(profiles_in(file)) == sorted(["default", "plain", "twice", *PROFILES])


def test_prune_with_a_filter_renames_the_chosen_only(file: Path) -> None:
    """A filter chooses what is written; other profiles stay as they are."""
    write()
    plan = write(template="{account_id}-{role_name}", accounts=("production",), prune=True)
    assert sorted(plan.removed) == PROFILES[:2]
    assert {*PROFILES[2:]} <= profiles_in(file).keys()


def test_an_account_that_was_closed_is_reported(world: World, file: Path) -> None:
    """Its profiles stay until --prune is given."""
    write()
    world.emulator.unassign("alice", "333333333333", "AdministratorAccess")
    plan = write()
    assert plan.before == plan.after
    assert plan.notes == (
        "Profiles of roles that are gone, or that have another profile now: "
        "sandbox-AdministratorAccess. To remove them, add --prune.",
    )
    assert write(accounts=("production",)).notes == ()


def test_a_new_account_takes_the_name_of_a_closed_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its old place, and what a person added stays; not if other accounts are not listed."""
    roles_are(monkeypatch, role("dev", "1"))
    write(region="eu-central-1")
    edit(file, "sso_role_name = R\n", "sso_role_name = R\n# mine\noutput=json\n")
    before = file.read_text()
    roles_are(monkeypatch, role("dev", "2"))
    plan = write(accounts=("dev",))
    assert plan.left == {"dev-R": "it is for the role R in 1, not listed now"}
    assert plan.without == (role("dev", "2"),)
    plan = write()
    assert (plan.added, plan.changed, plan.removed) == ((), ("dev-R",), ())
    assert without_marks(file.read_text()) == without_marks(before).replace(
        "sso_account_id = 1\n", "sso_account_id = 2\n"
    )


def test_a_name_keeps_its_meaning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two accounts change their names: with a template too, no profile gets the other account."""
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    write()
    before = file.read_bytes()
    roles_are(monkeypatch, role("b", "1"), role("a", "2"))
    for options in ({}, {"template": "{account_name}-{role_name}", "prune": True}):
        plan = write(**options)
        assert plan.without == ()
        assert file.read_bytes() == before
    assert plan.left == {
        "b-R": "it is for the role R in 2, which you still have",
        "a-R": "it is for the role R in 1, which you still have",
    }


def test_prune_does_not_free_a_name_for_another_account(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Account names move up by one: a second run does not give the name away either."""
    template = "{account_name}-{role_name}"
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    write()
    roles_are(monkeypatch, role("b", "1"), role("c", "2"))
    plans = [write(template=template, prune=True) for _ in range(2)]
    assert (plans[0].added, plans[0].removed) == (("c-R",), ())
    assert plans[1].before == plans[1].after
    assert plans[1].left == {"b-R": "it is for the role R in 2, which you still have"}
    assert profiles_in(file)["b-R"]["sso_account_id"] == "2"


def without_marks(text: str) -> str:
    """Return a config file without the digests."""
    return re.sub(r"(?m)^# (?:Managed|Written) by sso-plugin.*", "# MARK", text)


# --- names that fit two roles --------------------------------------------------------------------

CLASHING = (role("A b", "1"), role("A-b", "2"), role("c", "3"))


def test_profiles_that_keep_their_name_against_the_template_are_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no error, because each role has a profile. The command gives other names to all."""
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    assert main(["configure", "--yes"]) == 0
    before = file.read_text()
    capsys.readouterr()
    assert main(["configure", "--template", "{role_name}", "--yes"]) == 0
    assert file.read_text() == before
    *reported, last = capsys.readouterr().err.splitlines()
    assert last == f"{file} is up to date."
    assert reported == [
        'The profile "a-R" keeps its name: by the template it would be "R", like that of the role '
        "R in b (2).",
        'The profile "b-R" keeps its name: by the template it would be "R", like that of the role '
        "R in a (1).",
        "To give these profiles other names, run: sso-plugin configure --sso-session corp "
        "--template '{account_name}-{account_id}-{role_name}'",
    ]


def test_roles_with_the_same_name_are_left_out_and_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All others are written, the exit code is 1, and the command in the message helps."""
    roles_are(monkeypatch, *CLASHING)
    assert main(["configure", "--yes"]) == 1
    command = (
        "sso-plugin configure --sso-session corp "
        "--template '{account_name}-{account_id}-{role_name}' --account 1 --account 2 --role R"
    )
    told = [
        'No profile for the role R in A b (1): by the template it would be "A-b-R", '
        "like that of the role R in A-b (2).",
        'No profile for the role R in A-b (2): by the template it would be "A-b-R", '
        "like that of the role R in A b (1).",
        f"To give these profiles other names, run: {command}",
    ]
    assert capsys.readouterr().err.splitlines() == [
        *told,
        "Profiles: 1 to add.",
        f"{file} is written.",
        "Roles without a profile: 2.",
    ]
    assert main(["configure", "--dry-run"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        *told,
        f"{file} is up to date.",
        "Roles without a profile: 2.",
    ]
    assert main([*shlex.split(command)[1:], "--yes"]) == 0
    assert main(["configure", "--yes"]) == 0
    assert main(["configure", "--yes", "--prune"]) == 0
    assert {"c-R", "A-b-1-R", "A-b-2-R"} <= profiles_in(file).keys()
    assert "A-b-R" not in profiles_in(file)


def test_a_name_stays_with_the_role_that_has_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new account of the same name does not take it, and does not take it away."""
    roles_are(monkeypatch, *CLASHING[:1])
    write()
    roles_are(monkeypatch, *CLASHING)
    for template in (None, "{account_name}-{role_name}"):
        plan = write(template=template)
        assert plan.without == CLASHING[1:2]
        assert profiles_in(file)["A-b-R"]["sso_account_id"] == "1"
    assert profiles_in(file)["c-R"]["sso_account_id"] == "3"


def test_an_account_named_default_is_left_out(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every script uses that profile. The others are written."""
    roles_are(monkeypatch, role("default", "1"), role("c", "3"))
    before = profiles_in(file)["default"]
    assert main(["configure", "--yes", "--template", "{account_name}"]) == 1
    assert (
        'No profile for the role R in default (1): by the template it would be "default".\n'
        in capsys.readouterr().err
    )
    assert profiles_in(file)["c"]["sso_account_id"] == "3"
    assert profiles_in(file)["default"] == before


def test_a_name_of_another_login_is_left_out_with_an_exit_code(
    world: World, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with a command whose template has the name of the login in it."""
    world.sign_in(name="second")
    write()
    new = ["--start-url", world.emulator.start_url, "--sso-region", "eu-central-1"]
    only = ["--account", "production", "--role", "ReadOnlyAccess"]
    assert main(["configure", "--sso-session", "second", "--yes", *new, *only]) == 1
    command = capsys.readouterr().err.partition(", run: ")[2].splitlines()[0]
    assert main([*shlex.split(command)[1:], "--yes"]) == 0
    profile = profiles_in(file)["second-production-111111111111-ReadOnlyAccess"]
    assert profile["sso_session"] == "second"


def test_of_many_roles_without_a_profile_a_few_are_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is counted, and the command is for all."""
    roles_are(monkeypatch, *(role("a", str(number)) for number in range(100, 130)))
    plan = write()
    assert len(plan.without) == 30
    assert len(plan.notes) == 12
    assert plan.notes[-2] == "The same is true of 20 more roles."
    assert "--account" not in plan.notes[-1]


# --- what a person adds to a profile -------------------------------------------------------------

ROLE_LINE = "sso_role_name = ReadOnlyAccess\n"
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


@pytest.mark.parametrize(("newline", "region"), [("\n", None), ("\r\n", "eu-central-1")])
@pytest.mark.parametrize("name", ADDITIONS)
def test_a_profile_to_which_a_person_added_something_stays_managed(
    world: World, session_text: str, name: str, newline: str, region: str | None
) -> None:
    """Our keys are updated, and all else stays, character by character."""
    file = world.config_file
    file.write_bytes(session_text.replace("\n", newline).encode())
    write(roles=("ReadOnlyAccess",), region=region)
    old, new = (text.replace("\n", newline) for text in ADDITIONS[name])
    edit(file, old, new.format(old))
    before = file.read_bytes().decode()
    assert write(roles=("ReadOnlyAccess",)).changed == ()
    assert file.read_bytes().decode() == before
    plan = write(roles=("ReadOnlyAccess",), region="eu-west-1")
    assert plan.changed == ("production-ReadOnlyAccess",)
    assert (plan.left, plan.notes) == ({}, ())
    after = without_marks(file.read_bytes().decode())
    line = f"region = eu-west-1{newline}"
    assert after.count(line) == 1
    expected = without_marks(before).replace(f"\nregion = {region}{newline}", f"\n{line}")
    assert after == expected or after.replace(line, "") == expected
    assert profiles_in(file)["production-ReadOnlyAccess"]["region"] == "eu-west-1"
    assert write(roles=("ReadOnlyAccess",), region="eu-west-1").changed == ()


@pytest.mark.parametrize("written", [None, "eu-central-1"])
def test_a_region_that_a_person_set_stays(file: Path, written: str | None) -> None:
    """Also where another one is given now: it is reported, and the other profiles get it."""
    write(roles=("ReadOnlyAccess",), region=written)
    line = f"region = {written}\n" if written else ""
    edit(file, ROLE_LINE + line, ROLE_LINE + "region = us-east-1\n")
    before = file.read_bytes()
    for region in (None, "us-east-1"):
        plan = write(roles=("ReadOnlyAccess",), region=region)
        assert (plan.changed, plan.left, plan.notes) == ((), {}, ())
    plan = write(region="eu-west-1")
    assert len(plan.added) == 3
    assert plan.changed == ()
    assert plan.notes == (
        'The profile "production-ReadOnlyAccess" keeps its region us-east-1, which was set by '
        "hand.",
    )
    assert file.read_bytes().startswith(before)


def test_a_region_that_a_person_removed_comes_back_only_if_it_is_given(file: Path) -> None:
    """An option that is not given leaves it as it is."""
    write(roles=("ReadOnlyAccess",), region="eu-central-1")
    before = file.read_bytes()
    edit(file, f"{ROLE_LINE}region = eu-central-1\n", ROLE_LINE)
    assert write(roles=("ReadOnlyAccess",)).changed == ()
    write(roles=("ReadOnlyAccess",), region="eu-central-1")
    assert file.read_bytes() == before


@pytest.mark.parametrize("prune", [False, True])
def test_a_role_that_a_person_changed_makes_a_profile_theirs(file: Path, *, prune: bool) -> None:
    """It is not rewritten, not pruned, and named."""
    write()
    edit(file, ROLE_LINE, "sso_role_name = Mine\n")
    before = file.read_bytes()
    plan = write(region="eu-west-1", roles=("ReadOnlyAccess",), prune=prune)
    assert plan.left == {"production-ReadOnlyAccess": "it was written or changed by hand"}
    assert plan.notes == ()
    assert file.read_bytes() == before


def test_a_profile_that_a_person_renamed_is_not_written_again(file: Path) -> None:
    """The role has a profile, and it is the person's."""
    write()
    edit(file, "[profile production-ReadOnlyAccess]", "[profile ro]")
    before = file.read_bytes()
    for options in ({}, {"prune": True}, {"roles": ("ReadOnlyAccess",), "region": "eu-west-1"}):
        plan = write(**options)
        assert (plan.after, plan.notes) == (before.decode(), ())
        assert file.read_bytes() == before


def test_prune_keeps_a_profile_to_which_a_person_added_something(world: World, file: Path) -> None:
    """What a person wrote is not deleted: the message says to do that by hand."""
    write()
    world.emulator.unassign("alice", "111111111111", "ReadOnlyAccess")
    edit(file, ROLE_LINE, f"{ROLE_LINE}output = json\n")
    before = file.read_bytes()
    plan = write(prune=True)
    assert plan.removed == ()
    assert plan.notes == (
        'The profile "production-ReadOnlyAccess" is not removed, because it was changed by hand. '
        "Delete it from the file if you do not need it.",
    )
    assert file.read_bytes() == before


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


def test_profiles_of_version_0_1_are_managed(world: World, session_text: str) -> None:
    """They stay as they are until one of our keys changes; also with a key that was added."""
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
    assert without_marks(file.read_text()) == without_marks(before.decode()).replace(
        "\nregion = eu-central-1", "\nregion = eu-west-1"
    )
    world.emulator.unassign("alice", "111111111111", "AdministratorAccess")
    assert write(prune=True).removed == ("production-AdministratorAccess",)


def test_a_profile_that_is_in_the_file_twice_is_left(file: Path) -> None:
    """Botocore reads the second section, which was written by hand."""
    write()
    addition = '\n[profile "production-ReadOnlyAccess"]\nregion = us-east-1\n'
    file.write_text(file.read_text() + addition)
    before = file.read_bytes()
    plan = write(region="eu-west-1", accounts=("production",), roles=("ReadOnlyAccess",))
    assert plan.left == {"production-ReadOnlyAccess": "it was written or changed by hand"}
    assert file.read_bytes() == before


def test_a_comment_below_the_last_key_stays_in_its_profile(file: Path) -> None:
    """A new profile is written after it."""
    write(roles=("ReadOnlyAccess",))
    file.write_text(file.read_text() + "# output = json\n")
    before = file.read_bytes()
    write()
    assert file.read_bytes().startswith(before)


# --- any sequence of runs and changes by hand ----------------------------------------------------

NAMES = st.sampled_from(["one", "A b", "A-b", "one-R", "default"])
HELD = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("RS")), unique=True, max_size=5)
RUNS = st.fixed_dictionaries(
    {},
    optional={
        "template": st.sampled_from(
            ["{account_name}-{role_name}", "{account_id}.{role_name}", "{account_name}"]
        ),
        "region": st.sampled_from(["eu-west-1", "eu-west-2"]),
        "prune": st.just(value=True),
    },
)
EDITS = ["# mine-{0}", "mine{0} = mine-{0}", "mine{0} =\n  max = mine-{0}", "", "\n; mine-{0}"]


def edited_by_hand(text: str, data: st.DataObject, number: int) -> str:
    """Add something to a section that we wrote, or set its region."""
    lines = text.split("\n")
    ours = [at for at, line in enumerate(lines) if "by sso-plugin configure" in line]
    if not ours:
        return text
    at = data.draw(st.sampled_from(ours))
    for below in range(at + 1, min(at + 6, len(lines))):
        if lines[below].startswith("region = eu") and data.draw(st.booleans()):
            lines[below] = f"region = mine-{number}"
            return "\n".join(lines)
    place = at + data.draw(st.integers(0, 4))
    lines.insert(place, data.draw(st.sampled_from(EDITS)).format(number))
    return "\n".join(lines)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    data=st.data(),
    steps=st.lists(
        st.tuples(HELD, st.fixed_dictionaries(dict.fromkeys("123", NAMES)), RUNS),
        min_size=1,
        max_size=4,
    ),
)
def test_runs_and_changes_by_hand_in_any_order(
    world: World, session_text: str, *, data: st.DataObject, steps: list[Any]
) -> None:
    """What a person wrote stays, names keep their meaning, and a second run changes nothing."""
    file = world.config_file
    world.configure(BY_HAND + session_text)
    for number, (keys, names, options) in enumerate(steps):
        held = [role(names[account], account, role_name) for account, role_name in keys]
        text = file.read_text()
        changed = edited_by_hand(text, data, number) if data.draw(st.booleans()) else text
        file.write_text(changed)
        if not readable(file):
            file.write_text(text)
        before, profiles = file.read_text(), profiles_in(file)

        with pytest.MonkeyPatch.context() as patch:
            roles_are(patch, *held)
            plan = write(**options)
            after = profiles_in(file)
            assert file.read_text() == plan.after
            assert patched(before.split("\n"), [*plan.diff()]) == plan.after.split("\n")
            again = write(**options)
        assert (again.after, again.left, again.without) == (plan.after, plan.left, plan.without)

        for mark in re.findall(r"mine-\d", before):
            assert plan.after.count(mark) == before.count(mark)
        if "prune" not in options:
            assert profiles.keys() <= after.keys()
        for name in profiles.keys() & after.keys():
            old, new = profiles[name], after[name]
            if (old.get("sso_account_id"), old.get("sso_role_name")) in keys:
                assert new["sso_account_id"] == old["sso_account_id"]
                assert new["sso_role_name"] == old["sso_role_name"]
            if "region" not in options or "mine" in old.get("region", ""):
                assert new.get("region") == old.get("region")
        served = {(new.get("sso_account_id"), new.get("sso_role_name")) for new in after.values()}
        for each in held:
            is_served = (each.account_id, each.role_name) in served
            assert is_served != (each in plan.without) or (plan.left and not is_served)


# --- what is written into the file ---------------------------------------------------------------

SMUGGLED = "Role{}[default]{}credential_process = touch /tmp/x"
LINE_ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\x1b"]


def role_names(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have the portal's listing hold roles that no check has seen."""
    roles = [AccountRole("111111111111", "production", name) for name in names]
    monkeypatch.setattr(AccountsAndRoles, "roles", lambda *_: iter(roles))


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_a_role_name_cannot_begin_a_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Nothing is written, and the error names profile and key."""
    role_names(monkeypatch, "Good", SMUGGLED.format(end, end))
    before = file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        write()
    assert str(caught.value) == (
        "The profile 'production-Role-default-credential_process-=-touch-tmp-x' cannot be written: "
        "'sso_role_name' has control characters or line separators. Nothing was written."
    )
    assert file.read_bytes() == before
    assert list(file.parent.glob(".config*")) == []


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=ascii)
def test_the_check_of_the_new_file_alone_refuses_a_line_that_nobody_meant(
    world: World, session_text: str, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Should the check of the values ever miss something."""
    world.configure(session_text)
    file = world.config_file
    monkeypatch.setattr(config_text, "_check", lambda *_: None)
    role_names(monkeypatch, SMUGGLED.format(end, end))
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="would not read as intended after this change"):
        write()
    assert file.read_bytes() == before
    assert list(file.parent.glob(".config*")) == []


SMUGGLED_TEXTS = [
    "[default]\nregion = us-east-1\n",
    "[profile other]\n",
    "[profile two words]\nregion = us-east-1\n",
    "[preview]\n",
    "[services x]\n",
    "[sso-session y]\nsso_region = us-east-1\n",
    "[DEFAULT]\ncredential_process = x\n",
]


def test_a_change_that_botocore_cannot_read_is_refused(tmp_path: Path) -> None:
    """A section that is in the file already cannot be written a second time."""
    path = tmp_path / "config"
    path.write_text(BY_HAND)
    with pytest.raises(ConfigError) as caught:
        ConfigFile.at(str(path)).replace(BY_HAND, BY_HAND + "[default]\n", Change())
    assert str(caught.value) == (
        f"botocore cannot read {path} after this change. Nothing was written."
    )
    assert path.read_text() == BY_HAND


@pytest.mark.parametrize("smuggled", SMUGGLED_TEXTS)
@pytest.mark.parametrize("existing", ["", BY_HAND], ids=["new", "existing"])
def test_a_section_that_the_change_does_not_name_is_refused(
    tmp_path: Path, existing: str, smuggled: str
) -> None:
    """Also one that botocore does not look at."""
    path = tmp_path / "config"
    if existing:
        path.write_text(existing.replace("[default]", "[profile first]"))
    file = ConfigFile.at(str(path))
    before = file.read()
    text = ConfigText.parse(before)
    text.put([ProfileText("new", {"sso_session": "corp"})])
    change = Change({"new": {"sso_session": "corp"}})
    with pytest.raises(ConfigError, match="would not read as intended"):
        file.replace(before, text.text + smuggled, change)
    assert file.read() == before
    assert file.replace(before, text.text, change)


@pytest.mark.parametrize(
    "change",
    [
        Change(),
        Change({"other": {"sso_session": "corp"}}),
        Change({"new": {"sso_session": "corp", "region": "x"}}),
        Change({"new": {}}),
        Change({"new": {"sso_session": "corp"}}, removed=["plain"]),
        Change({"new": {"sso_session": "corp"}}, {"corp": {}}),
    ],
)
def test_a_change_that_is_not_made_in_full_is_refused(tmp_path: Path, change: Change) -> None:
    """Nothing more, nothing less, nothing else."""
    path = tmp_path / "config"
    path.write_text(BY_HAND)
    file = ConfigFile.at(str(path))
    text = ConfigText.parse(BY_HAND)
    text.put([ProfileText("new", {"sso_session": "corp"})])
    with pytest.raises(ConfigError, match="would not read as intended"):
        file.replace(BY_HAND, text.text, change)
    assert path.read_text() == BY_HAND


def test_values_for_all_sections_are_no_change(tmp_path: Path) -> None:
    """The keys below DEFAULT, indented blocks included, are in each section that is written."""
    path = tmp_path / "config"
    path.write_text("[DEFAULT]\nregion = eu-west-1\ns3 =\n  max = 20\n\n  path = yes\n")
    file = ConfigFile.at(str(path))
    before = file.read()
    text = ConfigText.parse(before)
    text.put([ProfileText("new", {"sso_session": "corp"})])
    assert file.replace(before, text.text, Change({"new": {"sso_session": "corp"}}))
    assert load_config(str(path))["profiles"]["new"]["s3"] == {"max": "20", "path": "yes"}


# --- users who change folders and names meanwhile ------------------------------------------------


def swap_name(folder: Path, victim: Path) -> None:
    """Put a link to a file into the place of the new config file."""
    new = folder / ".config.sso-plugin-new"
    new.rename(folder / "moved")
    new.symlink_to(victim / "config")


def swap_folder(folder: Path, victim: Path) -> None:
    """Put a link to another folder into the place of the folder."""
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(victim)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Give a folder with files of the names that are written."""
    return make_victim(tmp_path / "victim")


def make_victim(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name in ("config", ".config.sso-plugin-new"):
        (folder / name).write_text("[profile victim]\nregion = eu-west-1\n")
        (folder / name).chmod(0o640)
        os.utime(folder / name, (1, 1))
    return folder


@pytest.mark.skipif(os.name == "nt", reason="folders have no descriptors on this system")
@pytest.mark.parametrize("swap", [swap_name, swap_folder])
@pytest.mark.parametrize("moment", ["fchown", "fchmod", "fsync"])
def test_what_is_put_in_the_place_of_the_new_file_is_not_changed(
    tmp_path: Path,
    victim: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    swap: Callable[[Path, Path], None],
) -> None:
    """Owner, mode and attributes go to the file that was opened, not to its name."""
    folder = tmp_path / "aws"
    folder.mkdir()
    path = folder / "config"
    path.write_text(BY_HAND)
    path.chmod(0o6644)
    real = getattr(os, moment)

    def swap_first(*args: int) -> None:
        if (folder / ".config.sso-plugin-new").exists() and not list(tmp_path.rglob("moved")):
            swap(folder, victim)
        real(*args)

    file = ConfigFile.at(str(path))
    text = ConfigText.parse(BY_HAND)
    text.put([ProfileText("new", {"sso_session": "corp"})])
    before = Snapshot(victim)
    monkeypatch.setattr(os, moment, swap_first)
    assert file.replace(BY_HAND, text.text, Change({"new": {"sso_session": "corp"}}))
    assert Snapshot(victim) == before
    new = folder / "moved" if swap is swap_name else tmp_path / "moved/config"
    assert new.read_text() == text.text
    assert stat.S_IMODE(new.stat().st_mode) == 0o644


def test_a_folder_that_became_a_link_since_it_was_found_is_not_entered(
    tmp_path: Path, victim: Path
) -> None:
    """Neither the folder of the file, nor one above it."""
    for number, part in enumerate(("a", "a/b")):
        inner = tmp_path / str(number) / "a" / "b"
        inner.mkdir(parents=True)
        (victim / "b").mkdir(exist_ok=True)
        make_victim(victim / "b")
        file = ConfigFile.at(str(inner / "config"))
        before = Snapshot(victim)
        swap_folder(tmp_path / str(number) / part, victim)
        with pytest.raises(ConfigError, match=r"cannot be written: Not a directory\."):
            file.replace("", "[profile new]\n", Change({"new": {}}))
        with pytest.raises(ConfigError, match=r"cannot be read: Not a directory\."):
            file.read()
        assert Snapshot(victim) == before


def test_a_new_file_is_made_in_new_folders(tmp_path: Path) -> None:
    """For their owner only; others that exist keep their modes."""
    path = tmp_path / "a" / "b" / "config"
    assert ConfigFile.at(str(path)).replace("", "[profile new]\n", Change({"new": {}}))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no such attributes")
def test_attributes_of_the_file_stay(file: Path) -> None:
    """As far as the file system has any."""
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no such attributes")
    write()
    assert os.getxattr(file, "user.note") == b"mine"


def rewrite(path: Path, number: int) -> bool:
    """Write a profile as ``configure`` does; return whether that was possible."""
    try:
        file = ConfigFile.at(str(path))
        before = file.read()
        text = ConfigText.parse(before)
        values = {"sso_session": "corp", "region": f"eu-west-{number}"}
        text.put([ProfileText("new", values)])
        return file.replace(before, text.text, Change({"new": values}))
    except ConfigError:
        return False


SWAPS = {
    "name": """
target, config = Path({folder!r}, ".config.sso-plugin-new"), Path({folder!r}, "config")
if config.is_symlink():
    config.unlink()
    config.touch()
if target.exists() and not target.is_symlink():
    target.unlink()
    target.symlink_to({victim!r} + "/config")
""",
    "file": """
target = Path({folder!r}, "config")
target.rename({folder!r} + "/kept")
try:
    target.symlink_to({victim!r} + "/config")
finally:
    os.replace({folder!r} + "/kept", target)
""",
    "folder": """
folder = Path({folder!r})
folder.rename({folder!r} + "-kept")
try:
    folder.symlink_to({victim!r})
finally:
    folder.unlink(missing_ok=True)
    os.rename({folder!r} + "-kept", folder)
""",
}


@otheruser.needs_two_users
@pytest.mark.parametrize("swap", SWAPS)
def test_a_user_who_swaps_names_gets_nothing_changed_by_root(tmp_path: Path, swap: str) -> None:
    """Another user's folder, in which root writes the config file again and again."""
    victim = make_victim(tmp_path / "victim")
    tmp_path.chmod(0o755)
    with otheruser.folder_of(otheruser.ATTACKER) as top:
        folder = top / "aws"
        folder.mkdir()
        (folder / "config").write_text(BY_HAND)
        for path in (folder, folder / "config"):
            os.chown(path, otheruser.ATTACKER, otheruser.ATTACKER)
        before = Snapshot(victim)
        written = 0
        code = SWAPS[swap].format(folder=str(folder), victim=str(victim))
        with otheruser.running_as(otheruser.ATTACKER, code):
            end = time.monotonic() + 60
            while written < 30 and time.monotonic() < end:
                written += rewrite(folder / "config", written % 7)
        assert Snapshot(victim) == before
    assert written == 30


@otheruser.needs_two_users
def test_root_follows_a_link_of_another_user_to_files_of_that_user_only(
    tmp_path: Path, victim: Path
) -> None:
    """To a file, and to a folder; a link of root itself leads anywhere."""
    before = Snapshot(victim)
    (tmp_path / "file").symlink_to(victim / "config")
    (tmp_path / "folder").symlink_to(victim)
    for path in (tmp_path / "file", tmp_path / "folder"):
        os.chown(path, otheruser.ATTACKER, otheruser.ATTACKER, follow_symlinks=False)
    for path in (tmp_path / "file", tmp_path / "folder/config", tmp_path / "folder/none"):
        with pytest.raises(ConfigError, match=r"a link of another user \(65534\) leads there"):
            ConfigFile.at(str(path)).replace("", "", Change())
        assert not rewrite(path, 1)
    assert Snapshot(victim) == before
    os.chown(victim / "config", otheruser.ATTACKER, otheruser.ATTACKER)
    assert rewrite(tmp_path / "file", 1)
    assert (victim / "config").stat().st_uid == otheruser.ATTACKER


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have nobody at the terminal."""
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def test_the_command_shows_a_diff_and_writes_nothing_in_a_dry_run(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The diff on standard output, the talk on standard error."""
    before = file.read_bytes()
    assert main(["configure", "--dry-run", "--role", "ReadOnlyAccess"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"--- {file}\n+++ {file}\n@@ ")
    assert "\n+[profile production-ReadOnlyAccess]\n" in captured.out
    assert captured.err == "Profiles: 1 to add.\nNothing was written.\n"
    assert file.read_bytes() == before


def test_the_command_needs_a_yes_where_nobody_can_be_asked(
    file: Path, nobody: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It never writes what nobody has agreed to."""
    before = file.read_bytes()
    assert main(["configure"]) == 2
    assert (
        "Nothing was written, because this is not a terminal. Add --yes to write it."
        in capsys.readouterr().err
    )
    assert file.read_bytes() == before
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err.endswith("Profiles: 4 to add.\n" + f"{file} is written.\n")
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err == f"{file} is up to date.\n"


def test_the_diff_masks_secrets_next_to_the_change(
    world: World, session_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines around a change are shown, and may be anything."""
    world.configure(
        f"{session_text}\n[profile old]\naws_access_key_id = AKIA\n"
        "aws_secret_access_key = hush\naws_session_token=hushhush\n"
    )
    assert main(["configure", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert " aws_secret_access_key =********" in out
    assert "hush" not in out


def test_the_diff_cannot_steer_the_terminal(
    world: World, session_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape sequences in a file are somebody else's."""
    world.configure(session_text + "# \x1b[31mred \udcff\n".encode("utf-8", "replace").decode())
    assert main(["configure", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert " # \ufffd[31mred" in out


def patched(before: list[str], diff: list[str]) -> list[str]:
    """Apply a diff as `patch` does, without any tolerance."""
    after: list[str] = []
    at = 0
    for line in diff:
        head = re.fullmatch(r"@@ -(\d+),(\d+) \+\d+,\d+ @@", line)
        if head:
            start = int(head[1]) - (int(head[2]) > 0)
            after += before[at:start]
            at = start
        elif not line.startswith(("---", "+++")):
            if line[0] != "+":
                assert before[at] == line[1:]
                at += 1
            if line[0] != "-":
                after.append(line[1:])
    return after + before[at:]


sections = st.lists(st.sampled_from(["[a]", "[b]", "[c]", "x", "y", "", "z"]), max_size=40)


@given(before=sections, after=sections)
def test_the_diff_is_the_whole_change(before: list[str], after: list[str]) -> None:
    """Whoever applies it has the new text; of the same text there is none."""
    diff = list(unified_diff(before, after, "file"))
    assert patched(before, diff) == after
    assert bool(diff) == (before != after)


def test_thousands_of_profiles_take_no_time() -> None:
    """Written, changed and removed, with the diff of each (665 accounts are not unheard of)."""
    began = time.perf_counter()
    names = [f"account{number}-role" for number in range(2000)]
    text = ConfigText.parse(BY_HAND)
    for value in ("one", "two"):
        before = text.text
        text.put(ProfileText(name, {"sso_session": "corp", "region": value}) for name in names)
        text = ConfigText.parse(text.text)
        assert len(text.profiles) == 2000
        assert list(unified_diff(before.split("\n"), text.text.split("\n"), "file"))
    text.remove(names[::2])
    assert time.perf_counter() - began < 20


def in_terminal(*words: str) -> tuple[int, int]:
    """Start the command in a terminal of its own; returns its process and the other end."""
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
        program = [sys.executable, "-m", "sso_plugin", "configure", *words]
        os.execve(sys.executable, program, environment)  # noqa: S606
    return process, terminal


def read_until(terminal: int, word: str | None = None) -> str:
    """Read what the terminal shows, until a word or the end; both within a bounded time."""
    seen = ""
    while word is None or word not in seen:
        assert select.select([terminal], [], [], 20)[0], f"{word!r} did not come, but {seen!r}"
        try:
            seen += os.read(terminal, 1024).decode()
        except OSError:
            assert word is None, f"{word!r} did not come, but {seen!r}"
            return seen
    return seen


@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("keys", "code", "last", "written"),
    [
        (b"\n", 1, "Nothing was written.", False),
        (b"n\n", 1, "Nothing was written.", False),
        (b"\x03", 130, "sso-plugin: stopped", False),
        (b"y\n", 0, "is written.", True),
    ],
)
def test_a_person_is_asked(file: Path, *, keys: bytes, code: int, last: str, written: bool) -> None:
    """In a real terminal, after the diff; no is the default."""
    before = file.read_bytes()
    process, terminal = in_terminal()
    shown = read_until(terminal, "Write this? [y/N]: ")
    assert "+[profile production-ReadOnlyAccess]" in shown
    # As a person does: Python loses an interrupt that comes while its prompt is being set up.
    time.sleep(0.5)
    os.write(terminal, keys)
    assert last in read_until(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == code
    os.close(terminal)
    assert (file.read_bytes() != before) == written
