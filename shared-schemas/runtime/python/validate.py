"""Validators on jsonschema-rs: whether a value is of a named type, in paths and plain words."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import orjson

from .canonical import DEEPEST, NotCanonical, canonical
from .constants import DEFAULTS, FIELDS, KINDS
from .fields import element_name
from .formats import is_calendar_date, is_nhs_number, is_timestamp
from .types import Kind

__all__ = ["validate_body", "validate_text", "validator"]

#: What is wrong, where: (JSON Pointer into the value, words). Words never repeat the value, which may be a patient's.
Fault = tuple[str, str]
Check = Callable[[Any], list[Fault]]

_BUNDLE = orjson.loads((Path(__file__).parent / "schemas.json").read_bytes())
_REGISTRY = jsonschema_rs.Registry(list(_BUNDLE["schemas"].items()))
_BASE = next(iter(_BUNDLE["schemas"])).removesuffix("common.schema.json")
_FORMATS: dict[str, Callable[[str], bool]] = {
    "calendar-date": is_calendar_date,
    "timestamp": is_timestamp,
    "nhs-number": is_nhs_number,
}
_WORDS = {
    "type": "of the wrong type",
    "enum": "not one of the possible values",
    "const": "not one of the possible values",
    "minLength": "empty",
    "minItems": "empty",
    "calendar-date": "no real date",
    "timestamp": "no instant as RFC 3339 has it",
    "nhs-number": "not a valid NHS number",
}
_NOTHING_ELSE = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_STRICT_INTEGER
)
_KINDS = {dict, list, str, int, bool, type(None)}
_OTHERWISE = "not in the form the contract has"


@functools.cache
def validator(name: str) -> Check:
    """The check of a named type (`Operation`, `PushEnvelope`, `Patient`): value → faults, none when it holds."""
    by_schema = named_check(name)

    def check(value: Any) -> list[Fault]:
        return validate_text(value) or by_schema(value)

    return check


@functools.cache
def named_check(name: str) -> Check:
    """The same by the schema alone, of a value whose text was checked."""
    return schema_check({"$ref": _BUNDLE["types"][name]})


def validate_body(kind: Kind, body: Any) -> list[Fault]:
    """Whether a whole body, the server's fields included, is one that may be stored."""
    return validator(kind.capitalize())(body) or twins(kind, body)


def validate_text(value: Any) -> list[Fault]:
    """What no schema can see: floats, integers beyond ±2^53, NUL, lone surrogates. At most one fault, with its path."""
    if _is_plain(value):
        return []
    try:
        packed = canonical(value)
    except NotCanonical as fault:
        return [(fault.path, fault.message)]
    return _find_nul(value, "") if b"\\u0000" in packed else []


def _is_plain(value: Any) -> bool:
    """Whether there is no fault, where that is quickly said: what orjson writes has no lone surrogate and no key but text."""
    try:
        packed = orjson.dumps(value, option=_NOTHING_ELSE)
    except (orjson.JSONEncodeError, RecursionError):
        return False
    return b"\\u0000" not in packed and _has_no_fraction(value)


def _has_no_fraction(value: Any) -> bool:
    """Whether there is nothing but text, integers, booleans and null, nowhere too deep. Looked through level by level."""
    level = [value]
    for _ in range(DEEPEST):
        kinds = set(map(type, level))
        if not kinds <= _KINDS:
            return False
        below = [item for one in level if type(one) is dict for item in one.values()] if dict in kinds else []
        if list in kinds:
            below += [item for one in level if type(one) is list for item in one]
        if not below:
            return True
        level = below
    return False


def schema_check(schema: dict[str, Any]) -> Check:
    """By the schema alone; the text was checked before (a lone surrogate makes the validator raise)."""
    compiled = _compiled(schema)

    def check(value: Any) -> list[Fault]:
        if compiled.is_valid(value):
            return []
        return sorted({fault for error in compiled.iter_errors(value) for fault in _said(error)})

    return check


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, registry=_REGISTRY, formats=_FORMATS, validate_formats=True)


