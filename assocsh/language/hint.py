"""The hint on the toolbar: what belongs at the cursor, in one line."""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.language import tables as _tables
from assocsh.language.aliases import Aliases, as_completed
from assocsh.language.complete_names import keyword_of, tag_meta
from assocsh.language.context import Context, context_at
from assocsh.language.enumerated import VR_FORMS
from assocsh.language.expectations import Operator
from assocsh.language.model import CommandSpec, Grammar, Slot
from assocsh.language.place import nearest
from assocsh.language.provider import CompletionProvider
from assocsh.language.queries import ROOTS
from assocsh.language.ranking import CompletionRequest
from assocsh.language.redirection import ABOUT_FILE, ABOUT_PROGRAM
from assocsh.language.settings import SETTINGS
from assocsh.language.table import COMMANDS
from assocsh.language.tables import Tables
from assocsh.language.tokens import Kind
from assocsh.language.words import split_key


def hint(
    text: str, cursor: int, tables: Tables | None = None, aliases: Aliases | None = None
) -> str:
    """What the word at the cursor may be; an empty string when there is nothing to say."""
    aliases = aliases or {}
    text = as_completed(text[:cursor], aliases)
    context = context_at(text, len(text))
    if context.comment:
        return ""
    if context.redirection is not None:
        return ABOUT_PROGRAM if context.redirection is Kind.PIPE else ABOUT_FILE
    if context.command:
        typed = context.typed.value
        return _alias(typed, aliases) if typed in aliases else _command(typed)
    if context.spec is None:
        if context.name in aliases:
            return _alias(context.name, aliases)
        return _unknown(context.name)
    return _place(context, context.spec, tables or _tables.loaded())


def _command(typed: str) -> str:
    if not typed:
        return ""
    spec = COMMANDS.get(typed)
    if spec is None:
        names = [name for name in COMMANDS.names if name.startswith(typed)]
        if len(names) != 1:
            return "  ".join(names) if names else _unknown(typed)
        spec = COMMANDS[names[0]]
    return f"{spec.synopsis}   {spec.summary}"


def _alias(name: str, aliases: Aliases) -> str:
    return f"{name} stands for: {aliases[name]}"


def _unknown(name: str) -> str:
    if not name:
        return ""
    return f"no such command: {name}  {nearest(name, COMMANDS.names)}".rstrip()


def _place(context: Context, spec: CommandSpec, tables: Tables | None) -> str:
    if context.option is not None:
        option = context.option
        return f"{option.synopsis[1:-1]}   {_choices(option.summary, option.choices)}"
    typed = context.typed.raw
    if spec.verbatim:
        return _verbatim(context, spec)
    if typed.startswith("--") and not context.only_words:
        known = spec.option(typed)
        if known is not None:
            return f"{known.synopsis[1:-1]}   {known.summary}"
        return "  ".join(each.name for each in spec.options if each.name.startswith(typed)) or (
            f"{spec.title} has no option {typed}  "
            f"{nearest(typed, [each.name for each in spec.options])}".rstrip()
        )
    parameter = context.parameter
    if parameter is None:
        return spec.synopsis
    if parameter.slot in (Slot.KEY, Slot.TAG) and typed:
        return _key(context, tables) or f"{parameter.synopsis}   {parameter.summary}"
    if parameter.slot is Slot.DATES and (meant := _days(context.typed.value)):
        return f"{meant}   {spec.title} {parameter.synopsis}"
    if parameter.slot is Slot.VALUE and context.words:
        return _setting(context.words[0])
    choices = () if parameter.slot is Slot.CHOICE else parameter.choices
    return f"{spec.title} {parameter.synopsis}   {_choices(parameter.summary, choices)}"


def _choices(summary: str, choices: tuple[str, ...]) -> str:
    missing = [choice for choice in choices if choice not in summary]
    return f"{summary}: {', '.join(choices)}" if missing else summary


def _setting(name: str) -> str:
    setting = SETTINGS.get(name)
    if setting is None:
        return f"no such setting: {name}  {nearest(name, SETTINGS)}".rstrip()
    choices = ", ".join(setting.choices) if setting.slot is Slot.CHOICE else ""
    if setting.choices and not choices:
        choices = f"{setting.slot}, {', '.join(setting.choices)}"
    return f"{name} {choices or setting.slot}   {setting.summary} ({setting.default})"


def _key(context: Context, tables: Tables | None) -> str:
    """The tag of a key; how its values are written once ``=`` is there."""
    if tables is None:
        return ""
    path, value = split_key(context.typed.value)
    request = CompletionRequest(context, CompletionProvider(), tables)
    entry = tables.tags.get(keyword_of(request, path))
    if entry is None:
        return "" if value is None else f"no such keyword: {path}"
    if value and entry.vr == "DA" and (meant := _days(value)):
        return f"{meant}   {entry.keyword} {tag_meta(entry)}"
    form = VR_FORMS.get(entry.vr, "") if value is not None else ""
    return f"{entry.keyword} {tag_meta(entry)}" + (f"   {form}" if form else "")


def _days(typed: str) -> str:
    """What days that are typed in words are; empty for others, and for words that are no day."""
    from assocsh.text.dates import in_words, parse_dates

    try:
        return f"= {parse_dates(typed)}" if in_words(typed) else ""
    except UsageError:
        return ""


def _verbatim(context: Context, spec: CommandSpec) -> str:
    words = [word for word in context.words if word not in ("not", "=")]
    if spec.grammar is Grammar.ALIAS:
        return f"{spec.name} NAME = COMMANDS   {spec.summary}"
    if spec.grammar is Grammar.ASSIGNMENT:
        return f"{spec.name} NAME = QUERY   " + ("a name" if not words else " ".join(ROOTS))
    if not words:
        return f"{spec.name} QUERY PREDICATE VALUE   " + " ".join(ROOTS)
    if len(words) == 1:
        return "predicate: [not] " + " ".join(Operator.ALL)
    if words[1] in Operator.UNARY:
        return f"{words[1]} takes no value"
    if words[1] == "matches":
        return "a /pattern/, /pattern/i for any case"
    return "a number, 0xA900..0xA9FF, 500ms, text, 'text with blanks', $name or ${query}"
