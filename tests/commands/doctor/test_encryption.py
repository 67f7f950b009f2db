"""The checks of the encryption key, and of files in clear text beside encrypted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from caches import KEY
from findings import findings, unhealthy
from sealed_login import seal_login, sealed_file

from sso_plugin.storage.sealing import sealer

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "_sealings", {})
    monkeypatch.delenv("SSO_PLUGIN_KEY_FILE", raising=False)
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)


def messages(world: World) -> list[tuple[str, str]]:
    return [(each.status, each.message.replace(str(world.home), "~")) for each in findings("key")]


def test_a_profile_without_encryption_has_no_finding(world: World) -> None:
    """The key is not read either."""
    world.sign_in()
    assert findings("key") == []


def test_a_key_that_works_is_named(world: World) -> None:
    """A sample was encrypted and decrypted with it."""
    seal_login(world)
    assert messages(world) == [
        ("ok", "The key in SSO_PLUGIN_KEY works: a sample was encrypted and decrypted.")
    ]


def test_a_missing_key_file_is_not_made(world: World, tmp_path: Path) -> None:
    """The doctor changes nothing."""
    key = tmp_path / "key"
    world.configure(f"{world.emulator.profile()}sso_cache = sealed\nsso_key = file:{key}\n")
    [finding] = findings("key")
    assert finding.status == "ok"
    assert finding.message == (
        f"The key file {key} does not exist yet. It is made when it is needed."
    )
    assert not key.exists()


def test_a_missing_key_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fix is a command. For the token, which cannot be read, a login is not the fix."""
    seal_login(world)
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    monkeypatch.setattr(sealer, "_sealings", {})
    assert unhealthy(check="key") == [
        (
            "problem",
            "Files cannot be encrypted: neither SSO_PLUGIN_KEY nor SSO_PLUGIN_KEY_FILE is set.",
            "Set one of them to a key that you keep; to make one, run: "
            "export SSO_PLUGIN_KEY=$(openssl rand -base64 32)",
        )
    ]
    [(status, message, fix)] = unhealthy(check="files")
    assert status == "problem"
    assert "is sealed, and neither SSO_PLUGIN_KEY" in message
    assert fix == "Fix the key first, see above."


def test_a_wrong_key_is_not_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a password that was set by mistake."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", "hush")
    world.configure(f"{world.emulator.profile()}sso_cache = sealed\nsso_key = env\n")
    [(_, message, fix)] = unhealthy(check="key")
    assert message == (
        "Files cannot be encrypted: SSO_PLUGIN_KEY is not a key, which is 32 bytes in base64."
    )
    assert fix == "Make one by: openssl rand -base64 32"


def test_a_token_in_clear_text_is_a_warning(world: World) -> None:
    """It was not renewed since the setting changed, or another program wrote it: log in again."""
    seal_login(world)
    world.sign_in()
    assert unhealthy(check="key") == [
        (
            "warning",
            f"{world.token_file()} has the token in clear text.",
            "sso-plugin login --profile dev --force",
        )
    ]


def test_an_old_token_in_clear_text_can_be_deleted(world: World) -> None:
    """The encrypted one is newer, so the other one could not be deleted."""
    seal_login(world)
    world.sign_in()
    world.age_token(3600)
    [(_, _, fix)] = unhealthy(check="key")
    assert fix == f"rm {world.token_file()}"
    assert sealed_file(world).exists()


@pytest.mark.parametrize("setting", ["sealed", "memory"])
def test_role_credentials_in_clear_text_are_a_warning(world: World, setting: str) -> None:
    """They can be deleted, because they are fetched again."""
    seal_login(world)
    folder = world.home / ".aws/cli/cache"
    folder.mkdir(parents=True)
    path = folder / "16e5f373157b11b9ca274bd774686b0119407b56.json"
    path.write_text("{}")
    seal_login(world, sso_cache=setting)
    assert unhealthy(check="key") == [
        ("warning", f"{path} has role credentials in clear text.", f"rm {path}")
    ]
