"""Whether scripts of this interpreter are served without having been changed."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.session.plugin import is_enabled
from sso_plugin.startup import switched_off

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["look_at_hook"]

_START_UP_FILE = "sso_plugin.pth"


def look_at_hook() -> Iterator[Finding]:
    """Look for the start-up file, and at what it does to a new session."""
    if switched_off():
        value = os.environ.get("SSO_PLUGIN")
        yield warning(
            "hook", f"The plugin is switched off: SSO_PLUGIN is {value}.", "unset SSO_PLUGIN"
        )
        return
    if sys.flags.no_site:
        yield problem(
            "hook",
            "This Python was started with -S, and so without start-up files.",
            "Start it without, or call sso_plugin.enable() in the script.",
        )
        return
    yield _start_up(_start_up_file())


def _start_up(file: Path | None) -> Finding:
    from botocore.session import Session

    live = is_enabled(Session())
    if file is None:
        mend = f"{sys.executable} -m pip install --force-reinstall --no-deps sso-plugin"
        place = f"no site directory of {sys.executable} has the start-up file {_START_UP_FILE}"
        if live:
            return warning("hook", f"The plugin is live in this process, but {place}.", mend)
        return problem(
            "hook",
            f"Unchanged scripts are not served: {place}.",
            f"{mend} (or call sso_plugin.enable() in the script)",
        )
    if not live:
        return problem(
            "hook",
            f"The start-up file {file} is there, but has not run: sso_plugin or botocore cannot "
            "be imported at the start of this Python, or sso_plugin.disable() was called.",
            f"{sys.executable} -v -c pass 2>&1 | grep sso_plugin",
        )
    return ok("hook", f"Every new boto3 session is served: {file} has run.")


def _start_up_file() -> Path | None:
    # Not all of sys.path: only in these are start-up files looked for.
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders = [*folders, site.getusersitepackages()]
    files = (Path(folder) / _START_UP_FILE for folder in folders)
    return next((file for file in files if file.is_file()), None)
