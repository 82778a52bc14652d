"""People and groups over REST, for those who manage them."""

from __future__ import annotations

from uuid import UUID

from flask import url_for

from service.api import schemas, shapes
from service.api.representations import group_summary, installation_entry_shape, listed, token_shape, user_shape
from service.api.routes import Answer, Routes
from service.http.auth import current_actor
from service.models import ApiToken, Group
from service.operations import second_factors, users
from service.policy.permissions import Action
from service.queries import installation
from service.queries import users as user_lists

routes = Routes("users")


@routes.get("/users", Action.MANAGE_USERS, query=schemas.UserQuery, gives=list[shapes.UserShape], limit="search")
def list_users(query: schemas.UserQuery) -> Answer:
    """All users, by name."""
    return Answer(listed(user_lists.users(**dict(query)), user_shape))


@routes.post("/users", Action.MANAGE_USERS, body=schemas.CreateUser, gives=shapes.UserShape, status=201)
def create_user(body: schemas.CreateUser) -> Answer:
    """Let somebody in; groups that are new are made."""
    given = dict(body)
    user = users.create(given.pop("name"), given.pop("display_name"), by=current_actor(), **given)
    return Answer(user_shape(user), location=url_for("api.users.get_user", name=user.name))


@routes.get("/users/{name}", Action.MANAGE_USERS, gives=shapes.UserShape)
def get_user(name: str) -> Answer:
    """One user."""
    return Answer(user_shape(user_lists.user(name)))


@routes.patch("/users/{name}", Action.MANAGE_USERS, body=schemas.ChangeUser, gives=shapes.UserShape)
def change_user(name: str, body: schemas.ChangeUser) -> Answer:
    """Change a user. Another role ends their sign-ins at once; being locked or let in again ends their tokens too."""
    user = user_lists.user(name)
    given = {field: getattr(body, field) for field in body.model_fields_set}
    if "capacity" in given:
        users.set_capacity(user, given.pop("capacity"), by=current_actor())
    users.change(user, by=current_actor(), **given)
    return Answer(user_shape(user))


@routes.put("/users/{name}/skills", Action.MANAGE_USERS, body=schemas.SetSkills, gives=shapes.UserShape)
def set_skills(name: str, body: schemas.SetSkills) -> Answer:
    """Say what somebody can do: tasks with `case:assignBy="skill:…"` are given to who can."""
    user = user_lists.user(name)
    users.set_skills(user, body.skills, by=current_actor())
    return Answer(user_shape(user))


@routes.put("/users/{name}/password", Action.MANAGE_USERS, body=schemas.SetPassword)
def set_password(name: str, body: schemas.SetPassword) -> Answer:
    """Give a user another password; ends their sign-ins and API tokens."""
    users.set_password(user_lists.user(name), body.password, by=current_actor())
    return Answer()


@routes.post("/users/{name}/sign-out", Action.MANAGE_USERS)
def sign_out(name: str) -> Answer:
    """Sign a user out on every device; their tokens stay."""
    users.sign_out(user_lists.user(name), by=current_actor())
    return Answer()


@routes.delete("/users/{name}/second-factor", Action.MANAGE_USERS)
def reset_second_factor(name: str) -> Answer:
    """Forget the app and the recovery codes of a user who has lost them, and sign them out; their tokens stay."""
    second_factors.reset(user_lists.user(name), by=current_actor())
    return Answer()


@routes.get("/audit", Action.MANAGE_USERS, query=schemas.InstallationQuery, gives=list[shapes.InstallationEntryShape])
def list_audit(query: schemas.InstallationQuery) -> Answer:
    """What was done to the installation: people, groups, rights, tokens, deployments; the newest first."""
    found = installation.entries(current_actor(), subject=query.about, limit=query.limit, cursor=query.cursor)
    return Answer(listed(found, installation_entry_shape))


@routes.get("/issued-tokens", Action.MANAGE_USERS, query=schemas.TokenQuery, gives=list[shapes.SomebodysTokenShape])
def list_issued_tokens(query: schemas.TokenQuery) -> Answer:
    """The API tokens of everybody, or of one user, that were not revoked, the newest first."""
    found, whose = user_lists.issued_tokens(query.user, limit=query.limit, cursor=query.cursor)

    def represent(token: ApiToken) -> shapes.SomebodysTokenShape:
        return {**token_shape(token), "user": whose[token.user_id].name}

    return Answer(listed(found, represent))


@routes.delete("/issued-tokens/{token_id}", Action.MANAGE_USERS)
def revoke_issued_token(token_id: UUID) -> Answer:
    """End somebody's token at once."""
    users.revoke_token(user_lists.issued_token(token_id), by=current_actor())
    return Answer()


@routes.get("/groups", Action.MANAGE_USERS, query=schemas.Paged, gives=list[shapes.GroupSummary])
def list_groups(query: schemas.Paged) -> Answer:
    """All groups, by name."""
    return Answer(listed(user_lists.groups(limit=query.limit, cursor=query.cursor), group_summary))


@routes.post("/groups", Action.MANAGE_USERS, body=schemas.CreateGroup, gives=shapes.GroupShape, status=201)
def create_group(body: schemas.CreateGroup) -> Answer:
    """Make a group."""
    group = users.add_group(body.name, body.title, by=current_actor())
    return Answer(_group(group), location=url_for("api.users.get_group", name=group.name))


@routes.get("/groups/{name}", Action.MANAGE_USERS, gives=shapes.GroupShape)
def get_group(name: str) -> Answer:
    """A group and who is in it."""
    return Answer(_group(user_lists.group(name)))


@routes.patch("/groups/{name}", Action.MANAGE_USERS, body=schemas.ChangeGroup, gives=shapes.GroupShape)
def change_group(name: str, body: schemas.ChangeGroup) -> Answer:
    """Give a group another title, say in which order its tasks are next, or whether it needs a second factor."""
    group, by = user_lists.group(name), current_actor()
    if body.title is not None:
        users.rename_group(group, body.title, by=by)
    if "next_task" in body.model_fields_set:
        users.order_next_tasks(group, body.next_task, by=by)
    if body.second_factor is not None:
        second_factors.require_of(group, body.second_factor, by=by)
    return Answer(_group(group))


@routes.delete("/groups/{name}", Action.MANAGE_USERS)
def remove_group(name: str) -> Answer:
    """Take a group away in which nobody is and that nothing names."""
    users.remove_group(user_lists.group(name), by=current_actor())
    return Answer()


@routes.put("/groups/{name}/members/{user}", Action.MANAGE_USERS)
def add_member(name: str, user: str) -> Answer:
    """Make somebody a member."""
    users.join(user_lists.user(user), user_lists.group(name), by=current_actor())
    return Answer()


@routes.delete("/groups/{name}/members/{user}", Action.MANAGE_USERS)
def remove_member(name: str, user: str) -> Answer:
    """End a membership."""
    users.leave(user_lists.user(user), user_lists.group(name), by=current_actor())
    return Answer()


def _group(group: Group) -> shapes.GroupShape:
    order = group.next_task.value if group.next_task else None
    return {
        "name": group.name,
        "title": group.title,
        "next_task": order,
        "second_factor": group.second_factor,
        "members": list(user_lists.members(group.name)),
    }
