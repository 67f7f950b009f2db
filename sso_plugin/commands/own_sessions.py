"""Sessions with the config files of the user, also in a shell of ``sso-plugin exec``.

The command of `exec` has config files of its own, in which ``default`` is the profile of `exec`. A
command that is given other credentials there has to read the user's files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sso_plugin.models import NO_PROFILE, open_session

from .aws_variables import own_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

__all__ = ["open_own_session"]

_SETTINGS = {
    "AWS_CONFIG_FILE": ("config_file", "~/.aws/config"),
    "AWS_SHARED_CREDENTIALS_FILE": ("credentials_file", "~/.aws/credentials"),
}
"""The variables with the paths of the files: their names in botocore, and the default paths."""


def open_own_session(
    environ: Mapping[str, str], profile_name: str | None = None, *, without_profile: bool = False
) -> Session:
    """Return a session that reads the files that the user had before `exec`.

    :param profile_name: None for the profile of the environment.
    :param without_profile: use no profile, also if the environment names one.
    """
    own = own_environment(environ)
    # From the beginning, because botocore reads the files as soon as it has a session.
    variables: dict[str, Any] = {
        name: (None, None, own.get(variable) or default, None)
        for variable, (name, default) in _SETTINGS.items()
        if own.get(variable) != environ.get(variable)
    }
    return open_session(profile_name, {**variables, **(NO_PROFILE if without_profile else {})})
