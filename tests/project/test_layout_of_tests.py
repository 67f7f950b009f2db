"""The layout of the tests: folders mirror the package, test files are named for modules."""

from __future__ import annotations

from pathlib import Path

import sso_plugin

PACKAGE = Path(sso_plugin.__file__).parent
TESTS = Path(__file__).parents[1]

_ANY_INPUT = "properties of several modules, for any input"

OTHER_FILES = {
    "commands/test_properties.py": _ANY_INPUT,
    "config/test_served.py": "the package itself: config/__init__.py",
    "credentials/test_login.py": "the package itself: credentials/__init__.py",
    "credentials/test_properties.py": _ANY_INPUT,
    "emulator/test_command.py": "the command `python -m sso_plugin.emulator`",
    "emulator/test_imports.py": "what all modules import",
    "portal/test_hostile_portal.py": "harmful responses, through several modules",
    "storage/test_properties.py": _ANY_INPUT,
}
"""Test files in mirrored folders that are not named for a module, and the reason."""

NO_FILE_OF_ITS_OWN = {
    "portal/unreachable.py": "classes only; tests/scenarios/test_same_errors.py raises each",
}
"""Modules without a test file of their name, and the reason."""

NOT_LISTED = {"cli", "commands", "emulator"}
"""Packages whose tests are by command or by service, not by module."""

BESIDE_AIOBOTOCORE = PACKAGE / "session" / "aio"
"""Its tests need aiobotocore. They are in tests/beside_aiobotocore."""


def packages() -> list[Path]:
    """Return the folders of the package that a folder of tests mirrors; the first is the top."""
    return [
        folder
        for folder in (PACKAGE, *sorted(path.parent for path in PACKAGE.rglob("*/__init__.py")))
        if (TESTS / folder.relative_to(PACKAGE)).is_dir()
    ]


def files_of(package: Path) -> dict[str, str]:
    """Return the test files of a mirrored folder: the name that each is for, by its path."""
    folder = TESTS / package.relative_to(PACKAGE)
    return {
        path.relative_to(TESTS).as_posix(): path.stem.removeprefix("test_").rstrip("_")
        for path in folder.glob("test_*.py")
    }


def names_in(package: Path) -> set[str]:
    """Return the names of a package, and of the modules and packages in it.

    A test of ``exec_`` is called ``test_exec``. The top has its own modules only.
    """
    below = package.glob("*.py") if package == PACKAGE else package.rglob("*.py")
    return {(path.parent if path.stem == "__init__" else path).stem.rstrip("_") for path in below}


def test_each_test_file_is_named_for_a_module() -> None:
    """Except those that are listed with a reason."""
    others = {
        path
        for package in packages()
        for path, name in files_of(package).items()
        if name not in names_in(package)
    }
    assert others == set(OTHER_FILES)


def test_each_module_has_a_test_file_of_its_name() -> None:
    """Except those that are listed with a reason."""
    missing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in NOT_LISTED
        and path.parent != BESIDE_AIOBOTOCORE
        and not path.stem.startswith("__")
        and not (TESTS / path.relative_to(PACKAGE)).with_name(f"test_{path.name}").exists()
    }
    assert missing == set(NO_FILE_OF_ITS_OWN)
