"""Redaction: pseudonyms in place of what identifies a patient, the same each time.

Equal values get equal pseudonyms within one key, so that expectations of equality still hold;
without the key there is no way from one to the other (HMAC-SHA-256). Dates are all moved by the
same number of days.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assocsh.datasets.uid_form import REGISTERED_ROOT
from assocsh.language.model import Grammar
from assocsh.language.table import COMMANDS, grammar_of
from assocsh.scripting.identifying import Pseudonym, pseudonym_for, pseudonym_for_path
from assocsh.text.patterns import pattern

SHORTEST = 4
"""Shorter values are replaced in their own place only: "1" is in too many other words."""

MAX_KNOWN = 5000
"""Values that are looked for in free text."""

_MADE = pattern(r"(?:PATIENT\^|ID|TEXT )[0-9A-F]{8}|2\.25\.\d+")
"""What may be a pseudonym."""

_STATUS = pattern(r"0x[0-9A-Fa-f]{4}")

_DATE = pattern(r"(\d{8})(\d{0,6}(?:\.\d+)?)")


class Redactor:
    """Replaces identifying values; remembers them, so that free text can be searched for them."""

    def __init__(self, key: bytes | None = None, *, keep_uids: bool = False) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._keep_uids = keep_uids
        self._known: dict[str, str] = {}
        """What stands for each value, by the value without its case."""
        self._by_start: dict[str, list[str]] = {}
        """The values by how they begin, the longest first."""
        self._made: set[str] = set()
        self.variables: dict[str, Pseudonym] = {}
        """Variables that stand for identifying values, by name."""
        days = int.from_bytes(self._digest("days")[:4], "big") % 3650
        self._shift = datetime.timedelta(days=days + 30)

    # values

    def value(self, pseudonym: Pseudonym, value: str) -> str:
        """What stands in for one value; empty values and universal wildcards stay."""
        if not value.strip(" *?\\^=-"):
            return value
        if "\\" in value:
            return "\\".join(self.value(pseudonym, part) for part in value.split("\\"))
        if pseudonym is Pseudonym.UID and (self._keep_uids or value.startswith(REGISTERED_ROOT)):
            return value
        replacement = self.replacement(pseudonym, value)
        self._learn(pseudonym, value, replacement)
        return replacement

    def replacement(self, pseudonym: Pseudonym, value: str) -> str:
        """What stands for a value that is neither empty nor a wildcard."""
        wildcard = "*" if "*" in value or "?" in value else ""
        code = self._digest(pseudonym + value.strip("*? ")).hex()[:8].upper()
        match pseudonym:
            case Pseudonym.DATE:
                return _DATE.sub(self._moved, value)
            case Pseudonym.TIME:
                return re.sub(r"\d{2,6}(?:\.\d+)?", "120000", value)
            case Pseudonym.NAME:
                return f"PATIENT^{code}{wildcard}"
            case Pseudonym.ID:
                return f"ID{code}{wildcard}"
            case Pseudonym.UID:
                return f"2.25.{int.from_bytes(self._digest('uid' + value)[:12], 'big')}"
            case _:
                return f"TEXT {code}{wildcard}"

    def _moved(self, match: re.Match[str]) -> str:
        try:
            date = datetime.datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=datetime.UTC)
            return (date - self._shift).strftime("%Y%m%d") + ("000000" if match[2] else "")
        except (ValueError, OverflowError):
            return "19000101"

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def _learn(self, pseudonym: Pseudonym, value: str, replacement: str) -> None:
        if pseudonym in (Pseudonym.DATE, Pseudonym.TIME) or len(self._known) >= MAX_KNOWN:
            return
        bare = value.strip("*? ")
        if len(bare) >= SHORTEST and bare != replacement:
            self._add(bare, replacement.rstrip("*"))
        if pseudonym is Pseudonym.NAME:
            for part in re.split(r"[\^=*?]", bare):
                if len(part) >= SHORTEST:
                    self._add(part, replacement.rstrip("*"))

    def _add(self, value: str, replacement: str) -> None:
        folded = _folded(value)
        if folded in self._known:
            return
        self._known[folded] = replacement
        self._made.add(replacement)
        bucket = self._by_start.setdefault(folded[:SHORTEST], [])
        bucket.append(folded)
        bucket.sort(key=len, reverse=True)

    # texts

    def text(self, text: str) -> str:
        """Free text with every value that is known replaced, whatever stands around it.

        A value inside a longer word counts too: file names are made of them, ``scan_DOE_1``. Only a
        word of DICOM's or of the language stays whole, and so does a pseudonym.
        """
        if not self._known or not text:
            return text
        folded = _folded(text)
        out: list[str] = []
        at = place = 0
        while place <= len(folded) - SHORTEST:
            value = self._value_at(folded, place)
            made = _MADE.match(text, place)
            if made is not None and made[0] in self._made:
                place = made.end()
            elif value and not _of_vocabulary(text, place, place + len(value)):
                out += (text[at:place], self._known[value])
                at = place = place + len(value)
            else:
                place += 1
        return "".join(out) + text[at:]

    def _value_at(self, folded: str, place: int) -> str:
        """The longest known value that stands there; empty without one."""
        bucket = self._by_start.get(folded[place : place + SHORTEST], ())
        return next((value for value in bucket if folded.startswith(value, place)), "")

    def command(self, text: str) -> str:
        """A command as it was typed, the values of identifying keys replaced."""
        return self.text(redact_command(text, self))

    # structures

    def dataset(self, model: dict[str, Any]) -> dict[str, Any]:
        """A data set in the DICOM JSON model, items of sequences included."""
        return {tag: self._element(tag, element) for tag, element in model.items()}

    def _element(self, tag: str, element: Any) -> Any:
        if not isinstance(element, dict) or "Value" not in element:
            return {"vr": element.get("vr", "UN")} if isinstance(element, dict) else element
        vr, values = str(element.get("vr", "UN")), element["Value"]
        try:
            number = int(tag, 16)
        except ValueError:
            return {"vr": vr}
        if vr == "SQ":
            items = [self.dataset(item) for item in values if isinstance(item, dict)]
            return {"vr": vr, "Value": items}
        if number >> 16 & 1:  # private: what it holds is not known
            return {"vr": vr, "Value": ["redacted"]}
        pseudonym = pseudonym_for(number, vr)
        if pseudonym is None:
            return element
        return {"vr": vr, "Value": [self._json_value(pseudonym, value) for value in values]}

    def _json_value(self, pseudonym: Pseudonym, value: Any) -> Any:
        if isinstance(value, dict):  # a person name: its groups stand for the same person
            joined = next((str(part) for part in value.values() if part), "")
            for part in value.values():
                self.value(pseudonym, str(part))
            return {"Alphabetic": self.value(pseudonym, joined)} if joined else value
        return None if value is None else self.value(pseudonym, str(value))

    def foresee(self, script: str, variables: Mapping[str, str]) -> None:
        """Remember the identifying values that a script is going to use, before it runs."""
        redact_command(script, self)
        for name, pseudonym in self.variables.items():
            if name in variables:
                self.value(pseudonym, variables[name])

    def learn(self, event: dict[str, Any]) -> None:
        """Remember every identifying value of an event, so that others can be searched for it."""
        if isinstance(event.get("dataset"), dict):
            self.dataset(event["dataset"])
        for name in _COMMANDS:
            if isinstance(event.get(name), str):
                redact_command(event[name], self)
        if event.get("identifies"):
            self._actual(event)

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        """One event of the log: data sets by element, commands by word, the rest by search."""
        shown = {name: self._member(name, value) for name, value in event.items()}
        shown.pop("spans", None)  # they are places in what is replaced
        if event.get("identifies"):
            shown["actual"] = self._actual(event)
            redacted = redact_command(f"expect {event['text']}", self)
            shown["text"] = self.text(redacted.removeprefix("expect "))
        return shown

    def again(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event that was redacted before, its texts searched for what is known by now."""
        return {
            name: self.again(value)
            if isinstance(value, dict) and name != "dataset"
            else self.text(value)
            if isinstance(value, str) and name in _TEXTS
            else value
            for name, value in event.items()
        }

    def found(self, pseudonym: Pseudonym, text: str, spans: Iterable[Sequence[int]]) -> str:
        """What an expectation found: ``text`` with the values at ``spans`` of it replaced."""
        shown, at = "", 0
        for start, end in spans:
            shown += text[at:start] + self.value(pseudonym, text[start:end])
            at = end
        return self.text(shown + text[at:])

    def _actual(self, event: Mapping[str, Any]) -> str:
        text = str(event.get("actual", ""))
        # without the places of values all of it is taken for one
        spans = event.get("spans", [(0, len(text))])
        return self.found(Pseudonym(event["identifies"]), text, spans)

    def _member(self, name: str, value: Any) -> Any:
        if name == "dataset" and isinstance(value, dict):
            return self.dataset(value)
        if isinstance(value, dict):
            return {key: self._member(key, inner) for key, inner in value.items()}
        if name == "difference" and isinstance(value, str):
            return "\n".join(self.command(line) for line in value.split("\n"))
        if not isinstance(value, str) or name not in _TEXTS:
            return value
        return self.command(value) if name in _COMMANDS else self.text(value)


