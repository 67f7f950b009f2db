"""Browsers for tests: programs that record how they were started, and approve a login."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from world import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from world import World

__all__ = ["Browser", "browser"]

_PROGRAM = """#!{python}
import json, os, sys, time, urllib.request
log, emulator, status, stays = {words}

def note(document):
    with open(log, "a") as file:
        file.write(json.dumps(document) + "\\n")

def post(action, **words):
    body = json.dumps(words).encode()
    headers = {{"Content-Type": "application/json"}}
    request = urllib.request.Request(f"{{emulator}}/_emulator/{{action}}", body, headers)
    return json.load(urllib.request.urlopen(request))

print("Opening in existing browser session.", flush=True)
print("Gtk-WARNING: no display", file=sys.stderr, flush=True)
note({{"argv": sys.argv[1:], "pid": os.getpid()}})
if status:
    sys.exit(status)
if emulator:
    page = urllib.request.urlopen(sys.argv[-1]).url
    note({{"page": page}})
    if "/authorize" in page:
        urllib.request.urlopen(post("authorize", url=page)["location"]).read()
    elif "/device" in page:
        pending = json.load(urllib.request.urlopen(f"{{emulator}}/_emulator/pending"))["pending"]
        post("approve", user_code=pending[0])
time.sleep(stays)
"""


class Browser:
    """A program at ``path``.

    :param emulator: the URL of the emulator where it approves the login; empty to approve nothing.
    :param status: its exit code. If it is not 0, the program ends without opening the page.
    :param stays: seconds that it stays open.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "browser",
        *,
        emulator: str = "",
        status: int = 0,
        stays: float = 0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / name
        self._log = folder / f"{name}.log"
        words = [str(self._log), emulator, status, stays]
        self.path.write_text(_PROGRAM.format(python=sys.executable, words=repr(words)), "utf-8")
        self.path.chmod(0o755)

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What the program has recorded: ``argv`` and ``pid``, then ``page``."""
        if not self._log.exists():
            return []
        lines = self._log.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for_notes(self, number: int = 1) -> list[dict[str, Any]]:
        """Wait for that many entries of the log, and return all."""
        wait_until(lambda: len(self.notes) >= number)
        return self.notes


def set_browser(monkeypatch: pytest.MonkeyPatch, value: str, **variables: str) -> None:
    """Set BROWSER and other variables, and let Python's `webbrowser` read them again."""
    for name, text in {"BROWSER": value, **variables}.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setattr("webbrowser._browsers", {})


_LOGIN = """
import json, sys, urllib.request
url = urllib.request.urlopen(sys.argv[1]).url
question = urllib.request.Request("%s/_emulator/%s", json.dumps({"url": url}).encode(),
                                  {"Content-Type": "application/json"})
with urllib.request.urlopen(question) as answer:
    urllib.request.urlopen(json.load(answer)["location"]).close()
"""


def browser(world: World, folder: Path, act: str = "authorize") -> str:
    """Return a value of BROWSER: a program that approves or denies, and follows the redirect."""
    script = folder / "browser.py"
    script.write_text(_LOGIN % (world.emulator.url, act), encoding="utf-8")
    return f"{sys.executable} {script} %s"
