"""A FHIR R4 Patient as one of our patient bodies.

Only what our body has a field for; the resource itself is kept whole beside it, so nothing of it is lost. Read from its
JSON: a typed model would drop what it doesn't know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quill_schemas import is_calendar_date, is_nhs_number

NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
MRN_SYSTEM = "https://quill.example/identifiers/mrn"
MRN_CODE = "MR"  # http://terminology.hl7.org/CodeSystem/v2-0203

_SEXES = frozenset({"male", "female", "other", "unknown"})
_TELECOM_SYSTEMS = frozenset({"phone", "email", "fax", "pager", "sms", "url", "other"})
_TELECOM_USES = frozenset({"home", "work", "temp", "old", "mobile"})

Resource = Mapping[str, Any]
Body = dict[str, Any]


def patient_body(resource: Resource, team_ids: Sequence[str]) -> Body:
    """The body, not yet checked: what the resource lacks (a name, a whole birth date) the body's schema will name."""
    body: Body = {
        "name": _name(resource),
        "birth_date": resource.get("birthDate", ""),
        "sex": resource["gender"] if resource.get("gender") in _SEXES else "unknown",
        "nhs_number": _nhs_number(resource),
        "identifiers": _identifiers(resource),
        "address": _address(resource),
        "telecom": _telecom(resource.get("telecom", ())),
        "next_of_kin": [_next_of_kin(contact) for contact in resource.get("contact", ()) if _spoken(contact.get("name"))],
        "gp": _gp(resource),
        "deceased": _deceased(resource),
        "team_ids": sorted(set(team_ids)),
    }
    return {field: value for field, value in body.items() if value is not None}


def _name(resource: Resource) -> Body:
    """The official one, else the first."""
    names = resource.get("name") or [{}]
    chosen = next((name for name in names if name.get("use") == "official"), names[0])
    made: Body = {"family": chosen.get("family", ""), "given": list(chosen.get("given", ()))}
    if prefix := " ".join(chosen.get("prefix", ())):
        made["prefix"] = prefix
    return made


def _nhs_number(resource: Resource) -> str | None:
    values = (one.get("value", "") for one in resource.get("identifier", ()) if one.get("system") == NHS_SYSTEM)
    return next((value for value in values if is_nhs_number(value)), None)


def _identifiers(resource: Resource) -> list[Body]:
    """The hospital's own number. National numbers of elsewhere stay in the resource."""
    for one in resource.get("identifier", ()):
        codes = {coding.get("code") for coding in one.get("type", {}).get("coding", ())}
        if MRN_CODE in codes and one.get("value"):
            return [{"system": MRN_SYSTEM, "value": one["value"]}]
    return []


def _address(resource: Resource) -> Body | None:
    addresses = resource.get("address")
    if not addresses:
        return None
    chosen = next((one for one in addresses if one.get("use") == "home"), addresses[0])
    return {"lines": list(chosen.get("line", ())), "city": chosen.get("city", ""), "postcode": chosen.get("postalCode", "")}


def _telecom(points: Iterable[Resource]) -> list[Body]:
    """One for each system and use, the first; in the order of their keys, as they are stored."""
    made: dict[tuple[str, str], Body] = {}
    for point in points:
        system, use, value = point.get("system", ""), point.get("use", ""), point.get("value")
        if not value or system not in _TELECOM_SYSTEMS:
            continue
        kept = {"use": use} if use in _TELECOM_USES else {}
        made.setdefault((system, kept.get("use", "")), {"system": system, **kept, "value": value})
    return [made[key] for key in sorted(made, key=":".join)]


def _next_of_kin(contact: Resource) -> Body:
    said: Resource = next((one for one in contact.get("relationship", ()) if one.get("text") or one.get("coding")), {})
    coding = (said.get("coding") or [{}])[0]
    return {
        "name": _spoken(contact.get("name")),
        "relationship": said.get("text") or coding.get("display") or coding.get("code") or "",
        "telecom": _telecom(contact.get("telecom", ())),
    }


def _gp(resource: Resource) -> Body | None:
    names = (one.get("display") for one in resource.get("generalPractitioner", ()))
    return next(({"name": name} for name in names if name), None)


def _deceased(resource: Resource) -> str | bool | None:
    """The day; ``True`` where only the fact, or less than a day, is known."""
    if when := resource.get("deceasedDateTime"):
        return when[:10] if is_calendar_date(when[:10]) else True
    return True if resource.get("deceasedBoolean") is True else None


def _spoken(name: Resource | None) -> str:
    if not name:
        return ""
    return str(name.get("text") or " ".join([*name.get("prefix", ()), *name.get("given", ()), name.get("family", "")]).strip())
