"""Locks between processes, systems without them, and files that are not lock files."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import shlex
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from browsers import browser
from caches import file_cache
from other_user import Snapshot

from sso_plugin.storage import locks, waiting
from sso_plugin.storage.cache import Hold
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

SPAWN = multiprocessing.get_context("spawn")
PAST = "2020-01-01T00:00:00Z"

USE = """
import boto3, sso_plugin
from sso_plugin.credentials import background
background._EXIT_TIMEOUT = 60.0  # this machine may be slow
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
print(sts.get_caller_identity()["Arn"].rsplit("/", 1)[1])
"""

REFUSING = """
import errno, os
try:
    import fcntl
except ImportError:
    pass
else:
    def flock(*_):
        raise OSError(errno.{name}, os.strerror(errno.{name}))
    fcntl.flock = flock
"""

TRY = (
    "import sys; from pathlib import Path; from caches import file_cache\n"
    "with file_cache(Path(sys.argv[1])).locked('key', 0.1) as held: print(bool(held))"
)

WITHOUT = {
    "filelock": "import sys; sys.modules['filelock'] = None",
    "filelock and flock": "import fcntl, sys; sys.modules['filelock'] = None; del fcntl.flock",
    "flock": "import fcntl; del fcntl.flock",
    **{name: REFUSING.format(name=name) for name in ("ENOSYS", "ENOLCK", "EOPNOTSUPP", "EIO")},
}
"""What a system, a file system or an installation may not have."""


@pytest.fixture(autouse=True)
def _nothing_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_reported", set())


def run(world: World, missing: str, code: str, **environment: str) -> str:
    """Run a script in which warnings are errors, and return what it prints."""
    done = world.run(f"{WITHOUT[missing]}\n{code}", PYTHONWARNINGS="error", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def shorten(world: World) -> None:
    """Change the role files so that a renewal in the background is due."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    for file in world.role_files():
        document = json.loads(file.read_text())
        document["Credentials"]["Expiration"] = soon
        file.write_text(json.dumps(document))
        os.utime(file, (time.time() - 3600,) * 2)


def command(*words: str) -> str:
    return f"from sso_plugin.cli import main; sys.exit(main({list(words)!r}))"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no flock")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_threads_are_locked_where_the_file_system_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The error of the system is not raised."""

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with (
        file_cache(tmp_path).locked("key") as held,
        file_cache(tmp_path).locked("key", 0.0) as also,
    ):
        assert (held, also) == (Hold.HELD, Hold.PASSED_BY)


@pytest.mark.long
@pytest.mark.parametrize(
    ("missing", "cache"), [*((each, "file") for each in WITHOUT), ("filelock and flock", "memory")]
)
def test_without_locks_scripts_work_as_on_stock(world: World, missing: str, cache: str) -> None:
    """With empty and full caches, and if credentials or the token are due, without a warning."""
    world.configure(world.emulator.profile() + f"sso_cache = {cache}\n")
    world.sign_in()
    assert run(world, missing, USE) == "alice\n"
    assert run(world, missing, USE) == "alice\n"
    assert world.count("GetRoleCredentials") == (1 if cache == "file" else 2)
    renewed = world.count("GetRoleCredentials")
    shorten(world)
    assert run(world, missing, USE) == "alice\n"
    assert world.count("GetRoleCredentials") == renewed + 1
    world.sign_in(expiresAt=PAST)
    for file in world.role_files():
        file.unlink()
    assert run(world, missing, USE) == "alice\n"
    assert world.count("CreateToken") == 1
    assert run(world, missing, USE, SSO_PLUGIN="off") == "alice\n"


