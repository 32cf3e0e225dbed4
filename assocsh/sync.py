"""The same without asyncio, for scripts and notebooks::

    from assocsh.sync import connect

    with connect("ORTHANC@127.0.0.1:4242") as association:
        for response in association.find("STUDY", {"PatientID": "123", "StudyDate": ""}):
            print(response.meaning, response.dataset)

Everything has the names, the arguments and the exceptions of the asynchronous objects; what is
awaited there waits here, what is iterated there is iterated here. ``echo``, ``find``, ``store`` and
the like give an operation at once, as they do there: ``result()`` waits for its answer.

Each association, and each listener, runs on an event loop in a thread of its own, so that it goes
on while a script computes; that thread ends with it. Threads may share one. Ctrl-C while something
waits cancels that (C-CANCEL for find, get and move), and leaving ``with`` by it aborts. What is
still open when the program ends is aborted. Handlers, observers and ``decide`` are called on that
thread with the asynchronous objects, and must not block.
"""

from __future__ import annotations

import atexit
import functools
import inspect
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    cast,
    overload,
)

from assocsh import association as asynchronous
from assocsh.association.connecting import Connecting
from assocsh.association.listener import Listening
from assocsh.association.loop_thread import LoopThread

if TYPE_CHECKING:
    from assocsh.association.storing import Source, Stored
    from assocsh.datasets.receive import Received
    from assocsh.dimse.responses import Response

__all__ = ["Association", "Listener", "Operation", "connect", "listen"]

P = ParamSpec("P")
T = TypeVar("T")


class _Facade:
    """What stands for an asynchronous object on a loop in another thread."""

    _of: type
    """The class of that object: what has a name here says of itself what it says there."""

    def __init__(self, loop: LoopThread, inner: Any) -> None:
        self._loop = loop
        self._inner = inner

    def __repr__(self) -> str:
        return f"<sync {repr(self._inner)[1:]}"


