"""Rule 5: the states of a letter, and what a signature protects."""

from collections.abc import Mapping
from typing import Any

from quill.domain.decision import Refusal
from quill.domain.facts import Body, Foreign, Op
from quill.domain.fields import applied, pointer
from quill.domain.refusals import refusal
from quill_schemas import sections_hash

TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"ready"}),
    "ready": frozenset({"draft", "signed"}),
    "signed": frozenset({"amended", "retracted"}),
    "amended": frozenset({"amended", "retracted"}),
    "retracted": frozenset(),
}
#: The text stands under a signature; it never changes but by an amendment.
SIGNED = frozenset({"signed", "amended", "retracted"})


def signs(op: Op, body: Body) -> bool:
    """Whether the operation puts a signature under a text: by signing it, or by amending what was signed."""
    to = (op.get("set") or {}).get("state")
    return to == "amended" or (to == "signed" and body.get("state") != "signed")


def retracts(values: Mapping[str, Any]) -> bool:
    """Whether the fields take a signed letter back, and do nothing else."""
    return values.get("state") == "retracted" and values.keys() <= {"state", "amendment_reason"}


def check(body: Body, foreign: Foreign, op: Op, own_conflict: bool) -> Refusal | str | None:
    """None: the letter's state allows the patch. Else a refusal, or the reason of a conflict.

    `body`: the letter as it is. `own_conflict`: this device has an open conflict on it.
    """
    values = op["set"]
    state, to = body["state"], values.get("state")
    moving = to is not None and (to != state or to == "amended")
    if moving and to not in TRANSITIONS[state]:
        unseen = bool(foreign.versions) or own_conflict
        return "letter_state" if unseen else refusal("letter_state", "/set/state", f"it is {state}")
    if state in SIGNED:
        if to == "amended":
            return amendment(body, values, op.get("seen_sha256"))
        if not retracts(values):
            return _edit_of_signed(foreign, values)
    if moving and to == "signed":
        return None if text_was_seen(body, values, op.get("seen_sha256")) else "signed_stale_text"
    return None


def amendment(body: Body, values: Mapping[str, Any], seen_sha256: str | None) -> Refusal | str | None:
    """One patch with the state, a reason and the text, on the current text."""
    if not values.get("amendment_reason"):
        return refusal("amendment_incomplete", "/set/amendment_reason")
    if seen_sha256 is None:
        return refusal("amendment_incomplete", "/seen_sha256")
    return None if text_was_seen(body, values, seen_sha256) else "signed_stale_text"


def text_was_seen(body: Body, values: Mapping[str, Any], seen_sha256: str | None) -> bool:
    """Whether the hash is that of the sections as they stand after the operation."""
    return seen_sha256 == sections_hash(applied("letter", body, values).get("sections", {}))


def _edit_of_signed(foreign: Foreign, values: Mapping[str, Any]) -> Refusal | str | None:
    if values.keys() <= {"state"}:
        return None  # the state it has already: no edit
    # A signature is only ever put under a text that had none: was it put there by someone else, the edit is older.
    if any(version.state == "signed" and "state" in version.fields for version in foreign.versions):
        return "signed_meanwhile"
    return refusal("letter_signed", next(pointer(f) for f in values if f != "state"))
