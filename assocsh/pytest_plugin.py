"""The pytest plugin: a fixture with an open association, and ``.assoc`` files as tests.

::

    def test_the_archive(assoc):
        assoc.run("find study PatientID=P1; expect count == 2")
        studies = assoc.find("STUDY", {"PatientID": "P1", "StudyDate": ""})
        assert {study.StudyDate for study in studies} == {"20260101", "20260102"}

The peer is ``--assoc-peer``, the ini value ``assoc_peer``, the environment's ``ASSOCSH_PEER``, or
the practice archive. ``@pytest.mark.assoc(peer=..., options="--window 8")`` changes it for one
test. With ``--assoc`` (or ``assoc_files = true``) every ``*.assoc`` file is collected as a test.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Association
    from assocsh.scripting.outcome import ScriptOutcome

T = TypeVar("T")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("assocsh")
    group.addoption("--assoc-peer", metavar="PEER", help="peer of the assoc fixture and scripts")
    group.addoption("--assoc", action="store_true", help="collect .assoc files as tests")
    parser.addini("assoc_peer", "peer of the assoc fixture and of .assoc files", default="")
    parser.addini("assoc_files", "collect .assoc files as tests", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "assoc(peer=..., options=...): what the assoc fixture opens for this test"
    )


def peer_of(config: pytest.Config) -> str:
    """The peer that tests talk to."""
    named = config.getoption("--assoc-peer") or config.getini("assoc_peer")
    return str(named or os.environ.get("ASSOCSH_PEER") or "practice")


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    config = parent.config
    asked = config.getoption("--assoc") or config.getini("assoc_files")
    if asked and file_path.suffix == ".assoc":
        collected: pytest.Collector = AssocFile.from_parent(parent, path=file_path)
        return collected
    return None


class ScriptFailed(Exception):
    """A script, or a text of commands, failed; ``lines`` say everything about it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class AssocFile(pytest.File):
    """A script is one test."""

    def collect(self) -> Iterator[pytest.Item]:
        yield AssocItem.from_parent(self, name="script")


class AssocItem(pytest.Item):
    """Runs one script, with an association of its own."""

    def runtest(self) -> None:
        outcome = asyncio.run(_run_script(str(self.path), peer_of(self.config)))
        if outcome.code:
            raise ScriptFailed(_words(outcome))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, ScriptFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.path.name


async def _run_script(name: str, peer: str) -> ScriptOutcome:
    from assocsh.commands.registry import load, new_session
    from assocsh.scripting.outcome import outcomes
    from assocsh.scripting.runner import QuietOutput, Run, RunPlan, load_all, log_problems
    from assocsh.scripting.script import environment_variables

    load()
    plan = RunPlan(
        peer=peer, open_text=_open_text(peer, ""), variables=environment_variables(os.environ)
    )
    scripts, problems = load_all([name], plan)
    if problems:
        return outcomes(log_problems(problems, ())[0].events)[0]
    run = Run(
        scripts, plan, make_session=new_session, output=lambda: QuietOutput(lambda line: None)
    )
    await run.all()
    return run.outcomes[0]


def _open_text(peer: str, options: str) -> str:
    from assocsh.language.quoting import quoted

    return f"open {quoted(peer) or peer} {options}".rstrip()


def _words(outcome: ScriptOutcome) -> list[str]:
    from assocsh.scripting.failures import failure_lines, problem_lines

    lines: list[str] = []
    for step in outcome.failures:
        lines += failure_lines(outcome, step)
    if outcome.problem is not None:
        lines += problem_lines(outcome.problem)
    return lines or [f"{outcome.file}: {outcome.verdict}"]


