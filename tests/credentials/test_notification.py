"""Notifications: their text, their callbacks, and the environment of the command."""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from world import wait_until

import sso_plugin
from sso_plugin.credentials.notification import VARIABLES, LoginNeeded, call_back, run_command

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "https://device.sso.eu-central-1.amazonaws.com/"

NEEDED = LoginNeeded(
    kind="needed",
    subject='The profile "dev"',
    reason="its token has expired",
    profile_name="dev",
    login_command="sso-plugin login --profile dev",
    url=f"{PAGE}?user_code=ABCD-EFGH",
    short_url=PAGE,
    user_code="ABCD-EFGH",
    approve_until=1_800_000_000.0,
    deadline=1_800_080_000.0,
)

ENDING = LoginNeeded(
    kind="ending",
    subject='The profile "dev"',
    reason="its login ends at 2027-01-15 08:00 UTC",
    profile_name="dev",
    login_command="sso-plugin login --profile dev",
    deadline=1_800_000_000.0,
)


def test_the_message_says_what_to_do_and_until_when() -> None:
    """It has the short address and the code first, then the link, and warns about the code."""
    assert NEEDED.message.splitlines() == [
        'The profile "dev" needs a login now: its token has expired.',
        f"Open {PAGE} in any browser and approve the code ABCD-EFGH.",
        f"Or open this link: {PAGE}?user_code=ABCD-EFGH",
        "This is possible until 2027-01-15 08:00 UTC.",
        "Later, on the machine of the job, run: sso-plugin login --profile dev",
        "Calls wait for the login until 2027-01-16 06:13 UTC.",
        "Anyone who has this code can approve it as another user. "
        "Send it to the owner of this job only.",
    ]


def test_the_message_without_a_code_has_the_command() -> None:
    """The login may have to be started by a person."""
    plain = replace(NEEDED, url=None, short_url=None, user_code=None, deadline=None)
    assert plain.message.splitlines() == [
        'The profile "dev" needs a login now: its token has expired.',
        "Run: sso-plugin login --profile dev",
    ]
    assert ENDING.message.splitlines() == [
        'The profile "dev" needs a login soon: its login ends at 2027-01-15 08:00 UTC.',
        "Run: sso-plugin login --profile dev",
    ]


def test_a_message_with_one_address_has_it_once() -> None:
    """The portal may name no short one."""
    assert replace(NEEDED, short_url=None).message.count(PAGE) == 1
    assert replace(NEEDED, short_url=NEEDED.url).message.count(PAGE) == 1


def test_a_time_may_be_far_away(tmp_path: Path) -> None:
    """``sso_login_timeout`` may be any number."""
    event = replace(NEEDED, deadline=1e300, approve_until=1e300)
    assert event.message.count("until 9999-12-31 23:59 UTC") == 2
    assert environment_of_command(event, tmp_path)["SSO_PLUGIN_DEADLINE"] == "9999-12-31T23:59:59Z"


def test_text_is_clean() -> None:
    """It cannot control a terminal, add a line, or end the text of a variable."""
    event = replace(NEEDED, reason="a\x1b[2Jb\nc\0d\u202e", user_code="A\r\nB")
    assert (event.reason, event.user_code) == ("a\ufffd[2Jb c\ufffdd\ufffd", "A B")
    assert replace(event, reason="x").message.isprintable() is False  # its line breaks
    assert all(line.isprintable() for line in event.message.splitlines())


def test_the_repr_has_no_code() -> None:
    """It may be logged; a code may not."""
    assert "ABCD" not in repr(NEEDED)


def test_each_callback_gets_the_event_until_it_is_removed() -> None:
    """A function that was registered twice is called twice."""
    got: list[LoginNeeded] = []
    removes = [sso_plugin.on_login_needed(got.append) for _ in range(2)]
    call_back(NEEDED)
    assert got == [NEEDED, NEEDED]
    removes[0]()
    removes[0]()
    call_back(ENDING)
    assert got == [NEEDED, NEEDED, ENDING]
    removes[1]()
    call_back(NEEDED)
    assert len(got) == 3


