"""``sso-plugin serve``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sso_plugin.commands.env.formats import SHELL_FORMATS, VALUE_FORMATS, values_text
from sso_plugin.commands.env.shells import assignments
from sso_plugin.commands.serve.service_manager import notify_manager, stop_signals
from sso_plugin.printable import inside_sentence

from . import options, output
from .credentials_options import CredentialsChoice, credentials_options
from .env import shell_of, shell_option

if TYPE_CHECKING:
    from threading import Event

    from sso_plugin.commands.serve.service import Service

__all__ = ["command"]

_STEP = 1.0
"""Seconds. Windows runs signal handlers only between waits."""


@options.command(
    "serve --profile dev",
    "serve --profile dev --port 8999",
    "serve --account staging --role ReadOnlyAccess --format dotenv",
)
@credentials_options
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="The port on this machine. Default: a free one.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="The file with the token of the clients. Default: ~/.aws/sso-plugin/serve-PORT/token.",
)
@click.option(
    "--token-variable",
    is_flag=True,
    help="Also print the token, for SDKs from before December 2023, which do not read a token "
    "file. It changes at each start.",
)
@shell_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice((*SHELL_FORMATS, *VALUE_FORMATS)),
    help="The format of the output, instead of --shell: see sso-plugin env.",
)
def command(
    *,
    choice: CredentialsChoice,
    port: int | None,
    token_file: Path | None,
    token_variable: bool,
    shell: str | None,
    format_name: str | None,
) -> None:
    """Serve credentials to other programs on this machine, and renew them, until Ctrl-C.

    The programs can be written in any language, and can run in containers with the network of the
    host. They get the credentials as AWS SDKs do in a container. The environment variables that
    they need are printed on standard output. sso-plugin env --unset undoes them in a shell.

    It never asks for a login. When the login has ended, the programs get an error that says how to
    log in. After that, they get credentials again.
    """
    # Not at the top: it imports botocore, and completion imports this module.
    from sso_plugin.commands.serve.service import TOKEN_VARIABLE, prepare, serving

    shell = shell_of(shell, format_name)
    # Before the signals are handled: it may take a while, and has nothing to clean up.
    chosen = prepare(choice)
    with (
        stop_signals() as stopped,
        serving(chosen, port, token_file and token_file.absolute()) as service,
    ):
        token = {TOKEN_VARIABLE: service.token} if token_variable else {}
        if shell:
            output.print_text(assignments({**service.switch, **token}, shell))
        else:
            output.print_text(values_text({**service.values, **token}, str(format_name)))
        _end_output()
        _run(service, stopped)


def _end_output() -> None:
    """End standard output, so that a program that reads it does not wait for more."""
    if not output.is_terminal():
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - not a path of a file
            os.dup2(nothing.fileno(), sys.stdout.fileno())


def _run(service: Service, stopped: Event) -> None:
    output.say(
        f"Serving the credentials of {inside_sentence(service.subject)} at {service.url} "
        f"(process {os.getpid()}). Ctrl-C stops."
    )
    notify_manager("READY=1")
    while not stopped.wait(_STEP):
        pass
    notify_manager("STOPPING=1")
