"""The practice archive: a small PACS to call, full of invented patients, in the same process.

``start()`` gives a ``Practice`` with a ``peer`` to open. It performs echo, find (all levels, all
matching kinds of PS3.4 C.2.2.2), get, move, store and worklist, concurrently, in whatever window
is asked for.
"""

from assocsh.practice.server import Practice, start
from assocsh.practice.settings import PracticeSettings

__all__ = ["Practice", "PracticeSettings", "start"]
