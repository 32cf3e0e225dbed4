"""How far somebody is, for people, for programs and for what marks a class: no personal data."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from assocsh.lessons.course import Course
from assocsh.lessons.lesson import Lesson
from assocsh.lessons.progress import Done, Progress
from assocsh.text.plural import plural

FORMATS = ("table", "json", "junit")


def status(lesson: Lesson, done: Done) -> str:
    """A lesson in one word, or in a few."""
    if done.ticked == lesson.version:
        return "done"
    if done.ticked:
        return "done, changed since"
    return "begun" if done.version else ""


def rows(course: Course, progress: Progress) -> list[dict[str, Any]]:
    """One lesson after the other, with its steps."""
    found = progress.of_each(course.lessons)
    return [_row(lesson, done) for lesson, done in zip(course.lessons, found, strict=True)]


def _row(lesson: Lesson, done: Done) -> dict[str, Any]:
    played = done if done.version == lesson.version else Done()
    steps = [
        {
            "step": number,
            "title": step.title,
            "status": "done"
            if number in played.done
            else ("skipped" if number in played.skipped else "open"),
            "hints": played.hints.get(number, 0),
            "solution_seen": number in played.solutions,
        }
        for number, step in enumerate(lesson.steps, 1)
    ]
    count = sum(step["status"] == "done" for step in steps)
    return {
        "number": lesson.number,
        "id": lesson.id,
        "version": lesson.version,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "tick": "✓" if done.ticked else "",
        "status": status(lesson, done),
        "steps_done": f"{count}/{len(steps)}",
        "version_done": done.ticked or None,
        "seconds": round(done.last - done.first, 1) if done.version else None,
        "steps": steps,
    }


def as_json(course: Course, progress: Progress) -> str:
    """One object per lesson and line, of type ``lesson``."""
    lines = ({"type": "lesson"} | row for row in rows(course, progress))
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def as_junit(course: Course, progress: Progress) -> str:
    """A suite for each lesson, a case for each step; one that is not done is skipped."""
    found = rows(course, progress)
    steps = [step for row in found for step in row["steps"]]
    root = Element("testsuites", {"name": "assocsh lessons"} | _counts(steps))
    for row in found:
        suite = SubElement(root, "testsuite", name=f"{row['number']}: {row['title']}")
        for name, value in _counts(row["steps"]).items():
            suite.set(name, value)
        for step in row["steps"]:
            name = f"{step['step']}: {step['title']}"
            case = SubElement(suite, "testcase", classname=row["id"], name=name)
            if step["status"] != "done":
                SubElement(case, "skipped", message=step["status"])
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, "unicode") + "\n"


def _counts(steps: list[dict[str, Any]]) -> dict[str, str]:
    skipped = sum(step["status"] != "done" for step in steps)
    return {"tests": str(len(steps)), "failures": "0", "errors": "0", "skipped": str(skipped)}


def as_text(course: Course, progress: Progress) -> str:
    """A line for each lesson that was begun, and one for each of its steps."""
    lines: list[str] = []
    for row in rows(course, progress):
        if not row["status"]:
            continue
        lines.append(
            f"{row['number']:>2} {row['title']}: {row['steps_done']} steps, {row['status']}"
        )
        for step in row["steps"]:
            hints = f", {plural(step['hints'], 'hint')}" if step["hints"] else ""
            seen = ", solution seen" if step["solution_seen"] else ""
            lines.append(f"   {step['step']:>2} {step['title']}: {step['status']}{hints}{seen}")
    return "\n".join(lines or ["no lesson was begun yet"]) + "\n"
