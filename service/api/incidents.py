"""What went wrong and waits for operations, over REST."""

from __future__ import annotations

from uuid import UUID

from service.api import schemas, shapes
from service.api.representations import incident_shape, listed
from service.api.routes import Answer, Routes
from service.http.auth import current_actor
from service.models import Incident
from service.operations import incidents as operations
from service.policy.permissions import Action
from service.queries import incidents

routes = Routes("incidents")


@routes.get("/incidents", Action.READ_INCIDENTS, query=schemas.IncidentQuery, gives=list[shapes.IncidentShape])
def list_incidents(query: schemas.IncidentQuery) -> Answer:
    """Incidents, the newest first."""
    return Answer(listed(incidents.listed(current_actor(), **dict(query)), incident_shape))


@routes.get("/incidents/{incident_id}", Action.READ_INCIDENTS, gives=shapes.IncidentShape)
def get_incident(incident_id: UUID) -> Answer:
    """One incident."""
    return _told(incidents.get(incident_id))


@routes.post(
    "/incidents/{incident_id}/retry",
    Action.RESOLVE_INCIDENT,
    body=schemas.RetryIncident,
    gives=shapes.IncidentShape,
)
def retry_incident(incident_id: UUID, body: schemas.RetryIncident) -> Answer:
    """Try again the job that is stuck, or the step at which a case failed, with corrected variables of that case."""
    incident = incidents.get(incident_id)
    operations.retry(incident, by=current_actor(), variables=body.variables)
    return _told(incident)


@routes.post("/incidents/{incident_id}/resolve", Action.RESOLVE_INCIDENT, gives=shapes.IncidentShape)
def resolve_incident(incident_id: UUID) -> Answer:
    """Put an incident away that needs nothing more; 409 while its case stands where it failed."""
    incident = incidents.get(incident_id)
    operations.resolve(incident, by=current_actor())
    return _told(incident)


def _told(incident: Incident) -> Answer:
    return Answer(incident_shape(incidents.told(incident, current_actor())))
