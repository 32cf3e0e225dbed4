"""A ladder as a sequence diagram of Mermaid, for those who keep their pictures as its text."""

from __future__ import annotations

from assocsh.wire.ladder.fitting import fitted
from assocsh.wire.ladder.model import Arrow, Ladder

ROOM = 72


def draw(ladder: Ladder) -> str:
    """The text of the diagram: a ``.mmd`` file, or a block of Markdown."""
    lines = [f"%% {_words(ladder.title)}", "sequenceDiagram"]
    for index, line in enumerate(ladder.lifelines):
        name = _words(line.name + (f" {line.place}" if line.place else ""))
        lines.append(f"    participant P{index} as {name}")
    last = len(ladder.lifelines) - 1
    over = f"P0,P{last}" if last > 0 else "P0"
    for row in ladder.rows:
        if isinstance(row, Arrow):
            sign = "-->>" if row.kind.is_answer else "->>"
            words = _words(fitted(row.words, ROOM))
            lines.append(f"    P{row.source}{sign}P{row.target}: {words}")
        else:
            lines.append(f"    Note over {over}: {_words(row.words)}")
    return "\n".join(lines) + "\n"


def _words(text: str) -> str:
    """Text of which no sign means anything to Mermaid: all but plain ones by their number."""
    return "".join(
        each if each.isalnum() or each in " -_.,:()/×…" else f"#{ord(each)};" for each in text
    )
