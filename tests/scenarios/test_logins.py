"""Whose credentials a program uses, whatever logins, renewals and logouts come between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from quicklogin import login

import sso_plugin
from sso_plugin import LoginRequired, PortalError
from sso_plugin.storage import cache
from sso_plugin.storage.file_cache import FileCache, token_cache

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

PAST = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def _enabled(_not_enabled: None) -> None:
    sso_plugin.enable()


def user() -> str:
    session: Any = boto3.Session(profile_name="dev")
    return str(session.client("sts").get_caller_identity()["Arn"].rsplit("/", 1)[1])


def log_in(world: World, name: str) -> None:
    login(
        "dev",
        flow="device",
        force=True,
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), name),
        open_browser=None,
    )


@pytest.fixture
def two(world: World) -> World:
    """Give a world in which bob has the same role as alice."""
    account = "111111111111"
    for name in ("alice", "bob"):
        world.emulator.assign(name, account, "AdministratorAccess")
    return world


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def rewrite_token(world: World, **changes: Any) -> None:
    document = {**json.loads(world.token_file().read_text()), **changes}
    world.token_file().write_text(json.dumps(document))


@pytest.mark.parametrize("cache", ["file", "memory"])
@pytest.mark.parametrize("how", ["ours", "of the AWS CLI"])
def test_after_a_login_of_bob_a_new_session_acts_as_bob(two: World, how: str, cache: str) -> None:
    """And not as alice until her credentials expire."""
    two.configure(two.emulator.profile() + f"sso_cache = {cache}\n")
    two.sign_in("alice")
    assert user() == "alice"
    if how == "ours":
        log_in(two, "bob")
        assert two.role_files() == []
    else:
        two.sign_in("bob")
    assert [user(), user()] == ["bob", "bob"]
    assert two.count("GetRoleCredentials") == 2


def test_a_profile_that_names_its_account_follows_the_login(two: World) -> None:
    """The names of accounts are those of one user, too."""
    profile = two.emulator.profile().replace("sso_account_id = 111111111111", "")
    two.configure(profile + "sso_account_name = production\n")
    two.sign_in("alice")
    assert [user(), user()] == ["alice", "alice"]
    two.sign_in("bob")
    assert [user(), user()] == ["bob", "bob"]
    assert (two.count("ListAccounts"), two.count("GetRoleCredentials")) == (2, 2)


def test_a_credential_process_follows_the_login(two: World) -> None:
    """Also where it reads nothing but its memo."""
    from sso_plugin.commands.credential_process import process_document

    two.sign_in("alice")
    keys = [process_document("dev")["AccessKeyId"] for _ in range(2)]
    two.sign_in("bob")
    keys += [process_document("dev")["AccessKeyId"] for _ in range(2)]
    assert (keys[0] == keys[1], keys[1] == keys[2], keys[2] == keys[3]) == (True, False, True)
    two.token_file().unlink()
    with pytest.raises(LoginRequired):
        process_document("dev")


def test_without_a_token_file_a_new_session_needs_a_login(world: World) -> None:
    """As on stock botocore; an expired token is another case."""
    world.sign_in()
    user()
    rewrite_token(world, expiresAt=PAST, refreshToken="dead")
    assert user() == "alice"
    world.token_file().unlink()
    with pytest.raises(LoginRequired, match="there is no token in"):
        user()
    assert world.count("CreateToken") == 0


def test_a_renewal_of_ours_keeps_role_credentials(world: World) -> None:
    """The login is the same, though the file is another."""
    world.sign_in()
    user()
    rewrite_token(world, expiresAt=PAST)
    sso_plugin.login("dev")
    assert world.count("CreateToken") == 1
    assert user() == "alice"
    assert world.count("GetRoleCredentials") == 1


def test_a_renewal_of_another_program_costs_one_fetch(world: World) -> None:
    """It cannot be told from a login; then all is as before."""
    world.sign_in()
    user()
    world.sign_in()
    assert [user() for _ in range(3)] == ["alice"] * 3
    assert world.count("GetRoleCredentials") == 2


def strip_note(world: World, age: float) -> None:
    """Have the role file look as if the AWS CLI had written it, that many seconds ago."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    del document["SsoPlugin"]
    file.write_text(json.dumps(document))
    then = time.time() - age
    os.utime(file, (then, then))


