"""Documents that are sealed and opened with the key of a profile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sso_plugin.storage.reading import UnusableFileError
from sso_plugin.storage.sealing import KeyUnavailableError, Sealing, sealing_of
from sso_plugin.storage.sealing.encryption_key import new_key
from sso_plugin.storage.sealing.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = {"accessToken": "aoaTheToken", "region": "us-east-1"}


@pytest.fixture
def sealing(own_folder: Path) -> Sealing:
    """Return a sealing with a key file that does not exist yet."""
    return sealing_of("file:~/key", own_folder)


def another_process(own_folder: Path) -> Sealing:
    """Return the sealing of another process, with the same key file."""
    return Sealing(KeyFile("~/key", own_folder))


def test_a_sealed_document_is_opened_by_each_process(sealing: Sealing, own_folder: Path) -> None:
    """The key is created for the first document."""
    sealed = sealing.seal("tokens/a", DOCUMENT, "digest")
    assert "aoaTheToken" not in str(sealed)
    assert sealed["id"] == "digest"
    for each in (sealing, another_process(own_folder)):
        assert each.open("tokens/a", sealed) == DOCUMENT
        assert each.is_newest(sealed)


def test_all_sessions_of_a_process_share_the_key_in_memory(own_folder: Path) -> None:
    """One for each setting, and each home."""
    assert sealing_of("env", own_folder) is sealing_of("env", own_folder)
    assert sealing_of("env", own_folder) is not sealing_of("env", own_folder.parent)
    names = [sealing_of(each, own_folder).describe() for each in ("env", "file: ~/a", "keyring")]
    assert names == [
        "the key in SSO_PLUGIN_KEY",
        f"the key file {Path.home() / 'a'}",
        "the key in the keyring",
    ]


def test_a_document_with_a_foreign_key_is_not_opened(sealing: Sealing, own_folder: Path) -> None:
    """The message names the key that was tried, and says if there is none."""
    foreign = Sealing(KeyFile("~/foreign", own_folder)).seal("tokens/a", DOCUMENT, "")
    name = f"the key file {Path.home() / 'key'}"
    with pytest.raises(KeyUnavailableError, match=f"^{name} is missing .*sso-plugin login --force"):
        sealing.open("tokens/a", foreign)
    assert not Path.home().joinpath("key").exists()
    sealing.seal("tokens/a", DOCUMENT, "")
    with pytest.raises(UnusableFileError, match=f"^is sealed with another key than {name}$"):
        sealing.open("tokens/a", foreign)


def test_a_document_under_another_name_is_not_opened(sealing: Sealing) -> None:
    """Although the key is right."""
    sealed = sealing.seal("tokens/a", DOCUMENT, "")
    with pytest.raises(UnusableFileError, match=r"^is damaged: "):
        sealing.open("roles/a", sealed)


def test_a_rotation_in_one_process_is_seen_by_the_others(
    sealing: Sealing, own_folder: Path
) -> None:
    """They open what is sealed with the new key, and seal with it."""
    other = another_process(own_folder)
    old = other.seal("tokens/a", DOCUMENT, "")
    sealing.rotate()
    new = sealing.seal("tokens/a", DOCUMENT, "")
    assert old["key"] != new["key"]
    assert (sealing.is_newest(old), sealing.is_newest(new)) == (False, True)
    for each in (sealing, other, another_process(own_folder)):
        assert each.open("tokens/a", old) == each.open("tokens/a", new) == DOCUMENT
        assert each.seal("tokens/a", DOCUMENT, "")["key"] == new["key"]


def test_a_key_that_changes_in_the_environment_is_used_at_once(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running process, such as a notebook, can rotate its own key."""
    old, new = new_key(), new_key()
    sealing = sealing_of("env", own_folder)
    monkeypatch.setenv("SSO_PLUGIN_KEY", old.text)
    first = sealing.seal("tokens/a", DOCUMENT, "")
    monkeypatch.setenv("SSO_PLUGIN_KEY", f"{new.text!s} {old.text!s}")
    second = sealing.seal("tokens/a", DOCUMENT, "")
    assert (first["key"], second["key"]) == (old.id, new.id)
    assert sealing.open("tokens/a", first) == sealing.open("tokens/a", second) == DOCUMENT
    with pytest.raises(KeyUnavailableError, match=r"cannot be changed from here"):
        sealing.rotate()


