"""Our applications in a plan that is not about them: their rights are kept as the grants are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portineria.policy.appplan import beyond, blasts, withdrawn
from portineria.policy.apprights import keep_rights
from portineria.policy.desired import EverybodyElse
from portineria.policy.draft import Draft
from portineria.policy.entitle import Entitlements
from portineria.policy.mailapps import Named, Needs, goes_classic, needs_of, own_apps
from portineria.policy.plan import Cell
from portineria.policy.promise import Judge
from portineria.policy.voices import Speaking
from portineria.tenant.apps import AppKind, OwnApp
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen


@dataclass(frozen=True, slots=True)
class OwnApps:
    """Those that are in the tenant, what the grants need them for, and what the profile names."""

    own: Mapping[AppKind, OwnApp]
    needs: Mapping[AppKind, Needs]
    named: Named
    classic: bool

    @classmethod
    def of(cls, entitlements: Entitlements, snapshot: Snapshot, named: Named) -> OwnApps:
        own = own_apps(snapshot, named)
        classic = goes_classic(own)
        return cls(own, needs_of(entitlements, named, own, classic), named, classic)

    def keep_rights(self, snapshot: Snapshot, draft: Draft) -> None:
        for kind, app in self.own.items():
            keep_rights(app, self.needs[kind], self.classic, snapshot, draft)
        if any(self.needs.values()) and isinstance(snapshot.own, Unseen):
            if snapshot.own != NOT_LOOKED_AT and self.named.mail is None:
                draft.needs("the applications of our own", snapshot.own)
            return
        for kind, needs in self.needs.items():
            if needs and kind not in self.own and self.named.meant(kind, self.own) is None:
                draft.note(
                    f"there is no application for {kind.value} yet: portineria app create makes it"
                )

    def speaking(self, everybody: EverybodyElse) -> Speaking:
        """Grants that name no application mean the profile's, else ours in the tenant."""
        mail, smtp = (self._meant(kind) for kind in AppKind)
        return Speaking(everybody, mail, mail if self.classic else smtp)

    def _meant(self, kind: AppKind) -> str | None:
        own = self.own.get(kind)
        return self.named.meant(kind, self.own) or (own.id if own else None)

    def beyond(self, judge: Judge) -> Iterator[Cell]:
        """What must be shut: rights that go, and what a right would open beside the grants."""
        yield from withdrawn(judge, self.own.values())
        yield from beyond(judge, self.own.values(), self.needs)

    def blasts(self, judge: Judge) -> Iterator[str]:
        """What each could open, told where the plan gives a right."""
        if judge.planned.rights != judge.today.rights:
            yield from blasts(judge.planned)
