"""Ending all logins: those of the config, and those that only our index has."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from login_state import (
    cache_files,
    is_revoked,
    log_in_at_start_url,
    log_in_by_code,
    token_in,
    use,
)

import sso_plugin
from sso_plugin import ConfigError
from sso_plugin.cli import main
from sso_plugin.config.profile import SsoProfile
from sso_plugin.models import open_session
from sso_plugin.signin.every_login import EveryLogin
from sso_plugin.storage import Stores

if TYPE_CHECKING:
    from world import World


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("line", ["", "sso_refresh = sometimes\n", "sso_region = us-east-1\n"])
def test_role_credentials_of_an_invalid_profile_are_deleted_too(
    world: World, line: str, *, legacy: bool
) -> None:
    """Another program may have written them, or the profile was valid before."""
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
    assert cache_files(world) == []


def test_all_logins_of_the_config_are_ended(world: World) -> None:
    """Each sso-session and each start URL of a legacy profile."""
    legacy = world.emulator.profile("old", legacy=True)
    world.configure(world.emulator.profile() + legacy)
    world.sign_in()
    world.sign_in(name=world.emulator.start_url)
    assert sso_plugin.logout(all_sessions=True) == {"corp": True, world.emulator.start_url: True}
    assert cache_files(world) == []


def test_an_encrypted_token_of_a_legacy_profile_is_revoked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile says where its key is."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    settings = "sso_token_cache = sealed\nsso_key = env\n"
    world.configure(world.emulator.profile(legacy=True) + settings)
    url = world.emulator.start_url
    signed_in = world.sign_in(name=url)
    plain = world.token_file(url)
    profile = SsoProfile.of(open_session("dev"))
    assert profile is not None
    Stores(profile.options).tokens.put(plain.stem, signed_in.cached())
    assert not plain.exists()
    assert sso_plugin.logout(all_sessions=True) == {url: True}
    assert is_revoked(world, signed_in.access_token)
    assert cache_files(world) == []


@pytest.mark.long
def test_a_login_by_start_url_is_ended_with_all_others(world: World) -> None:
    """No profile names it. Its token file and our index do."""
    url = world.emulator.start_url
    log_in_at_start_url(world)
    world.sign_in()
    token = token_in(world, url)
    assert sso_plugin.logout(all_sessions=True) == {"corp": True, url: True}
    assert is_revoked(world, token)
    assert cache_files(world) == []


@pytest.mark.long
def test_a_login_that_was_removed_from_the_config_is_ended_too(world: World) -> None:
    """sso-plugin has used its token, and the token file says where to revoke it."""
    log_in_by_code(world)
    use("dev")
    token = token_in(world, "corp")
    world.configure("")
    (name,) = sso_plugin.logout(all_sessions=True)
    assert name == world.emulator.start_url
    assert is_revoked(world, token)
    assert not world.token_file().exists()
    assert world.role_files() == []


@pytest.mark.parametrize("name", ["of another tool", "https://view.awsapps.com/start"])
def test_tokens_of_other_tools_stay(world: World, name: str) -> None:
    """Other tools store tokens in the same folder, some of them under their start URL."""
    world.sign_in()
    other = world.sign_in("alice", name, startUrl=name)
    sso_plugin.logout(all_sessions=True)
    assert world.token_file(name).exists()
    assert not is_revoked(world, str(other.cached()["accessToken"]))


@pytest.mark.parametrize("name", ["of another tool", "https://view.awsapps.com/start"])
def test_a_token_of_another_tool_stays_even_if_our_index_has_its_file_name(
    world: World, name: str
) -> None:
    """The index has to have the token too."""
    world.sign_in()
    other = world.sign_in("alice", "other", startUrl=name)
    index = world.home / ".aws/sso-plugin" / f"roles-{world.token_file('other').stem}.json"
    index.parent.mkdir()
    index.write_text('{"login": "x", "tokens": [], "keys": []}')
    index.with_name("roles-..json").write_text("{}")
    assert sso_plugin.logout(all_sessions=True) == {"corp": True}
    assert not is_revoked(world, str(other.cached()["accessToken"]))


INCOMPLETE = {
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


@pytest.mark.one_quick_case
@pytest.mark.parametrize("case", INCOMPLETE)
def test_an_incomplete_section_is_reported_after_all_logins_were_ended(
    world: World, case: str
) -> None:
    """The other logins are ended, and so is its own, whose token file has its name."""
    section, name, problem = (
        text.replace("{url}", world.emulator.start_url) for text in INCOMPLETE[case]
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
    assert cache_files(world) == []
    assert str(caught.value).startswith(
        "All other logins are ended, but the config file has incomplete sections. The "
    )
    assert problem.replace("{file}", str(world.config_file)) in str(caught.value)


def test_a_token_of_an_incomplete_section_without_a_valid_region_is_deleted(world: World) -> None:
    """It cannot be revoked, but it can be deleted."""
    world.configure("[sso-session broken]\n")
    world.sign_in(name="broken", region="\x1b")
    with pytest.raises(ConfigError, match="incomplete sections"):
        sso_plugin.logout(all_sessions=True)
    assert cache_files(world) == []


@pytest.mark.parametrize(
    "lines",
    [
        "sso_account_id = 111111111111\n",
        "sso_role_name = x\n",
        "sso_refresh = sometimes\n",
    ],
)
def test_an_incomplete_role_in_a_legacy_profile_is_ignored(world: World, lines: str) -> None:
    """Its login is complete."""
    url = world.emulator.start_url
    world.configure(f"[profile old]\nsso_start_url = {url}\nsso_region = eu-central-1\n{lines}")
    world.sign_in(name=url)
    assert sso_plugin.logout(all_sessions=True) == {url: True}
    assert cache_files(world) == []


def test_the_command_reports_incomplete_sections_at_the_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, because the config file has to be fixed."""
    world.configure("[sso-session broken]\n" + world.emulator.profile())
    world.sign_in()
    assert main(["logout", "--all"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "Logged out of corp: the token was revoked."
    assert second.startswith("sso-plugin: All other logins are ended, but")


def test_a_profile_with_a_missing_sso_session_is_ignored(world: World) -> None:
    """It has no token."""
    world.configure(world.emulator.profile() + "[profile broken]\nsso_session = gone\n")
    world.sign_in()
    assert sso_plugin.logout(all_sessions=True) == {"corp": True}


def test_the_status_of_every_login_is_known(world: World) -> None:
    """Also of one that was removed from the config, or was used by its start URL."""
    url = world.emulator.start_url
    log_in_at_start_url(world)
    log_in_by_code(world)
    use("dev")
    world.configure(world.emulator.profile(session_name="new"))
    found, faults = EveryLogin().statuses()
    states = sorted((name.split(" ")[0], status.state) for name, status in found.items())
    assert states == sorted([("new", "login needed"), (url, "usable"), (url, "usable")])
    assert faults == []


@pytest.mark.parametrize("world", ["sealed"], indirect=True)
def test_a_status_that_cannot_be_read_is_a_fault(world: World) -> None:
    """Here its key is missing, in a process that has not read it before."""
    world.sign_in()
    code = "from sso_plugin.signin.every_login import EveryLogin; print(*EveryLogin().statuses())"
    done = world.run(code, SSO_PLUGIN_KEY="")
    problem = 'The sso-session "corp" cannot use its encrypted token'
    assert done.stdout.replace("\\", "").startswith("{} ['" + problem)
