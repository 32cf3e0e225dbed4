"""What ``set`` can change: names, defaults and choices; the values are those of a session."""

from __future__ import annotations

from assocsh.datasets.durability import CHOICES, USUAL
from assocsh.language.model import Setting, Slot

FORMATS = ("table", "expanded", "json", "csv", "dump")
"""The ways in which results can be written."""

_OFF = ("off",)


def _duration(name: str, default: str, summary: str, reader: str) -> Setting:
    return Setting(name, Slot.DURATION, default, summary, reader, _OFF)


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "format",
            Slot.CHOICE,
            "table",
            "how results are written",
            reader="assocsh.session.state",
            choices=FORMATS,
        ),
        _duration("timeout", "60s", "wait for each DIMSE response", "assocsh.session.plan"),
        _duration("connect-timeout", "10s", "wait for TCP and TLS", "assocsh.session.plan"),
        _duration("acse-timeout", "30s", "wait for the A-ASSOCIATE answer", "assocsh.session.plan"),
        _duration("release-timeout", "10s", "wait for A-RELEASE-RP", "assocsh.session.plan"),
        _duration("write-timeout", "30s", "a peer that stops reading", "assocsh.session.plan"),
        Setting(
            "on-timeout",
            Slot.CHOICE,
            "abort",
            "what a DIMSE timeout does to the association",
            reader="assocsh.session.session",
            choices=("abort", "keep"),
        ),
        Setting(
            "on-error",
            Slot.CHOICE,
            "stop",
            "in scripts and -c: what a failed command does to those after it",
            reader="assocsh.session.interpreter",
            choices=("stop", "continue"),
        ),
        _duration("keepalive", "off", "C-ECHO when idle this long", "assocsh.session.idle"),
        Setting(
            "received",
            Slot.DIRECTORY,
            ".",
            "folder for instances without --to",
            reader="assocsh.commands.parameters",
        ),
        Setting(
            "durability",
            Slot.CHOICE,
            USUAL,
            "file, batch, none: on the disk itself before each success, when done, or some time",
            reader="assocsh.commands.parameters",
            choices=CHOICES,
        ),
        Setting(
            "listen-port",
            Slot.INTEGER,
            "any",
            "port of `listen` without --port, where peers know us; any takes a free one",
            reader="assocsh.session.serving",
            choices=("any",),
        ),
        Setting(
            "encoding",
            Slot.CHOICE,
            "auto",
            "Specific Character Set of identifiers; auto is UTF-8 when not ASCII",
            reader="assocsh.session.keys",
            choices=(
                "auto",
                "ISO_IR 192",
                "ISO_IR 100",
                "ISO_IR 101",
                "ISO_IR 144",
                "ISO_IR 13",
                "GB18030",
            ),
        ),
        Setting(
            "fallback-encoding",
            Slot.ENCODING,
            "none",
            "how text is read that is not in the character set it declares",
            reader="assocsh.session.state",
            choices=("none", "ISO_IR 100", "ISO_IR 192", "GB18030", "cp1252", "shift_jis"),
        ),
        Setting(
            "bell",
            Slot.CHOICE,
            "off",
            "ring when the peer asks or aborts",
            reader="assocsh.terminal.bell",
            choices=("off", "on"),
        ),
        Setting(
            "editing",
            Slot.CHOICE,
            "emacs",
            "keys of the command line",
            reader="assocsh.terminal.app",
            choices=("emacs", "vi"),
        ),
        Setting(
            "pager",
            Slot.CHOICE,
            "off",
            "at the prompt, for what is there as a whole: auto when longer than the screen",
            reader="assocsh.session.paging",
            choices=("off", "auto", "on"),
        ),
        Setting(
            "theme",
            Slot.CHOICE,
            "auto",
            "colours: auto asks the terminal; plain has none, and words for signs",
            reader="assocsh.terminal.app",
            choices=("auto", "light", "dark", "plain", "high-contrast"),
        ),
        Setting(
            "fuzzy",
            Slot.CHOICE,
            "off",
            "complete by letters in their order: ptnm finds PatientName",
            reader="assocsh.session.offers",
            choices=("off", "on"),
        ),
        Setting(
            "history",
            Slot.CHOICE,
            "on",
            "whether lines that are typed are kept for later sessions",
            reader="assocsh.session.typed",
            choices=("on", "off"),
        ),
        Setting(
            "history-days",
            Slot.INTEGER,
            "30",
            "days that the history keeps lines with patient values, 0 never, or always",
            reader="assocsh.session.typed",
            choices=("always",),
            of="a number of days",
            least=0,
            most=3650,
        ),
    )
}
