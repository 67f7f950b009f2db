"""Without the key of sealed files: clear errors, no request, no person, and no plain file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from caches import KEY
from issued import exposed
from scenario import log_in
from sealed import (
    CALL,
    PAST,
    PLAIN,
    configure,
    expire,
    token_file,
    users,
)
from waiting_jobs import Notifications

import sso_plugin
from sso_plugin.errors import KeyUnavailable

if TYPE_CHECKING:
    from issued import Issued
    from world import World

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]

NO_KEY = (
    'The profile "dev" cannot use its encrypted token: neither SSO_PLUGIN_KEY nor '
    "SSO_PLUGIN_KEY_FILE is set (set one of them to a key that you keep; to make one, run: export "
    "SSO_PLUGIN_KEY=$(openssl rand -base64 32)). Then run: sso-plugin doctor --profile dev"
)
NO_KEYRING = (
    "there is no keyring on this machine or in this session (set sso_key to file:PATH or env)"
)


ENDS_LATE = """
from sso_plugin.credentials import background
background._EXIT_TIMEOUT = 60.0
"""
"""The end of a script waits for the failure of a renewal, also on a busy machine."""


def test_without_the_key_an_expired_token_is_not_spent(
    sealed: World, monkeypatch: pytest.MonkeyPatch, issued: Issued
) -> None:
    """The error names the key. No request is sent, and no file is written."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    expire(sealed)
    before = token_file(sealed).read_bytes()
    sealed.emulator.requests.clear()
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    with pytest.raises(KeyUnavailable) as caught:
        boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert str(caught.value) == NO_KEY
    done = sealed.run(CALL)
    assert done.stderr.splitlines()[-1].endswith(NO_KEY)
    with pytest.raises(KeyUnavailable):
        log_in(sealed, "alice")
    assert token_file(sealed).read_bytes() == before
    assert [request.operation for request in sealed.emulator.requests] == []
    assert exposed(sealed.home, issued) == []
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    assert users(2) == ["alice"] * 2


def test_without_the_key_a_plain_login_is_not_renewed(
    sealed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The renewed token could not be sealed. The present one is used as long as it is valid."""
    configure(sealed, **PLAIN)
    log_in(sealed, "alice")
    configure(sealed, sso_cache="file")
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    sealed.age_token(100_000)
    assert users(1) == ["alice"]
    sealed.change_token(expiresAt=PAST)
    for file in sealed.role_files():
        file.unlink()
    sealed.emulator.requests.clear()
    assert NO_KEY in sealed.run(CALL).stderr
    assert sealed.count("CreateToken") == 0
    assert token_file(sealed).exists() is False


def test_while_the_key_file_is_missing_no_person_is_asked(sealed: World) -> None:
    """Its disk may not be mounted. A login that a person starts makes a new key."""
    key, elsewhere = sealed.home / "key", sealed.home / "elsewhere"
    configure(sealed, sso_key=f"file:{key}", sso_login="device")
    log_in(sealed, "alice")
    key.rename(elsewhere)
    sealed.emulator.requests.clear()
    done = sealed.run(CALL)
    assert (
        f"cannot use its encrypted token: the key file {key} is missing (bring it back or, to "
        "begin with a new key, run: sso-plugin login --force)"
    ) in done.stderr
    assert (list(sealed.emulator.requests), key.exists()) == ([], False)
    elsewhere.rename(key)
    assert users(1) == ["alice"]
    key.unlink()
    log_in(sealed, "alice")
    assert users(1) == ["alice"]
    assert key.exists()


@pytest.mark.parametrize("due", [False, True])
def test_without_the_key_valid_credentials_stay_in_use(
    sealed: World,
    monkeypatch: pytest.MonkeyPatch,
    due: bool,  # noqa: FBT001
) -> None:
    """Calls neither fail nor wait, also when a renewal is due. One warning names the key."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    users(1)
    if due:
        sealed.make_credentials_due()
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    sealed.emulator.requests.clear()
    done = sealed.run(ENDS_LATE + CALL)
    assert done.stdout == "alice\n"
    assert ("SSO_PLUGIN_KEY" in done.stderr, sealed.count("GetRoleCredentials")) == (due, 0)


def test_without_the_key_roles_that_should_be_sealed_stay_in_memory(
    sealed: World, monkeypatch: pytest.MonkeyPatch, issued: Issued
) -> None:
    """The token is in clear text, so calls work. One warning says why each process asks again."""
    configure(sealed, sso_token_cache="file")
    log_in(sealed, "alice")
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    done = sealed.run(CALL)
    assert done.stdout == "alice\n"
    [line] = done.stderr.splitlines()
    assert line.startswith(
        'The profile "dev" keeps its credentials in the memory of this process only: '
        "neither SSO_PLUGIN_KEY nor SSO_PLUGIN_KEY_FILE is set"
    )
    tokens = sorted(
        str(file.relative_to(sealed.home)) for file in sealed.token_file().parent.glob("*.json")
    )
    assert exposed(sealed.home, issued) == tokens


@pytest.mark.parametrize("login", ["auto", "wait", "device"])
def test_without_the_key_no_person_is_asked(
    sealed: World, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    """A login could not be stored. The call fails at once, also with ``sso_login = wait``."""
    notifications = Notifications(sealed.home)
    configure(sealed, sso_login=login, sso_notify=notifications.command)
    log_in(sealed, "alice")
    expire(sealed)
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    sealed.emulator.requests.clear()
    assert NO_KEY in sealed.run(CALL).stderr
    token_file(sealed).unlink()
    assert NO_KEY in sealed.run(CALL).stderr
    assert notifications.received == []
    assert list(sealed.emulator.requests) == []


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("keyring.backends.fail.Keyring", NO_KEYRING),
        ("keyring.backends.null.Keyring", "keyring.backends.null.Keyring stores nothing"),
        ("plain_text_keyring.PlainTextKeyring", "is not one that sso-plugin trusts"),
    ],
)
def test_a_keyring_that_cannot_be_used_is_no_reason_for_a_plain_file(
    sealed: World, monkeypatch: pytest.MonkeyPatch, issued: Issued, backend: str, why: str
) -> None:
    """One sentence says why, before a person logs in."""
    configure(sealed, sso_key="keyring")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    done = sealed.run(CALL)
    last = done.stderr.splitlines()[-1]
    assert 'KeyUnavailable: The profile "dev" cannot use its encrypted token: ' in last
    assert why in last
    with pytest.raises(KeyUnavailable, match="cannot use its encrypted token"):
        sso_plugin.login("dev", flow="device", show=print, open_browser=None)
    assert list(sealed.emulator.requests) == []
    assert exposed(sealed.home, issued) == []


