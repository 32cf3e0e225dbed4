"""The colours: names of the sixteen ANSI colours only, so that the user's own palette decides.

No colour depth is given to prompt_toolkit anywhere: it reads NO_COLOR and the terminal itself, and
then only bold, underline and reverse remain. Nothing is told by colour alone.
"""

from __future__ import annotations

from prompt_toolkit.styles import Style

_DARK = {
    "prompt": "bold",
    "prompt.question": "bold ansiyellow",
    # the line, by the kind of its words
    "token.command": "bold",
    "token.unknown": "ansired underline",
    "token.error": "ansired underline",
    "token.option": "ansicyan",
    "token.tag": "ansigreen",
    "token.value": "",
    "token.string": "ansiyellow",
    "token.reference": "ansimagenta",
    "token.operator": "ansicyan",
    "token.comment": "ansibrightblack",
    "auto-suggestion": "ansibrightblack",
    # the toolbar: reverse video, and words beside every colour
    "bottom-toolbar": "reverse",
    "bottom-toolbar.text": "",
    "toolbar.peer": "bold",
    "toolbar.busy": "bold",
    "toolbar.bad": "noreverse bg:ansired fg:ansiwhite bold",
    "toolbar.failed": "bold",
    "toolbar.hint": "",
    "validation-toolbar": "noreverse fg:ansired bold",
    # the menu
    "completion-menu": "reverse",
    "completion-menu.completion": "",
    "completion-menu.completion.current": "noreverse bold",
    "completion-menu.meta.completion": "",
    "completion-menu.meta.completion.current": "noreverse",
}


def shell_style() -> Style:
    """The style of the shell: sixteen colours at most, legible on dark and on light."""
    return Style.from_dict(_DARK)
