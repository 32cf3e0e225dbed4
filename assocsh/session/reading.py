"""The data sets of responses, decoded as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.uids import IMPLICIT_LE

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.responses import Response
    from assocsh.results.request import RequestRecord
    from assocsh.session.session import Session


def dataset_of(session: Session, record: RequestRecord, response: Response) -> Dataset:
    """The data set of a response that has one, as it will be when it is shown again.

    The first of a request whose text had to be guessed is remarked upon. Raises ProtocolError.
    """
    guessed: list[str] = []
    syntax = response.context.transfer_syntax or IMPLICIT_LE
    dataset = record.results.read(response.data or b"", syntax, guessed.append)
    if guessed and not record.results.text_guessed:
        record.results.text_guessed = True
        session.observer.remarks.say(
            f"#{record.number}: {guessed[0]}; if that is wrong, `set fallback-encoding cp1252` "
            "(or another one) says how to read it",
            "local",
        )
    return dataset
