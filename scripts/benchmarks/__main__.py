"""``scripts/bench``: runs the rows, alternating between the clients, and shows what came of it."""

from __future__ import annotations

import argparse
import compileall
import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import rows_echo, rows_program, rows_query, rows_scale, rows_start, rows_store
from benchmarks.bench import ROOT, Bench, RunFailed
from benchmarks.model import Medians, Result, Row, Sample
from benchmarks.report import as_json, document, machine, table

ROWS: dict[str, Callable[[Bench], Row]] = {
    "start-up": rows_program.start_up,
    "program-store": rows_program.program_store,
    "program-get": rows_program.program_get,
    "program-move": rows_program.program_move,
    "program-serve": rows_program.program_serve,
    "program-large": rows_program.program_large,
    "echo": rows_echo.echo,
    "echo-stock": rows_echo.echo_stock,
    "echo-window": rows_echo.echo_window,
    "echo-window-dcmjs": rows_echo.echo_window_dcmjs,
    "store-16k": rows_store.store_16k,
    "store-128k": rows_store.store_128k,
    "store-stock": rows_store.store_stock,
    "store-small": rows_store.store_small,
    "store-window": rows_store.store_window,
    "store-captured": rows_store.store_captured,
    "store-large": rows_store.store_large,
    "receive-large": rows_store.receive_large,
    "find": rows_query.find,
    "get": rows_query.get,
    "prompt": rows_start.prompt,
    "menu": rows_start.menu,
    "typing": rows_start.typing,
    "import": rows_start.imports,
    "scale-matches": rows_scale.matches,
    "scale-store": rows_scale.store,
    "scale-received": rows_scale.received,
    "scale-echoes": rows_scale.echoes,
    "scale-associations": rows_scale.associations,
    "scale-at-once": rows_scale.at_once,
    "scale-requests": rows_scale.requests,
    "scale-history": rows_scale.history,
    "scale-peers": rows_scale.peers,
}


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def measure(row: Row, rounds: int) -> Result:
    """Each client once a round, so that what else the machine does meets all of them alike.

    In another order each round: what ran just before leaves memory and caches warm or cold.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in row.clients}
    failures: dict[str, str] = {}
    for number in range(rounds):
        for name in random.Random(number).sample(list(row.clients), len(row.clients)):
            if name in failures:
                continue
            say(f"  {row.name}: {name} ({number + 1} of {rounds})")
            try:
                samples[name].append(row.clients[name]())
            except (RunFailed, AssertionError) as error:
                failures[name] = str(error).splitlines()[0]
    medians = {name: Medians.of(got) for name, got in samples.items() if got}
    return Result(row, medians, failures)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="How fast assocsh is, beside the peer programs of this machine: the same work, "
        "the same SCP, runs in turn. Rows of programs (start-up, program-*, scale-*) are whole "
        "processes; in the others assocsh is measured from inside, and start-up of DCMTK's "
        "programs is measured and taken off.",
        epilog="rows: " + ", ".join(ROWS),
    )
    parser.add_argument(
        "--rows", metavar="NAME,NAME", help="these rows only; 'echo*' is all that begin so"
    )
    parser.add_argument("--quick", action="store_true", help="less work: minutes, and more noise")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="runs of each client (default 5, quick 2)"
    )
    parser.add_argument("--json", action="store_true", help="JSON on stdout in place of the table")
    parser.add_argument(
        "--document", metavar="FILE", type=Path, help="write the rows into the table of FILE too"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 when a figure does not hold")
    parser.add_argument("--list", action="store_true", help="name the rows and what they measure")
    return parser.parse_args()


def chosen(names: str | None) -> list[str]:
    if names is None:
        return list(ROWS)
    found = []
    for name in names.split(","):
        matching = [
            row for row in ROWS if row == name or (name[-1:] == "*" and row.startswith(name[:-1]))
        ]
        if not matching:
            raise SystemExit(f"there is no row {name!r}; the rows are: {', '.join(ROWS)}")
        found += [row for row in matching if row not in found]
    return found


def main() -> int:
    options = arguments()
    if options.list:
        for name, make in ROWS.items():
            print(f"{name:18} {make.__doc__}")
        return 0
    # As an installed program has it, whatever PYTHONDONTWRITEBYTECODE says where this runs.
    compileall.compile_dir(ROOT / "assocsh", quiet=1)
    results = []
    for name in chosen(options.rows):
        with tempfile.TemporaryDirectory(prefix="assocsh-bench-") as folder:
            bench = Bench(Path(folder), quick=options.quick)
            try:
                row = ROWS[name](bench)
                rounds = options.rounds or (2 if options.quick else row.rounds or 5)
                result = measure(row, rounds)
            finally:
                bench.close()
        results.append(result)
        if options.document is not None:
            document(options.document, [result])
        if not options.json:
            print(table(result), flush=True)
    if options.json:
        print(json.dumps(as_json(results), indent=1))
    else:
        print(machine())
    held = all(
        figure.holds(value)
        for result in results
        for figure in result.row.figures
        if (value := figure.value(result.medians)) is not None
    )
    return 0 if held or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
