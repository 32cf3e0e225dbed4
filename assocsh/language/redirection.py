"""``> file``, ``>> file`` and ``| program``: where the results of a command go instead.

The operators are tokens, and stand where a word would begin. A program is started as its words
are, without a shell: ``;``, ``*`` and ``$(...)`` of a shell mean nothing in them, and what a
reference stands for stays inside its word, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assocsh.errors import LanguageError
from assocsh.language.place import Place
from assocsh.language.tokens import Kind, Token
from assocsh.language.words import Word
from assocsh.records import dataclass

ABOUT_FILE = "FILE   .csv, .json and .txt say the format; .dcm is one row as a DICOM file"
ABOUT_PROGRAM = "PROGRAM [WORD ...]   reads the results; what it writes is shown"


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where the results of one command go: through ``programs``, to ``file``, or both.

    Each program is its words, the first of which is its name. ``append``: the file is added to.
    """

    programs: tuple[tuple[Word, ...], ...] = ()
    file: Word | None = None
    append: bool = False
    start: int = 0
    end: int = 0

    @property
    def words(self) -> tuple[Word, ...]:
        """Every word of it, in the order of the text."""
        words = tuple(word for program in self.programs for word in program)
        return words if self.file is None else (*words, self.file)


def read_redirection(
    tokens: Sequence[Token], word: Callable[[Token], Word], place: Place
) -> Redirection:
    """What stands behind the words of a command, from its first operator on.

    ``word`` makes the Word of a token. Raises LanguageError.
    """
    programs: list[list[Word]] = []
    file: Word | None = None
    operator = tokens[0]
    wanting = True  # the word that the operator is there for
    for token in tokens:
        if token.kind in (Kind.PIPE, Kind.REDIRECT):
            if wanting and token is not tokens[0]:
                raise _wanting(operator, place)
            if file is not None:
                raise place.error(
                    f"{token.text} comes after the name of a file",
                    token.start,
                    token.end,
                    "| PROGRAM comes before > FILE, and there is one file",
                )
            operator, wanting = token, True
            if token.kind is Kind.PIPE:
                programs.append([])
        elif operator.kind is Kind.PIPE:
            programs[-1].append(_of_program(word(token), place, first=wanting))
            wanting = False
        elif wanting:
            file, wanting = word(token), False
        else:
            raise place.error(
                "the name of the file ends the command",
                token.start,
                token.end,
                f"what belongs to the command comes before {operator.text}",
            )
    if wanting or (file is not None and file.literal == ""):
        raise _wanting(operator, place)
    append = operator.text == ">>"
    return Redirection(tuple(map(tuple, programs)), file, append, tokens[0].start, tokens[-1].end)


def _of_program(word: Word, place: Place, *, first: bool) -> Word:
    if first and not word.literal:
        raise place.error(
            "a program cannot come from a variable",
            word.start,
            word.end,
            "nothing replaced is ever a program",
        )
    return word


def _wanting(operator: Token, place: Place) -> LanguageError:
    what, example = (
        ("a program", "find study | sort, for example")
        if operator.kind is Kind.PIPE
        else ("a file", "find study > studies.csv, for example")
    )
    return place.error(f"{operator.text} needs {what}", operator.start, operator.end, example)
