"""What `connect` and its verbs show: before it is done, when it is done, and step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain, print_table
from portineria.cli.faces.why import EXIT
from portineria.m365.permissions import NAMES, ROLES
from portineria.policy.verdict import Answer
from portineria.run.checkconnect import Step, first_wrong

ROLE_NAMES = {role.id: f"directory role {role.name}" for role in ROLES.values()}

if TYPE_CHECKING:
    from portineria.cli.connecting import Connected
    from portineria.cli.people import SignedIn
    from portineria.cli.rotating import Rotated
    from portineria.doors.signin import Person
    from portineria.run.connect import Lacking, Wanted
    from portineria.tenant.ownaccess import Access
    from portineria.wiring.connecting import Place


def print_asked(
    place: Place, person: Person, wanted: Wanted, lack: Lacking, *, days: int, key: str
) -> None:
    """Everything that a yes would do, each with its reason."""
    print(plain(f"{person.upn} is signed in to {place.tenant}."))
    if lack.app is None:
        print(f"An application is registered: {plain(wanted.name)}")
    else:
        print(plain(f"The application is there already: {lack.app.name}, {lack.app.client_id}"))
    print()
    print_table(("Permission", "Of", "", "Why"), _permissions(wanted, lack))
    print()
    state = "to be given" if lack.role else "there already"
    print(f"Directory role: {wanted.role.name} ({state}), {wanted.role.why}.")
    if lack.key:
        print(plain(f"Certificate: good for {days} days; its key is made here and stays in {key}."))
    if lack.taken:
        print(plain(f"Taken away, because this access does not need it: {_taken(lack)}."))
    print()


def _permissions(wanted: Wanted, lack: Lacking) -> Iterator[tuple[str, str, str, str]]:
    missing = {one.value for one in lack.permissions}
    for one in wanted.permissions:
        state = "to be given" if one.value in missing else "there already"
        yield one.value, NAMES[one.resource], state, one.why


def _taken(lack: Lacking) -> str:
    return ", ".join(ROLE_NAMES.get(one.rpartition(" ")[2], one) for one in lack.taken)


def print_connected(done: Connected, *, as_json: bool) -> None:
    if as_json:
        print_json("portineria/connect@1", _connected(done))
        return
    if done.lack.nothing:
        print("Everything was there already; nothing was written.")
    print(
        plain(
            f"Connected: profile {done.profile}, {done.access} access to {done.place.tenant} as "
            f"{done.app.name} ({done.app.client_id}). Both grants are proven by a real read."
        )
    )
    print(f"The certificate is good until {done.certificate.ends:%Y-%m-%d}.")
    print(f"Next: portineria --profile {done.profile} look")


def _connected(done: Connected) -> dict[str, Any]:
    missing = {one.value for one in done.lack.permissions}
    return {
        "profile": done.profile,
        "tenant_id": done.place.tenant_id,
        "access": done.access.value,
        "person": done.person.upn,
        "application": {
            "name": done.app.name,
            "client_id": done.app.client_id,
            "made": done.lack.app is None,
        },
        "permissions": [
            {
                "value": one.value,
                "service": NAMES[one.resource],
                "why": one.why,
                "given": one.value in missing,
            }
            for one in done.wanted.permissions
        ],
        "role": {
            "id": done.wanted.role.id,
            "name": done.wanted.role.name,
            "why": done.wanted.role.why,
            "given": done.lack.role,
        },
        "taken_away": list(done.lack.taken),
        "certificate": {
            "thumbprint": done.certificate.thumbprint,
            "ends": done.certificate.ends.isoformat(),
            "given": done.lack.key,
        },
        "proven": True,
    }


def print_steps(profile: str, access: Access, steps: Sequence[Step], *, as_json: bool) -> int:
    """Print, and give the answer of all of them as exit code."""
    wrong = first_wrong(steps)
    answer = Answer.YES if wrong is None else wrong.answer
    if as_json:
        print_json(
            "portineria/connect-check@1",
            {
                "profile": profile,
                "access": access.value,
                "answer": answer.value,
                "first_wrong": None if wrong is None else wrong.name,
                "steps": list(map(_step, steps)),
            },
        )
        return EXIT[answer]
    print_table(("Step", "Right", "Because"), ((s.name, s.answer.value, s.because) for s in steps))
    print()
    repair = next((step for step in steps if step.repair and step.answer is Answer.YES), None)
    if wrong is not None:
        print(plain(f"First wrong step: {wrong.name}: {wrong.because}"))
        print(plain(f"  try: {wrong.repair}"))
    elif repair is not None:
        print(plain(f"All is right; soon: {repair.repair} ({repair.because})"))
    else:
        print(f"All is right: {access} access, and no more than that.")
    return EXIT[answer]


def _step(step: Step) -> dict[str, Any]:
    evidence = {} if step.fault is None else step.fault.evidence
    return {
        "name": step.name,
        "answer": step.answer.value,
        "because": step.because,
        "repair": step.repair,
        "code": "" if step.fault is None else step.fault.code,
        "evidence": dict(evidence),
    }


def print_rotated(profile: str, done: Rotated, *, as_json: bool) -> None:
    if as_json:
        print_json(
            "portineria/connect-rotate@1",
            {
                "profile": profile,
                "thumbprint": done.certificate.thumbprint,
                "ends": done.certificate.ends.isoformat(),
                "retired": [one.name for one in done.retired],
                "finished": done.finished,
            },
        )
        return
    if done.finished:
        print("An earlier rotation had proven the new certificate; it is finished now.")
    print(f"The new certificate is in use, good until {done.certificate.ends:%Y-%m-%d}.")
    print(f"Old certificates taken away: {len(done.retired)}")


def print_removed(
    profile: str, client_id: str, *, was_there: bool, kept: bool, as_json: bool
) -> None:
    if as_json:
        members = {"profile": profile, "client_id": client_id, "was_there": was_there}
        print_json("portineria/connect-remove@1", {**members, "profile_kept": kept})
        return
    if was_there:
        print(f"The application {client_id} is removed, with its role and its permissions.")
        print("Entra keeps it restorable among the deleted applications for 30 days.")
    else:
        print(f"The application {client_id} was not there any more.")
    print("The key is deleted." if kept else f"The key and the profile {profile} are deleted.")


def print_people(done: SignedIn, *, as_json: bool) -> None:
    if as_json:
        print_json(
            "portineria/connect-user@1",
            {
                "profile": done.profile,
                "people": list(done.people),
                "opens": list(done.opens),
                "client_id": done.client_id,
                "vault": str(done.vault),
            },
        )
        return
    for person in done.people:
        print(plain(f"{person} is signed in; the refresh token is kept encrypted."))
    for mailbox in done.opens:
        print(plain(f"{mailbox} is opened with that token from now on."))
    example = (done.opens or done.people)[0]
    print(plain(f"Next: portineria --profile {done.profile} probe {example} imap --as user"))