def test_a_callback_has_to_be_a_function() -> None:
    """Not later, at night."""
    with pytest.raises(TypeError, match="needs a function"):
        sso_plugin.on_login_needed("notify")  # type: ignore[arg-type]


def test_a_callback_that_fails_is_logged_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The text may have the code or the address of a webhook. The others are called."""

    def fail(event: LoginNeeded) -> None:
        raise ValueError(f"https://hooks.example.com/secret {event.user_code}")

    got: list[LoginNeeded] = []
    removes = [sso_plugin.on_login_needed(each) for each in (fail, got.append)]
    try:
        call_back(NEEDED)
    finally:
        for remove in removes:
            remove()
    assert got == [NEEDED]
    assert caplog.messages == ["A callback of on_login_needed failed: ValueError"]
    assert "secret" not in caplog.text


def test_ctrl_c_in_a_callback_stops_the_program() -> None:
    """It is the user's own wish."""

    def stop(_: LoginNeeded) -> None:
        raise KeyboardInterrupt

    remove = sso_plugin.on_login_needed(stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            call_back(NEEDED)
    finally:
        remove()


def test_callbacks_can_be_registered_in_many_threads() -> None:
    """Also while they are called."""
    got: list[LoginNeeded] = []

    def register() -> None:
        for _ in range(200):
            remove = sso_plugin.on_login_needed(got.append)
            call_back(NEEDED)
            remove()

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) >= 800
    count = len(got)
    call_back(NEEDED)
    assert len(got) == count


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_callbacks_stay_registered_in_a_forked_child() -> None:
    """Workers of a web server are forked after the program has registered them."""
    read, write = os.pipe()
    remove = sso_plugin.on_login_needed(lambda event: os.write(write, event.subject.encode()))
    child = os.fork()
    if child == 0:
        call_back(NEEDED)
        os._exit(0)
    remove()
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(read, 100) == b'The profile "dev"'
    os.close(read)
    os.close(write)


def environment_of_command(event: LoginNeeded, tmp_path: Path) -> dict[str, str]:
    """Run a command that writes its environment to a file, and return it."""
    file = tmp_path / "environment.json"
    code = (
        "import json, os, sys; "
        "open(sys.argv[1] + '.new', 'w').write(json.dumps(dict(os.environ))); "
        "os.replace(sys.argv[1] + '.new', sys.argv[1])"
    )
    run_command(shlex.join([sys.executable, "-c", code, str(file)]), event)
    wait_until(file.exists)
    found: dict[str, str] = json.loads(file.read_text())
    return found


def test_the_command_gets_the_login_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that the program has in its own."""
    monkeypatch.setenv("MAIL_TO", "alice@example.com")
    found = environment_of_command(NEEDED, tmp_path)
    assert found["MAIL_TO"] == "alice@example.com"
    assert {name: found[name] for name in VARIABLES} == {
        "SSO_PLUGIN_EVENT": "login-needed",
        "SSO_PLUGIN_PROFILE": "dev",
        "SSO_PLUGIN_URL": f"{PAGE}?user_code=ABCD-EFGH",
        "SSO_PLUGIN_SHORT_URL": PAGE,
        "SSO_PLUGIN_USER_CODE": "ABCD-EFGH",
        "SSO_PLUGIN_DEADLINE": "2027-01-15T08:00:00Z",
        "SSO_PLUGIN_COMMAND": "sso-plugin login --profile dev",
        "SSO_PLUGIN_MESSAGE": NEEDED.message,
    }


def test_what_is_not_known_is_not_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the program was started by another such command."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "inherited")
    found = environment_of_command(replace(ENDING, profile_name=None), tmp_path)
    assert {name: found[name] for name in VARIABLES if name in found} == {
        "SSO_PLUGIN_EVENT": "login-ending",
        "SSO_PLUGIN_DEADLINE": "2027-01-15T08:00:00Z",
        "SSO_PLUGIN_COMMAND": "sso-plugin login --profile dev",
        "SSO_PLUGIN_MESSAGE": ENDING.message,
    }


def test_without_a_command_nothing_is_run(caplog: pytest.LogCaptureFixture) -> None:
    """``sso_notify`` is not set, or empty."""
    run_command("", NEEDED)
    run_command("  ", NEEDED)
    assert caplog.messages == []
