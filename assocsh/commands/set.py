"""set: the settings, shown and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.language.settings import SETTINGS
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.settings import find_setting

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


def settings_text() -> str:
    """Every setting with its default and its choices, for help."""
    width = max(map(len, SETTINGS))
    lines = ["Without a value the setting is shown.", ""]
    for setting in SETTINGS.values():
        lines.append(f"  {setting.name:{width}}  {setting.summary} (default {setting.default})")
        if setting.slot is Slot.CHOICE:
            lines.append(f"  {'':{width}}  {', '.join(setting.choices)}")
    return "\n".join(lines)


SPEC = CommandSpec(
    "set",
    "change a setting, or show them all",
    Heading.SHELL,
    order=10,
    parameters=(
        Parameter("setting", Slot.SETTING, summary="its name"),
        Parameter("value", Slot.VALUE, summary="its new value"),
    ),
    examples=("set format expanded", "set keepalive 30s", "set timeout 60s"),
    details=settings_text,
    pages=True,
)


@command(SPEC)
async def set_(session: Session, call: BoundCall) -> None:
    """Show all settings, show one, or change one."""
    name, value = call.argument("setting"), call.argument("value")
    settings = session.settings
    if name is not None and value is not None:
        settings.set(name, value)
        session.apply_settings(find_setting(name).name)
        session.changed()
        return
    wanted = None if name is None else find_setting(name).name
    rows = [
        {"name": each, "value": text, "meaning": meaning}
        for each, text, meaning in settings.items()
        if wanted in (None, each)
    ]
    columns = [Column("name"), Column("value"), Column("meaning", least=20)]
    session.presenter.listing(Listing("setting", columns, rows))
