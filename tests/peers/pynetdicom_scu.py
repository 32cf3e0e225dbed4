"""pynetdicom as an SCU in this process, without its race for responses.

Two of its threads take messages out of one queue: the one that calls ``send_*``, for the response,
and its reactor, for requests of the peer. The pause that is meant to keep them apart does not hold
on a loaded machine: the reactor takes a response, calls it unexpected and throws it away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any


def keep_responses(association: Any) -> None:
    """Leave responses to who waits for them, from now on: the reactor puts them back."""
    dimse = association.dimse
    take = dimse.get_msg
    dimse.get_msg = lambda block=False: _taken(dimse, take, block)


def keep_all_responses() -> None:
    """The same for every association of this process: an SCP that moves or gets is an SCU as well.

    For a process of pynetdicom's alone.
    """
    from pynetdicom.dimse import DIMSEServiceProvider

    take = DIMSEServiceProvider.get_msg

    def guarded(self: Any, block: bool = False) -> Any:
        return _taken(self, partial(take, self), block)

    DIMSEServiceProvider.get_msg = guarded


def _taken(dimse: Any, take: Callable[[bool], Any], block: bool) -> Any:
    """What ``take`` gives, but for a response to who does not wait for one: the reactor."""
    number, message = take(block)
    if not block and getattr(message, "MessageIDBeingRespondedTo", None) is not None:
        dimse.msg_queue.put((number, message))
        return None, None
    return number, message


if __name__ == "__main__":
    # ``python pynetdicom_scu.py qrscp ...``: one of pynetdicom's own programs, so guarded
    import runpy

    keep_all_responses()
    runpy.run_module("pynetdicom", run_name="__main__", alter_sys=True)
