"""What the word at the cursor is: which command, which slot, what is typed of it so far."""

from __future__ import annotations

from assocsh.language.model import CommandSpec, Option, Parameter, Slot
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, Part, PartKind, Token, tokenize
from assocsh.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Typed:
    """The word before the cursor: ``raw`` as it stands, ``value`` unquoted.

    ``quote`` is the quote that is still open, ``quoted_from`` the length of ``value`` where it was
    opened; ``positions[i]`` is where character i of ``value`` stands in ``raw``.
    """

    raw: str = ""
    value: str = ""
    quote: str = ""
    quoted_from: int = 0
    positions: tuple[int, ...] = (0,)
    closed: tuple[tuple[int, int], ...] = ()  # the finished quotes in raw
    tail: Part | None = None


@dataclass(slots=True)
class Context:
    """What completion and hint need to know about the place of the cursor.

    ``command`` is true on the first word. ``parameter`` or ``option`` is whose value is being
    typed; with neither, nothing more belongs here but options.
    """

    typed: Typed
    command: bool = False
    comment: bool = False
    spec: CommandSpec | None = None
    words: list[str] = field(default_factory=list)  # the positional words before
    parameter: Parameter | None = None
    then: Parameter | None = None  # what may stand here as well: the parameter is optional
    option: Option | None = None
    given: set[str] = field(default_factory=set)  # options that are there already
    only_words: bool = False  # after --
    name: str = ""
    redirection: Kind | None = None  # the PIPE or REDIRECT that the cursor stands behind

    @property
    def slot(self) -> Slot | None:
        owner = self.option or self.parameter
        return owner.slot if owner is not None else None

    @property
    def choices(self) -> tuple[str, ...]:
        owner = self.option or self.parameter
        return owner.choices if owner is not None else ()


def context_at(text: str, cursor: int) -> Context:
    """Reads the text up to the cursor; what stands behind it does not matter."""
    command: list[Token] = []
    redirection: Kind | None = None
    tokens = tokenize(text[:cursor])
    for token in tokens:
        if token.kind.ends_command:
            command.clear()
            redirection = None
        elif token.kind in (Kind.PIPE, Kind.REDIRECT):
            command.clear()
            redirection = token.kind
        elif token.kind in (Kind.WORD, Kind.ERROR):
            command.append(token)
    last = tokens[-1] if tokens else None
    if last is not None and last.kind is Kind.COMMENT and last.text == "#" and command:
        last = Token(Kind.WORD, "#", last.start, (Part(PartKind.BARE, "#", "#", last.start, 0),))
        command.append(last)  # a request number about to be typed
    typed = Typed()
    if last is not None and last.kind in (Kind.WORD, Kind.ERROR):
        typed = _typed(last)
        command.pop()
    context = Context(typed, comment=last is not None and last.kind is Kind.COMMENT)
    if redirection is not None:
        context.redirection = redirection
        context.words = [_value(token) for token in command]
        return context
    if not command:
        context.command = True
        return context
    context.name = command[0].bare or ""
    context.spec = COMMANDS.get(context.name)
    if context.spec is not None:
        _read(context, context.spec, command[1:])
    return context


def _read(context: Context, spec: CommandSpec, tokens: list[Token]) -> None:
    waiting: Option | None = None
    for token in tokens:
        text = _value(token)
        if waiting is not None:
            waiting = None
        elif spec.verbatim:
            context.words.append(token.text)
        elif token.text == "--" and not context.only_words:
            context.only_words = True
        elif token.text.startswith("--") and not context.only_words:
            name, equals, _ = token.text.partition("=")
            context.given.add(name)
            option = spec.option(name)
            if option is not None and option.slot is not None and not equals:
                waiting = option
        else:
            if not context.words and (of_verb := spec.of_verb(text)) is not None:
                spec = context.spec = of_verb
            context.words.append(text)
    context.option = waiting
    if waiting is None and context.typed.raw.startswith("--") and "=" in context.typed.raw:
        context.option = None if context.only_words else _glued(context, spec)
    if context.option is None:
        context.parameter, context.then = _places(context, spec)


def _glued(context: Context, spec: CommandSpec) -> Option | None:
    option = spec.option(context.typed.raw.partition("=")[0])
    return option if option is not None and option.slot is not None else None


def _places(context: Context, spec: CommandSpec) -> tuple[Parameter | None, Parameter | None]:
    """The parameter that the next positional word fills, and the one that it may fill as well."""
    parameters = spec.parameters
    typed = context.typed.value
    if spec.verbatim:
        at = len([word for word in context.words if word not in ("not", "=")])
        return (parameters[at] if at < len(parameters) else None), None
    at = 0
    for word in context.words:
        at = spec.place_of(word, at, context.given)
        if at < len(parameters) and not parameters[at].repeated:
            at += 1
    if typed:
        at = spec.place_of(typed, at, context.given)
    if at >= len(parameters):
        return None, None
    optional = not typed and parameters[at].may_stay_empty and at + 1 < len(parameters)
    return parameters[at], parameters[at + 1] if optional else None


def _value(token: Token) -> str:
    """What a word says, references as they are written."""
    references = (PartKind.VARIABLE, PartKind.QUERY)
    return "".join(part.text if part.kind in references else part.value for part in token.parts)


def _typed(token: Token) -> Typed:
    value: list[str] = []
    positions: list[int] = []
    closed: list[tuple[int, int]] = []
    quote, quoted_from = "", 0
    for part in token.parts:
        at = part.start - token.start
        text, begin = part.text, at
        if part.kind is PartKind.BROKEN and text[0] in "'\"":
            quote, quoted_from = text[0], len(value)
            text, begin = text[1:], at + 1
        elif part.kind in (PartKind.SINGLE, PartKind.DOUBLE):
            text, begin = part.value, part.value_start - token.start
            closed.append((at, at + len(part.text)))
        index = 0
        while index < len(text):
            if quote == '"' and text[index : index + 2] in ('\\"', "\\\\"):
                index += 1
            value.append(text[index])
            positions.append(begin + index)
            index += 1
    positions.append(len(token.text))
    return Typed(
        token.text,
        "".join(value),
        quote,
        quoted_from,
        tuple(positions),
        tuple(closed),
        token.parts[-1] if token.parts else None,
    )
