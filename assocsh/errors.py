"""Every exception of assocsh, in one place.

A failure *status* of a DIMSE response is a result and never an exception. What is here ends a
request, ends an association, or refuses something before it reached the wire::

    AssocshError                  message, hint (the next thing to try), exit_code
    ├── AssociationError          the association ended, or never came to be; by, established
    │   ├── ConnectionFailed      name not resolved, TCP refused, TLS handshake failed
    │   ├── AssociationRejected   A-ASSOCIATE-RJ: result, source, reason
    │   ├── AssociationAborted    A-ABORT or A-P-ABORT: source, reason
    │   ├── AssociationReleased   released, by this side or by the peer
    │   ├── ConnectionLost        TCP closed without release or abort; a timer of ours ran out
    │   └── ProtocolError         the peer broke PS3.7 or PS3.8; this side answered with A-ABORT
    ├── OperationTimeout          no response to one request within the DIMSE timeout
    │   └── NoReport              no event report within the time given, though it was promised
    ├── OperationCancelled        cancelled on this side before a final response came
    ├── Regression                a peer can do less than it could, or than a policy asks for
    ├── NotComparable             two reports of which one does not say what the other does
    ├── LocalProtocolError        this side asked for something its state does not allow
    └── LocalRefusal              refused on this side, before anything was sent
        ├── NoPresentationContext no accepted presentation context carries the request
        ├── UnusableFile          a file that cannot be read, or is not what it should be
        └── UsageError            a wrong command, option or value
            └── LanguageError     the same, with the place in the text
"""

from __future__ import annotations

import errno
from typing import ClassVar, Literal, Self

Side = Literal["local", "peer"]


class AssocshError(Exception):
    """The root of all exceptions of assocsh.

    ``message`` says what happened, where and why; ``hint`` the next thing to try (may be empty).
    ``exit_code`` is what ``code`` is for most errors of a class.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def with_hint(self, hint: str) -> Self:
        """The same error with another hint; this one, which others may hold, stays as it is."""
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__)
        other.__cause__ = self.__cause__
        other.hint = hint
        return other

    def let_go(self) -> Self:
        """Let go of the stack that it was raised in, for who keeps it: the frames of that stack
        hold whatever was at work there, an association among it. Returns itself."""
        waiting: list[BaseException | None] = [self]
        done: set[int] = set()
        while waiting:
            error = waiting.pop()
            if error is not None and id(error) not in done:
                done.add(id(error))
                error.with_traceback(None)
                waiting += [error.__cause__, error.__context__]
        return self

    @property
    def kind(self) -> str:
        """The word for this error in JSON output: the name of its class."""
        return type(self).__name__

    @property
    def code(self) -> int:
        """The exit code of the program when this error ends it (``assocsh --help`` lists them)."""
        return self.exit_code


class AssociationError(AssocshError):
    """The association ended, or could not be established.

    ``by`` tells who caused it, ``ended_by`` who sent the last word, an A-ABORT or the end of the
    connection: this side aborts when the peer breaks the protocol. ``established`` tells whether
    there ever was an association: it decides between exit code 3 (could not be established) and 4
    (lost). ``idle`` is how many seconds there was no message before the peer ended an association
    with nothing pending; 0 of all other ends.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        by: Side = "local",
        established: bool = False,
        idle: float = 0.0,
        ended_by: Side | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.by: Side = by
        self.ended_by: Side = by if ended_by is None else ended_by
        self.established = established
        self.idle = idle

    @property
    def code(self) -> int:
        """The exit code: 4 when an association was lost, 3 when none was established."""
        return 4 if self.established else 3


class ConnectionFailed(AssociationError):
    """No connection to speak over: the name, TCP or TLS failed, or a connect timer ran out."""


class AssociationRejected(AssociationError):
    """One side answered A-ASSOCIATE-RJ: its ``result``, ``source`` and ``reason`` (PS3.8 9.3.4)."""

    def __init__(
        self,
        message: str,
        *,
        result: int,
        source: int,
        reason: int,
        by: Side = "peer",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint, by=by)
        self.result = result
        self.source = source
        self.reason = reason


class AssociationAborted(AssociationError):
    """One side aborted (PS3.8 9.3.8). ``source`` 0 is the service user, 2 the provider.

    ``reason`` is of the provider, and 0 of a user.
    """

    def __init__(
        self,
        message: str,
        *,
        source: int,
        reason: int,
        by: Side,
        hint: str = "",
        established: bool = True,
        idle: float = 0.0,
    ) -> None:
        super().__init__(message, hint=hint, by=by, established=established, idle=idle)
        self.source = source
        self.reason = reason


class AssociationReleased(AssociationError):
    """The association was released while, or before, something was asked of it."""


class ConnectionLost(AssociationError):
    """The TCP connection ended without release or abort; ``__cause__`` is the OSError, if any."""


class ProtocolError(AssociationError):
    """The peer broke the protocol. ``reason`` is the A-ABORT reason (PS3.8 9.3.8) we answer with.

    Reasons: 0 not specified, 1 unrecognized PDU, 2 unexpected PDU, 4 unrecognized PDU parameter,
    5 unexpected PDU parameter, 6 invalid PDU parameter value.
    """

    def __init__(
        self, message: str, *, reason: int = 0, hint: str = "", established: bool = True
    ) -> None:
        super().__init__(message, hint=hint, by="peer", established=established, ended_by="local")
        self.reason = reason


class OperationTimeout(AssocshError):
    """No response to the request ``message_id`` within the DIMSE timeout."""

    exit_code = 4

    def __init__(self, message: str, *, message_id: int | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.message_id = message_id


class NoReport(OperationTimeout):
    """The peer took a request, and the event report that has to follow did not come in time."""


class OperationCancelled(AssocshError):
    """Withdrawn while queued, or no longer waited for: there is no final response to give."""

    exit_code = 130


class Regression(AssocshError):
    """A peer can do less than it could before, or than a policy asks for."""

    exit_code = 1


class NotComparable(AssocshError):
    """Nothing is worse as far as can be told, but not everything can be."""

    exit_code = 2


class LocalProtocolError(AssocshError):
    """This side asked for a service that the state of the association does not allow."""

    exit_code = 5


class LocalRefusal(AssocshError):
    """Refused on this side before anything was sent."""

    exit_code = 5


class NoPresentationContext(LocalRefusal):
    """No accepted presentation context carries this request for ``sop_class``, a UID."""

    def __init__(self, message: str, *, sop_class: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sop_class = sop_class


class UnusableFile(LocalRefusal):
    """A file, ``path``, that cannot be read or written, or is not what it should be."""

    def __init__(self, message: str, *, path: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class UsageError(LocalRefusal):
    """A command, an option or a value that cannot be used. Nothing was sent."""

    exit_code = 2


class LanguageError(UsageError):
    """A text that is not a command. ``start`` and ``end`` are 0-based offsets into ``text``."""

    def __init__(
        self,
        message: str,
        *,
        text: str,
        start: int,
        end: int | None = None,
        line: int = 1,
        source: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.start = start
        self.end = start + 1 if end is None else end
        self.line = line
        self.source = source


class OutputClosed(Exception):
    """Results cannot be written any more: their reader has gone (a pipe), or the disk is full.

    Not an AssocshError: nothing went wrong between this side and the peer.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.broken_pipe = error.errno in (errno.EPIPE, errno.ESHUTDOWN)
        self.reason = error.strerror or str(error)
