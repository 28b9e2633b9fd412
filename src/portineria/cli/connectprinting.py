"""`connect --print`: makes the key here, and prints the rest for somebody who may do it."""

from __future__ import annotations

from pathlib import Path

from portineria.cli.connecting import endpoints_of, files_of
from portineria.cli.faces.answer import print_json
from portineria.cli.faces.connectprint import portal, powershell, reasons
from portineria.cli.faces.tables import plain, print_table
from portineria.cli.frame import Asked
from portineria.doors import keys
from portineria.doors.files import write_atomic
from portineria.fault import OperatorFault
from portineria.tenant.ownaccess import Access
from portineria.tongue.say import compose, say
from portineria.wiring.connecting import Files, kept_key, wanted_of
from portineria.wiring.opening import system_clock


def print_instead(
    said: Asked, tenant: str, cloud: str, access: Access, days: int, *, logs: bool
) -> int:
    """Nothing is asked of any service; what is not confirmed of a cloud is told.

    Raises OperatorFault where the profile is there already.
    """
    files, clock = files_of(said), system_clock()
    endpoints_of(said, cloud)
    if files.profile.exists():
        raise OperatorFault(
            f"there is a profile {files.name!r} already",
            where=str(files.profile),
            try_="portineria connect check says whether it works; or choose another --profile",
        )
    with files.lock():
        wish = wanted_of(files, access, None, logs=logs)
        found = kept_key(files, clock.now())
        certificate = found or keys.make(files.key, wish.name, clock.now(), days)
        public = _public_file(files, certificate)
    wish = wanted_of(files, access, certificate, logs=logs)
    steps = portal(wish, access, tenant, files.name, str(public))
    script = powershell(wish, access, tenant, files.name, cloud)
    if said.json:
        print_json(
            "portineria/connect-print@1",
            {
                "profile": files.name,
                "access": access.value,
                "permissions": [
                    {"value": value, "service": service, "why": why}
                    for value, service, why in reasons(wish)
                ],
                "role": {"id": wish.role.id, "name": wish.role.name, "why": wish.role.why},
                "portal": steps,
                "powershell": script,
                "certificate": str(public),
            },
        )
        return 0
    print(compose("What {} access needs:", access))
    print()
    rows = ((value, service, say(why)) for value, service, why in reasons(wish))
    print_table(("Permission", "Of", "Why"), rows)
    print()
    print(compose("Directory role: {}, {}.", wish.role.name, wish.role.why))
    print()
    print(say("In the portal:"))
    for number, step in enumerate(steps, 1):
        print(plain(f"  {number}. {say(step)}"))
    print()
    print(say("Or in PowerShell:"))
    print()
    print(script, end="")
    return 0


def _public_file(files: Files, certificate: keys.Certificate) -> Path:
    write_atomic(files.public, certificate.der)
    return files.public
