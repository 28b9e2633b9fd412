"""What observers disagree about, or nobody has seen: each a switch, none a guess in code."""

from __future__ import annotations

from dataclasses import dataclass

from portineria.lab.weather import Weather

PAGE_TOKEN_LIFE = 1800.0
"""Seconds: "Default Expiry time is 00:30:00" (dossier 2.6)."""

BATCH_LIMIT = 10
"""What Microsoft's module and others send at most; a larger limit is unverified (2.8)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """The readings in force, as weather has them.

    `paging`: what a nextLink answers when asked again: works | refused | strict-affinity (400
    when X-AnchorMailbox changes). `largest_page` in rows, 0 for no limit of the service's own.
    `policy_as`: whether a row names an authentication policy by its name or its dn.
    `warnings_beside`: whether an error's warnings pair is beside `error` instead of inside.
    """

    paging: str = "works"
    largest_page: int = 0
    policy_as: str = "name"
    warnings_beside: bool = False

    @classmethod
    def of(cls, weather: Weather) -> Habits:
        return cls(
            paging="refused" if weather.truncated else weather.reading("exchange-paging"),
            largest_page=weather.page,
            policy_as=weather.reading("exchange-policy-identifier"),
            warnings_beside=weather.reading("exchange-error-warnings") == "beside",
        )
