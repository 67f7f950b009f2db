"""A command with credentials that are renewed while it runs.

The command gets its credentials from a `CredentialsEndpoint`, which is the last place that SDKs
check. So everything that comes first is hidden from the command: variables with keys, and the
credentials of the profile ``default``.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.signin import wait_option

from ..aws_variables import (
    IN_EXEC,
    LABELS,
    OTHER_CREDENTIALS,
    REGIONS,
    environment_before,
    own_environment,
    record,
)
from ..chosen_credentials import ChosenCredentials
from ..container import CredentialsEndpoint
from ..credentials_choice import CredentialsChoice, label_text
from ..default_files import write_config_files
from .child_process import run_child

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["outer_exec", "run_with_credentials"]


def run_with_credentials(
    arguments: Sequence[str],
    choice: CredentialsChoice = CredentialsChoice(),  # noqa: B008 - it cannot change
    environ: Mapping[str, str] = os.environ,
    begin: Callable[[ChosenCredentials], object] = lambda _: None,
) -> int:
    """Run a command and return its exit code. The endpoint and its files exist only while it runs.

    :param begin: called before the command starts.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    :raises NotRunError: if the command does not exist or cannot be run.
    """
    chosen = ChosenCredentials.of(choice, environ)
    # Fetch before the command starts, so that the user sees the error.
    chosen.fetch()
    # The endpoint does not wait for a login: the SDKs that call it have timeouts.
    wait_option.set_meaning("never")
    with tempfile.TemporaryDirectory(prefix="sso-plugin-") as folder:
        files = write_config_files(Path(folder), chosen)
        with CredentialsEndpoint(chosen.fetch) as endpoint:
            begin(chosen)
            variables = {**endpoint.environment(), **files}
            return run_child(arguments, _child_environment(environ, chosen, variables))


def outer_exec(environ: Mapping[str, str]) -> str | None:
    """Return what the `exec` around this process has credentials of; None outside of `exec`."""
    return label_text(environment_before(environ)) if IN_EXEC in environ else None


def _child_environment(
    environ: Mapping[str, str], chosen: ChosenCredentials, variables: Mapping[str, str]
) -> dict[str, str]:
    own = own_environment(environ)
    hidden = {*OTHER_CREDENTIALS, *REGIONS, *LABELS}
    kept = {name: value for name, value in own.items() if name not in hidden}
    # Some SDKs do not read the region in the config file by default.
    regions = {name: value for name, value in chosen.region.variables.items() if value}
    child = {**kept, **regions, **chosen.labels, **variables}
    return {**child, IN_EXEC: record(own, {name: child.get(name) for name in {**own, **child}})}
