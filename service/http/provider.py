"""Sign-in with a provider, by OpenID Connect: what goes to the provider and what comes back. The protocol is Authlib's.

A browser is sent to the provider with a state, a nonce and a PKCE challenge, which stay behind in its own session
cookie and count once; only what comes back to the same browser is taken. Nothing is asked of the provider within a
transaction, and nothing here knows our accounts (operations/identities.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import current_app, request, session, url_for

from service.config import Config
from service.errors import NotFound, NotSignedIn, ServiceError
from service.languages import _, later
from service.logs import log

NAME = "provider"
SECONDS = 5  #: to connect, and again between two pieces of an answer
BEGUN_LASTS = 30 * 60  #: seconds that somebody has at the provider
MOST_BEGUN = 3  #: sign-ins that one browser has begun; the cookie has room for few
KNOWN_LASTS = 3600  #: seconds until the provider's own description is read anew
LONGEST = 500  #: characters of the page that was wanted
KINDS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
BEGIN_AGAIN = later("That sign-in was not begun in this browser, or too long ago, or was used already. Sign in again.")


class ProviderDown(ServiceError):
    """The provider of sign-ins cannot be reached, or answers with an error."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True)
class Proved:
    """What the provider says of who signed in, checked."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]
    wanted: str  #: the page that was wanted, as it was asked for
    linking: UUID | None  #: whose account is to be connected; None where somebody signs in
    hint: str  #: the ID token, which the provider wants to see again at signing out


def settings() -> Config:
    """The settings of an installation that has a provider. Raises `NotFound`."""
    config: Config = current_app.config["CASEWRIGHT"]
    if not config.has_provider:
        raise NotFound(_("People sign in here with a name and a password."))
    return config


def begin(wanted: str, *, linking: UUID | None = None) -> str:
    """The provider's address to which this browser goes on. Raises `ProviderDown`."""
    with _asking() as client:
        back = _address("provider.back")
        made = client.create_authorization_url(back)
    _forget_older()
    client.save_authorize_data(
        state=made["state"],
        nonce=made["nonce"],
        code_verifier=made["code_verifier"],
        redirect_uri=back,
        wanted=wanted if len(wanted) <= LONGEST else "/",
        linking=str(linking) if linking else None,
        ends=time.time() + BEGUN_LASTS,
    )
    return str(made["url"])


def finish() -> Proved:
    """Who came back from the provider. Raises `NotSignedIn` for all that was not begun here, was changed on its way, or
    is not meant for us; `ProviderDown`."""
    begun = _begun()
    if "error" in request.args:
        session.pop(_place())
        log.warning("sign-in refused by the provider", error=request.args["error"][:100])
        raise NotSignedIn(_("You were not signed in: the provider refused it, or it was broken off there."))
    with _asking() as client:
        config, described = settings(), client.load_server_metadata()
        _check_sender(described, config.oidc_issuer)
        token = client.authorize_access_token(
            leeway=60,
            claims_options={
                "iss": {"essential": True, "values": [config.oidc_issuer]},
                "aud": {"essential": True, "value": config.oidc_client_id},
            },
        )
        claims = _claims(client, described, token)
    linking = begun.get("linking")
    return Proved(
        config.oidc_issuer,
        claims["sub"],
        claims,
        begun["wanted"],
        UUID(linking) if linking else None,
        token["id_token"],
    )


def end_address(hint: str) -> str | None:
    """Where the provider ends its own sign-in (OpenID Connect RP-Initiated Logout); None where it has no such place."""
    if not current_app.config["CASEWRIGHT"].has_provider:
        return None
    try:
        with _asking() as client:
            if not client.load_server_metadata().get("end_session_endpoint"):
                return None
            back = _address("sign_in.form")
            made = client.create_logout_url(back, id_token_hint=hint, client_id=settings().oidc_client_id)
    except ProviderDown:
        return None
    return str(made["url"])


