"""What is said of refused cursors names only what the contract has; the answers themselves are the server's tests."""

from quill_schemas import ERRORS, validator

from .vectors import vectors

VECTORS = vectors("cursor-refusal")


def test_every_refusal_is_one_of_the_contract_with_its_status() -> None:
    for case in VECTORS["client"] + VECTORS["server"]:
        answer = case["answer"]
        if "error_code" in answer:
            assert ERRORS[answer["error_code"]]["status"] == answer["status"], case["name"]
        if "entry" in answer:
            assert validator("ResetEntry")({**answer["entry"], "seq": 1, "cursor": "c"}) == [("/seq", "unknown field")]
            assert validator("ResetEntry")({**answer["entry"], "cursor": "c"}) == []


def test_no_refusal_costs_a_record_or_unsent_work() -> None:
    for case in VECTORS["client"]:
        assert (case["then"]["records"], case["then"]["outbox"]) == ("keep", "keep"), case["name"]
