"""The prompt, and the page that is opened: never another one than of AWS or of the user."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from approving_user import ApprovingUser
from browsers import Browser, set_browser
from hostile import DEVICE, HostilePortal
from long_tests import long
from quick_login import login

from sso_plugin import LoginPrompt
from sso_plugin.printable import one_line
from sso_plugin.signin.display import CallerDisplay
from sso_plugin.signin.prompt import UserInterface, until_text
from sso_plugin.timestamps import clock_time
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world import World


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Set BROWSER to a real program."""
    browser = Browser(tmp_path)
    set_browser(monkeypatch, f"{browser.path} %s")
    return browser


BROWSER_PROMPT = LoginPrompt(
    'The profile "dev"',
    "its token expired",
    "https://x.example/authorize?state=1",
    None,
    expires_at=0,
    login_command="sso-plugin login --profile dev",
)
DEVICE_PROMPT = replace(
    BROWSER_PROMPT,
    url="https://x.example/?user_code=AB-CD",
    user_code="AB-CD",
    short_url="https://x.example/",
)
ENDING = [
    (f"Approve the login before {clock_time(1e9)}.", False),
    ("Waiting for the approval ... (Ctrl-C stops)", False),
]


def test_the_browser_prompt_has_the_page_and_the_alternative() -> None:
    """The page is highlighted. It works on this machine only."""
    assert replace(BROWSER_PROMPT, expires_at=1e9).lines() == [
        ('The profile "dev" needs a login: its token expired.', False),
        ("Open this page in a browser on this machine:\n", False),
        ("  https://x.example/authorize?state=1\n", True),
        (
            "To use a browser on another machine: sso-plugin login --profile dev --flow device",
            False,
        ),
        *ENDING,
    ]


def test_the_device_prompt_has_the_short_page_and_the_code_first() -> None:
    """They can be typed on a phone. Then comes the link."""
    assert replace(DEVICE_PROMPT, expires_at=1e9).lines() == [
        ('The profile "dev" needs a login: its token expired.', False),
        ("Open this page in any browser on any device:\n", False),
        ("  https://x.example/\n", True),
        ("and enter the code AB-CD\n", True),
        ("Or open this link. Approve it only if the page shows the same code:\n", False),
        ("  https://x.example/?user_code=AB-CD\n", True),
        *ENDING,
    ]


def test_a_page_without_a_short_address_is_shown_once() -> None:
    """As are the only lines that a program has set."""
    prompt = LoginPrompt('The profile "dev"', "a reason", "https://x.example/", "AB-CD")
    assert [text for text, _ in prompt.lines()] == [
        'The profile "dev" needs a login: a reason.',
        "Open this page in any browser on any device:\n",
        "  https://x.example/\n",
        "and enter the code AB-CD\n",
        "Waiting for the approval ... (Ctrl-C stops)",
    ]


@pytest.mark.parametrize("prompt", [BROWSER_PROMPT, DEVICE_PROMPT])
def test_a_browser_that_opens_is_announced(prompt: LoginPrompt) -> None:
    """With the page, because it may not open."""
    texts = [text for text, _ in replace(prompt, opens_browser=True).lines()]
    assert texts[1].startswith("Opening your browser. If it does not open, visit this page in ")


@pytest.mark.parametrize(
    ("open_browser", "page", "announced"),
    [
        (lambda _: True, "https://corp.awsapps.com/", True),
        (lambda _: True, "https://evil.example/", False),
        (None, "https://corp.awsapps.com/", False),
    ],
)
def test_a_browser_is_announced_only_where_one_is_opened(
    open_browser: Callable[[str], object] | None, page: str, *, announced: bool
) -> None:
    """Neither with ``--no-browser``, nor for a page that is not allowed."""
    shown: list[LoginPrompt] = []
    prompt = LoginPrompt('The profile "dev"', "a reason", page, None)
    UserInterface(CallerDisplay(shown.append), open_browser).ask(prompt, page, [], "")
    assert [each.opens_browser for each in shown] == [announced]


