"""``help``: the commands, one command, or a topic; everything about commands is generated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from assocsh.errors import UsageError
from assocsh.language.keys import keys_text
from assocsh.language.model import CommandSpec
from assocsh.language.place import nearest
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, tokenize
from assocsh.records import NamedTuple
from assocsh.text.cells import folded

_NO_CHANGES: Mapping[str, str] = MappingProxyType({})

_LANGUAGE = """\
Words split on blanks. 'Single quotes' hold anything; "double quotes" know \\"
and \\\\ only. A bare backslash is DICOM's value separator:
ImageType=ORIGINAL\\PRIMARY. The curly quotes and no-break blanks of a word
processor are read as straight quotes and blanks; between '...' all is kept.

; separates commands. & at the end of a command: go on at once (scripts wait
otherwise). # begins a comment at the start of a line or after a blank; before a
digit it is a request: #7. \\ at the end of a line joins the next line on.
Options are --name VALUE or --name=VALUE; -- ends them.

A data element is a keyword, (gggg,eeee), ggggeeee, or a path:
Sequence[0].Keyword, where the index may be left out, and > or / stand for the
dot. Keyword=value matches; a bare Keyword asks for it back.

$name is a variable of let, ${query} the value of a query. They are replaced
after the line has been split, and only inside their word: no value ever becomes
a command, an option or one of the signs below.

