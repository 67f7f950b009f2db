"""The keys that the environment has or names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_plugin.storage.sealing.encryption_key import new_key
from sso_plugin.storage.sealing.environment import EnvironmentKeys
from sso_plugin.storage.sealing.key_source import KeyUnavailableError

NEW, OLD = new_key(), new_key()


@pytest.fixture
def key_file() -> Path:
    """Return a file with two keys."""
    path = Path.home() / "key"
    path.write_text(f"# keys\n{NEW.text!s}\n{OLD.text!s}\n")
    path.chmod(0o600)
    return path


def test_the_keys_are_separated_by_white_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest is the first."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", f" {NEW.text!s}\n{OLD.text!s} ")
    assert EnvironmentKeys().read() == (NEW, OLD)
    assert EnvironmentKeys().create() == (NEW, OLD)
    assert EnvironmentKeys().describe() == "the key in SSO_PLUGIN_KEY"


def test_the_environment_can_name_a_file(monkeypatch: pytest.MonkeyPatch, key_file: Path) -> None:
    """Such as a secret of Docker, Kubernetes or systemd."""
    for value in (str(key_file), "~/key", f"{key_file}\n"):
        monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", value)
        assert EnvironmentKeys().read() == (NEW, OLD)
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", str(key_file))
    assert EnvironmentKeys().describe() == f"the key file {key_file} of SSO_PLUGIN_KEY_FILE"


def test_a_secret_of_kubernetes_is_read_through_its_links(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its file is a link to a link to a folder."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "key").write_text(NEW.text)
    (tmp_path / "..2026" / "key").chmod(0o400)
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "key").symlink_to("..data/key")
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", str(tmp_path / "key"))
    assert EnvironmentKeys().read() == (NEW,)


def message(source: EnvironmentKeys) -> str:
    """Return why the keys cannot be read."""
    with pytest.raises(KeyUnavailableError) as caught:
        source.read()
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_without_a_key_the_message_has_the_command_that_makes_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty variable counts as not set."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", " ")
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", "")
    assert message(EnvironmentKeys()) == (
        "neither SSO_PLUGIN_KEY nor SSO_PLUGIN_KEY_FILE is set (set one of them to a key that "
        "you keep; to make one, run: export SSO_PLUGIN_KEY=$(openssl rand -base64 32))"
    )


def test_two_variables_are_an_error(monkeypatch: pytest.MonkeyPatch, key_file: Path) -> None:
    """It is not clear which key is meant."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", NEW.text)
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", str(key_file))
    assert message(EnvironmentKeys()) == (
        "SSO_PLUGIN_KEY and SSO_PLUGIN_KEY_FILE are both set (unset one of them)"
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("the secret value", "has a word that is not a key"),
        ("A" * 43 + " secret", "has a word that is not a key"),
        ("secret", "is not a key"),
    ],
)
def test_an_invalid_key_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str, problem: str
) -> None:
    """The message says what a key is, and how to make one."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", value)
    assert message(EnvironmentKeys()) == (
        f"SSO_PLUGIN_KEY {problem}, which is 32 bytes in base64 "
        "(make one by: openssl rand -base64 32)"
    )


def test_a_file_that_is_missing_is_not_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file belongs to the program that mounts it."""
    path = Path.home() / "missing"
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", str(path))
    assert message(EnvironmentKeys()) == (
        f"the key file {path} of SSO_PLUGIN_KEY_FILE does not exist "
        f"(to make it, run: umask 077; openssl rand -base64 32 >{path})"
    )
    assert not path.exists()


def test_the_path_of_the_file_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not depend on the working directory."""
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", "secrets/key\x1b[2J")
    assert message(EnvironmentKeys()) == (
        "the path of the key file secrets/key\ufffd[2J of SSO_PLUGIN_KEY_FILE is not absolute "
        "(begin it with / or ~/)"
    )


def test_only_the_caller_can_rotate_a_key_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    """The message says how."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", NEW.text)
    with pytest.raises(KeyUnavailableError, match=r"in front of the present one in SSO_PLUGIN_KEY"):
        EnvironmentKeys().rotate()
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", str(key_file))
    with pytest.raises(KeyUnavailableError, match=r"in the file that SSO_PLUGIN_KEY_FILE names"):
        EnvironmentKeys().rotate()


def test_a_change_is_noticed_without_reading(
    monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    """Of the variable, or of the file that it names. The mark does not show a key."""
    source = EnvironmentKeys()
    assert not source.asks_now()
    marks = [source.mark()]
    monkeypatch.setenv("SSO_PLUGIN_KEY", NEW.text)
    marks.append(source.mark())
    assert NEW.text not in repr(marks)
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    monkeypatch.setenv("SSO_PLUGIN_KEY_FILE", str(key_file))
    marks.append(source.mark())
    key_file.write_text(f"{NEW.text!s}\n")
    marks.append(source.mark())
    assert len(set(marks)) == len(marks)
    assert source.mark() == marks[-1]
