"""Switches between accounts and regions in one shell, by ``env``, ``exec`` and ``serve``."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from command import environment, install_command
from credentials_service import FOR_BOTO3

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

__all__ = ["CONFIG", "SWITCHES", "Switch", "prepare", "run_script"]

PRODUCTION, STAGING, SANDBOX = "1" * 12, "2" * 12, "3" * 12

CONFIG = f"""
[profile staging]
sso_session = corp
sso_account_id = {STAGING}
sso_role_name = AdministratorAccess
region = eu-west-1

[profile without-region]
sso_session = corp
sso_account_id = {SANDBOX}
sso_role_name = AdministratorAccess
"""

_ENV = 'eval "$(sso-plugin env {} --shell bash)"; show'
_EXEC = "sso-plugin exec {} -- sh -c '{}'"
_SERVE = f"""\
eval "$(sso-plugin serve {FOR_BOTO3} {{}} --shell bash & echo "SERVICE=$!")"; show; kill "$SERVICE"
while [ -e "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" ]; do sleep 0.1; done"""
_DEV, _STAGING = "--profile dev", "--profile staging"
_ROLE = "--account sandbox --role AdministratorAccess --region us-west-2"
_IN_DEV, _IN_STAGING = f"{PRODUCTION} eu-central-1", f"{STAGING} eu-west-1"
_IN_ROLE = f"{SANDBOX} us-west-2"
_OWN = f"{SANDBOX} ap-south-1"
"""What the user has chosen by AWS_PROFILE and AWS_REGION before all switches."""


class Switch(NamedTuple):
    """A script, and what each ``show`` in it has to print: an account and a region."""

    script: str
    expected: list[str]


SWITCHES = {
    "role": Switch(_ENV.format(_ROLE), [_IN_ROLE]),
    "env": Switch(
        "\n".join(_ENV.format(each) for each in (_DEV, _ROLE, _STAGING, "--unset", _DEV)),
        [_IN_DEV, _IN_ROLE, _IN_STAGING, _OWN, _IN_DEV],
    ),
    "exec": Switch(
        "\n".join([_EXEC.format(each, "show") for each in (_DEV, _ROLE, _STAGING)] + ["show"]),
        [_IN_DEV, _IN_ROLE, _IN_STAGING, _OWN],
    ),
    "serve": Switch(
        "\n".join(_SERVE.format(each) for each in (_DEV, _ROLE, _STAGING))
        + f"\n{_ENV.format('--unset')}",
        [_IN_DEV, _IN_ROLE, _IN_STAGING, _OWN],
    ),
    "one in the other": Switch(
        f"""\
{_ENV.format(_DEV)}
{
            _EXEC.format(
                _STAGING,
                f'''
  show
  {_ENV.format(_ROLE)}
  {_ENV.format("--unset")}
  sso-plugin exec {_DEV} -- show
  sso-plugin exec --profile without-region -- show
''',
            )
        }
{_SERVE.format(_STAGING)}
{_ENV.format(_ROLE)}
{_ENV.format("--unset")}""",
        [
            _IN_DEV,
            _IN_STAGING,
            _IN_ROLE,
            _IN_STAGING,
            _IN_DEV,
            _OWN,
            _IN_STAGING,
            _IN_ROLE,
            _OWN,
        ],
    ),
}
"""The profile ``without-region`` has the account and the region of ``_OWN``."""


def prepare(world: World) -> None:
    """Write a config whose profile ``default`` has other keys, and sign a user in."""
    keys = "aws_access_key_id = AKIDDEFAULT\naws_secret_access_key = x\nregion = sa-east-1\n"
    world.configure(world.emulator.profile() + CONFIG + f"\n[default]\n{keys}")
    world.sign_in()


def run_script(folder: Path, script: str, show: str) -> list[str]:
    """Run a script in bash, and return what its calls of ``show`` print.

    :param folder: for the programs ``sso-plugin`` and ``show``.
    :param show: a program that prints the account and the region in which it acts.
    """
    install_command(folder)
    program = folder / "show"
    program.write_text(show, encoding="utf-8")
    program.chmod(0o755)
    changed = environment(
        PATH=f"{folder}{os.pathsep}{os.environ['PATH']}",
        AWS_PROFILE="without-region",
        AWS_REGION="ap-south-1",
        AWS_DEFAULT_REGION="ap-south-1",
        # Left behind by another tool.
        AWS_ACCOUNT_ID="999999999999",
        AWS_SECURITY_TOKEN="old",
    )
    # Other programs, such as the AWS CLI, have their own Python packages.
    del changed["PYTHONPATH"]
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-c", script],
        env=changed,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
