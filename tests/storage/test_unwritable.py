"""Files that cannot be written or deleted: what is reported, and what works without them."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import other_user
import pytest
from token_home import BECOME

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from browsers import browser
from caches import file_cache
from command import ENTRY, environment, run
from quick_login import login

import sso_plugin
from sso_plugin.commands.doctor import diagnose
from sso_plugin.errors import SsoPluginError
from sso_plugin.storage.unwritable import explain, stays_unusable

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"
USE = """
import logging, boto3
logging.basicConfig(level=logging.WARNING)
for _ in range(3):
    session = boto3.Session(profile_name="dev")
    print(session.client("sts").get_caller_identity()["Account"])
"""
MOUNTS = {
    "read-only": "mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}",
    "full": "cp -R {folder} {copy}; mount -t tmpfs -o size=16k none {folder}; "
    "cp -p {copy}/*.json {folder}; head -c 99999 /dev/zero >{folder}/fill 2>/dev/null || true",
}


def run_on(mount: str, folder: Path, *command: str, **changes: str) -> tuple[int, str, str]:
    """Run a command with a mount that makes a folder unwritable."""
    copy = folder.parents[2] / f"copy-{time.monotonic_ns()}"
    script = "set -e; " + MOUNTS[mount].format(folder=folder, copy=copy) + '; exec "$@"'
    mounted = ["unshare", "-m", "sh", "-c", script, "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*mounted, "true"], check=False).returncode
    ):
        pytest.skip("this system permits no mounts")
    done = subprocess.run(
        [*mounted, sys.executable, "-c", *command],
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def block(world: World) -> Path:
    """Create a file with the name of the token folder, which stops root as well."""
    place = world.home / ".aws/sso"
    place.write_text("")
    return place


@pytest.fixture
def blocked(world: World) -> str:
    """Return the reason why the token cannot be stored."""
    place, file = block(world), world.token_file()
    return f"{file} cannot be written: {place} is not a folder (run: mv {place} {place}.old)"


@pytest.mark.long
def test_a_login_whose_token_cannot_be_stored_fails(
    world: World, tmp_path: Path, blocked: str
) -> None:
    """The next command would need a login again. The command in the message fixes it."""
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 1
    assert "Logged in" not in done.stderr
    assert done.stderr.splitlines()[-2:] == [
        f"sso-plugin: warning: The new access token of {world.emulator.start_url} is in the memory "
        f"of this process only, and other programs need a login: {blocked}",
        "The login is lost: its token could not be saved for other programs.",
    ]
    command = re.search(r"run: (.*)\)", blocked)
    assert command
    subprocess.run(["/bin/sh", "-c", command[1]], check=True)
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 0
    assert run("login").stderr.startswith("Already logged in")


@pytest.mark.long
@pytest.mark.parametrize("mount", MOUNTS)
def test_a_login_on_an_unwritable_disk_fails(world: World, tmp_path: Path, mount: str) -> None:
    """Read-only, or full."""
    world.token_file().parent.mkdir(parents=True)
    world.token_file("other").write_text("{}")
    words = ("login", "--flow", "browser")
    code, _, errors = run_on(
        mount, world.token_file().parent, ENTRY, *words, BROWSER=browser(world, tmp_path)
    )
    assert code == 1
    why = "Read-only file system (set HOME" if mount == "read-only" else "No space left on device"
    assert f"other programs need a login: {world.token_file()} cannot be written: {why}" in errors
    assert errors.endswith("The login is lost: its token could not be saved for other programs.\n")


@pytest.mark.long
def test_a_login_with_an_untrusted_folder_fails(world: World, tmp_path: Path) -> None:
    """The token is written, but not read."""
    folder = world.home / ".aws/sso"
    folder.mkdir()
    folder.chmod(0o777)
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 1
    assert f"the folder {folder} (if you trust it, run: chmod go-w {folder})" in done.stderr
    folder.chmod(0o755)
    assert run("login").returncode == 0


def log_in(world: World) -> sso_plugin.Status:
    return login(
        "dev",
        flow="device",
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("why", ["not writable", "not trusted", "no home"])
def test_a_script_that_logs_in_uses_the_token_in_memory(
    world: World, why: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one warning. The user logs in once."""
    import boto3

    if why == "not writable":
        block(world)
    elif why == "not trusted":
        (world.home / ".aws").chmod(0o777)
    else:
        unknown = "~/.aws/sso/cache"
        monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", unknown)
        monkeypatch.setattr("pathlib.Path.home", no_home)
    assert log_in(world).not_stored
    sso_plugin.enable()
    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert log_in(world).state == "usable"
    assert world.count("StartDeviceAuthorization") == 1
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len([each for each in warnings if "memory of this process only" in each]) == 1


