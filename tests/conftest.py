"""What every test has: a home of its own, hypothesis profiles, the real peers as fixtures."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pynetdicom.fsm import InvalidEventError

from assocsh.commands.registry import load
from tests.conformance import (  # noqa: F401  (hooks, found here by pytest)
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
)
from tests.peers.fixtures import (  # noqa: F401  (fixtures, found here by pytest)
    authority,
    dcmprscp,
    dcmqrscp,
    dcmrecv,
    dicom_folder,
    good,
    instances,
    move_port,
    odil_scp,
    orthanc,
    pynetdicom_qrscp,
    pynetdicom_scp,
    serve,
    simple_storage,
    start_dcmjs,
    start_pynetdicom_scp,
    start_storescp,
    storescp,
    tinypacs,
)
from tests.peers.programs import need

load()  # tests are made of commands when they are collected

# Two shared cores: a deadline measures the neighbours. In CI each run tries the same examples, so
# that a red run means a changed program.
settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: whoever collects garbage after each test need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test, and no program that it starts, reads or writes the user's own files."""
    home = tmp_path_factory.mktemp("home")
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_CACHE_HOME": home / ".cache",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            patch.setenv(name, str(folder))
        for name in [name for name in os.environ if name.startswith("ASSOCSH_")]:
            if name != "ASSOCSH_REQUIRE_PEERS":
                patch.delenv(name)
        yield home


@pytest.fixture(autouse=True)
def _nothing_is_kept_for_the_next_test(_home_of_its_own: Path) -> Iterator[None]:
    """What a test leaves open is not what the next one is told of."""
    yield
    state = _home_of_its_own / ".local" / "state" / "assocsh"
    shutil.rmtree(state / "commitments", ignore_errors=True)
    (state / "peers").unlink(missing_ok=True)


@pytest.fixture(scope="session", autouse=True)
def _pynetdicom_ends_its_own_threads() -> Iterator[None]:
    """An event that pynetdicom's state machine has no row for ends its thread, not our test.

    It comes from the timing inside that peer (a release while an answer waits in its queue), and
    pytest makes a failure of every exception that leaves a thread.
    """
    told = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not InvalidEventError:
            told(args)

    threading.excepthook = hook
    yield
    threading.excepthook = told


@pytest.fixture(autouse=True)
def _peers_are_there(request: pytest.FixtureRequest) -> None:
    """``@pytest.mark.peer("storescp", "echoscu")``: skipped, or failed, without them."""
    for mark in request.node.iter_markers("peer"):
        need(*mark.args)
