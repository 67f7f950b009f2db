"""The variables that ``env`` sets and unsets, in real shells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run

from sso_plugin.commands.aws_variables import (
    LABELS,
    OTHER_CREDENTIALS,
    UNDO,
)

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


BASH = shutil.which("bash") or "bash"


STATIC = "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = made/up+\n"


class TestKeys:
    """The keys of the profile."""

    @pytest.mark.long
    def test_a_program_in_the_shell_uses_the_keys(self, world: World) -> None:
        """After eval, a script calls AWS with keys from the environment only."""
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

    @pytest.mark.long
    def test_keys_in_the_environment_are_replaced(self, world: World) -> None:
        """A second call renews the keys that the first one set."""
        world.sign_in()
        done = run(
            "env",
            AWS_PROFILE="dev",
            AWS_ACCESS_KEY_ID="AKIDOLD",
            AWS_SECRET_ACCESS_KEY="old",
        )
        assert "AKIDOLD" not in done.stdout
        assert "AWS_SESSION_TOKEN" in done.stdout


# How each shell is started, and how it runs the output of a command.
REAL_SHELLS = {
    "bash": (["bash", "--norc", "-c"], 'eval "$({})"'),
    "dash": (["dash", "-c"], 'eval "$({})"'),
    "zsh": (["zsh", "-fc"], 'eval "$({})"'),
    "fish": (["fish", "--no-config", "-c"], "{} | source"),
    "pwsh": (["pwsh", "-NoProfile", "-Command"], "{} | Out-String | Invoke-Expression"),
}


# These are not restored: a copy under another name would not be masked in logs.
OLD_KEYS = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
}


NAMES = {*OTHER_CREDENTIALS, *LABELS, "AWS_REGION", "AWS_DEFAULT_REGION", UNDO}


PRINT = (
    "import json, os, sys; "
    "print(json.dumps({name: os.environ[name] for name in sys.argv[1:] if name in os.environ}))"
)


def in_shell(tmp_path: Path, shell: str, calls: list[str], **changes: str) -> list[dict[str, str]]:
    """Run the output of each call in a real shell, and return the variables of a program in it."""
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


class TestRealShells:
    """The environment of a program in a shell that ran the commands."""

    @pytest.mark.long
    @pytest.mark.parametrize("shell", REAL_SHELLS)
    def test_variables_that_select_other_credentials_are_unset(
        self, world: World, tmp_path: Path, shell: str
    ) -> None:
        """``--unset`` restores them."""
        world.configure(STATIC)
        before = dict.fromkeys(OTHER_CREDENTIALS, 'it\'s "old"')
        during, after = in_shell(tmp_path, shell, ["env --profile static", "env --unset"], **before)
        assert during.pop(UNDO)
        assert during == {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made/up+",
            "SSO_PLUGIN_PROFILE": "static",
        }
        kept = {name: value for name, value in before.items() if name not in OLD_KEYS}
        assert after == kept

    @pytest.mark.long
    def test_each_profile_gets_its_own_region(self, world: World, tmp_path: Path) -> None:
        """The region that an earlier call exported is not used."""
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

    @pytest.mark.long
    def test_the_regions_of_the_user_are_restored(self, world: World, tmp_path: Path) -> None:
        """For a profile without a region, and by ``--unset``."""
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

    @pytest.mark.long
    def test_a_second_call_uses_the_profile_that_the_first_one_unset(
        self, world: World, tmp_path: Path
    ) -> None:
        """So it renews the same keys."""
        world.configure(STATIC)
        calls = ["env", "env", "env --unset"]
        first, second, last = in_shell(tmp_path, "bash", calls, AWS_PROFILE="static")
        assert first["AWS_ACCESS_KEY_ID"] == "AKIDEXAMPLE"
        assert second == first
        assert last == {"AWS_PROFILE": "static"}
