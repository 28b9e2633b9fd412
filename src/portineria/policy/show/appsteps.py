"""Draws the tables in docs/app-check.md from the steps and the delays themselves (`make docs`)."""

from __future__ import annotations

from datetime import timedelta

from portineria.policy.appsteps.ladder import STEPS
from portineria.policy.delays import DELAYS


def steps() -> str:
    """Every step, in its order."""
    rows = [
        f"| {step.number} | [{step.name}](../src/{step.judge.__module__.replace('.', '/')}.py) "
        f"| {step.asks} | {step.source} | {step.confidence.value} |"
        for step in STEPS
    ]
    head = ["| | step | asks | source | confidence |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def delays() -> str:
    """Everything that can be young, and how long the service may take."""
    rows = [
        f"| {made.value} | {delay.usual} | {_told(delay.most)} | {delay.source} "
        f"| {delay.confidence.value} |"
        for made, delay in DELAYS.items()
    ]
    head = [
        "| made or changed | usually | at the latest | source | confidence |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows])


def _told(most: timedelta) -> str:
    return f"{round(most.total_seconds() / 60)} min"