WITHOUT = """
import sys
sys.modules["cryptography"] = None
"""


def test_without_the_package_cryptography_the_error_says_how_to_install_it(
    sealed: World, issued: Issued
) -> None:
    """And nothing is stored in clear text."""
    done = sealed.run(WITHOUT + CALL)
    assert done.stderr.splitlines()[-1].endswith(
        'The profile "dev" cannot use its encrypted token: sealed files need the package '
        "cryptography (run: pip install 'sso-plugin[keyring]'). "
        "Then run: sso-plugin doctor --profile dev"
    )
    assert list(sealed.emulator.requests) == []
    assert exposed(sealed.home, issued) == []


def test_a_key_that_is_not_one_is_not_shown(sealed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a password."""
    log_in(sealed, "alice")
    monkeypatch.setenv("SSO_PLUGIN_KEY", "hunter2-is-not-a-key")
    done = sealed.run(CALL)
    assert "SSO_PLUGIN_KEY is not a key, which is 32 bytes in base64" in done.stderr
    assert "hunter2" not in done.stderr


ASKING = """
import threading
from sso_plugin.storage.sealing.environment import EnvironmentKeys
read = EnvironmentKeys.read
def asked(keys):
    print("prompt in", threading.current_thread().name, flush=True)
    return read(keys)
EnvironmentKeys.may_ask = True
EnvironmentKeys.asks_now = lambda _: True
EnvironmentKeys.read = asked
"""


def test_a_renewal_in_the_background_opens_no_prompt_of_a_keyring(sealed: World) -> None:
    """Here, reading the key would ask a person. The valid credentials stay in use."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    users(1)
    sealed.make_credentials_due()
    done = sealed.run(ENDS_LATE + ASKING + CALL)
    assert done.stdout == "alice\n"
    assert done.stderr.startswith("Cannot renew the credentials, using the current ones: ")
    assert "the key in SSO_PLUGIN_KEY is not in memory yet" in done.stderr
    assert sealed.count("GetRoleCredentials") == 1


def test_a_call_that_needs_the_key_opens_one_prompt(sealed: World) -> None:
    """In the thread of the caller, before any lock."""
    log_in(sealed, "alice")
    expire(sealed)
    done = sealed.run(ASKING + CALL)
    assert (done.stdout, done.stderr) == ("prompt in MainThread\nalice\n", "")
