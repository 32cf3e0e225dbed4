"""``assocsh completion SHELL``: what has bash, zsh or fish complete the program's command line.

The scripts are made from the tables that read the command line (``ways``). What belongs to the
user, the names of peers, is asked for while completing: ``assocsh completion peers``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from assocsh.cli.ways import PEERS, SHELLS, WAYS, Way
from assocsh.errors import AssocshError, UsageError
from assocsh.language.model import Option, Slot
from assocsh.text.patterns import pattern

_SAFE = pattern(r"[A-Za-z0-9_.@:\[\]-]+")
"""Names that no shell makes anything of: others are not offered."""


def completion(words: list[str]) -> str:
    """What ``assocsh completion`` prints. Raises UsageError."""
    shells: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
    if len(words) == 1 and words[0] in shells:
        return shells[words[0]]()
    if words == [PEERS]:
        return "\n".join(peers())
    raise UsageError(
        "completion needs the name of a shell", hint=f"assocsh completion {'|'.join(SHELLS)}"
    )


def peers() -> list[str]:
    """The peers to offer: those of the config file, practice, and what was opened lately."""
    from assocsh.session.config import load_config
    from assocsh.session.plan import PRACTICE
    from assocsh.session.recent_peers import RecentPeers

    known = [PRACTICE]
    with suppress(AssocshError):  # who completes a line is not told what is wrong with the file
        known = [*load_config().peers, PRACTICE]
    return [name for name in (*known, *RecentPeers().addresses) if _SAFE.fullmatch(name)]


def _names() -> list[str]:
    return [way.name for way in WAYS if way.name]


def _value(option: Option) -> str:
    """What the value of an option is: its choices, or a word for what it names."""
    if option.choices and option.slot is Slot.CHOICE:
        return " ".join(option.choices)
    return _kind(option.slot)


def _kind(slot: Slot | None) -> str:
    return {Slot.FILE: "@files", Slot.DIRECTORY: "@folders", Slot.PEER: "@peers"}.get(
        slot or Slot.TEXT, "@nothing"
    )


def _words(way: Way) -> str:
    """What the words of a way are."""
    if way.choices:
        return " ".join(way.choices)
    if way.suffix:
        return "@scripts"
    return _kind(way.takes[0]) if way.takes else "@nothing"


def _every(way: Way) -> list[str]:
    return [*(option.name for option in way.options), "--help"]


# bash

_BASH = """\
# Completion of assocsh in bash. In ~/.bashrc:  eval "$(assocsh completion bash)"
_assocsh() {
    local line="${COMP_LINE:0:COMP_POINT}"
    local word="${line##*[[:space:]]}"
    local -a before
    read -r -a before <<< "${line%"$word"}"
    local way="${before[1]-}" last="${before[${#before[@]}-1]}" wanted options each
    case "$way" in WAYS) ;; *) way= ;; esac
    if [[ $word == --*=* ]]; then last="${word%%=*}" word="${word#*=}"; fi
    case "$way" in
OPTIONS
    esac
    case "$way $last" in
VALUES
        *)
            if [[ $word == -* ]]; then wanted="$options"
            else
                case "$way" in