def _folded(text: str) -> str:
    """The text without its case, each character in its place."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := each.casefold()) == 1 else each for each in text)


def _of_vocabulary(text: str, start: int, end: int) -> bool:
    """Whether a place is a part of a longer word that identifies nobody: ``Study`` in StudyDate."""
    before = start
    while before > 0 and _in_word(text[before - 1]):
        before -= 1
    after = end
    while after < len(text) and _in_word(text[after]):
        after += 1
    if (before, after) == (start, end):
        return False
    return _identifies_nobody(text[before:after])


def _in_word(character: str) -> bool:
    return character.isalnum() and character.isascii()


def _identifies_nobody(word: str) -> bool:
    """A keyword, a status, a name of a command, or a part of an option's."""
    from assocsh.datasets.dictionary import is_keyword

    if is_keyword(word) or word in COMMANDS or _STATUS.fullmatch(word):
        return True
    return any(
        word in option.name.split("-")
        for command in COMMANDS.values()
        for spec in command.with_verbs
        for option in spec.options
    )


LEFT_OUT = "…"
"""In place of a word that cannot be looked at."""

_COMMANDS = ("text", "source_line")
_TEXTS = frozenset(
    ("about", "actual", "detail", "error_comment", "file", "hint", "meaning", "message", "peer")
) | frozenset(("script", "source", "summary", *_COMMANDS))


