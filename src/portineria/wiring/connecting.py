"""Our own access, put together: an administrator's hands, the files, the proof of both grants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from portineria.clock import Clock
from portineria.doors import keys
from portineria.doors.attempt import FileAttempt
from portineria.doors.files import Lock
from portineria.doors.http import HttpDoor
from portineria.doors.identity import AppTokens, Authority
from portineria.doors.keyring import credential_of
from portineria.doors.profiles import AppIdentity, Profile, load
from portineria.doors.profilewrite import new_profile
from portineria.doors.signin import Invitation, Person, Wish, claims_of, sign_in
from portineria.doors.state import StateFolder
from portineria.fault import NoSuch, NotFound, PermissionFault, StateFault
from portineria.m365.endpoints import Endpoints
from portineria.m365.graph.registration import Registrations
from portineria.m365.messages import Door
from portineria.m365.permissions import GRAPH, NAMES, ROLES, wanted
from portineria.m365.session import Session
from portineria.run.checkconnect import Expected, missing
from portineria.run.connect import Wanted
from portineria.run.replication import Replication
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.ownaccess import Access, HeldRole
from portineria.wiring.opening import find_tenant_id

GLOBAL, PRIVILEGED_ROLE, APPLICATION, CLOUD_APPLICATION = (
    "62e90394-69f5-4237-9190-012177145e10",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "158c047a-c907-4556-b7ef-446551a6b5f7",
)
ADMINISTRATORS = frozenset({GLOBAL, PRIVILEGED_ROLE})
"""Who may consent to application permissions of Graph and give directory roles."""
KEEPERS = frozenset({GLOBAL, APPLICATION, CLOUD_APPLICATION})
"""Who may change an application's certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a tenant is reached. `tenant` as it was named; `tenant_id` its GUID."""

    tenant: str
    tenant_id: str
    endpoints: Endpoints
    ca: Path | None

    @property
    def authority(self) -> Authority:
        return Authority(login=self.endpoints.login, tenant=self.tenant_id, ca_file=self.ca)


@dataclass(frozen=True, slots=True)
class Files:
    """What one profile has on the disk."""

    state: StateFolder
    name: str

    @property
    def profile(self) -> Path:
        return self.state.profiles / f"{self.name}.yaml"

    @property
    def key(self) -> Path:
        return self.state.keys / f"{self.name}.pem"

    @property
    def public(self) -> Path:
        """The public half alone, as the portal takes it."""
        return self.state.keys / f"{self.name}.cer"

    @property
    def next_key(self) -> Path:
        return self.state.keys / f"{self.name}.next.pem"

    @property
    def attempt(self) -> Path:
        return self.state.keys / f"{self.name}.connect.json"

    @property
    def vault(self) -> Path:
        return self.state.tokens / f"{self.name}.vault"

    @property
    def vault_key(self) -> Path:
        return self.state.keys / f"{self.name}.vault.key"

    def lock(self) -> Lock:
        return Lock(self.state.keys / f"{self.name}.lock", passing=True)

    def sweep(self) -> None:
        """Away with halves of files that a killed process has left: keys are among them. Only
        inside the lock."""
        for half in ("next.pem", "pem", "connect.json"):
            for path in self.state.keys.glob(f".{self.name}.{half}.*"):
                path.unlink(missing_ok=True)

    def existing(self) -> Profile | None:
        """The profile of this name, if there is one. Raises OperatorFault."""
        try:
            return load(self.state.profiles, self.name)
        except NoSuch:
            return None

    def is_ours(self, profile: Profile) -> bool:
        """Whether `connect` wrote it: its certificate is the one we keep."""
        certificate = profile.control.certificate
        return certificate is not None and certificate.path.resolve() == self.key.resolve()

    def key_name(self, certificate: keys.Certificate) -> str:
        """How the certificate is called on the application: ours by name, and one of a kind."""
        return f"{self.key_prefix}{certificate.thumbprint[:16]}"

    @property
    def key_prefix(self) -> str:
        return f"Portineria {self.name} "


async def place_of(
    door: Door, clock: Clock, tenant: str, endpoints: Endpoints, ca: Path | None
) -> Place:
    """Raises WrongTenant, ServiceFault, NetworkFault."""
    named = Profile(
        name="",
        path=Path(tenant),
        tenant=tenant.lower(),
        endpoints=endpoints,
        control=AppIdentity(client_id=""),
        ca=ca,
    )
    tenant_id = await find_tenant_id(door, named, clock)
    return Place(tenant=tenant, tenant_id=tenant_id, endpoints=endpoints, ca=ca)


@dataclass(frozen=True, slots=True)
class Hands:
    """An administrator who signed in, while the connections are open."""

    person: Person
    directory: Registrations


@asynccontextmanager
async def signed_in(
    place: Place,
    clock: Clock,
    wish: Wish,
    invite: Callable[[Invitation], None],
    enough: frozenset[str] = ADMINISTRATORS,
) -> AsyncIterator[Hands]:
    """Raises NotSignedIn, PermissionFault, WrongTenant, OperatorFault, NetworkFault."""
    session = await sign_in(place.authority, clock, wish, invite)
    person = session.person
    if person.roles is not None and not person.roles & enough:
        raise PermissionFault(
            f"{person.upn} is no administrator who may do this",
            where=f"tenant {place.tenant}",
            try_="sign in as Global Administrator or Privileged Role Administrator (an activated "
            "role counts), or give an administrator what portineria connect --print shows",
        )
    async with HttpDoor(place.ca) as door:
        speaking = Session(door, session, clock, place.endpoints, place.tenant_id)
        yield Hands(person, Registrations(speaking))


