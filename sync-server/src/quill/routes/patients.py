"""Patients and their letters, for other systems: read, made and changed by the same rules as on a device."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quill.body import read_named
from quill.errors import invalid_request
from quill.identity.guard import actor_of
from quill.routes.addressed import id_in, now
from quill.routes.contract import contract
from quill.routes.encoding import whole
from quill.services import services_of
from quill.sync import patients
from quill_schemas import LIMITS, is_nhs_number, validator

USUAL = 100  # patients a page
ROOM = LIMITS["max_op_bytes"]


@contract(
    response="PatientListResponse",
    query=(
        {"name": "nhs_number", "in": "query", "schema": {"type": "string"}},
        {"name": "after", "in": "query", "schema": {"type": "string", "format": "uuid"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": patients.MOST}},
    ),
)
async def list_all(request: Request) -> Response:
    """The patients one may see, by id: all of them page by page, or the one with an NHS number."""
    actor = await actor_of(request)
    asked = request.query_params
    nhs_number, after, limit = asked.get("nhs_number"), asked.get("after"), asked.get("limit", str(USUAL))
    if nhs_number is not None and not is_nhs_number(nhs_number):
        raise invalid_request([("/nhs_number", "ten digits, the last of them the right check digit")])
    if after is not None and validator("Uuid")(after):
        raise invalid_request([("/after", "the id that the last page gave as next")])
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:5]) <= patients.MOST):
        raise invalid_request([("/limit", f"1 to {patients.MOST}")])
    database = services_of(request).sync_database
    found = await patients.list_patients(database, actor, nhs_number=nhs_number, after=after, limit=int(limit))
    return whole(request, orjson.dumps(found))


@contract(response="PatientRecord")
async def one(request: Request) -> Response:
    """One patient, as the newest version has them."""
    actor = await actor_of(request)
    found = await patients.patient_of(services_of(request).sync_database, actor, id_in(request, "id"))
    return whole(request, orjson.dumps(found))


@contract(request="CreateRequest", response="Verdict")
async def create(request: Request) -> Response:
    """Makes a patient. A living one with the same NHS number makes it a conflict, which an administrator decides."""
    actor = await actor_of(request)
    said = await read_named(request, "CreateRequest", limit=ROOM)
    return whole(request, await patients.create_patient(services_of(request).writers, actor, said, now()))


@contract(request="ChangeRequest", response="Verdict")
async def change(request: Request) -> Response:
    """Changes fields of a patient; what somebody else changed meanwhile makes it a conflict, as on a device."""
    actor = await actor_of(request)
    said = await read_named(request, "ChangeRequest", limit=ROOM)
    writers = services_of(request).writers
    return whole(request, await patients.change_patient(writers, actor, id_in(request, "id"), said, now()))


@contract(response="LetterListResponse")
async def list_letters(request: Request) -> Response:
    """A patient's letters, the last changed first."""
    actor = await actor_of(request)
    found = await patients.list_letters(services_of(request).sync_database, actor, id_in(request, "id"))
    return whole(request, orjson.dumps(found))


@contract(response="LetterRecord")
async def one_letter(request: Request) -> Response:
    """One letter of a patient."""
    actor = await actor_of(request)
    database = services_of(request).sync_database
    found = await patients.letter_of(database, actor, id_in(request, "id"), id_in(request, "letter_id"))
    return whole(request, orjson.dumps(found))


@contract(request="CreateRequest", response="Verdict")
async def create_letter(request: Request) -> Response:
    """Begins a letter, as a draft. ``seen`` says which patient it was written for."""
    actor = await actor_of(request)
    said = await read_named(request, "CreateRequest", limit=ROOM)
    writers = services_of(request).writers
    return whole(request, await patients.create_letter(writers, actor, id_in(request, "id"), said, now()))


@contract(request="ChangeRequest", response="Verdict")
async def change_letter(request: Request) -> Response:
    """Changes fields of a letter: its text, its state."""
    actor = await actor_of(request)
    said = await read_named(request, "ChangeRequest", limit=ROOM)
    services = services_of(request)
    patient_id, letter_id = id_in(request, "id"), id_in(request, "letter_id")
    verdict = await patients.change_letter(
        services.sync_database, services.writers, actor, patient_id, letter_id, said, now()
    )  # fmt: skip
    return whole(request, verdict)


routes = [
    Route("/api/patients", list_all, methods=["GET"]),
    Route("/api/patients", create, methods=["POST"]),
    Route("/api/patients/{id}", one, methods=["GET"]),
    Route("/api/patients/{id}", change, methods=["PATCH"]),
    Route("/api/patients/{id}/letters", list_letters, methods=["GET"]),
    Route("/api/patients/{id}/letters", create_letter, methods=["POST"]),
    Route("/api/patients/{id}/letters/{letter_id}", one_letter, methods=["GET"]),
    Route("/api/patients/{id}/letters/{letter_id}", change_letter, methods=["PATCH"]),
]
