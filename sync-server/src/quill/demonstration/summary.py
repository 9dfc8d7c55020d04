"""What is said at the start: who can sign in."""

from __future__ import annotations

from dataclasses import dataclass

from quill.demonstration.cast import HOUSES, PASSWORD


@dataclass(frozen=True, slots=True)
class Summary:
    """``created``: whether this start made it."""

    created: bool

    def lines(self) -> list[str]:
        made = "  The demonstration was made just now." if self.created else "  The demonstration is as it was left."
        lines = [made, f"  Everybody’s password: {PASSWORD}", ""]
        for house in HOUSES:
            lines.append(f"  {house.name}")
            for one in house.people:
                team = f", {one.team}" if one.team else ""
                totp = f"; second factor {one.totp}" if one.totp else ""
                lines.append(f"    {one.username:6} {one.name}, {one.role}{team}{totp}")
        return lines