@pytest.mark.parametrize(("age", "fetches"), [(-1, 1), (60, 2)])
def test_a_role_file_without_a_note_is_judged_by_time(
    world: World, age: float, fetches: int
) -> None:
    """Older than the token means another login. After one fetch it has a note."""
    world.sign_in()
    user()
    strip_note(world, age)
    assert [user() for _ in range(3)] == ["alice"] * 3
    assert world.count("GetRoleCredentials") == fetches


def test_a_role_file_without_a_note_is_good_after_a_renewal_of_ours(world: World) -> None:
    """The token is younger than it, and the login is not."""
    world.sign_in()
    user()
    strip_note(world, 0)
    then = time.time() - 60
    os.utime(world.token_file(), (then, then))
    rewrite_token(world, expiresAt=PAST)
    os.utime(world.token_file(), (then, then))
    sso_plugin.login("dev")
    assert world.count("CreateToken") == 1
    assert user() == "alice"
    assert world.count("GetRoleCredentials") == 1


def test_a_copied_home_causes_no_fetch_at_every_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its files have new times and inodes, and the same content."""
    world.sign_in()
    user()
    copy = world.home.with_name("copy")
    shutil.copytree(world.home, copy, copy_function=shutil.copyfile)
    for file in copy.rglob("*.json"):
        file.chmod(0o600)
    monkeypatch.setenv("HOME", str(copy))
    assert [user() for _ in range(3)] == ["alice"] * 3
    assert world.count("GetRoleCredentials") == 1


def test_the_warm_path_costs_one_stat(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the token file, which is not opened; and imports nothing that writes or asks."""
    world.sign_in()
    user()
    script = """
import sys
opened, looked_at = [], []
def hook(event, args):
    if event == "open" and str(args[0]).endswith(".json") and "/.aws/" in str(args[0]):
        opened.append(str(args[0]).split("/.aws/")[1].split("/")[0])
import boto3, sso_plugin
from pathlib import Path
sso_plugin.enable()
sys.addaudithook(hook)
stat = Path.stat
def counted(path, **kwargs):
    if "sso/cache" in str(path):
        looked_at.append(path)
    return stat(path, **kwargs)
Path.stat = counted
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
ours = sorted(name for name in sys.modules if name.startswith("sso_plugin."))
print(len(ours), len(looked_at), opened)
"""
    assert world.run(script).stdout == "22 1 ['cli']\n"


def test_a_cache_that_a_caller_sets_behaves_as_in_stock(two: World) -> None:
    """It has no note of a login, and is used whoever is logged in."""
    two.sign_in("alice")
    mapping: dict[str, Any] = {}

    def key() -> str:
        session: Any = boto3.Session(profile_name="dev")
        core = session._session
        core.get_component("credential_provider").get_provider("sso").cache = mapping
        return str(core.get_credentials().get_frozen_credentials().access_key)

    first = key()
    [document] = mapping.values()
    assert list(document) == ["ProviderType", "Credentials"]
    two.sign_in("bob")
    assert key() == first


# --- what happens during a request ---------------------------------------------------------------

DELAYED = """
import sys, threading, time
from pathlib import Path
import boto3, sso_plugin
from sso_plugin.portal.client import Portal
sso_plugin.enable()
method, answered, go_on = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
real = getattr(Portal, method)
def delayed(*args, **kwargs):
    answer = real(*args, **kwargs)
    if not answered.exists():
        answered.touch()
        while not go_on.exists():
            time.sleep(0.01)
    return answer
setattr(Portal, method, delayed)
try:
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    print(arn.rsplit("/", 1)[1])
except Exception as exc:
    print(type(exc).__name__)
"""


