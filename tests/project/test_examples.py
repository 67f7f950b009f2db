"""The examples run in a Python with sso_plugin installed, as users run them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import botocore
import pytest
import werkzeug
from packaging_support import ROOT, START_UP_FILES, Environment

import sso_plugin

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return a Python that starts sso_plugin by its start-up file only."""
    environment = Environment.create(tmp_path_factory.mktemp("environment"))
    roots = {Path(str(module.__file__)).parents[1] for module in (sso_plugin, botocore, werkzeug)}
    paths = "".join(f"{root}\n" for root in sorted(roots))
    # Read before our start-up file, which checks that sso_plugin can be imported.
    (environment.site_packages / "a_paths.pth").write_text(paths, encoding="utf-8")
    for name in START_UP_FILES:
        shutil.copy(ROOT / name, environment.site_packages)
    return environment


def run_demo(environment: Environment, *arguments: str, **variables: str) -> tuple[int, str]:
    """Return exit status and output; the home directory is a folder of the test."""
    result = subprocess.run(
        [environment.python, "-W", "error", EXAMPLES / "demo.py", *arguments],
        env={"HOME": str(environment.folder), "PATH": "", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return result.returncode, result.stdout


def test_the_script_does_not_use_sso_plugin() -> None:
    """It shows that an unchanged script works."""
    text = (EXAMPLES / "whoami_forever.py").read_text(encoding="utf-8")
    assert "sso_plugin" not in text
    assert "accessToken" not in text


@pytest.mark.long
def test_the_demo_runs_longer_than_its_credentials_are_valid(environment: Environment) -> None:
    """It lists accounts, makes calls for three lifetimes, and writes nothing to the home."""
    status, story = run_demo(environment, "--seconds", "36", "--credentials-lifetime", "12")

    assert status == 0, story
    assert "333333333333 sandbox: AdministratorAccess" in story
    assert "I am arn:aws:sts::111111111111:assumed-role/" in story
    assert story.count("new credentials ****") >= 2
    assert "calls, none failed; credentials renewed" in story
    assert not (environment.folder / ".aws").exists()


@pytest.mark.long
def test_the_demo_reports_that_nothing_was_renewed(environment: Environment) -> None:
    """The run is too short."""
    status, story = run_demo(environment, "--seconds", "1", "--credentials-lifetime", "60")

    assert status == 1
    assert story.endswith("not renewed twice. Use a longer time or a shorter lifetime.\n")


@pytest.mark.long
def test_the_demo_reports_that_the_script_failed(environment: Environment) -> None:
    """The credentials have expired when they arrive, so no call succeeds."""
    status, story = run_demo(environment, "--seconds", "1", "--credentials-lifetime", "0.001")

    assert status == 1
    assert story.endswith("The script failed with exit code 1.\n")


def test_without_the_start_up_file_the_demo_says_what_to_do(environment: Environment) -> None:
    """One sentence, without a traceback."""
    status, story = run_demo(environment, SSO_PLUGIN="off")

    assert status == 1
    assert story == (
        "The start-up file of sso-plugin is not installed in this Python, or it is switched off. "
        "Run: make demo\n"
    )
