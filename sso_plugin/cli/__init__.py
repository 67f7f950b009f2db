"""The command ``sso-plugin``. It reads the arguments, calls one function and prints the result.

Data goes to stdout, everything else to stderr. This module imports only `sys` at the top, because
programs wait for ``credential-process``, which also works without the extra `cli`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # a plain name, because importing typing takes longer than the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 failed, 2 usage error, 130 stopped.

    ``status`` and ``exec`` have other codes, see their help.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["credential-process"] and _names_profile_only(arguments[1:]):
            return _credential_process(arguments[-1].removeprefix("--profile="))
        return _run(arguments)
    except KeyboardInterrupt:
        from .exit_codes import STOPPED

        # Start a new line: the terminal shows ^C on the current one.
        print(file=sys.stderr)
        _print_error("stopped")
        return STOPPED
    finally:
        _discard_unwritable_output()


def _discard_unwritable_output() -> None:
    """Keep Python from reporting at exit an output error that is already reported."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _names_profile_only(arguments: list[str]) -> bool:
    """Return whether the only option is ``--profile NAME``, which needs no click."""
    if len(arguments) == 1:
        return arguments[0].startswith("--profile=")
    return arguments[:-1] in (["--profile"], ["-p"]) and not arguments[-1].startswith("-")


def _credential_process(profile: str) -> int:
    import json

    from sso_plugin.commands.credential_process import process_document

    try:
        print(json.dumps(process_document(profile)), flush=True)
    except Exception as exc:  # noqa: BLE001 - the user gets one sentence for any error
        from .error_text import sentence
        from .exit_codes import FAILED

        _print_error(sentence(exc))
        return FAILED
    return 0


def _run(arguments: list[str]) -> int:
    try:
        from .app import run

        return run(arguments)
    except ModuleNotFoundError as exc:
        from .exit_codes import EXTRA_PACKAGES

        if str(exc.name).partition(".")[0] not in EXTRA_PACKAGES:
            raise
        return _without_extra(arguments)


def _without_extra(arguments: list[str]) -> int:
    """Print the version without click and rich; for everything else say what to install."""
    if arguments == ["--version"]:
        from sso_plugin import __version__

        print(f"sso-plugin {__version__}")
        return 0
    from .exit_codes import USAGE_ERROR

    _print_error(
        "extra packages are required. Run: pip install 'sso-plugin[cli]' "
        "(without them, you can use: sso-plugin credential-process --profile NAME)"
    )
    return USAGE_ERROR


def _print_error(text: str) -> None:
    from sso_plugin.printable import one_line

    print(f"sso-plugin: {one_line(text)}", file=sys.stderr)
