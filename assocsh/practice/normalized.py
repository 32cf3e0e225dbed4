"""The DIMSE-N services of the practice archive: instances that are made, read, changed, removed.

``Instances`` answers the requests (PS3.7 10.1) and keeps the instances in memory; what is right for
a SOP class is in a ``Service``: one file each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from assocsh.datasets.identifiers import dataset_from
from assocsh.dimse import status
from assocsh.dimse.commandset import CommandField, Value
from assocsh.dimse.elements import ACTION_TYPE_ID, ATTRIBUTE_IDENTIFIER_LIST
from assocsh.errors import AssocshError
from assocsh.practice.generator import uid as made_uid
from assocsh.records import dataclass, field

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association import Handlers, Indication

COMMENT = 64
"""Characters of an Error Comment (PS3.7 C: LO)."""


class Refused(Exception):
    """A request that a service does not perform: the status that answers it, and why.

    ``elements`` are further elements of the command set of the response, by keyword.
    """

    def __init__(self, code: int, comment: str, **elements: Value) -> None:
        super().__init__(comment)
        self.status = code
        self.comment = comment
        self.elements = elements


@dataclass
class Instance:
    """One instance: its class, its UID, its attributes now. ``parts`` go when it goes.

    ``negotiated`` is the abstract syntax of the context that it was made on.
    """

    sop_class: str
    uid: str
    attributes: Dataset
    parts: list[str] = field(default_factory=list)
    negotiated: str = ""


class Service:
    """What is right for ``classes``. Each method raises Refused for what it does not perform."""

    classes: frozenset[str] = frozenset()
    no_such_instance = status.NO_SUCH_SOP_INSTANCE
    """What a request for an instance is answered with that is not there."""

    def created(self, instance: Instance, instances: Instances) -> None:
        """An instance is about to be there: check it, fill in what the SCP adds."""
        raise Refused(status.UNRECOGNIZED_OPERATION, "no N-CREATE for this class")

    def changing(self, instance: Instance, changes: Dataset) -> None:
        """``changes`` are about to be made to an instance."""
        raise Refused(status.UNRECOGNIZED_OPERATION, "no N-SET for this class")

    def reading(self, instance: Instance) -> None:
        """An instance is about to be read."""
        raise Refused(status.UNRECOGNIZED_OPERATION, "no N-GET for this class")

    def removing(self, instance: Instance) -> None:
        """An instance is about to be removed."""
        raise Refused(status.UNRECOGNIZED_OPERATION, "no N-DELETE for this class")

    def acted(
        self, instance: Instance | None, number: int, information: Dataset | None
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        """Perform action ``number``: what the response carries, and what to do after it."""
        raise Refused(status.NO_SUCH_ACTION, f"no action {number} for this class")

    def asked(
        self,
        indication: Indication,
        instance: Instance | None,
        number: int,
        information: Dataset | None,
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        """As ``acted``, for a service that has to know who asks."""
        return self.acted(instance, number, information)

    def shown(self, instance: Instance) -> Dataset:
        """What may be read of an instance."""
        return instance.attributes

    async def happened(self, indication: Indication, instance: Instance) -> None:
        """An instance was created or changed, and the response is on its way."""


class Instances:
    """Every normalized instance of the archive, and the handlers of the DIMSE-N requests.

    ``wait`` is how slow the archive is asked to be; it returns False when a request was cancelled.
    """

    def __init__(
        self, services: Iterable[Service], wait: Callable[[Indication], Awaitable[bool]]
    ) -> None:
        self._wait = wait
        self._services = {uid: each for each in services for uid in each.classes}
        self._instances: dict[str, Instance] = {}
        self._given = 0

    @property
    def sop_classes(self) -> frozenset[str]:
        """The SOP classes whose requests are performed."""
        return frozenset(self._services)

    def add_to(self, handlers: Handlers) -> None:
        """Perform the DIMSE-N requests of an acceptor from now on."""
        for number, perform in (
            (CommandField.N_CREATE_RQ, self._create),
            (CommandField.N_SET_RQ, self._set),
            (CommandField.N_GET_RQ, self._get),
            (CommandField.N_ACTION_RQ, self._action),
            (CommandField.N_DELETE_RQ, self._delete),
        ):
            handlers.table[number] = self._performing(perform)

    # -- for services --------------------------------------------------------------------------

    def keep(self, instance: Instance) -> None:
        """Have an instance that no N-CREATE asked for: the printer, an image box."""
        self._instances[instance.uid] = instance

    def find(self, instance_uid: str) -> Instance:
        """An instance by its UID. Raises Refused."""
        found = self._instances.get(instance_uid)
        if found is None:
            raise Refused(status.NO_SUCH_SOP_INSTANCE, "no such instance here")
        return found

    def of_class(self, sop_class: str) -> list[Instance]:
        """The instances of a class, in the order in which they were made."""
        return [one for one in self._instances.values() if one.sop_class == sop_class]

    def new_uid(self) -> str:
        """A UID for an instance that the requestor left unnamed, another one each time."""
        while True:
            self._given += 1
            chosen = made_uid("normalized", self._given)
            if chosen not in self._instances:
                return chosen

    def remove(self, instance: Instance) -> None:
        """Remove an instance with its parts."""
        for part in instance.parts:
            if part in self._instances:
                self.remove(self._instances[part])
        self._instances.pop(instance.uid, None)

    # -- the requests --------------------------------------------------------------------------

    def _performing(
        self, perform: Callable[[Indication, Service, Dataset | None], Awaitable[None]]
    ) -> Callable[[Indication], Awaitable[None]]:
        async def handler(indication: Indication) -> None:
            await self._wait(indication)
            try:
                service = self._services.get(indication.command.sop_class or "")
                if service is None:
                    raise Refused(status.NO_SUCH_SOP_CLASS, "no such class here")
                await perform(indication, service, indication.dataset)
            except Refused as refused:
                indication.respond(
                    refused.status, ErrorComment=refused.comment[:COMMENT], **refused.elements
                )
            except AssocshError as error:
                indication.respond(
                    status.PROCESSING_FAILURE,
                    ErrorComment=error.message[:COMMENT].encode("ascii", "replace").decode(),
                )

        return handler

    async def _create(
        self, indication: Indication, service: Service, attributes: Dataset | None
    ) -> None:
        command = indication.command
        asked = command.sop_instance or ""
        if asked in self._instances:
            raise Refused(status.DUPLICATE_SOP_INSTANCE, "there is such an instance already")
        instance = Instance(
            command.sop_class or "",
            asked or self.new_uid(),
            attributes or dataset_from(None),
            negotiated=indication.context.abstract_syntax,
        )
        service.created(instance, self)
        self.keep(instance)
        indication.respond(
            status.SUCCESS, service.shown(instance) or None, AffectedSOPInstanceUID=instance.uid
        )
        await service.happened(indication, instance)

    async def _set(self, indication: Indication, service: Service, changes: Dataset | None) -> None:
        instance = self._of(indication, service)
        changes = changes or dataset_from(None)
        service.changing(instance, changes)
        instance.attributes.update(changes)
        indication.respond(status.SUCCESS)
        await service.happened(indication, instance)

    async def _get(self, indication: Indication, service: Service, _: Dataset | None) -> None:
        from pydicom.dataset import Dataset

        instance = self._of(indication, service)
        service.reading(instance)
        wanted = indication.command.values.get(ATTRIBUTE_IDENTIFIER_LIST, ())
        there = found = service.shown(instance)
        if wanted and isinstance(wanted, tuple):
            found = Dataset()
            for tag in wanted:
                if tag in there:
                    found[tag] = there[tag]
        indication.respond(status.SUCCESS, found or None)

    async def _action(
        self, indication: Indication, service: Service, information: Dataset | None
    ) -> None:
        instance = self._instances.get(indication.command.sop_instance or "")
        reply, afterwards = service.asked(
            indication, instance, indication.command.number(ACTION_TYPE_ID), information
        )
        indication.respond(status.SUCCESS, reply)
        if afterwards is not None:
            await afterwards(indication)

    async def _delete(self, indication: Indication, service: Service, _: Dataset | None) -> None:
        instance = self._of(indication, service)
        service.removing(instance)
        self.remove(instance)
        indication.respond(status.SUCCESS)

    def _of(self, indication: Indication, service: Service) -> Instance:
        instance = self._instances.get(indication.command.sop_instance or "")
        if instance is None:
            raise Refused(service.no_such_instance, "no such instance here")
        if service is not self._services.get(instance.sop_class):
            raise Refused(status.CLASS_INSTANCE_CONFLICT, "the instance is of another class")
        return instance
