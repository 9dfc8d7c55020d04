#!/usr/bin/env python3
"""Makes the Python and TypeScript of the contract from its JSON Schemas. Standard library only.

    python shared-schemas/generate.py            writes generated/ and docs/errors.md
    python shared-schemas/generate.py --check    writes nothing; fails when something is stale
    python shared-schemas/generate.py --hash     prints the hash that version.json must hold

A schema, or a member of its `$defs`, becomes a type named by its `title` (or its name in `$defs`). What a type cannot
say (patterns, lengths, conditions) stays with the validators, which read the schemas themselves.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator import documents, python, typescript
from generator.schemas import HERE, Types, contract_hash, load

GENERATED = HERE / "generated"


def outputs() -> dict[Path, str]:
    """Every generated file and its text."""
    schemas = load()
    types = Types(schemas)
    folders = {
        GENERATED / "python/quill_schemas": python.files(schemas, types),
        GENERATED / "typescript": typescript.files(schemas, types),
        HERE.parent / "docs": documents.files(),
    }
    return {folder / name: text for folder, files in folders.items() for name, text in files.items()}


def main(arguments: list[str]) -> int:
    if arguments == ["--hash"]:
        print(contract_hash())
        return 0
    wanted = outputs()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    extra = [path for path in GENERATED.rglob("*.*") if path.is_file() and path.suffix != ".pyc" and path not in wanted]
    if arguments == ["--check"]:
        for path in [*stale, *extra]:
            print(f"stale: {path.relative_to(HERE.parent)}; run python shared-schemas/generate.py")
        return 1 if stale or extra else 0
    for path in extra:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
