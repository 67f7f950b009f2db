"""The keys in a file."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import other_user
import pytest

from sso_plugin.storage.sealing.encryption_key import new_key
from sso_plugin.storage.sealing.key_file import KeyFile
from sso_plugin.storage.sealing.key_source import KeyUnavailableError

ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def path() -> Path:
    """Return the path of a key file that does not exist, nor does its folder."""
    return Path.home() / "secrets" / "key"


@pytest.fixture
def source(path: Path, own_folder: Path) -> KeyFile:
    """Return the source for that file."""
    return KeyFile(str(path), own_folder)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a key file as a person does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def message(source: KeyFile) -> str:
    """Return why the keys cannot be read."""
    with pytest.raises(KeyUnavailableError) as caught:
        source.read()
    return str(caught.value)


def test_a_missing_file_is_created_when_a_key_is_needed(source: KeyFile, path: Path) -> None:
    """With mode 0600, in a new folder with mode 0700. Reading it creates nothing."""
    assert source.read() == ()
    assert not path.parent.exists()
    keys = source.create()
    assert source.read() == source.create() == keys
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert path.read_text().splitlines()[-1] == keys[0].text


def test_the_first_line_has_the_newest_key(source: KeyFile, path: Path) -> None:
    """Comments and empty lines are ignored, and so are spaces and the line ends of Windows."""
    new, old = new_key(), new_key()
    write(path, f"\ufeff# new\r\n  {new.text!s} \r\n\r\n# old\r\n{old.text!s}")
    assert source.read() == (new, old)


def test_a_path_may_begin_with_a_tilde(own_folder: Path) -> None:
    """For the home folder."""
    KeyFile("~/secrets/key", own_folder).create()
    assert (Path.home() / "secrets" / "key").is_file()


def test_a_relative_path_is_an_error(own_folder: Path) -> None:
    """It must not depend on the working directory."""
    assert message(KeyFile("key", own_folder)) == (
        "the path of the key file key is not absolute (begin it with / or ~/)"
    )


@pytest.mark.parametrize("path", ["/a\0b", "/a\ud800b"])
def test_an_invalid_path_is_an_error(own_folder: Path, path: str) -> None:
    """No call of the system takes it."""
    source = KeyFile(path, own_folder)
    assert message(source) == "the path of the key file /a\ufffdb is not valid"
    assert source.mark() is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "{name} has no key ({fix})"),
        ("# only a comment\n", "{name} has no key ({fix})"),
        (
            "# a key\npassword\n",
            "line 2 of {name} is not a key, which is 32 bytes in base64 ({fix})",
        ),
        ("#" * 1024 * 1024 + "\n", "{name} is larger than 1 MiB"),
    ],
)
def test_a_file_with_anything_but_keys_is_an_error(
    source: KeyFile, path: Path, text: str, problem: str
) -> None:
    """The line is named and not shown. The file is not replaced."""
    write(path, text)
    fix = f"to replace the file by a new key, run: openssl rand -base64 32 >{path}"
    assert message(source) == problem.format(name=source.describe(), fix=fix)
    for change in (source.create, source.rotate):
        with pytest.raises(KeyUnavailableError):
            change()
    assert path.read_text() == text


def test_a_file_that_other_users_can_write_is_not_used(source: KeyFile, path: Path) -> None:
    """They could have replaced the key. The message has the command that fixes it."""
    write(path, f"{new_key().text!s}\n", 0o666)
    assert message(source) == (
        f"the key file {path} is not trusted: other users can write it "
        f"(if you trust it, run: chmod 600 {path})"
    )


def test_a_file_that_other_users_can_read_is_reported_once(
    source: KeyFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the command that fixes it."""
    write(path, f"{new_key().text!s}\n", 0o644)
    source.read()
    source.read()
    assert caplog.messages == [
        f"Other users can read the key file {path}. To fix this, run: chmod 600 {path}"
    ]
    assert caplog.records[0].levelno == logging.WARNING


REPORT = f"""
import grp, logging, os, pwd, sys
from pathlib import Path
from sso_plugin.storage import folder, modes, trust
from sso_plugin.storage.sealing.key_file import KeyFile
os.setgroups([]); os.setgid({other_user.USER}); os.setuid({other_user.USER})
logging.basicConfig(stream=sys.stdout, format="%(message)s", level="WARNING")
print(len(KeyFile("~/key", Path.home()).read()))
"""


