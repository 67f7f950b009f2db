"""``sso-plugin store``."""

from __future__ import annotations

import click

from . import options, output

__all__ = ["command"]


@options.command("store init", "store init --key-file /etc/sso-plugin/store.key")
@click.option(
    "--key-file",
    metavar="PATH",
    type=click.Path(),
    help="The key file. Default: the one in SSO_PLUGIN_STORE_KEY_FILE, otherwise "
    "~/.aws/sso-plugin/store.key.",
)
def init(*, key_file: str | None) -> None:
    """Make a key for a store, and show what to do next.

    The key encrypts what the machines of a fleet share. A key file that exists is kept. Only you
    can read a new one.
    """
    from sso_plugin.commands.store import init_store, next_steps

    made = init_store(key_file)
    if made.is_new:
        output.say(f"There is a new key in {made.path}. Treat it like a password.\n", "ok")
    else:
        output.say(f"The key file {made.path} exists, and stays as it is.\n")
    output.print_prose(next_steps(made.path))


@options.group("store init", commands={"init": init})
def command() -> None:
    """Share one login among many machines, through a Valkey or Redis server."""