@pytest.mark.long
@pytest.mark.parametrize("missing", ["filelock and flock", "ENOSYS"])
def test_without_locks_all_commands_work(world: World, tmp_path: Path, missing: str) -> None:
    """Those that write files use locks."""

    def sso(*words: str) -> subprocess.CompletedProcess[str]:
        code = f"{WITHOUT[missing]}\nimport sys\n{command(*words)}"
        return world.run(code, BROWSER=browser(world, tmp_path), PYTHONWARNINGS="error")

    world.emulator.settings.poll_interval = 1
    commands: list[tuple[str, ...]] = [
        ("login", "--profile", "dev", "--flow", "browser"),
        ("status",),
        ("credential-process", "--profile", "dev"),
        ("credential-process", "--profile", "dev"),
        ("whoami", "--profile", "dev"),
        ("env", "--profile", "dev"),
        ("accounts", "--profile", "dev"),
        ("roles", "--profile", "dev"),
        ("configure", "--yes"),
        ("logout", "--all"),
    ]
    for words in commands:
        done = sso(*words)
        assert (words, done.returncode, "Traceback" in done.stderr) == (words, 0, False)
        assert "arning" not in done.stderr
    assert "[profile production-ReadOnlyAccess]" in world.config_file.read_text()
    assert not world.token_file().exists()
    assert "Traceback" not in sso("doctor").stderr


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no flock")
def test_on_posix_processes_exclude_each_other_without_filelock(tmp_path: Path) -> None:
    """A refresh token may be valid only once."""
    script = f"{WITHOUT['filelock']}\n{TRY}"
    with file_cache(tmp_path).locked("key"):
        assert python(script, str(tmp_path)) == "False\n"
    assert python(script, str(tmp_path)) == "True\n"


