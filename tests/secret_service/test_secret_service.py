"""The encryption key in a real keyring: gnome-keyring, by the Secret Service on D-Bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from secret_service.session_bus import SessionBus

START = """
import json, os, sys
from pathlib import Path
from sso_plugin.storage.sealing import KeyUnavailableError, sealing_of
from sso_plugin.storage.waiting import unattended
sealing = sealing_of("keyring", Path.home() / ".aws" / "sso-plugin")
def why(use, *arguments):
    try:
        return str(use(*arguments))
    except KeyUnavailableError as exc:
        return f"KeyUnavailableError: {exc}"
"""

SEAL = f"""{START}
print(json.dumps(sealing.seal("tokens/a", {{"accessToken": sys.argv[1]}}, "")))
"""

OPEN = f"""{START}
print(sealing.open("tokens/a", json.loads(sys.argv[1]))["accessToken"])
"""

QUESTIONS = f"""{START}
print(sealing.describe())
print(sealing.why_no_key())
print(why(sealing.seal, "tokens/a", {{}}, ""))
print(why(sealing.open, "tokens/a", json.loads(sys.argv[1])))
print(why(sealing.rotate))
"""

IN_THE_BACKGROUND = f"""{START}
with unattended():
    print(why(sealing.seal, "tokens/a", {{}}, ""))
"""

CROWD = f"""{START}
from crowd import run_together
def seal():
    sealed = sealing.seal("tokens/a", {{"accessToken": str(os.getpid())}}, "")
    os.write(1, (json.dumps(sealed) + "\\n").encode())
run_together([seal] * 20)
"""

HANGING = f"""{START}
from sso_plugin.storage.sealing import keyring_backend, keyring_errors
keyring_backend._REPLY_TIMEOUT, keyring_errors._PAUSES = 0.2, ()
print(why(sealing.open, "tokens/a", json.loads(sys.argv[1])))
with unattended():
    print(why(sealing.rotate))
"""

LOCKED = "the keyring is locked (unlock it, for example by logging in to the desktop)"
NOT_READY = (
    "there is no unlocked keyring in this session (log in to the desktop, or set sso_key to "
    "file:PATH or env)"
)
IN_BACKGROUND = "is not in memory yet, and is not read in the background"


def seal(session: SessionBus, token: str = "aoaToken") -> str:
    """Seal a document in a process of its own."""
    return session.run(SEAL, token)[0]


def key_of(sealed: str) -> str:
    """Return the id of the key that sealed a document."""
    return str(json.loads(sealed)["key"])


def test_a_key_is_created_and_read_by_another_process(keyring: SessionBus) -> None:
    """Without a prompt, and without the token or the key in a file."""
    first, second = seal(keyring), seal(keyring, "aoaOther")
    assert key_of(first) == key_of(second)
    assert keyring.run(OPEN, first) == ["aoaToken"]
    assert keyring.run(OPEN, second) == ["aoaOther"]
    assert keyring.prompts() == 0
    assert b"aoa" not in keyring.stored()


def test_the_backend_is_named_and_passes_a_round_trip(keyring: SessionBus) -> None:
    """The question creates the key: only that tells whether the keyring stores it."""
    program = f"{START}print(sealing.describe()); print(sealing.why_no_key())"
    assert keyring.run(program) == ["the key in the keyring (Secret Service)", "None"]
    assert keyring.run(f"{START}print(sealing.is_newest(json.loads(sys.argv[1])))", seal(keyring))


def test_twenty_processes_create_one_key(keyring: SessionBus) -> None:
    """Each opens what the others have sealed."""
    sealed = keyring.run(CROWD)
    assert len(sealed) == 20
    assert len({key_of(each) for each in sealed}) == 1
    assert keyring.run(OPEN, sealed[7])[0].isdecimal()


def test_the_key_is_there_after_a_restart(keyring: SessionBus) -> None:
    """The keyring stores it in a file, encrypted with its password."""
    sealed = seal(keyring)
    keyring.start_keyring()
    assert keyring.run(OPEN, sealed) == ["aoaToken"]


def test_a_locked_keyring_is_reported_without_a_prompt(keyring: SessionBus) -> None:
    """A process that is not on the desktop would wait forever for a prompt."""
    sealed = seal(keyring)
    keyring.start_keyring(unlocked=False)
    assert keyring.run(QUESTIONS, sealed) == [
        "the key in the keyring (Secret Service)",
        LOCKED,
        *[f"KeyUnavailableError: {LOCKED}"] * 3,
    ]
    assert keyring.prompts() == 0
    keyring.start_keyring()
    assert keyring.run(OPEN, sealed) == ["aoaToken"]


def test_on_the_desktop_a_locked_keyring_opens_one_prompt(keyring: SessionBus) -> None:
    """If it is dismissed, it does not come back for some seconds."""
    sealed = seal(keyring)
    keyring.start_keyring(unlocked=False)
    answers = keyring.run(QUESTIONS, sealed, DISPLAY=":99")
    assert answers[1:] == [LOCKED, *[f"KeyUnavailableError: {LOCKED}"] * 3]
    assert keyring.prompts() == 1


@pytest.mark.parametrize("display", ["", ":99"])
def test_a_thread_in_the_background_opens_no_prompt(keyring: SessionBus, display: str) -> None:
    """Also not on the desktop. It says what is missing."""
    seal(keyring)
    keyring.start_keyring(unlocked=False)
    answer = keyring.run(IN_THE_BACKGROUND, DISPLAY=display)[0]
    assert answer.startswith("KeyUnavailableError: ")
    assert answer.endswith(IN_BACKGROUND)
    assert keyring.prompts() == 0


def test_a_thread_in_the_background_uses_a_keyring_that_is_unlocked(keyring: SessionBus) -> None:
    """Also for the first document: the key is created if that opens no prompt."""
    for _ in ("there is no key", "there is one"):
        assert keyring.run(IN_THE_BACKGROUND)[0].startswith("{'sealed': 1, ")


@pytest.mark.parametrize(("display", "prompts"), [("", 0), (":99", 1)])
def test_without_a_keyring_there_is_one_clear_sentence(
    session_bus: SessionBus, display: str, prompts: int
) -> None:
    """On the desktop, the prompt that creates a keyring is opened once."""
    sealed = json.dumps({"sealed": 1, "key": "a", "id": "", "nonce": "", "data": ""})
    answers = session_bus.run(QUESTIONS, sealed, DISPLAY=display)
    assert answers[1:] == [NOT_READY, *[f"KeyUnavailableError: {NOT_READY}"] * 3]
    assert session_bus.prompts() == prompts


def test_a_rotation_is_seen_by_a_process_with_the_old_key(keyring: SessionBus) -> None:
    """And what that process seals with the old key can still be read by others."""
    program = f"""{START}
