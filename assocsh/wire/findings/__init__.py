"""Findings: causes seen in a conversation, the cause first. One file for each family of rules."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from assocsh.wire.conversation import Conversation, Talk
from assocsh.wire.findings.finding import RULES, About, Finding, Rank, Rule, Who

__all__ = ["Finding", "Rank", "Rule", "Who", "findings", "rules"]


def rules() -> tuple[Rule, ...]:
    """Every rule there is: those of all modules of this package."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    return tuple(RULES)


def findings(what: Conversation | Talk) -> list[Finding]:
    """All that can be found in a conversation, or in one talk; the cause first, then by time."""
    conversation = what if isinstance(what, Conversation) else None
    talks = conversation.talks if conversation else [what] if isinstance(what, Talk) else []
    found = [
        each
        for talk in talks
        for about in (About(talk, conversation),)
        for rule in rules()
        for each in rule.findings(talk, about)
    ]
    return sorted(found, key=lambda each: (each.rank, each.time))