def wait_until_waiting(thread: threading.Thread) -> None:
    deadline = time.monotonic() + 60
    while not waiting.is_waiting(thread):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def python(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_locks_of_filelock_and_ours_exclude_each_other(tmp_path: Path) -> None:
    """Other processes may run an older version of this package."""
    filelock: Any = pytest.importorskip("filelock")
    with file_cache(tmp_path).locked("key"), pytest.raises(filelock.Timeout):
        filelock.FileLock(tmp_path / "key.lock").acquire(0.1)
    with filelock.FileLock(tmp_path / "key.lock"), file_cache(tmp_path).locked("key", 0.1) as held:
        assert not held


@pytest.mark.skipif(os.name == "nt", reason="Windows has flock in filelock only")
def test_the_lock_of_windows_works_like_the_one_of_posix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They exclude each other."""
    cache = file_cache(tmp_path)
    with cache.locked("key"):
        monkeypatch.setattr(locks, "NEEDS_FILELOCK", True)
        with cache.locked("key", 0.1) as held:
            assert not held
    with cache.locked("key", 0.1) as held:
        assert held
        monkeypatch.setattr(locks, "NEEDS_FILELOCK", False)
        with cache.locked("key", 0.1) as again:
            assert not again


def make(kind: str, path: Path, victim: Path) -> None:
    """Create something that is not a lock file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(victim)
    elif kind == "dangling link":
        path.symlink_to(victim.with_name("missing"))
    else:
        path.hardlink_to(victim)


KINDS = {
    "link": "is not a regular file",
    "dangling link": "is not a regular file",
    "hard link": "has more than one link",
    "hard link to an empty file": "has more than one link",
    "pipe": "is not a regular file",
    "folder": "is not a regular file",
}


@pytest.mark.one_quick_case
@pytest.mark.parametrize("kind", KINDS)
def test_something_else_than_a_lock_file_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """The command in the warning fixes it. The target of a link is not changed."""
    folder = tmp_path / "a folder; it's mine"
    folder.mkdir()
    victim, path, cache = tmp_path / "elsewhere/victim", folder / "key.lock", file_cache(folder)
    content = "" if "empty" in kind else "content"
    victim.parent.mkdir()
    victim.write_text(content)
    victim.chmod(0o644 if content else 0o600)
    make(kind, path, victim)
    before = Snapshot(victim.parent)
    for _ in range(3):
        with cache.locked("key", 1.0) as held, cache.locked("key", 0.0) as also:
            assert (held, also) == (Hold.HELD, Hold.PASSED_BY)
    assert Snapshot(victim.parent) == before
    [record] = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert record.getMessage().startswith(f"{path} is not used as a lock, because it {KINDS[kind]}")
    fix = record.getMessage().split("run: ")[1]
    assert shlex.split(fix)[:2] == ["mv" if kind == "folder" else "rm", str(path)]
    subprocess.run(["/bin/sh", "-c", fix], check=True)
    with cache.locked("key", 1.0):
        assert python(TRY, str(folder)) == "False\n"
    assert victim.read_text() == content


@pytest.mark.long
def test_the_target_of_a_new_hard_link_is_not_changed(tmp_path: Path) -> None:
    """The file is checked after it was opened. Its content never changes."""
    victim, folder = tmp_path / "victim", tmp_path / "folder"
    folder.mkdir()
    victim.write_text("content")
    script = """
import os, sys
victim, path = sys.argv[1:]
print("go", flush=True)
while True:
    for act in (lambda: os.unlink(path), lambda: os.link(victim, path), lambda: os.unlink(path)):
        try:
            act()
        except OSError:
            pass
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(victim), str(folder / "key.lock")],
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"go\n"
            for _ in range(300):
                with file_cache(folder).locked("key", 5.0):
                    assert victim.read_text() == "content"
        finally:
            process.kill()


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    """Also if the parent is killed while it holds the lock."""
    script = """
import os, signal, sys, time
from pathlib import Path
from caches import file_cache
with file_cache(Path(sys.argv[1])).locked("key"):
    if os.fork() == 0:
        os.close(1)
        time.sleep(60)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert python(TRY, str(tmp_path)) == "True\n"


def test_a_lock_file_that_was_replaced_is_opened_again(tmp_path: Path) -> None:
    """Locks on two files with the same name do not exclude each other."""
    cache, path = file_cache(tmp_path), tmp_path / "key.lock"
    order: list[str] = []

    def wait() -> None:
        with cache.locked("key", 60.0) as held:
            order.append(f"second {bool(held)}")

    with cache.locked("key"):
        path.rename(tmp_path / "moved")
        with file_cache(tmp_path).locked("key") as held:
            assert held
            thread = threading.Thread(target=wait)
            thread.start()
            wait_until_waiting(thread)
            order.append("first")
    thread.join(60)
    assert order == ["first", "second True"]


def _add_one(folder: Path, times: int, begin: Any) -> None:
    cache = file_cache(folder)
    begin.wait()
    for _ in range(times):
        with cache.locked("key"):
            entry = cache.get("key")
            cache.put("key", {"n": (entry.document["n"] if entry else 0) + 1})


@pytest.mark.long
@pytest.mark.parametrize("number", [3, pytest.param(8, marks=pytest.mark.long)])
def test_processes_with_the_lock_do_not_lose_a_write(tmp_path: Path, number: int) -> None:
    """They start together, and each adds 10 to a number in one file."""
    begin = SPAWN.Event()
    processes = [SPAWN.Process(target=_add_one, args=(tmp_path, 10, begin)) for _ in range(number)]
    for process in processes:
        process.start()
    begin.set()
    for process in processes:
        process.join(120)
    entry = file_cache(tmp_path).get("key")
    assert entry is not None
    assert entry.document == {"n": 10 * number}
    assert [process.exitcode for process in processes] == [0] * number


def _hold(folder: Path, held: Any) -> None:
    with file_cache(folder).locked("key"):
        held.set()
        time.sleep(60)


@pytest.mark.long
def test_a_killed_process_releases_the_lock(tmp_path: Path) -> None:
    """At once, long before the timeout."""
    held = SPAWN.Event()
    process = SPAWN.Process(target=_hold, args=(tmp_path, held))
    process.start()
    assert held.wait(60)
    entered = threading.Event()

    def enter() -> None:
        with file_cache(tmp_path).locked("key"):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    wait_until_waiting(thread)
    assert not entered.is_set()
    process.kill()
    assert entered.wait(60)
    thread.join()
    process.join()


def test_the_context_of_a_lock_says_whether_it_is_held(tmp_path: Path) -> None:
    """A caller that does not wait knows that another writer has it."""
    for cache in (file_cache(tmp_path), MemoryCache()):
        with cache.locked("key") as held, cache.locked("key", 0.0) as also:
            assert (held, also) == (Hold.HELD, Hold.PASSED_BY)


def test_threads_are_locked_where_processes_cannot_be(tmp_path: Path) -> None:
    """There is no lock file in a folder that cannot be written."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    with file_cache(folder).locked("key") as held, file_cache(folder).locked("key", 0.0) as also:
        assert (held, also) == (Hold.HELD, Hold.PASSED_BY)
