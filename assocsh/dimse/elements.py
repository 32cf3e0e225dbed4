"""The elements of a command set (PS3.7 Table E.1-1), each by its number within group 0000.

``0x0100`` is (0000,0100). A command set is a mapping of these numbers to values; plain integers
are used for keys because a dozen look-ups are made for each message.
"""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.records import NamedTuple

COMMAND_GROUP_LENGTH = 0x0000
AFFECTED_SOP_CLASS_UID = 0x0002
REQUESTED_SOP_CLASS_UID = 0x0003
COMMAND_FIELD = 0x0100
MESSAGE_ID = 0x0110
MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
MOVE_DESTINATION = 0x0600
PRIORITY = 0x0700
COMMAND_DATA_SET_TYPE = 0x0800
STATUS = 0x0900
OFFENDING_ELEMENT = 0x0901
ERROR_COMMENT = 0x0902
ERROR_ID = 0x0903
AFFECTED_SOP_INSTANCE_UID = 0x1000
REQUESTED_SOP_INSTANCE_UID = 0x1001
EVENT_TYPE_ID = 0x1002
ATTRIBUTE_IDENTIFIER_LIST = 0x1005
ACTION_TYPE_ID = 0x1008
REMAINING_SUBOPERATIONS = 0x1020
COMPLETED_SUBOPERATIONS = 0x1021
FAILED_SUBOPERATIONS = 0x1022
WARNING_SUBOPERATIONS = 0x1023
MOVE_ORIGINATOR_AE_TITLE = 0x1030
MOVE_ORIGINATOR_MESSAGE_ID = 0x1031

SUBOPERATIONS = (
    REMAINING_SUBOPERATIONS,
    COMPLETED_SUBOPERATIONS,
    FAILED_SUBOPERATIONS,
    WARNING_SUBOPERATIONS,
)
"""The sub-operation counts of a C-GET or C-MOVE response, in their order."""


class Element(NamedTuple):
    """One row of PS3.7 Table E.1-1."""

    keyword: str
    vr: str


ELEMENTS: Mapping[int, Element] = {
    COMMAND_GROUP_LENGTH: Element("CommandGroupLength", "UL"),
    AFFECTED_SOP_CLASS_UID: Element("AffectedSOPClassUID", "UI"),
    REQUESTED_SOP_CLASS_UID: Element("RequestedSOPClassUID", "UI"),
    COMMAND_FIELD: Element("CommandField", "US"),
    MESSAGE_ID: Element("MessageID", "US"),
    MESSAGE_ID_BEING_RESPONDED_TO: Element("MessageIDBeingRespondedTo", "US"),
    MOVE_DESTINATION: Element("MoveDestination", "AE"),
    PRIORITY: Element("Priority", "US"),
    COMMAND_DATA_SET_TYPE: Element("CommandDataSetType", "US"),
    STATUS: Element("Status", "US"),
    OFFENDING_ELEMENT: Element("OffendingElement", "AT"),
    ERROR_COMMENT: Element("ErrorComment", "LO"),
    ERROR_ID: Element("ErrorID", "US"),
    AFFECTED_SOP_INSTANCE_UID: Element("AffectedSOPInstanceUID", "UI"),
    REQUESTED_SOP_INSTANCE_UID: Element("RequestedSOPInstanceUID", "UI"),
    EVENT_TYPE_ID: Element("EventTypeID", "US"),
    ATTRIBUTE_IDENTIFIER_LIST: Element("AttributeIdentifierList", "AT"),
    ACTION_TYPE_ID: Element("ActionTypeID", "US"),
    REMAINING_SUBOPERATIONS: Element("NumberOfRemainingSuboperations", "US"),
    COMPLETED_SUBOPERATIONS: Element("NumberOfCompletedSuboperations", "US"),
    FAILED_SUBOPERATIONS: Element("NumberOfFailedSuboperations", "US"),
    WARNING_SUBOPERATIONS: Element("NumberOfWarningSuboperations", "US"),
    MOVE_ORIGINATOR_AE_TITLE: Element("MoveOriginatorApplicationEntityTitle", "AE"),
    MOVE_ORIGINATOR_MESSAGE_ID: Element("MoveOriginatorMessageID", "US"),
}

KEYWORDS: Mapping[str, int] = {element.keyword: number for number, element in ELEMENTS.items()}
