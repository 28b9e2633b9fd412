"""What a call of `lab up` asks of the lab, and whether a lab that runs already is that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portineria.fault import OperatorFault, UsageFault

if TYPE_CHECKING:
    from pathlib import Path

    from portineria.lab.portrefused import PortRefused
    from portineria.lab.serve import Options

SEED = "contoso"
WEATHER = "fair"
DOWN_FIRST = "portineria lab down, and call it again; or leave the option out to use this lab"
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options as given; None and the like where nothing was said."""

    seed: str | None = None
    mailboxes: int | None = None
    weather: str | None = None
    base_port: int | None = None
    real_ports: bool = False
    hosts: tuple[str, ...] = ()

    def check(self) -> Wish:
        """With host names in the form they are compared in. Raises OperatorFault."""
        _not_both("--seed", self.seed, "--mailboxes", self.mailboxes)
        _not_both("--real-ports", self.real_ports, "--base-port", self.base_port)
        return Wish(
            seed=self.seed,
            mailboxes=self.mailboxes,
            weather=self.weather,
            base_port=self.base_port,
            real_ports=self.real_ports,
            hosts=tuple(sorted({_host(name) for name in self.hosts})),
        )

    def words(self) -> list[str]:
        """The same options on a command line."""
        said = {
            "--seed": self.seed,
            "--mailboxes": self.mailboxes,
            "--weather": self.weather,
            "--base-port": self.base_port,
        }
        words = [str(part) for pair in said.items() if pair[1] is not None for part in pair]
        words += ["--real-ports"] if self.real_ports else []
        return words + [word for name in self.hosts for word in ("--host", name)]

    def options(self, folder: Path) -> Options:
        from portineria.lab.serve import Options

        return Options(
            state_dir=folder,
            seed=self.seed or SEED,
            mailboxes=self.mailboxes,
            weather=self.weather or WEATHER,
            base_port=self.base_port,
            real_ports=self.real_ports,
            hosts=self.hosts,
        )

    def refuse_another(self, info: Mapping[str, Any]) -> None:
        """Raise OperatorFault where the running lab is not what was asked for.

        What was not said was not asked for.
        """
        for option, wanted, there in self._said(info):
            if wanted != there:
                shown = (
                    "without it" if there in (None, False, []) else f"with {option} {_shown(there)}"
                )
                raise OperatorFault(
                    f"a lab is running already, {shown}", where=option, try_=DOWN_FIRST
                )

    def _said(self, info: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
        """(option, wanted, what the running lab has), of the options that were given."""
        there = info["options"]
        planted = there["seed"] if there["mailboxes"] is None else None
        rows = [
            ("--seed", self.seed, planted),
            ("--mailboxes", self.mailboxes, there["mailboxes"]),
            ("--weather", self.weather, there["weather"]),
            ("--base-port", self.base_port, there["base_port"]),
            ("--real-ports", self.real_ports or None, there["real_ports"]),
            ("--host", list(self.hosts) or None, there["hosts"]),
        ]
        return [row for row in rows if row[1] is not None]

    def port_fault(self, refused: PortRefused) -> OperatorFault:
        """A port that cannot be had, by the option that asked for it."""
        option = "--real-ports" if self.real_ports else f"--base-port {self.base_port}"
        other = "--base-port N" if self.real_ports else "another --base-port"
        return OperatorFault(
            str(refused.args[1]),
            where=option,
            try_=f"see who has it: ss -ltnp 'sport = :{refused.port}'; or use {other}, or neither "
            "for free ports",
            evidence={"port": refused.port, "doors": list(refused.doors)},
        )


def _not_both(first: str, one: object, second: str, other: object) -> None:
    if one not in (None, False) and other not in (None, False):
        raise UsageFault(
            f"{first} and {second} exclude each other", where="lab up", try_="name one of the two"
        )


def _host(name: str) -> str:
    plain = name.lower().rstrip(".")
    if not _HOST.fullmatch(plain) or plain.replace(".", "").isdigit():
        raise OperatorFault(
            f"{name!r} is no host name",
            where="--host",
            try_="letters, digits and hyphens between dots; the lab listens on 127.0.0.1 anyway",
        )
    return plain


def _shown(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else "" if value is True else str(value)
