"""The demo's people, and the groups that they are in."""

from __future__ import annotations

from service.models import SYSTEM
from service.operations import users

PASSWORD = "demo-demo-demo"  # noqa: S105  # of the demo alone; see the module's docstring
GROUPS = {
    "claims-intake": "Claims intake",
    "claims-assessors": "Claims assessors",
    "claims-managers": "Claims managers",
    "hr-officers": "HR officers",
    "hr-investigators": "HR investigators",
    "hr-managers": "HR managers",
    "it-service-desk": "IT service desk",
    "it-engineers": "IT engineers",
    "it-managers": "IT managers",
    "privacy-officers": "Privacy officers",
    "privacy-managers": "Privacy managers",
    "physicians": "Physicians",
    "nurses": "Nurses",
    "therapists": "Therapists",
    "care-managers": "Care managers",
    "payroll": "Payroll",
    "facilities": "Facilities",
    "grants-officers": "Grants officers",
    "grants-directors": "Grants directors",
    "finance-officers": "Finance officers",
    "staff": "All staff",
}
PEOPLE = {
    "ann": ("Ann Archer", ("claims-intake", "hr-officers", "it-service-desk", "staff")),
    "ben": ("Ben Baker", ("claims-assessors", "it-engineers", "staff")),
    "mia": (
        "Mia Moreno",
        ("claims-managers", "hr-managers", "it-managers", "privacy-managers", "grants-directors", "staff"),
    ),
    "carl": ("Carl Chen", ("hr-investigators", "privacy-officers", "grants-officers", "staff")),
    "nora": ("Nora Nilsen", ("nurses", "staff")),
    "paul": ("Paul Papadakis", ("physicians", "staff")),
    "tess": ("Tess Tanaka", ("therapists", "staff")),
    "omar": ("Omar Okafor", ("physicians", "care-managers", "grants-directors", "staff")),
    "rosa": ("Rosa Rossi", ()),
    "finn": ("Finn Falk", ("payroll", "facilities", "finance-officers", "staff")),
    "admin": ("Ada Admin", ("staff",)),
}


def logins() -> str:
    """The demo's people and their password, in a few words."""
    return f"{', '.join(PEOPLE)} (password: {PASSWORD})"


def add_people() -> None:
    """Who works here, in groups that have titles."""
    for name, title in GROUPS.items():
        users.add_group(name, title, by=SYSTEM)
    for name, (display_name, groups) in PEOPLE.items():
        users.create(name, display_name, password=PASSWORD, groups=groups, is_admin=name == "admin", by=SYSTEM)
