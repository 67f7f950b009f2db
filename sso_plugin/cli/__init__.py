"""The command ``sso-plugin``. No logic: it reads words, calls one function, prints.

Data goes to stdout, everything else to stderr. This module imports nothing but `sys`, since
``credential-process`` is called by programs that wait for it, and works without the extra `cli`.
"""

from __future__ import annotations

import sys

from .exit_codes import EXTRA, FAILED, STOPPED, USAGE_ERROR

TYPE_CHECKING = False  # a plain name: importing typing would cost more than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 failed, 2 not understood, 130 stopped.

    ``status`` has codes of its own, see its help.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] == ["credential-process"] and _names_profile_only(words[1:]):
            return _credential_process(words[-1].removeprefix("--profile="))
        return _run(words)
    except KeyboardInterrupt:
        # On a line of its own: the terminal shows ^C where the person has pressed it.
        print(file=sys.stderr)
        _complain("stopped")
        return STOPPED
    finally:
        _forget_what_cannot_be_written()


def _forget_what_cannot_be_written() -> None:
    """Keep Python from failing at exit, with words and a code of its own, after we have told."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _names_profile_only(words: list[str]) -> bool:
    """Tell whether this can be understood without click: ``--profile NAME`` in its spellings."""
    if len(words) == 1:
        return words[0].startswith("--profile=")
    return words[:-1] in (["--profile"], ["-p"]) and not words[-1].startswith("-")


def _credential_process(profile: str) -> int:
    import json

    from sso_plugin.commands.credential_process import process_document

    try:
        print(json.dumps(process_document(profile)), flush=True)
    except Exception as exc:  # noqa: BLE001 - whatever it is, a person gets one sentence
        from .error_text import sentence

        _complain(sentence(exc))
        return FAILED
    return 0


def _run(words: list[str]) -> int:
    try:
        from .app import run

        return run(words)
    except ModuleNotFoundError as exc:
        if str(exc.name).partition(".")[0] not in EXTRA:
            raise
        return _without_extra(words)


def _without_extra(words: list[str]) -> int:
    """Serve what can be served without click and rich; for the rest say what to install."""
    if words == ["--version"]:
        from sso_plugin import __version__

        print(f"sso-plugin {__version__}")
        return 0
    _complain(
        "this needs a few packages more. Run: pip install 'sso-plugin[cli]' "
        "(without them there is: sso-plugin credential-process --profile NAME)"
    )
    return USAGE_ERROR


def _complain(text: str) -> None:
    from sso_plugin.printable import one_line

    print(f"sso-plugin: {one_line(text)}", file=sys.stderr)
