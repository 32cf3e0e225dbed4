"""The error of a command that performs others: it ends the program as theirs would have."""

from __future__ import annotations

from assocsh.errors import (
    AssocshError,
    ConnectionFailed,
    ConnectionLost,
    LocalRefusal,
    OperationCancelled,
    UsageError,
)


def error_with(code: int, message: str) -> AssocshError:
    """An error that ends the program with ``code``."""
    match code:
        case 2:
            return UsageError(message)
        case 3:
            return ConnectionFailed(message, established=False)
        case 4:
            return ConnectionLost(message, established=True)
        case 5:
            return LocalRefusal(message)
        case 130:
            return OperationCancelled(message)
        case _:
            return AssocshError(message)
