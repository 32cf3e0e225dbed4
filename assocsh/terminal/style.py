"""The styles of the prompt, its menu and its toolbar, made from the theme.

No colour depth is given to prompt_toolkit anywhere: it reads NO_COLOR and the terminal itself, and
then only bold, underline and reverse remain. Nothing is told by colour alone.
"""

from __future__ import annotations

from prompt_toolkit.styles import Style

from assocsh.output.colours import Theme, hexadecimal

_WHITE, _BLACK = hexadecimal(231), hexadecimal(16)
_ON_RED = f"noreverse bg:{hexadecimal(124)} fg:{_WHITE} bold"
_ON_YELLOW = f"noreverse bg:{hexadecimal(178)} fg:{_BLACK} bold"
_ON_GREEN = f"noreverse bg:{hexadecimal(22)} fg:{_WHITE}"


def styles(theme: Theme) -> dict[str, str]:
    """Each style by its name."""
    error, event, quiet = (theme.ink(kind).style for kind in ("error", "event", "quiet"))
    coloured = any(ink.colour is not None for ink in theme.inks.values())
    return {
        "prompt": "bold",
        "prompt.question": f"bold {event}",
        "prompt-continuation": quiet,
        # the line, by the kind of its words
        "token.command": "bold",
        "token.unknown": f"{error} underline",
        "token.error": f"{error} underline",
        "token.option": event,
        "token.tag": "bold",
        "token.value": "",
        "token.string": "",
        "token.reference": event,
        "token.operator": quiet,
        "token.comment": quiet,
        "auto-suggestion": quiet,
        "search.about": quiet,
        # the toolbar: reverse video, and a word or a sign beside every colour
        "bottom-toolbar": "reverse",
        "bottom-toolbar.text": "",
        "toolbar.peer": "bold",
        "toolbar.busy": "bold",
        "toolbar.bad": _ON_RED if coloured else "bold underline",
        "toolbar.failure": _ON_RED if coloured else "bold underline",
        "toolbar.warning": _ON_YELLOW if coloured else "bold",
        "toolbar.success": _ON_GREEN if coloured else "",
        "toolbar.hint": "",
        "validation-toolbar": f"noreverse {error} bold",
        # the menu
        "completion-menu": "reverse",
        "completion-menu.completion": "",
        "completion-menu.completion.current": "noreverse bold",
        "completion-menu.meta.completion": "",
        "completion-menu.meta.completion.current": "noreverse",
    }


def style_of(theme: Theme) -> Style:
    """The style of the shell in a theme."""
    return Style.from_dict(styles(theme))
