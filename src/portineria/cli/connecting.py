"""What the verbs of `connect` do: where the tenant is, who signs in, one use-case after another."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portineria.cli.frame import Asked
from portineria.cli.invite import by_device_code, inviter
from portineria.doors import keys
from portineria.doors.http import HttpDoor
from portineria.doors.profiles import Profile, load
from portineria.doors.references import from_home
from portineria.doors.signin import COMMAND_LINE_TOOLS, Wish, scopes_of
from portineria.doors.state import StateFolder
from portineria.doors.vault import Vault
from portineria.fault import GuardStop, NotFound, OperatorFault, UsageFault
from portineria.m365.endpoints import CLOUDS, Endpoints, HostPort
from portineria.m365.permissions import SIGN_IN, SIGN_IN_TO_REMOVE
from portineria.run.checkconnect import Step, check
from portineria.run.connect import Lacking, Wanted, find, lacking, make, remove
from portineria.run.replication import Replication
from portineria.tenant.ownaccess import Access, Registered
from portineria.tongue.say import compose
from portineria.wiring.connecting import (
    Files,
    Place,
    attempt_of,
    expected,
    kept_key,
    own_access,
    place_of,
    prove,
    signed_in,
    wanted_of,
    write_profile,
)
from portineria.wiring.opening import system_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from portineria.doors.signin import Person
    from portineria.run.ports import Progress

LAB = "lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How the options say that somebody signs in."""

    device_code: bool = False
    no_browser: bool = False
    port: int = 0
    client: str = COMMAND_LINE_TOOLS

    def refuse_both(self) -> None:
        """Raises UsageFault for ways that exclude each other."""
        if self.device_code and (self.no_browser or self.port):
            raise UsageFault(
                "--device-code needs neither page nor port",
                where="portineria connect",
                try_="leave out --device-code, or --no-browser and --port",
            )

    def wish(self, scopes: tuple[str, ...], hint: str = "") -> Wish:
        return Wish(
            scopes=scopes,
            client_id=self.client,
            device_code=by_device_code(
                device_code=self.device_code, no_browser=self.no_browser, port=self.port
            ),
            hint=hint,
            port=self.port,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What `connect` ended in."""

    profile: str
    place: Place
    access: Access
    person: Person
    app: Registered
    wanted: Wanted
    lack: Lacking
    certificate: keys.Certificate


def files_of(said: Asked) -> Files:
    from portineria.doors.profiles import refuse_bad_name

    refuse_bad_name(said.profile)
    return Files(StateFolder(said.state).make(), said.profile)


def endpoints_of(said: Asked, cloud: str) -> tuple[Endpoints, Path | None]:
    """A cloud by name, or the lab that runs in this state folder. Hosts that no page of
    Microsoft's confirms are told."""
    if cloud != LAB:
        found = CLOUDS[cloud]
        if found.unverified:
            names = ", ".join(sorted(found.unverified))
            told = "warning: of the cloud {} no page of Microsoft's confirms: {}"
            print(compose(told, cloud, names), file=sys.stderr)
        return found, None
    from portineria.cli import labs

    info = labs.running(StateFolder(said.state))
    if info is None:
        raise OperatorFault(
            "no lab is running in this state folder",
            where="--cloud lab",
            try_="portineria lab up --detach --seed bare",
        )
    found = Endpoints(
        login=info["login"],
        graph=info["graph"],
        exchange=info["exchange"],
        imap=_host(info["imaps"]),
        pop=_host(info["pops"]),
        smtp=_host(info["smtp"]),
    )
    return found, Path(info["ca"])


def _host(address: str) -> HostPort:
    host, _, port = address.rpartition(":")
    return HostPort(host, int(port))


async def connect(
    said: Asked,
    tenant: str,
    cloud: str,
    access: Access,
    how: SignIn,
    days: int,
    patience: float,
    teller: Progress,
    agree: Callable[[Place, Person, Wanted, Lacking], bool],
    *,
    logs: bool = False,
) -> Connected:
    """From nothing to a proven profile, or from wherever an earlier call has stopped.

    Raises GuardStop where nobody says yes; CouldNotSee where the service does not follow in time.
    """
    files, clock = files_of(said), system_clock()
    endpoints, ca = endpoints_of(said, cloud)
    async with HttpDoor(ca) as door:
        place = await place_of(door, clock, tenant, endpoints, ca)
    wish = how.wish(scopes_of(endpoints.graph_scope, SIGN_IN))
    wait = Replication(clock, teller, patience)
    with files.lock():
        files.sweep()
        attempt = attempt_of(files, place, clock)
        certificate = kept_key(files, clock.now())
        wanted = wanted_of(files, access, certificate, logs=logs)
        async with signed_in(place, clock, wish, inviter(no_browser=how.no_browser)) as hands:
            app = await find(hands.directory, attempt, wait)
            if app is None and files.profile.exists():
                raise _gone(files, attempt.client_id)
            lack = await lacking(hands.directory, app, wanted, wait)
            if not lack.nothing and not agree(place, hands.person, wanted, lack):
                raise GuardStop(
                    "nobody said yes to this, and nothing was made",
                    where=f"tenant {place.tenant}",
                    try_="answer yes, or give --yes; portineria connect --print shows it before",
                )
            if certificate is None:
                certificate = keys.make(files.key, wanted.name, clock.now(), days)
                wanted = wanted_of(files, access, certificate, logs=logs)
            app = await make(hands.directory, attempt, wanted, lack, wait)
        write_profile(files, place, access, app.client_id, files.key)
        attempt.over()
        async with own_access(load(files.state.profiles, files.name), clock) as own:
            await prove(own, access, wait)
        return Connected(
            profile=files.name,
            place=place,
            access=access,
            person=hands.person,
            app=app,
            wanted=wanted,
            lack=lack,
            certificate=certificate,
        )


def _gone(files: Files, client_id: str) -> NotFound:
    return NotFound(
        f"the application {client_id} of this profile is not there any more",
        where=str(files.profile),
        try_="portineria connect remove takes away what is left here; then connect again",
    )


async def adopt(
    said: Asked, tenant: str, cloud: str, client_id: str, certificate: str | None
) -> Files:
    """Write a profile for an application that somebody else has made. Raises OperatorFault."""
    files, clock = files_of(said), system_clock()
    endpoints, ca = endpoints_of(said, cloud)
    if files.profile.exists():
        raise OperatorFault(
            f"there is a profile {files.name!r} already, and it is not overwritten",
            where=str(files.profile),
            try_="choose another name with --profile",
        )
    key = from_home(certificate, Path.cwd()) if certificate else files.key
    keys.read(key)
    async with HttpDoor(ca) as door:
        place = await place_of(door, clock, tenant, endpoints, ca)
    with files.lock():
        write_profile(files, place, Access.READ, client_id, key)
        files.attempt.unlink(missing_ok=True)
    return files


async def checked(said: Asked, access: Access | None) -> tuple[Access, list[Step]]:
    """Every step of the profile's own access; without an access: the one that it seems to have."""
    profile = load(StateFolder(said.state).profiles, said.profile)
    clock = system_clock()
    async with own_access(profile, clock) as own:
        found = access or await _seeming(own)
        return found, await check(own, expected(found), clock)


async def _seeming(own: object) -> Access:
    from portineria.fault import Fault
    from portineria.m365.permissions import GRAPH, PERMISSIONS
    from portineria.wiring.connecting import Own

    assert isinstance(own, Own)
    try:
        held = await own.granted(GRAPH)
    except Fault:
        return Access.READ
    to_write = {one.value for one in PERMISSIONS if one.only_for is Access.WRITE}
    return Access.WRITE if held & to_write else Access.READ


async def removed(said: Asked, how: SignIn, agree: Callable[[Profile], bool]) -> tuple[str, bool]:
    """Take the application away, in the tenant; its client id, and whether it was there.

    Raises GuardStop where nobody says yes.
    """
    clock = system_clock()
    files = files_of(said)
    profile = load(files.state.profiles, files.name)
    client_id = profile.control.client_id
    if not agree(profile):
        raise GuardStop(
            "nobody said yes to this, and nothing was removed",
            where=f"profile {files.name}",
            try_="answer yes, or give --yes",
        )
    async with HttpDoor(profile.ca) as door:
        place = await place_of(door, clock, profile.tenant, profile.endpoints, profile.ca)
    wish = how.wish(scopes_of(profile.endpoints.graph_scope, SIGN_IN_TO_REMOVE))
    with files.lock():
        async with signed_in(place, clock, wish, inviter(no_browser=how.no_browser)) as hands:
            return client_id, await remove(hands.directory, client_id)


def forget_files(said: Asked, *, keep_profile: bool) -> None:
    """The key that opens nothing any more, people's tokens, and the profile."""
    files = files_of(said)
    for path in (files.key, files.public, files.next_key, files.attempt):
        path.unlink(missing_ok=True)
    if not keep_profile:
        vault = Vault(files.vault, files.vault_key)
        for path in (vault.path, vault.key, vault.lock, files.profile):
            path.unlink(missing_ok=True)
