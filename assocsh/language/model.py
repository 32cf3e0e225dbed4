"""What a command, an option and a setting are: plain data that the whole language reads.

The parser, the completer, the hint on the toolbar, the highlighter and ``help`` all work from
these classes and hold no knowledge of single commands.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from enum import StrEnum

from assocsh.datasets.uid_form import is_uid
from assocsh.language.rows import OF_REQUEST
from assocsh.records import dataclass, replace
from assocsh.text.patterns import pattern

_BARE_NUMBER = pattern(r"[1-9][0-9]{0,6}")
"""A request without its #; eight digits are a tag, with a zero before it a status."""


class Slot(StrEnum):
    """What belongs in one place of a command line; decides checks, completion and hints."""

    COMMAND = "command"
    PEER = "peer"
    LEVEL = "level"
    KEY = "key"  # Keyword=value, or a bare Keyword that asks for it back
    FILE = "file"
    DIRECTORY = "directory"
    REQUEST = "request"  # #7; "7" too where nothing else could be meant
    ROW = "row"  # 3: a row of the last find, from 1; #1.3: row 3 of request #1
    ROWS = "rows"  # as a ROW, or several: 2-5, #1.2-5, #1.*
    SOP_CLASS = "SOP class"
    QUERY_MODEL = "model"  # the name of an information model, or the SOP class of one
    CONTEXT = "presentation context"  # its ID, or the SOP class that it was proposed for
    TRANSFER_SYNTAX = "transfer syntax"
    CONTEXTS = "contexts"  # qr,storage,CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]
    EXTENDED = "extended negotiation"  # find:relational,fuzzy, or CLASS:0101
    ROLE = "role"  # CTImageStorage:both
    COMMON = "common negotiation"  # CLASS:SERVICE:RELATED,...
    CHOICE = "choice"
    INTEGER = "integer"
    DURATION = "duration"
    DATES = "dates"  # today, -1d..+1d, 20261101-20261130
    AE_TITLE = "AE title"
    ENCODING = "encoding"  # a defined term, a name that Python knows, or none
    SETTING = "setting"
    VALUE = "value"
    QUERY = "query"
    TEXT = "text"
    TAG = "tag"
    TAGS = "tags"  # PatientName,-StudyDate: several, joined by commas
    FAULT = "fault"  # NAME[=VALUE][@WHEN]
    TERM = "term"  # a word of the standard: a name of the glossary, a status, a UID, a tag
    UID = "UID"


