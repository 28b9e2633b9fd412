"""`connect rotate`: a new certificate beside the old one, proven, and only then the old one gone.

Killed anywhere, the next call goes on: the new key lies beside the old one until it is proven, the
change of files is one rename, and old certificates are told by their name on the application.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portineria.cli.connecting import SignIn, files_of
from portineria.cli.frame import Asked
from portineria.cli.invite import inviter
from portineria.doors import keys
from portineria.doors.files import sync_folder
from portineria.doors.http import HttpDoor
from portineria.doors.profiles import Profile, load
from portineria.doors.references import Reference
from portineria.doors.signin import scopes_of
from portineria.fault import NotFound, OperatorFault
from portineria.m365.permissions import GRAPH, SIGN_IN_FOR_KEYS
from portineria.run.connect import Directory, retire, rotate
from portineria.run.replication import Replication
from portineria.tenant.ownaccess import AppKey, Registered
from portineria.wiring.connecting import KEEPERS, Files, own_access, place_of, signed_in
from portineria.wiring.opening import system_clock

if TYPE_CHECKING:
    from portineria.run.ports import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """`finished`: an earlier call had made the new one, and only the old ones were left."""

    certificate: keys.Certificate
    retired: tuple[AppKey, ...]
    finished: bool


async def rotated(
    said: Asked, how: SignIn, days: int, patience: float, teller: Progress
) -> Rotated:
    """Raises OperatorFault, NotFound, CouldNotSee, and what a sign-in raises."""
    files, clock = files_of(said), system_clock()
    profile = load(files.state.profiles, files.name)
    if not files.is_ours(profile):
        raise OperatorFault(
            "the key of this profile is not one that `connect` made",
            where=str(profile.path),
            try_="make a new certificate as you made that one, and name it in the profile",
        )
    async with HttpDoor(profile.ca) as door:
        place = await place_of(door, clock, profile.tenant, profile.endpoints, profile.ca)
    wish = how.wish(scopes_of(profile.endpoints.graph_scope, SIGN_IN_FOR_KEYS))
    wait = Replication(clock, teller, patience)
    with files.lock():
        files.sweep()
        invite = inviter(no_browser=how.no_browser)
        async with signed_in(place, clock, wish, invite, KEEPERS) as hands:
            app = await hands.directory.registered(profile.control.client_id)
            if app is None:
                raise NotFound(
                    f"the application {profile.control.client_id} is not there",
                    where=str(profile.path),
                    try_="portineria connect check",
                )
            finished = _rests(files, app)
            if not finished:
                await _renew(hands.directory, files, profile, app, days, wait)
            certificate = keys.read(files.key)
            name = files.key_name(certificate)
            retired = await retire(hands.directory, app, files.key_prefix, name, wait)
            return Rotated(certificate=certificate, retired=retired, finished=finished)


def _rests(files: Files, app: Registered) -> bool:
    """Whether an earlier call was stopped when only the old certificates were left to go."""
    ours = {one.name for one in app.keys if one.name.startswith(files.key_prefix)}
    current = files.key_name(keys.read(files.key))
    return current in ours and len(ours) > 1 and not files.next_key.exists()


async def _renew(
    directory: Directory,
    files: Files,
    profile: Profile,
    app: Registered,
    days: int,
    wait: Replication,
) -> None:
    """The new key takes the old one's place once the token service has answered it."""
    if not files.next_key.exists():
        keys.make(files.next_key, f"Portineria control ({files.name})", wait.clock.now(), days)
    fresh = keys.read(files.next_key)
    await rotate(directory, app, files.key_name(fresh), fresh.base64, wait)
    reference = Reference("file", str(files.next_key), str(profile.path))
    control = replace(profile.control, certificate=reference)
    async with own_access(replace(profile, control=control), wait.clock) as own:

        async def proven() -> None:
            own.forget()
            await own.granted(GRAPH)

        await wait.settled("Proving the new certificate", proven)
    files.next_key.replace(files.key)
    sync_folder(files.key.parent)
