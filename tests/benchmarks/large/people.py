"""5,000 people in 300 groups. Each is like one of the demo's people, with that one's groups and a few others, so that
a copied case can be in the hands of any who are alike; the names in its rows are then theirs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.demo.people import GROUPS, PEOPLE
from service.models import SYSTEM, Group, InstallationEntry, InstallationSeal, Membership, User

FIRST = (
    "Ada", "Alma", "Amir", "Anton", "Asta", "Bela", "Bruno", "Carla", "Cem", "Clara", "Dana", "Dario", "Edda", "Elias",
    "Emil", "Enzo", "Eva", "Fadi", "Felix", "Fiona", "Greta", "Hana", "Hugo", "Ida", "Ilja", "Ines", "Ivo", "Jana",
    "Jonas", "Juri", "Kaya", "Kira", "Lars", "Lea", "Leon", "Lina", "Luca", "Maja", "Malik", "Marta", "Mika", "Mina",
    "Nele", "Nils", "Nora", "Olga", "Oskar", "Pia", "Rafi", "Rosa", "Samir", "Sara", "Selma", "Simon", "Sofia", "Sven",
    "Tara", "Theo", "Tilda", "Timo", "Vera", "Viktor", "Wanda", "Yara",
)  # fmt: skip
_BEGINNINGS = ("Al", "Ber", "Bran", "Dor", "Eb", "Fal", "Gar", "Hal", "Jen", "Kam", "Kor", "Lan", "Mar", "Nor", "Ros")
_MIDDLES = ("a", "be", "den", "e", "gen", "hol", "i", "lin", "mo", "ne", "o", "sen", "ta", "u", "wi")
_ENDINGS = ("bach", "berg", "dal", "feld", "hoff", "jansen", "kamp", "lund", "mann", "nik", "rup", "stein", "wald")
LAST = tuple(a + b + c for a in _BEGINNINGS for b in _MIDDLES for c in _ENDINGS)

#: People with a given number of groups, for what is measured: the larger the group, the earlier its number.
QUEUES: Mapping[str, Sequence[str]] = {
    "queue.one": ("team-150",),
    "queue.three": ("claims-assessors", "team-005", "team-040"),
    "queue.thirty": ("hr-officers", *(f"team-{number:03d}" for number in range(4, 265, 9))),
}


@dataclass(frozen=True)
class Person:
    name: str
    id: uuid.UUID


def teams(groups: int) -> list[str]:
    """The names of the groups that there are beside the demo's, when there are so many in all."""
    return [f"team-{number:03d}" for number in range(1, groups - len(GROUPS) + 1)]


def add(people: int, groups: int, rng: random.Random) -> dict[str, list[Person]]:
    """Add people and groups until there are so many; those who are like each of the demo's people."""
    others = teams(groups)
    db.session.execute(sa.insert(Group), [{"name": name, "title": f"Team {name[-3:]}"} for name in others])
    alike: dict[str, list[Person]] = {name: [] for name in PEOPLE if name != "admin"}
    rows: list[dict[str, object]] = []
    members: list[tuple[uuid.UUID, str]] = []
    for number in range(people - len(PEOPLE) - len(QUEUES)):
        like = [*alike][number % len(alike)]
        first, last = rng.choice(FIRST), rng.choice(LAST)
        person = Person(f"{first}.{last}{number}".lower(), new_id())
        alike[like].append(person)
        rows.append(_row(person, f"{first} {last}"))
        groups_of_theirs = {*PEOPLE[like][1], *rng.sample(others, rng.randint(1, 3))}
        members += [(person.id, group) for group in sorted(groups_of_theirs)]
    for name, known in QUEUES.items():
        person = Person(name, new_id())
        rows.append(_row(person, name.title()))
        members += [(person.id, group) for group in known if group in others or group in GROUPS]
    db.session.execute(sa.insert(User), rows)
    db.session.execute(sa.insert(Membership), [{"user_id": user, "group_name": group} for user, group in members])
    _tell([str(row["name"]) for row in rows])
    db.session.commit()
    return alike


def _row(person: Person, display_name: str) -> dict[str, object]:
    shown = {"name": person.name, "display_name": display_name, "email": f"{person.name}@example.org"}
    return {"id": person.id, **shown, "is_admin": False, "is_machine": False, "active": True, "created_at": utcnow()}


def _tell(names: Sequence[str]) -> None:
    """Write into the installation's story that they were added, as `users.create` does one by one."""
    end = db.session.scalars(sa.select(InstallationSeal)).one()
    with_key = audit.keys.key()
    for name in names:
        entry = InstallationEntry(
            seq=end.seq + 1, at=utcnow(), actor=SYSTEM.name, action="user:added", subject=name, details=None
        )
        entry.hash = audit.installation.entry_hash(with_key, end.hash, entry)
        end.seq, end.hash = entry.seq, with_key.seal(entry.hash)
        db.session.add(entry)
    db.session.flush()
