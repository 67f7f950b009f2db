"""The lines in docs/engines.md work, also beyond the expiry of the first credentials.

These tests are in a folder of their own because they need many large packages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from engines.checked_s3 import CheckedS3
from world import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

PAGE = (Path(__file__).parents[2] / "docs/engines.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """A script of the page, and a command that runs it."""

    name: str
    script: str
    command: str

    @property
    def bucket(self) -> str:
        return re.sub(r"\W+", "-", self.name.lower())

    def written(self, s3: CheckedS3) -> str:
        """Return the script with its own bucket. DuckDB takes an endpoint only in the secret."""
        endpoint = f"ENDPOINT '{s3.url.partition('//')[2]}', USE_SSL false, URL_STYLE path"
        script = self.script.replace("REFRESH auto", f"REFRESH auto, {endpoint}")
        return re.sub(r"(?<=[/\"])bucket(?=[/\"])", self.bucket, script)


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[Example]:
    """Yield each script with its profile in the table, and with the command for all scripts."""
    profiles = dict(re.findall(r"^\| \[(.+?)\].*`(AWS_PROFILE=[\w-]+)` \|$", PAGE, re.MULTILINE))
    (command,) = blocks(PAGE, "sh")
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        name, (script,) = section.partition("\n")[0], blocks(section, "python")
        yield Example(name, script, f"{profiles.pop(name)} python script.py")
        yield Example(f"{name} exec", script, command)

    assert profiles == {}


@pytest.fixture
def s3(world: World) -> Iterator[CheckedS3]:
    s3 = CheckedS3(world.emulator)
    s3.start()
    yield s3
    s3.stop()


@pytest.fixture(autouse=True)
def _environment(world: World, s3: CheckedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log in, add the profile of the page, and send all requests to S3 to this machine."""
    world.sign_in()
    (profile,) = blocks(PAGE, "ini")
    world.configure(f"{world.emulator.profile()}\n{profile}")
    variables = {
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ENDPOINT_URL_S3": s3.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_FORCE_CREDENTIAL_LOAD": "true",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    # Otherwise DuckDB downloads its extensions. It checks the signature of these ones too.
    found = find_spec("duckdb_ext")
    assert found
    assert found.submodule_search_locations
    (world.home / ".duckdb").mkdir()
    extensions = Path(found.submodule_search_locations[0]) / "extensions"
    (world.home / ".duckdb/extensions").symlink_to(extensions)


def start(example: Example, script: str, s3: CheckedS3, folder: Path) -> subprocess.Popen[str]:
    """Start the command of an example in a folder of its own, with a bucket of its own."""
    s3.create_bucket(example.bucket)
    folder /= example.bucket
    folder.mkdir()
    (folder / "script.py").write_text(script, encoding="utf-8")
    return subprocess.Popen(  # noqa: S602 - our own page
        example.command,
        shell=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_examples_run_beyond_the_expiry_of_their_credentials(
    world: World, s3: CheckedS3, tmp_path: Path
) -> None:
    """Their last line, a read, works until S3 has seen a second access key of the profile."""
    world.emulator.settings.role_credentials = 10
    stop = tmp_path / "stop"
    processes = {}
    for example in examples():
        script = example.written(s3)
        read = script.rstrip().rpartition("\n")[2]
        script += f"\nimport pathlib, time\nwhile not pathlib.Path({str(stop)!r}).exists():\n"
        script += f"    {read}\n    time.sleep(0.5)\n"
        processes[example.bucket] = start(example, script, s3, tmp_path)

    try:
        wait_until(
            lambda: all(
                len(s3.keys.get(name, ())) > 1 or process.poll() is not None
                for name, process in processes.items()
            ),
            300,
        )
    finally:
        stop.touch()
        output = {name: process.communicate(timeout=60)[0] for name, process in processes.items()}

    failed = {name: output[name] for name, process in processes.items() if process.returncode}
    assert failed == {}
