"""Whatever stands in a file: a conversation or one clear error, and no other exception.

``python -m tests.captures.test_hostile 100000`` tries as many files as one likes.
"""

from __future__ import annotations

import random
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest

from assocsh.errors import UsageError
from assocsh.output.conversations import numbered, overview, page_body
from assocsh.wire.captures.streams import read
from assocsh.wire.findings import findings
from assocsh.wire.relating import relate
from tests.captures.building import ENCAPSULATED, VARIANTS
from tests.captures.test_reading import WHOLE, segments

FORMS = {name: form for name, form in (VARIANTS | ENCAPSULATED).items() if name != "gzip"}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, taken out, or put in twice."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 2, 5, 20, 100))):
        at = chance.randrange(len(made))
        match chance.randrange(5):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                made[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", bytes(4), b"\0\0\0\1"))
            case 2:
                del made[at : at + chance.randrange(1, 60)]
            case 3:
                made[at:at] = made[max(0, at - 40) : at]
            case _:
                made[at] ^= 1 << chance.randrange(8)
        if not made:
            return b""
    return bytes(made)


def attempt(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        conversation = read(path)
    except UsageError:
        return
    relate(conversation)
    numbered(conversation)
    found = findings(conversation)
    for line in overview(conversation, found):
        assert not any(unicodedata.category(character)[0] == "C" for character in line)
    page_body(conversation, found)


@pytest.mark.parametrize("form", FORMS)
def test_files_with_faults(form: str, tmp_path: Path) -> None:
    chance = random.Random(form)
    for name in WHOLE[:: 1 if form in VARIANTS else 6]:
        data = FORMS[form](segments(name))
        attempt(tmp_path / "file", mutated(data, chance))


def main() -> None:
    """As many as the first argument says."""
    chance = random.Random()
    with tempfile.TemporaryDirectory() as folder:
        made = {(form, name): FORMS[form](segments(name)) for form in FORMS for name in WHOLE}
        kinds = list(made.values())
        for _ in range(int(sys.argv[1])):
            data = mutated(chance.choice(kinds), chance)
            try:
                attempt(Path(folder) / "file", data)
            except BaseException:
                Path("fault.pcap").write_bytes(data)
                raise


if __name__ == "__main__":
    main()
