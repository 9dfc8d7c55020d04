# Copied from shared-schemas/runtime/python/validate.py by generate.py; edit it there.
"""Validators on jsonschema-rs, and the checks a schema can't express. Faults are values: (code, path, message)."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import jsonschema_rs
import orjson

from .canonical import NotCanonical, canonical
from .constants import FIELDS, FieldRule
from .fields import element_key, element_name, field_rule, with_defaults
from .formats import is_calendar_date, is_nhs_number, is_timestamp
from .types import Kind

__all__ = ["Fault", "validate_body", "validate_fields", "validate_operation", "validate_text", "validator"]


class Fault(NamedTuple):
    """What is wrong with an operation: its error_code, a JSON Pointer into what was sent, and words."""

    error_code: str
    path: str
    message: str


_BUNDLE = orjson.loads((Path(__file__).parent / "schemas.json").read_bytes())
_REGISTRY = jsonschema_rs.Registry(list(_BUNDLE["schemas"].items()))
_FORMATS: dict[str, Callable[[str], bool]] = {
    "calendar-date": is_calendar_date,
    "timestamp": is_timestamp,
    "nhs-number": is_nhs_number,
}
_BASE = next(iter(_BUNDLE["schemas"])).removesuffix("common.schema.json")

Check = Callable[[Any], list[tuple[str, str]]]


def _compile(schema: dict[str, Any]) -> Check:
    compiled = jsonschema_rs.Draft202012Validator(schema, registry=_REGISTRY, formats=_FORMATS, validate_formats=True)

    def check(value: Any) -> list[tuple[str, str]]:
        unreadable = validate_text(value)
        if unreadable:
            return unreadable
        if compiled.is_valid(value):
            return []
        return sorted({fault for error in compiled.iter_errors(value) for fault in _said(error)})

    return check


@functools.cache
def validator(name: str) -> Check:
    """The check of a named type (`Operation`, `PushEnvelope`, `Patient`): value → [(path, message)], empty when it holds."""
    return _compile({"$ref": _BUNDLE["types"][name]})


def validate_text(value: Any) -> list[tuple[str, str]]:
    """What no schema can see: floats, integers beyond ±2^53, NUL, lone surrogates. At most one fault, with its path."""
    try:
        packed = canonical(value)
    except NotCanonical as fault:
        return [(fault.path, fault.message)]
    return _find_nul(value, "") if b"\\u0000" in packed else []


def validate_body(kind: Kind, body: Any) -> list[tuple[str, str]]:
    """Whether a whole body, server fields included, is one that may be stored."""
    return validator(kind.capitalize())(body) or _twins(kind, body, "")


def validate_operation(operation: Any) -> list[Fault]:
    """Everything about an operation that can be said without knowing the records; empty when nothing is wrong."""
    faults = validator("Operation")(operation)
    if faults:
        return [
            Fault("bad_value" if path.startswith(("/set/", "/was/")) else "invalid_operation", path, message)
            for path, message in faults
        ]
    kind, action = operation["kind"], operation["action"]
    values, was = operation.get("set"), operation.get("was")
    if action in ("delete", "void"):
        return [Fault("invalid_operation", f"/{name}", f"not with {action}") for name in ("set", "was") if operation.get(name)]
    if action == "resolve":
        return _resolve_faults(kind, values)
    if action == "patch" and values.keys() != was.keys():
        odd = min(values.keys() ^ was.keys())
        return [Fault("invalid_operation", f"/was/{_pointer(odd)}", "was must have exactly the keys of set")]
    if action == "patch" and not values:
        return [Fault("invalid_operation", "/set", "at least one field")]
    return validate_fields(kind, action, values)


def validate_fields(kind: Kind, action: str, values: dict[str, Any]) -> list[Fault]:
    """The `set` of a create (a body without the server's fields) or of a patch (by field keys)."""
    if action == "create":
        return _create_faults(kind, values)
    faults: list[Fault] = []
    for key, value in values.items():
        faults.extend(_field_faults(kind, key, value))
    return faults


def _create_faults(kind: Kind, values: dict[str, Any]) -> list[Fault]:
    faults = []
    for key, value in values.items():
        path = f"/set/{_pointer(key)}"
        rule = next((rule for rule in FIELDS[kind].values() if rule["property"] == key), None)
        if rule is None:
            faults.append(Fault("bad_field", path, f"a {kind} has no such field"))
        elif rule["class"] == "server":
            faults.append(Fault("server_field", path, "only the server sets this"))
        else:
            faults.extend(
                Fault("bad_value", path + inner, message)
                for inner, message in _property_check(kind, key)(value)
                if value is not None
            )
    if not faults:
        body = with_defaults(kind, values)
        faults = [
            Fault("bad_value", f"/set{path}", message) for path, message in _create_check(kind)(body) or _twins(kind, body, "")
        ]
    return faults


def _field_faults(kind: Kind, key: str, value: Any) -> list[Fault]:
    path = f"/set/{_pointer(key)}"
    rule = field_rule(kind, key)
    if rule is None:
        return [Fault("bad_field", path, f"a {kind} has no such field")]
    if rule["class"] == "server":
        return [Fault("server_field", path, "only the server sets this")]
    if "patch" not in rule["actions"]:
        # A letter never changes patient: that refusal has a name of its own.
        code = "wrong_patient" if (kind, key) == ("letter", "patient_id") else "bad_field"
        return [Fault(code, path, "this is fixed when the record is made")]
    name, element = element_key(key)
    if element is not None and not _element_key_fits(rule, element):
        return [Fault("bad_field", path, "no such key: an id in lower case, or a heading of a-z, 0-9, - and _")]
    if value is None:
        return [] if rule["removable"] else [Fault("bad_value", path, "this can't be removed")]
    if element is None:
        return [Fault("bad_value", path + inner, message) for inner, message in _property_check(kind, name)(value)]
    return [Fault("bad_value", path + inner, message) for inner, message in _element_faults(kind, rule, element, value)]


def _element_key_fits(rule: FieldRule, element: str) -> bool:
    how = rule.get("key")
    named = {"uuid": "Uuid", "heading": "Heading"}.get(how or "")
    return named is None or not validator(named)(element)


def _element_faults(kind: Kind, rule: FieldRule, element: str, value: Any) -> list[tuple[str, str]]:
    name, how = rule["property"], rule.get("key")
    if how == "uuid":
        return [] if value is True else [("", "true, or null to remove")]
    if how == "heading":
        return [
            (path.removeprefix(f"/{_pointer(element)}"), message)
            for path, message in _property_check(kind, name)({element: value})
        ]
    faults = [(path.removeprefix("/0"), message) for path, message in _property_check(kind, name)([value])]
    if not faults and element_name(rule, value) != element:
        return [("", "the key does not name this element")]
    return faults


def _resolve_faults(kind: Kind, values: dict[str, Any]) -> list[Fault]:
    if kind == "quarantine":
        name = "ReleaseSet"
    elif kind == "conflict":
        name = "ReturnSet" if "return" in values else "ResolveSet"
    else:
        return [Fault("invalid_operation", "/kind", "resolve decides a conflict or a quarantine record")]
    return [Fault("bad_choice", f"/set{path}", message) for path, message in validator(name)(values)]


def _twins(kind: Kind, body: dict[str, Any], path: str) -> list[tuple[str, str]]:
    """Two elements of a set under one key would be one field."""
    faults = []
    for rule in FIELDS[kind].values():
        elements = body.get(rule["property"])
        if "key" not in rule or not isinstance(elements, list):
            continue
        seen: set[str] = set()
        for index, element in enumerate(elements):
            name = element_name(rule, element)
            if name in seen:
                faults.append((f"{path}/{rule['property']}/{index}", "there is one of this name already"))
            seen.add(name)
    return faults


@functools.cache
def _property_check(kind: Kind, name: str) -> Check:
    return _compile({"$ref": f"{_BASE}records/{kind}.schema.json#/properties/{name}"})


@functools.cache
def _create_check(kind: Kind) -> Check:
    """The body without the server's fields, which a create may not send."""
    schema = _BUNDLE["schemas"][f"{_BASE}records/{kind}.schema.json"]
    own = {name for name, part in schema["properties"].items() if part["x-class"] == "server"}
    required = [name for name in schema["required"] if name not in own]
    return _compile({**schema, "$id": f"{_BASE}create/{kind}.schema.json", "required": required})


def _find_nul(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(path, "a text with NUL")] if "\x00" in value else []
    if isinstance(value, dict):
        pairs = [(f"{path}/{_pointer(key)}", item) for key, item in value.items()]
        if any("\x00" in key for key in value):
            return [(path, "a key with NUL")]
    elif isinstance(value, list):
        pairs = [(f"{path}/{index}", item) for index, item in enumerate(value)]
    else:
        return []
    return next((fault for inner, item in pairs if (fault := _find_nul(item, inner))), [])


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


_PATTERN_WORDS = "not in the form the contract has"


def _said(error: jsonschema_rs.ValidationError) -> list[tuple[str, str]]:
    """A schema's complaint as paths and plain words; never repeats what was sent, which may be a patient's."""
    path = "".join(f"/{_pointer(str(part))}" for part in error.instance_path)
    kind = error.kind
    match kind.name:
        case "additionalProperties" | "unevaluatedProperties":
            return [(f"{path}/{_pointer(name)}", "unknown field") for name in cast(Any, kind).unexpected]
        case "required":
            return [(f"{path}/{_pointer(cast(Any, kind).property)}", "missing")]
        case "type":
            return [(path, "of the wrong type")]
        case "enum" | "const":
            return [(path, "not one of the possible values")]
        case "format":
            words = {
                "calendar-date": "no real date",
                "timestamp": "no instant as RFC 3339 has it",
                "nhs-number": "not a valid NHS number",
            }
            return [(path, words.get(cast(Any, kind).format, _PATTERN_WORDS))]
        case "maxLength" | "maxItems" | "maxProperties":
            return [(path, f"too long: at most {cast(Any, kind).limit}")]
        case "minLength" | "minItems":
            return [(path, "empty")]
        case "minimum" | "maximum":
            return [(path, f"out of range: the limit is {cast(Any, kind).limit}")]
        case _:
            return [(path, _PATTERN_WORDS)]
