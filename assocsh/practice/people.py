"""Who and what is in the practice archive: invented patients, their studies, what is scheduled.

Eight people, each name in the character set it would have at home. Nobody of these names is meant.
All dates count from ``TODAY``, which never changes: the same archive every time. What is scheduled
is the exception: it goes with the calendar, so that who asks for today's worklist has one.
"""

from __future__ import annotations

from datetime import date, timedelta

from assocsh.records import dataclass, field

TODAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series: ``kind`` says which modality's images, ``count`` how many."""

    kind: str
    description: str
    count: int
    body_part: str = ""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One study, ``days`` before TODAY."""

    days: int
    time: str
    description: str
    referrer: str
    series: tuple[SeriesPlan, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One patient. ``charset`` is the Specific Character Set of everything about them."""

    patient_id: str
    name: str
    birth_date: str
    sex: str
    charset: str
    studies: tuple[StudyPlan, ...]


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One scheduled procedure step, ``days`` after the day on which the archive is started."""

    patient_id: str
    days: int
    time: str
    modality: str
    station: str
    description: str
    physician: str
    requested: str = field(default="")


def day(offset: int) -> str:
    """``offset`` days from TODAY as DA."""
    return (TODAY + timedelta(days=offset)).strftime("%Y%m%d")


def _series(kind: str, description: str, count: int, body_part: str = "") -> SeriesPlan:
    return SeriesPlan(kind, description, count, body_part)


PEOPLE = (
    Person(
        "PRC-1001",
        "Åkesson^Nils^Erik",
        "19580417",
        "M",
        "ISO_IR 100",
        (
            StudyPlan(
                3,
                "091512",
                "CT Abdomen med kontrast",
                "Sjöberg^Karin^^Dr",
                (
                    _series("CT", "Scout", 2, "ABDOMEN"),
                    _series("CT", "Abdomen venös fas", 14, "ABDOMEN"),
                ),
            ),
            StudyPlan(
                119,
                "140233",
                "CT Abdomen",
                "Sjöberg^Karin^^Dr",
                (_series("CT", "Abdomen nativ", 8, "ABDOMEN"),),
            ),
        ),
    ),
    Person(
        "PRC-1002",
        "Yamada^Hanako=山田^花子=やまだ^はなこ",
        "19790923",
        "F",
        "\\ISO 2022 IR 87",
        (
            StudyPlan(
                0,
                "083040",
                "脳MRI",
                "Suzuki^Ken=鈴木^健=すずき^けん",
                (
                    _series("MR", "T1 sagittal", 8, "BRAIN"),
                    _series("MR", "T2 axial", 10, "BRAIN"),
                ),
            ),
        ),
    ),
    Person(
        "PRC-1003",
        "Соколова^Ирина^Викторовна",
        "19660208",
        "F",
        "ISO_IR 144",
        (
            StudyPlan(
                1,
                "113005",
                "Рентген грудной клетки",
                "Орлов^Павел",
                (_series("CR", "PA и боковая", 2, "CHEST"),),
            ),
            StudyPlan(
                19,
                "151020",
                "УЗИ щитовидной железы",
                "Орлов^Павел",
                (_series("US", "Thyroid", 3, "THYROID"),),
            ),
        ),
    ),
    Person(
        "PRC-1004",
        "Okonkwo^Chidi",
        "19901112",
        "M",
        "",
        (
            StudyPlan(
                10,
                "072211",
                "CT Chest low dose",
                "Bello^Amina^^Dr",
                (
                    _series("CT", "Lung 1.0", 12, "CHEST"),
                    _series("SR", "Report", 1),
                ),
            ),
        ),
    ),
    Person(
        "PRC-1005",
        "Nguyễn^Thị Lan",
        "19850630",
        "F",
        "ISO_IR 192",
        (
            StudyPlan(
                46,
                "100900",
                "MRI khớp gối",
                "Trần^Minh",
                (_series("MR", "PD fat sat", 8, "KNEE"),),
            ),
        ),
    ),
    Person(
        "PRC-1006",
        "Müller^Jürgen^^Dr.",
        "19710305",
        "M",
        "ISO_IR 100",
        (
            StudyPlan(
                84,
                "163000",
                "Hand links 2 Ebenen",
                "Groß^Petra",
                (_series("CR", "Hand dv/schräg", 2, "HAND"),),
            ),
            StudyPlan(
                0,
                "101500",
                "Hand links Kontrolle",
                "Groß^Petra",
                (_series("CR", "Hand dv/schräg", 2, "HAND"),),
            ),
        ),
    ),
    Person(
        "PRC-1007",
        "O'Connor^Mary^Ellen",
        "19490727",
        "F",
        "",
        (
            StudyPlan(
                6,
                "132145",
                "US Abdomen complete",
                "Byrne^Sean^^Dr",
                (_series("US", "Abdomen", 4, "ABDOMEN"), _series("SR", "Report", 1)),
            ),
        ),
    ),
    Person(
        "PRC-1008",
        "Rossi^Giulia",
        "20011219",
        "F",
        "",
        (
            StudyPlan(
                12,
                "094500",
                "MR Lumbar spine",
                "Ferrari^Luca",
                (
                    _series("MR", "T2 sagittal", 7, "LSPINE"),
                    _series("MR", "T1 sagittal", 7, "LSPINE"),
                ),
            ),
        ),
    ),
)

WORKLIST = (
    StepPlan("PRC-1001", 0, "1330", "CT", "CT_ROOM_1", "CT Thorax", "Lind^Eva"),
    StepPlan("PRC-1004", 0, "1415", "CT", "CT_ROOM_1", "CT Chest follow-up", "Lind^Eva"),
    StepPlan(
        "PRC-1002", 1, "0900", "MR", "MR_ROOM_1", "脳MRI フォローアップ", "Sato^Yui=佐藤^結衣"
    ),
    StepPlan("PRC-1008", 1, "1030", "MR", "MR_ROOM_1", "MR Lumbar spine", "Conti^Sara"),
    StepPlan("PRC-1007", 2, "0815", "US", "US_1", "US Abdomen", "Walsh^Aoife"),
    StepPlan("PRC-1006", 7, "1100", "CR", "CR_ROOM_2", "Hand links Kontrolle", "Weiß^Ute"),
    StepPlan("PRC-1003", 8, "0930", "US", "US_1", "УЗИ щитовидной железы", "Громова^Вера"),
)
