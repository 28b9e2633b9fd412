"""Every key of a policy with a value of every wrong kind: each is told with its place."""

from __future__ import annotations

from collections.abc import Callable

from desk import Desk, Row

WRONG = {
    "a number": "5", "true": "true", "nothing": "null", "a list": "[[1]]", "a mapping": "{k: v}",
    "a word": "perhaps", "empty text": "''", "a date": "2027-03-31",
}  # fmt: skip

TOP = {
    "schema": ("portineria/policy@1", ()),
    "tenant": ("contoso.onmicrosoft.com", ("a word", "a date")),
    "posture": ("{}", ()),
    "everyone_else": ("unmanaged", ()),
    "accept_exposure": ("none", ("a word",)),
    "grants": ("[]", ("nothing",)),
}
"""Each key with what serves, and the wrong kinds that happen to be right for it."""

POSTURE = (
    "security_defaults", "smtp_auth", "basic_auth", "legacy_tls", "direct_send",
    "new_mailboxes", "conditional_access",
)  # fmt: skip
BELOW = {
    "new_mailboxes": ("imap", "pop"),
    "conditional_access": ("baseline", "break_glass"),
}
OF_A_GRANT = {
    "name": ("a word",),
    "who": (),
    "allow": (),
    "deny": (),
    "through": (),
    "app": (),
    "from": (),
    "until": ("a date",),
    "owner": ("a word",),
    "reason": ("a word",),
}
OF_WHO = {
    "mailboxes": (),
    "groups": (),
    "csv": (),
    "where": (),
}
OF_WHERE = {"type": (), "domain": ("a word",), "department": ("a word",), "name": ("a word",)}


def policy(text: str) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.write("policy.yaml", text)

    return arrange


def whole(**given: str) -> str:
    """A policy with everything in order but what is given."""
    return "".join(f"{key}: {given.get(key, good)}\n" for key, (good, _) in TOP.items())


def grant(key: str, value: str) -> str:
    members = {
        "name": "a",
        "who": "{mailboxes: [erp@contoso.example]}",
        "allow": "[smtp]",
        "through": {"from": "basic", "app": "oauth-app"}.get(key, "gateway"),
        "owner": "o",
        "reason": "r",
        key: value,
    }
    if key == "deny":
        del members["allow"], members["through"]
    inside = ", ".join(f"{name}: {one}" for name, one in members.items())
    return whole(grants=f"[{{{inside}}}]")


def cases() -> list[tuple[str, str, str]]:
    """(path, wrong kind, policy)."""
    found = []
    for kind, value in WRONG.items():
        found += [
            (key, kind, whole(**{key: value})) for key, (_, fits) in TOP.items() if kind not in fits
        ]
        found += [(f"posture.{key}", kind, whole(posture=f"{{{key}: {value}}}")) for key in POSTURE]
        found += [
            (f"posture.{key}.{below}", kind, whole(posture=f"{{{key}: {{{below}: {value}}}}}"))
            for key, names in BELOW.items()
            for below in names
        ]
        found += [
            (f"everyone_else.{key}", kind, whole(everyone_else=f"{{{key}: {value}}}"))
            for key in ("imap", "pop", "smtp")
        ]
        found += [
            (f"grants.{key}", kind, grant(key, value))
            for key, fits in OF_A_GRANT.items()
            if kind not in fits
        ]
        found += [
            (f"grants.who.{key}", kind, grant("who", f"{{{key}: {value}}}")) for key in OF_WHO
        ]
        found += [
            (f"grants.who.where.{key}", kind, grant("who", f"{{where: {{{key}: {value}}}}}"))
            for key, fits in OF_WHERE.items()
            if kind not in fits
        ]
    return found


ROWS = [
    Row(name=f"{path} is {kind}", words=["plan", "policy.yaml"], exit=2, code="bad-file",
        arrange=policy(text), where="policy.yaml:")
    for path, kind, text in cases()
]  # fmt: skip
