"""The layout of the package: imports point one way, functions stay small."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(sso_plugin.__file__).parent

# Top to bottom: a module may import what stands below it, and nothing else of ours.
LAYERS = [
    "__main__",
    "cli",
    "commands",
    "entitlements",
    "api",
    "everylogin",
    "openlogin",
    "plugin",
    "rejection",
    "tokenparameter",
    "provider",
    "seams",
    "refresh",
    "generations",
    "background",
    "credential_source",
    "signin",
    "browser",
    "handover",
    "surroundings",
    "vanity",
    "webrequest",
    "flows",
    "person",
    "polling",
    "callback",
    "loopback",
    "peers",
    "registration",
    "accountnames",
    "rolesource",
    "role_credentials",
    "directory",
    "concurrently",
    "accountchoice",
    "token_renewal",
    "tokens",
    "login_index",
    "access_token",
    "outage",
    "portal",
    "errormap",
    "answers",
    "budget",
    "loader",
    "clockmemory",
    "filecache",
    "filewriting",
    "filelocks",
    "unwritable",
    "filereading",
    "filetrust",
    "filemodes",
    "openfolder",
    "folderlinks",
    "cache",
    "waiting",
    "config",
    "options",
    "clock",
    "timestamps",
    "errors",
    "hosts",
    "printable",
    "served",
    "redact",
    "initializer",
    "startup",
    "__init__",
]

# Those that import upwards do so when called, by design: the initializer wakes the plugin, the
# package hands out its names when they are first used, and a token is rarely renewed.
LAZY = {
    ("startup", "initializer"),
    ("initializer", "plugin"),
    ("__init__", "api"),
    ("__init__", "directory"),
    ("__init__", "entitlements"),
    ("__init__", "errors"),
    ("__init__", "person"),
    ("__init__", "openlogin"),
    ("__init__", "plugin"),
    ("tokens", "token_renewal"),
}


def module_of(path: Path) -> str:
    """Name the layer of a file: its module, or the package below sso_plugin that it is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def our_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Yield the layers that a file imports, for types or when called included."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (name.split(".")[0] for name in names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sso_plugin"):
            yield from (node.module or "").split(".")[1:2] or ["__init__"]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("sso_plugin")]
            yield from ([*name.split("."), "__init__"][1] for name in names)


def layer(name: str) -> str:
    """Turn an imported name into a layer: what is no module is a name of the package itself."""
    return name if name in LAYERS or name == "emulator" else "__init__"


@pytest.mark.parametrize("path", our_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    """Each module imports only from layers below its own; the emulator from nothing of ours."""
    importer = module_of(path)
    imported = {layer(name) for name in imports_of(path)} - {importer}
    if importer == "emulator":
        assert imported <= {"__init__"}
        return
    assert importer in LAYERS, f"Give {importer} its place in LAYERS"
    below = set(LAYERS[LAYERS.index(importer) + 1 :])
    upwards = {name for name in imported - below if (importer, name) not in LAZY}
    assert upwards == set()


def test_only_seams_imports_wrapt() -> None:
    """Everything that reaches into botocore is in one place."""
    importers = {module_of(path) for path in our_files() if "import wrapt" in path.read_text()}
    assert importers == {"seams"}


def functions() -> Iterator[tuple[str, int]]:
    for path in our_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{path.name}:{node.name}", node.end_lineno - node.lineno + 1


def test_functions_are_small() -> None:
    """Half of them take 8 lines or fewer, none more than 40."""
    lengths = dict(functions())
    assert {name: length for name, length in lengths.items() if length > 40} == {}
    assert median(lengths.values()) <= 8


def test_modules_are_small() -> None:
    """A file that needs a map is two files."""
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in our_files()}
    assert {path.name: length for path, length in lengths.items() if length > 270} == {}