def _begun() -> dict[str, Any]:
    """What this browser keeps of the sign-in that it comes back from. Raises `NotSignedIn`."""
    kept = session.get(_place())
    begun = kept.get("data") if isinstance(kept, dict) else None
    if not begun or begun["ends"] < time.time():
        raise NotSignedIn(BEGIN_AGAIN)
    return dict(begun)


def _place() -> str:
    """Where Authlib keeps in the session what belongs to this answer's state."""
    return f"_state_{NAME}_{request.args.get('state', '')}"


def _forget_older() -> None:
    begun = [name for name in session if name.startswith(f"_state_{NAME}_")]
    for name in begun[: max(0, len(begun) - MOST_BEGUN + 1)]:
        session.pop(name)


def _check_sender(described: Mapping[str, Any], issuer: str) -> None:
    """That the answer says it is of our provider (RFC 9207), where it says so at all or has to."""
    said = request.args.get("iss")
    has_to = described.get("authorization_response_iss_parameter_supported") is True
    if said != issuer and (said is not None or has_to):
        raise NotSignedIn(_("This answer is of another provider than the one that was asked. Sign in again."))


def _claims(client: Any, described: Mapping[str, Any], token: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of the checked ID token, and what the provider tells beside it about the same subject."""
    checked: Any = token.get("userinfo")
    subject = checked.get("sub") if checked else None
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise NotSignedIn(_("The provider did not say who you are."))
    if not described.get("userinfo_endpoint"):
        return dict(checked)
    told: Any = client.userinfo(token=token)
    if told.get("sub") != subject:  # OpenID Connect Core §5.3.2
        raise NotSignedIn(_("The provider said two different things about who you are."))
    return {**told, **checked}


@contextmanager
def _asking() -> Iterator[Any]:
    """The client, whose errors become ours: what failed goes to the log, what to do to the person."""
    from authlib.integrations.base_client import OAuthError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        yield _client()
    except RequestException as error:
        log.error("the provider of sign-ins cannot be asked", error=str(error)[:500])
        raise ProviderDown(
            _("The provider of sign-ins does not answer. Try again in a moment, or sign in with a name and a password.")
        ) from None
    except (OAuthError, JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
        log.warning("sign-in with the provider refused", error=f"{type(error).__name__}: {error}"[:500])
        raise NotSignedIn(_("What the provider answered does not hold. Sign in again.")) from None


def _client() -> Any:
    """Authlib's client with the provider's description, which has to be of the issuer that is set."""
    kept = current_app.extensions.get("casewright.provider")
    if kept is None:
        kept = current_app.extensions["casewright.provider"] = _made(settings())
    settings()
    if kept.server_metadata.get("_loaded_at", 0) < time.time() - KNOWN_LASTS:
        kept.server_metadata.pop("_loaded_at", None)
        described = kept.load_server_metadata()
        if described.get("issuer") != settings().oidc_issuer:
            kept.server_metadata.pop("_loaded_at")
            raise ValueError(f"the provider calls itself {described.get('issuer')!r}")
        kinds = described.get("id_token_signing_alg_values_supported", ["RS256"])
        described["id_token_signing_alg_values_supported"] = [kind for kind in kinds if kind in KINDS]
    return kept


def _made(config: Config) -> Any:
    from authlib.integrations.flask_client import OAuth

    where = f"{config.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
    how = {"scope": config.oidc_scopes, "code_challenge_method": "S256", "default_timeout": SECONDS}
    if not config.oidc_secret:
        how["token_endpoint_auth_method"] = "none"  # noqa: S105  the word for having no secret
    clients: Any = OAuth
    return clients(current_app._get_current_object()).register(  # type: ignore[attr-defined]
        NAME,
        client_id=config.oidc_client_id,
        client_secret=config.oidc_secret or None,
        server_metadata_url=where,
        client_kwargs=how,
    )


def _address(endpoint: str) -> str:
    """A page of ours as the provider has to know it."""
    public: str = settings().public_url
    return f"{public}{url_for(endpoint)}" if public else url_for(endpoint, _external=True)
