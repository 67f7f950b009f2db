"""Building, installing and uninstalling the package, in each way that pip has."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging_support import ROOT, START_UP_FILES, Environment, run

pytest.importorskip("build", reason="needs the extra [package]")

# Each test builds or installs the package.
pytestmark = pytest.mark.long

# Prints whether the start-up file has installed its import hook, and where the package is.
REPORT = """
import sys
print([getattr(finder, "__module__", "") for finder in sys.meta_path].count("sso_plugin.startup"))
import sso_plugin
print(sso_plugin.__path__[0])
"""


@dataclass(frozen=True)
class Distributions:
    """The three things that pip can install."""

    checkout: Path
    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Build from a copy of the checkout; the wheel is built from the sdist."""
    checkout = tmp_path_factory.mktemp("checkout") / "sso-plugin"
    built = (".*", "build", "dist", "*.egg-info", "node_modules", "__pycache__")
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*built))

    folder = checkout.parent / "dist"
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Distributions(checkout, sdist, wheel)


class TestDistributions:
    """The files that are published."""

    def test_twine_reports_no_problem(self, distributions: Distributions) -> None:
        """A warning is a failure."""
        run(
            sys.executable,
            "-m",
            "twine",
            "check",
            "--strict",
            distributions.sdist,
            distributions.wheel,
        )

    def test_the_wheel_has_every_file_of_the_package(self, distributions: Distributions) -> None:
        """The checker compares it with the package; setup.cfg has its exceptions."""
        run(
            sys.executable,
            "-m",
            "check_wheel_contents",
            distributions.wheel,
            cwd=distributions.checkout,
        )

    def test_the_wheel_has_the_start_up_files_beside_the_package(
        self, distributions: Distributions
    ) -> None:
        """At the root of site-packages, where Python reads them, and nothing else."""
        with zipfile.ZipFile(distributions.wheel) as wheel:
            at_root = {name.partition("/")[0] for name in wheel.namelist()}
        metadata = distributions.wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"
        assert {"sso_plugin", metadata, *START_UP_FILES} == at_root

    def test_the_editable_wheel_records_each_file(
        self, distributions: Distributions, tmp_path: Path
    ) -> None:
        """With its hash, which some installers require."""
        build = (
            f"from setuptools.build_meta import build_editable; build_editable({str(tmp_path)!r})"
        )
        run(sys.executable, "-c", build, cwd=distributions.checkout)
        (path,) = tmp_path.glob("*.whl")
        with zipfile.ZipFile(path) as wheel:
            (record,) = (name for name in wheel.namelist() if name.endswith("/RECORD"))
            recorded = dict(line.rsplit(",", 2)[:2] for line in wheel.read(record).decode().split())
            actual = {name: _hash(wheel.read(name)) for name in wheel.namelist()}
        assert actual | {record: ""} == recorded


@pytest.fixture(scope="module", params=["wheel", "sdist", "checkout"])
def installed(
    request: pytest.FixtureRequest,
    distributions: Distributions,
    tmp_path_factory: pytest.TempPathFactory,
) -> Environment:
    """Return an environment with the plugin only, from the wheel, the sdist, or editable."""
    environment = Environment.create(tmp_path_factory.mktemp(request.param))
    _install(environment, request.param, getattr(distributions, request.param))
    return environment


class TestInstalling:
    """The result of each way to install is the same."""

    def test_the_start_up_files_are_at_the_root(self, installed: Environment) -> None:
        """Byte by byte."""
        for name in START_UP_FILES:
            assert (ROOT / name).read_bytes() == (installed.site_packages / name).read_bytes()

    def test_a_new_interpreter_has_the_import_hook(self, installed: Environment) -> None:
        """You call, import and configure nothing."""
        waiting, _ = installed.run("-c", REPORT).splitlines()
        assert waiting == "1"

    def test_types_and_data_are_installed(self, installed: Environment) -> None:
        """Files that are not Python modules."""
        _, package = installed.run("-c", REPORT).splitlines()
        data = ROOT / "sso_plugin" / "data"
        models = {path.relative_to(data) for path in data.glob("**/*.json")}
        assert models
        assert models == {
            path.relative_to(Path(package, "data")) for path in Path(package).glob("data/**/*.json")
        }
        assert Path(package, "py.typed").exists()

    def test_the_command_is_installed(self, installed: Environment) -> None:
        """In the folder for scripts of the environment."""
        assert shutil.which("sso-plugin", path=installed.scripts)


@pytest.mark.parametrize("kind", ["wheel", "sdist", "checkout"])
def test_uninstalling_leaves_nothing(
    distributions: Distributions, tmp_path: Path, kind: str
) -> None:
    """A start-up file that is left would run at every start of Python."""
    environment = Environment.create(tmp_path)
    (environment.site_packages / "neighbour.py").touch()  # so that pip does not remove the folder
    before = _files(environment)
    _install(environment, kind, getattr(distributions, kind))
    environment.run("-c", REPORT)
    assert before < _files(environment)

    _pip(environment, "uninstall", "--yes", "sso-plugin")
    assert before == _files(environment)
    assert environment.run("-c", "") == ""


def _install(environment: Environment, kind: str, what: Path) -> None:
    """Install without the network; the dependencies are not needed for these tests."""
    editable = ["--editable"] if kind == "checkout" else []
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed"]
    _pip(environment, "install", *options, *editable, what)


def _pip(environment: Environment, *arguments: str | Path) -> None:
    """Run our pip on another environment, with our setuptools."""
    pip = (sys.executable, "-m", "pip", "--python", environment.python, "--quiet")
    setuptools = Path(pytest.importorskip("setuptools").__file__).parents[1]
    run(*pip, *arguments, PYTHONPATH=str(setuptools) if "install" in arguments else "")


def _hash(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return "sha256=" + digest.decode().rstrip("=")


def _files(environment: Environment) -> set[Path]:
    """Return all files and folders, except for bytecode."""
    return {path for path in environment.folder.rglob("*") if "__pycache__" not in path.parts}