def wanted_of(
    files: Files, access: Access, certificate: keys.Certificate | None, *, logs: bool = False
) -> Wanted:
    """Without a certificate yet: a name that no application holds."""
    return Wanted(
        name=f"Portineria control ({files.name})",
        permissions=wanted(access, logs=logs),
        role=ROLES[access],
        key_name=files.key_name(certificate) if certificate else "",
        key=certificate.base64 if certificate else "",
    )


def kept_key(files: Files, now: datetime) -> keys.Certificate | None:
    """The certificate that is there and still good. Raises OperatorFault."""
    if not files.key.exists():
        return None
    found = keys.read(files.key)
    return found if found.ends > now else None


def attempt_of(files: Files, place: Place, clock: Clock) -> FileAttempt:
    """What an earlier call has left; of a finished profile, which application it is.

    Raises StateFault for a profile that `connect` did not write, WrongTenant for another tenant's.
    """
    attempt = FileAttempt(files.attempt, place.tenant_id, clock)
    profile = files.existing()
    if profile is None:
        return attempt
    if not files.is_ours(profile) or profile.tenant not in {place.tenant_id, place.tenant.lower()}:
        raise StateFault(
            f"there is a profile {files.name!r} already, and it is not overwritten",
            where=str(files.profile),
            try_="choose another name with --profile, or take that one away: "
            "portineria connect remove",
        )
    attempt.client_id = profile.control.client_id
    return attempt


def write_profile(files: Files, place: Place, access: Access, client_id: str, key: Path) -> None:
    """A profile that is there stays as it is: it names the same application and key."""
    if files.profile.exists():
        return
    new_profile(
        files.profile,
        tenant_id=place.tenant_id,
        about=f"{access} access to {place.tenant}",
        endpoints=place.endpoints,
        client_id=client_id,
        certificate=key,
        ca=place.ca,
    )


def expected(access: Access) -> Expected:
    return Expected(
        access=access,
        permissions=wanted(access, logs=True),
        role=ROLES[access],
        graph=GRAPH,
        exchange=EXCHANGE_ONLINE,
        names=NAMES,
    )


@dataclass(slots=True)
class Own:
    """The control app as itself. Implements run.checkconnect.OwnAccess."""

    profile: Profile
    session: Session
    tokens: AppTokens
    _scopes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = self.profile.endpoints
        self._scopes = {GRAPH: where.graph_scope, EXCHANGE_ONLINE: where.exchange_scope}

    def certificate_ends(self) -> datetime | None:
        certificate = self.profile.control.certificate
        if certificate is None:
            credential_of(self.profile.control)
            return None
        certificate.refuse_open()
        return keys.public(certificate.path).ends

    async def granted(self, service: str) -> frozenset[str]:
        token = await self.tokens.token(self._scopes[service])
        told = claims_of(token.reveal()).get("roles")
        return frozenset(map(str, told)) if isinstance(told, list) else frozenset()

    async def read_graph(self) -> None:
        await self.session.graph("GET", "/organization?$select=id", needs="Organization.Read.All")

    async def read_exchange(self) -> None:
        await self.session.exchange("Get-OrganizationConfig")

    async def roles(self) -> tuple[HeldRole, ...]:
        directory = Registrations(self.session)
        principal = await directory.principal(self.profile.control.client_id)
        if principal is None:
            raise NotFound("its enterprise application is not there", where="servicePrincipals")
        return await directory.roles(principal)

    def forget(self) -> None:
        self.tokens.forget()


@asynccontextmanager
async def own_access(profile: Profile, clock: Clock) -> AsyncIterator[Own]:
    """Raises OperatorFault, WrongTenant, ServiceFault, NetworkFault."""
    async with HttpDoor(profile.ca) as door:
        tenant_id = await find_tenant_id(door, profile, clock)
        login = Authority(login=profile.endpoints.login, tenant=tenant_id, ca_file=profile.ca)
        tokens = AppTokens(login, credential_of(profile.control), clock)
        session = Session(door, tokens, clock, profile.endpoints, tenant_id)
        yield Own(profile, session, tokens)


async def prove(own: Own, access: Access, wait: Replication) -> None:
    """Both grants by a real read each, with tokens that carry all that was given.

    Raises CouldNotSee where the service does not know of them in time.
    """
    to_hold = expected(access)

    async def proven() -> None:
        own.forget()
        for service in (to_hold.graph, to_hold.exchange):
            lack = missing(to_hold.values(service), await own.granted(service))
            if lack:
                raise NotFound(
                    f"a new token does not carry {', '.join(lack)} yet", where=NAMES[service]
                )
        await own.read_graph()
        await own.read_exchange()

    await wait.settled("Proving both grants: a read in Graph, a read in Exchange", proven)
