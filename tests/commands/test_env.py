"""The command ``env``: keys as lines for a shell."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run

from sso_plugin.commands.aws_variables import (
    IN_THE_WAY,
    UNDO,
    chosen_profile,
    hidden_profile,
    outside,
    undone,
)
from sso_plugin.commands.env.shells import SHELLS, assignments, detect_shell, recipe
from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

BASH = shutil.which("bash") or "bash"

NASTY = [
    "plain",
    "with space",
    "it's",
    'quo"te',
    "back\\slash",
    "end\\",
    "$HOME `id` $(id) !1 ; & | < > * ? ~ # %",
    "new\nline",
    "\u2019typographic\u2018",
    "-n",
    "=ls",
    "a:=ls",
]

STATIC = "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = made/up+\n"

NO_PROFILE = (
    "With these lines the shell uses the keys and no profile: AWS_PROFILE is unset. To undo: "
    'eval "$(sso-plugin env --unset)"\n'
)

# How each shell is told to read lines from standard input, and what it is installed as.
READERS = {
    "bash": ["bash", "-c", 'eval "$(cat)"; printf %s "$VALUE"'],
    "zsh": ["zsh", "-fc", 'eval "$(cat)"; printf %s "$VALUE"'],
    "fish": ["fish", "--no-config", "-c", 'source -; printf %s "$VALUE"'],
    "powershell": [
        "pwsh",
        "-NoProfile",
        "-Command",
        "$input | Out-String | Invoke-Expression; [Console]::Out.Write($Env:VALUE)",
    ],
}


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_arrives_as_it_is(shell: str, value: str) -> None:
    """Whatever it holds; asked of the shell itself, where it is installed."""
    command = READERS[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    lines = assignments({"VALUE": value}, shell)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    assert done.stdout == value


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        ("bash", "export A='it'\"'\"'s'\nunset B"),
        ("zsh", "export A='it'\"'\"'s'\nunset B"),
        ("fish", "set -gx A 'it\\'s';\nset -e B;"),
        ("powershell", "$Env:A = 'it''s'\nRemove-Item -ErrorAction SilentlyContinue Env:B"),
    ],
)
def test_each_shell_has_its_own_lines(shell: str, lines: str) -> None:
    """Also where it is not installed."""
    assert assignments({"A": "it's", "B": None}, shell) == lines


def test_powershell_quotes_are_doubled_whatever_their_shape() -> None:
    """It takes the typographic ones for quotes as well."""
    lines = assignments({"A": "a\u2019; evil"}, "powershell")
    assert lines == "$Env:A = 'a\u2019\u2019; evil'"


class TestTheShell:
    """Which one it is, if nobody says."""

    @pytest.mark.parametrize(
        ("caller", "variable", "platform", "shell"),
        [
            ("fish", "/bin/bash", "linux", "fish"),
            ("zsh", "", "linux", "zsh"),
            ("pwsh", "/bin/bash", "linux", "powershell"),
            ("make", "/usr/bin/fish", "linux", "fish"),
            ("make", "/bin/dash", "linux", "bash"),
            (None, "/bin/zsh", "darwin", "zsh"),
            (None, "", "win32", "powershell"),
            (None, "", "linux", "bash"),
        ],
    )
    def test_it_is_the_caller_or_the_one_in_the_environment(
        self, tmp_path: Path, caller: str | None, variable: str, platform: str, shell: str
    ) -> None:
        """The caller, where the system tells; a POSIX shell understands what bash does."""
        if caller:
            (tmp_path / "7").mkdir()
            (tmp_path / "7/comm").write_text(f"{caller}\n", encoding="utf-8")
        assert detect_shell({"SHELL": variable}, platform, 7, tmp_path) == shell

    @pytest.mark.parametrize("shell", SHELLS)
    def test_each_has_a_recipe(self, shell: str) -> None:
        """What makes it read the lines."""
        assert "sso-plugin env" in recipe(shell)


class TestTheKeys:
    """What the lines set."""

    def test_a_program_started_by_the_shell_has_them(self, world: World) -> None:
        """The whole way: eval, then a call by keys that come from nothing but the environment."""
        world.sign_in()
        code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
        script = f'eval "$("$PYTHON" -c "$ENTRY" env --profile dev)"; "$PYTHON" -c "{code}"'
        done = subprocess.run(
            [BASH, "-c", script],
            env=environment(PYTHON=sys.executable, ENTRY=ENTRY, SSO_PLUGIN="off"),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.endswith("/alice\n")

    def test_they_come_with_their_expiration_and_the_region(self, world: World) -> None:
        """In this order; the person is told on standard error that they are frozen."""
        world.sign_in()
        done = run("env", "--profile", "dev", "--shell", "bash")
        names = re.findall(r"^export (\w+)=", done.stdout, re.MULTILINE)
        assert names == [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "SSO_PLUGIN_UNDO",
        ]
        assert re.fullmatch(
            r"These keys expire at .{16} \S+ and do not renew themselves; "
            r"`sso-plugin exec` renews\.\n" + re.escape(NO_PROFILE),
            done.stderr,
        )

    def test_keys_without_a_token_take_an_old_token_away(self, world: World) -> None:
        """Or the two would not fit."""
        world.configure(STATIC)
        done = run("env", "--profile", "static", "--shell", "bash")
        assert done.stdout.startswith(
            "export AWS_ACCESS_KEY_ID=AKIDEXAMPLE\n"
            "export AWS_SECRET_ACCESS_KEY=made/up+\n"
            "unset AWS_SESSION_TOKEN\n"
            "unset AWS_CREDENTIAL_EXPIRATION\n"
        )
        assert done.stderr == f"These keys do not expire.\n{NO_PROFILE}"

    def test_they_are_those_of_the_profile_and_not_of_the_environment(self, world: World) -> None:
        """A second call renews what the first has set."""
        world.sign_in()
        done = run(
            "env",
            AWS_PROFILE="dev",
            AWS_ACCESS_KEY_ID="AKIDOLD",
            AWS_SECRET_ACCESS_KEY="old",
        )
        assert "AKIDOLD" not in done.stdout
        assert "AWS_SESSION_TOKEN" in done.stdout

    def test_a_profile_without_credentials_is_an_error(self, world: World) -> None:
        """With what to add."""
        world.configure("[profile empty]\nregion = us-east-1\n")
        done = run("env", "--profile", "empty")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            'sso-plugin: The profile "empty" gives no credentials: add sso_session, '
            "sso_account_id and sso_role_name to it.\n"
        )


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_on_a_terminal_it_says_how_to_set_them(world: World) -> None:
    """What is printed there is set nowhere."""
    from command import Terminal

    world.sign_in()
    with Terminal("env", "--profile", "dev", "--shell", "fish") as terminal:
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "To set them here: sso-plugin env ... | source"


# What each shell is called, and how it reads the lines of a command.
REAL_SHELLS = {
    "bash": (["bash", "--norc", "-c"], 'eval "$({})"'),
    "dash": (["dash", "-c"], 'eval "$({})"'),
    "zsh": (["zsh", "-fc"], 'eval "$({})"'),
    "fish": (["fish", "--no-config", "-c"], "{} | source"),
    "pwsh": (["pwsh", "-NoProfile", "-Command"], "{} | Out-String | Invoke-Expression"),
}
# These are not brought back: a copy under another name would not be masked in logs.
KEYS_OF_BEFORE = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
}
NAMES = {*IN_THE_WAY, "AWS_REGION", "AWS_DEFAULT_REGION", UNDO}
PRINT = (
    "import json, os, sys; "
    "print(json.dumps({name: os.environ[name] for name in sys.argv[1:] if name in os.environ}))"
)


def in_shell(tmp_path: Path, shell: str, calls: list[str], **changes: str) -> list[dict[str, str]]:
    """Have a real shell read what calls print; return the variables that a program sees then."""
    words, reader = REAL_SHELLS[shell]
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, code in {"sso-plugin": ENTRY, "show": PRINT}.items():
        (folder / name).write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    show = f"show {' '.join(sorted(NAMES))}"
    script = "; ".join(f"{reader.format(f'sso-plugin {call}')}; {show}" for call in calls)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*words, script],
        env=environment(**{"PATH": path, **changes}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestTheShellThatReadsThem:
    """A real one: what the programs that it starts find around them."""

    @pytest.mark.parametrize("shell", REAL_SHELLS)
    def test_nothing_is_left_that_names_other_credentials(
        self, world: World, tmp_path: Path, shell: str
    ) -> None:
        """SDKs may look at a profile, an old token or a role first. --unset brings them back."""
        world.configure(STATIC)
        before = dict.fromkeys(IN_THE_WAY, 'it\'s "old"')
        during, after = in_shell(tmp_path, shell, ["env --profile static", "env --unset"], **before)
        assert during.pop(UNDO)
        assert during == {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made/up+",
        }
        kept = {name: value for name, value in before.items() if name not in KEYS_OF_BEFORE}
        assert after == kept

    def test_each_switch_brings_the_region_of_its_profile(
        self, world: World, tmp_path: Path
    ) -> None:
        """The one that an earlier call has exported is not that of the environment."""
        text = STATIC.replace("static", "{}") + "region = {}\n"
        world.configure(text.format("a", "eu-west-1") + text.format("b", "us-west-2") + STATIC)
        calls = ["env -p a", "env -p b", "env -p static", "env -p a", "env --unset"]
        found = in_shell(tmp_path, "bash", calls)
        regions = [(each.get("AWS_REGION"), each.get("AWS_DEFAULT_REGION")) for each in found]
        assert regions == [
            ("eu-west-1", "eu-west-1"),
            ("us-west-2", "us-west-2"),
            (None, None),
            ("eu-west-1", "eu-west-1"),
            (None, None),
        ]

    def test_the_regions_of_the_user_come_back(self, world: World, tmp_path: Path) -> None:
        """For a profile without a region, and at the end."""
        text = STATIC.replace("static", "a") + "region = eu-west-1\n"
        world.configure(text + STATIC)
        mine = {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-south-1"}
        calls = ["env -p a", "env -p static", "env -p a", "env --unset"]
        found = in_shell(tmp_path, "bash", calls, **mine)
        regions = [(each["AWS_REGION"], each["AWS_DEFAULT_REGION"]) for each in found]
        assert regions == [
            ("eu-west-1", "eu-west-1"),
            ("eu-north-1", "eu-south-1"),
            ("eu-west-1", "eu-west-1"),
            ("eu-north-1", "eu-south-1"),
        ]

    def test_a_second_call_renews_the_keys_of_the_profile_in_the_environment(
        self, world: World, tmp_path: Path
    ) -> None:
        """Though the first one has unset it there."""
        world.configure(STATIC)
        calls = ["env", "env", "env --unset"]
        first, second, last = in_shell(tmp_path, "bash", calls, AWS_PROFILE="static")
        assert first["AWS_ACCESS_KEY_ID"] == "AKIDEXAMPLE"
        assert second == first
        assert last == {"AWS_PROFILE": "static"}


class TestLoginsAfterIt:
    """Commands about a login use the profile that ``env`` has unset, as ``env`` itself does."""

    @pytest.mark.parametrize("words", ["status", "accounts", "roles", "login", "logout"])
    def test_a_login_is_that_of_the_profile_before(self, world: World, words: str) -> None:
        """Otherwise the login would be that of the profile ``default``."""
        world.sign_in()
        world.configure(f"{world.config_file.read_text()}\n[default]\nregion = eu-west-1\n")
        note = '{"AWS_PROFILE": ["dev", null]}'
        assert run(words, SSO_PLUGIN_UNDO=note).returncode == 0
        assert run("status", SSO_PLUGIN_UNDO=note, AWS_PROFILE="default").returncode == 3

    def test_what_is_named_counts_first(self) -> None:
        """Also a profile that was set since then."""
        note = '{"AWS_PROFILE": ["dev", null]}'
        assert hidden_profile({UNDO: note}) == "dev"
        assert hidden_profile({UNDO: note, "AWS_PROFILE": "mine"}) is None
        assert hidden_profile({UNDO: "{}"}) is None
        assert hidden_profile({}) is None

    def test_doctor_looks_at_the_keys_and_says_how_to_undo_it(self, world: World) -> None:
        """A script in this shell uses the keys too."""
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
        note = '{"AWS_PROFILE": ["dev", null]}'
        done = run("doctor", "--json", SHELL="/bin/bash", SSO_PLUGIN_UNDO=note, **keys)
        [found] = [
            (each["message"], each["mend"])
            for each in json.loads(done.stdout)["findings"]
            if each["check"] == "provider"
        ]
        assert found == (
            'The profile "default" names no role of Identity Center; it is served by the keys in '
            "the environment (AWS_ACCESS_KEY_ID).",
            'eval "$(sso-plugin env --unset)"',
        )

    def test_a_wrong_note_is_a_failure_of_status(self, world: World) -> None:
        """It is not the exit code of a login that can be renewed."""
        world.sign_in()
        assert run("status", SSO_PLUGIN_UNDO="{").returncode == 3


class TestTheWayBack:
    """What ``env`` notes, and ``env --unset`` makes of it."""

    NOTE = '{"AWS_PROFILE": ["dev", null], "AWS_REGION": [null, "eu-west-1"]}'

    def test_what_was_set_since_then_stays(self) -> None:
        """Only what is as ``env`` left it is undone."""
        environ = {UNDO: self.NOTE, "AWS_PROFILE": "mine", "AWS_REGION": "eu-north-1"}
        assert outside(environ) == {"AWS_PROFILE": "mine", "AWS_REGION": "eu-north-1"}

    def test_the_profile_is_that_of_before(self) -> None:
        """In botocore's order; an empty name is ``default``."""
        assert chosen_profile({UNDO: self.NOTE}) == "dev"
        assert chosen_profile({"AWS_DEFAULT_PROFILE": "a", "AWS_PROFILE": "b"}) == "a"
        assert chosen_profile({"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": "b"}) == "default"
        assert chosen_profile({}) == "default"

    @pytest.mark.parametrize(
        "note",
        ["{", "[]", "7", "[" * 99999, '{"PATH": ["x", null]}', '{"AWS_PROFILE": [7, null]}'],
        ids=range(6),
    )
    def test_a_note_of_another_kind_is_an_error(self, note: str) -> None:
        """It cannot set other variables than those that ``env`` changes."""
        with pytest.raises(ConfigError, match="Unset SSO_PLUGIN_UNDO"):
            undone({UNDO: note})

    def test_the_note_holds_no_key(self, world: World) -> None:
        """Neither a new one nor an old one."""
        world.configure(STATIC)
        old = dict.fromkeys(KEYS_OF_BEFORE, "secret")
        done = run("env", "--profile", "static", "--shell", "bash", AWS_PROFILE="x", **old)
        assert done.stdout.splitlines()[-1] == (
            'export SSO_PLUGIN_UNDO=\'{"AWS_PROFILE": ["x", null]}\''
        )

    def test_without_a_note_there_is_nothing_to_undo(self) -> None:
        """Keys that the user has set are not touched."""
        done = run("env", "--unset", AWS_ACCESS_KEY_ID="AKIDMINE")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == ("Nothing to undo: `sso-plugin env` has set nothing in this shell.\n")

    def test_a_profile_makes_no_sense_with_it(self) -> None:
        """It is a usage error."""
        done = run("env", "--unset", "--profile", "dev")
        assert (done.returncode, done.stdout) == (2, "")
        assert "--unset cannot be combined with --profile." in done.stderr
