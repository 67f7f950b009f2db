"""Completion in shells: a script for each, and the program that it calls for the words.

The script passes the line up to the cursor in an environment variable. The first line of the answer
is what to complete: ``words``, ``files``, ``folders``, or ``command`` with the place in the line
where another command begins. The words follow, one in each line.
"""

from __future__ import annotations

import os
import re

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from sso_plugin.printable import one_line

from .completing import COMMAND
from .typed_line import TypedLine

__all__ = ["BashCompletion", "FishCompletion", "ZshCompletion"]

_LINE = "_SSO_PLUGIN_LINE"
_BREAKS = "_SSO_PLUGIN_BREAKS"

_KINDS = {"file": "files", "dir": "folders"}


class _Completion(ShellComplete):
    line: TypedLine

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, without the command itself, and the last word."""
        text, breaks = os.environ.get(_LINE, ""), os.environ.get(_BREAKS, "")
        self.line = TypedLine.read(text, breaks).without_assignments()
        option = self.line.option()
        words = [*self.line.words[1:], *([option[:-1]] if option else [])]
        return words, self.line.last.removeprefix(option)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the items for the last word."""
        words = self._words_of_command(args)
        if words is not None:
            return [CompletionItem(str(len(words)), type=COMMAND)]
        try:
            return super().get_completions(args, incomplete)
        except click.UsageError:
            # There is no such command.
            return []

    def _words_of_command(self, args: list[str]) -> list[str] | None:
        """Return the words of another command, as in ``exec``; None if it has not begun.

        click would read the options of that command as ours.
        """
        place = next((i for i, word in enumerate(args) if not word.startswith("-")), None)
        with click.Context(self.cli) as ctx:
            group, name = self.cli, "" if place is None else args[place]
            found = group.get_command(ctx, name) if isinstance(group, click.Group) else None
            if found is None or found.context_settings.get("allow_interspersed_args", True):
                return None
            rest = args[(place or 0) + 1 :]
            with found.make_context(name, rest, ctx, resilient_parsing=True) as parsed:
                many = [each.name for each in found.params if each.nargs == -1]
                words = [*(parsed.params.get(many[0] or "") or ())] if many else []
        return words if words or "--" in rest else None

    def complete(self) -> str:
        """Return the answer to the script."""
        args, incomplete = self.get_completion_args()
        items = self.get_completions(args, incomplete)
        special = next((each for each in items if each.type != "plain"), None)
        if special is None:
            return "\n".join(["words", *map(self.format_completion, items)])
        if special.type == COMMAND:
            return f"command {self.place(int(special.value))}"
        return _KINDS.get(special.type, "files")

    def place(self, count: int) -> int:
        """Return where a command begins, of which there are so many words before the last one."""
        return self.line.places[-1 - count]

    def source(self) -> str:
        """Return the script."""
        return self.source_template.lstrip()


def _description(item: CompletionItem) -> str:
    return one_line(item.help or "")


@add_completion_class
class BashCompletion(_Completion):
    """Completion in bash, which shows no descriptions."""

    name = "bash"

    def format_completion(self, item: CompletionItem) -> str:
        """Return what replaces the last word: bash keeps its beginning, up to a colon or quote."""
        text = f"{self.line.option()}{item.value}"[self.line.kept :]
        if self.line.quote:
            return text if self.line.quote == "'" else re.sub(r'(["$`\\])', r"\\\1", text)
        return re.sub(r"([^\w@%+=:,./-])", r"\\\1", text)

    source_template = r"""
_sso_plugin() {
    local answer kind line
    COMPREPLY=()
    answer=$(_SSO_PLUGIN_COMPLETE=bash_complete _SSO_PLUGIN_LINE=${COMP_LINE:0:COMP_POINT} \
        _SSO_PLUGIN_BREAKS=$COMP_WORDBREAKS "${1/#\~\//$HOME/}" 2>/dev/null)
    {
        IFS= read -r kind
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done
    } <<<"$answer"
    case $kind in
        files) compopt -o default ;;
        folders) compopt -o dirnames ;;
        command\ *) _sso_plugin_command "${kind#* }" ;;
    esac
}

# Complete the words of another command, which begins at this place in the line.
_sso_plugin_command() {
    local rest=$COMP_LINE first=0 word line
    # bash also splits words at other characters, such as a colon. So they have to be counted.
    for word in "${COMP_WORDS[@]}"; do
        rest=${rest#"${rest%%[![:space:]]*}"}
        ((${#COMP_LINE} - ${#rest} >= $1)) && break
        rest=${rest#"$word"}
        first=$((first + 1))
    done
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$first"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$first"
    elif ((first == COMP_CWORD)); then
        compopt -o filenames
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -c -d -- "${COMP_WORDS[COMP_CWORD]}" | sort -u)
    else
        compopt -o bashdefault -o default
    fi
}

complete -o nosort -F _sso_plugin sso-plugin
"""


@add_completion_class
class ZshCompletion(_Completion):
    """Completion in zsh."""

    name = "zsh"

    def format_completion(self, item: CompletionItem) -> str:
        """Return a word and its description as ``_describe`` reads them."""
        word = re.sub(r"([\\:])", r"\\\1", item.value)
        return f"{word}:{_description(item)}" if item.help else word

    def place(self, count: int) -> int:
        """Return the number of words, from which zsh finds the command."""
        return count

    source_template = r"""
#compdef sso-plugin

_sso_plugin() {
    local -a answer
    answer=("${(@f)$(_SSO_PLUGIN_COMPLETE=zsh_complete \
        _SSO_PLUGIN_LINE="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" \
        ${~words[1]} 2>/dev/null)}")
    case $answer[1] in
        files) _files ;;
        folders) _files -/ ;;
        command\ *)
            # Only the words of the command are left.
            shift $((CURRENT - 1 - ${answer[1]#* })) words
            CURRENT=$((${answer[1]#* } + 1))
            _normal
            ;;
        *)
            shift answer
            [[ $PREFIX == --*=* ]] && compset -P 1 '*='
            _describe -V sso-plugin answer -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}'
            ;;
    esac
}

# At the first prompt, because the rest of .zshrc may load the completion of zsh, or load it again.
_sso_plugin_register() {
    add-zsh-hook -d precmd _sso_plugin_register
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
    compdef _sso_plugin sso-plugin
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _sso_plugin "$@"
else
    autoload -Uz add-zsh-hook
    add-zsh-hook precmd _sso_plugin_register
fi
"""


@add_completion_class
class FishCompletion(_Completion):
    """Completion in fish, which adds quotation marks itself."""

    name = "fish"

    def format_completion(self, item: CompletionItem) -> str:
        """Return a word and its description, with a tab between them."""
        return f"{self.line.option()}{item.value}\t{_description(item)}"

    source_template = r"""
function __sso_plugin_complete
    set -l line (commandline -cp | string collect)
    set -l words (commandline -opc)
    set -l answer (_SSO_PLUGIN_COMPLETE=fish_complete _SSO_PLUGIN_LINE=$line $words[1] 2>/dev/null)
    switch $answer[1]
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
        case 'command *'
            set -l place (string replace 'command ' '' -- $answer[1])
            complete -C (string sub -s (math $place + 1) -- $line | string collect)
        case '*'
            printf '%s\n' $answer[2..]
    end
end

complete -c sso-plugin -f -k -a '(__sso_plugin_complete)'
"""
