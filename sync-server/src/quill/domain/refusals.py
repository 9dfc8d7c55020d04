"""Saying no in words: decisions that write nothing but what was sent, into quarantine."""

from quill.domain.decision import Decision, Refusal
from quill.domain.facts import Current, Op, Policy
from quill.domain.scopes import scope_of
from quill_schemas import ERRORS


def refusal(code: str, path: str | None = None, detail: str | None = None) -> Refusal:
    """A code of `errors.json` with its words; `detail` says what exactly, where the code alone doesn't."""
    message = ERRORS[code]["message"]
    return Refusal(code, f"{message} ({detail})" if detail else message, path)


def home_of(current: Current, op: Op, policy: Policy) -> str:
    """Where a refused operation is kept: the scope it is about, if its author ever had that; else their own."""
    own = f"user:{policy.author}"
    scope: str | None
    if current.record is not None:
        scope = current.record.scope
    else:
        body, seen = op.get("set"), op.get("seen")
        if op.get("action") != "create" and isinstance(seen, dict):
            # A change of a record that never came to be: it says things about this patient all the same.
            body = {"patient_id": seen.get("patient_id")}
        elif op.get("action") != "create" or not isinstance(body, dict):
            return own
        scope = scope_of(str(op.get("kind")), str(op.get("id")), body, policy.author, current.referred)
    return scope if scope is not None and policy.access(scope) is not None else own


def rejected(scope: str, error: Refusal) -> Decision:
    return Decision("rejected", scope, error=error)


def quarantined(scope: str, error: Refusal) -> Decision:
    return Decision("quarantined", scope, error=error)
