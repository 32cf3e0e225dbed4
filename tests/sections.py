"""The sections of the standard that the program names, with the titles that they have there.

Who names another one puts it in, with the title as the table of contents of its part has it: a
number that is only remembered is caught by that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = re.compile(r"PS3\.(\d+)(?![\d.])")
_NUMBER = r"(?:[A-Z]{1,2}(?:\.\d+)*|\d+(?:\.\d+)*)(?![\w-])"
_FIRST = re.compile(rf",? (?:sections? |annex(?:es)? |Annex )?({_NUMBER})")
_NEXT = re.compile(rf"(?:,| and| to) (?:Annex )?({_NUMBER})")


def named_in(text: str) -> Iterator[str]:
    """``PS3.8 9.3.4`` for each section that a text names, of a list such as ``9.1, 9.2`` too."""
    flat = " ".join(text.split())
    for part in _PART.finditer(flat):
        found = _FIRST.match(flat, part.end())
        while found is not None:
            yield f"PS3.{part[1]} {found[1]}"
            found = _NEXT.match(flat, found.end())


SECTIONS = {
    f"PS3.{part} {number}": title
    for part, titles in {
        3: """
            6 DICOM Information Model
            A Composite Information Object Definitions
            A.1.2 Overview of the Composite IOD Module Content
            C.7.2.1 General Study Module
            C.7.6.6 Multi-frame Module
            C.12.1 SOP Common Module
            C.12.1.1.2 Specific Character Set
            C.14.1.1 Failure Reason
        """,
        4: """
            6 DICOM Service Class and SOP Class Concepts
            A Verification Service Class
            B Storage Service Class
            B.2.3 Statuses
            C.2.2 Attribute Usage
            C.2.2.1 Attribute Types
            C.2.2.1.1 Unique Keys
            C.2.2.2 Attribute Matching
            C.2.2.2.1 Single Value Matching
            C.2.2.2.2 List of UID Matching
            C.2.2.2.3 Universal Matching
            C.2.2.2.4 Wild Card Matching
            C.2.2.2.5 Range Matching
            C.2.2.2.6 Sequence Matching
            C.3 Standard Query/Retrieve Information Models
            C.4.1 C-FIND Operation
            C.4.1.1.3 Identifier
            C.4.1.1.3.1 Request Identifier Structure
            C.4.1.1.4 Status
            C.4.1.2.1 Baseline Behavior of SCU
            C.4.1.2.2 Extended Behavior of SCU
            C.4.2 C-MOVE Operation
            C.4.2.1.5 Status
            C.4.3 C-GET Operation
            C.4.3.1.4 Status
            C.5 Association Negotiation
            C.6 SOP Class Definitions
            CC Unified Procedure Step Service and SOP Classes
            F Procedure Step SOP Classes
            F.7.2.1 Create Modality Performed Procedure Step SOP Instance
            F.7.2.2 Set Modality Performed Procedure Step Information
            F.7.2.2.2 Service Class User
            H Print Management Service Class
            H.3 Print Management Service Class Structure
            J Storage Commitment Service Class
            J.3.2 Operations
            J.3.3 Notifications
            K Basic Worklist Management Service
            R Instance Availability Notification Service Class
        """,
        5: """
            6.1 Support of Character Repertoires
            6.2 Value Representation (VR)
            6.2.1 Person Name (PN) Value Representation
            6.4 Value Multiplicity (VM) and Delimitation
            7 The Data Set
            7.1 Data Elements
            7.1.1 Data Element Fields
            7.4 Data Element Type
            7.5 Nesting of Data Sets
            7.8 Private Data Elements
            8.2 Native or Encapsulated Format Encoding
            9 Unique Identifiers (UIDs)
            10 Transfer Syntax
            10.1 DICOM Default Transfer Syntax
            A Transfer Syntax Specifications
            A.1 DICOM Implicit VR Little Endian Transfer Syntax
            A.2 DICOM Little Endian Transfer Syntax (Explicit VR)
            A.3 DICOM Big Endian Transfer Syntax (Explicit VR)
            A.4 Transfer Syntaxes for Encapsulation of Encoded Pixel Data
            A.5 DICOM Deflated Little Endian Transfer Syntax (Explicit VR)
            B Creating a Privately Defined Unique Identifier
        """,
        6: """
            6 Registry of DICOM Data Elements
        """,
        7: """
            6.2 The DICOM Application Layer Structure
            6.3 DICOM Message Structure and Command Set
            6.3.1 Command Set Structure
            7.1 Service Types
            7.2 DIMSE Service User Interaction
            7.3 Service Modes
            7.4 Association Services
            7.5 DIMSE Services
            7.5.2.1 Notification Service
            7.5.3.1 Sub-Operations
            7.5.3.2 Multiple Responses
            7.5.3.3 Cancellation
            8.1 DIMSE Protocol
            9.1 Services
            9.1.1 C-STORE Service
            9.1.1.1 C-STORE Parameters
            9.1.2 C-FIND Service
            9.1.3 C-GET Service
            9.1.4 C-MOVE Service
            9.1.4.1 C-MOVE Parameters
            9.1.5 C-ECHO Service
            9.1.5.1 C-ECHO Parameters
            9.3 Protocol
            9.3.2.2 C-FIND-RSP
            9.3.2.3 C-CANCEL-FIND-RQ
            10.1 Services
            10.1.1 N-EVENT-REPORT Service
            10.1.2 N-GET Service
            10.1.3 N-SET Service
            10.1.4 N-ACTION Service
            10.1.5 N-CREATE Service
            10.1.6 N-DELETE Service
            10.3 Protocol
            A.2.1 DICOM Registered Application Context Names
            C Status Type Encoding
            C.1 Success Status Class
            C.2 Pending Status Class
            C.3 Cancel Status Class
            C.4 Warning Status Class
            C.5 Failure Status Class
            D Association Negotiation
            D.3.3 DICOM Application Association Information
            D.3.3.2 Implementation Identification Notification
            D.3.3.3 Asynchronous Operations (and Sub-Operations) Window Negotiation
            D.3.3.4 SCP/SCU Role Selection Negotiation
            D.3.3.5 Service-Object Pair (SOP) Class Extended Negotiation
            D.3.3.6 Service-Object Pair (SOP) Class Common Extended Negotiation
            D.3.3.7 User Identity Negotiation
            E Command Dictionary
            E.1 Registry of DICOM Command Elements
            E.2 Retired Command Fields
        """,
        8: """
            7 OSI Upper Layer Service for DICOM Application Entities
            7.1 A-ASSOCIATE Service
            7.1.1 A-ASSOCIATE Parameters
            7.1.1.3 Calling AE Title
            7.1.1.13 Presentation Context Definition List
            7.1.2 A-ASSOCIATE Service Procedure
            7.2 A-RELEASE Service
            7.2.2 A-RELEASE Service Procedure
            7.3 A-ABORT Service
            7.4 A-P-ABORT Service
            7.6 P-DATA Service
            9 DICOM Upper Layer Protocol for TCP/IP
            9.1 Use of the Transport Service Provided By TCP
            9.1.2 Opening a TCP Transport Connection
            9.1.3 Transferring Data On a TCP Connection
            9.1.4 Closing a TCP Transport Connection
            9.1.5 ARTIM Timer
            9.2 DICOM Upper Layer Protocol for TCP/IP State Machine
            9.2.3 DICOM Upper Layer Protocol for TCP/IP State Transition Table
            9.3 DICOM Upper Layer Protocol for TCP/IP Data Units Structure
            9.3.1 General
            9.3.2 A-ASSOCIATE-RQ PDU Structure
            9.3.2.2 Presentation Context Item Structure
            9.3.2.2.1 Abstract Syntax Sub-Item Structure
            9.3.2.3 User Information Item Structure
            9.3.3 A-ASSOCIATE-AC PDU Structure
            9.3.3.2 Presentation Context Item Structure
            9.3.3.2.1 Transfer Syntax Sub-Item Structure
            9.3.4 A-ASSOCIATE-RJ PDU Structure
            9.3.5 P-DATA-TF PDU Structure
            9.3.5.1 Presentation Data Value Item Structure
            9.3.6 A-RELEASE-RQ PDU Structure
            9.3.7 A-RELEASE-RP PDU Structure
            9.3.8 A-ABORT PDU Structure
            D Upper Layer User Information
            D.1 Maximum Length Sub-Item
            E Message Exchange
            E.1 Message Fragmentation
            E.2 Message Control Header Encoding
        """,
        10: """
            7 DICOM File Format
        """,
        15: """
            B Secure Transport Connection Profiles
            E Attribute Confidentiality Profiles
        """,
    }.items()
    for number, _, title in (line.strip().partition(" ") for line in titles.strip().splitlines())
}
