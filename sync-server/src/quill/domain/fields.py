"""Bodies by field: what an operation's `set` names, read from and put into a stored body.

A field is a top-level key of the body (`name`, `birth_date`, an array whole) or one element of a set: `sections/plan`,
`team_ids/<uuid>`, `identifiers/<system>`, `telecom/<system>:<use or empty>`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from quill.domain.facts import Body, Json
from quill_schemas import DEFAULTS, FIELDS, FieldClass, element_key, field_key, with_defaults

#: By kind and property: the class of its fields; how the elements of a set are named.
_CLASSES: dict[str, dict[str, FieldClass]] = {
    kind: {rule["property"]: rule["class"] for rule in rules.values()} for kind, rules in FIELDS.items()
}
_KEYS: dict[str, dict[str, str]] = {
    kind: {rule["property"]: rule["key"] for rule in rules.values() if "key" in rule} for kind, rules in FIELDS.items()
}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = cast(Any, DEFAULTS)


def class_of(kind: str, field: str) -> FieldClass:
    return _CLASSES[kind][field.partition("/")[0]]


def pointer(field: str) -> str:
    """Where a field's value stands in an operation, as a JSON Pointer (RFC 6901)."""
    return "/set/" + field.replace("~", "~0").replace("/", "~1")


def _name(key: str, element: Any) -> str:
    if key == "uuid":
        return str(element)
    if key == "system":
        return str(element["system"])
    return f"{element['system']}:{element.get('use', '')}"


def value_of(kind: str, body: Body, field: str) -> Json:
    """The field's value in a stored body; None where there is none."""
    if "/" not in field:
        return body.get(field)
    name, element = element_key(field)
    held = body.get(name)
    if not held:
        return None
    key = _KEYS[kind][name]
    if key == "heading":
        return held.get(element)
    found = next((one for one in held if _name(key, one) == element), None)
    return True if key == "uuid" and found is not None else found


def normal(kind: str, field: str, value: Json) -> Json:
    """Absent is null; of a field that always stands in a body (`recipients`) it is the empty value."""
    return _DEFAULTS[kind].get(field) if value is None else value


def applied(kind: str, body: Body, values: Mapping[str, Json]) -> dict[str, Json]:
    """A new body with the fields set; null removes. The body given stays as it was."""
    new = dict(body)
    sets: dict[str, dict[str, Json]] = {}
    for field, value in values.items():
        if "/" in field:
            name, element = cast(tuple[str, str], element_key(field))
            if name not in sets:
                sets[name] = _elements(_KEYS[kind][name], body.get(name))
            if value is None:
                sets[name].pop(element, None)
            else:
                sets[name][element] = value
        elif (value := normal(kind, field, value)) is None:
            new.pop(field, None)
        else:
            new[field] = value
    for name, elements in sets.items():
        new[name] = _stored(_KEYS[kind][name], elements)
    return new


def _elements(key: str, held: Any) -> dict[str, Json]:
    if not held:
        return {}
    return dict(held) if key == "heading" else {_name(key, one): one for one in held}


def _stored(key: str, elements: dict[str, Json]) -> Json:
    if key == "heading":
        return elements
    # UTF-16 code units, as canonical JSON sorts (RFC 8785, 3.2.3) and as JavaScript compares.
    order = sorted(elements, key=lambda name: name.encode("utf-16-be"))
    return order if key == "uuid" else [elements[name] for name in order]


def split(kind: str, body: Body) -> dict[str, Json]:
    """A body as `create` sends it, by field; nulls are left out."""
    values: dict[str, Json] = {}
    keys = _KEYS[kind]
    for name, value in body.items():
        if value is None:
            continue
        key = keys.get(name)
        if key is None:
            values[name] = value
        elif key == "heading":
            for heading, section in value.items():
                values[field_key(name, heading)] = section
        else:
            for one in value:
                values[field_key(name, _name(key, one))] = True if key == "uuid" else one
    return values


def composed(kind: str, values: Mapping[str, Json]) -> dict[str, Json]:
    """The whole body of fields, with what always stands in one; sets sorted."""
    return applied(kind, with_defaults(cast(Any, kind), {}), values)


def whole(kind: str, body: Body) -> dict[str, Json]:
    """The same of a body as ``create`` sends it: ``composed(kind, split(kind, body))``, made more quickly."""
    new: dict[str, Json] = with_defaults(cast(Any, kind), cast(Any, body))
    for name, key in _KEYS[kind].items():
        held: Any = new.get(name)
        if held and (key == "heading" or len(held) > 1):
            new[name] = _stored(key, _elements(key, held))
    return new


def same(a: Json, b: Json) -> bool:
    """Equal as JSON: true is not 1, the order of keys says nothing."""
    if a is b:
        return True
    kind = type(a)
    if kind is str or a is None:
        return bool(a == b)
    if kind is dict:
        return type(b) is dict and len(a) == len(b) and all(k in b and same(v, b[k]) for k, v in a.items())
    if kind is list:
        return type(b) is list and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and (kind is bool) == (type(b) is bool)


def ordered(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(fields))
