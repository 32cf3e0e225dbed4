"""What ``set`` can change: names, defaults and choices; the values are those of a session."""

from __future__ import annotations

from assocsh.language.model import Setting, Slot

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "format",
            Slot.CHOICE,
            "table",
            ("table", "expanded", "json", "csv", "dump"),
            "how results are written",
        ),
        Setting("timeout", Slot.DURATION, "60s", ("off",), "wait for each DIMSE response"),
        Setting("connect-timeout", Slot.DURATION, "10s", ("off",), "wait for TCP and TLS"),
        Setting("acse-timeout", Slot.DURATION, "30s", ("off",), "wait for the A-ASSOCIATE answer"),
        Setting("release-timeout", Slot.DURATION, "10s", ("off",), "wait for A-RELEASE-RP"),
        Setting("write-timeout", Slot.DURATION, "30s", ("off",), "a peer that stops reading"),
        Setting(
            "on-timeout",
            Slot.CHOICE,
            "abort",
            ("abort", "keep"),
            "what a DIMSE timeout does to the association",
        ),
        Setting(
            "on-error",
            Slot.CHOICE,
            "stop",
            ("stop", "continue"),
            "in scripts and -c: what the first failure does",
        ),
        Setting("keepalive", Slot.DURATION, "off", ("off",), "C-ECHO when idle this long"),
        Setting("received", Slot.DIRECTORY, ".", (), "folder for instances without --to"),
        Setting(
            "encoding",
            Slot.CHOICE,
            "auto",
            (
                "auto",
                "ISO_IR 192",
                "ISO_IR 100",
                "ISO_IR 101",
                "ISO_IR 144",
                "ISO_IR 13",
                "GB18030",
            ),
            "Specific Character Set of identifiers; auto is UTF-8 when not ASCII",
        ),
        Setting("pager", Slot.CHOICE, "off", ("off", "auto"), "long results in a pager"),
        Setting("bell", Slot.CHOICE, "off", ("off", "on"), "ring when the peer asks or aborts"),
        Setting("editing", Slot.CHOICE, "emacs", ("emacs", "vi"), "keys of the command line"),
    )
}
