"""The renewal of leases does not miss a dispatch that begins while it looks for the last time."""

from __future__ import annotations

import threading

from benson_execution.errors import TrailUnavailable
from benson_execution.trail.lease import Holder
from benson_execution.trail.renewal import renew_leases
from benson_execution.trail.sql import SqlTrail
from tests.chaos.warm import soon

OFTEN = 0.01
"""Seconds between two renewals."""


class Away(SqlTrail):
    """A trail that is out of reach at the first renewal, and has one lease for two more."""

    def __init__(self) -> None:
        self.renewed: list[int] = []

    def renew(self, holder: Holder) -> int:
        self.renewed.append(1 if len(self.renewed) < 3 else 0)
        if len(self.renewed) == 1:
            raise TrailUnavailable("the trail is away")
        return self.renewed[-1]


class Observed(SqlTrail):
    """A trail in which a dispatch begins while a renewal looks for leases, and finds none."""

    def __init__(self) -> None:
        self.held = 0
        self.renewed: list[int] = []
        self.begun = threading.Event()

    def renew(self, holder: Holder) -> int:
        found = self.held
        if not self.begun.is_set():
            # It has looked and found nothing; right now, another thread begins a dispatch.
            self.begun.set()
            self.held = 1
            other = threading.Thread(target=renew_leases, args=(self, OFTEN))
            other.start()
            other.join(1)
        self.renewed.append(found)
        if len(self.renewed) > 3:
            self.held = 0  # so that the renewal ends, and its thread with it
        return found


def test_a_dispatch_that_begins_while_the_renewal_ends_is_renewed() -> None:
    """Or it would look dead to other machines, two minutes later, and be closed."""
    trail = Observed()
    before = set(threading.enumerate())
    renew_leases(trail, OFTEN)

    soon(lambda: len(trail.renewed) > 1, "the lease of the second dispatch is renewed", patience=5)

    assert 1 in trail.renewed
    soon(lambda: not set(threading.enumerate()) - before, "the renewal ends")


def test_a_renewal_that_failed_is_tried_again() -> None:
    """A trail that was away for a moment must not cost a living process its dispatches."""
    trail = Away()
    before = set(threading.enumerate())
    renew_leases(trail, OFTEN)

    soon(lambda: len(trail.renewed) == 4, "it is renewed until nothing is held", patience=5)

    soon(lambda: not set(threading.enumerate()) - before, "the renewal ends")
