"""The doctor: what is wrong is found, and what it says mends it."""

from __future__ import annotations

import configparser
import json
import os
import re
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.credentials
import pytest

import sso_plugin
from sso_plugin.cli import main
from sso_plugin.commands.doctor import Finding, diagnose
from sso_plugin.commands.doctor.network import look_at_network
from sso_plugin.commands.doctor.versions import look_at_versions
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _live(world: World) -> None:
    """Have the plugin in every session, and somebody signed in."""
    sso_plugin.enable()
    world.sign_in()
    for path in (world.token_file(), world.token_file().parent):
        path.chmod(0o700 if path.is_dir() else 0o600)


def found(profile: str | None = "dev") -> dict[str, list[Finding]]:
    """Return all findings by what they are about."""
    findings: dict[str, list[Finding]] = {}
    for each in diagnose(profile):
        findings.setdefault(each.check, []).append(each)
    return findings


def bad(profile: str | None = "dev") -> list[tuple[str, str, str]]:
    """Return what is not as it should be, besides the hook."""
    return [
        (each.status, each.message, each.mend)
        for each in diagnose(profile)
        if each.status != "ok" and each.check != "hook"
    ]


def test_where_all_is_well_all_is_ok(world: World) -> None:
    """Every thing is looked at, and each finding says what it saw."""
    sso_plugin.enable()
    findings = found()
    assert bad() == []
    assert list(findings) == [
        "versions", "hook", "config", "provider", "files", "network", "clock", "role",
    ]  # fmt: skip
    assert findings["config"][0].message == (
        f'The profile "dev" is complete in {world.config_file}.'
    )
    assert findings["provider"][0].message == (
        'The profile "dev" is served by sso_plugin: its sso_ keys come first.'
    )
    assert f"The token in {world.token_file()} is valid until " in findings["files"][0].message
    assert "No role credentials are at hand" in findings["files"][1].message
    assert f"The portal at {world.emulator.url} answers in" in findings["network"][0].message
    assert f"The OIDC service at {world.emulator.url} answers in" in findings["network"][1].message
    assert findings["role"][0].message.startswith(
        "Identity Center gives credentials for the role AdministratorAccess in the account "
        "111111111111, valid until "
    )


@pytest.mark.parametrize("expired", [True, False])
def test_nothing_is_changed_by_looking(world: World, *, expired: bool) -> None:
    """Not a file, and no token is renewed."""
    changes = {"expiresAt": "2020-01-01T00:00:00Z"} if expired else {}
    world.emulator.settings.date_offset = 400
    world.sign_in(**changes)
    world.token_file().chmod(0o600)
    before = sorted((path, path.stat().st_mtime_ns) for path in world.home.rglob("*"))
    findings = found()
    assert len(findings["role"]) == 1
    assert sorted((path, path.stat().st_mtime_ns) for path in world.home.rglob("*")) == before
    assert world.count("CreateToken") == 0


