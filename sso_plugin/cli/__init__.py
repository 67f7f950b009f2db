"""The command ``sso-plugin``. No logic: it reads words, calls one function, prints."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 failed, 2 not understood, 130 stopped."""
    arguments = _parser().parse_args(argv)
    from botocore.exceptions import BotoCoreError

    import sso_plugin

    try:
        sso_plugin.login(arguments.profile)
    except BotoCoreError as exc:
        print(f"sso-plugin: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sso-plugin: stopped, nothing was written", file=sys.stderr)
        return 130
    print("Logged in.", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sso-plugin", description="Log in to AWS IAM Identity Center without the AWS CLI."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    login = commands.add_parser("login", help="log a profile in, by approving in a browser")
    login.add_argument(
        "--profile", metavar="NAME", help="a profile of ~/.aws/config (default: AWS_PROFILE)"
    )
    return parser
