"""From a text to calls: the whole of it is read before anything is done.

What can be known without a peer is checked here: command and option names, how many words, numbers,
levels, durations, queries, predicates, patterns. What a reference stands for is checked when it is
known. Whether a tag exists is for ``check``, which needs the dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from assocsh.errors import LanguageError
from assocsh.language.aliases import AliasText, parse_alias
from assocsh.language.model import ROW_SLOTS, CommandSpec, Grammar, Option, Parameter, Slot
from assocsh.language.place import Place, nearest
from assocsh.language.redirection import Redirection, read_redirection
from assocsh.language.slots import check_setting, check_word
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, Token, tokenize
from assocsh.language.words import Reference, Word, word_of
from assocsh.records import dataclass, field

if TYPE_CHECKING:
    from assocsh.language.expectations import Assignment, Expectation
    from assocsh.language.queries import Query


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was written, checked as far as the text alone allows.

    ``words`` are all positional words, ``arguments`` the same by parameter name. ``options`` maps
    ``"--name"`` to its values in order; a flag that is given maps to an empty tuple. ``text`` is
    the command as typed (without ``&``), ``start`` and ``end`` its place in the parsed text.
    ``parsed`` is what the text after the name of a verbatim command says, ``alias`` that of one
    that is about an alias; ``body`` are the commands of a block. ``redirection`` is where its
    results go, if not to the screen; it belongs to ``text``.
    """

    spec: CommandSpec
    words: tuple[Word, ...]
    options: Mapping[str, tuple[Word, ...]]
    background: bool
    text: str
    start: int
    end: int
    line: int
    source: str
    name: str
    arguments: Mapping[str, tuple[Word, ...]] = field(default_factory=dict)
    parsed: Expectation | Assignment | None = None
    alias: AliasText | None = None
    body: tuple[Call, ...] = ()
    redirection: Redirection | None = None
    place: Place = field(default_factory=lambda: Place(""), repr=False, compare=False)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every ``$name`` and ``${query}`` in its words, option values and redirection."""
        words = (*self.words, *(word for values in self.options.values() for word in values))
        words += self.redirection.words if self.redirection is not None else ()
        return tuple(reference for word in words for reference in word.references)

    @property
    def queries(self) -> tuple[Query, ...]:
        """Every query it asks: in ``${...}``, and of ``expect`` and ``let``."""
        found = [each.query for each in self.references if each.query is not None]
        if self.parsed is None:
            return tuple(found)
        from assocsh.language.expectations import queries_of

        return (*found, *queries_of(self.parsed))

    @property
    def request_words(self) -> tuple[Word, ...]:
        """The words that name requests: of its parameters, and of its options."""
        return self._in_slots((Slot.REQUEST,))

    def _in_slots(self, slots: tuple[Slot, ...]) -> tuple[Word, ...]:
        parameters = [self.arguments.get(each.name, ()) for each in self.spec.parameters
                      if each.slot in slots]  # fmt: skip
        options = [self.options.get(each.name, ()) for each in self.spec.options
                   if each.slot in slots]  # fmt: skip
        return tuple(word for words in (*parameters, *options) for word in words)

    @property
    def uses_results(self) -> bool:
        """Whether it is held until the request that it refers to is done."""
        of_results = self.spec.uses_results and not self.names_a_term and not self.at_once
        return of_results or bool(self.row_words) or bool(self.queries)

    @property
    def at_once(self) -> bool:
        """Whether one of its options says that it waits for no request."""
        options = (self.spec.option(name) for name in self.options)
        return any(option is not None and option.at_once for option in options)

    @property
    def keeps_open(self) -> bool:
        """Whether one of its options says that the association is not released before its end."""
        options = (self.spec.option(name) for name in self.options)
        return any(option is not None and option.keeps_open for option in options)

    @property
    def names_a_term(self) -> bool:
        """Whether it asks for a word of the standard, and so speaks of no request."""
        return any(
            each.slot is Slot.TERM and each.name in self.arguments for each in self.spec.parameters
        )

    @property
    def row_words(self) -> tuple[Word, ...]:
        """The words that name rows of results: of its parameters, and of its options."""
        return self._in_slots(ROW_SLOTS)

    @property
    def expects_status(self) -> bool:
        """Whether it is an ``expect`` of a status: then the command before may fail."""
        expected = self._expectation
        return expected is not None and expected.query.root == "status"

    @property
    def expects_failure(self) -> bool:
        """Whether it is an ``expect`` of an error or an end: the command before may have it."""
        expected = self._expectation
        return expected is not None and expected.of_failure

    @property
    def _expectation(self) -> Expectation | None:
        if self.parsed is None:
            return None
        from assocsh.language.expectations import Expectation

        return self.parsed if isinstance(self.parsed, Expectation) else None

    def error(self, message: str, word: Word | None = None, hint: str = "") -> LanguageError:
        """A LanguageError about one of its words, or about its name."""
        if word is None:
            return self.place.error(message, self.start, self.start + len(self.name), hint)
        return self.place.error(message, word.start, word.end, hint)


@dataclass(slots=True)
class Parsed:
    """All that a text holds: its calls, and what is wrong with the rest of it."""

    calls: list[Call]
    errors: list[LanguageError]


def parse(text: str, *, line: int = 1, source: str = "") -> list[Call]:
    """The calls of a text of one or more lines. Raises the first LanguageError.

    ``line`` is the number of its first line in ``source``. Positions in calls and errors are
    0-based offsets into ``text``; the line of an error is its own.
    """
    parsed = parse_all(text, line=line, source=source)
    if parsed.errors:
        raise parsed.errors[0]
    return parsed.calls


def parse_all(text: str, *, line: int = 1, source: str = "") -> Parsed:
    """Every call and every mistake of a text, both in its order; one mistake per command."""
    return _Parser(Place(text, line, source)).run()


def every_call(calls: Iterable[Call]) -> Iterator[Call]:
    """The calls and those in their blocks, in the order of the text."""
    for call in calls:
        yield call
        yield from every_call(call.body)


class _Parser:
    def __init__(self, place: Place) -> None:
        self.place = place
        self.tokens = tokenize(place.text)
        self.at = 0
        self.errors: list[LanguageError] = []

    def run(self) -> Parsed:
        calls: list[Call] = []
        while self.at < len(self.tokens):
            calls += self._commands()
            if self.at < len(self.tokens):  # a } that closes nothing
                self._fail(self.tokens[self.at], "this } closes nothing")
                self.at += 1
        return Parsed(calls, self.errors)

    def _fail(self, token: Token, message: str, hint: str = "") -> None:
        self.errors.append(self.place.error(message, token.start, token.end, hint))

    def _commands(self) -> list[Call]:
        """Commands up to a } or the end of the text."""
        calls: list[Call] = []
        while self.at < len(self.tokens) and self.tokens[self.at].kind is not Kind.CLOSE:
            try:
                read = self._command()
            except LanguageError as error:
                self.errors.append(error)
                self._skip()
                continue
            try:
                if read is not None:
                    calls.append(_CallReader(self.place, read).read())
            except LanguageError as error:
                self.errors.append(error)
        return calls

    def _skip(self) -> None:
        """To the end of a command that could not be read, so that the next one can be."""
        ends = (Kind.SEPARATOR, Kind.BACKGROUND, Kind.LINE_END, Kind.CLOSE)
        while self.at < len(self.tokens) and self.tokens[self.at].kind not in ends:
            opens = self.tokens[self.at].kind is Kind.OPEN
            self.at += 1
            if opens:
                self._commands()
                self.at += 1
        if self.at < len(self.tokens) and self.tokens[self.at].kind is not Kind.CLOSE:
            self.at += 1

    def _command(self) -> _Read | None:
        """The next command; None for a blank stretch.

        Stands behind the end of the command afterwards, and inside it when this raises.
        """
        words: list[Token] = []
        behind: list[Token] = []
        body: tuple[Call, ...] | None = None
        background = False
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            match token.kind:
                case Kind.WORD | Kind.ERROR:
                    if token.kind is Kind.ERROR:
                        raise self.place.error(
                            token.message, token.error_start, token.error_end, token.hint
                        )
                    if body is not None:
                        raise self._error(token, "a block ends its command", "begin a new line")
                    (behind or words).append(token)
                case Kind.PIPE | Kind.REDIRECT:
                    if body is not None or not words:
                        what = "there is no command before this"
                        raise self._error(token, f"{what} {token.text}")
                    behind.append(token)
                case Kind.OPEN:
                    body = self._block(words, token)
                    continue
                case Kind.CLOSE:
                    break
                case Kind.SEPARATOR | Kind.LINE_END | Kind.BACKGROUND:
                    background = token.kind is Kind.BACKGROUND
                    if background and not words:
                        raise self._error(token, "there is no command before this &")
                    self.at += 1
                    break
                case _:
                    pass
            self.at += 1
        return _Read(words, behind, background, body) if words else None

    def _block(self, words: list[Token], token: Token) -> tuple[Call, ...]:
        spec = COMMANDS.get(words[0].text) if words else None
        if spec is None or not spec.block:
            raise self._error(
                token, "a block does not belong here", "retry 10 every 1s { ... }; or quote the {"
            )
        self.at += 1
        calls = self._commands()
        if self.at >= len(self.tokens):
            raise self._error(token, "this { has no }")
        self.at += 1
        return tuple(calls)

    def _error(self, token: Token, message: str, hint: str = "") -> LanguageError:
        return self.place.error(message, token.start, token.end, hint)


@dataclass(frozen=True, slots=True)
class _Read:
    """One command as it was found: its words, the tokens of its redirection, its block."""

    words: list[Token]
    behind: list[Token]
    background: bool
    body: tuple[Call, ...] | None


class _CallReader:
    """Reads the words of one command against its spec."""

    def __init__(self, place: Place, read: _Read) -> None:
        self.place = place
        self.tokens = tokens = read.words
        self.behind = read.behind
        self.background = read.background
        self.body = read.body
        self.spec = self._of_verb(self._spec(tokens[0]), tokens)
        self.options: dict[str, tuple[Word, ...]] = {}

    def _error(self, token: Token | Word, message: str, hint: str = "") -> LanguageError:
        return self.place.error(message, token.start, token.end, hint)

    def _spec(self, token: Token) -> CommandSpec:
        name = self._word(token).literal
        if name is None:
            raise self._error(
                token, "a command cannot come from a variable", "nothing replaced is ever a command"
            )
        spec = COMMANDS.get(name)
        if spec is not None:
            return spec
        if name.lower() in COMMANDS:
            hint = f"commands are written small: {name.lower()}"
        elif name.startswith("!"):
            hint = "there is no way to other programs from here"
        elif name.startswith("#"):
            hint = "a comment has a blank after its #, and before it"
        else:
            hint = nearest(name, COMMANDS.names) or "help lists the commands"
        raise self._error(token, f"no such command: {name}", hint)

    def _of_verb(self, spec: CommandSpec, tokens: list[Token]) -> CommandSpec:
        """The command with the verb that stands behind its name, where it has verbs."""
        if not spec.verbs or len(tokens) < 2:
            return spec
        word = self._word(tokens[1])
        names = [verb.name for verb in spec.verbs]
        if word.literal is None:
            raise self._error(word, "what a command does cannot come from a variable")
        found = spec.of_verb(word.literal)
        if found is not None:
            return found
        listed = f"one of {', '.join(names)}"
        if word.literal.startswith("-"):
            raise self._error(word, f"{spec.name}: what to do comes before its options", listed)
        hint = nearest(word.literal, names) or listed
        raise self._error(word, f"there is no {spec.name} {word.literal}", hint)

    def _word(self, token: Token) -> Word:
        return word_of(token, self._query)

    def _query(self, text: str, offset: int) -> Query:
        from assocsh.language.queries import parse_query

        return parse_query(text, offset=offset, place=self.place)

    def read(self) -> Call:
        first, last = self.tokens[0], self.tokens[-1]
        spec = self.spec
        parsed: Expectation | Assignment | None = None
        alias: AliasText | None = None
        words: tuple[Word, ...] = ()
        arguments: dict[str, tuple[Word, ...]] = {}
        rest = self.place.text[first.end : last.end]
        if spec.grammar is Grammar.ASSIGNMENT:
            from assocsh.language.expectations import parse_let

            parsed = parse_let(rest, offset=first.end, place=self.place)
        elif spec.grammar is Grammar.EXPECTATION:
            from assocsh.language.expectations import parse_expect

            parsed = parse_expect(rest, offset=first.end, place=self.place)
        elif spec.grammar is Grammar.ALIAS:
            alias = parse_alias(rest, offset=first.end, place=self.place)
        else:
            words = tuple(self._sort())
            arguments = self._bind(words)
        if spec.block and self.body is None:
            raise self._error(last, f"{spec.name} needs a block", f"as in {spec.examples[0]}")
        redirection = None
        if self.behind:
            redirection = read_redirection(self.behind, self._word, self.place)
        end = redirection.end if redirection is not None else last.end
        return Call(
            spec=spec,
            words=words,
            options=self.options,
            background=self.background,
            text=self.place.text[first.start : end],
            start=first.start,
            end=end,
            line=self.place.line_of(first.start),
            source=self.place.source,
            name=first.text,
            arguments=arguments,
            parsed=parsed,
            alias=alias,
            body=self.body or (),
            redirection=redirection,
            place=self.place,
        )

    def _sort(self) -> Iterator[Word]:
        """Keeps the options, yields the rest; after ``--`` nothing is an option."""
        tokens = iter(self.tokens[1:])
        for token in tokens:
            word = self._word(token)
            if word.prefix == "--" and word.literal == "--":
                yield from map(self._word, tokens)
            elif word.prefix.startswith("--"):
                self._option(token, word, tokens)
            elif word.prefix[:1] == "-" and word.prefix[1:2].isalpha():
                raise self._unknown_option(token, word.prefix)
            else:
                yield word

    def _option(self, token: Token, word: Word, tokens: Iterator[Token]) -> None:
        name, equals, _ = word.prefix.partition("=")
        option = self.spec.option(name)
        if option is None or (word.references and not equals):
            raise self._unknown_option(token, name)
        if name in self.options and not option.repeated:
            raise self._error(token, f"{name} is given twice")
        if option.slot is None:
            if equals:
                raise self._error(token, f"{name} takes no value")
            self.options[name] = ()
            return
        value = word.split(len(name) + 1) if equals else self._value(token, option, tokens)
        check_word(value, option.slot, option.choices, name, self.place)
        self.options[name] = (*self.options.get(name, ()), value)

    def _value(self, token: Token, option: Option, tokens: Iterator[Token]) -> Word:
        following = next(tokens, None)
        word = self._word(following) if following else None
        if word is None or word.prefix.startswith("--"):
            raise self.place.error(
                f"{option.name} needs a value",
                token.start,
                token.end,
                f"{option.name} {option.metavar}: {option.summary}",
            )
        return word

    def _unknown_option(self, token: Token, name: str) -> LanguageError:
        names = [option.name for option in self.spec.options]
        hint = nearest(name, names)
        if not hint and not name.startswith("--"):
            same = [each for each in names if each[2:3] == name[1:2]]
            hint = f"did you mean {' or '.join(same)}?" if same else ""
        if not hint:
            hint = f"it has {', '.join(names)}" if names else f"{self.spec.title} has no options"
        return self._error(token, f"{self.spec.title} has no option {name}", hint)

    def _bind(self, words: tuple[Word, ...]) -> dict[str, tuple[Word, ...]]:
        """The words by parameter, each checked against its slot."""
        spec = self.spec
        bound: dict[str, tuple[Word, ...]] = {}
        at = 0
        for index, parameter in enumerate(spec.parameters):
            if at >= len(words):
                if parameter.required and parameter.unless not in self.options:
                    raise self._missing(parameter)
                break
            if spec.place_of(words[at].prefix, index, self.options) > index:
                continue
            taken = words[at:] if parameter.repeated else words[at : at + 1]
            for word in taken:
                check_word(word, parameter.slot, parameter.choices, parameter.name, self.place)
            bound[parameter.name] = taken
            at += len(taken)
        if at < len(words):
            hint = f"usage: {spec.synopsis}"
            raise self._error(words[at], f"{spec.title} has no use for this word", hint)
        named = {each.slot: bound[each.name][0] for each in spec.parameters if each.name in bound}
        if Slot.SETTING in named and Slot.VALUE in named:
            check_setting(named[Slot.SETTING], named[Slot.VALUE], self.place)
        return bound

    def _missing(self, parameter: Parameter) -> LanguageError:
        last = self.tokens[-1]
        what = parameter.summary or parameter.name
        return self.place.error(
            f"{self.spec.title} needs {_article(parameter.name)}",
            last.end,
            last.end + 1,
            f"{parameter.name}: {what}",
        )


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeio" else f"a {name}"
