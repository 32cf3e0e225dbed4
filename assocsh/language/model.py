"""What a command, an option and a setting are: plain data that the whole language reads.

The parser, the completer, the hint on the toolbar, the highlighter and ``help`` all work from
these classes and hold no knowledge of single commands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Slot(StrEnum):
    """What belongs in one place of a command line; decides checks, completion and hints."""

    COMMAND = "command"
    PEER = "peer"
    LEVEL = "level"
    KEY = "key"  # Keyword=value, or a bare Keyword that asks for it back
    FILE = "file"
    DIRECTORY = "directory"
    REQUEST = "request"  # #7; "7" too where nothing else could be meant
    ROW = "row"  # 1-based row of a result
    SOP_CLASS = "SOP class"
    TRANSFER_SYNTAX = "transfer syntax"
    CONTEXTS = "contexts"  # qr,storage,CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]
    CHOICE = "choice"
    INTEGER = "integer"
    DURATION = "duration"
    AE_TITLE = "AE title"
    ENCODING = "encoding"  # a defined term, a name that Python knows, or none
    SETTING = "setting"
    VALUE = "value"
    QUERY = "query"
    TEXT = "text"
    TAG = "tag"
    UID = "UID"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A positional word. Only the last one of a command may be ``repeated``.

    An optional REQUEST that other parameters follow takes a word only when it starts with ``#`` or
    is one of its ``choices``.
    ``choices`` are the only values allowed for CHOICE and LEVEL, and words allowed besides the
    slot's own for the others (``all`` beside a request number). A required one may be left out
    beside the option ``unless``.
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


@dataclass(frozen=True, slots=True)
class Option:
    """``--name``, or ``--name VALUE`` when it has a slot. ``metavar`` names the value in help."""

    name: str
    slot: Slot | None = None
    metavar: str = ""
    choices: tuple[str, ...] = ()
    summary: str = ""
    repeated: bool = False

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

    In files: ``recorded`` is written by ``record``. ``gives_rows``: it makes the results whose
    rows ``--of`` takes; ``cancels``: it ends other requests.

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
    details: str | Callable[[], str] = ""
    topic: str = ""

    @property
    def verbatim(self) -> bool:
        """What follows the name is one text with a grammar of its own."""
        return self.grammar is not None

    def option(self, name: str) -> Option | None:
        """The option called ``name`` (with its dashes), if this command has it."""
        return next((option for option in self.options if option.name == name), None)

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
    """

    name: str
    slot: Slot
    default: str
    summary: str
    reader: str
    choices: tuple[str, ...] = ()
