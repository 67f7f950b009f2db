"""Logins in kernels: in the thread of the cell, in other threads, in tasks, in other processes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import nbformat
import pytest
from interop.notebooks.kernel import Kernel
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

CALL = "import boto3\nboto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn']"

THREAD = """
from concurrent.futures import ThreadPoolExecutor
import boto3

def call():
    return boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]

with ThreadPoolExecutor() as pool:
    print(list(pool.map(lambda _: call(), range(4))))
"""

TASK = """
import asyncio
from aiobotocore.session import AioSession

async def call():
    async with AioSession(profile="dev").create_client("sts") as sts:
        return (await sts.get_caller_identity())["Arn"]

await call()
"""

FORKED = """
import multiprocessing, os, warnings
warnings.simplefilter("ignore")

def call(queue):
    import boto3
    try:
        boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    except Exception as exc:
        queue.put(f"{type(exc).__name__}: {exc}")

context = multiprocessing.get_context("fork")
queue = context.Queue()
child = context.Process(target=call, args=(queue,))
child.start()
print(queue.get(timeout=60))
child.join()
"""


@pytest.fixture(autouse=True)
def _remote(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a login where no browser can be opened."""
    world.configure(world.emulator.profile() + "sso_login = auto\n")
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.setenv("BROWSER", "")


@pytest.fixture
def kernel(world: World) -> Iterator[Kernel]:
    """Return a kernel."""
    assert world.home.exists()
    with Kernel() as kernel:
        yield kernel


def approve(world: World) -> None:
    (pending,) = world.emulator.state.devices.pending()
    world.emulator.approve(pending.user_code, "alice")


@pytest.mark.parametrize("cell", [CALL, THREAD, TASK], ids=["cell", "threads", "task"])
def test_a_login_is_shown_once_and_the_cell_goes_on(
    world: World, kernel: Kernel, cell: str
) -> None:
    """The cell itself, its threads, or a task."""
    kernel.start(cell)
    kernel.wait_for("Waiting for the approval")
    approve(world)
    kernel.wait_until_idle()
    assert "/alice" in kernel.text
    assert kernel.html.count("Logged in until") == 1
    assert "<a " not in kernel.html
    assert world.count("StartDeviceAuthorization") == 1


@pytest.mark.parametrize("cell", [CALL, TASK], ids=["cell", "task"])
def test_a_cell_that_was_stopped_can_run_again(world: World, kernel: Kernel, cell: str) -> None:
    """It ends at once, without a traceback of our frames. The next run asks again."""
    kernel.start(cell)
    kernel.wait_for("Waiting for the approval")
    kernel.stop()
    kernel.wait_until_idle()
    assert "The login was stopped." in kernel.html
    assert kernel.error["ename"] in {"KeyboardInterrupt", "CancelledError"}

    kernel.start(cell)
    kernel.wait_for("Waiting for the approval")
    world.emulator.approve(world.emulator.state.devices.pending()[-1].user_code, "alice")
    kernel.wait_until_idle()
    assert "/alice" in kernel.text


@pytest.mark.parametrize("cell", [CALL, THREAD, TASK], ids=["cell", "threads", "task"])
def test_wait_goes_on_after_a_login_by_another_program(
    world: World, kernel: Kernel, cell: str
) -> None:
    """The link and the code are replaced by the end of the wait."""
    world.configure(world.emulator.profile() + "sso_login = wait\n")
    kernel.start(cell)
    kernel.wait_for("Waiting for the approval")
    world.sign_in()
    kernel.wait_until_idle()
    assert "/alice" in kernel.text
    assert kernel.html.count("Its calls continue.") == 1
    assert "<a " not in kernel.html


@pytest.mark.parametrize("cell", [CALL, TASK], ids=["cell", "task"])
def test_a_cell_that_waits_can_be_stopped_and_run_again(
    world: World, kernel: Kernel, cell: str
) -> None:
    """The next run shows the same code."""
    world.configure(world.emulator.profile() + "sso_login = wait\n")
    kernel.start(cell)
    kernel.wait_for("Waiting for the approval")
    kernel.stop()
    kernel.wait_until_idle()
    assert "The login was stopped." in kernel.html

    kernel.start(cell)
    kernel.wait_for("Waiting for the approval")
    approve(world)
    kernel.wait_until_idle()
    assert "/alice" in kernel.text
    assert world.count("StartDeviceAuthorization") == 1


def test_a_process_that_was_forked_asks_nobody(world: World, kernel: Kernel) -> None:
    """The notebook does not show what it displays."""
    assert "LoginRequired: The profile" in kernel.run(FORKED)
    assert world.count("StartDeviceAuthorization") == 0


def test_an_error_is_one_line(world: World, kernel: Kernel) -> None:
    """In the reply and in the output."""
    world.configure(world.emulator.profile())
    kernel.run(CALL)
    message = kernel.error["evalue"]
    assert message.endswith(". Run: sso-plugin login --profile dev")
    assert kernel.error["ename"] == "LoginRequired"
    assert kernel.error["traceback"] == [f"LoginRequired: {message}"]


def test_a_notebook_that_nbclient_runs_has_no_link_at_the_end(world: World) -> None:
    """The outputs are saved as a person has left them."""
    cells = ("%load_ext sso_plugin\n%sso_login dev", "%sso_status dev")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    stop = threading.Event()

    def person() -> None:
        while not stop.wait(0.05):
            for pending in world.emulator.state.devices.pending():
                world.emulator.approve(pending.user_code, "alice")

    thread = threading.Thread(target=person)
    thread.start()
    try:
        NotebookClient(notebook, timeout=60).execute()
    finally:
        stop.set()
        thread.join()
    (login,), (status,) = (cell.outputs for cell in notebook.cells)
    assert login.data["text/plain"].startswith("Logged in until")
    assert "<a " not in login.data["text/html"]
    assert "<td" in status.data["text/html"]
