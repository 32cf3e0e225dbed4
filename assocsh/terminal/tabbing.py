"""What Tab does to the line: first what the candidates share, then one of them after the other."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completion


def complete(buffer: Buffer) -> None:
    """Tab on ``buffer``: take what is certain, or choose the next entry of the menu.

    With one candidate that is the candidate itself, and Tab again changes nothing. The candidates
    are asked for here and not taken from the menu, which may not be drawn yet.
    """
    state = buffer.complete_state
    if state is not None and state.complete_index is not None:
        if len(state.completions) > 1:
            buffer.complete_next()
        else:
            buffer.complete_state = None
        return
    wanted = CompleteEvent(completion_requested=True)
    candidates = list(buffer.completer.get_completions(buffer.document, wanted))
    certain = common_part(buffer.document.text_before_cursor, candidates)
    if certain is not None:
        buffer.apply_completion(certain)
    elif len(candidates) < 2:
        return
    elif state is not None:
        buffer.complete_next()
    else:
        buffer.start_completion(select_first=True)


def common_part(before: str, candidates: Sequence[Completion]) -> Completion | None:
    """What Tab can add to ``before`` without a choice; None when that is nothing.

    The only candidate, or the longest beginning of those that begin like the word before the
    cursor, in any case. Candidates that only contain the word have no say as long as others begin
    with it. When so many were found that some may have been left out, nothing is certain.
    """
    from assocsh.language.complete import CAP

    if not candidates or len(candidates) >= CAP:
        return None
    start = candidates[0].start_position
    typed = before[len(before) + start :] if start else ""
    if len(candidates) == 1:
        part = candidates[0].text
    else:
        alike = [
            each.text
            for each in candidates
            if each.start_position == start and each.text.lower().startswith(typed.lower())
        ]
        part = _beginning(alike)
        if len(part) <= len(typed):
            return None
    return Completion(part, start) if part != typed else None


def _beginning(texts: Sequence[str]) -> str:
    """The longest text that each of ``texts`` begins with."""
    if not texts:
        return ""
    first, last = min(texts), max(texts)  # what these two share, all between them share
    length = 0
    while length < len(first) and first[length] == last[length]:
        length += 1
    return first[:length]
