"""When the keys are read from their source."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from sso_plugin.storage.sealing import held_keys
from sso_plugin.storage.sealing.encryption_key import EncryptionKey, new_key
from sso_plugin.storage.sealing.held_keys import HeldKeys
from sso_plugin.storage.sealing.key_source import Keys, KeyUnavailableError
from sso_plugin.storage.waiting import unattended

if TYPE_CHECKING:
    from collections.abc import Callable

DISMISSED = "the prompt was dismissed"


class Keyring:
    """A source that other processes share, and that may ask a person."""

    may_ask = True

    def __init__(self, *keys: EncryptionKey) -> None:
        self.keys: Keys = keys
        self.calls: list[str] = []
        self.is_locked = False
        self.mark_now: object = None
        self.pause = threading.Event()
        self.pause.set()

    def read(self) -> Keys:
        """See `KeySource`."""
        return self._use("read")

    def create(self) -> Keys:
        """See `KeySource`."""
        self._use("create")
        self.keys = self.keys or (new_key(),)
        return self.keys

    def rotate(self) -> Keys:
        """See `KeySource`."""
        self._use("rotate")
        self.keys = (new_key(), *self.keys[:1])
        return self.keys

    def mark(self) -> object:
        """See `KeySource`."""
        return self.mark_now

    def asks_now(self) -> bool:
        """See `KeySource`."""
        return self.is_locked

    def why_not_creatable(self) -> None:
        """See `KeySource`."""

    def describe(self) -> str:
        """See `KeySource`."""
        return "the key in the keyring"

    def _use(self, call: str) -> Keys:
        self.calls.append(call)
        self.pause.wait(60)
        if self.is_locked:
            raise KeyUnavailableError(DISMISSED)
        return self.keys


class Clock:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


FIRST, SECOND = new_key(), new_key()


def test_the_keys_are_read_once() -> None:
    """From then on they are in memory."""
    keyring = Keyring(FIRST, SECOND)
    keys = HeldKeys(keyring)
    assert keys.to_open(FIRST.id) == keys.to_seal() == FIRST
    assert keys.to_open(SECOND.id) == SECOND
    assert keyring.calls == ["read"]


def test_a_missing_key_is_created_to_seal_and_not_to_open() -> None:
    """Nothing can be sealed with it yet."""
    keyring = Keyring()
    keys = HeldKeys(keyring)
    assert keys.newest() is None
    assert keys.to_open(FIRST.id) is None
    assert list(keyring.keys) == []
    assert keys.to_seal() == keyring.keys[0]
    assert keyring.calls == ["read", "read", "read", "create"]


def test_an_unknown_key_is_looked_up_once_more() -> None:
    """Another process may have rotated the keys. What it seals can be opened at once."""
    keyring = Keyring(FIRST)
    keys = HeldKeys(keyring)
    assert keys.to_seal() == FIRST
    keyring.keys = (SECOND, FIRST)
    assert keys.to_seal() == FIRST
    assert keys.to_open(SECOND.id) == SECOND
    assert keys.to_seal() == SECOND
    assert keys.to_open("another") is None
    assert keyring.calls == ["read", "read", "read"]


def test_a_key_that_was_read_opens_documents_until_the_process_ends() -> None:
    """Although others have rotated the keys twice."""
    keyring = Keyring(FIRST)
    keys = HeldKeys(keyring)
    assert keys.to_seal() == FIRST
    keyring.keys = (SECOND,)
    assert keys.to_open(SECOND.id) == SECOND
    assert keys.to_open(FIRST.id) == FIRST
    assert keyring.calls == ["read", "read"]


def test_a_change_is_noticed_before_a_document_is_sealed() -> None:
    """Where the source shows that without being read."""
    keyring = Keyring(FIRST)
    keys = HeldKeys(keyring)
    assert keys.to_seal() == FIRST
    keyring.keys, keyring.mark_now = (SECOND, FIRST), 1
    assert keys.to_seal() == keys.to_seal() == SECOND
    assert keyring.calls == ["read", "read"]


def test_a_rotation_is_used_at_once() -> None:
    """The older key still opens documents."""
    keys = HeldKeys(Keyring(FIRST))
    keys.rotate()
    assert keys.to_seal() != FIRST
    assert keys.to_open(FIRST.id) == FIRST
    assert keys.newest() == keys.to_seal()


def test_a_dismissed_prompt_does_not_come_back_at_once() -> None:
    """The failure is remembered for five seconds."""
    keyring, clock = Keyring(FIRST), Clock()
    keys = HeldKeys(keyring, clock)
    keyring.is_locked = True
    for _ in range(3):
        with pytest.raises(KeyUnavailableError, match=DISMISSED):
            keys.to_open(FIRST.id)
        with pytest.raises(KeyUnavailableError, match=DISMISSED):
            keys.to_seal()
        clock.now += 1.6
    assert keyring.calls == ["read"]
    keyring.is_locked = False
    clock.now += 1
    assert keys.to_seal() == FIRST


def test_a_failure_that_asks_no_person_is_not_remembered() -> None:
    """A file that is fixed is used at once."""
    keyring = Keyring(FIRST)
    keyring.may_ask, keyring.is_locked = False, True
    keys = HeldKeys(keyring)
    with pytest.raises(KeyUnavailableError, match=DISMISSED):
        keys.to_seal()
    keyring.is_locked = False
    assert keys.to_seal() == FIRST


def test_an_unattended_thread_never_opens_a_prompt() -> None:
    """It uses keys in memory only. Afterwards the source is read as usual."""
    keyring = Keyring(FIRST)
    keyring.is_locked = True
    keys = HeldKeys(keyring)
    message = "^the key in the keyring is not in memory yet, and is not read in the background$"
    with unattended():
        uses: list[Callable[[], object]] = [
            lambda: keys.to_open(FIRST.id),
            keys.to_seal,
            keys.newest,
            keys.rotate,
        ]
        for use in uses:
            with pytest.raises(KeyUnavailableError, match=message):
                use()
    assert keyring.calls == []
    keyring.is_locked = False
    assert keys.to_seal() == FIRST
    keyring.is_locked = True
    with unattended():
        assert keys.to_seal() == keys.to_open(FIRST.id) == keys.newest() == FIRST
        with pytest.raises(KeyUnavailableError, match=message):
            keys.to_open(SECOND.id)
    assert keyring.calls == ["read"]


def test_an_unattended_thread_reads_a_keyring_that_is_unlocked() -> None:
    """That opens no prompt. A missing key is created."""
    for keyring, calls in ((Keyring(FIRST), ["read"]), (Keyring(), ["read", "create"])):
        with unattended():
            assert HeldKeys(keyring).to_seal() == keyring.keys[0]
        assert keyring.calls == calls


def test_an_event_loop_does_not_read_a_keyring_that_is_unlocked() -> None:
    """It may hang. What is in memory is used."""
    keyring = Keyring(FIRST)
    keys = HeldKeys(keyring)
    message = "is not in memory yet, and is not read in the background$"
    with unattended(may_wait=False), pytest.raises(KeyUnavailableError, match=message):
        keys.to_open(FIRST.id)
    assert keyring.calls == []
    keys.to_seal()
    with unattended(may_wait=False):
        assert keys.to_open(FIRST.id) == FIRST


def test_an_unattended_thread_reads_a_source_that_never_asks() -> None:
    """Such as a file."""
    keyring = Keyring()
    keyring.may_ask = False
    with unattended():
        assert HeldKeys(keyring).to_seal() == keyring.keys[0]


def test_an_unattended_thread_does_not_wait_for_a_prompt_of_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may stay open for minutes."""
    monkeypatch.setattr(held_keys, "_LONGEST_WAIT", 0.01)
    keyring = Keyring(FIRST)
    keyring.pause.clear()
    keys = HeldKeys(keyring)
    thread = threading.Thread(target=keys.to_seal)
    thread.start()
    while not keyring.calls:
        pass
    message = "^another thread is reading the key in the keyring$"
    with unattended(), pytest.raises(KeyUnavailableError, match=message):
        keys.to_seal()
    keyring.pause.set()
    thread.join()
    with unattended():
        assert keys.to_seal() == FIRST
    assert keyring.calls == ["read"]


def test_many_threads_open_one_prompt() -> None:
    """The others wait for it, and use what it returns."""
    keyring = Keyring(FIRST)
    keyring.pause.clear()
    keys = HeldKeys(keyring)
    with ThreadPoolExecutor(20) as pool:
        opened = [pool.submit(keys.to_open, FIRST.id) for _ in range(20)]
        while not keyring.calls:
            pass
        keyring.pause.set()
    assert {each.result() for each in opened} == {FIRST}
    assert keyring.calls == ["read"]


def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    """That thread does not exist there."""
    keyring = Keyring(FIRST)
    keyring.pause.clear()
    keys = HeldKeys(keyring)
    thread = threading.Thread(target=keys.to_seal)
    thread.start()
    while not keyring.calls:
        pass
    child = os.fork()
    if not child:
        # A new one: the thread of the parent may have held the lock of the other.
        keyring.pause = threading.Event()
        keyring.pause.set()
        os._exit(0 if keys.to_seal() == FIRST else 1)
    assert os.waitpid(child, 0)[1] == 0
    keyring.pause.set()
    thread.join()