@pytest.mark.long
def test_a_script_that_starts_a_login_does_so_once(
    world: World, tmp_path: Path, blocked: str
) -> None:
    """With ``sso_login``, for all sessions of the process, and with one warning."""
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    code = f"import sso_plugin\nsso_plugin.enable()\n{USE}"
    done = world.run(code, BROWSER=browser(world, tmp_path))
    assert done.stdout == "111111111111\n" * 3
    assert done.stderr.count("needs a login: it has no access token") == 1
    assert done.stderr.count(f"other programs need a login: {blocked}\n") == 1
    assert world.count("CreateToken") == 1


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_a_login_that_is_stored_reports_no_problem(world: World) -> None:
    """All processes can use the token."""
    assert log_in(world).not_stored is None
    assert world.token_file().exists()


def outcome(world: World, mount: str, **changes: str) -> tuple[str, str, int]:
    """Use the token on an unwritable disk, three times in one process."""
    code = USE if changes else f"import sso_plugin\nsso_plugin.enable()\n{USE}"
    _, out, errors = run_on(mount, world.token_file().parent, code, **changes)
    return out, errors, world.count("CreateToken")


@pytest.mark.long
@pytest.mark.parametrize("mount", MOUNTS)
def test_a_valid_token_is_not_renewed_on_an_unwritable_disk(world: World, mount: str) -> None:
    """The new token would be lost. Stock botocore renews it, and fails where it cannot save it."""
    world.emulator.settings.refresh_tokens = "rotate"
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
    world.sign_in(expiresAt=soon)
    then = time.time() - 8 * 3600
    os.utime(world.token_file(), (then, then))
    before = world.token_file().read_text()
    assert outcome(world, mount) == ("111111111111\n" * 3, "", 0)
    assert world.token_file().read_text() == before
    out, errors, renewals = outcome(world, mount, SSO_PLUGIN="off")
    assert renewals > 0
    # Old versions write the existing file in place, which needs no space.
    if mount == "read-only":
        assert (out, "Error: " in errors) == ("", True)


@pytest.mark.long
@pytest.mark.parametrize("mount", ["read-only", pytest.param("full", marks=pytest.mark.long)])
def test_an_expired_token_is_renewed_in_memory(world: World, mount: str) -> None:
    """Once for all sessions of the process, with one warning."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    out, errors, renewals = outcome(world, mount)
    assert (out, renewals) == ("111111111111\n" * 3, 1)
    (line,) = errors.splitlines()
    assert line.startswith(
        "WARNING:sso_plugin.credentials.token_file:The new access token of "
        f"{world.emulator.start_url} is in the memory of this process only, and other programs "
        "need a login: "
        f"{world.token_file()} cannot be written: "
    )


def test_the_test_whether_a_file_can_be_written_leaves_no_file(world: World) -> None:
    """On a writable disk it finds no problem."""
    world.sign_in()
    cache = file_cache(world.token_file().parent)
    assert cache.why_not_storable(world.token_file().stem) is None
    assert [path.name for path in world.token_file().parent.iterdir()] == [world.token_file().name]


def test_a_file_that_cannot_be_replaced_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder has its name, or it is a file of another user in a sticky folder of root."""
    cache = file_cache(tmp_path)
    (tmp_path / "folder.json").mkdir()
    path = tmp_path / "folder.json"
    assert cache.why_not_storable("folder") == (
        f"{path} cannot be written: Is a directory (run: mv {path} {path}.old)"
    )
    (tmp_path / "key.json").touch()
    tmp_path.chmod(0o1777)
    assert cache.why_not_storable("key") is None
    monkeypatch.setattr(os, "geteuid", lambda: 12)
    assert "cannot be written: Operation not permitted" in str(cache.why_not_storable("key"))


TRY = f"""
import encodings.ascii, os, sys, tempfile
from pathlib import Path
from sso_plugin.storage import modes, trust, writing, unwritable
from caches import file_cache
{BECOME.format(uid=other_user.USER)}
print(file_cache(Path(sys.argv[1])).why_not_storable("key"))
"""