> FILE writes the results of a command to a file in place of the screen, >> FILE
adds them to it. The ending of the name says the format: .csv, .json, .txt;
.dcm is one row as a DICOM file. | PROGRAM WORD ... has a program read them, and
shows what it writes: it is started as its words say, without a shell. Scripts,
-c and stdin write to files of their own folder only, and start programs only
with --allow-shell.

  find study > studies.csv
  find study >> studies.csv
  show 2 > study.dcm
  find study | wc -l
  find study | grep MR | sort > mr.txt"""


class Topic(NamedTuple):
    """What help has besides the commands; ``text`` is given what a config file makes of keys."""

    about: str
    text: Callable[[Mapping[str, str]], str]


def topics() -> dict[str, str]:
    """What help has besides the commands: each topic with what it is about."""
    of_commands = {name: spec.topic for name, spec in COMMANDS.items() if spec.topic}
    return {name: topic.about for name, topic in _TOPICS.items()} | of_commands


def help_text(name: str | None = None, keys: Mapping[str, str] = _NO_CHANGES) -> str:
    """The help for a command or topic, or the overview. No line end at the end.

    ``keys`` is what the config file makes of the keys, as ``keys_text`` takes it.
    Raises UsageError for a name that is neither, with the nearest names.
    """
    if name is None:
        return _overview()
    if name in _TOPICS:
        return _TOPICS[name].text(keys)
    spec = COMMANDS.get(name.lower())
    if spec is None:
        known = (*COMMANDS.names, *_TOPICS)
        raise UsageError(
            f"there is no help for {name!r}",
            hint=nearest(name, known) or "`help` lists the commands",
        )
    return _command(spec)


_FIRST_STEPS = """\
First steps
  `open practice`   an archive to practise on, started here
  `find study`      what it has; a row of it is `show 1`
  `explain`         what happened just now, step by step"""

_SCREEN = 78
"""Columns of the overview: with it, the prompt and the toolbar a screen of 80x24 is full."""


def _overview() -> str:
    """Everything there is, on one screen."""
    by_heading = COMMANDS.by_heading()
    width = max(map(len, by_heading)) + 2
    lines: list[str] = []
    for heading, specs in by_heading.items():
        names = ", ".join(spec.name for spec in specs)
        begin = f"{heading:<{width}}"
        for part in folded(names, _SCREEN - width):
            lines.append(f"{begin}{part}")
            begin = " " * width
    also = ", ".join(topics())
    lines += ["", *_FIRST_STEPS.splitlines(), ""]
    more = f"help COMMAND: its page. Also: help {also}."
    return "\n".join([*lines, *folded(more, _SCREEN)])


def _all_commands(keys: Mapping[str, str]) -> str:
    """Each command with what it is for, under its heading."""
    lines: list[str] = []
    for heading, specs in COMMANDS.by_heading().items():
        lines += ["", heading]
        lines += [f"  {spec.name:<10}{spec.summary}" for spec in specs]
    return "\n".join(lines[1:])


def _language(keys: Mapping[str, str]) -> str:
    return _LANGUAGE


_TOPICS = {
    "commands": Topic("each command with what it is for", _all_commands),
    "keys": Topic("what the keys do at the prompt", keys_text),
    "language": Topic("words, quotes, comments, variables", _language),
}


def _command(spec: CommandSpec) -> str:
    lines = [f"{spec.name}: {spec.summary}", ""]
    if spec.verbs and not spec.parameters[0].required:
        lines.append(f"  {spec.name}   {spec.parameters[0].summary}")
    for each in spec.with_verbs:
        lines += _wrapped(each)
        if each.verb:
            lines.append(f"      {each.summary}")
    described = list(_described(spec))
    if described:
        width = min(max(len(left) for left, _ in described), 32)
        lines += ["", *(f"  {left:{width}}  {right}" for left, right in described)]
    details = spec.details if isinstance(spec.details, str) else spec.details()
    if details:
        lines += ["", *details.splitlines()]
    lines += ["", "Examples:"]
    for example in spec.examples:
        lines += _joined(example)
    if spec.aliases:
        lines += ["", f"Also: {', '.join(spec.aliases)}"]
    if spec.section:
        lines += ["", f"The standard: {spec.section}"]
    return "\n".join(lines)


def _described(spec: CommandSpec) -> Iterator[tuple[str, str]]:
    """Its parameters, then its options, each with its summary; those of its verbs.

    What one name means with one verb and not with another is said with the verb.
    """
    words = [
        (each.verb, parameter.name.upper(), parameter.summary)
        for each in spec.with_verbs
        for parameter in each.parameters[bool(each.verb) :]
        if parameter.summary
    ]
    words += [
        (each.verb, option.synopsis[1:-1], option.summary)
        for each in spec.with_verbs
        for option in each.options
    ]
    meanings: dict[str, dict[str, str]] = {}
    for verb, name, summary in words:
        meanings.setdefault(name, {}).setdefault(summary, verb)
    for name, summaries in meanings.items():
        for summary, verb in summaries.items():
            yield name, summary if len(summaries) == 1 else f"{verb}: {summary}"


def _joined(example: str, width: int = 100) -> list[str]:
    """An example in lines of at most ``width`` where its words let it, as the language joins them.

    A line ends in a backslash then: what is copied from help is still the command.
    """
    lines, blank = ["  "], ""
    for token in tokenize(example):
        if token.kind is Kind.BLANK:
            blank = token.text
            continue
        if blank and len(lines[-1]) + len(token.text) + 3 > width:
            lines[-1] += " \\"
            lines.append("    ")
            blank = ""
        lines[-1] += blank + token.text
        blank = ""
    return lines


_MANY = 10
"""Options of a verb from which on its synopsis does not list them."""


def _wrapped(spec: CommandSpec, width: int = 78) -> list[str]:
    """The synopsis in lines of at most ``width``; an option is never broken.

    Of a verb with many options they are listed below only: two such verbs have the same ones.
    """
    pieces = [spec.name, *(each.synopsis for each in spec.parameters)]
    if spec.verb and len(spec.options) > _MANY:
        pieces.append("[OPTION ...]")
    else:
        pieces += [each.synopsis for each in spec.options]
    if spec.block:
        pieces.append("{ COMMANDS }")
    indent = " " * (len(spec.name) + 3)
    lines = ["  " + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) > width:
            lines.append(indent + piece)
        else:
            lines[-1] += " " + piece
    return lines
