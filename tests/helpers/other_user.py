"""A second user of this machine, if the tests run as root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ATTACKER", "BECOME", "USER", "Snapshot", "folder_of", "needs_two_users", "running_as"]

USER = 65533
ATTACKER = 65534

needs_two_users = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act as a second user"
)

_BECOME = "os.setgroups([]); os.setgid({uid}); os.setuid({uid})\n"

BECOME = f"""
import importlib, os, pkgutil, sso_plugin
for module in pkgutil.walk_packages(sso_plugin.__path__, "sso_plugin."):
    if not module.name.endswith("__main__") and ".aio" not in module.name:
        importlib.import_module(module.name)
{_BECOME}"""
"""Code that switches to a user. It imports all modules first, which that user may not read.

Those for aiobotocore need that package.
"""


@contextlib.contextmanager
def folder_of(uid: int) -> Iterator[Path]:
    """Yield a folder that belongs to a user, and that other users can enter."""
    folder = Path(tempfile.mkdtemp(prefix="of-another-user-"))
    try:
        os.chown(folder, uid, uid)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_as(uid: int, code: str) -> Iterator[None]:
    """Run code of a user in a loop, in a process of its own; OSErrors are ignored."""
    script = (
        "import contextlib, os, sys\nfrom pathlib import Path\n"
        + _BECOME.format(uid=uid)
        + "print('go', flush=True)\nwhile True:\n    with contextlib.suppress(OSError):\n"
        + "".join(f"        {line}\n" for line in code.splitlines())
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"go\n"
            yield
            assert process.poll() is None
        finally:
            process.kill()


class Snapshot:
    """All files of a folder: names, owners, modes, times and contents."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path: (*self._shown(path.lstat()), path.read_bytes())
            for path in folder.rglob("*")
            if path.is_file()
        }
        self._folder = self._shown(folder.lstat())

    @staticmethod
    def _shown(status: os.stat_result) -> tuple[int, ...]:
        return status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # only compared

    def __repr__(self) -> str:
        return repr(vars(self))
