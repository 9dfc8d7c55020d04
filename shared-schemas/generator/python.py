"""The package `quill_schemas`: types, tables, the schemas themselves, and the hand-written modules of runtime/python."""

from __future__ import annotations

import json
import keyword
from typing import Any, ClassVar

from generator.language import Language
from generator.schemas import HERE, MARK, Schema, Types, is_record
from generator.tables import conditions, constants, error_codes

RUNTIME = HERE / "runtime/python"
TABLE_TYPES = {
    "KINDS": "tuple[Kind, ...]",
    "ROLES": "tuple[Role, ...]",
    "LIMITS": "dict[str, int]",
    "FIELDS": "dict[Kind, dict[str, FieldRule]]",
    "DEFAULTS": "dict[Kind, dict[str, Any]]",
    "PERMISSIONS": "dict[Role, dict[Kind, dict[str, Condition]]]",
    "RECEIVES": "dict[Role, Receives]",
    "CONDITIONS": "dict[Condition, str]",
    "ERRORS": "dict[str, ErrorInfo]",
}


class Python(Language):
    scalars: ClassVar = {"string": "str", "integer": "int", "boolean": "bool", "null": "None", "any": "Any"}

    def literal(self, values: list[Any]) -> str:
        return f"Literal[{', '.join(source(value) for value in values)}]"

    def array(self, item: str) -> str:
        return f"list[{item}]"

    def map(self, value: str) -> str:
        return f"dict[str, {value}]"


def files(schemas: dict[str, Schema], types: Types) -> dict[str, str]:
    out = {
        "types.py": types_module(types),
        "constants.py": constants_module(schemas),
        "schemas.json": bundle(schemas, types),
        "py.typed": "",
    }
    names = {"types": list(types.named), "constants": ["Condition", "ErrorCode", *constants(schemas, source)]}
    for module in sorted(RUNTIME.glob("*.py")):
        text = module.read_text(encoding="utf-8")
        out[module.name] = f"# Copied from shared-schemas/runtime/python/{module.name} by generate.py; edit it there.\n{text}"
        names[module.stem] = public_names(module.name, text)
    out["__init__.py"] = index(names)
    return out


def source(value: Any) -> str:
    """A JSON value as Python source."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{source(key)}: {source(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(source(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def types_module(types: Types) -> str:
    """Scalars, then records, then what is composed of both: an alias must stand after what it names."""
    language = Python(types)
    scalars: list[str] = []
    records: list[str] = []
    composed: list[str] = []
    for name, (path, schema) in types.named.items():
        if is_record(schema):
            records.append(f"\n\n{record(language, name, path, schema)}")
            continue
        alias = f"{name}: TypeAlias = {language.write(schema, path)}\n{docstring(schema)}"
        (scalars if schema.get("type") in ("string", "integer") else composed).append(alias)
    head = (
        f'"""The types of the contract. {MARK}"""\n\n# ruff: noqa: E501\nfrom __future__ import annotations\n\n'
        "from typing import Any, Literal, NotRequired, TypeAlias, TypedDict\n\n"
    )
    return head + "".join(scalars) + "".join(records) + "\n\n" + "".join(composed)


def record(language: Python, name: str, path: str, schema: Schema) -> str:
    members = {}
    for key, part in schema["properties"].items():
        written = language.write(part, path)
        members[key] = written if key in schema["required"] else f"NotRequired[{written}]"
    if any(keyword.iskeyword(key) for key in members):  # `return` can't be a member of a class
        body = "".join(f"        {source(key)}: {written!r},\n" for key, written in members.items())
        return f"{name} = TypedDict(\n    {source(name)},\n    {{\n{body}    }},\n)\n{docstring(schema)}"
    body = "".join(f"    {key}: {written}\n" for key, written in members.items())
    doc = f"    {docstring(schema)}\n" if docstring(schema) else ""
    return f"class {name}(TypedDict):\n{doc}{body}"


def docstring(schema: Schema) -> str:
    return f'"""{schema["description"]}"""\n' if "description" in schema else ""


def constants_module(schemas: dict[str, Schema]) -> str:
    literal = Python(Types({})).literal
    values = constants(schemas, source)
    for name in ("KINDS", "ROLES"):
        values[name] = f"({values[name][1:-1]})"
    lines = []
    for name, value in values.items():
        typed = f"[{TABLE_TYPES[name]}]" if name in TABLE_TYPES else ""
        lines.append(f"{name}: Final{typed} = {value}\n")
    head = (
        f'"""The tables of the contract. {MARK}"""\n\n# ruff: noqa: E501\n'
        "from typing import Any, Final, Literal, TypeAlias\n\n"
        "from .tables import ErrorInfo, FieldRule, Receives\nfrom .types import Kind, Role\n\n"
        f"Condition: TypeAlias = {literal(conditions())}\nErrorCode: TypeAlias = {literal(error_codes())}\n\n"
    )
    return head + "".join(lines)


def bundle(schemas: dict[str, Schema], types: Types) -> str:
    """What the validators read: every schema by its $id, and where each named type stands."""
    base = schemas["common.schema.json"]["$id"].removesuffix("common.schema.json")
    places = {name: base + place for place, name in types.by_place.items()}
    documents = {schema["$id"]: schema for schema in schemas.values()}
    return json.dumps({"types": places, "schemas": documents}, indent=1, ensure_ascii=False) + "\n"


def index(names: dict[str, list[str]]) -> str:
    out = [f'"""Quill\'s contract: types, tables, validators, canonical JSON, digests. {MARK}"""\n\n']
    for module in sorted(names):
        out.append(f"from .{module} import (\n" + "".join(f"    {name},\n" for name in sorted(names[module])) + ")\n")
    exported = sorted(name for group in names.values() for name in group)
    out.append("\n__all__ = [\n" + "".join(f"    {source(name)},\n" for name in exported) + "]\n")
    return "".join(out)


def public_names(name: str, text: str) -> list[str]:
    for line in text.splitlines():
        if line.startswith("__all__ = "):
            return [str(each) for each in json.loads(line.removeprefix("__all__ = "))]
    raise SystemExit(f"runtime/python/{name} must say __all__ in one line")
