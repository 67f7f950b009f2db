"""Whether this process is an IPython kernel: what a person runs in a notebook."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["find_kernel_shell"]


def find_kernel_shell() -> Any | None:
    """Return the shell of the kernel that this process is; None if it is no kernel.

    IPython in a terminal is no kernel. Neither is a process that was forked from one: the notebook
    does not show what it displays. Imports nothing.
    """
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if get_ipython is None else get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None
    pid = getattr(getattr(kernel, "session", None), "pid", None)
    return shell if pid in (None, os.getpid()) else None
