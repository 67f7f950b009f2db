"""Virtual environments for tests of installing, and of what happens when Python starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import botocore

__all__ = ["ROOT", "START_UP_FILES", "Environment", "run"]

ROOT = Path(__file__).parents[2]
START_UP_FILES = ("sso_plugin.pth", "sso_plugin.start")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that is separate from the one the tests run in."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Environment:
        """Create an empty one, without pip, which takes a twentieth of the time."""
        venv.create(folder, symlinks=os.name != "nt")
        return cls(folder)

    @property
    def scripts(self) -> Path:
        return self._path("scripts")

    @property
    def site_packages(self) -> Path:
        return self._path("purelib")

    @property
    def python(self) -> Path:
        return self.scripts / "python"

    def run(self, *arguments: str, **variables: str) -> str:
        """Start the interpreter; return its output and errors."""
        variables = {"HOME": str(self.folder), **variables}
        return run(self.python, *arguments, cwd=self.folder, **variables)

    def add_dependencies(self) -> None:
        """Make the packages of the running environment importable, but not its start-up files."""
        where = Path(botocore.__file__).parents[1]
        (self.site_packages / "zz_dependencies.pth").write_text(f"{where}\n", encoding="utf-8")

    def add_plugin(self) -> None:
        """Copy the files that an installer installs."""
        package = self.site_packages / "sso_plugin"
        shutil.copytree(
            ROOT / "sso_plugin", package, ignore=shutil.ignore_patterns("__pycache__", "emulator")
        )
        for name in START_UP_FILES:
            shutil.copy(ROOT / name, self.site_packages)

    def _path(self, kind: str) -> Path:
        variables = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path(kind, scheme=_SCHEME, vars=variables))


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """Run a command that has to succeed; return its output and errors."""
    unwanted = ("AWS_", "PYTHON", "SSO_PLUGIN", "VIRTUAL_ENV")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    result = subprocess.run(
        command,
        cwd=cwd,
        env=clean | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout.strip()


# The scheme of a virtual environment; Python 3.10 does not name it.
_SCHEME = (
    "venv"
    if "venv" in sysconfig.get_scheme_names()
    else ("nt" if os.name == "nt" else "posix_prefix")
)
