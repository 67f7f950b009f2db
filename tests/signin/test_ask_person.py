"""``sso_login``: an unchanged script asks for a login, once for all threads and processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.session import Session
from browsers import set_browser
from caches import own_cache
from long_tests import long

import sso_plugin
from sso_plugin import LoginFailed, LoginRequired, PortalError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.signin import ask_person
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

    from sso_plugin.emulator import Emulator

BROWSER = """
import json, os, sys, time, urllib.request
log, gate, emulator, answer = {words}
url = sys.argv[1]
with open(log, "a") as file:
    file.write(url + "\\n")

def post(action, **words):
    body = json.dumps(words).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{emulator}/_emulator/{action}", body, headers)
    return json.load(urllib.request.urlopen(request))

# The browser is started with another URL, which redirects to the page for some seconds.
url = urllib.request.urlopen(url).url
# The user approves when the test opens the gate.
while not os.path.exists(gate):
    time.sleep(0.01)
if "/device" in url:
    # Opened without the code, which the user reads in the terminal.
    pending = json.load(urllib.request.urlopen(f"{emulator}/_emulator/pending"))["pending"]
    post("approve" if answer == "authorize" else "deny", user_code=pending[0])
else:
    location = post(answer, url=url)["location"]
    urllib.request.urlopen(location).read()
"""


@pytest.fixture
def gate(world: World) -> Path:
    """Return the file for which the browser waits before it answers. It exists, unless removed."""
    gate = world.home / "gate"
    gate.touch()
    return gate


@pytest.fixture
def browser(world: World, gate: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Set ``BROWSER`` to a program that approves or denies, and logs what it opened."""

    def start(answer: str) -> Path:
        program, log = world.home / "browser.py", world.home / "opened"
        words = [str(log), str(gate), world.emulator.url, answer]
        program.write_text(BROWSER.replace("{words}", repr(words)))
        log.touch()
        # The variable is a list, separated by colons, so the words are part of the program.
        set_browser(monkeypatch, f"{sys.executable} {program} %s")
        for name in ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "container"):
            monkeypatch.delenv(name, raising=False)
        return log

    return start


SCRIPT = """
import sys
import boto3, sso_plugin
sso_plugin.enable()
print("ready", flush=True)
sys.stdin.readline()
try:
    print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"])
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
"""


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true, at most two minutes."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_open(process: subprocess.Popen[str], folder: Path) -> bool:
    """Return whether a process has a folder open, as one that waits for a lock in it has."""
    descriptors = Path(f"/proc/{process.pid}/fd")
    with contextlib.suppress(OSError):
        return str(folder) in [str(each.readlink()) for each in descriptors.iterdir()]
    return False


def run_together(world: World, number: int) -> list[tuple[str, str]]:
    """Start a script in that many processes, and return their output.

    The user answers in the browser when all other processes wait for the lock (on Linux).
    """
    gate, own_folder = world.home / "gate", world.home / ".aws/sso-plugin"
    gate.unlink()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            # Without the terminal of a developer, where the prompt would be shown.
            start_new_session=True,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(number)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    if sys.platform == "linux":
        wait_until(lambda: sum(has_open(each, own_folder) for each in processes) == number - 1)
    gate.touch()
    return [process.communicate(timeout=120) for process in processes]


