"""Check that the start-up hook enables the plugin in scripts of this interpreter."""

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

__all__ = ["check_hook"]

_START_UP_FILE = "sso_plugin.pth"


def check_hook() -> Iterator[Finding]:
    """Check the start-up file, and whether the plugin is enabled in a new session."""
    if switched_off():
        value = os.environ.get("SSO_PLUGIN")
        yield warning("hook", f"The plugin is disabled: SSO_PLUGIN is {value}.", "unset SSO_PLUGIN")
        return
    if sys.flags.no_site:
        yield problem(
            "hook",
            "This Python was started with -S, which disables start-up files.",
            "Start it without -S, or call sso_plugin.enable() in the script.",
        )
        return
    yield _start_up(_start_up_file())


def _start_up(file: Path | None) -> Finding:
    from botocore.session import Session

    enabled = is_enabled(Session())
    if file is None:
        fix = f"{sys.executable} -m pip install --force-reinstall --no-deps sso-plugin"
        place = f"no site directory of {sys.executable} has the start-up file {_START_UP_FILE}"
        if enabled:
            return warning("hook", f"The plugin is enabled in this process, but {place}.", fix)
        return problem(
            "hook",
            f"The plugin is not enabled in scripts: {place}.",
            f"{fix} (or call sso_plugin.enable() in the script)",
        )
    if not enabled:
        return problem(
            "hook",
            f"The start-up file {file} exists, but did not run: sso_plugin or botocore cannot be "
            "imported when Python starts, or sso_plugin.disable() was called.",
            f"{sys.executable} -v -c pass 2>&1 | grep sso_plugin",
        )
    return ok("hook", f"The plugin is enabled in every new boto3 session: {file} ran.")


def _start_up_file() -> Path | None:
    # Python runs start-up files in these folders only, not in all of sys.path.
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders = [*folders, site.getusersitepackages()]
    files = (Path(folder) / _START_UP_FILE for folder in folders)
    return next((file for file in files if file.is_file()), None)
