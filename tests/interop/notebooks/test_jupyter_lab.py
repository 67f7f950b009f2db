"""Logins in JupyterLab, in a real browser."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from browsers import browser as approving_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from interop.notebooks.jupyter_lab import JupyterLab, Notebook
    from interop.webdriver import Browser
    from world import World

CALL = "import boto3\nboto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn']"
NO_BROWSER = {"JUPYTERHUB_USER": "alice", "BROWSER": ""}
"""Variables of a kernel on a machine where no browser can be opened."""

LINK = ".jp-OutputArea-output a"
APPROVE, DENY = "button[value=approve]", "button[value=deny]"

LOOP = """
import boto3, pathlib, time
for name in ("first", "second"):
    print(name, boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"])
    while name == "first" and not (pathlib.Path.home() / "go-on").exists():
        time.sleep(0.05)
"""


@pytest.fixture
def run_in_lab(
    lab: JupyterLab, browser: Browser, world: World
) -> Iterator[Callable[..., Notebook]]:
    """Return a function that runs a notebook whose profile has a value of ``sso_login``."""
    with ExitStack() as stack:

        def run(login: str, *cells: str, **variables: str) -> Notebook:
            world.configure(world.emulator.profile() + f"sso_login = {login}\n")
            opened = lab.notebook(browser, *(cells or (CALL,)), **{**NO_BROWSER, **variables})
            notebook = stack.enter_context(opened)
            notebook.run()
            return notebook

        yield run


def decide(browser: Browser, button: str, heading: str) -> None:
    """Click the link in the notebook, and then a button of its page."""
    with browser.new_page(LINK):
        browser.click(button)
        browser.expect("h1", heading)


def test_never_is_an_error_in_one_line(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """The message is there, the frames of botocore are not."""
    notebook = run_in_lab("never")
    output = notebook.wait_for("LoginRequired")
    assert output.startswith('LoginRequired: The profile "dev" needs a login')
    assert output.strip().endswith("Run: sso-plugin login --profile dev")


def test_auto_asks_by_a_link_and_a_code(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """One click and one approval later the call returns. The saved notebook has no link."""
    notebook = run_in_lab("auto")
    shown = notebook.wait_for("Waiting for the approval")
    (code,) = [each.user_code for each in world.emulator.state.devices.pending()]
    assert code in shown
    decide(browser, APPROVE, "Approved")

    assert "Logged in until" in notebook.wait_for("/alice")
    saved = str(notebook.save())
    assert "Logged in until" in saved
    assert code not in saved


def test_a_refusal_is_shown(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """In the place of the link, and as the error of the cell."""
    notebook = run_in_lab("device")
    notebook.wait_for("Waiting for the approval")
    decide(browser, DENY, "Denied")
    output = notebook.wait_for("LoginFailed:")
    assert "it was denied in the browser" in output.partition("LoginFailed:")[0]
    assert not browser.evaluate("document.querySelector(arguments[0])", LINK)


def test_stopping_the_cell_ends_the_login(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """At once, and the output says so."""
    notebook = run_in_lab("auto")
    notebook.wait_for("Waiting for the approval")
    notebook.stop()
    assert "Waiting" not in notebook.wait_for("The login was stopped.")


def test_browser_is_an_error_where_none_can_be_opened(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """It names the alternative."""
    notebook = run_in_lab("browser")
    output = notebook.wait_for("LoginRequired")
    assert "because this is JupyterHub. Set sso_login = device" in output
    assert world.emulator.state.devices.pending() == []


def test_browser_opens_the_browser_of_the_machine(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """Where the user logs in."""
    command = approving_browser(world, world.home)
    notebook = run_in_lab("browser", BROWSER=command, JUPYTERHUB_USER="")
    assert "Logged in until" in notebook.wait_for("/alice")
    assert world.count("StartDeviceAuthorization") == 0


def test_wait_goes_on_when_the_code_is_approved(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """The output says until when it waits, and who has logged in."""
    notebook = run_in_lab("wait")
    assert "Calls wait for it until" in notebook.wait_for("Waiting for the approval")
    decide(browser, APPROVE, "Approved")
    output = notebook.wait_for("/alice'")
    assert "is logged in as alice until" in output
    assert not browser.evaluate("document.querySelector(arguments[0])", LINK)


def test_wait_goes_on_after_a_refusal_and_a_login_elsewhere(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """The refusal replaces the link. A login in a terminal ends the wait."""
    notebook = run_in_lab("wait")
    notebook.wait_for("Waiting for the approval")
    decide(browser, DENY, "Denied")
    output = notebook.wait_for("Still waiting for a login.")
    assert "Run: sso-plugin login --profile dev" in output
    assert not browser.evaluate("document.querySelector(arguments[0])", LINK)
    world.sign_in()
    assert "Its calls continue." in notebook.wait_for("/alice'")


def test_a_login_that_ends_in_a_loop_is_asked_for_again(
    run_in_lab: Callable[..., Notebook], browser: Browser, world: World
) -> None:
    """In the output of the same cell, which then goes on."""
    world.emulator.settings.access_token = 300
    world.emulator.settings.refresh_tokens = "off"
    notebook = run_in_lab("auto", LOOP)
    notebook.wait_for("Waiting for the approval")
    decide(browser, APPROVE, "Approved")
    notebook.wait_for("first arn:aws:sts")

    world.emulator.clock.advance(600)
    world.role_files()[0].unlink()
    (world.home / "go-on").touch()
    notebook.wait_for("Waiting for the approval")
    decide(browser, APPROVE, "Approved")
    output = notebook.wait_for("second arn:aws:sts")
    assert output.count("Logged in until") == 2
