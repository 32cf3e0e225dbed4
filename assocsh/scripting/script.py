"""A session script: read, parsed and checked as a whole before anything of it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import LanguageError, UsageError
from assocsh.language.model import Slot
from assocsh.language.parse import Call, every_call, parse
from assocsh.language.settings import SETTINGS
from assocsh.records import dataclass, replace
from assocsh.scripting.reach import ALLOW_SHELL, beyond_reach
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.language.words import Word

RECORDED = "# recorded by assocsh"
"""The first line of a recorded script: its last line may be torn."""

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 8
"""Scripts that run scripts that run scripts."""

FILES = (Slot.FILE, Slot.DIRECTORY)
"""What names something on disk."""

VARIABLE_PREFIX = "ASSOCSH_VAR_"
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Script:
    """One script, ready to run. ``name`` is its path as given, ``folder`` where its files are."""

    name: str
    folder: Path
    text: str
    calls: tuple[Call, ...]
    torn: str = ""
    """The last line of a recording that was cut off: it is not run."""

    @property
    def opens(self) -> bool:
        """Whether it opens its association itself."""
        return any(call.spec.opens for call in every_call(self.calls))

    def source_line(self, number: int) -> str:
        """The line of the script with this number (from 1), without its end."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a script may touch and refer to. ``variables`` are the names that have a value."""

    variables: frozenset[str] = frozenset()
    root: Path | None = None
    """Folder that every file of the script must be in."""
    inside: tuple[Path, ...] = ()
    """The scripts that are being loaded around this one."""
    programs: bool = False
    """Whether it may start programs, with ``|``."""


def load(name: str, limits: Limits, *, folder: Path | None = None) -> Script:
    """Read and check a script. Nothing of it has been run when this raises.

    One that another script runs is in the ``folder`` of that, and named with it: so it is found.
    Raises LanguageError with the place of a mistake, UsageError for a file that is no script.
    """
    path = (folder or Path()) / Path(name).expanduser()
    if folder is not None:
        name = str(path)
    text, torn = read(path, name)
    from assocsh.language.check import check

    calls = tuple(parse(text, source=name))
    script = Script(name, path.parent, text, calls, torn)
    check_own(calls)
    check_variables(calls, limits.variables)
    check(calls)
    check_contexts(calls)
    for error in beyond_reach(calls, path.parent, root=limits.root, programs=limits.programs):
        raise error
    if limits.root is not None:
        check_files(script, limits.root)
    for call in every_call(calls):
        if call.spec.runs_scripts:
            _check_inner(script, call, path, limits)
    return script


def read(path: Path, name: str) -> tuple[str, str]:
    """The text of a script, and the torn last line of a recording. Raises UsageError."""
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{name} is too long for a script", hint="at most 4 MiB")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}", hint="a script ends in .assoc"
        ) from None
    torn = b""
    if data.startswith(RECORDED.encode()):
        whole, end, torn = data.rpartition(b"\n")
        data = whole + end
    try:
        return data.decode("utf-8-sig"), torn.decode("utf-8", "replace")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{name} is not a script: line {line} is not UTF-8", hint="save it as UTF-8"
        ) from None


def check_variables(calls: tuple[Call, ...], known: frozenset[str]) -> None:
    """Raise LanguageError for a variable that has no value where it is used."""
    from assocsh.language.expectations import Assignment, variables_of
    from assocsh.language.place import nearest

    names = set(known)
    for call in every_call(calls):
        used = [(each.text, each.start, each.end) for each in call.references if each.query is None]
        if call.parsed is not None:
            used += [(each.name, each.start, each.end) for each in variables_of(call.parsed)]
        for name, start, end in used:
            if name not in names:
                hint = nearest(name, names) or f"let {name} = ..., or --set {name}=VALUE"
                if name == "peer":
                    hint = "name a peer on the command line, or --set peer=AET@HOST:PORT"
                raise call.place.error(f"${name} has no value", start, end, hint)
        if isinstance(call.parsed, Assignment):
            names.add(call.parsed.name)
        for word in call.options.get("--set", ()) if call.spec.runs_scripts else ():
            names.add((word.literal or "").partition("=")[0])


def check_contexts(calls: tuple[Call, ...]) -> None:
    """Raise LanguageError for ``assoc.contexts[NAME]`` with a name that is no SOP class."""
    from assocsh.datasets.dictionary import sop_class_uid

    for call in every_call(calls):
        for query in call.queries:
            steps = query.steps
            if query.root == "assoc" and len(steps) > 2 and steps[1].name == "contexts":
                step = steps[2]
                if step.name or step.every or step.index is not None:
                    continue
                try:
                    sop_class_uid(step.key)
                except UsageError as error:
                    raise call.place.error(
                        error.message, step.start, step.end, error.hint
                    ) from None


