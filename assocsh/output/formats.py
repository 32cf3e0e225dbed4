"""From the name of a format to the presenter that writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.output.console import Console
    from assocsh.output.presenter import Presenter


def presenter(console: Console, name: str) -> Presenter:
    """What writes the format ``name`` (table, expanded, json, csv, dump) to ``console``.

    The same one each time: a presenter remembers what it has begun to show.
    """
    made = console.channel.presenters
    if name not in made:
        made[name] = _make(console, name)
    return made[name]


def _make(console: Console, name: str) -> Presenter:
    if name == "json":
        from assocsh.output.jsonlines import JsonLines

        return JsonLines(console)
    from assocsh.output.human import Human

    return Human(console, name)
