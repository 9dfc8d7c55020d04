"""The package `@quill/schemas`: types, tables, and the hand-written lines of runtime/typescript."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from generator.language import Language
from generator.schemas import HERE, MARK, Schema, Types, is_record
from generator.tables import conditions, constants, error_codes

RUNTIME = HERE / "runtime/typescript"
TABLE_TYPES = {
    "KINDS": "readonly Kind[]",
    "ROLES": "readonly Role[]",
    "FIELDS": "Record<Kind, Record<string, FieldRule>>",
    "DEFAULTS": "Record<Kind, Record<string, unknown>>",
    "PERMISSIONS": "Record<Role, Partial<Record<Kind, Record<string, Condition>>>>",
    "RECEIVES": "Record<Role, Receives>",
    "CONDITIONS": "Record<Condition, string>",
    "ERRORS": "Record<ErrorCode, ErrorInfo>",
}


class TypeScript(Language):
    scalars: ClassVar = {"string": "string", "integer": "number", "boolean": "boolean", "null": "null", "any": "unknown"}

    def literal(self, values: list[Any]) -> str:
        return " | ".join(source(value) for value in values)

    def array(self, item: str) -> str:
        return f"({item})[]" if " " in item else f"{item}[]"

    def map(self, value: str) -> str:
        return f"Record<string, {value}>"


def files(schemas: dict[str, Schema], types: Types) -> dict[str, str]:
    out = {"types.ts": types_module(types), "constants.ts": constants_module(schemas)}
    index = [f"// {MARK}\n", 'export * from "./constants.ts";\n', 'export type * from "./types.ts";\n']
    for module in sorted(RUNTIME.glob("*.ts")):
        head = f"// Copied from shared-schemas/runtime/typescript/{module.name} by generate.py; edit it there.\n"
        out[module.name] = head + module.read_text(encoding="utf-8")
        index.append(f'export type * from "./{module.name}";\n')
    return {**out, "index.ts": "".join(index)}


def source(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def types_module(types: Types) -> str:
    language = TypeScript(types)
    out = [f"// The types of the contract. {MARK}\n"]
    for name, (path, schema) in types.named.items():
        out.append("\n" + comment(schema, ""))
        if not is_record(schema):
            out.append(f"export type {name} = {language.write(schema, path)};\n")
            continue
        out.append(f"export interface {name} {{\n")
        for key, part in schema["properties"].items():
            mark = "" if key in schema["required"] else "?"
            out.append(f"{comment(part, '  ')}  {key}{mark}: {language.write(part, path)};\n")
        if schema.get("additionalProperties") is True:
            out.append("  [more: string]: unknown;\n")
        out.append("}\n")
    return "".join(out)


def comment(schema: Schema, indent: str) -> str:
    return f"{indent}/** {schema['description']} */\n" if "description" in schema else ""


def constants_module(schemas: dict[str, Schema]) -> str:
    literal = TypeScript(Types({})).literal
    out = [
        f"// The tables of the contract. {MARK}\n",
        'import type { ErrorInfo, FieldRule, Receives } from "./tables.ts";\nimport type { Kind, Role } from "./types.ts";\n\n',
        f"export type Condition = {literal(conditions())};\nexport type ErrorCode = {literal(error_codes())};\n\n",
    ]
    for name, value in constants(schemas, source).items():
        typed = f": {TABLE_TYPES[name]}" if name in TABLE_TYPES else ""
        out.append(f"export const {name}{typed} = {value};\n")
    return "".join(out)
