"""The key of a store: one file with one key, and what to do next."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from caches import KEY
from command import start

from sso_plugin.cli import main
from sso_plugin.commands.store import ACL, NEEDED, init_store, next_steps
from sso_plugin.errors import ConfigError
from sso_plugin.portal import network_budget
from sso_plugin.storage.network import scripts
from sso_plugin.storage.sealing.encryption_key import key_from_text


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SSO_PLUGIN_STORE_KEY", "SSO_PLUGIN_STORE_KEY_FILE"):
        monkeypatch.delenv(variable, raising=False)


def keys_in(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if not line.startswith("#")]


def test_a_key_file_is_made() -> None:
    """It has one key, and comments that say what it is. Only its owner can read it."""
    path = Path.home() / ".aws" / "sso-plugin" / "store.key"
    made = init_store()
    assert (made.path, made.is_new) == (str(path), True)
    [key] = keys_in(path)
    assert key_from_text(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "The last key also names the documents" in path.read_text()


def test_a_key_file_that_exists_is_kept() -> None:
    """Also if it has several keys."""
    path = Path(init_store().path)
    path.write_text(f"{KEY}\n{keys_in(path)[0]}\n")
    before = path.stat(), path.read_text()
    assert not init_store().is_new
    assert (path.stat(), path.read_text()) == before


@pytest.mark.parametrize("text", ["", "hush", f"{KEY}\nhush\n"])
def test_a_file_without_a_valid_key_is_kept(tmp_path: Path, text: str) -> None:
    """The error says what is wrong. It does not show what is in the file."""
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        init_store(str(path))
    message = str(caught.value)
    assert message.startswith("The key of the store cannot be created: ")
    assert f"the key file {path} " in message
    assert "hush" not in message
    assert path.read_text() == text


def test_a_file_is_named_by_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or by the option, which wins and may be relative."""
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", str(tmp_path / "a"))
    assert init_store().path == str(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    assert init_store("b").path == str(tmp_path / "b")
    assert init_store("~/c").path == str(Path.home() / "c")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]


def test_a_relative_path_in_the_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs start in other folders."""
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", "key")
    with pytest.raises(ConfigError, match="is not absolute"):
        init_store()


def test_a_key_in_the_environment_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key file would not be used. For other machines it can be made nevertheless."""
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
    with pytest.raises(ConfigError) as caught:
        init_store()
    assert str(caught.value) == (
        "The variable SSO_PLUGIN_STORE_KEY has a key already, so a key file would not be used. "
        "Unset it, or name a file with --key-file and set SSO_PLUGIN_STORE_KEY_FILE on other "
        "machines."
    )
    assert init_store(str(tmp_path / "key")).is_new


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """The error says how to fix it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written: .*file is not a folder") as caught:
        init_store(str(tmp_path / "file" / "key"))
    assert "(run: mv " in str(caught.value)


@pytest.mark.long
def test_many_calls_at_once_make_one_key(tmp_path: Path) -> None:
    """All of them succeed, and the file is complete at any time."""
    path = tmp_path / "folder" / "key"
    calls = [start("store", "init", "--key-file", str(path), HOME=str(tmp_path)) for _ in range(8)]
    printed = [call.communicate(timeout=120) for call in calls]
    assert [call.returncode for call in calls] == [0] * 8
    assert len(keys_in(path)) == 1
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert any("There is a new key" in err for _, err in printed)


class TestCommand:
    """What it prints."""

    def test_it_prints_what_to_do_next(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The lines for the server, the config and the environment. Not the key."""
        path = tmp_path / "the key"
        assert main(["store", "init", "--key-file", str(path)]) == 0
        out, err = capfd.readouterr()
        assert err == f"There is a new key in {path}. Treat it like a password.\n\n"
        assert out == f"{next_steps(str(path))}\n"
        assert f"  {ACL}\n" in out
        assert f"  export SSO_PLUGIN_STORE_KEY_FILE='{path}'\n" in out
        assert "  sso_store = rediss://sso-plugin@HOST:6379\n" in out
        assert keys_in(path)[0] not in out + err
        assert main(["store", "init", "--key-file", str(path)]) == 0
        assert capfd.readouterr().err == f"The key file {path} exists, and stays as it is.\n\n"

    def test_a_failure_is_one_sentence(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """And the exit code is 1."""
        (tmp_path / "key").mkdir()
        assert main(["store", "init", "--key-file", str(tmp_path / "key")]) == 1
        out, err = capfd.readouterr()
        assert out == ""
        assert re.fullmatch(r"sso-plugin: The key of the store cannot be created: .*\n", err)

    def test_a_command_is_needed(self, capfd: pytest.CaptureFixture[str]) -> None:
        """Its help lists them."""
        assert main(["store"]) == 2
        assert (
            capfd.readouterr().err == "sso-plugin: Missing command. See: sso-plugin store --help\n"
        )


def test_the_acl_has_the_needed_commands() -> None:
    """Those in the scripts, and two for other purposes: another database, and the doctor."""
    granted = set(re.findall(r"\+(\w+)", ACL))
    assert granted == {*NEEDED, "select", "info"}
    values = [*vars(scripts).values(), *vars(network_budget).values()]
    texts = [each.text for each in values if isinstance(each, scripts.Script)]
    used = {name.lower() for text in texts for name in re.findall(r"redis.call\('(\w+)'", text)}
    assert {"eval", "evalsha", *used} == set(NEEDED)
