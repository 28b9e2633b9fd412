"""Planting a seed: a fresh world whose every document is a year old."""

from __future__ import annotations

from datetime import timedelta

from portineria.lab.seeds import apps, crowd, groups, others, people, signins, tenant
from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.reading import seed_data
from portineria.lab.world import World

AGE = timedelta(days=365)
"""Seeds are old news: no replication lag and no slow effect hides them."""


def load(world: World, name: str, *, mailboxes: int | None = None) -> None:
    """Wipe the world and plant a seed in it, filled up to so many mailboxes where a number is
    given. Raises NoSuchSeed, NoSuchSize."""
    data = seed_data(name)
    if mailboxes is not None:
        crowd.fill(data, mailboxes)
    world.wipe()
    world.tenant_id = data["tenant"]["id"]
    world.initial_domain = data["tenant"]["initial_domain"]
    ground = Ground(world, data, world.clock.now() - AGE)
    tenant.plant(ground)
    people.plant(ground)
    others.plant(ground)
    apps.plant(ground)
    groups.plant(ground)
    signins.plant(ground)