@other_user.needs_two_users
@pytest.mark.parametrize(
    ("mode", "report"),
    [
        (0o640, []),
        (
            0o644,
            [
                "Other users can read the key file {path}. To fix this, run: "
                "sudo chown 65533 {path} && sudo chmod 600 {path}"
            ],
        ),
    ],
)
def test_a_file_of_root_may_be_for_a_group(mode: int, report: list[str]) -> None:
    """Such as one that an administrator made for a service. It is not for all users."""
    with other_user.folder_of(other_user.USER) as home:
        path = home / "key"
        write(path, f"{new_key().text!s}\n", mode)
        os.chown(path, 0, other_user.USER)
        done = subprocess.run(
            [sys.executable, "-c", REPORT],
            env={**os.environ, **ENVIRONMENT, "HOME": str(home)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        assert done.stdout.splitlines() == [*(line.format(path=path) for line in report), "1"]


def test_a_link_that_leads_nowhere_is_not_replaced(source: KeyFile, path: Path) -> None:
    """Such as one to a volume that is not mounted."""
    path.parent.mkdir()
    path.symlink_to("/missing/volume/key")
    assert source.read() == ()
    with pytest.raises(KeyUnavailableError, match=r"is a link to a file that does not exist"):
        source.create()
    assert path.is_symlink()
    assert (
        source.why_not_creatable() == f"{source.describe()} is a link to a file that does not exist"
    )


@pytest.mark.parametrize("place", ["file/key", "folder"])
def test_a_file_that_cannot_be_created_is_an_error(own_folder: Path, place: str) -> None:
    """The message names the file, and the reason."""
    (Path.home() / "file").touch()
    (Path.home() / "folder").mkdir()
    source = KeyFile(f"~/{place}", own_folder)
    with pytest.raises(KeyUnavailableError, match=r"^the key file .+ cannot be "):
        source.create()
    if place == "file/key":
        assert "is not a folder" in (source.why_not_creatable() or "")


def test_whether_a_file_could_be_created_is_found_without_creating_it(
    source: KeyFile, path: Path
) -> None:
    """For a mere question."""
    assert source.why_not_creatable() is None
    assert not path.exists()


def test_a_rotation_keeps_exactly_one_older_key(source: KeyFile, path: Path) -> None:
    """The new key is in front."""
    first = source.create()
    second = source.rotate()
    assert second[1:] == first
    third = source.rotate()
    assert third[1:] == second[:1]
    assert len({key.id for key in (*first, *second, *third)}) == 3
    assert source.read() == third
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_rotation_of_a_missing_file_creates_it(source: KeyFile) -> None:
    """With one key."""
    assert len(source.rotate()) == 1


def test_a_rotation_changes_the_file_that_a_link_leads_to(source: KeyFile, path: Path) -> None:
    """The link stays."""
    real = Path.home() / "real"
    write(real, f"{new_key().text!s}\n")
    path.parent.mkdir()
    path.symlink_to(real)
    keys = source.rotate()
    assert path.is_symlink()
    assert KeyFile(str(real), Path.home()).read() == keys


def test_a_change_is_noticed_without_reading(source: KeyFile) -> None:
    """By the status of the file."""
    assert not source.asks_now()
    assert source.mark() is None
    source.create()
    mark = source.mark()
    assert source.mark() == mark
    source.rotate()
    assert source.mark() not in (mark, None)


CREATE = """
import os, sys
from pathlib import Path
from sso_plugin.storage.sealing.key_file import KeyFile
from crowd import run_together
def create():
    keys = KeyFile("~/secrets/key", Path.home() / ".aws" / "sso-plugin").create()
    os.write(1, ("".join(key.id for key in keys) + "\\n").encode())
run_together([create] * int(sys.argv[1]))
"""


def create_together(number: int) -> list[str]:
    """Let several processes create the key at the same moment; return the ids that they use."""
    done = subprocess.run(
        [sys.executable, "-c", CREATE, str(number)],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.long
def test_twenty_processes_create_one_key(source: KeyFile) -> None:
    """All of them use it."""
    for _ in range(3):
        ids = create_together(20)
        assert len(ids) == 20
        assert set(ids) == {source.read()[0].id}
        Path.home().joinpath("secrets", "key").unlink()


CREATE_AND_STOP = """
import os, sys
from pathlib import Path
from sso_plugin.storage.sealing.key_file import KeyFile
events, stop_at = [], int(sys.argv[1])
def stop(event, _):
    if event.startswith(("os.", "open", "fcntl.")):
        events.append(event)
        if len(events) == stop_at:
            os.kill(os.getpid(), 9)
source = KeyFile("~/secrets/key", Path.home() / ".aws" / "sso-plugin")
import sso_plugin.storage.unwritable, sso_plugin.storage.writing
sys.addaudithook(stop)
source.create()
"""


@pytest.mark.long
def test_a_process_that_is_killed_leaves_no_key_or_a_whole_one(source: KeyFile) -> None:
    """At each call of the system. The next process creates or reads the key."""
    killed = 0
    for stop_at in range(1, 100):
        done = subprocess.run(
            [sys.executable, "-c", CREATE_AND_STOP, str(stop_at)],
            env={**os.environ, **ENVIRONMENT},
            check=False,
            timeout=120,
        )
        keys = source.read()
        assert source.create()[: len(keys)] == keys
        Path.home().joinpath("secrets", "key").unlink()
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
    assert 5 < killed < 99
