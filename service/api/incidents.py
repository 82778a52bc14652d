"""What went wrong and waits for operations, over REST."""

from __future__ import annotations

from uuid import UUID

from ..permissions import Action
from ..queries import incidents
from . import schemas, shapes
from .representations import incident_shape, listed
from .routes import Answer, Routes

routes = Routes("incidents")


@routes.get("/incidents", Action.READ_INCIDENTS, query=schemas.IncidentQuery, gives=list[shapes.IncidentShape])
def list_incidents(query: schemas.IncidentQuery) -> Answer:
    """Incidents, the newest first."""
    return Answer(listed(incidents.listed(**dict(query)), incident_shape))


@routes.get("/incidents/{incident_id}", Action.READ_INCIDENTS, gives=shapes.IncidentShape)
def get_incident(incident_id: UUID) -> Answer:
    """One incident."""
    return Answer(incident_shape(incidents.get(incident_id)))
