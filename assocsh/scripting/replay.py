"""A command as the text that does the same again, in a script of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from assocsh.session.expansion import number_of
from assocsh.session.practice_options import practice_words
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.session.plan import OpenPlan

_JOIN = pattern(r"\\(?:\r\n|\r|\n)")


def replay_text(call: Call, numbers: Mapping[int, int]) -> str | None:
    """The command on one line, its request numbers those of the new script.

    ``numbers`` maps the session's numbers to the script's. None when it speaks of a request that
    is not in the script.
    """
    if call.body:
        inner = [replay_text(each, numbers) for each in call.body]
        if any(text is None for text in inner):
            return None
        words = call.text.partition("{")[0].rstrip()
        parts = [
            f"{text} &" if each.background else f"{text};"
            for text, each in zip(inner, call.body, strict=True)
        ]
        return f"{words} {{ {' '.join(parts).removesuffix(';')} }}"
    text = call.place.text
    out: list[str] = []
    at = call.start
    for start, end, number in sorted(set(_numbers(call))):
        if number not in numbers:
            return None
        out.append(text[at:start])
        out.append(f"#{numbers[number]}")
        at = end
    out.append(text[at : call.end])
    return _JOIN.sub(" ", "".join(out)).strip()


def _numbers(call: Call) -> Iterator[tuple[int, int, int]]:
    """Where request numbers pseudonym in the text: start, end, number."""
    for word in call.request_words:
        digits = (word.literal or "").removeprefix("#")
        if digits.isdigit():
            yield word.start, word.end, int(digits)
    for word in call.row_words:
        number = number_of(word)
        if number is not None:
            yield word.start, word.start + word.prefix.index("."), number
    for query in call.queries:
        if query.request is not None:
            end = query.start + query.text.index(".")
            yield query.start, end, query.request


def open_line(plan: OpenPlan) -> str:
    """The ``open`` that opens the same association. Secrets are not in it."""
    from assocsh.language.quoting import quoted
    from assocsh.text.durations import setting_text

    words = ["open", plan.peer]
    words += [text for path in plan.files if (text := quoted(str(path))) is not None]

    def option(name: str, value: object) -> None:
        if value is None:  # a flag
            words.append(name)
            return
        text = quoted(str(value))
        if text is not None:
            words.extend((name, text))

    if plan.calling_ae != "ASSOCSH":
        option("--as", plan.calling_ae)
    for name, value in (
        ("--called", plan.called_ae),
        ("--window", plan.window),
        ("--max-pdu", plan.max_pdu),
    ):
        if value is not None:
            option(name, value)
    if plan.contexts != "default":
        option("--contexts", plan.contexts)
    for name, values in (
        ("--extended", plan.extended),
        ("--role", plan.roles),
        ("--common", plan.common),
    ):
        for each in values:
            option(name, each)
    if plan.timeouts.get("dimse") is not None:
        option("--timeout", setting_text(plan.timeouts["dimse"]))
    if plan.practice is not None:
        for name, value in practice_words(plan.practice):
            option(name, value)
    if plan.tls is not None:
        words += _tls_words(plan)
    if plan.credential is not None:
        for name, value in plan.credential.options:
            option(name, value)
        if plan.cleartext:
            words.append("--allow-cleartext-credentials")
        if not plan.credential.is_found:
            words.append("# what was typed for the user identity is not recorded")
    return " ".join(words)


DEFAULT_PROFILE = "bcp195"
"""The profile of TLS that is not written down."""


def _tls_words(plan: OpenPlan) -> Iterator[str]:
    from assocsh.language.quoting import quoted

    yield "--tls"
    for name, attribute in (
        ("--tls-ca", "ca"),
        ("--tls-cert", "certificate"),
        ("--tls-key", "key"),
        ("--tls-pin", "pin"),
        ("--tls-min", "minimum"),
        ("--tls-sni", "host_name"),
    ):
        value = getattr(plan.tls, attribute, None)
        text = quoted(str(value)) if value else None
        if text is not None:
            yield name
            yield text
    if getattr(plan.tls, "insecure", False):
        yield "--tls-insecure"
    profile = getattr(plan.tls, "profile", DEFAULT_PROFILE)
    if profile != DEFAULT_PROFILE:
        yield f"--tls-profile {profile}"
