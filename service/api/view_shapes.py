"""What programs send and get of saved views."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.api.schemas import Body, Name, PrincipalName, Query
from service.models import ViewOf

Text = Annotated[str, Field(max_length=1000)]
Column = Annotated[str, Field(min_length=1, max_length=110)]


class ViewQuery(Query):
    of: Annotated[ViewOf, Field(strict=False)] | None = Field(None, description="Only views of these.")


class SaveView(Body):
    """A view; `filter` is in the language of filters, in which `me` is whoever looks."""

    of: Annotated[ViewOf, Field(strict=False)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    filter: Text = ""
    scope: Literal["mine", "team", "all"] = "all"
    sort: Literal["due", "priority", "newest", "oldest"] = "due"
    grouped_by: Name | None = None
    columns: Annotated[list[Column], Field(min_length=1, max_length=12)]
    groups: Annotated[list[PrincipalName], Field(max_length=50)] = []


class BeginWith(Body):
    begins: bool = True


class ViewShape(TypedDict):
    id: str
    of: str
    name: str
    owner: str
    filter: str
    scope: str
    sort: str
    grouped_by: str | None
    columns: list[str]
    groups: list[str]
    begins: bool
    count: int | None
