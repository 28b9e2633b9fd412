"""The log of sign-ins as it stands when a seed is planted: the last thirty days, told by habits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from portineria.lab.login.conditional import EXCHANGE
from portineria.lab.login.signinlog import (
    BASIC_AGENT,
    BASIC_CLIENTS,
    CLIENTS,
    INTERACTIVE,
    PRINCIPAL,
    SILENT,
    Attempt,
    enter,
)
from portineria.lab.seeds.ground import Ground
from portineria.lab.world import Document

DAY = timedelta(days=1)
MODERN = CLIENTS["mobileAppsAndDesktopClients"]


def plant(ground: Ground) -> None:
    """A habit is so many sign-ins a day, from one day to another; all lie in the past.

    Of an application that this seed does not have there are none.
    """
    for habit in ground.data.get("signins", ()):
        if "app" in habit and _principal(ground, habit) is None:
            continue
        first, last = habit["days"]
        places = habit["from"] if isinstance(habit["from"], list) else [habit["from"]]
        for day in range(first, last - 1, -1):
            for number in range(habit.get("a_day", 1)):
                at = _moment(ground.world.clock.now(), day, number, habit.get("a_day", 1))
                enter(ground.world, _attempt(ground, habit, places[number % len(places)]), at)


def _moment(now: datetime, day: int, number: int, a_day: int) -> datetime:
    """Evenly over the day that ended `day` - 1 days ago, to the second."""
    return (now - day * DAY + (number + 0.5) / a_day * DAY).replace(microsecond=0)


def _attempt(ground: Ground, habit: Document, address: str) -> Attempt:
    common: dict[str, Any] = {
        "address": address,
        "country": habit.get("country", "IT"),
        "code": habit.get("result", 0),
        "resource": EXCHANGE,
    }
    if habit["method"] == "app":
        agent = habit.get("agent", "")
        return Attempt(event=PRINCIPAL, principal=_principal(ground, habit), agent=agent, **common)
    name = str(habit["who"]) if "@" in str(habit["who"]) else _named(ground, habit["who"])
    common |= {"name": name, "user": ground.world["users"].get(ground.id("user", name))}
    if habit["method"] == "basic":
        return Attempt(
            event=INTERACTIVE,
            client=BASIC_CLIENTS[habit["protocol"]],
            protocol="ropc",
            agent=BASIC_AGENT,
            **common,
        )
    return Attempt(
        event=SILENT if habit.get("silent") else INTERACTIVE,
        client=MODERN,
        agent=habit.get("agent", ""),
        principal=_principal(ground, habit),
        **common,
    )


def _principal(ground: Ground, habit: Document) -> Document | None:
    return ground.world["servicePrincipals"].get(ground.id("principal", habit["app"]))


def _named(ground: Ground, name: str) -> str:
    return f"{name}@{ground.data['people']['domain']}"