class Delayed:
    """A process whose first answer of the portal to one request arrives when it is told to."""

    def __init__(self, folder: Path, method: str) -> None:
        self.answered, self.go_on = folder / "answered", folder / "go_on"
        self.process = subprocess.Popen(
            [sys.executable, "-c", DELAYED, method, str(self.answered), str(self.go_on)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        wait_for(self.answered)

    def finish(self) -> str:
        self.go_on.touch()
        return self.process.communicate(timeout=60)[0].strip()


@pytest.mark.parametrize("how", ["ours", "of the AWS CLI"])
@pytest.mark.parametrize("method", ["create_token", "get_role_credentials"])
def test_a_login_of_bob_during_a_request_of_alice_wins(
    two: World, tmp_path: Path, method: str, how: str
) -> None:
    """The renewal of her token does not put it back, and her role credentials are not used."""
    two.sign_in("alice", expiresAt=PAST)
    delayed = Delayed(tmp_path, method)
    if how == "ours":
        log_in(two, "bob")
    else:
        two.sign_in("bob")
    token = json.loads(two.token_file().read_text())["accessToken"]
    assert delayed.finish() == "bob"
    assert json.loads(two.token_file().read_text())["accessToken"] == token
    assert user() == "bob"


@pytest.mark.parametrize("method", ["create_token", "get_role_credentials"])
def test_a_logout_during_a_request_wins(world: World, tmp_path: Path, method: str) -> None:
    """It is not undone: no token and no role credentials are there afterwards."""
    world.sign_in("alice", expiresAt=PAST)
    delayed = Delayed(tmp_path, method)
    sso_plugin.logout("dev")
    assert delayed.finish() == "LoginRequired"
    assert not world.token_file().exists()
    assert world.role_files() == []
    assert not list(world.home.rglob("*.tmp"))


def test_a_logout_directly_before_the_write_leaves_no_role_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process looks again after it has written, and deletes the file itself."""
    world.sign_in()
    put = FileCache.put

    def put_late(documents: FileCache, key: str, document: Any) -> None:
        if "Credentials" in document:
            sso_plugin.logout("dev")
        put(documents, key, document)

    monkeypatch.setattr(FileCache, "put", put_late)
    session: Any = boto3.Session(profile_name="dev")
    session.get_credentials().get_frozen_credentials()
    assert world.role_files() == []


def test_a_process_stopped_after_its_last_look_cannot_undo_a_login(tmp_path: Path) -> None:
    """Its new file is deleted, so that it has to look again."""
    documents = FileCache(tmp_path)
    documents.put("key", {"refreshToken": "alice"})

    def bob_comes(entry: Any) -> bool:
        current = entry is not None and entry.document["refreshToken"] == "alice"
        if current:
            documents.supersede("key", {"refreshToken": "bob"})
        return current

    assert not documents.replace("key", {"refreshToken": "alice 2"}, bob_comes)
    entry = documents.get("key")
    assert entry is not None
    assert entry.document == {"refreshToken": "bob"}

    def logout(entry: Any) -> bool:
        documents.delete("key")
        return entry is not None

    assert not documents.replace("key", {"refreshToken": "bob 2"}, logout)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_replaced_by_a_renewal(tmp_path: Path) -> None:
    """It holds nothing that has to be kept, and is not the result of a logout."""
    documents = FileCache(tmp_path)
    (tmp_path / "key.json").write_text("{")
    assert documents.replace("key", {"a": 1}, lambda entry: entry is not None)
    entry = documents.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


# --- the lock of the token -----------------------------------------------------------------------

STOPS_ONCE = """
import os, signal, sys
from pathlib import Path
import boto3, sso_plugin
from sso_plugin.portal.client import Portal
sso_plugin.enable()
real = Portal.create_token
def stopped(*args, **kwargs):
    answer = real(*args, **kwargs)
    Path(sys.argv[1]).write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)
    return answer
Portal.create_token = stopped
try:
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    print(arn.rsplit("/", 1)[1])
except Exception as exc:
    print(exc)
"""


@pytest.mark.long
@pytest.mark.parametrize("seconds", [15, 40])
def test_a_holder_that_is_stopped_costs_no_login(
    world: World, tmp_path: Path, seconds: int
) -> None:
    """Between the answer of CreateToken and the write; nobody else spends the refresh token."""
    world.emulator.settings.refresh_tokens = "rotate-strict"
    world.sign_in(expiresAt=PAST)
    stopped = tmp_path / "stopped"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STOPS_ONCE, str(stopped)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    deadline = time.monotonic() + 60
    while not stopped.exists() or not stopped.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(seconds)
    os.kill(int(stopped.read_text()), signal.SIGCONT)
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert printed == ["alice"] * 8
    assert world.count("CreateToken") == 1


def test_a_lock_that_stays_held_is_an_error_that_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be retried, names the lock, its holder and a command, and is no outage."""
    monkeypatch.setattr(cache, "RENEWAL_LOCK_TIMEOUT", 0.3)
    world.sign_in(expiresAt=PAST)
    key = world.token_file().stem
    with token_cache().locked(key):
        with pytest.raises(PortalError) as caught:
            user()
        lock = world.token_file().with_suffix(".lock")
        assert str(caught.value) == (
            f'The profile "dev" cannot renew its access token: another process still holds {lock} '
            f"(process {os.getpid()}). Try again later, stop that process, or run: "
            "sso-plugin login --profile dev --force"
        )
        assert caught.value.retryable
        assert world.count("CreateToken") == 0
        # The command that it names does not wait for the lock, and helps at once.
        log_in(world, "alice")
        assert user() == "alice"
    assert not list((world.home / ".aws/sso-plugin").glob("outage-*.json"))


def test_who_waits_goes_on_as_soon_as_somebody_has_logged_in(world: World) -> None:
    """The lock is still held by then."""
    world.sign_in(expiresAt=PAST)
    users: list[str] = []
    waiting = threading.Thread(target=lambda: users.append(user()))
    with token_cache().locked(world.token_file().stem):
        waiting.start()
        waiting.join(0.5)
        assert users == []
        log_in(world, "alice")
        waiting.join(20)
        assert users == ["alice"]


def test_ctrl_c_ends_the_wait_for_a_lock(world: World) -> None:
    """At once, as it ends any other wait."""
    world.sign_in(expiresAt=PAST)
    script = """
import boto3, sso_plugin
sso_plugin.enable()
credentials = boto3.Session(profile_name="dev").get_credentials()
print("begins", flush=True)
try:
    credentials.get_frozen_credentials()
except KeyboardInterrupt:
    print("interrupted")
"""
    with token_cache().locked(world.token_file().stem):
        waiting = subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "begins\n"
        time.sleep(1)
        assert waiting.poll() is None
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate(timeout=30)[0] == "interrupted\n"
    assert world.count("CreateToken") == 0


def test_where_no_folder_can_be_made_a_token_is_renewed_as_on_stock(world: World) -> None:
    """That is another case than a lock that another process holds."""
    world.sign_in(expiresAt=PAST)
    done = world.run("""
from sso_plugin.storage.folder import OpenFolder
def no(*_, **__): raise PermissionError(13, 'Permission denied')
OpenFolder.following = no
import boto3, sso_plugin
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
print(sts.get_caller_identity()["Arn"].rsplit("/", 1)[1])
""")
    assert done.stdout == "alice\n"
    # A folder that cannot be written is reported, because the new token is lost for others.
    [line] = done.stderr.splitlines()
    assert "memory of this process only" in line
    assert world.count("CreateToken") == 1


def make_both_due(world: World) -> None:
    """Have an expired token, and credentials that are due for a renewal in the background."""
    world.sign_in()
    user()
    rewrite_token(world, expiresAt=PAST)
    [file] = world.role_files()
    document = json.loads(file.read_text())
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    document["Credentials"]["Expiration"] = soon
    file.write_text(json.dumps(document))
    then = time.time() - 3600
    os.utime(file, (then, then))


def test_the_end_of_a_script_does_not_wait_for_a_lock(world: World) -> None:
    """A renewal in the background that waits for one has nothing to lose."""
    make_both_due(world)
    script = """
import boto3, sso_plugin, time
from sso_plugin.credentials import background; from sso_plugin.storage import waiting
sso_plugin.enable()
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
time.sleep(0.5)
print([waiting.is_waiting(one._thread) for one in background._instances])
join = background.threading.Thread.join
background.threading.Thread.join = lambda self, seconds=None: print("joined") or join(self, seconds)
"""
    with token_cache().locked(world.token_file().stem):
        done = world.run(script)
    assert (done.stdout, done.stderr) == ("[True]\n", "")


ENDING = """
import atexit, sys, time
from pathlib import Path
import boto3, sso_plugin
sso_plugin.enable()
ending, released = map(Path, sys.argv[1:])
def last():  # runs after the hook of sso_plugin, which is registered later
    ending.touch()
    while not released.exists():
        time.sleep(0.01)
    time.sleep(1)
atexit.register(last)
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
"""


def test_a_renewal_that_the_end_of_a_script_has_not_waited_for_spends_nothing(
    world: World, tmp_path: Path
) -> None:
    """The process may end before it has saved what it got for the refresh token."""
    make_both_due(world)
    ending, released = tmp_path / "ending", tmp_path / "released"
    command = [sys.executable, "-c", ENDING, str(ending), str(released)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as script:
        with token_cache().locked(world.token_file().stem):
            wait_for(ending)
        released.touch()
        assert script.communicate(timeout=30)[1] == ""
    assert (script.returncode, world.count("CreateToken")) == (0, 0)
    for file in world.role_files():
        file.unlink()
    assert (user(), world.count("CreateToken")) == ("alice", 1)
