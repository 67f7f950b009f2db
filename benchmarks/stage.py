"""The environment of the benchmarks: a home directory, an emulator, and two Pythons.

Both Pythons have the same packages, but only one has our start-up file. So the same program runs
with stock botocore in one, and with sso_plugin in the other. The home directory and the AWS
settings of the user are not used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import venv
from contextlib import ExitStack
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import werkzeug

import sso_plugin
from sso_plugin.emulator import Emulator

if TYPE_CHECKING:
    from typing_extensions import Self

STOCK, OURS = "stock botocore", "sso_plugin"
"""The names of the two Pythons."""

PAST = "2020-01-01T00:00:00Z"

_HERE = Path(__file__).parent
_START_UP_FILES = ("sso_plugin.pth", "sso_plugin.start")
_STATIC = """
[profile static]
region = eu-central-1
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = example
"""


class Stage:
    """A context manager. The profiles are ``dev``, ``legacy`` (no sso-session) and ``static``."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # A program that was killed may still be writing.
            folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            self.folder = Path(stack.enter_context(folder))
            self.emulator = stack.enter_context(Emulator())
            self.variables: dict[str, str] = {}
            """Further variables of every program."""
            self._set_up()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _set_up(self) -> None:
        self.home = self.folder / "home"
        (self.home / ".aws").mkdir(parents=True)
        profiles = self.emulator.profile() + self.emulator.profile("legacy", legacy=True) + _STATIC
        (self.home / ".aws/config").write_text(profiles, encoding="utf-8")
        self._pythons: dict[str, Path] = {}

    def python(self, where: str) -> Path:
        """Return one of the two Pythons. It is created on first use."""
        if where not in self._pythons:
            files = _START_UP_FILES if where == OURS else ()
            self._pythons[where] = make_python(self.folder / where, *files)
        return self._pythons[where]

    def log_in(self, **changes: str) -> None:
        """Write to the home directory what a login writes, and remove all other caches."""
        for used in ("sso/cache", "cli/cache", "sso-plugin"):
            shutil.rmtree(self.home / ".aws" / used, ignore_errors=True)
        folder = self.home / ".aws/sso/cache"
        folder.mkdir(parents=True)
        for name in ("corp", self.emulator.start_url):
            document = {**self.emulator.sign_in().cached(), **changes}
            key = sha1(name.encode(), usedforsecurity=False).hexdigest()
            (folder / f"{key}.json").write_text(json.dumps(document), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """Return the environment of every program."""
        unwanted = ("AWS_", "PYTHON", "SSO_PLUGIN", "VIRTUAL_ENV")
        clean = {name: text for name, text in os.environ.items() if not name.startswith(unwanted)}
        home = {"HOME": str(self.home), "USERPROFILE": str(self.home)}
        this_machine = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        return {**clean, **self.emulator.environment(), **home, **this_machine, **self.variables}

    def run(self, where: str, program: str, *arguments: object) -> Any:
        """Run a program of ``programs/``. Return the JSON that it prints."""
        python, path = self.python(where), _HERE / "programs" / program
        command: list[str | Path] = [python, path, *map(str, arguments)]
        return json.loads(subprocess.check_output(command, env=self.environment(), text=True))


def make_python(folder: Path, *start_up_files: str) -> Path:
    """Create an environment with all packages of this one, and with these start-up files."""
    venv.create(folder, symlinks=os.name != "nt")
    site_packages = next(folder.rglob("site-packages"))
    roots = {Path(str(module.__file__)).parents[1] for module in (boto3, sso_plugin, werkzeug)}
    # Python reads it before our start-up file, which needs these paths.
    (site_packages / "a_paths.pth").write_text("\n".join(map(str, roots)), encoding="utf-8")
    for name in start_up_files:
        shutil.copy(_HERE.parent / name, site_packages)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
