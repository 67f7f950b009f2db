"""An IPython kernel in a process of its own, without a front end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

__all__ = ["Kernel"]

_TIMEOUT = 120.0


class Kernel:
    """A kernel with the environment of the test, and the outputs of its last cell."""

    def __init__(self) -> None:
        self._manager, self._client = start_new_kernel()
        self._cell = ""
        self.displays: dict[str, str] = {}
        self.texts: list[str] = []
        self.error: dict[str, Any] = {}
        self.is_idle = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def start(self, code: str) -> None:
        """Start to run a cell."""
        self.displays, self.texts, self.error, self.is_idle = {}, [], {}, False
        self._cell = self._client.execute(code)

    def run(self, code: str) -> str:
        """Run a cell to its end, and return its text."""
        self.start(code)
        self.wait_until_idle()
        return self.text

    def stop(self) -> None:
        """Stop the cell, as a person does."""
        self._manager.interrupt_kernel()

    @property
    def html(self) -> str:
        """The HTML that is displayed now."""
        return "\n".join(self.displays.values())

    @property
    def text(self) -> str:
        """The result of the cell, and what it has printed."""
        return "".join(self.texts)

    def wait_for(self, text: str) -> str:
        """Wait until the HTML has a text, and return the HTML."""
        self._receive(lambda: text in self.html)
        return self.html

    def wait_until_idle(self) -> None:
        """Wait until the cell has ended."""
        self._receive(lambda: self.is_idle)

    def _receive(self, is_done: Callable[[], bool]) -> None:
        end = time.monotonic() + _TIMEOUT
        while not is_done():
            left = max(0.0, end - time.monotonic())
            message = self._client.get_iopub_msg(timeout=left)
            self._handle(message["msg_type"], message["content"], message["parent_header"])

    def _handle(self, kind: str, content: dict[str, Any], parent: dict[str, Any]) -> None:
        if kind in {"display_data", "update_display_data"}:
            self.displays[content["transient"]["display_id"]] = content["data"]["text/html"]
        elif kind == "execute_result":
            self.texts.append(content["data"]["text/plain"])
        elif kind == "stream":
            self.texts.append(content["text"])
        elif kind == "error":
            self.error = content
        elif kind == "status" and parent.get("msg_id") == self._cell:
            self.is_idle = content["execution_state"] == "idle"
