"""A course: the lessons of one folder, ours or a teacher's."""

from __future__ import annotations

from pathlib import Path

from assocsh.errors import UnusableFile, UsageError
from assocsh.lessons.lesson import SUFFIX, Lesson, read_lesson
from assocsh.text.cells import cell

OURS = Path(__file__).parent / "course"
"""The lessons that come with the program."""


class Course:
    """The lessons of a folder, in the order of their numbers."""

    def __init__(self, folder: Path, lessons: list[Lesson]) -> None:
        self.folder = folder
        self.lessons = lessons

    def numbered(self, number: int) -> Lesson:
        """The lesson of that number. Raises UsageError."""
        found = next((one for one in self.lessons if one.number == number), None)
        if found is None:
            numbers = ", ".join(str(one.number) for one in self.lessons)
            raise UsageError(f"there is no lesson {number}", hint=f"there are {numbers}")
        return found

    def after(self, lesson: Lesson) -> Lesson | None:
        """The one that comes next; None behind the last."""
        return next((one for one in self.lessons if one.number > lesson.number), None)


def read_course(folder: Path = OURS) -> Course:
    """Read every lesson of a folder. Raises UnusableFile for the first that is none."""
    if not folder.is_dir():
        raise UnusableFile(
            f"{cell(str(folder))}: no folder", path=str(folder), hint="name one with lessons in it"
        )
    lessons = [read_lesson(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not lessons:
        raise UnusableFile(
            f"{cell(str(folder))}: no lesson in it",
            path=str(folder),
            hint="a lesson is a file such as 01-name.lesson",
        )
    lessons.sort(key=lambda one: one.number)
    for name in ("number", "id"):
        seen: dict[object, Lesson] = {}
        for one in lessons:
            other = seen.setdefault(getattr(one, name), one)
            if other is not one:
                raise UnusableFile(
                    f"{cell(str(one.path))}: {name} {getattr(one, name)} is that of "
                    f"{cell(other.path.name)} too",
                    path=str(one.path),
                    hint=f"give it another {name}",
                )
    return Course(folder, lessons)
