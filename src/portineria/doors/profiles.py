"""A profile: which tenant, at which endpoints, as which app, and what may be probed with.

tenant: contoso.onmicrosoft.com
cloud: global                     # or endpoints: {login: https://…, imap: host:993, …}
control: {client_id: GUID, secret: env:PORTINERIA_SECRET}
probe:
  app: {client_id: GUID, certificate: file:mail.pem}
  smtp_app: {client_id: GUID, certificate: file:smtp.pem}   # where SMTP has one of its own
  user:
    client_id: GUID
    refresh_tokens: file:../tokens/NAME.vault   # or a list: address: token, mode 0600
    delegates: {invoices@contoso.com: ada@contoso.com}   # who opens a shared mailbox
  passwords: file:passwords.yaml  # address: password, mode 0600
  from: [203.0.113.5]             # addresses from which the probe logs in
ca: ca.pem                        # trusted instead of the system's authorities
settled: {reading: option}

Paths begin at the profile's own folder. Secrets are named, never written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from portineria.doors.profile import Address, AppIdentity, PeopleTokens, Probe, Profile
from portineria.doors.references import Reference, from_home, read_reference
from portineria.doors.textfile import read_text
from portineria.fault import NoSuch, StateFault, UsageFault
from portineria.m365.endpoints import CLOUDS, Endpoints, HostPort
from portineria.policy.marked import Page, Spot, nearest, need, shown
from portineria.policy.policyfile import TENANT
from portineria.policy.readings import READINGS

VERSION = "portineria/profile@1"
KEYS = (
    "schema",
    "tenant",
    "cloud",
    "endpoints",
    "control",
    "probe",
    "ca",
    "settled",
)
APP_KEYS = ("client_id", "secret", "certificate", "password")
PROBE_KEYS = ("app", "smtp_app", "user", "passwords", "from")
USER_KEYS = ("client_id", "refresh_tokens", "delegates")
ORIGINS = ("login", "graph", "exchange")
HOSTS = ("imap", "pop", "smtp")
SCOPES = ("graph_scope", "exchange_scope", "mail_resource")


__all__ = ["AppIdentity", "PeopleTokens", "Probe", "Profile", "load", "names", "parse"]

MOST = 1024 * 1024
_GUIDLIKE = re.compile(r"[0-9a-fA-F{}-]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def load(folder: Path, name: str) -> Profile:
    """The profile `name` of the state folder's `profiles`. Raises OperatorFault."""
    refuse_bad_name(name)
    path = folder / f"{name}.yaml"
    try:
        path.lstat()
    except FileNotFoundError:
        raise _no_such(folder, name) from None
    except OSError as error:
        raise StateFault(
            f"the state folder cannot be read: {error.strerror}",
            where=str(folder),
            try_=StateFault.mend,
        ) from None
    return parse(read_text(path, most=MOST), name=name, path=path)


def refuse_bad_name(name: str) -> None:
    """Raises UsageFault for what no profile can be called."""
    if not _NAME.fullmatch(name):
        raise UsageFault(
            f"{name!r} is no name of a profile",
            where="--profile",
            try_="write letters, digits, dots and dashes: --profile contoso",
        )


