"""Where the benchmarks happen: a home directory, an emulator, and two Pythons.

The Pythons share every package; the one difference is whether our start-up file is there. So the
same program, which knows nothing of us, runs on stock botocore in one and on sso_plugin in the
other. Nothing of the person's own home or environment takes part.
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
    from types import TracebackType

    from typing_extensions import Self

STOCK, OURS = "stock botocore", "sso_plugin"
PAST = "2020-01-01T00:00:00Z"

_HERE = Path(__file__).parent
_START_UP_FILES = ("sso_plugin.pth", "sso_plugin.start")
_STATIC = """
[profile static]
region = eu-central-1
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = made up
"""


class Stage:
    """A context manager; the profiles are ``dev``, ``legacy`` (its start URL alone), ``static``."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # A program that was killed may be writing still.
            folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            self.folder = Path(stack.enter_context(folder))
            self.emulator = stack.enter_context(Emulator())
            self._set_up()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _set_up(self) -> None:
        self.home = self.folder / "home"
        (self.home / ".aws").mkdir(parents=True)
        profiles = self.emulator.profile() + self.emulator.profile("legacy", legacy=True) + _STATIC
        (self.home / ".aws/config").write_text(profiles, encoding="utf-8")
        self._pythons: dict[str, Path] = {}

    def python(self, where: str) -> Path:
        """Return one of the two, which is made when it is first needed."""
        if where not in self._pythons:
            files = _START_UP_FILES if where == OURS else ()
            self._pythons[where] = make_python(self.folder / where, *files)
        return self._pythons[where]

    def log_in(self, **changes: str) -> None:
        """Leave in the home what a login does, and nothing that came after one."""
        for used in ("sso/cache", "cli/cache", "sso-plugin"):
            shutil.rmtree(self.home / ".aws" / used, ignore_errors=True)
        folder = self.home / ".aws/sso/cache"
        folder.mkdir(parents=True)
        for name in ("corp", self.emulator.start_url):
            document = {**self.emulator.sign_in().cached(), **changes}
            key = sha1(name.encode(), usedforsecurity=False).hexdigest()
            (folder / f"{key}.json").write_text(json.dumps(document), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """Return the variables of every program."""
        unwanted = ("AWS_", "PYTHON", "SSO_PLUGIN", "VIRTUAL_ENV")
        clean = {name: text for name, text in os.environ.items() if not name.startswith(unwanted)}
        home = {"HOME": str(self.home), "USERPROFILE": str(self.home)}
        this_machine = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        return {**clean, **self.emulator.environment(), **home, **this_machine}

    def run(self, where: str, program: str, *words: object) -> Any:
        """Run one of ``programs/``, and return what it prints."""
        python, path = self.python(where), _HERE / "programs" / program
        command: list[str | Path] = [python, path, *map(str, words)]
        return json.loads(subprocess.check_output(command, env=self.environment(), text=True))


def make_python(folder: Path, *start_up_files: str) -> Path:
    """Make an environment with all packages of this one, but of start-up files only those given."""
    venv.create(folder, symlinks=os.name != "nt")
    site_packages = next(folder.rglob("site-packages"))
    roots = {Path(str(module.__file__)).parents[1] for module in (boto3, sso_plugin, werkzeug)}
    # Read before our start-up file, which needs what it names.
    (site_packages / "a_paths.pth").write_text("\n".join(map(str, roots)), encoding="utf-8")
    for name in start_up_files:
        shutil.copy(_HERE.parent / name, site_packages)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