@functools.cache
def property_check(kind: Kind, name: str) -> Check:
    """One member of a kind's body."""
    return schema_check({"$ref": f"{_BASE}records/{kind}.schema.json#/properties/{name}"})


@functools.cache
def create_check(kind: Kind) -> Check:
    """A kind's body without the server's fields, which a create may not send."""
    schema = _BUNDLE["schemas"][f"{_BASE}records/{kind}.schema.json"]
    required = [name for name in schema["required"] if schema["properties"][name]["x-class"] != "server"]
    return schema_check({**schema, "$id": f"{_BASE}create/{kind}.schema.json", "required": required})


def is_sound_create(operation: Any) -> bool:
    """Whether nothing is wrong with an operation that makes a record, its text apart: said at once, by one look of the schema.

    False says nothing: it may be another action, and only the checks one by one tell what is wrong and where.
    """
    if type(operation) is not dict or operation.get("action") != "create" or operation.get("kind") not in KINDS:
        return False
    kind = operation["kind"]
    return _sound_create(kind).is_valid(operation) and not twins(kind, operation["set"])


@functools.cache
def _sound_create(kind: Kind) -> jsonschema_rs.Draft202012Validator:
    schema = _BUNDLE["schemas"][f"{_BASE}records/{kind}.schema.json"]
    sent = {name: rule for name, rule in schema["properties"].items() if rule["x-class"] != "server"}
    required = [name for name in schema["required"] if name in sent and name not in DEFAULTS[kind]]
    made = {**schema, "$id": f"{_BASE}sound/{kind}.schema.json", "properties": sent, "required": required}
    return _compiled({"allOf": [{"$ref": _BUNDLE["types"]["Operation"]}, {"properties": {"set": made}}]})


def twins(kind: Kind, body: dict[str, Any]) -> list[Fault]:
    """Elements of a set under a key that is taken: the two would be one field."""
    faults = []
    for rule in FIELDS[kind].values():
        elements = body.get(rule["property"])
        if "key" not in rule or not isinstance(elements, list) or len(elements) < 2:
            continue
        taken: set[str] = set()
        for index, element in enumerate(elements):
            name = element_name(rule, element)
            if name in taken:
                faults.append((f"/{rule['property']}/{index}", "there is one of this name already"))
            taken.add(name)
    return faults


def pointer(key: str) -> str:
    """A key as a part of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _find_nul(value: Any, path: str) -> list[Fault]:
    if isinstance(value, str):
        return [(path, "a text with NUL")] if "\x00" in value else []
    if isinstance(value, dict):
        if any("\x00" in key for key in value):
            return [(path, "a key with NUL")]
        parts = [(f"{path}/{pointer(key)}", item) for key, item in value.items()]
    elif isinstance(value, list):
        parts = [(f"{path}/{index}", item) for index, item in enumerate(value)]
    else:
        return []
    return next((fault for inner, item in parts if (fault := _find_nul(item, inner))), [])


def _said(error: jsonschema_rs.ValidationError) -> list[Fault]:
    path = "".join(f"/{pointer(str(part))}" for part in error.instance_path)
    kind = cast(Any, error.kind)  # each kind of error has members of its own
    match kind.name:
        case "additionalProperties":
            return [(f"{path}/{pointer(name)}", "unknown field") for name in kind.unexpected]
        case "required":
            return [(f"{path}/{pointer(kind.property)}", "missing")]
        case "format":
            return [(path, _WORDS.get(kind.format, _OTHERWISE))]
        case "maxLength" | "maxItems" | "maxProperties":
            return [(path, f"too long: at most {kind.limit}")]
        case "minimum" | "maximum":
            return [(path, f"out of range: the limit is {kind.limit}")]
        case name:
            return [(path, _WORDS.get(name, _OTHERWISE))]
