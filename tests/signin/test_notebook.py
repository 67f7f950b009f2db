"""A login in a notebook: what the person sees before and after it."""

from __future__ import annotations

import contextlib
import sys
import threading
from asyncio import CancelledError
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from long_tests import long
from notebook_shell import Outputs, notebook_shell
from world import wait_until

import sso_plugin
from sso_plugin import LoginFailed, LoginPrompt, LoginRequired
from sso_plugin.signin.display import find_display
from sso_plugin.signin.notebook import NotebookDisplay
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

CALLBACK = "sso_plugin.signin.callback.Callback"
URL = "https://corp.awsapps.com/start/#/device?user_code=ABCD-EFGH"
DEVICE = LoginPrompt(
    subject='The profile "dev"',
    reason="its token has expired",
    url=URL,
    user_code="ABCD-EFGH",
    short_url="https://corp.awsapps.com/start/#/device",
    expires_at=1769897700.0,
    is_trusted=True,
    qr_url=URL,
)
AUTHORIZE = "https://oidc.eu-central-1.amazonaws.com/authorize"
BROWSER = replace(DEVICE, url=AUTHORIZE, user_code=None, qr_url=None)


@pytest.fixture
def shell() -> Iterator[Any]:
    """Return the shell of a kernel."""
    with notebook_shell() as shell:
        yield shell


@pytest.fixture
def outputs(shell: Any) -> Outputs:
    """Return what the cells have displayed."""
    return Outputs(shell)


@pytest.fixture
def display(shell: Any) -> NotebookDisplay:
    """Return the display of the kernel."""
    return NotebookDisplay(shell)