WORDS
                esac
            fi ;;
    esac
    COMPREPLY=()
    case "$wanted" in
        @files|@folders|@scripts)
            compopt -o filenames 2> /dev/null
            while IFS= read -r each; do
                [[ $wanted == @scripts && ! -d $each && $each != *.assoc ]] ||
                    COMPREPLY+=("$each")
            done < <(if [[ $wanted == @folders ]]; then compgen -d -- "$word"
                     else compgen -f -- "$word"; fi) ;;
        *)
            wanted="${wanted/@nothing/}"
            if [[ $wanted == *@peers* ]]; then
                wanted="${wanted/@peers/} $("${before[0]}" completion peers 2> /dev/null)"
            fi
            while read -r each; do
                [[ -z $each || $each != "$word"* ]] || COMPREPLY+=("$each")
            done <<< "${wanted//[[:space:]]/$'\\n'}"
            # bash breaks words at these, and puts in only what follows the last of them
            case "$word" in
                *[:@=]*) COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:@=]}"}"}") ;;
            esac ;;
    esac
}
complete -F _assocsh assocsh"""


def bash() -> str:
    """The script for bash."""
    options, values, words = [], [], []
    for way in WAYS:
        pattern = way.name or "''"
        options.append(f'        {pattern}) options="{" ".join(_every(way))}" ;;')
        kinds: dict[str, list[str]] = {}
        for option in way.options:
            if option.slot is not None:
                kinds.setdefault(_value(option), []).append(f'"{way.name} {option.name}"')
        values += [f'        {"|".join(of)}) wanted="{kind}" ;;' for kind, of in kinds.items()]
        first = "" if way.name else f"{' '.join(_names())} "
        words.append(f'                    {pattern}) wanted="{first}{_words(way)}" ;;')
    return (
        _BASH.replace("WAYS", "|".join(_names()))
        .replace("OPTIONS", "\n".join(options))
        .replace("VALUES", "\n".join(values))
        .replace("WORDS", "\n".join(words))
    )


# zsh

_ZSH = """\
#compdef assocsh
# Completion of assocsh in zsh. In ~/.zshrc, behind compinit:  source <(assocsh completion zsh)
_assocsh_peers() {
    local -a found
    found=(${(f)"$(assocsh completion peers 2> /dev/null)"})
    compadd -- $found
}
_assocsh() {
    local way=$words[2]
    local -a ways
    ways=(
NAMES
    )
    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _describe -t commands 'way in' ways
    fi
    case $way in
WAYS
    esac
}
compdef _assocsh assocsh"""


def zsh() -> str:
    """The script for zsh."""
    names = [f"        {_single(f'{way.name}:{way.summary}')}" for way in WAYS if way.name]
    ways = []
    for way in sorted(WAYS, key=lambda one: not one.name):
        lines = [f"        {way.name or '*'}) _arguments \\"]
        lines += [f"            {_single(_zsh_option(option))} \\" for option in way.options]
        action = _zsh_action(_words(way))
        lines.append(f"            {_single(f'*:word:{action}')} ;;")
        ways.append("\n".join(lines))
    return _ZSH.replace("NAMES", "\n".join(names)).replace("WAYS", "\n".join(ways))


def _zsh_option(option: Option) -> str:
    about = re.sub(r"([\[\]:\\])", r"\\\1", option.summary)
    repeated = "*" if option.repeated or option.name == "-c" else ""
    if option.slot is None:
        return f"{repeated}{option.name}[{about}]"
    name = option.metavar.replace(":", " ")
    return f"{repeated}{option.name}[{about}]:{name}:{_zsh_action(_value(option))}"


def _zsh_action(kind: str) -> str:
    known = {
        "@files": "_files",
        "@folders": "_files -/",
        "@scripts": '_files -g "*.assoc(-.)"',
        "@peers": "_assocsh_peers",
        "@nothing": " ",
    }
    return known.get(kind, f"({kind})")


# fish


def fish() -> str:
    """The script for fish."""
    lines = [
        "# Completion of assocsh in fish:",
        "#   assocsh completion fish > ~/.config/fish/completions/assocsh.fish",
        "complete -c assocsh -f",
        *_fish_lines(),
    ]
    return "\n".join(lines)


def _fish_lines() -> Iterator[str]:
    names = " ".join(_names())
    for way in WAYS:
        if way.name:
            first = _single(f"not __fish_seen_subcommand_from {names}")
            about = _single(way.summary)
            yield f"complete -c assocsh -n {first} -a {way.name} -d {about}"
    for way in WAYS:
        seen = "" if way.name else "not "
        where = _single(f"{seen}__fish_seen_subcommand_from {way.name or names}")
        words = _fish_value(_words(way))
        if words:
            yield f"complete -c assocsh -n {where} {words}"
        for option in way.options:
            long = option.name.startswith("--")
            name = f"-l {option.name[2:]}" if long else f"-s {option.name[1:]}"
            value = "" if option.slot is None else f" {_fish_option(_value(option))}"
            yield f"complete -c assocsh -n {where} {name}{value} -d {_single(option.summary)}"


def _fish_option(kind: str) -> str:
    """What is said of an option with a value: files are offered only where they are wanted."""
    return "-r -F" if kind == "@files" else f"-x {_fish_value(kind)}".rstrip()


def _fish_value(kind: str) -> str:
    known = {
        "@files": "-F",
        "@folders": "-a '(__fish_complete_directories)'",
        "@scripts": "-a '(__fish_complete_suffix .assoc)'",
        "@peers": "-a '(assocsh completion peers 2>/dev/null)'",
        "@nothing": "",
    }
    return known.get(kind, f"-a {_single(kind)}")


def _single(text: str) -> str:
    """A text between single quotes, for a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
