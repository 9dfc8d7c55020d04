"""Which scope a new record gets."""

from collections.abc import Mapping

from quill.domain.facts import Body

_NOTHING: Mapping[str, str] = {}


def scope_of(kind: str, record_id: str, body: Body, author: str, referred: Mapping[str, str] = _NOTHING) -> str | None:
    """The scope of a record by its body, for ever; None where the body names nothing to derive it from.

    `body`: as stored or as a create sends it. `author`: who creates it. `referred`: the scope, by id, of the records it
    refers to; a receipt has that of what was read.
    """
    match kind:
        case "patient":
            return f"patient:{record_id}"
        case "letter" | "attachment" | "message":
            if patient_id := body.get("patient_id"):
                return f"patient:{patient_id}"
            team_id = body.get("team_id") if kind == "message" else None
            return f"team:{team_id}" if team_id else None
        case "receipt":
            return referred.get(str(body.get("record_id")))
        case "snippet":
            if team_id := body.get("team_id"):
                return f"team:{team_id}"
            return "org" if body.get("organisation") is True else f"user:{author}"
        case "person" | "team":
            return "org"
        case _:
            return None
