"""An endpoint with credentials on a port of this machine, and the files that its clients need.

The endpoint is that of `exec`. Its token is in a file, which SDKs read again for each request. So a
client goes on when the service is started again on the same port.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.errors import (
    ConfigError,
    KeyUnavailable,
    LoginRequired,
    PortalError,
)
from sso_plugin.signin import wait_option
from sso_plugin.storage.folder import OpenFolder
from sso_plugin.storage.keys import own_key
from sso_plugin.storage.writing import FolderToWrite

from ..aws_variables import switch_variables
from ..chosen_credentials import ChosenCredentials
from ..container import CredentialsEndpoint
from ..default_files import file_errors, write_config_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..credentials_choice import CredentialsChoice

__all__ = ["TOKEN_VARIABLE", "Service", "prepare", "serving"]

_logger = logging.getLogger(__name__)

TOKEN_VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - the name of a variable
"""The variable with the token itself, for SDKs that do not read a token file."""

_OWN_FOLDER = "~/.aws/sso-plugin"
_TOKEN = "token"  # noqa: S105 - the name of a file
_FILES = (_TOKEN, "config", "credentials")


@dataclass(frozen=True)
class Service:
    """A service that runs.

    :param subject: whose credentials it serves.
    :param url: the address of the endpoint.
    :param switch: the variables that switch a shell to it; None unsets a variable.
    :param values: the variables of a client.
    :param token: what is in the token file.
    """

    subject: str
    url: str
    switch: dict[str, str | None] = field(repr=False)
    values: dict[str, str | None] = field(repr=False)
    token: str = field(repr=False)


def prepare(
    choice: CredentialsChoice, environ: Mapping[str, str] = os.environ
) -> ChosenCredentials:
    """Return the credentials to serve. From now on, never ask a person to log in.

    They are fetched, so that the user sees an error that a new login does not fix.

    :raises ConfigError: if there is no such profile or role.
    """
    wait_option.set_unattended()
    chosen = ChosenCredentials.of(choice, environ)
    try:
        chosen.fetch()
    except (LoginRequired, KeyUnavailable, PortalError) as exc:
        _logger.warning("There are no credentials yet: %s", exc)
    return chosen


@contextlib.contextmanager
def serving(
    chosen: ChosenCredentials,
    port: int | None = None,
    token_file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Service]:
    """Serve credentials while the context is entered.

    Without a valid login the service starts, too: until the next login its clients get the error.

    :param port: None for a free one.
    :param token_file: None for one in our own folder.
    :raises ConfigError: if the port or a file cannot be used.
    """
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(_open_endpoint(chosen, port))
        folder = stack.enter_context(_own_folder(endpoint.server_address[1]))
        path = token_file or folder / _TOKEN
        stack.enter_context(_written_token(path, endpoint.token))
        regions = chosen.region.variables
        values = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path),
            **{name: value for name, value in regions.items() if value},
            **write_config_files(folder, chosen),
        }
        # Some SDKs prefer this variable, which `exec` sets, to the file.
        unset = {name: None for name in (TOKEN_VARIABLE,) if name in environ}
        switch = switch_variables({**regions, **values, **chosen.labels, **unset}, environ)
        yield Service(chosen.subject, endpoint.url, {**switch}, {**values}, endpoint.token)


def _open_endpoint(chosen: ChosenCredentials, port: int | None) -> CredentialsEndpoint:
    try:
        return CredentialsEndpoint(chosen.fetch, port or 0)
    except OSError as exc:
        used = exc.errno == errno.EADDRINUSE
        raise ConfigError(
            subject=f"The port {port}",
            problem="is used by another program" if used else f"cannot be used: {exc.strerror}",
            fix="Use another --port.",
        ) from exc


@contextlib.contextmanager
def _own_folder(port: int) -> Iterator[Path]:
    """Yield an empty folder of the service, and delete it at the end.

    Only one service has the port, so what is in the folder is that of one that was killed.
    """
    folder = Path(_OWN_FOLDER).expanduser() / own_key("serve", str(port))
    files = FolderToWrite(folder, durable=False)
    try:
        with file_errors(folder), OpenFolder.following(folder, make=True) as opened:
            for name in _FILES:
                opened.unlink(name)
        yield folder
    finally:
        with contextlib.suppress(OSError):
            for name in _FILES:
                files.delete(name)
            folder.rmdir()


@contextlib.contextmanager
def _written_token(path: Path, token: str) -> Iterator[None]:
    """Write the token file, and delete it at the end, unless another service has replaced it."""
    with file_errors(path):
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"the folder {path.parent} does not exist")
        FolderToWrite(path.parent, durable=False).write(path.name, token)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == token:
                path.unlink()
