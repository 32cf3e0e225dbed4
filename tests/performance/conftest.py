"""What is counted here is what the thousandth message costs, not the first."""

from __future__ import annotations

import pytest

from assocsh import records


@pytest.fixture(autouse=True)
def no_first_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first objects of a class are made in another way, with calls of their own."""
    monkeypatch.setattr(records, "_FEW", 0)
