"""Which presentation contexts to propose: from a few words to an A-ASSOCIATE-RQ's list.

``qr,storage`` and ``CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]`` are such words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from assocsh.datasets.context_words import CONTEXT_SETS, ContextWord, read_word, read_words
from assocsh.dimse import sopclasses
from assocsh.errors import UsageError
from assocsh.records import NamedTuple, dataclass, field
from assocsh.uids import (
    COLOR_PRINT_META,
    CT_IMAGE_STORAGE,
    EXPLICIT_LE,
    GRAYSCALE_PRINT_META,
    IMPLICIT_LE,
    INSTANCE_AVAILABILITY_NOTIFICATION,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION,
    MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
    MR_IMAGE_STORAGE,
    RLE_LOSSLESS,
    SECONDARY_CAPTURE_IMAGE_STORAGE,
    STORAGE_COMMITMENT,
    UPS_EVENT,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
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
    CT_IMAGE_STORAGE,
    MR_IMAGE_STORAGE,
    "1.2.840.10008.5.1.4.1.1.1",  # CR
    "1.2.840.10008.5.1.4.1.1.1.1",  # DX for presentation
    "1.2.840.10008.5.1.4.1.1.1.2",  # MG for presentation
    "1.2.840.10008.5.1.4.1.1.6.1",  # US
    "1.2.840.10008.5.1.4.1.1.3.1",  # US multi-frame
    SECONDARY_CAPTURE_IMAGE_STORAGE,
    "1.2.840.10008.5.1.4.1.1.12.1",  # XA
)

_DEEP = frozenset(
    (
        MR_IMAGE_STORAGE,
        "1.2.840.10008.5.1.4.1.1.1",  # CR
        "1.2.840.10008.5.1.4.1.1.1.1",  # DX for presentation
        "1.2.840.10008.5.1.4.1.1.1.2",  # MG for presentation
    )
)
"""Of these, those whose pixels have more bits than the eight of JPEG Baseline (PS3.5 8.2.1)."""

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

_RETRIEVE = frozenset(sopclasses.GETS.values())

_REPORTED = frozenset(
    (STORAGE_COMMITMENT, UPS_EVENT, MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION)
)
"""Classes whose SCP opens an association to report events (PS3.4 J.3.3, CC.2.4, F.9.2)."""

Roles = tuple[tuple[str, Role], ...]


class Usefulness(IntEnum):
    """In which order contexts stay when more than 128 are wanted: what was named stays longest."""

    NAMED = 0
    SERVICE = 1
    USUAL = 2
    COMPRESSED = 3
    RARE = 4


@dataclass(frozen=True, slots=True)
class ContextSpec:
    """One context to propose: ``abstract_syntax`` and ``transfer_syntaxes`` are UIDs.

    ``scp``: we want to be SCP for it too, where a C-GET needs that.
    ``usefulness`` says how soon it gives way to others; it is no part of what is proposed.
    """

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
    scp: bool = False
    usefulness: Usefulness = field(default=Usefulness.NAMED, compare=False)


class Proposal(NamedTuple):
    """What goes into an A-ASSOCIATE-RQ, and the contexts for which it has no room."""

    contexts: tuple[ProposedContext, ...]
    roles: Roles
    left_out: tuple[ContextSpec, ...]

    @property
    def remark(self) -> str:
        """What was left out, in a sentence; empty when nothing was."""
        if not self.left_out:
            return ""
        from assocsh.datasets.dictionary import uid_name

        names = dict.fromkeys(uid_name(spec.abstract_syntax) for spec in self.left_out)
        shown = ", ".join(list(names)[:3]) + (", ..." if len(names) > 3 else "")
        return (
            f"{len(self.contexts)} of {len(self.contexts) + len(self.left_out)} presentation "
            f"contexts are proposed, an association has no room for more (PS3.8 9.3.2.2); left "
            f"out are the least usual ones: {shown}; name those that are needed with --contexts: "
            "`probe ctx` finds out which the peer takes"
        )


def context_specs(words: str | Sequence[str | ContextSpec]) -> list[ContextSpec]:
    """What ``words`` ask for, each context once, in order.

    Words are names of sets (``CONTEXT_SETS``), SOP class keywords or UIDs, each perhaps with
    ``:TransferSyntax`` or ``:[A,B]``. There may be more than an association has room for:
    ``propose`` chooses. Raises UsageError for an unknown word or an empty list.
    """
    specs: dict[ContextSpec, ContextSpec] = {}
    for word in read_words(words) if isinstance(words, str) else map(_read, words):
        for spec in [word] if isinstance(word, ContextSpec) else _expand(word):
            known = specs.setdefault(spec, spec)
            if spec.usefulness < known.usefulness:
                specs[spec] = spec
    if not specs:
        raise UsageError(
            "no presentation contexts to propose", hint="name a set: " + ", ".join(CONTEXT_SETS)
        )
    return list(specs.values())


def propose(specs: Iterable[ContextSpec]) -> Proposal:
    """Number the contexts 1, 3, 5... and collect the roles that a C-GET needs.

    Above 128 the least useful ones are left out. The SCP role (PS3.7 D.3.3.4) is proposed for
    storage only beside a context for C-GET: nothing else sends instances to the requestor of an
    association. An SCP that reports events on an association of its own has that role alone.
    Raises UsageError when more than 128 were named one by one.
    """
    wanted = list(specs)
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index].usefulness, index))
    kept = [wanted[index] for index in sorted(order[:MAX_CONTEXTS])]
    left_out = tuple(wanted[index] for index in sorted(order[MAX_CONTEXTS:]))
    if any(spec.usefulness is Usefulness.NAMED for spec in left_out):
        raise UsageError(
            f"an association can propose {MAX_CONTEXTS} presentation contexts at most "
            f"(PS3.8 9.3.2.2), and {len(wanted)} are named",
            hint="name fewer SOP classes with --contexts",
        )
    retrieves = any(spec.abstract_syntax in _RETRIEVE for spec in kept)
    roles: dict[str, Role] = {}
    for spec in kept:
        if spec.scp and spec.abstract_syntax in _REPORTED:
            roles[spec.abstract_syntax] = Role(scu=False, scp=True)
        elif spec.scp and retrieves:
            roles[spec.abstract_syntax] = Role(scu=True, scp=True)
    return Proposal(
        tuple(
            ProposedContext(2 * index + 1, spec.abstract_syntax, spec.transfer_syntaxes)
            for index, spec in enumerate(kept)
        ),
        tuple(roles.items()),
        left_out,
    )


def _read(word: str | ContextSpec) -> ContextWord | ContextSpec:
    return read_word(word) if isinstance(word, str) else word


def _expand(word: ContextWord) -> list[ContextSpec]:
    from assocsh.datasets import dictionary

    if word.of_set:
        return _set(word.of_set)
    uid = dictionary.sop_class_uid(word.name)
    chosen = tuple(map(dictionary.transfer_syntax_uid, word.syntaxes)) or UNCOMPRESSED
    return [ContextSpec(uid, chosen, scp=dictionary.may_be_stored(uid))]


def _set(name: str) -> list[ContextSpec]:
    """The contexts of a set, the most useful ones first."""
    services = [VERIFICATION]
    if name in ("default", "all", "qr"):
        tables = (sopclasses.FIND, sopclasses.MOVE, sopclasses.GET)
        services += [uid for table in tables for model, uid in table.items() if model != "worklist"]
    for uid, names in _SERVICES.items():
        if name in ("all", *names) or (name == "default" and uid not in _ASKED_FOR):
            services.append(uid)
    specs = [ContextSpec(uid, usefulness=Usefulness.SERVICE) for uid in services]
    if name in ("default", "all", "qr", "storage"):
        # C-GET delivers on the same association: without storage contexts it cannot.
        specs += _storage(rare=name in ("all", "storage"))
    return specs


_SERVICES = {
    WORKLIST_FIND: ("worklist",),
    STORAGE_COMMITMENT: ("commitment",),
    MODALITY_PERFORMED_PROCEDURE_STEP: ("mpps",),
    MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE: ("mpps",),
    GRAYSCALE_PRINT_META: ("print",),
    COLOR_PRINT_META: ("print",),
    UPS_PUSH: ("ups",),
    UPS_PULL: ("ups",),
    UPS_WATCH: ("ups",),
    UPS_EVENT: ("ups",),
    UPS_QUERY: ("ups",),
    INSTANCE_AVAILABILITY_NOTIFICATION: ("ian",),
}
"""Which set has a service beside query and retrieve."""

_ASKED_FOR = frozenset({COLOR_PRINT_META})
"""What the default leaves to who asks for it: there is little room beside the storage classes."""


def _storage(*, rare: bool) -> list[ContextSpec]:
    """The usual storage classes, the most common of them compressed too, then the ``rare`` ones."""
    from assocsh.datasets import dictionary

    usual = [dictionary.sop_class_uid(word) for word in _USUAL]
    others = dictionary.storage_sop_classes() if rare else ()
    return [
        *(ContextSpec(uid, scp=True, usefulness=Usefulness.USUAL) for uid in usual),
        *(
            ContextSpec(uid, (syntax,), scp=True, usefulness=Usefulness.COMPRESSED)
            for uid in _COMPRESSED_CLASSES
            for syntax in COMPRESSED
            if syntax != JPEG_BASELINE or uid not in _DEEP
        ),
        *(
            ContextSpec(uid, scp=True, usefulness=Usefulness.RARE)
            for uid in others
            if uid not in usual
        ),
    ]