def names(folder: Path) -> list[str]:
    """Profiles that are there, in order."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _no_such(folder: Path, name: str) -> NoSuch:
    known = names(folder)
    advice = f"there are: {', '.join(known)}" if known else "`portineria lab up` writes one: lab"
    return NoSuch(
        f"there is no profile {name!r}",
        where=str(folder / f"{name}.yaml"),
        try_=f"{advice}; choose with --profile",
    )


def parse(text: str, *, name: str, path: Path) -> Profile:
    """A profile from its text. Raises marked.FileFault with every mistake in it."""
    page = Page(str(path), discreet=True)
    root = page.open(text.removeprefix("\ufeff"))
    found = page.mapping(root, KEYS, "the profile")
    if found is None:
        page.finish()
        found = {}
    need(page, root, found, "tenant", "the profile", "write tenant: contoso.onmicrosoft.com")
    need(page, root, found, "control", "the profile", "write control: {client_id: …, secret: …}")
    if (spot := found.get("schema")) is not None and spot.node.value != VERSION:
        page.complain(spot, f"schema {shown(spot)} is not known here", f"write {VERSION}")
    read = _Reader(page, path.parent)
    profile = Profile(
        name=name,
        path=path,
        tenant=read.tenant(found.get("tenant")),
        endpoints=read.endpoints(found),
        control=read.app(found.get("control"), "control") or AppIdentity(client_id=""),
        probe=read.probe(found.get("probe")),
        ca=read.ca(found.get("ca")),
        settled=read.settled(found.get("settled")),
    )
    _refuse_one_app_for_all(page, found, profile)
    page.finish()
    return profile


def _refuse_one_app_for_all(page: Page, found: Mapping[str, Spot], profile: Profile) -> None:
    """What writes settings must not open mailboxes: a stolen credential would do both."""
    for mail in (profile.probe.app, profile.probe.smtp_app):
        if mail is None or not mail.client_id == profile.control.client_id != "":
            continue
        page.complain(
            found["probe"],
            "the app that opens mailboxes is the control app",
            "register a second application for mail, and name it here",
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    page: Page
    base: Path

    def tenant(self, spot: Spot | None) -> str:
        value = self.page.text(spot, "the tenant") if spot else None
        if spot and value and not TENANT.fullmatch(value):
            self.page.complain(spot, f"{value!r} is no tenant", "write a domain of it, or its id")
        return (value or "").lower()

    def endpoints(self, found: Mapping[str, Spot]) -> Endpoints:
        """A cloud by name, with whatever `endpoints` says instead."""
        base = Endpoints()
        if "cloud" in found:
            cloud = self.page.text(found["cloud"], "the cloud")
            if cloud is not None and cloud not in CLOUDS:
                advice = nearest(found["cloud"], CLOUDS, "there are:")
                self.page.complain(found["cloud"], f"no cloud is called {cloud!r}", advice)
            base = CLOUDS.get(cloud or "global", base)
        if "endpoints" not in found:
            return base
        keys = (*ORIGINS, *HOSTS, *SCOPES)
        given = self.page.mapping(found["endpoints"], keys, "endpoints") or {}
        changes: dict[str, Any] = {key: self._origin(given[key]) for key in ORIGINS if key in given}
        changes |= {key: self._host(given[key]) for key in HOSTS if key in given}
        changes |= {key: self.page.text(given[key], key) for key in SCOPES if key in given}
        kept = {key: value for key, value in changes.items() if value is not None}
        return replace(base, unverified=base.unverified - kept.keys(), **kept)

    def _origin(self, spot: Spot) -> str | None:
        value = self.page.text(spot, "an endpoint")
        if value is None:
            return None
        if not _is_origin(value):
            told = "what stands here" if "@" in value else shown(spot)
            self.page.complain(
                spot, f"{told} is no origin", "write https://host or https://host:port"
            )
            return None
        return value.rstrip("/")

    def _host(self, spot: Spot) -> HostPort | None:
        value = self.page.text(spot, "a mail host")
        host, _, port = (value or "").rpartition(":")
        if host and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536:
            return HostPort(host, int(port))
        if value is not None:
            self.page.complain(spot, f"{value!r} is no mail host", "write host:port")
        return None

    def app(self, spot: Spot | None, what: str) -> AppIdentity | None:
        found = self.page.mapping(spot, APP_KEYS, what) if spot else None
        if spot is None or found is None:
            return None
        need(self.page, spot, found, "client_id", what, "copy the Application (client) ID")
        ways = [key for key in ("secret", "certificate") if key in found]
        if len(ways) != 1:
            self.page.complain(
                spot,
                f"{what} has a secret and a certificate"
                if ways
                else f"{what} has nothing to log in with",
                "give one of them: secret: env:NAME, or certificate: file:PATH",
            )
        if "password" in found and "certificate" not in found:
            self.page.complain(
                found["password"],
                "a password opens a certificate; there is none",
                "name the certificate too: certificate: file:PATH, or take the password out",
            )
        return AppIdentity(
            client_id=self._client_id(found.get("client_id")),
            secret=self._reference(found.get("secret"), "a secret"),
            certificate=self._private_file(found.get("certificate"), "a certificate"),
            password=self._reference(found.get("password"), "a password"),
        )

    def probe(self, spot: Spot | None) -> Probe:
        found = self.page.mapping(spot, PROBE_KEYS, "probe") if spot else None
        if not found:
            return Probe()
        return Probe(
            app=self.app(found.get("app"), "probe.app"),
            smtp_app=self.app(found.get("smtp_app"), "probe.smtp_app"),
            user=self._user(found.get("user")),
            passwords=self._private_file(found.get("passwords"), "the list of passwords"),
            sources=self._sources(found.get("from")),
        )

    def _user(self, spot: Spot | None) -> PeopleTokens | None:
        found = self.page.mapping(spot, USER_KEYS, "probe.user") if spot else None
        if spot is None or found is None:
            return None
        for key in ("client_id", "refresh_tokens"):
            need(self.page, spot, found, key, "probe.user", "write client_id and refresh_tokens")
        tokens = self._private_file(found.get("refresh_tokens"), "the list of tokens")
        client_id = self._client_id(found.get("client_id"))
        delegates = self._delegates(found.get("delegates"))
        if tokens is None:
            return None
        return PeopleTokens(client_id=client_id, refresh_tokens=tokens, delegates=delegates)

    def _delegates(self, spot: Spot | None) -> dict[str, str]:
        """Mailbox to person, both in small letters."""
        what = "probe.user.delegates"
        found = {}
        for key, value in (self.page.pairs(spot, what) if spot else None) or ():
            person = self.page.text(value, "a delegate")
            if person is not None and "@" not in person:
                self.page.complain(value, f"{person!r} is no address", "write ada@contoso.com")
            elif person is not None:
                found[str(key.node.value).lower()] = person.lower()
        return found

    def _private_file(self, spot: Spot | None, what: str) -> Reference | None:
        reference = self._reference(spot, what)
        if spot is not None and reference is not None and reference.kind != "file":
            self.page.complain(spot, f"{what} is kept in a file", "write file:PATH")
            return None
        return reference

    def _reference(self, spot: Spot | None, what: str) -> Reference | None:
        return None if spot is None else read_reference(self.page, spot, what, self.base)

    def _client_id(self, spot: Spot | None) -> str:
        value = self.page.text(spot, "a client id") if spot else None
        if spot is None or value is None:
            return ""
        try:
            return str(UUID(value))
        except ValueError:
            told = shown(spot) if _GUIDLIKE.fullmatch(value) else "what stands here"
            self.page.complain(
                spot,
                f"{told} is no client id",
                "copy the Application (client) ID, a GUID, from App registrations, Overview",
            )
            return ""

    def _sources(self, spot: Spot | None) -> tuple[Address, ...]:
        found = []
        for item in (self.page.items(spot, "probe.from") if spot else None) or ():
            value = self.page.text(item, "an address")
            try:
                found.append(ip_address(value or ""))
            except ValueError:
                if value is not None:
                    self.page.complain(
                        item, f"{shown(item)} is no address of a network", "write 203.0.113.5"
                    )
        return tuple(found)

    def ca(self, spot: Spot | None) -> Path | None:
        value = self.page.text(spot, "ca") if spot else None
        if spot is None or value is None:
            return None
        try:
            path = from_home(value.removeprefix("file:"), self.base)
        except RuntimeError:
            path = self.base / value
        if not path.is_file():
            self.page.complain(spot, f"there is no file {path}", "name a PEM file")
        return path

    def settled(self, spot: Spot | None) -> dict[str, str]:
        known = {reading.id: reading.options for reading in READINGS.values()}
        found = self.page.mapping(spot, known, "settled") if spot else None
        answers = {}
        for key, value in (found or {}).items():
            word = self.page.text(value, f"settled.{key}")
            if word is not None and word not in known[key]:
                advice = nearest(value, known[key], "it is one of")
                self.page.complain(value, f"{key} cannot be {word!r}", advice)
            elif word is not None:
                answers[key] = word
        return answers


def _is_origin(value: str) -> bool:
    """https, a host, perhaps a port; no path and nobody's name."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    plain = parts.username is None and not parts.query and not parts.fragment
    return parts.scheme == "https" and bool(parts.hostname) and parts.path in {"", "/"} and plain