class _Reading(Generic[T]):
    """An attribute of the object behind a façade, read and written on its loop."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read

    def __set_name__(self, owner: type[_Facade], name: str) -> None:
        self._name = name
        there = getattr(owner._of, name, None)
        text = there.__doc__ if isinstance(there, property) else None
        self.__doc__ = text or f"As ``{owner._of.__name__}.{name}`` of assocsh."

    @overload
    def __get__(self, facade: None, owner: object) -> _Reading[T]: ...
    @overload
    def __get__(self, facade: _Facade, owner: object) -> T: ...
    def __get__(self, facade: _Facade | None, owner: object) -> _Reading[T] | T:
        if facade is None:
            return self
        inner = facade._inner
        return facade._loop.call(lambda: self._read(inner))

    def __set__(self, facade: _Facade, value: T) -> None:
        facade._loop.call(lambda: setattr(facade._inner, self._name, value))


def _of_association(read: Callable[[asynchronous.Association], T]) -> _Reading[T]:
    return _Reading(read)


def _of_operation(read: Callable[[asynchronous.Operation], T]) -> _Reading[T]:
    return _Reading(read)


def _of_listener(read: Callable[[asynchronous.Listener], T]) -> _Reading[T]:
    return _Reading(read)


F = TypeVar("F", bound=Callable[..., Any])


def _like(method: Callable[..., Any], returns: str = "") -> Callable[[F], F]:
    """``functools.wraps``, and ``help`` names this module and what comes back here."""

    def shown(call: F) -> F:
        wrapped: Any = functools.wraps(method)(call)
        wrapped.__module__ = __name__
        if returns:
            signature = inspect.signature(method)
            wrapped.__signature__ = signature.replace(return_annotation=returns)
        return cast(F, wrapped)

    return shown


def _waiting(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """A method that waits for what ``method`` is awaited for."""

    @_like(method)
    def call(self: _Facade, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._loop.wait(method(self._inner, *args, **kwargs))

    return call


def _calling(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method that calls ``method`` on the loop."""

    @_like(method)
    def call(self: _Facade, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._loop.call(lambda: method(self._inner, *args, **kwargs))

    return call


def _ending(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[Any, P], None]:
    """The same for one that ends what has a loop of its own: that ends too, whatever happens."""

    @_like(method)
    def call(self: _Owner, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            self._loop.wait(method(self._inner, *args, **kwargs))
        finally:
            self._let_go()

    return call


def _sending(
    method: Callable[Concatenate[asynchronous.Association, P], asynchronous.Operation],
) -> Callable[Concatenate[Any, P], Operation]:
    """A method that gives the façade of the operation that ``method`` gives."""

    @_like(method, "Operation")
    def call(self: _Facade, /, *args: P.args, **kwargs: P.kwargs) -> Operation:
        return Operation(self._loop, self._loop.call(lambda: method(self._inner, *args, **kwargs)))

    return call


class _Owner(_Facade):
    """A façade that ends its loop with itself, unless the loop is another's."""

    _open: ClassVar[set[_Owner]] = set()

    def __init__(self, loop: LoopThread, inner: Any, *, owns: bool = True) -> None:
        super().__init__(loop, inner)
        self._owns = owns
        if owns:
            self._open.add(self)

    async def _kill(self) -> None:
        raise NotImplementedError

    def _let_go(self) -> None:
        """End the loop; what is not over by then ends at once."""
        if not self._owns or self._loop.is_here:
            return
        self._open.discard(self)
        if self._loop.alive:
            try:
                self._loop.wait(self._kill())
            finally:
                self._loop.close()


class Operation(_Facade):
    """A request that was given to an association; see ``Association.send``.

    ``for response in operation`` gives each response as it comes, the final one last, and raises
    the error that ended the operation if there was none. ``with operation`` cancels it on an early
    exit. Its members are those of ``assocsh.Operation``.
    """

    _of = asynchronous.Operation

    def __init__(self, loop: LoopThread, inner: asynchronous.Operation) -> None:
        super().__init__(loop, inner)
        self._taken: deque[Response] = deque()

    request = _of_operation(lambda one: one.request)
    context = _of_operation(lambda one: one.context)
    number = _of_operation(lambda one: one.number)
    tag = _of_operation(lambda one: one.tag)
    place = _of_operation(lambda one: one.place)
    state = _of_operation(lambda one: one.state)
    message_id = _of_operation(lambda one: one.message_id)
    responses = _of_operation(lambda one: one.responses)
    matches = _of_operation(lambda one: one.matches)
    dropped = _of_operation(lambda one: one.dropped)
    received = _of_operation(lambda one: tuple(one.received))
    final = _of_operation(lambda one: one.final)
    error = _of_operation(lambda one: one.error)
    done = _of_operation(lambda one: one.done)
    limited = _of_operation(lambda one: one.limited)
    queued_at = _of_operation(lambda one: one.queued_at)
    sent_at = _of_operation(lambda one: one.sent_at)
    finished_at = _of_operation(lambda one: one.finished_at)
    elapsed = _of_operation(lambda one: one.elapsed)
    bytes_total = _of_operation(lambda one: one.bytes_total)
    bytes_sent = _of_operation(lambda one: one.bytes_sent)
    cancel_sent = _of_operation(lambda one: one.cancel_sent)
    cancel_result = _of_operation(lambda one: one.cancel_result)
    cancel_remark = _of_operation(lambda one: one.cancel_remark)
    after_cancel = _of_operation(lambda one: one.after_cancel)

    cancel = _calling(asynchronous.Operation.cancel)
    keep_waiting = _calling(asynchronous.Operation.keep_waiting)
    result = _waiting(asynchronous.Operation.result)

    def all(self, *, timeout: float | None = None) -> list[Response]:
        """Every response that was not taken yet, the final one last: as ``assocsh.Operation.all``.

        Raises what ``result`` raises, TimeoutError too.
        """
        found: list[Response] = self._loop.wait(self._inner.all(timeout=timeout))
        taken, self._taken = self._taken, deque()
        return [*taken, *found]

    def take_buffered(self) -> list[Response]:
        """All responses that are here now, without waiting."""
        taken, self._taken = self._taken, deque()
        found: list[Response] = self._loop.call(self._inner.take_buffered)
        return [*taken, *found]

    def __iter__(self) -> Iterator[Response]:
        return self

    def __next__(self) -> Response:
        while True:
            try:
                return self._taken.popleft()
            except IndexError:
                # All that are there at once: going to the other thread costs more than a response.
                more = self._loop.wait(self._more())
                if not more:
                    raise StopIteration from None
                self._taken.extend(more)

    async def _more(self) -> list[Response]:
        async for response in self._inner:
            return [response, *self._inner.take_buffered()]
        return []

    def __enter__(self) -> Operation:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.done:
            self.cancel()


class Association(_Owner):
    """One DICOM association, made by ``connect``: ``assocsh.Association`` without ``await``.

    Leaving ``with`` releases it, leaving it by an exception aborts it. Without ``with`` it is open
    until ``release`` or ``abort``, or to the end of the program, which aborts it.
    """

    _of = asynchronous.Association

    state = _of_association(lambda one: one.state)
    peer = _of_association(lambda one: one.peer)
    calling_ae = _of_association(lambda one: one.calling_ae)
    is_requestor = _of_association(lambda one: one.is_requestor)
    window = _of_association(lambda one: one.window)
    contexts = _of_association(lambda one: one.contexts)
    request = _of_association(lambda one: one.request)
    accept = _of_association(lambda one: one.accept)
    identity = _of_association(lambda one: one.identity)
    peer_certificate = _of_association(lambda one: one.peer_certificate)
    remarks = _of_association(lambda one: one.remarks)
    max_pdu = _of_association(lambda one: one.max_pdu)
    peer_max_pdu = _of_association(lambda one: one.peer_max_pdu)
    pending = _of_association(lambda one: one.pending)
    queued = _of_association(lambda one: one.queued)
    closed = _of_association(lambda one: one.closed)
    ended_by = _of_association(lambda one: one.ended_by)
    addresses = _of_association(lambda one: one.addresses)
    opening = _of_association(lambda one: one.opening)
    last_activity = _of_association(lambda one: one.last_activity)
    timeouts = _of_association(lambda one: one.timeouts)
    on_timeout = _of_association(lambda one: one.on_timeout)
    handlers = _of_association(lambda one: one.handlers)

    subscribe = _calling(asynchronous.Association.subscribe)
    unsubscribe = _calling(asynchronous.Association.unsubscribe)
    context_for = _calling(asynchronous.Association.context_for)
    send = _sending(asynchronous.Association.send)
    echo = _sending(asynchronous.Association.echo)
    find = _sending(asynchronous.Association.find)
    store = _sending(asynchronous.Association.store)
    get = _sending(asynchronous.Association.get)
    move = _sending(asynchronous.Association.move)
    wait_closed = _waiting(asynchronous.Association.wait_closed)
    release = _ending(asynchronous.Association.release)
    abort = _ending(asynchronous.Association.abort)

    @property
    def operations(self) -> dict[int, Operation]:
        """The requests that have not ended, by number."""
        found = self._loop.call(lambda: dict(self._inner.operations))
        return {number: Operation(self._loop, one) for number, one in found.items()}

    def store_all(self, sources: Iterable[Source]) -> Iterator[Stored]:
        """C-STORE of many, in their order: as ``assocsh.Association.store_all``."""
        stream: Any = self._inner.store_all(sources)
        try:
            while (stored := self._loop.wait(_next(stream))) is not None:
                yield stored
        finally:
            self._loop.wait(stream.aclose())

    def __enter__(self) -> Association:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self.closed:
            self._let_go()
        elif kind is None:
            self.release()
        else:
            self.abort()

    async def _kill(self) -> None:
        await self._inner.abort()


class Listener(_Owner):
    """A listening socket and the associations that came in by it, made by ``listen``.

    ``for received in listener`` gives each instance that was written to its folder, until it is
    closed or interrupted. Leaving ``with`` closes it.
    """

    _of = asynchronous.Listener

    ae_title = _of_listener(lambda one: one.ae_title)
    host = _of_listener(lambda one: one.host)
    port = _of_listener(lambda one: one.port)
    policy = _of_listener(lambda one: one.policy)
    handlers = _of_listener(lambda one: one.handlers)
    timeouts = _of_listener(lambda one: one.timeouts)

    receive = _waiting(asynchronous.Listener.receive)
    close = _ending(asynchronous.Listener.close)

    @property
    def associations(self) -> set[Association]:
        """Those that are established. They end with the listener, if not before."""
        found = self._loop.call(lambda: self._inner.associations)
        return {Association(self._loop, one, owns=False) for one in found}

    def __iter__(self) -> Iterator[Received]:
        return self

    def __next__(self) -> Received:
        received: Received | None = self._loop.wait(_next(self._inner))
        if received is None:
            raise StopIteration
        return received

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def _kill(self) -> None:
        await self._inner.close()


async def _next(iterator: AsyncIterator[T]) -> T | None:
    """The next of an asynchronous iterator, None at its end."""
    return await anext(iterator, None)


async def _entered(opening: Connecting | Listening) -> Any:
    return await opening


def _opening(make: Callable[P, Any], facade: type[T], text: str) -> Callable[P, T]:
    """A function that waits for what ``make`` gives, on a loop of its own."""

    @_like(make, facade.__name__)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        opening = make(*args, **kwargs)
        loop = LoopThread()
        try:
            inner = loop.wait(_entered(opening))
        except BaseException:
            loop.close()
            raise
        return facade(loop, inner)  # type: ignore[call-arg]

    call.__doc__ = text
    return call


connect = _opening(
    asynchronous.connect,
    Association,
    """Open an association with ``peer``, ``AET@HOST:PORT``, and wait until it is open.

    The arguments are those of ``assocsh.connect``, and so are the exceptions.
    """,
)

listen = _opening(
    asynchronous.listen,
    Listener,
    """Listen for associations; ``port`` 0 takes a free one.

    The arguments are those of ``assocsh.listen``, and so are the exceptions: ``to`` is the folder
    for what is stored.
    """,
)


@atexit.register
def _end_all() -> None:
    """The program ends: what is still open is aborted, so that the peer hears of it."""
    for owner in tuple(_Owner._open):
        owner._let_go()
