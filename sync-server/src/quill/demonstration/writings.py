"""Letters and messages made from the samples' histories, so that no screen is empty. Always the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from quill.demonstration.cast import Player, fixed_id
from quill.demonstration.patients import Sample
from quill.sync.imports import Newcomer
from quill.sync.log import Change
from quill_schemas import canonical

EXAMINATIONS = (
    "Comfortable at rest. Pulse 72 regular, blood pressure 128/78, saturations 98 % on air. Chest clear, abdomen soft.",
    "Looks well. Weight stable. Heart sounds normal, no oedema. Walks with one stick, steady.",
    "Tired but orientated. Temperature 36.8, pulse 84, blood pressure 142/86. Mild tenderness, no guarding.",
    "Skin intact. Mobile in the bay with supervision. Neurologically unchanged from the last visit.",
)
PLANS = (
    "Continue as at present. Bloods in two weeks. I will see them again in clinic in three months.",
    "Home when the physiotherapists are content. District nurse to look at the wound twice weekly.",
    "Please repeat the renal function in ten days and stop the anti-inflammatory.",
    "Discussed with the family, who agree. Review by the team on Thursday.",
)
QUESTIONS = (
    "Could you check the discharge letter for {name} before the afternoon round?",
    "{name}’s family rang; they will visit after four and would like a word.",
    "Bloods for {name} are back and unremarkable.",
    "{name} did not sleep well and asks about the pain relief.",
    "Transport for {name} is booked for ten tomorrow.",
)
STATES = {"signed": 5, "ready": 2, "draft": 3}  # of ten letters


class Writer:
    """Writes as one ward would. ``seed`` makes it the same each time."""

    def __init__(self, people: list[Player], seed: int) -> None:
        self._clinicians = [one for one in people if one.role == "Clinician"]
        self._people = people
        self._random = random.Random(seed)  # noqa: S311  (a demonstration, the same each time)

    def letters(self, patient: Newcomer, sample: Sample) -> Iterator[Change]:
        """One letter or two, each with every version it went through."""
        for number in range(1 + (self._random.random() < 0.4)):
            author = self._random.choice(self._clinicians)
            letter_id = fixed_id(f"letter/{patient.id}/{number}")
            yield from self._letter(letter_id, patient, sample, author)

    def message(self, patient: Newcomer) -> Change:
        author = self._random.choice(self._people)
        others = [one.id for one in self._people if one is not author]
        given = patient.body["name"]["given"][0]
        body = {
            "patient_id": patient.id,
            "text": self._random.choice(QUESTIONS).format(name=f"{given} {patient.body['name']['family']}"),
            "urgent": self._random.random() < 0.2,
            "to": sorted(self._random.sample(others, k=1)) if others else [],
            "attachment_ids": [],
        }
        return _created("message", fixed_id(f"message/{patient.id}"), f"patient:{patient.id}", body, author.id)

    def _letter(self, letter_id: str, patient: Newcomer, sample: Sample, author: Player) -> Iterator[Change]:
        encounter = self._random.choice(sample.history["encounters"][-6:])
        body: dict[str, Any] = {
            "patient_id": patient.id,
            "title": f"Clinic letter, {encounter['type'].removesuffix(' (procedure)').lower()}",
            "state": "draft",
            "sections": self._sections(sample, encounter),
            "recipients": [_recipient(patient)],
            "encounter_date": encounter["date"],
            "author_id": author.id,
        }
        created = _created("letter", letter_id, f"patient:{patient.id}", body, author.id)
        yield created
        state = self._random.choices(list(STATES), list(STATES.values()))[0]
        if state == "draft":
            return
        ready = created._replace(version=2, body={**body, "state": "ready"}, action="patch", fields=("state",))
        yield ready
        if state == "signed":
            signed = {**body, "state": "signed", "signed_by": author.id, "signed_at": f"{encounter['date']}T16:20:00Z"}
            yield ready._replace(version=3, body=signed, fields=("signed_at", "signed_by", "state"))

    def _sections(self, sample: Sample, encounter: dict[str, Any]) -> dict[str, Any]:
        conditions = sample.history["conditions"]
        active = [one for one in conditions if one["status"] == "active"][-4:] or conditions[-2:]
        diagnosis = "\n".join(f"- {_plain(one['name'])} (since {one['onset'][:4]})" for one in active) or "- None recorded"
        reason = _plain(encounter["reason"]) or "follow-up"
        seen = f"Seen for {reason[0].lower()}{reason[1:]}. {len(sample.history['encounters'])} earlier visits are on record."
        texts = {
            "diagnosis": ("Diagnosis", diagnosis),
            "history": ("History", seen),
            "examination": ("Examination", self._random.choice(EXAMINATIONS)),
            "plan": ("Plan", self._random.choice(PLANS)),
        }
        return {
            key: {"title": title, "order": order, "text": text}
            for order, (key, (title, text)) in enumerate(texts.items(), start=1)
        }


def _created(kind: str, record_id: str, scope: str, body: dict[str, Any], author: str) -> Change:
    canonical(body)  # refuses what could not be on the wire
    return Change(kind, record_id, scope, 1, body, author, "create", tuple(body))


def _recipient(patient: Newcomer) -> dict[str, Any]:
    gp = patient.body.get("gp")
    if gp is None:
        return {"name": "The patient"}
    return {"name": gp["name"], "role": "GP", "organisation": gp["practice"]}


def _plain(name: str) -> str:
    """SNOMED's ``Acute bronchitis (disorder)`` as a person would write it."""
    return name.partition(" (")[0]
