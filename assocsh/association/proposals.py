"""Which presentation contexts to propose: from a few words to an A-ASSOCIATE-RQ's list.

``qr,storage`` and ``CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]`` are such words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assocsh.dimse import sopclasses
from assocsh.errors import UsageError
from assocsh.uids import (
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    RLE_LOSSLESS,
    STORAGE_COMMITMENT,
    VERIFICATION,
    WORKLIST_FIND,
)
from assocsh.upperlayer.negotiation import ProposedContext, Role

MAX_CONTEXTS = 128

UNCOMPRESSED = (EXPLICIT_LE, IMPLICIT_LE)

COMPRESSED = (
    JPEG_LOSSLESS_SV1,
    JPEG_2000_LOSSLESS,
    JPEG_2000,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    JPEG_BASELINE,
)
"""Proposed for the most common image classes, one context each: a context has one accepted
transfer syntax, and a file goes out as it is or not at all."""

_COMPRESSED_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.1",  # CR
    "1.2.840.10008.5.1.4.1.1.1.1",  # DX for presentation
    "1.2.840.10008.5.1.4.1.1.1.2",  # MG for presentation
    "1.2.840.10008.5.1.4.1.1.6.1",  # US
    "1.2.840.10008.5.1.4.1.1.3.1",  # US multi-frame
    "1.2.840.10008.5.1.4.1.1.7",  # SC
    "1.2.840.10008.5.1.4.1.1.12.1",  # XA
)

_USUAL = [
    "CTImageStorage",
    "EnhancedCTImageStorage",
    "MRImageStorage",
    "EnhancedMRImageStorage",
    "MRSpectroscopyStorage",
    "ComputedRadiographyImageStorage",
    "DigitalXRayImageStorageForPresentation",
    "DigitalXRayImageStorageForProcessing",
    "DigitalMammographyXRayImageStorageForPresentation",
    "DigitalMammographyXRayImageStorageForProcessing",
    "BreastTomosynthesisImageStorage",
    "DigitalIntraOralXRayImageStorageForPresentation",
    "XRayAngiographicImageStorage",
    "EnhancedXAImageStorage",
    "XRayRadiofluoroscopicImageStorage",
    "EnhancedXRFImageStorage",
    "UltrasoundImageStorage",
    "UltrasoundMultiFrameImageStorage",
    "EnhancedUSVolumeStorage",
    "NuclearMedicineImageStorage",
    "PositronEmissionTomographyImageStorage",
    "EnhancedPETImageStorage",
    "SecondaryCaptureImageStorage",
    "MultiFrameGrayscaleByteSecondaryCaptureImageStorage",
    "MultiFrameGrayscaleWordSecondaryCaptureImageStorage",
    "MultiFrameTrueColorSecondaryCaptureImageStorage",
    "VLEndoscopicImageStorage",
    "VLMicroscopicImageStorage",
    "VLPhotographicImageStorage",
    "VideoPhotographicImageStorage",
    "VLWholeSlideMicroscopyImageStorage",
    "OphthalmicPhotography8BitImageStorage",
    "OphthalmicTomographyImageStorage",
    "TwelveLeadECGWaveformStorage",
    "GeneralECGWaveformStorage",
    "BasicTextSRStorage",
    "EnhancedSRStorage",
    "ComprehensiveSRStorage",
    "Comprehensive3DSRStorage",
    "XRayRadiationDoseSRStorage",
    "MammographyCADSRStorage",
    "KeyObjectSelectionDocumentStorage",
    "GrayscaleSoftcopyPresentationStateStorage",
    "ColorSoftcopyPresentationStateStorage",
    "SegmentationStorage",
    "SurfaceSegmentationStorage",
    "RawDataStorage",
    "SpatialRegistrationStorage",
    "EncapsulatedPDFStorage",
    "EncapsulatedCDAStorage",
    "RTImageStorage",
    "RTDoseStorage",
    "RTStructureSetStorage",
    "RTPlanStorage",
    "RTBeamsTreatmentRecordStorage",
    "RTIonPlanStorage",
]
"""The storage classes proposed unless others are asked for: what PACS see every day."""

SETS = ("default", "all", "verification", "qr", "worklist", "storage", "commitment", "mpps")
"""The names of context sets."""


Roles = tuple[tuple[str, Role], ...]


@dataclass(frozen=True, slots=True)
class ContextSpec:
    """One context to propose. ``scp``: we want to be SCP for it too (C-GET needs it)."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
    scp: bool = False