def redact_command(text: str, redactor: Redactor) -> str:
    """``find study PatientID=123`` with the value replaced, in the same quotes or none.

    What a program behind ``|`` is to look for may be anything, and is left out. Else looks at words
    only: ``Keyword=value``, the value that an ``expect`` compares a keyword with,
    and what ``let`` keeps under a name that is used for one. References are left: they are names.
    """
    from assocsh.language.tokens import Kind, tokenize

    tokens = tokenize(text)
    out = [token.text for token in tokens]
    words: list[int] = []
    piped = False
    for index, token in enumerate(tokens):
        if token.kind in (Kind.WORD, Kind.ERROR):
            words.append(index)
            if not piped:
                _redact_word(out, words, redactor)
            elif len(words) > 1 and not token.text.startswith("-"):
                out[index] = LEFT_OUT
        elif token.kind not in (Kind.BLANK, Kind.JOIN, Kind.COMMENT):
            words, piped = [], token.kind is Kind.PIPE
    return "".join(out)


def _redact_word(out: list[str], words: list[int], redactor: Redactor) -> None:
    """The newest word of a command: ``words`` are the places of its words in ``out``."""
    word, grammar = out[words[-1]], grammar_of(out[words[0]])
    pseudonym: Pseudonym | None = None
    path = ""
    if grammar is Grammar.EXPECTATION:
        negated = len(words) > 2 and out[words[2]] == "not"
        if len(words) == (5 if negated else 4):
            pseudonym = _pseudonym_of_query(out[words[1]])
    elif grammar is Grammar.ASSIGNMENT:
        if len(words) == 4 and (word[:1] in "'\"" or word.isdigit()):
            pseudonym = redactor.variables.get(out[words[1]])
    elif "=" in word:
        option = ""
        if word.startswith("--"):  # --set=Keyword=value
            option, _, word = word.partition("=")
            option += "="
        path, equals, word = word.partition("=")
        pseudonym = pseudonym_for_path(path) if word else None
        path = option + path + equals
    if pseudonym is not None:
        out[words[-1]] = path + _quoted(word, pseudonym, redactor)


def _pseudonym_of_query(text: str) -> Pseudonym | None:
    from assocsh.errors import LanguageError
    from assocsh.language.queries import parse_query

    try:
        steps = parse_query(text).steps
    except LanguageError:
        return None
    named = [step.name for step in steps if step.name]
    return pseudonym_for_path(named[-1]) if len(named) > 1 else None


def _quoted(text: str, pseudonym: Pseudonym, redactor: Redactor) -> str:
    from assocsh.language.tokens import CURLY

    if "$" in text:
        return text
    if text[:1] == "/":
        return "/redacted/"
    if len(text) > 1 and text[0] in CURLY and text[-1] in CURLY + "'\"":
        text = f"'{text[1:-1]}'"
    quote = text[0] if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0] else ""
    replaced = redactor.value(pseudonym, text[1:-1] if quote else text)
    if not quote and " " in replaced:
        quote = "'"
    return f"{quote}{replaced}{quote}"
