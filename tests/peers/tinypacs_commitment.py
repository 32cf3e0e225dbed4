"""``tiny-pacs`` that can report: ``python tinypacs_commitment.py run -c CONFIG``.

On an association for a commitment's report tiny-pacs 0.1 proposes every class it serves, more than
there are context IDs, and its thread ends with that. This one proposes the one class that a report
needs, and not Deflated Explicit VR Little Endian: pynetdicom2 offers its syntaxes in no certain
order, and deflates nothing. Everything else is its own. Test code.
"""

from __future__ import annotations

from typing import Any

from pynetdicom2.applicationentity import AEBase
from tiny_pacs.__main__ import main

COMMITMENT = "1.2.840.10008.1.20.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
_all = AEBase.copy_context_def_list


def of_reports(self: Any) -> dict[int, Any]:
    found = next(each for each in _all(self).values() if each.sop_class == COMMITMENT)
    syntaxes = [each for each in found.supported_ts if each != DEFLATED]
    return {1: type(found)(1, found.sop_class, syntaxes)}


AEBase.copy_context_def_list = of_reports

if __name__ == "__main__":
    main()
