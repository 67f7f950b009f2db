"""The check of the start-up hook, in real interpreters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


HOOK = """\
import json
from sso_plugin.commands.doctor.hook import check_hook
print(json.dumps([[each.status, each.message, each.fix] for each in check_hook()]))
"""


def hook(*flags: str, before: str = "", **environment: str) -> list[str]:
    """Return the finding about the hook in a new interpreter."""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, *flags, "-c", path + before + HOOK],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    [finding] = json.loads(done.stdout)
    return [str(each) for each in finding]


@pytest.mark.long
def test_a_disabled_hook_is_a_warning() -> None:
    """The fix is to unset the variable."""
    assert hook(SSO_PLUGIN="Off") == [
        "warning",
        "The plugin is disabled: SSO_PLUGIN is Off.",
        "unset SSO_PLUGIN",
    ]


@pytest.mark.long
def test_a_python_without_start_up_files_is_a_problem() -> None:
    """Some build tools start Python with -S."""
    status, message, _ = hook("-S")
    assert status == "problem"
    assert message == "This Python was started with -S, which disables start-up files."


@pytest.mark.long
@pytest.mark.parametrize("content", ["ran", "did not run", "missing"])
def test_a_start_up_file_that_did_not_run_is_a_problem(tmp_path: Path, content: str) -> None:
    """In a site directory of a real interpreter: it ran, did not run, or is missing."""
    if content != "missing":
        text = (ROOT / "sso_plugin.pth").read_text() if content == "ran" else "# nothing\n"
        (tmp_path / "sso_plugin.pth").write_text(text)
    folder = repr(str(tmp_path))
    before = (
        f"import site; site.getsitepackages = lambda: [{folder}]; site.ENABLE_USER_SITE = False\n"
        "import sso_plugin; sso_plugin.disable(); sys.modules.pop('botocore.session', None)\n"
        f"site.addsitedir({folder})\n"
    )
    status, message, _ = hook(before=before)
    expected = {
        "ran": ("ok", " ran."),
        "did not run": ("problem", "exists, but did not run"),
        "missing": ("problem", "The plugin is not enabled in scripts"),
    }[content]
    assert (status, expected[1] in message) == (expected[0], True)