class TestPrompt:
    """What is shown while the login waits."""

    def test_a_device_login_has_link_code_and_qr_code(
        self, display: NotebookDisplay, outputs: Outputs
    ) -> None:
        """And says until when it can be approved."""
        display.show(DEVICE)
        assert f'href="{URL}"' in outputs.html
        assert "<strong>ABCD-EFGH</strong>" in outputs.html
        assert '<img alt="The link as a QR code"' in outputs.html
        assert "until 2026-01-31 22:15 UTC" in outputs.html

    def test_without_segno_no_qr_code_is_mentioned(
        self, display: NotebookDisplay, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The link and the code are enough."""
        display.show(DEVICE)
        assert "scan the QR code" in outputs.html
        monkeypatch.setitem(sys.modules, "segno", None)
        outputs.published.clear()
        NotebookDisplay(display._shell).show(DEVICE)
        assert "QR" not in outputs.html

    def test_there_is_text_for_other_front_ends(
        self, display: NotebookDisplay, outputs: Outputs
    ) -> None:
        """The text of a terminal, on which it has no effect."""
        display.show(replace(DEVICE, reason="it is \x1b[31mred"))
        assert "it is \N{REPLACEMENT CHARACTER}[31mred" in outputs.text
        display = NotebookDisplay(display._shell)
        outputs.published.clear()
        display.show(DEVICE)
        lines = [*DEVICE.instructions(), *DEVICE.ending("stop the cell to cancel")]
        assert outputs.text == "\n".join(line for line, _ in lines)

    def test_a_wait_without_a_code_replaces_the_link(
        self, display: NotebookDisplay, outputs: Outputs
    ) -> None:
        """A job goes on waiting after its code has expired, and says how it ended."""
        display.show(DEVICE)
        display.say("Still waiting for <a> login.")
        assert "Still waiting for &lt;a&gt; login." in outputs.html
        assert URL not in outputs.html
        assert outputs.text == "Still waiting for <a> login."
        display.report("It is logged in.", is_logged_in=True)
        assert "It is logged in." in outputs.html

    @pytest.mark.parametrize("prompt", [DEVICE, BROWSER])
    def test_it_says_that_a_browser_is_opened(
        self, display: NotebookDisplay, outputs: Outputs, prompt: LoginPrompt
    ) -> None:
        """The link is for those who do not see it."""
        display.show(replace(prompt, opens_browser=True))
        assert "Opening your browser. If it does not open, visit this page in a" in outputs.html

    def test_a_browser_login_names_the_machine_and_the_alternative(
        self, display: NotebookDisplay, outputs: Outputs
    ) -> None:
        """A phone cannot be used for it, so there is no QR code."""
        display.show(BROWSER)
        assert "on the machine where the kernel runs" in outputs.html
        assert "sso_login = device" in outputs.html
        assert "<img" not in outputs.html

    @pytest.mark.parametrize("prompt", [DEVICE, BROWSER])
    def test_an_address_that_is_not_trusted_is_text(
        self, display: NotebookDisplay, outputs: Outputs, prompt: LoginPrompt
    ) -> None:
        """With a warning, and without a QR code."""
        display.show(replace(prompt, url="https://evil.example/", is_trusted=False, qr_url=None))
        assert "<code" in outputs.html
        assert "<a " not in outputs.html
        assert "<img" not in outputs.html
        assert "Do not open it unless you know it" in outputs.html


class TestEnd:
    """What is left in the notebook, which is saved."""

    @pytest.mark.parametrize(("is_logged_in", "sign"), [(True, "✔"), (False, "✘")])
    def test_the_end_replaces_link_and_code(
        self, display: NotebookDisplay, outputs: Outputs, sign: str, *, is_logged_in: bool
    ) -> None:
        """In HTML and in text."""
        display.show(DEVICE)
        display.report("It <ended>.", is_logged_in=is_logged_in)
        assert f"{sign} It &lt;ended&gt;." in outputs.html
        assert outputs.text == "It <ended>."
        assert "awsapps" not in str(outputs.shown)
        assert "ABCD" not in str(outputs.shown)

    def test_nothing_is_shown_without_a_prompt(
        self, display: NotebookDisplay, outputs: Outputs
    ) -> None:
        """IPython shows the error."""
        display.report("It failed.", is_logged_in=False)
        assert outputs.shown == []

    def test_two_logins_have_two_displays(self, shell: Any, outputs: Outputs) -> None:
        """Also in one cell."""
        for _ in range(2):
            display = NotebookDisplay(shell)
            display.show(DEVICE)
            display.report("Logged in.", is_logged_in=True)
        assert [each["text/plain"] for each in outputs.shown] == ["Logged in.", "Logged in."]

    def test_no_callback_is_left_in_the_kernel(self, shell: Any, display: NotebookDisplay) -> None:
        """A long session has many logins."""
        before = list(shell.events.callbacks["post_run_cell"])
        display.show(DEVICE)
        display.report("Logged in.", is_logged_in=True)
        display.report("Logged in.", is_logged_in=True)
        assert shell.events.callbacks["post_run_cell"] == before


class TestStop:
    """The person stops the cell."""

    def test_the_display_says_so(
        self, shell: Any, display: NotebookDisplay, outputs: Outputs
    ) -> None:
        """Also if the cell catches the interrupt."""
        shell.user_ns.update(show=display.show, prompt=DEVICE)
        shell.run_cell("show(prompt)")
        assert outputs.text == "The login was stopped."

    @pytest.mark.parametrize("while_it", ["sleeps", "requests"])
    @pytest.mark.parametrize("error", [KeyboardInterrupt, CancelledError])
    def test_a_login_in_the_background_ends_at_once(
        self,
        shell: Any,
        display: NotebookDisplay,
        outputs: Outputs,
        error: type[BaseException],
        while_it: str,
    ) -> None:
        """The interrupt reaches the thread of the cell only. Other cells do not end the login."""
        raised: list[BaseException] = []
        response = threading.Event()
        if while_it == "sleeps":
            response.set()

        def log_in() -> None:
            display.show(DEVICE)
            assert response.wait(60)
            try:
                display.sleep(600)
            except LoginRequired as exc:
                raised.append(exc)

        thread = threading.Thread(target=log_in)
        thread.start()
        wait_until(lambda: outputs.shown)
        shell.run_cell("pass")
        shell.run_cell("1 / 0")
        assert thread.is_alive()
        shell.user_ns["error"] = error
        shell.run_cell("raise error")
        response.set()
        thread.join(60)
        assert str(raised[0]) == (
            'The profile "dev" needs a login: a cell was stopped while it waited. '
            "Run the cell again."
        )
        assert outputs.text == "The login was stopped."

    @pytest.mark.parametrize(
        ("flow", "waiting"), [("device", "time.sleep"), ("browser", f"{CALLBACK}.wait")]
    )
    def test_the_traceback_is_short(
        self,
        world: World,
        shell: Any,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        flow: str,
        waiting: str,
    ) -> None:
        """The person knows why the cell has ended."""

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(waiting, interrupt)
        shell.user_ns.update(login=sso_plugin.login, options={"flow": flow, "open_browser": None})
        shell.run_cell("login('dev', **options)")
        assert capsys.readouterr().out == "KeyboardInterrupt\n"
        assert Outputs(shell).text == "The login was stopped."
        assert world.count("CreateToken") == 0


def approve(world: World, action: str, stop: threading.Event) -> None:
    """Approve or deny each code."""
    while not stop.wait(0.02):
        for each in world.emulator.state.devices.pending():
            getattr(world.emulator, action)(each.user_code)


@contextlib.contextmanager
def person(world: World, action: str) -> Iterator[None]:
    """Let a person approve or deny each code."""
    stop = threading.Event()
    thread = threading.Thread(target=approve, args=(world, action, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be JupyterHub."""
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.setenv("BROWSER", "")


def call() -> str:
    sso_plugin.enable()
    identity = boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    return str(identity["Arn"])


@pytest.mark.usefixtures("remote")
class TestScript:
    """A cell whose profile has ``sso_login``."""

    @pytest.mark.parametrize("login", ["auto", *long("device")])
    def test_it_asks_in_the_notebook(
        self, world: World, shell: Any, outputs: Outputs, login: str
    ) -> None:
        """And goes on."""
        world.emulator.settings.poll_interval = 0
        world.configure(world.emulator.profile() + f"sso_login = {login}\n")
        shell.user_ns["call"] = call
        with person(world, "approve"):
            assert shell.run_cell("call()").result.endswith("/alice")
        assert outputs.text.startswith("Logged in until")

    def test_a_refusal_is_shown(self, world: World, outputs: Outputs) -> None:
        """And raised."""
        world.emulator.settings.poll_interval = 0
        world.configure(world.emulator.profile() + "sso_login = auto\n")
        with person(world, "deny"), pytest.raises(LoginFailed):
            call()
        assert outputs.text == "The login failed: it was denied in the browser."

    def test_browser_is_an_error_without_one(
        self, world: World, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It names the alternative. A text browser is not started: it would write into the cell."""
        lynx = world.home / "lynx"
        lynx.write_text(f"#!/bin/sh\ntouch {world.home}/started\necho lynx\n")
        lynx.chmod(0o755)
        monkeypatch.setenv("PATH", f"{world.home}:/usr/bin:/bin")
        monkeypatch.setenv("BROWSER", str(lynx))
        world.configure(world.emulator.profile() + "sso_login = browser\n")
        with pytest.raises(LoginRequired) as caught:
            call()
        assert str(caught.value).endswith(
            "No browser can be opened here because this is JupyterHub. "
            "Set sso_login = device in the profile, or run: "
            "sso-plugin login --profile dev --flow device"
        )
        assert outputs.shown == []
        assert not (world.home / "started").exists()


def test_a_kernel_is_where_a_person_reads(shell: Any) -> None:
    """So prompts go there, and not to standard error."""
    assert Capabilities.detect().has_notebook
    display = find_display()
    assert isinstance(display, NotebookDisplay)
    assert display._shell is shell
