"""JupyterLab in a browser: a server, and notebooks whose kernels are users of the emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from world import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from interop.webdriver import Browser
    from typing_extensions import Self

__all__ = ["JupyterLab", "Notebook"]

_TIMEOUT = 120.0
"""Seconds. On a busy machine, JupyterLab takes long to start."""

_TOKEN = "secret"
_NUMBERS = count()

_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    # Otherwise cells that are not visible are not part of the page.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "kernelShutdown": True},
}

_PANEL = ".jp-NotebookPanel"
_CELL = f"document.querySelectorAll('{_PANEL} .jp-Cell')[arguments[0]]"
_APP = "window.jupyterapp"
_SESSION = f"{_APP}?.shell?.currentWidget?.sessionContext?.session"


class JupyterLab:
    """A server of JupyterLab, in a home of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notebooks = folder / "notebooks"
        settings = folder / "settings"
        for each in (self._notebooks, settings):
            each.mkdir()
        (settings / "overrides.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
        variables = {"HOME": str(folder), "JUPYTER_PATH": str(folder / "data")}
        for kind in ("CONFIG", "DATA", "RUNTIME"):
            variables[f"JUPYTER_{kind}_DIR"] = str(folder / kind.lower())
        self._log = (folder / "log").open("w", encoding="utf-8")
        self._server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
                *(f"--IdentityProvider.token={_TOKEN}", "--LabApp.expose_app_in_browser=True"),
                f"--LabApp.app_settings_dir={settings}",
                f"--ServerApp.root_dir={self._notebooks}",
            ],
            env={**os.environ, **variables},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_until(self._find_port, _TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(60)
        self._log.close()

    @contextmanager
    def notebook(self, browser: Browser, *cells: str, **variables: str) -> Iterator[Notebook]:
        """Open a new notebook, whose kernel gets the variables of this test.

        Afterwards it is closed, and its kernel is stopped.
        """
        name = f"test-{next(_NUMBERS)}"
        self._add_kernel(name, variables)
        file = self._notebooks / f"{name}.ipynb"
        file.write_text(json.dumps(_document(name, cells)), encoding="utf-8")
        address = f"http://127.0.0.1:{self._find_port()}/lab"
        if not browser.address.startswith(address):
            browser.open(f"{address}?token={_TOKEN}")
            wait_until(
                lambda: browser.evaluate(f"{_APP}?.commands.hasCommand('docmanager:open')"),
                _TIMEOUT,
            )
        notebook = Notebook(browser, file)
        notebook.open()
        yield notebook
        notebook.close()

    def _find_port(self) -> int | None:
        text = (self._folder / "log").read_text(encoding="utf-8")
        assert self._server.poll() is None, text
        found = re.search(r"http://127\.0\.0\.1:(\d+)/lab\?token", text)
        return int(found[1]) if found else None

    def _add_kernel(self, name: str, variables: dict[str, str]) -> None:
        folder = self._folder / "data" / "kernels" / name
        folder.mkdir(parents=True)
        names = ("HOME", "USERPROFILE", "NO_PROXY", "no_proxy")
        of_test = {key: os.environ[key] for key in os.environ if key.startswith("AWS_")}
        document = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": {**of_test, **{key: os.environ[key] for key in names}, **variables},
        }
        (folder / "kernel.json").write_text(json.dumps(document), encoding="utf-8")


class Notebook:
    """A notebook that is open in the browser.

    :param file: the notebook as it was saved last.
    """

    def __init__(self, browser: Browser, file: Path) -> None:
        self._browser = browser
        self._file = file

    @property
    def kernel_status(self) -> str | None:
        """The status of the kernel, such as ``idle``; None before it is connected."""
        status = self._browser.evaluate(f"{_SESSION}?.kernel?.status")
        return None if status is None else str(status)

    def open(self) -> None:
        """Open it, and wait for its kernel."""
        self._browser.evaluate(f"void {_APP}.serviceManager.kernelspecs.refreshSpecs()")
        names = f"Object.keys({_APP}.serviceManager.kernelspecs.specs.kernelspecs)"
        wait_until(lambda: self._file.stem in self._browser.evaluate(names), _TIMEOUT)
        self._execute("docmanager:open", {"path": self._file.name})
        self._wait(lambda: self.kernel_status == "idle")

    def close(self) -> None:
        """Close it without saving, and stop its kernel."""
        widget = f"{_APP}.shell.currentWidget"
        self._browser.evaluate(f"void ({widget}.context.model.dirty = false, {widget}.close())")
        self._wait(lambda: not self._browser.evaluate(f"document.querySelector('{_PANEL}')"))

    def run(self) -> None:
        """Start to run all cells."""
        self._execute("notebook:run-all-cells")

    def stop(self) -> None:
        """Interrupt the kernel, as the stop button does."""
        self._execute("notebook:interrupt-kernel")

    def save(self) -> dict[str, Any]:
        """Save the notebook, and return the document in its file."""
        before = self._file.stat().st_mtime_ns
        self._execute("docmanager:save")
        wait_until(lambda: self._file.stat().st_mtime_ns != before, _TIMEOUT)
        # Contents are written in place.
        document: dict[str, Any] = {}

        def is_complete() -> bool:
            try:
                document.update(json.loads(self._file.read_text(encoding="utf-8")))
            except ValueError:
                return False
            return True

        wait_until(is_complete, _TIMEOUT)
        return document

    def output(self, cell: int = 0) -> str:
        """Return the output of a cell as text."""
        area = f"{_CELL}?.querySelector('.jp-Cell-outputArea')?.innerText ?? ''"
        return str(self._browser.evaluate(area, cell))

    def wait_for(self, text: str, cell: int = 0) -> str:
        """Wait until the output of a cell has a text, and return the output."""
        self._wait(lambda: text in self.output(cell), cell)
        return self.output(cell)

    def _wait(self, condition: Callable[[], bool], cell: int = 0) -> None:
        end = time.monotonic() + _TIMEOUT
        while not condition():
            assert time.monotonic() < end, self.output(cell)
            time.sleep(0.05)

    def _execute(self, command: str, arguments: dict[str, object] | None = None) -> None:
        # Without its promise: the browser would wait for it.
        call = f"void {_APP}.commands.execute(arguments[0], arguments[1])"
        self._browser.evaluate(call, command, arguments or {})


def _document(kernel: str, cells: tuple[str, ...]) -> dict[str, object]:
    """Return a notebook that has not run yet."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
    }
