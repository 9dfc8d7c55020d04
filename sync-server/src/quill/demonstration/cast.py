"""Who and what the demonstration is made of. Ids are the same in every installation."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

NAMESPACE = UUID("c2b5d7a0-64d1-4f0e-8b37-2d0f6a1e9c55")
PASSWORD = "ward-lantern-orchid-42"  # noqa: S105  (of demonstration accounts, which sign in only on this machine)
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105


def fixed_id(name: str) -> str:
    return str(uuid5(NAMESPACE, name))


@dataclass(frozen=True, slots=True)
class Player:
    username: str
    name: str
    role: str
    team: str | None = None
    totp: str | None = None

    @property
    def id(self) -> str:
        return fixed_id(f"person/{self.username}")


@dataclass(frozen=True, slots=True)
class Ward:
    """A team, and how many of the sample patients it cares for."""

    name: str
    patients: int


@dataclass(frozen=True, slots=True)
class House:
    """An organisation with its teams and people."""

    name: str
    wards: tuple[Ward, ...]
    people: tuple[Player, ...]

    @property
    def id(self) -> str:
        return fixed_id(f"organisation/{self.name}")

    def team_id(self, ward: str) -> str:
        return fixed_id(f"team/{self.name}/{ward}")

    def members(self, ward: str) -> list[Player]:
        return [player for player in self.people if player.team == ward]


HOUSES = (
    House(
        "St Columba’s Hospital (demonstration)",
        (Ward("Ward A", 300), Ward("Ward B", 120)),
        (
            Player("amara", "Dr Amara Osei", "Clinician", "Ward A"),
            Player("ben", "Dr Ben Whitlock", "Clinician", "Ward A"),
            Player("sasha", "Sasha Lindqvist", "Secretary", "Ward A"),
            Player("noor", "Dr Noor Rahman", "Clinician", "Ward B"),
            Player("carol", "Carol Pemberton", "Administrator", totp=TOTP_SECRET),
        ),
    ),
    House(
        "Elm Tree Practice (demonstration)",
        (Ward("Home visits", 60),),
        (Player("eve", "Dr Eve Marchetti", "Clinician", "Home visits"),),
    ),
)