def check_own(calls: tuple[Call, ...]) -> None:
    """Raise LanguageError for a command that would change the config file of who runs the script.

    A script is often somebody else's, and does the same for everybody.
    """
    for call in every_call(calls):
        if call.spec.changes_config:
            raise call.error(
                f"{call.spec.title} changes the config file, and a script does not",
                None,
                "type it at the prompt, or after -c",
            )


def check_files(script: Script, root: Path) -> None:
    """Raise LanguageError for a file that is not in ``root``, or that cannot be known yet."""
    allowed = root.resolve()
    for call in every_call(script.calls):
        for word in _file_words(call):
            if word.literal is None:
                raise call.error(
                    "with --file-root a file cannot be named by a variable",
                    word,
                    "what it will hold is not known before the script runs",
                )
            path = (script.folder / Path(word.literal).expanduser()).resolve()
            if path != allowed and allowed not in path.parents:
                raise call.error(f"{word.literal} is not in {root}", word, "--file-root says so")
        for word in _settings_of_files(call):
            raise call.error("with --file-root, name the folder where it is used", word)


def _file_words(call: Call) -> Iterator[Word]:
    for parameter in call.spec.parameters:
        if parameter.slot in FILES:
            yield from call.arguments.get(parameter.name, ())
    for option in call.spec.options:
        if option.slot in FILES:
            yield from call.options.get(option.name, ())
    if call.redirection is not None and call.redirection.file is not None:
        yield call.redirection.file


def _settings_of_files(call: Call) -> Iterator[Word]:
    """The settings that are given a file or a folder here: what is used is not seen then."""
    for parameter in call.spec.parameters:
        if parameter.slot is Slot.SETTING:
            for word in call.arguments.get(parameter.name, ()):
                setting = SETTINGS.get((word.literal or "").lower())
                if word.literal is None or (setting is not None and setting.slot in FILES):
                    yield word


def _check_inner(script: Script, call: Call, path: Path, limits: Limits) -> None:
    """A script that is run by this one has to be whole as well."""
    around = (*limits.inside, path.resolve())
    names = set(limits.variables)
    for each in every_call(script.calls):
        parsed = each.parsed
        if parsed is not None and hasattr(parsed, "name"):
            names.add(parsed.name)
    names |= {(word.literal or "").partition("=")[0] for word in call.options.get("--set", ())}
    for word in call.words:
        if word.literal is None:
            continue
        inner = (path.parent / Path(word.literal).expanduser()).resolve()
        if inner in around:
            raise call.error(f"{word.literal} would run itself", word)
        if len(around) > MAX_DEPTH:
            raise call.error("too many scripts inside scripts", word)
        try:
            load(
                word.literal,
                replace(
                    limits,
                    variables=frozenset(names),
                    inside=around,
                    programs=ALLOW_SHELL in call.options,
                ),
                folder=path.parent,
            )
        except LanguageError:
            raise
        except UsageError as error:
            raise call.error(error.message, word, error.hint) from None


def parse_assignment(text: str) -> tuple[str, str]:
    """``name=value`` of ``--set``. Raises UsageError."""
    name, equals, value = text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise UsageError(
            f"--set {text}: not NAME=VALUE", hint="--set uid=1.2.3; a name has letters, digits, _"
        )
    return name, value


def read_variables(path: str) -> dict[str, str]:
    """``--set-file``: a TOML file of names and values. Raises UsageError."""
    import tomllib

    try:
        with Path(path).expanduser().open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"--set-file {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--set-file {path}: {error}") from None
    values: dict[str, str] = {}
    for name, value in table.items():
        if not _NAME.fullmatch(name):
            raise UsageError(f"--set-file {path}: {name!r} is no name for a variable")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise UsageError(
                f"--set-file {path}: {name} is not a text or a number", hint='name = "value"'
            )
        values[name] = str(value)
    return values


def environment_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """``ASSOCSH_VAR_name``: the variables of the environment."""
    return {
        name.removeprefix(VARIABLE_PREFIX): value
        for name, value in environment.items()
        if name.startswith(VARIABLE_PREFIX) and _NAME.fullmatch(name.removeprefix(VARIABLE_PREFIX))
    }
