"""The scripts of completion, in real shells."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from shells import BASH_COMPLETION, SHELLS, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

CONFIG = """
[sso-session corp]
[profile corp:dev]
[profile corp:prod]
sso_role_name = ReadOnly
sso_account_id = 111111111111
[profile "my profile"]
"""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Shell]:
    """Return each shell in turn. zsh has no completion of its own loaded."""
    if not shutil.which(request.param):
        pytest.skip(f"not installed: {request.param}")
    world.configure(CONFIG)
    (tmp_path / "testing.txt").touch()
    with Shell(request.param, tmp_path) as shell:
        yield shell


@pytest.mark.long
class TestShells:
    """The user presses Tab in bash, zsh and fish."""

    def test_commands_and_options(self, shell: Shell) -> None:
        """One is completed, several are listed."""
        shell.complete("sso-plugin whoa", "sso-plugin whoami")
        shell.clear()
        shell.complete("sso-plugin login --f", "--flow", "--force", presses=3)

    def test_names_with_colons(self, shell: Shell) -> None:
        """As words of their own, and after an equals sign."""
        shell.complete("sso-plugin login -p corp:p", "-p corp:prod")
        shell.clear()
        shell.complete("sso-plugin login --profile=corp:p", "--profile=corp:prod")
        shell.clear()
        shell.complete("sso-plugin login -p 'corp:p", "-p 'corp:prod'")

    def test_names_with_spaces(self, shell: Shell) -> None:
        """They are quoted as the user began it."""
        shell.complete("sso-plugin login -p my", "-p my\\ profile")
        shell.clear()
        shell.complete('sso-plugin login -p "my', '-p "my profile"')

    def test_the_words_of_another_command(self, shell: Shell) -> None:
        """Its name, and its files. An option that we have too is not ours."""
        shell.complete("sso-plugin exec -p corp:dev -- mkdi", "-- mkdir")
        shell.clear()
        shell.complete("sso-plugin exec -p corp:dev -- cat testi", "-- cat testing.txt")
        shell.clear()
        shell.complete("sso-plugin exec cat x:y=z testi", "z testing.txt")

    def test_files(self, shell: Shell) -> None:
        """For an option that takes a path."""
        shell.complete("sso-plugin store init --key-file testi", "--key-file testing.txt")

    def test_an_invalid_config_leaves_the_line_as_it_is(self, shell: Shell, world: World) -> None:
        """No error is on the screen."""
        world.configure("[broken\n")
        line = "sso-plugin login -p corp:p"
        shell.complete(line, line)
        assert shell.run(" ; echo gone", "\ngone").splitlines()[0].endswith(f"{line} ; echo gone")


@pytest.mark.long
class TestOneShell:
    """What only one of the shells has."""

    @pytest.mark.parametrize("name", ["zsh", "fish"])
    def test_descriptions_are_shown(self, world: World, tmp_path: Path, name: str) -> None:
        """With the commas in them."""
        if not shutil.which(name):
            pytest.skip(f"not installed: {name}")
        with Shell(name, tmp_path) as shell:
            shell.complete("sso-plugin log", "Log in, if needed.", presses=2)

    def test_zsh_works_beside_its_own_completion(self, world: World, tmp_path: Path) -> None:
        """The rest of .zshrc may load it before or after ours."""
        if not shutil.which("zsh"):
            pytest.skip("not installed: zsh")
        load = "autoload -Uz compinit; compinit -i -d $ZDOTDIR/dump\n"
        with Shell("zsh", tmp_path, load, after=load) as shell:
            shell.complete("sso-plugin whoa", "sso-plugin whoami")

    def test_bash_uses_the_completion_of_another_command(
        self, world: World, tmp_path: Path
    ) -> None:
        """If the package bash-completion is loaded."""
        if not (shutil.which("bash") and Path(BASH_COMPLETION).exists()):
            pytest.skip("not installed: bash-completion")
        own = "complete -W 'alpha:beta' printenv\n"
        with Shell("bash", tmp_path, f". {BASH_COMPLETION}\n{own}") as shell:
            shell.complete("sso-plugin exec -- printenv al", "printenv alpha:beta")

    def test_zsh_uses_the_completion_of_another_command(self, world: World, tmp_path: Path) -> None:
        """The one that is registered for it."""
        if not shutil.which("zsh"):
            pytest.skip("not installed: zsh")
        load = "autoload -Uz compinit; compinit -i\n_it() { compadd alpha }\ncompdef _it printenv\n"
        with Shell("zsh", tmp_path, load) as shell:
            shell.complete("sso-plugin exec -- printenv al", "printenv alpha")

    def test_fish_uses_the_completion_of_another_command(
        self, world: World, tmp_path: Path
    ) -> None:
        """The one that is registered for it."""
        if not shutil.which("fish"):
            pytest.skip("not installed: fish")
        with Shell("fish", tmp_path, "complete -c printenv -f -a alpha\n") as shell:
            shell.complete("sso-plugin exec -- printenv al", "printenv alpha")