@pytest.mark.parametrize(
    ("url", "code", "is_passed_on"),
    [
        ("https://corp.awsapps.com/?user_code=AB-CD", "AB-CD", True),
        ("https://corp.awsapps.com/authorize", None, False),
        ("https://evil.example/?user_code=AB-CD", "AB-CD", False),
        ("https://corp.awsapps.com@evil.example/", "AB-CD", False),
    ],
)
def test_only_allowed_links_are_passed_on_to_a_phone(
    url: str, code: str | None, *, is_passed_on: bool
) -> None:
    """And only those that work there."""
    shown: list[LoginPrompt] = []
    prompt = LoginPrompt('The profile "dev"', "a reason", url, code)
    UserInterface(CallerDisplay(shown.append)).ask(prompt, url, [], "")
    assert [each.qr_url for each in shown] == [url if is_passed_on else None]


@pytest.mark.parametrize(
    ("expires_at", "renewable_until", "text"),
    [
        (1e9, None, f"until {clock_time(1e9)}"),
        (1e9, 2e9, f"until {clock_time(2e9)} at the latest; the portal may end it earlier"),
        (1e9, 9e8, f"until {clock_time(1e9)}"),
        (None, None, ""),
    ],
)
def test_the_end_of_a_login_is_what_is_known_of_it(
    expires_at: float | None, renewable_until: float | None, text: str
) -> None:
    """The end of the registration, or of a token that cannot be renewed."""
    assert until_text(expires_at, renewable_until) == text


def test_the_reason_is_shown_before_a_browser_opens(world: World) -> None:
    """A page that opens without a reason looks like an attack."""
    user = ApprovingUser(world, flow="browser")
    user.log_in()
    [prompt] = user.prompts
    assert (prompt.subject, prompt.url, prompt.user_code) == (
        'The profile "dev"',
        user.opened[0],
        None,
    )
    assert prompt.reason == "it has no access token"


def test_the_page_and_the_code_are_shown_even_if_a_browser_opens(world: World) -> None:
    """The page may ask for the code."""
    user = ApprovingUser(world, flow="device")
    user.log_in()
    [prompt] = user.prompts
    assert prompt.url.startswith(world.emulator.url + "/device")
    assert len(str(prompt.user_code)) == 9