@pytest.mark.parametrize("how", [["--profile", "dev"], ["--profile", "dev", "--json"]])
def test_no_secret_is_shown(
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: list[str],
) -> None:
    """Neither of the files nor of the environment, nor the password of a proxy."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASECRETSECRET")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hushhushhush")
    monkeypatch.setenv("http_proxy", "http://user:hushhushhush@127.0.0.1:9")
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY")
    assert main(["doctor", *how]) == 1
    captured = capsys.readouterr()
    text = captured.out + captured.err
    token = json.loads(world.token_file().read_text())
    for secret in ("AKIASECRET", "hushhush", token["accessToken"], token["refreshToken"]):
        assert secret not in text
    assert "Check HTTPS_PROXY, or add 127.0.0.1 to NO_PROXY." in text


def test_the_exit_code_tells_a_program(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """0 without a problem, 1 with one; JSON has the findings."""
    main(["doctor", "--profile", "dev", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"] == all(each["status"] != "problem" for each in document["findings"])
    world.token_file().unlink()
    assert main(["doctor", "--profile", "dev"]) == 1
    out = capsys.readouterr().out
    assert f"problem  files     There is no token: {world.token_file()} does not exist.\n" in out
    assert "         mend:     sso-plugin login --profile dev\n" in out


def replace_token(world: World, **changes: Any) -> None:
    world.sign_in(**changes)
    world.token_file().chmod(0o600)


def pipe(world: World) -> None:
    world.token_file().unlink()
    os.mkfifo(world.token_file())


FILES: dict[str, tuple[Callable[[World], object], str, str, str]] = {
    "missing": (
        lambda world: world.token_file().unlink(),
        "problem",
        "There is no token: {token} does not exist.",
        "sso-plugin login --profile dev",
    ),
    "expired": (
        lambda world: replace_token(world, expiresAt="2020-01-01T00:00:00Z", refreshToken=None),
        "problem",
        "The token in {token} expired at 2020-01-01T00:00:00Z, for good.",
        "sso-plugin login --profile dev",
    ),
    "damaged": (
        lambda world: world.token_file().write_text('{"accessTok'),
        "problem",
        "{token} is damaged: it is not a JSON object.",
        "rm {token}; sso-plugin login --profile dev",
    ),
    "without a token": (
        lambda world: world.token_file().write_text("{}"),
        "problem",
        "{token} holds no token that can be understood.",
        "sso-plugin login --profile dev",
    ),
    "a pipe": (
        pipe,
        "problem",
        "{token} is no regular file, and is not read.",
        "rm {token}; sso-plugin login --profile dev",
    ),
    "written by others": (
        lambda world: world.token_file().chmod(0o666),
        "problem",
        "{token} is not trusted: other users can write it.",
        "chmod 600 {token}",
    ),
    "open to others": (
        lambda world: world.token_file().chmod(0o644),
        "problem",
        "Others can read {token} (mode 0644).",
        "chmod 600 {token}",
    ),
    "in an open folder": (
        lambda world: world.token_file().parent.chmod(0o755),
        "warning",
        "Others can look into {folder} (mode 0755).",
        "chmod 700 {folder}",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_token_file_that_is_not_right_is_found(world: World, case: str) -> None:
    """And its mend does mend it, or is the login."""
    act, status, message, mend = FILES[case]
    act(world)
    names = {"token": world.token_file(), "folder": world.token_file().parent}
    assert bad() == [(status, message.format(**names), mend.format(**names))]
    if mend.startswith("chmod"):
        subprocess.run(["/bin/sh", "-c", mend.format(**names)], check=True)
        assert bad() == []


def test_a_link_to_a_token_is_no_fault(world: World) -> None:
    """It is followed."""
    world.token_file().rename(world.home / "elsewhere")
    world.token_file().symlink_to(world.home / "elsewhere")
    assert bad() == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_a_token_of_another_user_is_found(world: World) -> None:
    """As after a sudo."""
    os.chown(world.token_file(), 12, 12)
    [(status, message, _)] = bad()
    assert (status, message) == ("problem", f"{world.token_file()} belongs to another user (12).")


def test_role_credentials_are_looked_at(world: World) -> None:
    """Present and alive, or damaged."""
    sso_plugin.enable()
    import boto3

    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    [file] = world.role_files()
    assert f"The role credentials in {file} are valid until" in found()["files"][1].message
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("[]")
    assert bad() == [("problem", f"{file} is damaged: it is not a JSON object.", f"rm {file}")]


UNSET = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


def test_keys_in_the_environment_win_over_a_profile_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap of traps: AWS_PROFILE is set, and is not used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_PROFILE", "dev")
    message = 'The profile "dev" is not used: AWS_ACCESS_KEY_ID in the environment wins over it.'
    assert bad(None) == [("problem", message, UNSET)]
    [(status, message, mend)] = bad("dev")
    assert (status, mend) == ("warning", UNSET)
    assert message.startswith("AWS_ACCESS_KEY_ID is set: it wins wherever the profile comes from ")


def test_an_empty_key_in_the_environment_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As botocore takes it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_PROFILE", "dev")
    assert bad(None) == []
    monkeypatch.setenv("SSO_PLUGIN", "off")
    import botocore.session

    credentials: Any = botocore.session.Session().get_credentials()
    assert credentials.method == "sso"


def test_a_key_that_differs_from_its_session_is_told_of(world: World) -> None:
    """We let the profile win; the AWS CLI refuses it."""
    profile = world.emulator.profile()
    world.configure(profile.replace("[sso-session corp]", "[sso-session corp]\nsso_login = auto"))
    assert not bad()
    config = world.config_file.read_text().replace(
        "[profile dev]", "[profile dev]\nsso_login = never"
    )
    world.configure(config)
    message = (
        "sso_login is never in the profile and auto in its sso-session: the AWS CLI, and botocore "
        "without sso_plugin, refuse that."
    )
    assert bad() == [("warning", message, "Remove sso_login from one of them.")]


def test_keys_in_the_shared_file_are_told_of(world: World) -> None:
    """boto3 does not use them, others do."""
    shared = world.home / ".aws" / "credentials"
    shared.write_text("[dev]\naws_access_key_id = AKIA\naws_secret_access_key = x\n")
    message = (
        f'{shared} has keys for the profile "dev" too: boto3 takes SSO, other SDKs take the keys.'
    )
    assert bad() == [("warning", message, f"Remove the section [dev] from {shared}.")]


@pytest.mark.parametrize("place", ["[profile dev]\n", "[sso-session corp]\n"])
def test_a_profile_that_is_off_is_told_of(world: World, place: str) -> None:
    """With the line to remove."""
    world.configure(world.emulator.profile().replace(place, f"{place}sso_plugin = off\n"))
    assert bad() == [
        (
            "warning",
            'The profile "dev" is served by botocore: it says so.',
            "Remove sso_plugin = off from the profile, or from its sso-session.",
        )
    ]


@pytest.mark.parametrize(
    ("text", "served_by"),
    [
        ("region = x\n", "nothing but the machine itself, if that has a role"),
        ("credential_process = x\n", "a program (credential_process)"),
        ("aws_access_key_id = x\n", "the keys in the config file"),
        ("role_arn = x\ncredential_source = Environment\n", "an assumed role (role_arn)"),
        ("role_arn = x\nweb_identity_token_file = y\n", "a web identity (web_identity_token_file)"),
        pytest.param(
            "login_session = x\n",
            "aws login (login_session)",
            marks=pytest.mark.skipif(
                not hasattr(botocore.credentials, "LoginProvider"), reason="botocore is older"
            ),
        ),
    ],
)
def test_a_profile_without_sso_is_told_what_serves_it(
    world: World, text: str, served_by: str
) -> None:
    """It is no problem, but perhaps not what was meant."""
    world.configure(f"{world.emulator.profile()}\n[profile other]\n{text}")
    statuses = [(status, message) for status, message, _ in bad("other")]
    assert statuses == [
        (
            "warning",
            f'The profile "other" names no role of Identity Center; it is served by {served_by}.',
        )
    ]


def test_a_role_chain_leads_to_its_source(world: World) -> None:
    """With the command for it."""
    chain = "\n[profile chain]\nrole_arn = x\nsource_profile = dev\n"
    world.configure(world.emulator.profile() + chain)
    assert found("chain")["provider"][0].message == (
        'The profile "chain" assumes a role with the profile "dev": look at that one with '
        "sso-plugin doctor --profile dev"
    )


def test_an_incomplete_profile_is_told_what_it_lacks(world: World) -> None:
    """In the words of the error that a script would get."""
    world.configure(re.sub("sso_role_name.*", "", world.emulator.profile()))
    [(status, message, mend)] = bad()
    assert status == "problem"
    assert "is missing required configuration: sso_role_name" in message
    assert mend == f"Edit {world.config_file}."


def test_a_profile_that_does_not_exist_is_told_the_others(world: World) -> None:
    """A slip of the finger, most likely."""
    assert bad("deb") == [
        (
            "problem",
            f'There is no profile "deb" in {world.config_file}.',
            "Choose one of: dev.",
        )
    ]


def test_a_config_file_that_cannot_be_read_is_a_problem(world: World) -> None:
    """With the line, and nothing else is guessed at."""
    world.configure("[profile a]\n[profile a]\n")
    [(status, message, _)] = bad()
    assert status == "problem"
    assert "line 2 repeats the section [profile a]" in message


def test_it_works_without_any_profile(world: World) -> None:
    """Before anything is set up, it says how to begin."""
    world.config_file.unlink()
    messages = [message for _, message, _ in bad(None)]
    assert messages == [
        f"There is no config file {world.config_file}.",
        'The profile "default" names no role of Identity Center; it is served by nothing but the '
        "machine itself, if that has a role.",
    ]


def test_the_only_login_is_looked_at_without_a_profile(world: World) -> None:
    """There is no doubt which is meant."""
    assert any(str(world.token_file()) in each.message for each in found(None)["files"])


def test_a_portal_that_is_not_there_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the address, the reason and what to check."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    [(status, message, mend)] = bad()
    assert status == "problem"
    assert message.startswith("The portal at http://127.0.0.1:9 cannot be reached: ")
    assert mend == ("Check sso_region and the network; where a proxy is needed, set HTTPS_PROXY.")


@pytest.mark.parametrize(
    ("offset", "status", "words"),
    [
        (0.0, "ok", "agrees with"),
        (90.0, "warning", "is 90 seconds ahead of the portal's; sso_plugin allows for it"),
        (-1000.0, "problem", "behind the portal's: AWS may refuse what it signs."),
    ],
)
def test_a_clock_that_is_wrong_is_found(
    world: World, offset: float, status: str, words: str
) -> None:
    """By the Date header of any answer."""
    import time

    login = ConfiguredLogin.find("dev")
    clock = list(look_at_network(login, lambda: time.time() + offset))[-1]
    assert (clock.check, clock.status) == ("clock", status)
    assert words in clock.message.replace("is 91 ", "is 90 ").replace("is 89 ", "is 90 ")


def test_old_and_missing_packages_are_found() -> None:
    """With the command for this very Python."""

    def version_of(name: str) -> str:
        if name == "wrapt":
            raise metadata.PackageNotFoundError(name)
        return "1.30.9" if name == "botocore" else "99"

    findings = [(each.message, each.mend) for each in look_at_versions(version_of)]
    install = f"{sys.executable} -m pip install"
    assert findings[:2] == [
        ("botocore 1.30.9 is too old; 1.31 is the oldest.", f"{install} 'botocore>=1.31'"),
        (f"wrapt is not installed in {sys.prefix}.", f"{install} 'wrapt>=1.17'"),
    ]


def test_the_oldest_versions_are_those_of_the_package() -> None:
    """Written in two places, and the same in both."""
    from sso_plugin.commands.doctor.versions import _LEAST

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    requires = [line for line in setup["options"]["install_requires"].split("\n") if ">=" in line]
    assert sorted(requires) == sorted(
        f"{name}>={'.'.join(map(str, least))}" for name, least in _LEAST.items()
    )


HOOK = """\
import json
from sso_plugin.commands.doctor.hook import look_at_hook
print(json.dumps([[each.status, each.message, each.mend] for each in look_at_hook()]))
"""


def hook(*flags: str, before: str = "", **environment: str) -> list[str]:
    """Return what a fresh interpreter finds of its hook."""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, *flags, "-c", path + before + HOOK],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    [finding] = json.loads(done.stdout)
    return [str(each) for each in finding]


def test_a_hook_that_is_switched_off_is_told_of() -> None:
    """The variable does it, so the variable mends it."""
    assert hook(SSO_PLUGIN="Off") == [
        "warning",
        "The plugin is switched off: SSO_PLUGIN is Off.",
        "unset SSO_PLUGIN",
    ]


def test_a_python_without_start_up_files_is_told_of() -> None:
    """As some build tools start it."""
    status, message, _ = hook("-S")
    assert status == "problem"
    assert message == "This Python was started with -S, and so without start-up files."


@pytest.mark.parametrize("content", ["live", "dead", "absent"])
def test_a_hook_is_seen_at_work(tmp_path: Path, content: str) -> None:
    """A start-up file in a site directory of a real interpreter: run, not run, not there."""
    if content != "absent":
        text = (ROOT / "sso_plugin.pth").read_text() if content == "live" else "# nothing\n"
        (tmp_path / "sso_plugin.pth").write_text(text)
    folder = repr(str(tmp_path))
    before = (
        f"import site; site.getsitepackages = lambda: [{folder}]; site.ENABLE_USER_SITE = False\n"
        "import sso_plugin; sso_plugin.disable(); sys.modules.pop('botocore.session', None)\n"
        f"site.addsitedir({folder})\n"
    )
    status, message, _ = hook(before=before)
    expected = {
        "live": ("ok", "has run."),
        "dead": ("problem", "is there, but has not run"),
        "absent": ("problem", "Unchanged scripts are not served"),
    }[content]
    assert (status, expected[1] in message) == (expected[0], True)
