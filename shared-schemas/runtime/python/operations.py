"""What can be said of an operation without knowing the records: faults are values (code, path, words)."""

import functools
from typing import Any, NamedTuple

from .constants import FIELDS
from .fields import element_key, element_name, field_rule, with_defaults
from .tables import FieldRule
from .types import Kind
from .validate import (
    create_check,
    is_sound_create,
    named_check,
    pointer,
    property_check,
    twins,
    validate_text,
    validator,
)

__all__ = ["Fault", "validate_fields", "validate_operation"]


class Fault(NamedTuple):
    """What is wrong with an operation: its error_code, a JSON Pointer into the operation, words without its content."""

    error_code: str
    path: str
    message: str


def validate_operation(operation: Any) -> list[Fault]:
    """Everything wrong with an operation as such; empty when there is nothing."""
    text = validate_text(operation)
    if not text and is_sound_create(operation):
        return []
    faults = text or named_check("Operation")(operation)
    if faults:
        return [Fault(_code_at(path), path, message) for path, message in faults]
    kind, action, values = operation["kind"], operation["action"], operation.get("set")
    if action in ("delete", "void"):
        return [Fault("invalid_operation", f"/{name}", f"not with {action}") for name in ("set", "was") if operation.get(name)]
    if action == "resolve":
        return _resolve_faults(kind, values)
    if action == "patch":
        if not values:
            return [Fault("invalid_operation", "/set", "at least one field")]
        odd = values.keys() ^ operation["was"].keys()
        if odd:
            return [Fault("invalid_operation", f"/was/{pointer(min(odd))}", "was must have exactly the keys of set")]
    return validate_fields(kind, action, values)


def validate_fields(kind: Kind, action: str, values: dict[str, Any]) -> list[Fault]:
    """The `set` of a create (a body without the server's fields) or of a patch (by field keys). Its text was checked."""
    if action == "create":
        return _create_faults(kind, values)
    return [fault for key, value in values.items() for fault in _field_faults(kind, key, value)]


def _code_at(path: str) -> str:
    return "bad_value" if path.startswith(("/set/", "/was/")) else "invalid_operation"


def _create_faults(kind: Kind, values: dict[str, Any]) -> list[Fault]:
    classes = _classes(kind)
    unknown = [
        Fault("bad_field", f"/set/{pointer(key)}", f"a {kind} has no such field") for key in values if key not in classes
    ]
    servers = [
        Fault("server_field", f"/set/{pointer(key)}", "only the server sets this")
        for key in values
        if classes.get(key) == "server"
    ]
    if unknown or servers:
        return unknown + servers
    body = with_defaults(kind, values)
    return [Fault("bad_value", f"/set{path}", message) for path, message in create_check(kind)(body) or twins(kind, body)]


@functools.cache
def _classes(kind: Kind) -> dict[str, str]:
    return {rule["property"]: rule["class"] for rule in FIELDS[kind].values()}


def _field_faults(kind: Kind, key: str, value: Any) -> list[Fault]:
    path = f"/set/{pointer(key)}"
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
    if element is not None and not _key_fits(rule, element):
        return [Fault("bad_field", path, "no such key: an id in lower case, or a heading of a-z, 0-9, - and _")]
    if value is None:
        return [] if rule["removable"] else [Fault("bad_value", path, "this can't be removed")]
    found = property_check(kind, name)(value) if element is None else _element_faults(kind, rule, element, value)
    return [Fault("bad_value", path + inner, message) for inner, message in found]


def _key_fits(rule: FieldRule, element: str) -> bool:
    named = {"uuid": "Uuid", "heading": "Heading"}.get(rule.get("key", ""))
    return named is None or not validator(named)(element)


def _element_faults(kind: Kind, rule: FieldRule, element: str, value: Any) -> list[tuple[str, str]]:
    """The element stands alone in its set, so that the set's own schema says what is wrong with it."""
    check, how = property_check(kind, rule["property"]), rule.get("key")
    if how == "uuid":
        return [] if value is True else [("", "true, or null to remove")]
    if how == "heading":
        return [(path.removeprefix(f"/{element}"), message) for path, message in check({element: value})]
    faults = [(path.removeprefix("/0"), message) for path, message in check([value])]
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