@pytest.mark.long
@pytest.mark.parametrize("choice", ["auto", "browser"])
def test_twenty_processes_open_one_browser(
    world: World, browser: Callable[[str], Path], choice: str
) -> None:
    """One of them asks, the others wait, and all of them succeed."""
    log = browser("authorize")
    world.configure(world.emulator.profile() + f"sso_login = {choice}\n")
    results = run_together(world, 20)
    assert [out.strip().rsplit("/", 1)[-1] for out, _ in results] == ["alice"] * 20
    assert len(log.read_text().splitlines()) == 1
    assert sorted("needs a login" in err for _, err in results) == [False] * 19 + [True]
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_denied_login_is_shared_by_all_processes(
    world: World, browser: Callable[[str], Path]
) -> None:
    """The processes that waited do not ask again. Each reports the reason."""
    log = browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    results = run_together(world, 6)
    assert {out.strip() for out, _ in results} == {
        'LoginFailed: The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    }
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.long
def test_a_process_that_starts_a_minute_later_asks_again(
    world: World, browser: Callable[[str], Path]
) -> None:
    """A denial counts for a minute."""
    browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    run_together(world, 1)
    [record] = (world.home / ".aws/sso-plugin").glob("login-*.json")
    then = time.time() - 61
    os.utime(record, (then, then))
    log = browser("authorize")
    [(out, _)] = run_together(world, 1)
    assert out.strip().endswith("/alice")
    assert len(log.read_text().splitlines()) == 2


def use(profile: str = "dev") -> str:
    sso_plugin.enable()
    identity = boto3.Session(profile_name=profile).client("sts").get_caller_identity()
    return str(identity["Arn"])


def set_capabilities(
    monkeypatch: pytest.MonkeyPatch, *, no_browser: str | None, has_terminal: bool
) -> None:
    found = Capabilities(no_browser, has_terminal)
    monkeypatch.setattr(Capabilities, "detect", classmethod(lambda _: found))


def waits_for_lock(thread: threading.Thread) -> bool:
    """Return whether a thread is inside of the function that waits for the lock of a login."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "locked":
            return True
        frame = frame.f_back
    return False


@pytest.mark.long
def test_threads_that_need_a_login_at_once_open_one_browser(
    world: World, browser: Callable[[str], Path], gate: Path
) -> None:
    """The others wait for the lock while the user looks at the page."""
    log = browser("authorize")
    gate.unlink()
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    arns: list[str] = []
    threads = [threading.Thread(target=lambda: arns.append(use())) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sum(map(waits_for_lock, threads)) == 7)
    gate.touch()
    for thread in threads:
        thread.join(60)
    assert [arn.rsplit("/", 1)[1] for arn in arns] == ["alice"] * 8
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.long
def test_a_script_asks_for_no_login_by_default(world: World) -> None:
    """``sso_login`` is ``never`` unless the profile sets it."""
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        use()


def test_without_terminal_and_browser_auto_fails_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user would not see the prompt. The error says why, and which command to run."""
    set_capabilities(monkeypatch, no_browser="this is a CI job", has_terminal=False)
    world.configure(world.emulator.profile() + "sso_login = auto\n")
    with pytest.raises(LoginRequired) as caught:
        use()
    assert str(caught.value) == (
        'The profile "dev" needs a login: it has no access token. '
        "sso_login = auto cannot ask for it here: there is no terminal, and no browser "
        "because this is a CI job. Run: sso-plugin login --profile dev"
    )


@pytest.mark.long
def test_the_device_flow_asks_in_the_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over SSH the code is shown, no browser opens, and the script continues."""
    set_capabilities(monkeypatch, no_browser="this is an SSH connection", has_terminal=True)
    world.configure(world.emulator.profile() + "sso_login = auto\n")
    world.emulator.settings.poll_interval = 0
    monkeypatch.setattr("webbrowser.open", pytest.fail)
    stop = threading.Event()
    user = threading.Thread(target=approve_what_is_pending, args=(world.emulator, stop))
    user.start()
    try:
        assert use().endswith("/alice")
    finally:
        stop.set()
        user.join()
    printed = capsys.readouterr()
    assert "Open this page in any browser on any device:" in printed.err
    assert printed.out == ""


def approve_what_is_pending(emulator: Emulator, stop: threading.Event) -> None:
    import urllib.request

    while not stop.wait(0.05):
        with urllib.request.urlopen(f"{emulator.url}/_emulator/pending") as answer:
            pending: Any = json.load(answer)
        for code in pending["pending"] if isinstance(pending, dict) else pending:
            emulator.approve(code["user_code"] if isinstance(code, dict) else code, "alice")


@pytest.mark.long
def test_a_login_by_another_program_ends_the_wait(
    world: World, browser: Callable[[str], Path]
) -> None:
    """The browser is not opened if the user has logged in while this process waited."""
    log = browser("authorize")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    arns: list[str] = []
    waiter = threading.Thread(target=lambda: arns.append(use()))
    with holding_lock(f"login-{world.token_file().stem}"):
        waiter.start()
        wait_until(lambda: waits_for_lock(waiter))
        world.sign_in()
        waiter.join(60)
    assert arns[0].endswith("/alice")
    assert log.read_text() == ""


@contextlib.contextmanager
def holding_lock(key: str) -> Iterator[None]:
    """Hold the lock of a key in another process."""
    script = (
        "import sys; from caches import own_cache\n"
        "with own_cache().locked(sys.argv[1]): print('held', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, key],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("\n", timeout=60)


@pytest.mark.long
def test_a_denied_login_is_an_error_that_callers_catch(
    world: World, browser: Callable[[str], Path]
) -> None:
    """It is botocore's UnauthorizedSSOTokenError, like a missing login."""
    from botocore.exceptions import UnauthorizedSSOTokenError

    browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    with pytest.raises(LoginFailed, match="it was denied") as caught:
        use()
    assert isinstance(caught.value, UnauthorizedSSOTokenError)


@pytest.mark.long
def test_a_user_who_denied_a_login_is_not_asked_again_within_a_minute(
    world: World, browser: Callable[[str], Path]
) -> None:
    """Neither by the same script nor by the next one."""
    log = browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    for _ in range(3):
        with pytest.raises(LoginFailed, match="it was denied"):
            use()
    assert len(log.read_text().splitlines()) == 1
    [record] = (world.home / ".aws/sso-plugin").glob("login-*.json")
    then = time.time() - 61
    os.utime(record, (then, then))
    with pytest.raises(LoginFailed, match="it was denied"):
        use()
    assert len(log.read_text().splitlines()) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    "account", ["sso_account_id = 111111111111", *long("sso_account_name = production")]
)
def test_a_renewal_ahead_of_time_opens_no_browser(
    world: World, browser: Callable[[str], Path], account: str
) -> None:
    """The user is asked when the credentials have expired, not before."""
    log = browser("authorize")
    profile = world.emulator.profile().replace("sso_account_id = 111111111111", account)
    assert account in profile
    world.configure(profile + "sso_login = browser\nsso_refresh = blocking\n")
    world.sign_in()
    use()
    token = json.loads(world.token_file().read_text())
    del token["refreshToken"]
    world.token_file().write_text(json.dumps({**token, "expiresAt": "2020-01-01T00:00:00Z"}))
    [file] = world.role_files()
    document = json.loads(file.read_text())
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 50))
    document["Credentials"]["Expiration"] = soon
    file.write_text(json.dumps(document))
    then = time.time() - 3600
    os.utime(file, (then, then))
    assert use().endswith("/alice")
    assert log.read_text() == ""
    file.unlink()
    assert use().endswith("/alice")
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.long
def test_a_failure_of_the_portal_does_not_stop_the_next_login(
    world: World, browser: Callable[[str], Path]
) -> None:
    """Only a denial counts for a minute."""
    browser("authorize")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    world.emulator.faults.add("RegisterClient", status=503)
    with pytest.raises(PortalError, match="was refused RegisterClient"):
        use()
    world.emulator.faults.clear()
    world.emulator.faults.add("RegisterClient", status=400)
    with pytest.raises(LoginFailed, match="Check sso_start_url"):
        use()
    world.emulator.faults.clear()
    assert use().endswith("/alice")


def test_a_shared_failure_without_a_reason_keeps_its_message(world: World) -> None:
    """Such as a failure of the start URL, which is the same for all profiles."""
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile is not None
    for error in (LoginFailed(error_msg="The start URL is wrong."), AssertionError("not reached")):
        with (
            pytest.raises(LoginFailed) as caught,
            ask_person._shared_failure(profile, own_cache(), "login-key", time.time() - 1),
        ):
            raise error
        assert str(caught.value) == "The start URL is wrong."
