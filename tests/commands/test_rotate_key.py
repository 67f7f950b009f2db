"""A new encryption key, and all files encrypted with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from command import run
from sealed_login import seal_login, sealed_file

from sso_plugin.cli import main
from sso_plugin.commands.rotate_key import rotate_key
from sso_plugin.errors import ConfigError
from sso_plugin.storage.sealing import sealer

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

OTHER_KEY = "b3RoZXIga2V5IG9mIGV4YWN0bHkgMzIgYnl0ZXMhISE="


@pytest.fixture(autouse=True)
def _no_key_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "_sealings", {})
    monkeypatch.delenv("SSO_PLUGIN_KEY_FILE", raising=False)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return the path of a key file, which is made when it is first needed."""
    return tmp_path / "key"


def keys_in(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if not line.startswith("#")]


def key_id(world: World) -> str:
    return str(json.loads(sealed_file(world).read_text())["key"])


def test_a_new_key_encrypts_the_files(world: World, key_file: Path) -> None:
    """The login goes on: no request is sent, and the credentials stay."""
    seal_login(world, f"file:{key_file}", sso_cache="sealed")
    before = run("credential-process", "--profile", "dev").stdout
    [old], file_before = keys_in(key_file), sealed_file(world).stat()
    assert key_id(world)
    done = rotate_key("dev")
    assert (len(done.files.done), done.files.unreadable, done.files.failed) == (2, [], [])
    [new, previous] = keys_in(key_file)
    assert previous == old
    key_file.write_text(new)
    assert run("credential-process", "--profile", "dev").stdout == before
    assert world.count("GetRoleCredentials") == 1
    assert sealed_file(world).stat().st_mtime_ns == file_before.st_mtime_ns
    assert sealed_file(world).stat().st_mode & 0o777 == 0o600


def test_a_second_run_loses_nothing(world: World, key_file: Path) -> None:
    """Also if the first run was interrupted, when files still have the key before."""
    stores = seal_login(world, f"file:{key_file}")
    interrupted = sealed_file(world).read_bytes()
    rotate_key("dev")
    sealed_file(world).write_bytes(interrupted)
    rotate_key("dev")
    entry = stores.tokens.get(world.token_file().stem)
    assert entry is not None
    assert "accessToken" in entry.document
    assert len(keys_in(key_file)) == 2


def test_a_running_session_goes_on(world: World, key_file: Path) -> None:
    """It reads the key again when it finds a file with a new one."""
    stores = seal_login(world, f"file:{key_file}")
    assert run("rotate-key", "--profile", "dev").returncode == 0
    assert run("rotate-key", "--profile", "dev").returncode == 0
    assert stores.tokens.get(world.token_file().stem)


def test_files_of_another_key_stay(world: World, key_file: Path, tmp_path: Path) -> None:
    """Another login may use it. They are named."""
    stores = seal_login(world, f"file:{tmp_path / 'other'}")
    foreign = sealed_file(world).rename(sealed_file(world).with_name(f"{'a' * 40}.json"))
    before = foreign.read_bytes()
    seal_login(world, f"file:{key_file}")
    done = rotate_key("dev")
    assert (len(done.files.done), len(done.files.unreadable)) == (1, 1)
    assert "is sealed with another key" in done.files.unreadable[0]
    assert foreign.read_bytes() == before
    assert stores


def test_while_a_file_is_locked_there_is_no_new_key(
    world: World, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two new keys, the file could not be decrypted."""
    stores = seal_login(world, f"file:{key_file}")
    monkeypatch.setattr("sso_plugin.storage.cache.LOCK_TIMEOUT", 0.1)
    before = key_file.read_text()
    with (
        stores.tokens.locked(world.token_file().stem),
        pytest.raises(ConfigError, match=r"not all files have the present key: .* is locked"),
    ):
        rotate_key("dev")
    assert key_file.read_text() == before


def test_with_the_environment_the_first_key_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user puts it in front. Without a new one, the error says so."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    seal_login(world)
    with pytest.raises(ConfigError, match="cannot be changed from here") as caught:
        rotate_key("dev")
    assert KEY not in str(caught.value)
    monkeypatch.setenv("SSO_PLUGIN_KEY", f"{OTHER_KEY} {KEY}")
    done = rotate_key("dev")
    assert (done.is_new, len(done.files.done)) == (False, 1)
    monkeypatch.setenv("SSO_PLUGIN_KEY", OTHER_KEY)
    assert run("status", "--profile", "dev").returncode == 0


def test_a_profile_without_encryption_has_no_key(world: World) -> None:
    """The error names the setting."""
    world.sign_in()
    with pytest.raises(ConfigError) as caught:
        rotate_key("dev")
    assert str(caught.value) == (
        'The profile "dev" does not encrypt its files. '
        "Set sso_token_cache = sealed in its sso-session first."
    )


def test_a_missing_key_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence. The files stay."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    seal_login(world)
    before = sealed_file(world).read_bytes()
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    with pytest.raises(ConfigError, match="neither SSO_PLUGIN_KEY nor SSO_PLUGIN_KEY_FILE is set"):
        rotate_key("dev")
    assert sealed_file(world).read_bytes() == before


def test_the_command_reports_what_it_did(
    world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key itself is not shown."""
    seal_login(world, f"file:{key_file}")
    damaged = sealed_file(world).with_name(f"{'a' * 40}.json")
    damaged.write_text("{}")
    damaged.chmod(0o600)
    assert main(["rotate-key", "--profile", "dev"]) == 0
    assert capsys.readouterr().err == (
        f"There is a new key: the key file {key_file}. One older key is kept, and still decrypts.\n"
        "Files encrypted with it: 1.\n"
        f"Not changed: {damaged} is damaged: it is not a sealed document.\n"
    )
