"""The entry point: what works without the extra packages, and the fast path of one command."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from command import run

import sso_plugin
from sso_plugin.cli.app import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


HIDE = """
import sys

class Hide:
    @staticmethod
    def find_spec(name, *_):
        if name.partition(".")[0] in {"click", "rich", "shellingham"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

sys.meta_path.insert(0, Hide)
"""


NO_PROFILE = (
    "The config profile (gone) could not be found. "
    "Choose one with --profile, or add it to the AWS config file."
)


class TestWithoutTheExtra:
    """``pip install sso-plugin``, without click and rich."""

    @pytest.fixture
    def bare(self, tmp_path: Path) -> dict[str, str]:
        """Return an environment in which they cannot be imported."""
        (tmp_path / "sitecustomize.py").write_text(HIDE, encoding="utf-8")
        return {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("words", [*COMMANDS, "--help", ""])
    def test_a_command_says_what_to_install(
        self, world: World, bare: dict[str, str], words: str
    ) -> None:
        """One line, exit code 2."""
        done = run(*words.split(), **bare)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "sso-plugin: extra packages are required. Run: pip install 'sso-plugin[cli]' "
            "(without them, you can use: sso-plugin credential-process --profile NAME)\n"
        )

    @pytest.mark.long
    @pytest.mark.parametrize(("package", "words"), [("rich", "login"), ("shellingham", "env")])
    def test_one_missing_package_is_enough_for_the_message(
        self, world: World, tmp_path: Path, package: str, words: str
    ) -> None:
        """It does not matter which package of the extra is missing."""
        hide = HIDE.replace('{"click", "rich", "shellingham"}', f'{{"{package}"}}')
        (tmp_path / "sitecustomize.py").write_text(hide, encoding="utf-8")
        world.sign_in()
        done = run(words, PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
        assert (done.returncode, done.stdout) == (2, "")
        assert "Run: pip install 'sso-plugin[cli]'" in done.stderr
        assert "Traceback" not in done.stderr

    def test_the_version_is_printed_without_the_extra(
        self, world: World, bare: dict[str, str]
    ) -> None:
        """It needs no other package."""
        done = run("--version", **bare)
        assert (done.returncode, done.stdout) == (0, f"sso-plugin {sso_plugin.__version__}\n")

    @pytest.mark.long
    def test_credential_process_works_without_the_extra(
        self, world: World, bare: dict[str, str]
    ) -> None:
        """With a cold cache, with a warm cache, and when it fails."""
        world.sign_in()
        for _ in range(2):
            done = run("credential-process", "--profile", "dev", **bare)
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout)["Version"] == 1
        done = run("credential-process", "--profile", "gone", **bare)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"sso-plugin: {NO_PROFILE}\n"


class TestFastPath:
    """``credential-process`` without click."""

    @pytest.mark.long
    @pytest.mark.parametrize(
        "words",
        [
            ["--profile=dev"],
            ["-p", "dev"],
            [],
            ["--profile", "dev", "--debug"],
        ],
        ids=" ".join,
    )
    def test_credential_process_accepts_all_spellings_of_the_profile_option(
        self, world: World, words: list[str]
    ) -> None:
        """Also the environment variable."""
        world.sign_in()
        done = run("credential-process", *words, AWS_PROFILE="dev")
        assert json.loads(done.stdout)["Version"] == 1
