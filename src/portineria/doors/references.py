"""Secrets by reference: `file:PATH` or `env:NAME`. The value is read when it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portineria.doors.state import refuse_readable_by_others
from portineria.fault import OperatorFault
from portineria.policy.marked import Page, Spot
from portineria.secret import Secret

ADVICE = "put it into a file of its own (mode 0600) and write file:PATH, or write env:NAME"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept. `where` is the place in the profile that names it."""

    kind: str
    name: str
    where: str

    @property
    def path(self) -> Path:
        """The file of a `file:` reference."""
        return Path(self.name)

    def read(self, environment: Mapping[str, str] | None = None) -> Secret:
        """The secret, without surrounding white space. Raises OperatorFault."""
        if self.kind == "env":
            return self._from_environment(os.environ if environment is None else environment)
        return Secret(self.text().strip())

    def text(self) -> str:
        """A private file's whole text (for `file:` references). Raises OperatorFault."""
        path = self.path
        try:
            refuse_readable_by_others(path, "a file with secrets", "chmod 600")
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise OperatorFault(
                f"the secret's file cannot be read: {error.strerror}",
                where=self.where,
                try_=f"check the path: {path}",
            ) from None
        except UnicodeDecodeError:
            raise OperatorFault(
                "the secret's file is not UTF-8 text",
                where=self.where,
                try_=f"write it anew: {path}",
            ) from None
        if not text.strip():
            raise OperatorFault(
                "the secret's file is empty",
                where=self.where,
                try_=f"put the secret into {path}",
            )
        return text

    def _from_environment(self, environment: Mapping[str, str]) -> Secret:
        value = environment.get(self.name, "").strip()
        if not value:
            raise OperatorFault(
                f"the environment variable {self.name} is not set",
                where=self.where,
                try_=f"export {self.name}, or keep the secret in a file and write file:PATH",
            )
        return Secret(value)


def read_reference(page: Page, spot: Spot, what: str, base: Path) -> Reference | None:
    """A reference written in a profile; files are found from `base`.

    A literal secret is refused, and never repeated in the complaint.
    """
    value = page.text(spot, what)
    if value is None:
        return None
    kind, colon, name = value.partition(":")
    if not colon or kind not in {"file", "env"}:
        page.complain(spot, f"{what} does not belong into a profile", ADVICE)
        return None
    if not name.strip():
        page.complain(spot, f"{what} names nothing after {kind}:", ADVICE)
        return None
    place = f"{page.file}:{spot.place.line}:{spot.place.column}"
    if kind == "file":
        name = str((base / Path(name.strip()).expanduser()).absolute())
    return Reference(kind, name.strip(), place)
