"""What README.md and docs/ say, compared with what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.exceptions
import botocore.session
import pytest

import sso_plugin
import sso_plugin.config
from sso_plugin.config import Options, SsoProfile
from sso_plugin.emulator import Organization
from sso_plugin.emulator.__main__ import main as emulator_command
from sso_plugin.emulator.control import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
EMULATOR = (ROOT / "docs/emulator.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PAST = "2026-01-31T22:15:00Z"


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class TestStartUpFiles:
    """The README shows all that Python runs by itself."""

    @pytest.mark.parametrize("name", ["sso_plugin.pth", "sso_plugin.start"])
    def test_they_are_shown_as_they_are(self, name: str) -> None:
        """Byte by byte, right after their name."""
        content = (ROOT / name).read_text(encoding="utf-8")
        assert re.search(rf"`{re.escape(name)}`:\n\n```\w*\n{re.escape(content)}```\n", README)


class TestProfileKeys:
    """The tables list the keys that the code reads, and no other."""

    @pytest.mark.parametrize("page", [README, CONFIGURATION], ids=["README", "configuration"])
    def test_the_table_is_complete(self, page: str) -> None:
        """Both ways round; a key of the code is any quoted word that looks like one."""
        source = Path(sso_plugin.config.__file__).read_text(encoding="utf-8")
        read = set(re.findall(r'"(sso_[a-z_]+)"', source)) - {"sso_sessions"}
        assert read == set(re.findall(r"^\| `(sso_\w+)` \|", page, re.MULTILINE))

    @pytest.mark.parametrize("page", [README, CONFIGURATION], ids=["README", "configuration"])
    @pytest.mark.parametrize("option", list(Options.__dataclass_fields__))
    def test_the_default_comes_first(self, page: str, option: str) -> None:
        """And is the one the code has."""
        default = Options.__dataclass_fields__[option].default
        text = str(default).lower().removesuffix(".0")
        assert f"| `sso_{option}` | `{text}`" in page

    def test_the_profile_of_the_readme_is_good(self, world: World) -> None:
        """Whoever copies it has nothing to correct but the values."""
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


def no_network(world: World) -> None:
    world.sign_in()
    host = "portal.sso.eu-central-1.amazonaws.com"
    services = f"[services nowhere]\nsso =\n  endpoint_url = http://127.0.0.1:1/{host}\n"
    world.configure(world.emulator.profile())
    call(world, services + world.emulator.profile(), services="nowhere")


def denied_login(world: World) -> None:
    def deny(prompt: sso_plugin.LoginPrompt) -> None:
        world.emulator.deny(str(prompt.user_code))

    sso_plugin.login("dev", flow="device", show=deny, open_browser=None, sleep=lambda _: None)


PROVOCATIONS: dict[str, list[Callable[[World], None]]] = {
    "LoginRequired": [no_token, expired_token, revoked_token, revoked_refresh_token],
    "NoAccess": [other_role, other_account],
    "ConfigError": [unknown_session, missing_key, wrong_value, contradiction],
    "PortalError": [too_many_requests, no_network],
    "LoginFailed": [denied_login],
}

SECTIONS: dict[str, tuple[str, str]] = {
    name: (told, text)
    for name, told, text in re.findall(
        r"^\*\*`(\w+)`\*\*(.*?)^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
}


class TestErrors:
    """The README quotes the messages that a person meets."""

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
        """Word by word, but for the home directory and the address of a portal without one."""
        if provoke is no_network:
            monkeypatch.delenv("AWS_ENDPOINT_URL_SSO")

        with pytest.raises(getattr(sso_plugin, name)) as caught:
            provoke(world)

        said = str(caught.value).replace(str(world.home), "~")
        assert said.replace("http://127.0.0.1:1/", "https://") in SECTIONS[name][1].splitlines()

    def test_no_other_message_is_quoted(self) -> None:
        """Each of the quoted ones is provoked above."""
        quoted = {name: len(text.splitlines()) for name, (_, text) in SECTIONS.items()}
        assert {name: len(each) for name, each in PROVOCATIONS.items()} == quoted

    def test_the_errors_of_botocore_are_the_right_ones(self) -> None:
        """`except` clauses written for these catch ours; what portals do has a class of its own."""
        for name in ("LoginRequired", "NoAccess", "ConfigError"):
            (bases,) = re.findall(r"^ \(botocore: (.*?)\)", SECTIONS[name][0], re.DOTALL)
            for base in re.findall(r"`(\w+)`", bases):
                ours = getattr(sso_plugin, name)
                assert issubclass(ours, getattr(botocore.exceptions, base)), (name, base)


class TestExamplesInTheDocs:
    """What can be copied from a page works."""

    def test_the_python_of_the_readme_runs(self, world: World) -> None:
        """With the profile that it names."""
        (code,) = [block for block in blocks(README, "python") if "import boto3" in block]
        exec(code, {})  # noqa: S102 - our own page

    def test_the_python_of_the_emulator_runs(
        self, sso_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its own assertion included."""
        # On a botocore without data for `sso`, the example needs ours.
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        sso_plugin.enable()
        (code,) = [block for block in blocks(EMULATOR, "python") if "with Emulator" in block]
        exec(code, {})  # noqa: S102 - our own page

    def test_the_organization_can_be_loaded(self, tmp_path: Path) -> None:
        """All keys at once."""
        (text,) = blocks(EMULATOR, "toml")
        (tmp_path / "org.toml").write_text(text, encoding="utf-8")
        assert Organization.load(tmp_path / "org.toml").first_assignment.user == "alice"


class TestEmulatorPage:
    """The page lists what the emulator has, and no more."""

    def test_the_options_are_those_of_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        """As its help lists them."""
        with pytest.raises(SystemExit):
            emulator_command(["--help"])
        known = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        assert known == set(re.findall(r"^\| `(--[a-z-]+)", EMULATOR, re.MULTILINE))

    def test_the_requests_are_those_of_the_control_interface(self) -> None:
        """Method and path."""
        known = {f"{method} {path}" for method, path, _ in ROUTES}
        assert known == set(re.findall(r"`([A-Z]+ /_emulator/\w+)", EMULATOR))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestEveryPage:
    """What all of them refer to is there."""

    def test_links_lead_somewhere(self, page: Path) -> None:
        """To a file of the repository; other sites are not asked."""
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).exists()] == []

    def test_targets_of_make_exist(self, page: Path) -> None:
        """In a sentence or in a block to be copied."""
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert [name for name in named if f"\n{name}:" not in makefile] == []

    def test_files_that_are_named_exist(self, page: Path) -> None:
        """Tests and modules move; pages are easily forgotten."""
        named = re.findall(r"`((?:tests|sso_plugin|docs)/[\w./]+)`", page.read_text("utf-8"))
        assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_changelog_has_this_version() -> None:
    """Its newest entry is the version of the package."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[([\d.]+)\]", text, re.MULTILINE)[0] == sso_plugin.__version__