from subprocess import run
def another(program, *arguments):
    command = [sys.executable, "-c", program, *arguments]
    return run(command, capture_output=True, text=True, check=True).stdout
old = sealing.seal("tokens/a", {{"accessToken": "old"}}, "")
another({START + "sealing.rotate()"!r})
late = sealing.seal("tokens/a", {{"accessToken": "late"}}, "")
new = json.loads(another({SEAL!r}, "new"))
print(another({OPEN!r}, json.dumps(late)).strip())
print(sealing.open("tokens/a", new)["accessToken"])
print(old["key"] == late["key"] != new["key"])
print(sealing.seal("tokens/a", {{}}, "")["key"] == new["key"])
"""
    assert keyring.run(program) == ["late", "new", "True", "True"]


def test_a_chain_with_the_secret_service_is_accepted(keyring: SessionBus) -> None:
    """Its first accepted keyring is used, and not one before it."""
    backend = "keyring.backends.chainer.ChainerBackend"
    program = f"{START}import plain_text_keyring\nprint(why(sealing.seal, 'a', {{}}, ''))"
    sealed = keyring.run(program, PYTHON_KEYRING_BACKEND=backend)
    assert sealed[0].startswith("{'sealed': 1, ")
    assert key_of(seal(keyring)) in sealed[0]
    assert b"plain-text" not in str([*keyring.home.iterdir()]).encode()


def test_a_keyring_that_was_overlooked_is_found(keyring: SessionBus) -> None:
    """The package keyring looks once, and an overloaded bus may not answer in time."""
    overlook = "import keyring, keyring.backends.fail as fail; keyring.set_keyring(fail.Keyring())"
    assert keyring.run(f"{overlook}{START}print(sealing.why_no_key())") == ["None"]
    missing = keyring.run(
        f"{START}print(sealing.why_no_key())",
        PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
    )
    assert missing[0].startswith("there is no keyring ")


CREATE_AND_STOP = f"""{START}
from sso_plugin.storage.sealing.os_keyring import KeyringKeys
source = KeyringKeys(Path.home() / ".aws" / "sso-plugin")
source.read()
events, stop_at = [], int(sys.argv[1])
def stop(event, _):
    if event.startswith(("os.", "open", "fcntl.", "socket.")):
        events.append(event)
        if len(events) == stop_at:
            os.kill(os.getpid(), 9)
sys.addaudithook(stop)
source.create()
print("created")
"""

USE_AND_DELETE = f"""{START}
import keyring
sealed = sealing.seal("tokens/a", {{"accessToken": "aoaToken"}}, "")
program = {OPEN!r}
import subprocess
subprocess.run([sys.executable, "-c", program, json.dumps(sealed)], check=True)
keyring.delete_password("sso-plugin", "encryption key")
"""


def test_a_process_that_is_killed_leaves_no_key_or_a_whole_one(keyring: SessionBus) -> None:
    """At each call of the system. The next process creates or reads the key."""
    killed = 0
    while keyring.run(CREATE_AND_STOP, str(killed + 1)) != ["created"]:
        killed += 1
        assert keyring.run(USE_AND_DELETE) == ["aoaToken"]
    assert killed > 5


def test_a_keyring_that_hangs_is_an_error(keyring: SessionBus) -> None:
    """Where it cannot show a prompt, no call waits for it forever."""
    [sealed] = keyring.run(SEAL, "secret")
    with keyring.paused_keyring():
        lines = keyring.run(HANGING, sealed)
    assert len(lines) == 2
    assert set(lines) == {
        "KeyUnavailableError: the keyring does not respond (log in to the desktop again, or set "
        "sso_key to file:PATH or env)"
    }