@pytest.mark.long
@other_user.needs_two_users
@pytest.mark.parametrize(
    "existing",
    [
        ".aws",
        pytest.param("", marks=pytest.mark.long),
        pytest.param(".aws/sso/cache", marks=pytest.mark.long),
    ],
)
def test_the_command_for_a_folder_of_root_changes_only_the_cache(existing: str) -> None:
    """Not its parents, which may be system folders."""
    with other_user.folder_of(0) as home:
        folder = home / ".aws/sso/cache"
        (home / existing).mkdir(parents=True, exist_ok=True)
        tried = [sys.executable, "-c", TRY, str(folder)]
        variables = environment(HOME=str(home))
        why = subprocess.check_output(tried, env=variables, text=True).strip()
        command = re.search(r"cannot be written: Permission denied \(run: (.*)\)", why)
        assert command
        subprocess.run(["/bin/sh", "-c", command[1].replace("sudo ", "")], check=True)
        assert subprocess.check_output(tried, env=variables, text=True) == "None\n"
        above = {path.stat().st_uid for path in (home, home / ".aws") if path != folder}
        assert 0 in above


@pytest.mark.skipif(os.name == "nt", reason="Windows has no /dev/null")
def test_the_message_about_a_home_that_is_a_device_has_no_command() -> None:
    """Service accounts have such a home. To move it would damage the system."""
    cache = file_cache(Path("/dev/null/.aws/sso/cache"))
    cache.put("key", {})
    assert cache.why_not_stored("key") == (
        "/dev/null/.aws/sso/cache/key.json cannot be written: /dev/null is not a folder "
        "(set HOME to a folder that can be written)"
    )


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.ENOSPC, "free some space on the disk"),
        (errno.EROFS, "set HOME to a folder that can be written, or mount this one so"),
        (errno.EISDIR, "run: mv {path} {path}.old"),
        (errno.EIO, ""),
    ],
)
def test_the_reason_has_a_fix_if_there_is_one(tmp_path: Path, number: int, fix: str) -> None:
    """It depends on the error."""
    path = tmp_path / "key.json"
    why = f"{path} cannot be written: {os.strerror(number)}"
    expected = f"{why} ({fix.format(path=path)})" if fix else why
    assert explain(path, OSError(number, os.strerror(number))) == expected


@pytest.mark.parametrize(("reasons", "expected"), [("xx--", False), ("-", False), ("x" * 9, True)])
def test_a_file_may_become_usable_while_another_program_writes_it(
    monkeypatch: pytest.MonkeyPatch, reasons: str, *, expected: bool
) -> None:
    """It is read several times, for half a second."""
    monkeypatch.setattr("sso_plugin.storage.unwritable._READ_PAUSES", (0.0,) * 4)
    left = list(reasons)
    assert stays_unusable(lambda: "is damaged" if left.pop(0) == "x" else None) == expected


@pytest.mark.long
def test_doctor_reports_an_unwritable_token_folder(world: World, blocked: str) -> None:
    """Before the missing token, because a login alone would not help."""
    place = world.home / ".aws/sso"
    found = [each for each in diagnose("dev") if each.check == "files"]
    assert [(each.status, each.message, each.fix) for each in found][:2] == [
        ("problem", f"{blocked.partition(' (')[0]}.", f"mv {place} {place}.old"),
        (
            "problem",
            f"There is no token: {world.token_file()} does not exist.",
            "sso-plugin login --profile dev",
        ),
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    "words", [("--profile", "dev"), pytest.param(("--all",), marks=pytest.mark.long)]
)
def test_a_logout_that_cannot_delete_files_fails(world: World, words: tuple[str, ...]) -> None:
    """It names each file once. Missing files are not reported."""
    world.sign_in()
    code, _, errors = run_on("read-only", world.token_file().parent, ENTRY, "logout", *words)
    assert code == 1
    assert errors.splitlines() == [
        "Logged out of corp: the token was revoked.",
        f"sso-plugin: Files could not be deleted: {world.token_file()}: Read-only file system. "
        "Make their folder writable, then log out again.",
    ]
    assert run("logout", *words).returncode == 0
    assert not world.token_file().exists()


def test_a_logout_in_a_script_raises_an_error_for_files_that_stay(world: World) -> None:
    """After the other files were deleted."""
    world.sign_in()
    sso_plugin.enable()
    import boto3

    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    world.token_file().unlink()
    world.token_file().mkdir()
    with pytest.raises(SsoPluginError, match="Files could not be deleted"):
        sso_plugin.logout("dev")
    assert world.role_files() == []


@pytest.mark.long
def test_a_configure_that_cannot_write_fails(world: World) -> None:
    """The config file is not changed."""
    world.sign_in()
    before = world.config_file.read_text()
    words = ("configure", "--sso-session", "corp", "--yes")
    code, _, errors = run_on("read-only", world.home / ".aws", ENTRY, *words)
    assert code == 1
    assert "is written" not in errors
    assert "Read-only file system" in errors
    assert world.config_file.read_text() == before
    assert json.loads(world.token_file().read_text())
