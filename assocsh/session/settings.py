"""The values of what ``set`` changes; their names, defaults and choices are the language's."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.errors import UsageError
from assocsh.language.model import Setting, Slot
from assocsh.language.settings import SETTINGS
from assocsh.text.durations import NEVER, parse_limit, setting_text


class Settings:
    """The settings of one session: a text or a number of seconds each, as its slot says."""

    def __init__(self) -> None:
        self._values: dict[str, str | float | None] = {}
        for name, setting in SETTINGS.items():
            self._values[name] = _read(setting, setting.default)

    def text(self, name: str) -> str:
        """The value as it would be typed. Raises UsageError for an unknown name."""
        setting = find_setting(name)
        value = self._values[setting.name]
        if setting.slot is Slot.DURATION:
            return "off" if value is None else setting_text(float(value))
        return str(value)

    def seconds(self, name: str) -> float | None:
        """A duration in seconds, None for off."""
        value = self._values[name]
        return None if value is None else float(value)

    def set(self, name: str, text: str) -> None:
        """Take a value as typed. Raises UsageError, naming what would be accepted."""
        setting = find_setting(name)
        self._values[setting.name] = _read(setting, text)

    @property
    def format(self) -> str:
        return str(self._values["format"])

    def items(self) -> Iterator[tuple[str, str, str]]:
        """Every setting as (name, value as typed, meaning)."""
        for name, setting in SETTINGS.items():
            yield name, self.text(name), setting.summary


def find_setting(name: str) -> Setting:
    """The setting called ``name``. Raises UsageError with the nearest names."""
    setting = SETTINGS.get(name) or SETTINGS.get(name.lower())
    if setting is None:
        import difflib

        near = difflib.get_close_matches(name, SETTINGS, n=3)
        raise UsageError(
            f"there is no setting {name!r}",
            hint=f"did you mean {' or '.join(near)}?" if near else "`set` lists them all",
        )
    return setting


def _read(setting: Setting, text: str) -> str | float | None:
    if setting.slot is Slot.DURATION:
        if text.lower() in NEVER:
            return None
        try:
            return parse_limit(text)
        except UsageError as error:
            raise UsageError(f"{setting.name}: {error.message}", hint=error.hint) from None
    if setting.slot is Slot.INTEGER:
        return _number(setting, text)
    if setting.slot is Slot.ENCODING:
        if text.lower() == setting.default:
            return setting.default
        from assocsh.datasets.charset import find_encoding

        find_encoding(text)
        return text
    if setting.slot is Slot.CHOICE:
        for choice in setting.choices:
            if choice.lower() == text.lower():
                return choice
        raise UsageError(
            f"{text!r} is no value for {setting.name}",
            hint=f"{setting.name} is one of {', '.join(setting.choices)}",
        )
    return text


def _number(setting: Setting, text: str) -> str:
    """A number, or one of the words that the setting takes besides. Raises UsageError."""
    if text.lower() in setting.choices:
        return text.lower()
    if text.isascii() and text.isdigit() and setting.least <= int(text[:9]) <= setting.most:
        return str(int(text))
    raise UsageError(
        f"{text!r} is no value for {setting.name}",
        hint=f"{setting.name} is {setting.of} from {setting.least} to {setting.most}, "
        f"or {' or '.join(setting.choices)}",
    )
