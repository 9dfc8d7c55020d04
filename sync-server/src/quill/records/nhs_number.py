"""NHS numbers: ten digits, the last a check digit (modulus 11; NHS Data Dictionary, "NHS NUMBER")."""

from quill_schemas import is_nhs_number

__all__ = ["displayed", "is_nhs_number", "normalised"]

_GAPS = str.maketrans("", "", " \t\u00a0\u2009-")


def normalised(text: str) -> str | None:
    """The ten digits of a number as people write it (`943 476 5919`); None when it is none."""
    digits = text.translate(_GAPS)
    return digits if is_nhs_number(digits) else None


def displayed(number: str) -> str:
    """As the NHS shows it: `943 476 5919`."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"
