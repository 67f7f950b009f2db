"""README.md and docs/ agree with the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import boto3
import botocore.exceptions
import botocore.session
import pytest
from caches import KEY, token_cache
from quick_login import login

import sso_plugin
import sso_plugin.config.profile
from sso_plugin.cli.app import COMMANDS
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.credentials import token_source
from sso_plugin.credentials.notification import VARIABLES
from sso_plugin.emulator import Fault, LoggedRequest, Organization, Settings
from sso_plugin.emulator.__main__ import main as emulator_command
from sso_plugin.emulator.control.control_routes import ROUTES
from sso_plugin.emulator.state.injected_fault import KINDS
from sso_plugin.emulator.state.operation_names import OPERATIONS
from sso_plugin.storage.keys import OWN_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
COMMAND_PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
EMULATOR = (ROOT / "docs/emulator.md").read_text(encoding="utf-8")
UNATTENDED = (ROOT / "docs/unattended.md").read_text(encoding="utf-8")
PYTHON = (ROOT / "docs/python.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PAST = "2026-01-31T22:15:00Z"


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class TestStartUpFiles:
    """The README shows the files that Python runs when it starts."""

    @pytest.mark.parametrize("name", ["sso_plugin.pth", "sso_plugin.start"])
    def test_the_readme_shows_their_content(self, name: str) -> None:
        """Byte by byte, after their name."""
        content = (ROOT / name).read_text(encoding="utf-8")
        assert re.search(rf"`{re.escape(name)}`:\n\n```\w*\n{re.escape(content)}```\n", README)


class TestProfileKeys:
    """The tables list the keys that the code reads, and no others."""

    @pytest.mark.parametrize("page", [README, CONFIGURATION], ids=["README", "configuration"])
    def test_the_table_is_complete(self, page: str) -> None:
        """A key of the code is any quoted word that starts with ``sso_``."""
        source = Path(sso_plugin.config.profile.__file__).read_text(encoding="utf-8")
        read = set(re.findall(r'"(sso_[a-z_]+)"', source)) - {"sso_sessions"}
        read |= {f"sso_{option}" for option in Options._fields}
        assert read == set(re.findall(r"^\| `(sso_\w+)` \|", page, re.MULTILINE))

    @pytest.mark.parametrize("page", [README, CONFIGURATION], ids=["README", "configuration"])
    @pytest.mark.parametrize("option", Options._fields)
    def test_the_default_comes_first(self, page: str, option: str) -> None:
        """It is the default of `Options`."""
        default = Options._field_defaults[option]
        text = "" if default is None else str(default).lower().removesuffix(".0")
        assert f"| `sso_{option}` | {f'`{text}`' if text else 'none'}" in page

    def test_the_profile_of_the_readme_is_valid(self, world: World) -> None:
        """You copy it and change the values only."""
        (text,) = blocks(README, "ini")
        world.configure(text)
        profile = SsoProfile.of(botocore.session.Session(profile="dev"))
        assert profile
        assert (profile.session_name, profile.role_name) == ("corp", "AdministratorAccess")


def call(world: World, profile: str = "", **changed: str) -> None:
    """Call STS as the profile ``dev``; ``changed`` goes into its text."""
    text = profile or world.emulator.profile()
    for key, value in changed.items():
        text += f"{key} = {value}\n"
    world.configure(text)
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    session.client("sts").get_caller_identity()


def no_token(world: World) -> None:
    call(world)


def expired_token(world: World) -> None:
    world.sign_in(expiresAt=PAST, refreshToken=None)
    call(world)


def revoked_token(world: World) -> None:
    world.sign_in(refreshToken=None)
    world.emulator.revoke("alice")
    call(world)


def revoked_refresh_token(world: World) -> None:
    world.sign_in(expiresAt=PAST)
    world.emulator.revoke("alice")
    call(world)


def other_role(world: World) -> None:
    world.sign_in()
    call(world, world.emulator.profile(role_name="Auditor"))


def other_account(world: World) -> None:
    world.sign_in()
    call(world, world.emulator.profile(account_id="9" * 12, role_name="Auditor"))


def unknown_session(world: World) -> None:
    call(world, "[profile dev]\nsso_session = corp\n")


def missing_key(world: World) -> None:
    call(world, re.sub("sso_role_name.*\n", "", world.emulator.profile()))


def wrong_value(world: World) -> None:
    call(world, sso_refresh="sometimes")


def contradiction(world: World) -> None:
    call(world, sso_region="us-east-1")


def too_many_requests(world: World) -> None:
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=429, message="Rate exceeded")
    call(world)


def locked_token(world: World) -> None:
    world.sign_in(expiresAt=PAST)
    with (
        mock.patch.object(token_source, "RENEWAL_LOCK_TIMEOUT", 0.1),
        token_cache().locked(world.token_file().stem),
    ):
        call(world)


def no_network(world: World) -> None:
    world.sign_in()
    host = "portal.sso.eu-central-1.amazonaws.com"
    services = f"[services nowhere]\nsso =\n  endpoint_url = http://127.0.0.1:1/{host}\n"
    world.configure(world.emulator.profile())
    call(world, services + world.emulator.profile(), services="nowhere")


def no_key(world: World) -> None:
    world.sign_in(expiresAt=PAST)
    call(world, sso_token_cache="sealed", sso_key="env")


def no_store(world: World) -> None:
    with mock.patch.object(token_source, "_STORE_PATIENCE", 0.0):
        call(world, sso_store="redis://127.0.0.1:1")


def unknown_account_name(world: World) -> None:
    world.sign_in()
    call(
        world, world.emulator.profile().replace("account_id = 111111111111", "account_name = prod")
    )


def no_user_to_log_in(world: World) -> None:
    world.sign_in(expiresAt=PAST, refreshToken=None)
    call(world, sso_login="auto")


def log_in(show: Callable[[sso_plugin.LoginPrompt], object]) -> None:
    login("dev", flow="device", show=show, open_browser=None)


def denied_login(world: World) -> None:
    log_in(lambda prompt: world.emulator.deny(str(prompt.user_code)))


def late_login(world: World) -> None:
    log_in(lambda _: world.emulator.clock.advance(3600))


def unresolved_start_url(world: World) -> None:
    url = "http://sso.example.com/"
    world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
    log_in(print)


PROVOCATIONS: dict[str, list[Callable[[World], None]]] = {
    "LoginRequired": [
        no_token,
        expired_token,
        revoked_token,
        revoked_refresh_token,
        no_user_to_log_in,
    ],
    "NoAccess": [other_role, other_account],
    "ConfigError": [
        unknown_session,
        missing_key,
        wrong_value,
        contradiction,
        unknown_account_name,
    ],
    "KeyUnavailable": [no_key],
    "StoreUnavailable": [no_store],
    "PortalError": [too_many_requests, locked_token, no_network],
    "LoginFailed": [denied_login, late_login, unresolved_start_url],
}

SECTIONS: dict[str, tuple[str, str]] = {
    name: (about, text)
    for name, about, text in re.findall(
        r"^\*\*`(\w+)`\*\*(.*?)^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
}


class TestErrors:
    """The README quotes the messages that users see."""

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize(
        ("name", "provoke"),
        [(name, provoke) for name, each in PROVOCATIONS.items() for provoke in each],
    )
    def test_the_message_is_quoted(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        provoke: Callable[[World], None],
    ) -> None:
        """Word by word, except for the home directory, the process id and the endpoint."""
        monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
        monkeypatch.delenv("BROWSER", raising=False)
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
        if provoke is no_network:
            monkeypatch.delenv("AWS_ENDPOINT_URL_SSO")

        with pytest.raises(getattr(sso_plugin, name)) as caught:
            provoke(world)

        message = str(caught.value).replace(str(world.home), "~")
        message = message.replace(f"(process {os.getpid()})", "(process 4711)")
        # Messages name an endpoint only if it is not that of AWS.
        message = message.replace("redis://127.0.0.1:1 ", "rediss://cache.corp:6379 ")
        message = re.sub(r", at http://127\.0\.0\.1:[^)]*\)", ")", message)
        assert message.replace("http://127.0.0.1:1/", "https://") in SECTIONS[name][1].splitlines()

    def test_no_other_message_is_quoted(self) -> None:
        """The tests above raise each error that is quoted."""
        quoted = {name: len(text.splitlines()) for name, (_, text) in SECTIONS.items()}
        assert {name: len(each) for name, each in PROVOCATIONS.items()} == quoted

    def test_each_error_is_also_the_botocore_error_that_the_readme_names(self) -> None:
        """So an `except` clause for botocore's error catches ours."""
        for name in ("LoginRequired", "NoAccess", "ConfigError", "KeyUnavailable", "LoginFailed"):
            (bases,) = re.findall(r"^ \(botocore: (.*?)\)", SECTIONS[name][0], re.DOTALL)
            for base in re.findall(r"`(\w+)`", bases):
                ours = getattr(sso_plugin, name)
                assert issubclass(ours, getattr(botocore.exceptions, base)), (name, base)


