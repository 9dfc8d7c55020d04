"""Patients: how they are searched and named in one line."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from quill.records import nhs_number

#: The identifier system of the hospital's own number.
MRN_SYSTEM_ENDINGS = ("mrn", "medical-record-number")


def fold(text: str) -> str:
    """For searching: without case, accents and punctuation, single spaces (`O’Brien-Nuñez` → `o brien nunez`)."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())


def medical_record_number(body: Mapping[str, Any]) -> str | None:
    for identifier in body.get("identifiers", ()):
        if identifier["system"].casefold().endswith(MRN_SYSTEM_ENDINGS):
            return str(identifier["value"])
    return None


def full_name(body: Mapping[str, Any]) -> str:
    """`SMITH, Anna Maria (Mrs)`: family name first and in capitals, as the NHS banner guidance has it."""
    name = body["name"]
    given = " ".join(name.get("given", ()))
    prefix = f" ({name['prefix']})" if name.get("prefix") else ""
    return f"{name['family'].upper()}{', ' if given else ''}{given}{prefix}"


def summary(body: Mapping[str, Any]) -> str:
    """One line for a list or an audit row: name, born, NHS number."""
    number = body.get("nhs_number")
    return f"{full_name(body)}, born {body['birth_date']}, NHS {nhs_number.displayed(number) if number else 'none recorded'}"


def search_words(body: Mapping[str, Any]) -> str:
    """Everything a patient is found by, folded: names, birth date, NHS number, MRN."""
    name = body["name"]
    parts = [name["family"], *name.get("given", ()), body["birth_date"], body.get("nhs_number", "")]
    return fold(" ".join([*parts, medical_record_number(body) or ""]))