ROW_SLOTS = (Slot.ROW, Slot.ROWS)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A positional word. Only the last one of a command may be ``repeated``.

    An optional REQUEST that other parameters follow takes a word only when it starts with ``#``
    or is one of its ``choices``, or is a bare number where a TERM follows, which is none; optional
    DATES one that is no key (``takes``).
    ``choices`` are the only values allowed for CHOICE and LEVEL, and words allowed besides the
    slot's own for the others (``all`` beside a request number). A required one may be left out
    beside the option ``unless``: a LEVEL then takes none but its own words.
    """

    name: str
    slot: Slot
    choices: tuple[str, ...] = ()
    required: bool = False
    repeated: bool = False
    summary: str = ""
    unless: str = ""

    @property
    def synopsis(self) -> str:
        """``LEVEL``, ``[KEY ...]``, ``summary|detail``: as help shows it."""
        text = "|".join(self.choices) if self.slot is Slot.CHOICE else self.name.upper()
        if self.repeated:
            text += " ..."
        return text if self.required else f"[{text}]"

    @property
    def may_stay_empty(self) -> bool:
        """Whether there are words that are not for it, but for the parameter that follows."""
        return not self.required and self.slot in (Slot.REQUEST, Slot.UID, Slot.DATES)

    def takes(self, word: str) -> bool:
        """Whether ``word`` can be for it where other parameters follow; if not, it stays empty."""
        if not self.may_stay_empty:
            return True
        match self.slot:
            case Slot.REQUEST:  # ``show 2`` is row 2: a request before other words needs its #
                return word.startswith("#") or word in self.choices
            case Slot.UID:
                return word[:1] in ("", "$") or word in self.choices or is_uid(word)
            case Slot.DATES:
                return not word[:1].isupper() and not set("=([") & set(word)
            case _:
                return True


@dataclass(frozen=True, slots=True)
class Option:
    """``--name``, or ``--name VALUE`` when it has a slot. ``metavar`` names the value in help.

    ``at_once``: a command with it is not held for the requests that it refers to. ``keeps_open``:
    ``release`` waits for a command with it.
    """

    name: str
    slot: Slot | None = None
    metavar: str = ""
    choices: tuple[str, ...] = ()
    summary: str = ""
    repeated: bool = False
    at_once: bool = False
    keeps_open: bool = False

    @property
    def synopsis(self) -> str:
        """``[--window N]``, as help shows it."""
        value = "" if self.slot is None else " " + (self.metavar or "|".join(self.choices))
        return f"[{self.name}{value}]"


class Heading(StrEnum):
    """What commands are listed under, in the order in which ``help`` shows it."""

    ASSOCIATION = "Association"
    SERVICES = "Services"
    REQUESTS = "Requests"
    SCRIPTS = "Scripts"
    WIRE = "Wire"
    SHELL = "Shell"


class Grammar(StrEnum):
    """What follows the name of a command that is read as one text, not as words."""

    ASSIGNMENT = "assignment"  # NAME = QUERY
    EXPECTATION = "expectation"  # QUERY PREDICATE VALUE
    ALIAS = "alias"  # NAME = COMMANDS


@dataclass(frozen=True, slots=True)
class Verb:
    """One of several things that a command does: the word behind its name, and what follows that.

    ``mpps start``, ``mpps complete``. ``sends``, ``service``, ``gives_rows`` and
    ``changes_config`` mean what they mean in a ``CommandSpec``.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    options: tuple[Option, ...] = ()
    sends: bool = True
    service: str = ""
    gives_rows: bool = False
    changes_config: bool = False


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command of the language: everything that others ask about it, so that none need know it.

    ``section`` is where the standard describes it. ``help`` lists it under ``heading``, those with
    the least ``order`` first, then by name.

    What it does to requests: ``sends`` makes DIMSE requests, shown as those of ``service`` (the
    name in capitals without one); ``uses_results`` is held until the request it refers to is
    done, and ``refers_to_request`` says that this is the one that its REQUEST parameter names, or
    the last.

    When it is performed: ``at_once`` never held, not even behind an ``open`` that is going on;
    ``lifecycle`` changes which association there is, so that what needs one waits for it, and
    ``opens`` makes one; ``needs_association`` waits for those though it sends nothing; what sends
    and is submitted after a ``barrier`` waits for it.

    How it is read: ``grammar`` is what follows the name, as one text; ``block`` commands in braces
    follow; ``runs_scripts`` its files are scripts and ``--set`` names their variables.

    What it does, where that is several things: ``verbs``. Its one parameter is the verb then, and
    ``of_verb`` gives what is typed and done with one of them; ``verb`` is the name of that one.

    ``level`` is the one whose usual keys are offered, where no word of it names the level.

    In files: ``recorded`` is written by ``record``. ``gives_rows``: it makes the results whose
    rows ``--of`` takes; ``cancels``: it ends other requests; ``draws``: it makes a picture of what
    was said. ``changes_config``: it may write the user's config file, which no script may.
    ``of_course``: it is of the lessons, and no way to do what they ask for.

    At the prompt: ``pages`` says that its text is there as a whole when it has ended, and may go
    through a pager.

    In help: ``details`` is more text, or what makes it when it is asked for; ``topic`` says what
    is explained there besides the command, and the overview names it then.
    """

    name: str
    summary: str
    heading: Heading
    order: int = 100
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    section: str = ""
    uses_results: bool = False
    refers_to_request: bool = False
    sends: bool = False
    service: str = ""
    at_once: bool = False
    lifecycle: bool = False
    opens: bool = False
    needs_association: bool = False
    barrier: bool = False
    grammar: Grammar | None = None
    block: bool = False
    runs_scripts: bool = False
    recorded: bool = True
    gives_rows: bool = False
    cancels: bool = False
    draws: bool = False
    changes_config: bool = False
    pages: bool = False
    of_course: bool = False
    details: str | Callable[[], str] = ""
    topic: str = ""
    level: str = ""
    verbs: tuple[Verb, ...] = ()
    verb: str = ""

    def of_verb(self, name: str) -> CommandSpec | None:
        """The command as it is with the verb ``name``: its parameters, its options, what it sends.

        None when there is no such verb. The first parameter is the verb itself.
        """
        found = next((verb for verb in self.verbs if verb.name == name.lower()), None)
        if found is None:
            return None
        itself = replace(self.parameters[0], choices=(found.name,), required=True)
        return replace(
            self,
            summary=found.summary,
            parameters=(itself, *found.parameters),
            options=found.options,
            sends=found.sends,
            service=found.service,
            gives_rows=found.gives_rows,
            changes_config=found.changes_config,
            verbs=(),
            verb=found.name,
        )

    @property
    def title(self) -> str:
        """Its name, with its verb where it has one: ``mpps start``."""
        return f"{self.name} {self.verb}".rstrip()

    @property
    def with_verbs(self) -> tuple[CommandSpec, ...]:
        """It with each of its verbs; itself where it has none."""
        found = tuple(self.of_verb(verb.name) for verb in self.verbs)
        return tuple(spec for spec in found if spec is not None) or (self,)

    @property
    def verbatim(self) -> bool:
        """What follows the name is one text with a grammar of its own."""
        return self.grammar is not None

    def option(self, name: str) -> Option | None:
        """The option called ``name`` (with its dashes), if this command has it."""
        return next((option for option in self.options if option.name == name), None)

    def place_of(self, word: str, index: int = 0, given: Container[str] = ()) -> int:
        """Which parameter takes ``word``: that at ``index``, or the one after it.

        ``show 2`` is row 2, and ``explain window`` no request: an optional request is left empty.
        So is a level beside the option of ``given`` that stands in its place.
        """
        while index + 1 < len(self.parameters):
            parameter, following = self.parameters[index : index + 2]
            bare = parameter.slot is Slot.REQUEST and following.slot is Slot.TERM
            if following.slot in ROW_SLOTS and OF_REQUEST.fullmatch(word):
                index += 1  # ``show #1.3`` names its request with the row
                continue
            replaced = parameter.slot is Slot.LEVEL and parameter.unless in given
            if replaced and word.lower() not in parameter.choices:
                index += 1
                continue
            if parameter.takes(word) or (bare and _BARE_NUMBER.fullmatch(word)):
                break
            index += 1
        return index

    @property
    def synopsis(self) -> str:
        """``find LEVEL [KEY ...] [--of ROW]``: one line, generated."""
        words = [self.name, *(each.synopsis for each in self.parameters)]
        words += [each.synopsis for each in self.options]
        if self.block:
            words.append("{ COMMANDS }")
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Setting:
    """One name that ``set`` knows. ``default`` is written as the user would write it.

    ``reader`` is the module that does what the setting says; one that nothing reads must not be
    listed. ``choices`` are the only values of a CHOICE, and words allowed besides for the others.
    An INTEGER is ``of`` something, from ``least`` to ``most``.
    """

    name: str
    slot: Slot
    default: str
    summary: str
    reader: str
    choices: tuple[str, ...] = ()
    of: str = "a port"
    least: int = 1
    most: int = 65535
