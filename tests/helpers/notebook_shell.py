"""The shell of an IPython kernel in this process, without the messages of a kernel."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Outputs", "notebook_shell"]

_CONFIG = Config(HistoryManager={"enabled": False}, InteractiveShell={"colors": "nocolor"})


class Outputs:
    """What the cells have displayed, as a front end shows it."""

    def __init__(self, shell: Any) -> None:
        self.published: list[dict[str, Any]] = shell.display_pub.outputs

    @property
    def shown(self) -> list[dict[str, str]]:
        """The texts of each display by their types, as it was updated last."""
        shown: dict[str, dict[str, str]] = {}
        for each in self.published:
            name = each["transient"]["display_id"]
            assert each["update"] == (name in shown)
            shown[name] = each["data"]
        return list(shown.values())

    @property
    def html(self) -> str:
        """The HTML of the only display."""
        (shown,) = self.shown
        return shown["text/html"]

    @property
    def text(self) -> str:
        """The text of the only display, for a front end that shows no HTML."""
        (shown,) = self.shown
        return shown["text/plain"]


@contextmanager
def notebook_shell(pid: int | None = None) -> Iterator[Any]:
    """Return the shell of a kernel, which is that of the process meanwhile."""
    shell: Any = InteractiveShell.instance(config=_CONFIG)
    object.__setattr__(shell, "kernel", SimpleNamespace(session=SimpleNamespace(pid=pid)))
    shell.kernel.session.pid = pid or os.getpid()
    publisher: Any = CapturingDisplayPublisher
    shell.display_pub = publisher()
    try:
        yield shell
    finally:
        InteractiveShell.clear_instance()
