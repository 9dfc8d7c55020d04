"""Pages made from the tables."""

from __future__ import annotations

from generator.schemas import HERE, MARK, read


def files() -> dict[str, str]:
    return {"errors.md": errors_page()}


def errors_page() -> str:
    where = {"request": "answer", "verdict": "verdict", "conflict": "reason of a conflict", "client": "client only"}
    out = [
        "# Error codes\n\n",
        f"<!-- {MARK} Source: shared-schemas/errors.json -->\n\n",
        'Every refusal carries one of these codes: an answer as `{"detail": {"message", "error_code", …}}` with the status, ',
        "a verdict in its `error`, a conflict as its `reason`.\n",
        "The message is what a person reads; a program goes by the code.\n\n",
        "| code | status | where | message | cause | remedy |\n| --- | --- | --- | --- | --- | --- |\n",
    ]
    for code, info in read(HERE / "errors.json").items():
        places = ", ".join(where[place] for place in info["where"])
        status = str(info["status"]) if "request" in info["where"] else "–"
        out.append(f"| `{code}` | {status} | {places} | {info['message']} | {info['cause']} | {info['remedy']} |\n")
    return "".join(out)
