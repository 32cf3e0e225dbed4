from __future__ import annotations

from assocsh.datasets.disk_speed import LONGEST_REST, REST, SLOW, SOON, VERY_SLOW, DiskSpeed


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_very_slow_operation_makes_a_rest() -> None:
    clock = Clock()
    disk = DiskSpeed(clock)
    disk.record(clock.now, clock.now + SLOW * 0.9)
    assert disk.is_quick
    disk.record(clock.now, clock.now + VERY_SLOW * 1.5)
    assert not disk.is_quick
    clock.now += REST + VERY_SLOW * 2
    assert disk.is_quick


def test_a_slow_operation_may_be_an_accident_but_not_two_in_a_short_time() -> None:
    clock = Clock()
    disk = DiskSpeed(clock)
    for quick in (SOON, SOON + 1, SOON - 1):
        disk.record(clock.now, clock.now + SLOW * 1.5)
        assert disk.is_quick
        for _ in range(quick):
            disk.record(clock.now, clock.now + SLOW * 0.5)
    disk.record(clock.now, clock.now + SLOW * 1.5)
    assert not disk.is_quick
    clock.now += REST + SLOW * 2
    disk.record(clock.now, clock.now + SLOW * 1.5)
    assert disk.is_quick  # what was before the rest does not count


def test_slow_again_after_a_rest_makes_a_longer_one() -> None:
    clock = Clock()
    disk = DiskSpeed(clock)
    rests = []
    for _ in range(9):
        disk.record(clock.now, clock.now + 1.0)
        began = clock.now = clock.now + 1.0
        while not disk.is_quick:
            clock.now += 0.5
        rests.append(clock.now - began)
    assert rests[:4] == [REST, REST * 2, REST * 4, REST * 8]
    assert rests[-1] == LONGEST_REST


def test_a_long_quick_time_is_not_held_against_it() -> None:
    clock = Clock()
    disk = DiskSpeed(clock)
    disk.record(clock.now, clock.now + 1.0)
    clock.now += 1000.0
    disk.record(clock.now, clock.now + 1.0)
    clock.now += 1.0 + REST
    assert disk.is_quick