def context_specs(words: str | Sequence[str | ContextSpec]) -> list[ContextSpec]:
    """What ``words`` ask for, each context once, in order.

    Words are names of sets (``SETS``), SOP class keywords or UIDs, each perhaps with
    ``:TransferSyntax`` or ``:[A,B]``. Raises UsageError for an unknown word or an empty list.
    """
    specs: dict[ContextSpec, None] = {}
    for word in _split(words) if isinstance(words, str) else words:
        for spec in [word] if isinstance(word, ContextSpec) else _expand(word):
            specs[spec] = None
    if not specs:
        raise UsageError(
            "no presentation contexts to propose", hint="name a set: " + ", ".join(SETS)
        )
    return list(specs)


def propose(specs: Iterable[ContextSpec]) -> tuple[tuple[ProposedContext, ...], Roles]:
    """Number the contexts 1, 3, 5... and collect the roles. Raises UsageError above 128."""
    contexts = []
    roles: dict[str, Role] = {}
    for index, spec in enumerate(specs):
        if index == MAX_CONTEXTS:
            raise UsageError(
                "an association can propose 128 presentation contexts at most (PS3.8 9.3.2.2)",
                hint="name fewer SOP classes with --contexts",
            )
        contexts.append(
            ProposedContext(2 * index + 1, spec.abstract_syntax, spec.transfer_syntaxes)
        )
        if spec.scp:
            roles[spec.abstract_syntax] = Role(scu=True, scp=True)
    return tuple(contexts), tuple(roles.items())


def _split(text: str) -> list[str]:
    """At commas that are not inside brackets."""
    words, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and not depth:
            words.append(text[start:index])
            start = index + 1
    words.append(text[start:])
    return [word.strip() for word in words if word.strip()]


def _expand(word: str) -> list[ContextSpec]:
    from assocsh.datasets import dictionary

    name, colon, syntaxes = word.partition(":")
    key = name.lower()
    if not colon and key in SETS:
        return _set(key)
    uid = dictionary.sop_class_uid(name)
    if not colon:
        return [ContextSpec(uid, scp=dictionary.is_storage(uid))]
    names = syntaxes.removeprefix("[").removesuffix("]").split(",")
    chosen = tuple(dictionary.transfer_syntax_uid(one.strip()) for one in names if one.strip())
    if not chosen:
        raise UsageError(
            f"{word!r} names no transfer syntax",
            hint="write it as CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]",
        )
    return [ContextSpec(uid, chosen, scp=dictionary.is_storage(uid))]


def _set(name: str) -> list[ContextSpec]:
    from assocsh.datasets import dictionary

    verification = [ContextSpec(VERIFICATION)]
    qr = [
        ContextSpec(uid)
        for table in (sopclasses.FIND, sopclasses.MOVE, sopclasses.GET)
        for model, uid in table.items()
        if model != "worklist"
    ]
    worklist = [ContextSpec(WORKLIST_FIND)]
    if name == "verification":
        return verification
    if name == "worklist":
        return verification + worklist
    if name == "commitment":
        return [*verification, ContextSpec(STORAGE_COMMITMENT)]
    if name == "mpps":
        return [*verification, ContextSpec(MODALITY_PERFORMED_PROCEDURE_STEP)]
    compressed = [
        ContextSpec(uid, (syntax,), scp=True)
        for uid in _COMPRESSED_CLASSES
        for syntax in COMPRESSED
    ]
    common = [ContextSpec(dictionary.sop_class_uid(word), scp=True) for word in _USUAL]
    if name == "storage":
        # Every storage class comes first; what is left of 128 goes to compressed ones.
        every = [ContextSpec(uid, scp=True) for uid in dictionary.storage_sop_classes()]
        first = [*verification, *common, *(spec for spec in every if spec not in common)]
        return (first + compressed)[:MAX_CONTEXTS]
    if name == "qr":
        # C-GET delivers on the same association: without storage contexts it cannot.
        return verification + qr + common
    base = [
        *verification,
        *qr,
        *worklist,
        ContextSpec(STORAGE_COMMITMENT),
        ContextSpec(MODALITY_PERFORMED_PROCEDURE_STEP),
    ]
    if name == "all":
        every = [ContextSpec(uid, scp=True) for uid in dictionary.storage_sop_classes()]
        rest = [spec for spec in every if spec not in common]
        return (base + common + rest)[:MAX_CONTEXTS]
    room = MAX_CONTEXTS - len(base) - len(common)
    return base + common + compressed[:room]
