"""`connect user`: people sign in, so that `probe` and `verify` can open mailboxes as they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from portineria.cli.connecting import SignIn, files_of
from portineria.cli.frame import Asked
from portineria.cli.invite import inviter
from portineria.doors.http import HttpDoor
from portineria.doors.privatemap import read_private_map
from portineria.doors.profiles import PeopleTokens, Profile, load
from portineria.doors.profilewrite import set_people
from portineria.doors.signin import AdminSession, sign_in
from portineria.doors.signins import SCOPES
from portineria.doors.vault import Vault
from portineria.fault import NotSignedIn, OperatorFault, UsageFault
from portineria.wiring.connecting import Files, place_of
from portineria.wiring.opening import system_clock

if TYPE_CHECKING:
    from portineria.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who is kept, in which file, through which client; `opens` are mailboxes of nobody's own."""

    profile: str
    people: tuple[str, ...]
    opens: tuple[str, ...]
    client_id: str
    vault: Path


async def sign_people_in(
    said: Asked, people: Sequence[str], opens: Sequence[str], client: str | None, how: SignIn
) -> SignedIn:
    """One sign-in a person; each is kept before the next begins."""
    files, clock = files_of(said), system_clock()
    profile = load(files.state.profiles, files.name)
    if opens and len(people) != 1:
        raise UsageFault(
            "--opens says which mailboxes one person opens",
            where="portineria connect user",
            try_="name that person alone: portineria connect user ada@contoso.com --opens "
            "invoices@contoso.com",
        )
    client_id = _client(profile, client)
    async with HttpDoor(profile.ca) as door:
        place = await place_of(door, clock, profile.tenant, profile.endpoints, profile.ca)
    resource = profile.endpoints.mail_resource
    scopes = tuple(f"{resource}/{name}" for name in SCOPES.values())
    kept = []
    for person in people:
        wish = replace(how.wish(scopes, hint=person), client_id=client_id)
        session = await sign_in(place.authority, clock, wish, inviter(no_browser=how.no_browser))
        _refuse_another(session, person)
        with files.lock():
            _keep(files, profile, client_id, session, opens)
        kept.append(session.person.upn.lower())
    return SignedIn(
        profile=files.name,
        people=tuple(kept),
        opens=tuple(opens),
        client_id=client_id,
        vault=files.vault,
    )


def _client(profile: Profile, given: str | None) -> str:
    if given is not None:
        return given
    if profile.probe.user is not None:
        return profile.probe.user.client_id
    raise OperatorFault(
        "the profile does not say through which application people sign in",
        where=str(profile.path),
        try_="give --client-id: a public client with the delegated permissions IMAP.AccessAsUser."
        "All, POP.AccessAsUser.All and SMTP.Send, and the redirect URI http://localhost",
    )


def _refuse_another(session: AdminSession, person: str) -> None:
    if session.person.upn.lower() != person.lower():
        raise OperatorFault(
            f"{session.person.upn} signed in, and {person} was named",
            where="portineria connect user",
            try_="sign in as who was named; whoever opens a shared mailbox signs in as themselves: "
            "portineria connect user PERSON --opens MAILBOX",
        )
    if not session.refresh:
        raise NotSignedIn(
            "the login gave no refresh token, so the sign-in cannot be kept",
            where=session.person.upn,
            try_="let the client ask for offline_access",
        )


def _keep(
    files: Files, profile: Profile, client_id: str, session: AdminSession, opens: Sequence[str]
) -> None:
    """The token into the vault first: a profile that names it finds it there."""
    vault = Vault(files.vault, files.vault_key)
    earlier = _earlier(profile.probe.user, client_id, files.vault)
    person = session.person.upn.lower()

    def put(held: dict[str, Secret]) -> None:
        for name, secret in earlier.items():
            held.setdefault(name, secret)
        held[person] = session.refresh

    vault.change(put)
    delegates = {name.lower(): person for name in opens}
    set_people(files.profile, client_id, files.vault, delegates)


def _earlier(user: PeopleTokens | None, client_id: str, vault: Path) -> dict[str, Secret]:
    """What another list holds, if it is of the same client: it moves into the vault."""
    if user is None or user.client_id != client_id or user.refresh_tokens.path == vault:
        return {}
    return read_private_map(user.refresh_tokens)
