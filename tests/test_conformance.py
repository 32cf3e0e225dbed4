"""`conformance.md` is what the tests say: every rule has one, and the file is current."""

from __future__ import annotations

from tests import conformance


def test_every_rule_and_every_scenario_is_named() -> None:
    assert not conformance.problems()


def test_the_report_is_current() -> None:
    again = 'python -m pytest -n 2 -m "rule or scenario" --write-conformance'
    lines = conformance.REPORT.read_text(encoding="utf-8").splitlines()
    for line, tests in conformance.rows().values():
        expected = f"{line} {'passed' if tests else 'not tested'} |"
        assert expected in lines, f"out of date: {again}"
    table = [line for line in lines if line.startswith("|") and not line.startswith("|--")]
    headings = len(conformance._GROUPS) + 1
    assert len(table) == len(conformance.rows()) + headings, f"out of date: {again}"
