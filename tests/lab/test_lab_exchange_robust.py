"""No request breaks the face: whatever is sent, it answers with one of its own answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from exchange_tenant import BASE, TENANT, Tenant, guid, small_world, tenant_of
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.lab.ask import Answer, Ask, Seen
from portineria.lab.exchange.declare import Cmdlet
from portineria.lab.exchange.face import answer
from portineria.lab.exchange.invoke import CMDLETS

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([guid(1), "ada", "Unlimited", "All", "Nothing", "2026-11-23", "Name -eq 'x'"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["@odata.type", "Add", "remove", "x"]), inner, max_size=3),
    ),
    max_leaves=4,
)


@st.composite
def commands(draw: st.DrawFn) -> dict[str, Any]:
    cmdlet: Cmdlet = draw(st.sampled_from(sorted(CMDLETS.values(), key=lambda c: c.name)))
    names = [p.name for p in cmdlet.parameters] + ["Confirm", "WhatIf", "Strange", "X@odata.type"]
    given = draw(st.dictionaries(st.sampled_from(names), values, max_size=4))
    return {"CmdletInput": {"CmdletName": cmdlet.name, "Parameters": given}}


def ask(tenant: Tenant, body: bytes, path: str, query: dict[str, str] | None = None) -> Answer:
    request = Ask(
        face="exchange",
        method="POST",
        path=path,
        query=query or {},
        headers={"authorization": f"Bearer {tenant.bearer}", "prefer": "odata.maxpagesize=2"},
        body=body,
        seen=Seen(tenant.world),
    )
    return asyncio.run(answer(tenant.lab, request))


@settings(max_examples=150)
@given(st.lists(commands(), min_size=1, max_size=4))
def test_any_parameters_are_answered_and_the_answer_is_json(sent: list[dict[str, Any]]) -> None:
    """Several in a row, so that what one of them stored cannot break the next."""
    tenant = tenant_of(small_world())
    for body in sent:
        reply = ask(tenant, json.dumps(body).encode(), f"{BASE}/InvokeCommand")
        assert reply.status in (200, 400, 404, 409), body
        document = json.loads(reply.encoded())
        assert ("value" in document) is (reply.status == 200)


@given(st.one_of(st.binary(max_size=40), values.map(lambda v: json.dumps(v).encode())))
def test_any_body_is_answered(body: bytes) -> None:
    tenant = tenant_of(small_world())
    for tail in ("InvokeCommand", "$batch"):
        assert ask(tenant, body, f"{BASE}/{tail}").status in (200, 400, 403)


@given(values, st.dictionaries(st.sampled_from(["id", "url", "method", "headers"]), values))
def test_any_part_of_a_batch_is_answered(body: object, members: dict[str, Any]) -> None:
    tenant = tenant_of(small_world())
    url = f"https://outlook.office365.com/adminapi/beta/{TENANT}/InvokeCommand"
    batch = {"requests": [{"id": "1", "url": url, "body": body, **members}]}
    reply = ask(tenant, json.dumps(batch).encode(), f"{BASE}/$batch")
    assert reply.status in (200, 400)
