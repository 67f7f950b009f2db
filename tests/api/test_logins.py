"""Logout and status: what is revoked and deleted, and what is told."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from quicklogin import login

import sso_plugin
from sso_plugin import ConfigError, Status
from sso_plugin.cli import main
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage.keys import registration_key

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def files(world: World) -> list[str]:
    folders = [world.home / ".aws/sso/cache", world.home / ".aws/cli/cache"]
    return sorted(file.name for folder in folders for file in folder.glob("*.json"))


def use(profile: str) -> None:
    sso_plugin.enable()
    boto3.Session(profile_name=profile).client("sts").get_caller_identity()


def token_in(world: World, name: str) -> str:
    return str(json.loads(world.token_file(name).read_text())["accessToken"])


def is_revoked(world: World, token: str) -> bool:
    return world.emulator.state.tokens.find(token) is None


def log_in_at(world: World) -> None:
    """Log in by the start URL alone."""
    log_in(world, None, start_url=world.emulator.start_url, sso_region=world.emulator.region)


def log_in(world: World, profile: str | None = "dev", **named: Any) -> None:
    login(
        profile,
        **named,
        flow="device",
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )


def test_a_logout_leaves_nothing(world: World) -> None:
    """Token, registration and role credentials are gone, and the portal takes the token no more."""
    log_in(world)
    use("dev")
    token = json.loads(world.token_file().read_text())["accessToken"]
    assert len(files(world)) == 3
    assert sso_plugin.logout("dev") == {"corp": True}
    assert files(world) == []
    sso = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=token)


def test_a_logout_ends_one_session_only(world: World) -> None:
    """The other stays logged in (aws/aws-cli#10258), and its role credentials stay."""
    world.configure(world.emulator.profile() + world.emulator.profile("two", session_name="second"))
    world.sign_in()
    world.sign_in("alice", "second")
    use("dev")
    use("two")
    sso_plugin.logout("dev")
    assert not world.token_file("corp").exists()
    assert world.token_file("second").exists()
    assert len(world.role_files()) == 1


def test_role_credentials_of_a_profile_that_is_gone_are_deleted_too(world: World) -> None:
    """They came from this login, whatever the config says today."""
    world.configure(
        world.emulator.profile()
        + world.emulator.profile("gone")
        .split("\n\n", 1)[1]
        .replace("AdministratorAccess", "ReadOnlyAccess")
    )
    world.sign_in()
    use("gone")
    world.configure(world.emulator.profile())
    assert len(world.role_files()) == 1
    sso_plugin.logout("dev")
    assert world.role_files() == []


def test_role_credentials_of_the_aws_cli_are_deleted_too(world: World) -> None:
    """They are named after the same profile."""
    world.sign_in()
    use("dev")
    for file in (world.home / ".aws/sso-plugin").glob("roles-*"):
        file.unlink()
    sso_plugin.logout("dev")
    assert world.role_files() == []


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("line", ["", "sso_refresh = sometimes\n", "sso_region = us-east-1\n"])
def test_role_credentials_of_a_broken_profile_are_deleted_too(
    world: World, line: str, *, legacy: bool
) -> None:
    """They may be of another program, or of a time when it was complete."""
    text = world.emulator.profile(legacy=legacy)
    world.configure(text)
    name = world.emulator.start_url if legacy else "corp"
    world.sign_in(name=name)
    use("dev")
    for file in (world.home / ".aws/sso-plugin").glob("roles-*"):
        file.unlink()
    world.configure(text.replace("sso_region", "sso_reg") + line if legacy else text + line)
    with contextlib.suppress(ConfigError):
        sso_plugin.logout(all_sessions=True)
    assert files(world) == []


def test_all_sessions_are_ended_at_once(world: World) -> None:
    """Each sso-session and each start URL of a legacy profile."""
    legacy = world.emulator.profile("old", legacy=True)
    world.configure(world.emulator.profile() + legacy)
    world.sign_in()
    world.sign_in(name=world.emulator.start_url)
    assert sso_plugin.logout(all_sessions=True) == {"corp": True, world.emulator.start_url: True}
    assert files(world) == []


def test_a_login_by_start_url_is_ended_with_all_others(world: World) -> None:
    """No profile names it. The file of its token, and our index, do."""
    url = world.emulator.start_url
    log_in_at(world)
    world.sign_in()
    token = token_in(world, url)
    assert sso_plugin.logout(all_sessions=True) == {"corp": True, url: True}
    assert is_revoked(world, token)
    assert files(world) == []


def test_a_login_that_is_not_in_the_config_any_more_is_ended_too(world: World) -> None:
    """Its token is one that we have used; it says where it can be revoked."""
    log_in(world)
    use("dev")
    token = token_in(world, "corp")
    world.configure("")
    (name,) = sso_plugin.logout(all_sessions=True)
    assert name == world.emulator.start_url
    assert is_revoked(world, token)
    assert not world.token_file().exists()
    assert world.role_files() == []


@pytest.mark.parametrize("name", ["of another tool", "https://view.awsapps.com/start"])
def test_files_of_others_stay(world: World, name: str) -> None:
    """Other tools keep other tokens in the same folder, some of them under their start URL."""
    world.sign_in()
    other = world.sign_in("alice", name, startUrl=name)
    sso_plugin.logout(all_sessions=True)
    assert world.token_file(name).exists()
    assert not is_revoked(world, str(other.cached()["accessToken"]))


@pytest.mark.parametrize("name", ["of another tool", "https://view.awsapps.com/start"])
def test_an_index_does_not_make_a_token_of_others_ours(world: World, name: str) -> None:
    """Where our index has the name of a file but not the token in it, the file stays."""
    world.sign_in()
    other = world.sign_in("alice", "other", startUrl=name)
    index = world.home / ".aws/sso-plugin" / f"roles-{world.token_file('other').stem}.json"
    index.parent.mkdir()
    index.write_text('{"login": "x", "tokens": [], "keys": []}')
    index.with_name("roles-..json").write_text("{}")
    assert sso_plugin.logout(all_sessions=True) == {"corp": True}
    assert not is_revoked(world, str(other.cached()["accessToken"]))


BROKEN = {
    "an sso-session without a region": (
        "[sso-session broken]\nsso_start_url = {url}\n",
        "broken",
        'The sso-session "broken" is configured to use SSO but is missing required configuration: '
        'sso_region. Add it to the sso-session "broken" in {file}.',
    ),
    "an empty sso-session": ("[sso-session broken]\n", "broken", "sso_start_url, sso_region"),
    "a legacy profile without a region": (
        "[profile broken]\nsso_start_url = {url}\n",
        "{url}",
        'The profile "broken" is configured to use SSO but is missing required configuration: '
        'sso_region. Add it to the profile "broken" in {file}.',
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_section_is_reported_after_all_logins_are_ended(world: World, case: str) -> None:
    """It keeps neither the others alive nor its own token, whose file has its name."""
    section, name, fault = (
        text.replace("{url}", world.emulator.start_url) for text in BROKEN[case]
    )
    world.configure(section + world.emulator.profile())
    world.sign_in()
    world.sign_in(name=name)
    tokens = [token_in(world, "corp"), token_in(world, name)]
    ended: list[tuple[str, bool]] = []
    with pytest.raises(ConfigError) as caught:
        sso_plugin.logout(all_sessions=True, progress=lambda *each: ended.append(each))
    assert sorted(ended) == sorted([(name, True), ("corp", True)])
    assert [is_revoked(world, token) for token in tokens] == [True, True]
    assert files(world) == []
    assert str(caught.value).startswith(
        "All other logins are ended, but the config file has sections that are not complete. The "
    )
    assert fault.replace("{file}", str(world.config_file)) in str(caught.value)


def test_a_broken_section_whose_token_names_no_region_leaves_no_file(world: World) -> None:
    """It cannot be revoked, but it can be deleted."""
    world.configure("[sso-session broken]\n")
    world.sign_in(name="broken", region="\x1b")
    with pytest.raises(ConfigError, match="not complete"):
        sso_plugin.logout(all_sessions=True)
    assert files(world) == []


@pytest.mark.parametrize(
    "lines",
    [
        "sso_account_id = 111111111111\n",
        "sso_role_name = x\n",
        "sso_refresh = sometimes\n",
    ],
)
def test_half_a_role_in_a_legacy_profile_does_not_matter(world: World, lines: str) -> None:
    """Its login is complete."""
    url = world.emulator.start_url
    world.configure(f"[profile old]\nsso_start_url = {url}\nsso_region = eu-central-1\n{lines}")
    world.sign_in(name=url)
    assert sso_plugin.logout(all_sessions=True) == {url: True}
    assert files(world) == []


def test_the_command_reports_broken_sections_at_the_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 1: the config file needs a look."""
    world.configure("[sso-session broken]\n" + world.emulator.profile())
    world.sign_in()
    assert main(["logout", "--all"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "Logged out of corp: the token was revoked."
    assert second.startswith("sso-plugin: All other logins are ended, but")


@pytest.mark.parametrize("all_sessions", [True, False])
def test_a_client_that_cannot_be_made_keeps_no_file(
    world: World, monkeypatch: pytest.MonkeyPatch, *, all_sessions: bool
) -> None:
    """Such as for an endpoint that is no URL: the portal is not told, and the files are deleted."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "https://[x/")
    profile = None if all_sessions else "dev"
    assert sso_plugin.logout(profile, all_sessions=all_sessions) == {"corp": False}
    assert files(world) == []


def test_a_portal_that_does_not_answer_keeps_nothing_alive(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The files are deleted all the same, and the person can see that the portal was not told."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    world.sign_in()
    assert sso_plugin.logout("dev") == {"corp": False}
    assert files(world) == []
    assert [record.levelno for record in caplog.records if "sso_plugin" in record.name] == [
        logging.WARNING
    ]


def test_logging_out_twice_is_no_error(world: World) -> None:
    """There is nothing to revoke and nothing to delete."""
    world.sign_in()
    sso_plugin.logout("dev")
    assert sso_plugin.logout("dev") == {"corp": False}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "usable"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "renewable"),
        ({"expiresAt": "2020-01-01T00:00:00Z", "refreshToken": None}, "login needed"),
        (
            {
                "expiresAt": "2020-01-01T00:00:00Z",
                "registrationExpiresAt": "2020-01-01T00:00:00Z",
            },
            "login needed",
        ),
    ],
)
def test_the_status_tells_what_the_file_says(
    world: World, changes: dict[str, Any], state: str
) -> None:
    """Without asking anybody."""
    signed_in = world.sign_in(**changes)
    found = sso_plugin.status("dev")
    assert found.state == state
    assert (found.renewable_until is not None) == (
        "refreshToken" not in changes and state != "login needed"
    )
    assert len(world.emulator.requests) == 0
    if not changes:
        assert found == Status(
            subject='The profile "dev"',
            start_url=world.emulator.start_url,
            region=world.emulator.region,
            session_name="corp",
            state="usable",
            expires_at=float(int(signed_in.expires_at)),
            renewable_until=float(int(signed_in.registration_expires_at)),
            token_file=str(world.token_file()),
            login_command="sso-plugin login --profile dev",
        )


def test_the_status_without_a_token(world: World) -> None:
    """Nothing is known, and a login is needed."""
    found = sso_plugin.status(sso_session="corp")
    assert (found.state, found.expires_at, found.renewable_until) == ("login needed", None, None)
    assert found.login_command == "sso-plugin login --sso-session corp"


def test_a_broken_profile_does_not_keep_others_from_logging_out(
    world: World, tmp_path: Path
) -> None:
    """It is passed over."""
    world.configure(world.emulator.profile() + "[profile broken]\nsso_session = gone\n")
    world.sign_in()
    assert sso_plugin.logout(all_sessions=True) == {"corp": True}


def secrets_in(world: World) -> dict[str, list[str]]:
    """Return the files below ``.aws`` that hold a secret, and the names of the secrets."""
    found = {}
    for file in (world.home / ".aws").rglob("*"):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        names = ("accessToken", "refreshToken", "clientSecret", "SecretAccessKey", "SessionToken")
        held = [name for name in names if name in text]
        if held:
            found[str(file.relative_to(world.home / ".aws"))] = held
    return found


KILLED = """
import os, signal, sys
from pathlib import Path
def stop(path, target, *, dst_dir_fd=None, **more):
    place = target if dst_dir_fd is None else os.readlink(f"/proc/self/fd/{{dst_dir_fd}}")
    if {folder!r} in str(place):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target, dst_dir_fd=dst_dir_fd, **more)
replace, os.replace = os.replace, stop
"""
USE = """
import boto3, sso_plugin
sso_plugin.enable()
boto3.Session(profile_name="dev").client("sts").get_caller_identity()
"""
REGISTER = """
from sso_plugin.storage.file_cache import token_cache
token_cache().put({key!r}, {{"clientId": "id", "clientSecret": "hush", "expiresAt": "2099"}})
"""


@pytest.mark.skipif(os.name == "nt", reason="this system has no such signal")
@pytest.mark.parametrize("file", ["token", "role", "registration"])
def test_nothing_that_a_killed_process_was_writing_outlives_a_logout(
    world: World, file: str
) -> None:
    """Killed with kill -9 between the complete new file and its renaming, a moment ago."""
    world.sign_in(**({"expiresAt": "2020-01-01T00:00:00Z"} if file == "token" else {}))
    folder = "cli/cache" if file == "role" else "sso/cache"
    key = registration_key(ConfiguredLogin.find("dev").profile)
    code = REGISTER.format(key=key) if file == "registration" else USE
    done = world.run(KILLED.format(folder=folder) + code)
    assert done.returncode == -signal.SIGKILL
    left = [path for path in secrets_in(world) if path.endswith(".tmp")]
    assert [path.rpartition("/")[0] for path in left] == [folder]
    sso_plugin.logout("dev")
    assert secrets_in(world) == {}


def test_no_secret_is_in_any_file_after_a_logout(world: World) -> None:
    """Those that are only ours included."""
    log_in(world)
    use("dev")
    assert len(secrets_in(world)) == 3
    sso_plugin.logout("dev")
    assert secrets_in(world) == {}


@pytest.mark.parametrize("act", ["logout", "login"])
def test_a_crafted_index_deletes_nothing_but_role_files(world: World, act: str) -> None:
    """What it holds is taken for the name of a role file only if it can be one."""
    world.sign_in()
    use("dev")
    (index,) = (world.home / ".aws/sso-plugin").glob("roles-*.json")
    victim = world.home / ".aws/victim.json"
    victim.write_text("{}")
    key = "0123456789" * 4
    ours = world.role_files()[0].with_name(f"{key}.json")
    ours.write_text("{}")
    document = json.loads(index.read_text())
    crafted = ["../../victim", str(victim.with_suffix("")), "\0", "a" * 5000, "A" * 40, key + "\n"]
    index.write_text(json.dumps({**document, "keys": [*document["keys"], *crafted, 7, key]}))
    if act == "logout":
        sso_plugin.logout("dev")
    else:
        login(
            "dev",
            flow="device",
            force=True,
            show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
            open_browser=None,
        )
    assert victim.exists()
    assert not ours.exists()
    assert world.role_files() == []
