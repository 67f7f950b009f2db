"""``sso_login``: an unchanged script has its person log in, once, however many need it."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.session import Session

import sso_plugin
from sso_plugin import LoginFailed, LoginRequired, PortalError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.signin import ask_person
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World

    from sso_plugin.emulator import Emulator

SPAWN = multiprocessing.get_context("spawn")

BROWSER = """
import json, sys, time, urllib.request
log, emulator, answer = {words}
url = sys.argv[1]
with open(log, "a") as file:
    file.write(url + "\\n")

def post(action, **words):
    body = json.dumps(words).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{emulator}/_emulator/{action}", body, headers)
    return json.load(urllib.request.urlopen(request))

# A person takes their time, in which other processes come to wait.
time.sleep(3)
# The address that a browser is started with leads on to the page.
url = urllib.request.urlopen(url).url
if "/device" in url:
    # Opened without the code, which the person reads at the terminal.
    pending = json.load(urllib.request.urlopen(f"{emulator}/_emulator/pending"))["pending"]
    post("approve" if answer == "authorize" else "deny", user_code=pending[0])
else:
    location = post(answer, url=url)["location"]
    urllib.request.urlopen(location).read()
"""


@pytest.fixture
def browser(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Set ``BROWSER`` to a program that approves or refuses, and logs what it opened."""

    def set_browser(answer: str) -> Path:
        program, log = world.home / "browser.py", world.home / "opened"
        words = [str(log), world.emulator.url, answer]
        program.write_text(BROWSER.replace("{words}", repr(words)))
        log.touch()
        # The variable is a list, separated by colons, so the program holds its words itself.
        monkeypatch.setenv("BROWSER", f"{sys.executable} {program} %s")
        monkeypatch.setattr("webbrowser._tryorder", None)  # it reads the variable only once
        for name in ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "container"):
            monkeypatch.delenv(name, raising=False)
        return log

    return set_browser


SCRIPT = """
import sys, time
import boto3, sso_plugin
sso_plugin.enable()
while time.time() < float(sys.argv[1]):
    time.sleep(0.01)
try:
    print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"])
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
"""


def run_together(world: World, number: int) -> list[tuple[str, str]]:
    """Run an unchanged script in that many processes at once; return what each printed."""
    import subprocess

    begin = str(time.time() + 3)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, begin],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(number)
    ]
    return [process.communicate(timeout=120) for process in processes]


