"""The colours: names of the sixteen ANSI colours only, so that the user's own palette decides.

Of the sixteen only red and magenta can be read on white and on black alike, whatever the palette:
yellow, green and cyan vanish on white, blue on black, bright black on some dark themes. So what
has no background of its own is red, magenta, bold, dim or underlined, and nothing else.

No colour depth is given to prompt_toolkit anywhere: it reads NO_COLOR and the terminal itself, and
then only bold, dim, underline and reverse remain. Nothing is told by colour alone.
"""

from __future__ import annotations

from prompt_toolkit.styles import Style

STYLES = {
    "prompt": "bold",
    "prompt.question": "bold ansimagenta",
    # the line, by the kind of its words
    "token.command": "bold",
    "token.unknown": "ansired underline",
    "token.error": "ansired underline",
    "token.option": "ansimagenta",
    "token.tag": "bold",
    "token.value": "",
    "token.string": "",
    "token.reference": "ansimagenta",
    "token.operator": "dim",
    "token.comment": "dim",
    "auto-suggestion": "dim",
    # the toolbar: reverse video, and a word or a sign beside every colour
    "bottom-toolbar": "reverse",
    "bottom-toolbar.text": "",
    "toolbar.peer": "bold",
    "toolbar.busy": "bold",
    "toolbar.bad": "noreverse bg:ansired fg:ansiwhite bold",
    "toolbar.failure": "noreverse bg:ansired fg:ansiwhite bold",
    "toolbar.warning": "noreverse bg:ansiyellow fg:ansiblack bold",
    "toolbar.success": "noreverse bg:ansigreen fg:ansiblack",
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
    return Style.from_dict(STYLES)