def test_the_prompt_is_printed_on_stderr(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is for data."""

    def sleep(_: float) -> None:
        captured = capsys.readouterr()
        assert captured.out == ""
        code = captured.err.split("enter the code ")[1][:9]
        page = f"{world.emulator.url}/device"
        assert re.sub("before .*", "before T", captured.err) == (
            'The profile "dev" needs a login: it has no access token.\n'
            f"Open this page in any browser on any device:\n\n  {page}\n\n"
            f"and enter the code {code}\n\n"
            "Or open this link. Approve it only if the page shows the same code:\n\n"
            f"  {page}?user_code={code}\n\n"
            "Approve the login before T\nWaiting for the approval ... (Ctrl-C stops)\n"
        )
        world.emulator.approve(code, "alice")

    login("dev", flow="device", open_browser=None, sleep=sleep)
    assert world.token_file().exists()


LOCAL, REMOTE = None, "this is an SSH connection"


@contextlib.contextmanager
def hostile_portal(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str, place: str | None
) -> Iterator[str]:
    """Let the portal return that page, for a user at that place; return the page."""
    found = Capabilities(no_browser=place, has_terminal=True, browser_is_set=True)
    monkeypatch.setattr(Capabilities, "detect", classmethod(lambda _: found))
    portal = HostilePortal.before(world, monkeypatch)
    page = url.replace("PORTAL", portal.url)
    pages = {"verificationUriComplete": page, "verificationUri": page}
    portal.change[DEVICE] = lambda answer: {**answer, **pages}
    try:
        yield page
    finally:
        portal.shutdown()
        portal.server_close()


def log_in(world: World) -> LoginPrompt:
    """Log in by a code, which the user approves in another browser."""
    prompts: list[LoginPrompt] = []

    def show(prompt: LoginPrompt) -> None:
        prompts.append(prompt)
        world.emulator.approve(str(prompt.user_code), "alice")

    assert login("dev", flow="device", show=show).state == "usable"
    [prompt] = prompts
    return prompt


ATTACKS = [
    "--utility-cmd-prefix=touch /tmp/x",
    "--utility-cmd-prefix=touch",
    "-https://corp.awsapps.com/",
    "file:///etc/passwd",
    "javascript:alert(document.domain)//",
    "\\\\host\\share\\program.exe",
    "smb://host/share",
    "https://evil.example/",
    "https://evil.s3.amazonaws.com/",
    "https://corp.awsapps.com.evil.example/",
    "https://corp.awsapps.com@evil.example/",
    "https://evil.example/\\@corp.awsapps.com/",
    "http://corp.awsapps.com/",
    "http://127.0.0.1:1/",
    "https://[corp.awsapps.com/",
    "https://corp.awsapps.com/\x1b]0;owned\x07\r\n\x9b31m\u202e",
]


@pytest.mark.parametrize("url", ATTACKS)
def test_only_pages_of_aws_and_of_the_user_are_opened(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Any other page is shown with a warning."""
    opened: list[str] = []
    prompt = LoginPrompt('The profile "dev"', "a reason", url, None)
    user = UserInterface(CallerDisplay(lambda _: None), opened.append)
    user.ask(prompt, url, ["https://sso.example.com/start"], "")
    assert opened == []
    assert caplog.messages[0].startswith("The page above was not opened: it is not an https")
    user.ask(prompt, "https://sso.example.com/page", ["https://sso.example.com/start"], "")
    assert opened == ["https://sso.example.com/page"]


def test_a_browser_that_cannot_be_started_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """The message says what to do instead."""
    prompt = LoginPrompt('The profile "dev"', "a reason", "https://corp.awsapps.com/", None)
    user = UserInterface(CallerDisplay(lambda _: None), lambda _: False)
    user.ask(prompt, prompt.url, [], "Open the page above in any browser.")
    assert caplog.messages == ["No browser could be started. Open the page above in any browser."]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("place", [LOCAL, REMOTE], ids=["local", "remote"])
@pytest.mark.parametrize("url", [*ATTACKS[-2:], *long(*ATTACKS[:-2])])
def test_a_login_with_a_page_of_another_host_can_be_completed(
    world: World,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    url: str,
    place: str | None,
) -> None:
    """The page is shown without control characters, with a warning, and is not opened."""
    with hostile_portal(world, monkeypatch, url, place):
        prompt = log_in(world)
    assert browser.notes == []
    assert prompt.url == one_line(url)
    assert prompt.url.isprintable()
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.getMessage().startswith("The page above was not opened: it is not an https")


def test_an_open_browser_function_of_the_caller_is_protected_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be `webbrowser.open`, which opens anything."""
    opened: list[str] = []
    with hostile_portal(world, monkeypatch, "file:///etc/passwd", LOCAL):
        login(
            "dev",
            flow="device",
            show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
            open_browser=opened.append,
        )
    assert opened == []


@pytest.mark.one_quick_case
@pytest.mark.parametrize("place", [LOCAL, REMOTE], ids=["local", "remote"])
def test_a_page_of_the_endpoint_is_opened(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, place: str | None
) -> None:
    """By a redirect on this machine, or directly where the browser may not reach this machine."""
    with hostile_portal(world, monkeypatch, "PORTAL/device", place) as page:
        log_in(world)
    [note] = browser.wait_for_notes()
    assert (note["argv"] == [page]) == (place == REMOTE)


@pytest.mark.long
def test_a_url_with_special_characters_of_a_shell_is_not_opened(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BROWSER may start a shell, which gets the URL of the page over SSH."""
    set_browser(monkeypatch, f"sh -c '{browser.path} %s'")
    with hostile_portal(world, monkeypatch, "https://corp.awsapps.com/$(touch)&(id);x", REMOTE):
        log_in(world)
    assert browser.notes == []