@pytest.mark.long
@pytest.mark.parametrize("choice", ["auto", "browser"])
def test_twenty_processes_open_one_browser(
    world: World, browser: Callable[[str], Path], choice: str
) -> None:
    """One of them asks, the others wait for it, and all of them succeed."""
    log = browser("authorize")
    world.configure(world.emulator.profile() + f"sso_login = {choice}\n")
    results = run_together(world, 20)
    assert [out.strip().rsplit("/", 1)[-1] for out, _ in results] == ["alice"] * 20
    assert len(log.read_text().splitlines()) == 1
    assert sorted("needs a login" in err for _, err in results) == [False] * 19 + [True]
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_person_says_no_only_once(world: World, browser: Callable[[str], Path]) -> None:
    """Those who waited for a login that was denied do not ask again; each gets the reason."""
    log = browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    results = run_together(world, 6)
    assert {out.strip() for out, _ in results} == {
        'LoginFailed: The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    }
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.long
def test_a_later_run_may_ask_again(world: World, browser: Callable[[str], Path]) -> None:
    """A denial counts for those who waited or come within a minute, not for ever."""
    browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    run_together(world, 1)
    [noted] = (world.home / ".aws/sso-plugin").glob("login-*.json")
    then = time.time() - 61
    os.utime(noted, (then, then))
    log = browser("authorize")
    [(out, _)] = run_together(world, 1)
    assert out.strip().endswith("/alice")
    assert len(log.read_text().splitlines()) == 2


def use(profile: str = "dev") -> str:
    sso_plugin.enable()
    identity = boto3.Session(profile_name=profile).client("sts").get_caller_identity()
    return str(identity["Arn"])


def surrounded_by(
    monkeypatch: pytest.MonkeyPatch, *, no_browser: str | None, terminal: bool
) -> None:
    found = Capabilities(no_browser, terminal)
    monkeypatch.setattr(Capabilities, "detect", classmethod(lambda _: found))


def test_threads_that_need_a_login_at_once_open_one_browser(
    world: World, browser: Callable[[str], Path]
) -> None:
    """Each with a session of its own."""
    log = browser("authorize")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    arns: list[str] = []
    threads = [threading.Thread(target=lambda: arns.append(use())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [arn.rsplit("/", 1)[1] for arn in arns] == ["alice"] * 8
    assert len(log.read_text().splitlines()) == 1


def test_never_is_the_default(world: World) -> None:
    """A script does not open a browser unless its profile says so."""
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        use()


@pytest.mark.parametrize("choice", ["auto", "device"])
def test_without_terminal_and_browser_it_fails_at_once(
    world: World, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would see the code; the error says why, and what to run instead."""
    surrounded_by(monkeypatch, no_browser="this is a CI job", terminal=False)
    world.configure(world.emulator.profile() + f"sso_login = {choice}\n")
    with pytest.raises(LoginRequired) as caught:
        use()
    assert str(caught.value) == (
        f'The profile "dev" needs a login: there is no token in {world.token_file()}. '
        f"Run: sso-plugin login --profile dev (sso_login = {choice} cannot do it: there is no "
        "terminal, and no browser because this is a CI job)"
    )


def test_the_device_flow_asks_at_the_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over SSH the code is shown, no browser opens, and the script goes on."""
    surrounded_by(monkeypatch, no_browser="this is an SSH connection", terminal=True)
    world.configure(world.emulator.profile() + "sso_login = auto\n")
    world.emulator.settings.poll_interval = 0
    monkeypatch.setattr("webbrowser.open", pytest.fail)
    stop = threading.Event()
    person = threading.Thread(target=approve_what_is_pending, args=(world.emulator, stop))
    person.start()
    try:
        assert use().endswith("/alice")
    finally:
        stop.set()
        person.join()
    told = capsys.readouterr()
    assert "Open this page in any browser:" in told.err
    assert told.out == ""


def approve_what_is_pending(emulator: Emulator, stop: threading.Event) -> None:
    import urllib.request

    while not stop.wait(0.05):
        with urllib.request.urlopen(f"{emulator.url}/_emulator/pending") as answer:
            pending: Any = json.load(answer)
        for code in pending["pending"] if isinstance(pending, dict) else pending:
            emulator.approve(code["user_code"] if isinstance(code, dict) else code, "alice")


def test_a_login_elsewhere_is_enough(world: World, browser: Callable[[str], Path]) -> None:
    """Somebody who logged in while this one waited for the lock spares the browser."""
    log = browser("authorize")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    held, release = SPAWN.Event(), SPAWN.Event()
    key = world.token_file().stem
    holder = SPAWN.Process(target=_hold_login, args=(key, held, release))
    holder.start()
    assert held.wait(30)
    arns: list[str] = []
    waiter = threading.Thread(target=lambda: arns.append(use()))
    waiter.start()
    waiter.join(0.5)
    assert arns == []
    world.sign_in()
    release.set()
    waiter.join(30)
    holder.join(30)
    assert arns[0].endswith("/alice")
    assert log.read_text() == ""


def _hold_login(key: str, held: Any, release: Any) -> None:
    from sso_plugin.storage.file_cache import own_cache

    with own_cache().locked(f"login-{key}"):
        held.set()
        release.wait(60)


def test_a_denied_login_is_an_error_that_callers_catch(
    world: World, browser: Callable[[str], Path]
) -> None:
    """It is botocore's UnauthorizedSSOTokenError, as a missing login is."""
    from botocore.exceptions import UnauthorizedSSOTokenError

    browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    with pytest.raises(LoginFailed, match="it was denied") as caught:
        use()
    assert isinstance(caught.value, UnauthorizedSSOTokenError)


def test_a_person_who_said_no_is_not_asked_again_at_once(
    world: World, browser: Callable[[str], Path]
) -> None:
    """Nor by the next of many scripts; after a minute, or by a command, they are."""
    log = browser("refuse")
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    for _ in range(3):
        with pytest.raises(LoginFailed, match="it was denied"):
            use()
    assert len(log.read_text().splitlines()) == 1
    [noted] = (world.home / ".aws/sso-plugin").glob("login-*.json")
    then = time.time() - 61
    os.utime(noted, (then, then))
    with pytest.raises(LoginFailed, match="it was denied"):
        use()
    assert len(log.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "account", ["sso_account_id = 111111111111", "sso_account_name = production"]
)
def test_a_renewal_ahead_of_time_opens_no_browser(
    world: World, browser: Callable[[str], Path], account: str
) -> None:
    """While credentials live, a person is left in peace."""
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
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30))
    document["Credentials"]["Expiration"] = soon
    file.write_text(json.dumps(document))
    then = time.time() - 3600
    os.utime(file, (then, then))
    assert use().endswith("/alice")
    assert log.read_text() == ""
    file.unlink()
    assert use().endswith("/alice")
    assert len(log.read_text().splitlines()) == 1


def test_what_a_browser_prints_is_not_the_scripts_data(world: World, tmp_path: Path) -> None:
    """Chromium says on standard output that it has opened a tab."""
    program, log = tmp_path / "browser", tmp_path / "log"
    program.write_text(f"#!/bin/sh\necho chatter\necho $1 > {log}.new\nmv {log}.new {log}\n")
    program.chmod(0o700)
    script = (
        "import threading; from sso_plugin.web.browser import start_browser; "
        "print(start_browser('http://localhost/%', threading.Event()))"
    )
    done = world.run(script, BROWSER=f"{program} %s &")
    assert done.stdout == "True\n"
    deadline = time.monotonic() + 30
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert log.read_text() == "http://localhost/%\n"


def test_a_portal_that_failed_is_asked_by_the_next(
    world: World, browser: Callable[[str], Path]
) -> None:
    """Only a person is left in peace for a minute."""
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


def test_a_failure_that_names_no_profile_is_retold_as_it_is(world: World) -> None:
    """As of a start URL, which is the same for all who wait."""
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile is not None
    for error in (LoginFailed(error_msg="The start URL is wrong."), AssertionError("not reached")):
        with (
            pytest.raises(LoginFailed) as caught,
            ask_person._shared_failure(profile, "login-key", time.time() - 1),
        ):
            raise error
        assert str(caught.value) == "The start URL is wrong."
