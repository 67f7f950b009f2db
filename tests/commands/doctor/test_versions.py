"""The check of the installed packages."""

from __future__ import annotations

import configparser
import sys
from importlib import metadata
from pathlib import Path

from sso_plugin.commands.doctor.versions import check_versions

ROOT = Path(__file__).parents[3]


def test_old_and_missing_packages_are_found() -> None:
    """The fix is for this Python."""

    def version_of(name: str) -> str:
        if name == "wrapt":
            raise metadata.PackageNotFoundError(name)
        return "1.30.9" if name == "botocore" else "99"

    findings = [(each.message, each.fix) for each in check_versions(version_of)]
    install = f"{sys.executable} -m pip install"
    assert findings[:2] == [
        ("botocore 1.30.9 is too old. At least 1.31 is required.", f"{install} 'botocore>=1.31'"),
        (f"wrapt is not installed in {sys.prefix}.", f"{install} 'wrapt>=1.17'"),
    ]


def test_the_minimum_versions_are_those_of_setup_cfg() -> None:
    """They are written in two places."""
    from sso_plugin.commands.doctor.versions import _MINIMUM

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    requires = [line for line in setup["options"]["install_requires"].split("\n") if ">=" in line]
    assert sorted(requires) == sorted(
        f"{name}>={'.'.join(map(str, least))}" for name, least in _MINIMUM.items()
    )
