"""Rule 8: an operation says whose record was on the screen, and a contradiction stops it."""

from collections.abc import Mapping
from typing import Literal

from quill.domain.decision import Refusal
from quill.domain.facts import Json, Op, PatientFacts
from quill.domain.fields import same
from quill.domain.refusals import refusal

_SHOWN = ("name", "birth_date", "nhs_number")


def check(op: Op, patient_id: str, patient: PatientFacts | None) -> Refusal | Literal["patient_changed"] | None:
    """None: it is the patient. A refusal where the operation doesn't say; `patient_changed` where what it says was never so.

    `patient_id`: of the record. A `delete` brings no body, so it need not say; what it says is checked.
    """
    seen = op.get("seen")
    if seen is None:
        return None if op["action"] == "delete" else refusal("seen_missing", "/seen")
    if seen["patient_id"] != patient_id:
        return refusal("seen_missing", "/seen/patient_id", "another patient was on the screen")
    if patient is None:
        return refusal("unknown_scope", "/seen/patient_id")
    if all(_was_so(field, seen.get(field), patient) for field in _SHOWN):
        return None
    return "patient_changed"


def _was_so(field: str, shown: Json, patient: PatientFacts) -> bool:
    if same(shown, patient.body.get(field)):
        return True
    return any(same(shown, once.get(field)) for once in patient.history if _speaks_of(once, field))


def _speaks_of(once: Mapping[str, Json], field: str) -> bool:
    return field in once or once.get("whole") is True
