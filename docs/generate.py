"""Does what the pages show, and writes down what came out.

    python docs/generate.py            bring the pages up to date
    python docs/generate.py --check    say what is out of date, and change nothing

A page is its own script. In a block of the kind ``console`` the lines after ``$`` are run in a
terminal, in one of the kind ``pycon`` those after ``>>>`` in one interpreter. What a page says
about the public functions, between two comments, comes from their docstrings. Each page has a home
directory of its own, with the config of the README, and a local Identity Center in which
every login is approved at once. What differs from run to run is put into the words of an example.
"""

# ruff: noqa: INP001, T201 - a program

from __future__ import annotations

import contextlib
import difflib
import doctest
import fcntl
import inspect
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import termios
import textwrap
import threading
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import sso_plugin
from sso_plugin.emulator import Emulator, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COLUMNS = 100

_MODULES = ("sso_plugin", "boto3", "botocore", "wrapt", "filelock", "click", "rich")
_BLOCK = re.compile(r"^```(console|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONFIG = re.compile(r"^```ini\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REFERENCE = re.compile(
    r"^(<!-- reference: (.*?) -->\n).*?^(<!-- end -->)$", re.MULTILINE | re.DOTALL
)

# What the example says it is, whenever it is run.
_BEGIN = datetime(2026, 1, 31, 14, 15, tzinfo=timezone.utc)
_HOME = "/home/alice"
_URL = "http://127.0.0.1:8080"


def main() -> int:
    """Bring the pages up to date, or report what is out of date."""
    check = sys.argv[1:] == ["--check"]
    pages = [README, *sorted(ROOT.glob("docs/*.md"))]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    with ThreadPoolExecutor() as pool:
        now = list(pool.map(rendered, texts))
    stale = [each for each in zip(pages, texts, now, strict=True) if each[1] != each[2]]
    for page, before, after in stale:
        name = str(page.relative_to(ROOT))
        if check:
            lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
            sys.stdout.writelines(difflib.unified_diff(*lines, name, "what it should be"))
        else:
            page.write_text(after, encoding="utf-8")
            print(f"{name} is brought up to date.")
    return 1 if check and stale else 0


def rendered(text: str) -> str:
    """Return a page with everything that it shows as it is now."""
    with_reference = _REFERENCE.sub(lambda found: _reference(*found.groups()), text)
    if not _BLOCK.search(text):
        return with_reference
    with _world() as world:
        return _BLOCK.sub(lambda found: world.rerun(found[1], found[2]), with_reference)


@dataclass(frozen=True)
class World:
    """A user at a machine, and an Identity Center."""

    home: Path
    emulator: Emulator
    began: datetime
    interpreter: subprocess.Popen[str]

    def rerun(self, kind: str, block: str) -> str:
        """Return a block with the output that its lines have now."""
        run = self._console(block) if kind == "console" else self._pycon(block)
        return f"```{kind}\n{''.join(run)}```"

    def _console(self, block: str) -> Iterator[str]:
        code = 0
        # A command goes on in the next line after a backslash.
        for command in re.findall(r"^\$ ((?:.*\\\n)*.*)\n", block, re.MULTILINE):
            printed, code = self._in_terminal(f"(exit {code}); {command}")
            yield f"$ {command}\n{self._steady(printed)}"

    def _in_terminal(self, command: str) -> tuple[str, int]:
        environment = _environment(self.home, self.emulator)
        if "--flow browser" not in command:
            # Most users have not set it.
            del environment["BROWSER"]
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        with subprocess.Popen(  # noqa: S603 - our own page
            ["/bin/sh", "-c", command],
            env=environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        ) as process:
            os.close(slave)
            printed = b"".join(_chunks(master))
        os.close(master)
        return printed.decode().replace("\r\n", "\n"), process.returncode

    def _pycon(self, block: str) -> Iterator[str]:
        assert self.interpreter.stdin  # noqa: S101 - they are pipes
        assert self.interpreter.stdout  # noqa: S101
        for example in doctest.DocTestParser().get_examples(block):
            print(json.dumps(example.source), file=self.interpreter.stdin, flush=True)
            printed = json.loads(self.interpreter.stdout.readline())
            first, *others = example.source.splitlines()
            lines = [f">>> {first}", *(f"... {line}".rstrip() for line in others)]
            yield "\n".join(lines) + "\n" + self._steady(printed)

    def _steady(self, text: str) -> str:
        """Return the text without what is different each time."""
        text = text.replace(self.emulator.url, _URL).replace(str(self.home), _HOME)
        for pattern, steady in _STEADY.items():
            text = re.sub(pattern, steady, text)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(?= UTC)", self._moved("%Y-%m-%d %H:%M"), text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}(?=Z)", self._moved("%Y-%m-%dT%H:%M:%S"), text)
        return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)

    def _moved(self, form: str) -> Callable[[re.Match[str]], str]:
        """Return what moves a time into the example, by whole steps of ten minutes."""

        def move(found: re.Match[str]) -> str:
            when = datetime.strptime(found[0], form).replace(tzinfo=timezone.utc)
            steps = round((when - self.began) / timedelta(minutes=10))
            return (_BEGIN + steps * timedelta(minutes=10)).strftime(form)

        return move


# From regular expressions to what the example has in their place.
_STEADY = {
    r"127\.0\.0\.1:(?!8080)\d+": "127.0.0.1:41234",
    r"127\.0\.0\.1%3A(?!8080)\d+": "127.0.0.1%3A41234",
    r"/\S*/sso-plugin-\w{8}/": "/tmp/sso-plugin-k3v9x0ab/",  # noqa: S108 - a text
    r"\b[B-Z]{4}-[B-Z]{4}\b": "WDJB-MJHT",
    r"(client_id|state|code_challenge)=[\w-]+": r"\1=Zm9vYmFy",
    r"SigninToken=[\w-]+": "SigninToken=VCQgs5qZZt3Q6fn8Tr5EXAMPLE",
    r"ASIA[A-Z2-7]{16}": "ASIAIOSFODNN7EXAMPLE",
    r"""((?:SecretAccessKey": "|SECRET_ACCESS_KEY='?))[\w/+=-]{30,}""": (
        r"\1wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    ),
    r"""((?:SessionToken": "|SESSION_TOKEN='?))[\w/+=-]{30,}""": r"\1IQoJb3JpZ2luX2VjEXAMPLETOKEN",
    r"(AUTHORIZATION_TOKEN=)[\w-]+": r"\1fJ8Qv2EXAMPLE",
    r"(?<=responds in )\d+ ms": "4 ms",
    r"Python 3\.\d+\.\w+": "Python 3.13.1",
    r"python3\.\d+": "python3.13",
    r"(boto3|botocore) 1\.[\d.]+": r"\1 1.44.5",
    r"wrapt [\d.]+\w*": "wrapt 2.5.2",
    r"filelock [\d.]+\w*": "filelock 3.30.0",
    r"(?<=hours )5\d minutes left": "59 minutes left",
    r'(?<="seconds_left": )287\d\d': "28799",
}


@contextlib.contextmanager
def _world() -> Iterator[World]:
    """Make a home directory with a Python that has sso_plugin installed, and an emulator."""
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        home = Path(folder).resolve()
        _install(home / "venv")
        (config,) = _CONFIG.findall(README.read_text(encoding="utf-8"))
        (home / ".aws").mkdir(mode=0o700)
        (home / ".aws/config").write_text(config, encoding="utf-8")
        with (
            Emulator(settings=Settings(poll_interval=1)) as emulator,
            _approving(emulator),
            _interpreter(home, emulator) as interpreter,
        ):
            began = datetime.fromtimestamp(time.time(), timezone.utc)
            yield World(home, emulator, began, interpreter)


def _install(folder: Path) -> None:
    """Do what pip does: packages that can be imported, start-up files, a command."""
    venv.create(folder, symlinks=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    roots = {Path(str(import_module(name).__file__)).parents[1] for name in _MODULES}
    # Read before our start-up file.
    (site_packages / "a_paths.pth").write_text("".join(f"{root}\n" for root in sorted(roots)))
    for name in ("sso_plugin.pth", "sso_plugin.start"):
        (site_packages / name).write_bytes((ROOT / name).read_bytes())
    for name, code in {"sso-plugin": _COMMAND, "browser": _BROWSER}.items():
        script = folder / "bin" / name
        script.write_text(f"#!{folder}/bin/python\n{code}", encoding="utf-8")
        script.chmod(0o755)


_COMMAND = "import sys\nfrom sso_plugin.cli import main\nsys.exit(main())\n"

# What a person and a browser do together: approve, and go where that leads.
_BROWSER = """\
import json, os, sys, urllib.request as web
url = web.urlopen(sys.argv[1]).url
if "/authorize?" in url:
    where = os.environ["AWS_ENDPOINT_URL_SSO"] + "/_emulator/authorize"
    headers = {"Content-Type": "application/json"}
    answer = web.urlopen(web.Request(where, json.dumps({"url": url}).encode(), headers))
    web.urlopen(json.load(answer)["location"]).read()
"""


@contextlib.contextmanager
def _approving(emulator: Emulator) -> Iterator[None]:
    """Approve each code as soon as it is shown."""
    over = threading.Event()

    def approve() -> None:
        while not over.wait(0.1):
            for device in emulator.state.devices.pending():
                emulator.approve(device.user_code)

    thread = threading.Thread(target=approve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def _interpreter(home: Path, emulator: Emulator) -> Iterator[subprocess.Popen[str]]:
    """Run an interpreter that executes each line it is given, and returns what was printed."""
    with subprocess.Popen(  # noqa: S603 - our own page
        [home / "venv/bin/python", "-c", _INTERPRETER],
        env=_environment(home, emulator),
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process


_INTERPRETER = """\
import contextlib, io, json, sys, traceback
values = {"__name__": "__main__"}
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            exec(compile(json.loads(line), "<page>", "single"), values)
        except Exception as exc:
            print("Traceback (most recent call last):\\n  ...")
            print(*traceback.format_exception_only(exc), sep="", end="")
    print(json.dumps(printed.getvalue()), flush=True)
"""


def _environment(home: Path, emulator: Emulator) -> dict[str, str]:
    """Return the environment of an SSH session, so that a login chooses the code."""
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(home / "venv/bin"), os.environ["PATH"]]),
        "BROWSER": str(home / "venv/bin/browser"),
        "SHELL": "/bin/bash",
        "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TZ": "UTC",
        "NO_PROXY": "127.0.0.1",
        **emulator.environment(),
    }


def _chunks(master: int) -> Iterator[bytes]:
    # Linux says EIO where others say that the stream ends.
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            yield chunk


def _reference(begin: str, names: str, end: str) -> str:
    """Return what the docstrings say of functions and classes."""
    return begin + "\n" + "\n".join(_entry(name) for name in names.split(", ")) + "\n" + end


def _entry(name: str) -> str:
    """Return one of them as a section."""
    thing = getattr(sso_plugin, name)
    text, *fields = re.split(r"^:", inspect.cleandoc(thing.__doc__), flags=re.MULTILINE)
    items = "\n".join(_item(field) for field in fields)
    parts = [f"### `{name}`", f"```python\n{_signature(name, thing)}\n```", text.strip(), items]
    return "\n\n".join(re.sub(r"``(.*?)``", r"`\1`", part) for part in parts if part) + "\n"


def _signature(name: str, thing: Callable[..., object]) -> str:
    """Return how it is called, with a line for each parameter if it is too long for one."""
    signature = inspect.signature(thing)
    returned = "" if inspect.isclass(thing) else f" -> {signature.return_annotation}"
    parameters: list[str] = []
    for each in signature.parameters.values():
        if each.kind is each.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        parameters.append(f"{each.name}: {_NAMED.get(each.annotation, each.annotation)}")
        if each.default is not each.empty:
            parameters[-1] += f" = {_default(each.default)}"
    line = f"{name}({', '.join(parameters)}){returned}"
    if len(line) < COLUMNS:
        return line
    return f"{name}(\n" + "".join(f"    {each},\n" for each in parameters) + f"){returned}"


_NAMED = {"FlowName": 'Literal["auto", "browser", "device"]'}


def _default(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    # The name that the signature shows.
    return str(getattr(value, "__name__", value))


def _item(field: str) -> str:
    kind, _, text = field.partition(":")
    word, _, name = kind.partition(" ")
    said = " ".join(text.split())
    lead = {"param": f"`{name}`", "raises": f"raises `{name}`", "returns": "returns"}[word]
    return textwrap.fill(f"- {lead}: {said}", 120, subsequent_indent="  ", break_on_hyphens=False)


if __name__ == "__main__":
    sys.exit(main())