class TestOutput:
    """The pages show real output."""

    @pytest.mark.long
    def test_the_output_in_the_pages_is_current(self) -> None:
        """Run each command and each example; `docs/generate.py` updates the pages."""
        done = subprocess.run(
            [sys.executable, ROOT / "docs/generate.py", "--check"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)

    def test_every_command_is_described(self) -> None:
        """With a section and its help."""
        sections = re.findall(r"^## sso-plugin (\S+)$", COMMAND_PAGE, re.MULTILINE)
        helped = re.findall(r"^\$ sso-plugin (\S+) --help$", COMMAND_PAGE, re.MULTILINE)
        assert set(COMMANDS) == set(sections) == set(helped)

    def test_every_public_name_is_described(self) -> None:
        """Errors in a table, functions and classes in the reference."""
        named = re.findall(r"^(?:### |\| )`(\w+)`", PYTHON, re.MULTILINE)
        assert set(sso_plugin.__all__) - {"SsoPluginError"} == set(named)


class TestFiles:
    """The page about configuration lists every kind of file in our own folder."""

    def test_every_kind_of_file_is_listed(self) -> None:
        """`storage.keys` has the beginnings of their names."""
        listed = re.findall(r"^\| `([a-z]+)-<", CONFIGURATION, re.MULTILINE)
        assert sorted(listed) == sorted(OWN_KINDS)


class TestExamplesInTheDocs:
    """You can copy an example from a page, and it works."""

    @pytest.mark.long
    def test_the_python_of_the_readme_runs(self, world: World) -> None:
        """With the profile that it names."""
        for code in blocks(README, "python"):
            # So that no login is needed.
            world.sign_in()
            exec(code, {})  # noqa: S102 - our own page

    def test_the_python_of_the_emulator_runs(
        self, sso_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With its assertions."""
        # A botocore without data for `sso` needs ours for this example.
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        sso_plugin.enable()
        for code in [block for block in blocks(EMULATOR, "python") if "with Emulator" in block]:
            exec(code, {})  # noqa: S102 - our own page

    def test_the_organization_can_be_loaded(self, tmp_path: Path) -> None:
        """The example has all keys."""
        (text,) = blocks(EMULATOR, "toml")
        (tmp_path / "org.toml").write_text(text, encoding="utf-8")
        organization = Organization.load(tmp_path / "org.toml")
        assert organization.first_assignment.user == "alice"
        assert [each.path for each in organization.vanity_urls] == ["/vanity"]


class TestUnattendedPage:
    """What the page says about ``sso_notify``, and its examples."""

    def test_the_variables_are_those_of_the_command(self) -> None:
        """No other, and each once."""
        listed = re.findall(r"^\| `(SSO_PLUGIN_\w+)` \|", UNATTENDED, re.MULTILINE)
        assert sorted(listed) == sorted(VARIABLES)
        assert set(re.findall(r"\bSSO_PLUGIN_\w+", UNATTENDED)) == set(VARIABLES)

    def test_its_settings_are_valid(self, world: World) -> None:
        """They can be added to a profile."""
        keys = [text for text in blocks(UNATTENDED, "ini") if text.startswith("sso_")]
        assert len(keys) > 1
        for text in keys:
            world.configure(world.emulator.profile() + text)
            assert SsoProfile.of(botocore.session.Session(profile="dev"))

    def test_its_python_runs(self) -> None:
        """The callback is removed at its end."""
        for code in blocks(UNATTENDED, "python"):
            exec(code, {})  # noqa: S102 - our own page

    @pytest.mark.skipif(not Path("/bin/sh").exists(), reason="there is no shell")
    def test_its_scripts_send_the_message_by_a_pipe(self, tmp_path: Path) -> None:
        """Other users can see the arguments of curl, and so the code in them."""
        (tmp_path / "curl").write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/args\ncat > {tmp_path}/in'
        )
        (tmp_path / "jq").write_text("#!/bin/sh\ncat")
        for name in ("curl", "jq"):
            (tmp_path / name).chmod(0o700)
        scripts = [text for text in blocks(UNATTENDED, "sh") if text.startswith("#!/bin/sh")]
        assert len(scripts) > 1
        message = {"SSO_PLUGIN_MESSAGE": "approve ABCD-EFGH", "PATH": f"{tmp_path}:/usr/bin:/bin"}
        for script in scripts:
            subprocess.run(["/bin/sh", "-c", script], env={**os.environ, **message}, check=True)
            assert (tmp_path / "in").read_text() == "approve ABCD-EFGH\n"
            assert "ABCD" not in (tmp_path / "args").read_text()
            (tmp_path / "in").unlink()


class TestEmulatorPage:
    """The page lists everything that the emulator has, and nothing else."""

    def test_the_options_are_those_of_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Its help lists the same."""
        with pytest.raises(SystemExit):
            emulator_command(["--help"])
        known = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        assert known == set(re.findall(r"^\| `(--[a-z-]+)", EMULATOR, re.MULTILINE))

    def test_the_requests_are_those_of_the_control_interface(self) -> None:
        """Method and path."""
        known = {f"{method} {path}" for method, path, _ in ROUTES}
        assert known == set(re.findall(r"`([A-Z]+ /_emulator/\w+)", EMULATOR))

    def test_every_name_is_listed(self) -> None:
        """Operations, kinds of faults, and the fields of settings, faults and the log."""
        parts = [field.name for kind in (Settings, Fault, LoggedRequest) for field in fields(kind)]
        names = {*OPERATIONS, *KINDS, *parts}
        assert {name for name in names if f"`{name}`" not in EMULATOR} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestEveryPage:
    """Everything that a page refers to exists."""

    def test_links_lead_to_files_of_the_repository(self, page: Path) -> None:
        """Links to other sites are not checked."""
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).exists()] == []

    def test_targets_of_make_exist(self, page: Path) -> None:
        """In sentences and in code blocks."""
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert [name for name in named if f"\n{name}:" not in makefile] == []

    def test_files_that_are_named_exist(self, page: Path) -> None:
        """Pages are updated when tests and modules move."""
        named = re.findall(r"`((?:tests|sso_plugin|docs)/[\w./]+)`", page.read_text("utf-8"))
        assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_changelog_has_this_version() -> None:
    """The newest entry is the version of the package."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[([\d.]+)\]", text, re.MULTILINE)[0] == sso_plugin.__version__
