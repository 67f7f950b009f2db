"""What the modules of the emulator may import."""

from __future__ import annotations

import ast
from pathlib import Path

import sso_plugin.emulator

FOLDER = Path(sso_plugin.emulator.__file__).parent


def imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports. Relative names start with a dot."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))

    return found


def test_state_does_not_import_http() -> None:
    """Neither Werkzeug nor the package `http`."""
    for path in FOLDER.glob("state/*.py"):
        foreign = ("werkzeug", "http", "..")
        assert {each for each in imports_of(path) if each.startswith(foreign)} == set(), path.name


def test_the_emulator_imports_nothing_else_of_this_project() -> None:
    """Nor boto3 and botocore."""
    for path in FOLDER.rglob("*.py"):
        outside = "." * (len(path.relative_to(FOLDER).parts) + 1)
        foreign = {
            each for each in imports_of(path) if each.startswith((outside, "sso_plugin", "boto"))
        }

        assert not foreign, path.name
