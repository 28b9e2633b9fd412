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
from portineria.tongue.say import compose, say

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
    _line("{} is signed in to {}.", person.upn, place.tenant)
    if lack.app is None:
        _line("An application is registered: {}", wanted.name)
    else:
        _line("The application is there already: {}, {}", lack.app.name, lack.app.client_id)
    print()
    print_table(("Permission", "Of", "", "Why"), _permissions(wanted, lack))
    print()
    state = "to be given" if lack.role else "there already"
    _line("Directory role: {} ({}), {}.", wanted.role.name, state, wanted.role.why)
    if lack.key:
        told = "Certificate: good for {} days; its key is made here and stays in {}."
        _line(told, days, key)
    if lack.taken:
        _line("Taken away, because this access does not need it: {}.", _taken(lack))
    print()


def _line(template: str, *values: object) -> None:
    print(plain(compose(template, *values)))


def _permissions(wanted: Wanted, lack: Lacking) -> Iterator[tuple[str, str, str, str]]:
    missing = {one.value for one in lack.permissions}
    for one in wanted.permissions:
        state = "to be given" if one.value in missing else "there already"
        yield one.value, NAMES[one.resource], say(state), say(one.why)


def _taken(lack: Lacking) -> str:
    return ", ".join(ROLE_NAMES.get(one.rpartition(" ")[2], one) for one in lack.taken)


def print_connected(done: Connected, *, as_json: bool) -> None:
    if as_json:
        print_json("portineria/connect@1", _connected(done))
        return
    if done.lack.nothing:
        print(say("Everything was there already; nothing was written."))
    _line(
        "Connected: profile {}, {} access to {} as {} ({}). Both grants are proven by a real read.",
        done.profile,
        done.access,
        done.place.tenant,
        done.app.name,
        done.app.client_id,
    )
    _line("The certificate is good until {}.", f"{done.certificate.ends:%Y-%m-%d}")
    _line("Next: portineria --profile {} look", done.profile)


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
    rows = ((say(s.name), say(s.answer.value), say(s.because)) for s in steps)
    print_table(("Step", "Right", "Because"), rows)
    print()
    repair = next((step for step in steps if step.repair and step.answer is Answer.YES), None)
    if wrong is not None:
        _line("First wrong step: {}: {}", wrong.name, wrong.because)
        print(plain(f"  {say('try:')} {say(wrong.repair)}"))
    elif repair is not None:
        _line("All is right; soon: {} ({})", repair.repair, repair.because)
    else:
        _line("All is right: {} access, and no more than that.", access)
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
        print(say("An earlier rotation had proven the new certificate; it is finished now."))
    ends = f"{done.certificate.ends:%Y-%m-%d}"
    _line("The new certificate is in use, good until {}.", ends)
    _line("Old certificates taken away: {}", len(done.retired))


def print_removed(
    profile: str, client_id: str, *, was_there: bool, kept: bool, as_json: bool
) -> None:
    if as_json:
        members = {"profile": profile, "client_id": client_id, "was_there": was_there}
        print_json("portineria/connect-remove@1", {**members, "profile_kept": kept})
        return
    if was_there:
        _line("The application {} is removed, with its role and its permissions.", client_id)
        print(say("Entra keeps it restorable among the deleted applications for 30 days."))
    else:
        _line("The application {} was not there any more.", client_id)
    if kept:
        print(say("The key is deleted."))
    else:
        _line("The key and the profile {} are deleted.", profile)


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
        _line("{} is signed in; the refresh token is kept encrypted.", person)
    for mailbox in done.opens:
        _line("{} is opened with that token from now on.", mailbox)
    example = (done.opens or done.people)[0]
    _line("Next: portineria --profile {} probe {} imap --as user", done.profile, example)