def test_a_key_is_usable_after_one_rotation_and_not_after_two(
    sealing: Sealing, own_folder: Path
) -> None:
    """Documents have to be sealed again in between."""
    old = sealing.seal("tokens/a", DOCUMENT, "")
    sealing.rotate()
    again = sealing.seal("tokens/a", sealing.open("tokens/a", old), "")
    sealing.rotate()
    other = another_process(own_folder)
    assert other.open("tokens/a", again) == DOCUMENT
    with pytest.raises(UnusableFileError, match=r"^is sealed with another key "):
        other.open("tokens/a", old)


def test_a_round_trip_shows_whether_the_key_can_be_used(
    sealing: Sealing, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing key file is not created for a mere question."""
    assert sealing.why_no_key() is None
    assert not Path.home().joinpath("key").exists()
    sealing.seal("tokens/a", DOCUMENT, "")
    assert sealing.why_no_key() is None
    Path.home().joinpath("key").write_text("no key")
    assert (sealing.why_no_key() or "").startswith("line 1 of the key file ")
    environment = sealing_of("env", own_folder)
    assert (environment.why_no_key() or "").startswith("neither SSO_PLUGIN_KEY nor ")
    monkeypatch.setenv("SSO_PLUGIN_KEY", new_key().text)
    assert environment.why_no_key() is None


def test_the_key_in_memory_is_enough_to_open(sealing: Sealing) -> None:
    """The file is read again only to seal, or for another key."""
    sealed = sealing.seal("tokens/a", DOCUMENT, "")
    Path.home().joinpath("key").unlink()
    assert sealing.open("tokens/a", sealed) == DOCUMENT


def shown_by(use: Callable[[], object]) -> str:
    """Return the result of a call, or the traceback of its error with the locals of its frames."""
    try:
        return str(use())
    except Exception as exc:  # noqa: BLE001 - each kind of error
        found = traceback.TracebackException.from_exception(exc, capture_locals=True)
        # The first frames are those of the test.
        found.stack = traceback.StackSummary.from_list(list(found.stack)[2:])
        return "".join(found.format())


def test_no_traceback_has_a_document_or_a_key(
    sealing: Sealing, monkeypatch: pytest.MonkeyPatch, own_folder: Path
) -> None:
    """Also one that shows the locals of each frame."""
    sealed = sealing.seal("tokens/a", DOCUMENT, "")
    key = KeyFile("~/key", own_folder).read()[0]
    monkeypatch.setenv("SSO_PLUGIN_KEY", f"{key.text!s} {key.text[:-4]!s}")
    environment = sealing_of("env", own_folder)
    uses: list[Callable[[], object]] = [
        lambda: sealing.open("tokens/b", sealed),
        lambda: sealing.seal("tokens/a", {**DOCUMENT, "bad": object()}, ""),
        lambda: environment.open("tokens/a", sealed),
        environment.why_no_key,
        environment.rotate,
    ]
    text = "".join(map(shown_by, uses))
    assert text.count("Error") >= 3
    for secret in ("aoaTheToken", key.text[:20], repr(bytes(key.value))[2:20], "b'\\"):
        assert secret not in text


SEAL = """
import json, os
from pathlib import Path
from sso_plugin.storage.sealing import sealing_of
from crowd import run_together
sealing = sealing_of("file:~/key", Path.home() / ".aws" / "sso-plugin")
def seal():
    sealed = sealing.seal("tokens/a", {"accessToken": str(os.getpid())}, "")
    os.write(1, (json.dumps(sealed) + "\\n").encode())
run_together([seal] * 20)
"""


@pytest.mark.long
def test_twenty_processes_open_what_the_others_seal(sealing: Sealing) -> None:
    """They create one key together."""
    done = subprocess.run(
        [sys.executable, "-c", SEAL],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    sealed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({sealing.open("tokens/a", each)["accessToken"] for each in sealed}) == 20
    assert len({each["key"] for each in sealed}) == 1
