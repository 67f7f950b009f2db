"""``sso-plugin rotate-key``."""

from __future__ import annotations

import os

from sso_plugin.commands.aws_variables import profile_before_env

from . import options, output
from .exit_codes import FAILED

__all__ = ["command"]


@options.command("rotate-key --profile dev")
@options.profile_option
def command(*, profile: str | None) -> int:
    """Make a new encryption key, and encrypt the files with it.

    For a profile with sso_token_cache = sealed or sso_cache = sealed. The previous key is kept, and
    still decrypts. Keys before it are deleted. All files with this key are encrypted again, also
    those of other profiles.

    With sso_key = env, put the new key in front of the old one first.
    """
    from sso_plugin.commands.rotate_key import rotate_key

    done = rotate_key(profile or profile_before_env(os.environ))
    files = done.files
    if done.is_new:
        output.say(f"There is a new key: {done.key}. One older key is kept, and still decrypts.")
    else:
        output.say("The files have the first key of the environment now. Remove the other keys.")
    output.say(f"Files encrypted with it: {len(files.done)}.", "ok")
    for why in files.unreadable:
        output.say(f"Not changed: {why}.", "warning")
    for why in files.failed:
        output.say(f"Not encrypted again: {why}.", "problem")
    return FAILED if files.failed else 0