class AssocSession:
    """An association for tests that are not asynchronous: its event loop runs in a thread.

    ``run`` takes commands as the shell does and raises AssertionError when one of them fails.
    The other methods wait for the final response; what failed raises AssertionError as well.
    """

    def __init__(self, peer: str, options: str = "") -> None:
        from assocsh.association.loop_thread import LoopThread

        self._loop = LoopThread("assocsh fixture")
        self._peer = peer
        self._started = False
        self._options = options

    def __enter__(self) -> AssocSession:
        self.call(self._begin())
        self.run(_open_text(self._peer, self._options))
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if self._started:
                self.call(self._end())
        finally:
            self._loop.close()

    async def _begin(self) -> None:
        from assocsh.commands.registry import new_session
        from assocsh.output.sink import MemoryOutput
        from assocsh.scripting.event_log import EventLog
        from assocsh.scripting.session_log import SessionLogger

        self.session = new_session(MemoryOutput())
        self._log = EventLog("commands", asyncio.get_running_loop().time)
        self._logger = SessionLogger(self.session, self._log)
        self._started = True

    async def _end(self) -> None:
        await self.session.close()
        self._logger.close()

    @property
    def association(self) -> Association:
        """The association itself, for use in ``call``."""
        return self.session.open_association()

    @property
    def variables(self) -> Mapping[str, str]:
        """What ``let`` has kept."""
        return self.session.variables

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Await something on the loop of the association."""
        return self._loop.wait(work, timeout)

    def use(self, work: Callable[[Association], Awaitable[T]], timeout: float | None = None) -> T:
        """Call an asynchronous function with the association."""

        async def use() -> T:
            return await work(self.association)

        return self.call(use(), timeout)

    def run(self, text: str) -> list[str]:
        """Run commands; the lines of results that they wrote.

        Raises AssertionError with everything about the first failure; for a text that cannot be
        read, with the place of the mistake, before anything of it is performed.
        """
        __tracebackhide__ = True
        try:
            return self.call(self._run(text))
        except AssertionError as error:  # without the frames of the loop: they tell nothing
            raise AssertionError(str(error)) from None

    async def _run(self, text: str) -> list[str]:
        from assocsh.errors import LanguageError
        from assocsh.output.sink import MemoryOutput
        from assocsh.scripting.failures import problem_lines
        from assocsh.scripting.outcome import outcomes
        from assocsh.scripting.runner import Problem, problem_event

        try:
            self.session.parse(text)
        except LanguageError as error:
            problem = problem_event(Problem("commands", error))
            raise AssertionError("\n".join(problem_lines(problem))) from None
        output = self.session.output = MemoryOutput()
        self._log.events.clear()
        code = await self.session.run(text, source="commands")
        if code:
            outcome = outcomes(self._log.events)[0]
            raise AssertionError("\n".join(_words(outcome)))
        return output.results

    def echo(self) -> float:
        """C-ECHO: the seconds until the answer."""

        async def echo(association: Association) -> float:
            operation = association.echo()
            response = await operation.result()
            assert response.category == "Success", response
            return operation.elapsed

        return self.use(echo)

    def find(self, level: str, keys: Mapping[str, Any]) -> list[Dataset]:
        """C-FIND: the matches."""

        async def find(association: Association) -> list[Dataset]:
            found = []
            async for response in association.find(level, keys):
                if response.is_pending and response.dataset is not None:
                    found.append(response.dataset)
                assert response.category in ("Pending", "Success"), response
            return found

        return self.use(find)

    def store(self, source: Any) -> None:
        """C-STORE: a path or a data set. A warning passes."""

        async def store(association: Association) -> None:
            response = await association.store(source).result()
            assert response.category in ("Success", "Warning"), response

        self.use(store)


@pytest.fixture
def assoc(request: pytest.FixtureRequest) -> Iterator[AssocSession]:
    """An open association, released after the test."""
    mark = request.node.get_closest_marker("assoc")
    values = mark.kwargs if mark is not None else {}
    peer = str(values.get("peer") or peer_of(request.config))
    with AssocSession(peer, str(values.get("options", ""))) as session:
        yield session
