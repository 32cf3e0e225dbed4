"""What every output format can show; ``formats.presenter`` gives the one of a format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Association
    from assocsh.dimse.responses import Response
    from assocsh.errors import AssociationError, AssocshError
    from assocsh.language.verdict import Check
    from assocsh.output.listing import Listing
    from assocsh.results.arrivals import EventReport, ReceivedFile
    from assocsh.results.columns import Columns
    from assocsh.results.progress import Progress
    from assocsh.results.request import RequestRecord
    from assocsh.wire.findings import Finding
    from assocsh.wire.steps import Told


class Presenter(Protocol):
    """Shows what happens in one format. Nothing given to it needs to be made visible before."""

    def opened(self, association: Association) -> None:
        """An association was established."""

    def ended(
        self, state: str, error: AssociationError | None, cause: Finding | None = None
    ) -> None:
        """The association ended (released, aborted, lost), or was rejected; ``cause`` is the first
        finding about that."""

    def response(self, record: RequestRecord, response: Response, dataset: Dataset | None) -> None:
        """A response that is more than an end: Pending, or with a data set."""

    def final(self, record: RequestRecord, cause: Finding | None = None) -> None:
        """A request has ended; ``cause`` is the first finding about its failure."""

    def progress(self, record: RequestRecord, progress: Progress) -> None:
        """How far a request of many parts is; only shown where programs read it."""

    def stored(self, record: RequestRecord, path: str, response: Response) -> None:
        """The peer answered for one of several files."""

    def refused(self, record: RequestRecord, path: str, error: AssocshError) -> None:
        """One of the files was refused on this side."""

    def received(self, record: RequestRecord | None, file: ReceivedFile) -> None:
        """An instance arrived and is on disk; ``record`` is the get that asked for it."""

    def reported(self, report: EventReport) -> None:
        """The peer reported an event (N-EVENT-REPORT); its receipt was confirmed."""

    def row(self, record: RequestRecord, index: int, dataset: Dataset) -> None:
        """A kept result again, the whole of it."""

    def rows(self, record: RequestRecord, columns: Columns) -> Iterator[None]:
        """All kept results of a request again; whoever shows them goes through it to the end.

        ``columns`` says which columns they have, and their order.
        There may be many: between two of them others can have their turn.
        """

    def listing(self, listing: Listing) -> None:
        """A list of something."""

    def expectation(
        self, check: Check, record: RequestRecord | None, exchange: Told | None
    ) -> None:
        """An ``expect`` was evaluated, about ``record`` or about the association.

        ``exchange`` is to be shown when it failed, None where that is done already.
        """

    def error(
        self, error: AssocshError, record: RequestRecord | None, cause: Finding | None = None
    ) -> None:
        """Something went wrong, other than a status; ``cause`` is the first finding about it."""
