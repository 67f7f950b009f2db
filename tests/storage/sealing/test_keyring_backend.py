"""Which backends of the package keyring are accepted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from keyring.backends.chainer import ChainerBackend
from keyring.backends.kwallet import DBusKeyring
from keyring.backends.libsecret import Keyring as LibSecret
from keyring.backends.macOS import Keyring as Keychain
from keyring.backends.SecretService import Keyring as SecretService
from plain_text_keyring import STORE, PlainTextKeyring

from sso_plugin.storage.sealing import keyring_backend
from sso_plugin.storage.sealing.keyring_backend import Backend, asks_now

INSTEAD = "set sso_key to file:PATH or env"

PROGRAM = """
import sys
if sys.argv[1:]:
    sys.modules[sys.argv[1]] = None
from pathlib import Path
from sso_plugin.storage.sealing import KeyUnavailableError, sealing_of
sealing = sealing_of("keyring", Path.home() / ".aws" / "sso-plugin")
why = sealing.why_no_key()
try:
    sealing.seal("tokens/a", {}, "")
except KeyUnavailableError as exc:
    assert str(exc) == why
print(sealing.describe())
print(why)
"""


def why_not(backend: str | None = None, *missing: str) -> str:
    """Return why a process cannot use the keyring, with a backend that is configured."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if backend:
        environment["PYTHON_KEYRING_BACKEND"] = backend
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *missing],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    name, why = done.stdout.splitlines()
    assert name == "the key in the keyring"
    return why


def test_without_a_session_bus_there_is_no_keyring() -> None:
    """As on a server, in a container, or in a job of cron."""
    missing = f"there is no keyring on this machine or in this session ({INSTEAD})"
    assert why_not() == missing
    assert why_not("keyring.backends.fail.Keyring") == missing


def test_the_package_may_be_missing() -> None:
    """The message has the command that installs it."""
    assert why_not(None, "keyring") == (
        "the package keyring is not installed (run: pip install 'sso-plugin[keyring]', "
        f"or {INSTEAD})"
    )


def test_a_keyring_that_forgets_is_refused() -> None:
    """It accepts each password, and returns none."""
    assert why_not("keyring.backends.null.Keyring") == (
        f"the keyring backend keyring.backends.null.Keyring stores nothing ({INSTEAD}, "
        "or use another backend)"
    )


def test_a_keyring_in_plain_text_is_refused() -> None:
    """Nothing is written to it."""
    assert why_not("plain_text_keyring.PlainTextKeyring") == (
        "the keyring backend plain_text_keyring.PlainTextKeyring is not one that sso-plugin "
        f"trusts ({INSTEAD}, or use another backend)"
    )
    assert not Path.home().joinpath(STORE).exists()


def test_a_chain_without_an_accepted_keyring_is_refused() -> None:
    """Each link of a chain is checked."""
    assert why_not("keyring.backends.chainer.ChainerBackend") == (
        "the keyring backend keyring.backends.chainer.ChainerBackend is not one that sso-plugin "
        f"trusts ({INSTEAD}, or use another backend)"
    )


@pytest.mark.one_quick_case
@pytest.mark.parametrize("backend", ["missing.Keyring", "keyring.backends.Windows.WinVaultKeyring"])
def test_a_keyring_that_cannot_be_loaded_is_an_error(backend: str) -> None:
    """Such as one of another system."""
    why = why_not(backend)
    assert why.startswith(f"the keyring ({backend} of PYTHON_KEYRING_BACKEND) failed: ")
    assert why.endswith(f" ({INSTEAD})")


def test_the_accepted_backends_exist_in_the_package() -> None:
    """By the names of their classes."""
    for backend in (SecretService, LibSecret, DBusKeyring, Keychain):
        assert f"{backend.__module__}.{backend.__qualname__}" in keyring_backend._ACCEPTED
    assert f"{ChainerBackend.__module__}.ChainerBackend" == keyring_backend._CHAINER


def test_whether_a_keyring_asks_is_known_of_some_only() -> None:
    """The others may ask."""
    for name, asks in (("Windows Credential Manager", False), ("macOS Keychain", True)):
        assert asks_now(Backend(PlainTextKeyring(), name), {}) is asks
