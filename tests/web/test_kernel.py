"""Whether this process is an IPython kernel."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from notebook_shell import notebook_shell

from sso_plugin.web.kernel import find_kernel_shell


def test_a_kernel_is_found() -> None:
    """By the shell that IPython returns."""
    assert find_kernel_shell() is None
    with notebook_shell() as shell:
        assert find_kernel_shell() is shell
    assert find_kernel_shell() is None


def test_ipython_in_a_terminal_is_no_kernel() -> None:
    """It prints on the terminal, as Python does."""
    InteractiveShell.instance()
    try:
        assert find_kernel_shell() is None
    finally:
        InteractiveShell.clear_instance()


def test_a_process_that_was_forked_from_a_kernel_is_none() -> None:
    """The kernel would log what its child displays, in place of showing it."""
    with notebook_shell(pid=os.getppid()):
        assert find_kernel_shell() is None


@pytest.mark.parametrize("module", ["", "sys.modules['IPython'] = type(sys)('IPython');"])
def test_nothing_is_imported(module: str) -> None:
    """Neither IPython, nor the rest of it while it is being imported."""
    code = (
        f"import sys; {module} from sso_plugin.web.kernel import find_kernel_shell; "
        "before = set(sys.modules); print(find_kernel_shell(), set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None set()\n"
