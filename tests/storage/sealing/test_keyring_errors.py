"""Each error of a keyring as one clause."""

from __future__ import annotations

import logging

import pytest
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError, PasswordSetError
from secretstorage import ItemNotFoundException, PromptDismissedException

from sso_plugin.storage.sealing import keyring_errors
from sso_plugin.storage.sealing.key_source import KeyUnavailableError
from sso_plugin.storage.sealing.keyring_errors import clause_of, use_keyring


class Failing:
    """A function that raises some errors before it returns."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        """Raise the next error, or return."""
        if self.errors:
            raise self.errors.pop(0)
        return "the result"


MACOS = "Can't get password from keychain: "


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (
            KeyringLocked("Failed to unlock the collection!"),
            "the keyring is locked (unlock it, for example by logging in to the desktop)",
        ),
        (
            InitError("Failed to create the collection: Prompt dismissed.."),
            "there is no unlocked keyring in this session (log in to the desktop, or set sso_key "
            "to file:PATH or env)",
        ),
        (
            NoKeyringError("No recommended backend was available. Install ..."),
            "there is no keyring on this machine or in this session "
            "(set sso_key to file:PATH or env)",
        ),
        (
            KeyringError(f"{MACOS}(-25308, 'Unknown Error')"),
            "the macOS Keychain cannot ask for permission in this session (over SSH, run first: "
            "security unlock-keychain; or set sso_key to file:PATH or env)",
        ),
        (
            KeyringLocked(f"{MACOS}(-128, 'Keychain Access Denied')"),
            "access to the macOS Keychain was denied (allow it when macOS asks, or set sso_key to "
            "file:PATH or env)",
        ),
        (
            PasswordSetError("Can't store password\non keychain: (-1, 'Unknown Error')"),
            "the keyring (macOS Keychain) failed: Can't store password on keychain: "
            "(-1, 'Unknown Error') (set sso_key to file:PATH or env)",
        ),
        (
            OSError(),
            "the keyring (macOS Keychain) failed: OSError (set sso_key to file:PATH or env)",
        ),
    ],
)
def test_each_error_is_one_clause(
    error: Exception, clause: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With what to do. The error itself is logged, and is not the cause."""
    caplog.set_level(logging.DEBUG)
    failing = Failing(error)
    with pytest.raises(KeyUnavailableError) as caught:
        use_keyring("macOS Keychain", failing)
    assert failing.errors == []
    assert str(caught.value) == clause
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert type(error).__name__ in caplog.text


def test_an_error_that_goes_away_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus can be overloaded by many processes. The last error is reported."""
    monkeypatch.setattr(keyring_errors, "_PAUSES", (0, 0))
    errors = [TimeoutError("Did not authenticate"), ItemNotFoundException(), ConnectionResetError()]
    assert use_keyring("", Failing(*errors[:2])) == "the result"
    with pytest.raises(KeyUnavailableError, match=r"^the keyring failed: ConnectionResetError "):
        use_keyring("", Failing(*errors))


def test_a_prompt_is_not_repeated() -> None:
    """A person has dismissed it."""
    failing = Failing(PromptDismissedException("Prompt dismissed."), KeyringLocked())
    with pytest.raises(KeyUnavailableError, match=r"^the prompt of the keyring was dismissed "):
        use_keyring("", failing)
    assert len(failing.errors) == 1


def test_control_c_is_not_an_error_of_the_keyring() -> None:
    """Such as while a prompt is open."""
    with pytest.raises(KeyboardInterrupt):
        use_keyring("", Failing(KeyboardInterrupt()))


def test_a_clause_can_be_used_before_the_error_occurs() -> None:
    """By the name of its class."""
    assert clause_of("KeyringLocked") == clause_of("LockedException")
