"""Microsoft's Graph SDK for Python, unmodified: its models read what the lab writes.

The SDK runs in a thread with a loop of its own, because its credential blocks.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from portineria.lab.serve import Options, Running, serve

pytestmark = [
    pytest.mark.stranger,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # its own, about its own names
]

BASE = "msgraph.generated"
MODELS = f"{BASE}.models"


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would win over the argument
        monkeypatch.delenv(name, raising=False)
    fast = {"conditional_access_per_second": 0}
    running = await serve(
        Options(state_dir=tmp_path / "lab", seed="small", overrides=fast),
    )
    yield running
    await running.close()


async def told(lab: Running, story: Callable[[Any], Awaitable[Any]], app: str = "admin") -> Any:
    """What the story returns, told with a client of this application."""

    def run() -> Any:
        client = importlib.import_module("graph_sdk").client_of(lab.info, lab.info[app])

        async def whole() -> Any:
            return await story(client)

        return asyncio.run(whole())

    return await asyncio.to_thread(run)


def model(name: str, **members: Any) -> Any:
    """A model of the SDK by its module's name, for instance ip_named_location."""
    return _class(f"{MODELS}.{name}")(**members)


def _class(path: str) -> Any:
    wanted = path.rpartition(".")[2].replace("_", "")
    module = importlib.import_module(path)
    return next(value for key, value in vars(module).items() if key.lower() == wanted)


async def fault_of(call: Awaitable[Any]) -> Any:
    """The typed error that a call raises."""
    refused = importlib.import_module(f"{MODELS}.o_data_errors.o_data_error").ODataError
    with pytest.raises(refused) as caught:
        await call
    return caught.value


async def test_it_lists_people_in_pages_with_their_plans(lab: Running) -> None:
    async def story(graph: Any) -> tuple[Any, list[Any]]:
        builder = importlib.import_module(f"{BASE}.users.users_request_builder")
        asked = builder.UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            top=5, count=True, select=["id", "userPrincipalName", "accountEnabled", "assignedPlans"]
        )
        base = importlib.import_module("kiota_abstractions.base_request_configuration")
        configuration = base.RequestConfiguration(query_parameters=asked)
        configuration.headers.add("ConsistencyLevel", "eventual")
        first = await graph.users.get(request_configuration=configuration)
        pager = importlib.import_module("msgraph_core.tasks.page_iterator").PageIterator
        found: list[Any] = []
        pages = pager(first, graph.request_adapter)
        await pages.iterate(lambda user: not found.append(user))
        return first, found

    first, found = await told(lab, story)
    everybody = {user["userPrincipalName"] for user in lab.lab.world["users"].all()}
    assert len(first.value) == 5
    assert first.odata_count == len(everybody)
    assert {user.user_principal_name for user in found} == everybody
    assert len(found) == len(everybody)
    ada = next(user for user in found if user.user_principal_name.startswith("ada@"))
    assert ada.account_enabled is True
    assert {plan.capability_status for plan in ada.assigned_plans} == {"Enabled"}


async def test_it_knows_members_and_principals_by_their_types(lab: Running) -> None:
    async def story(graph: Any) -> tuple[list[str], Any, Any, Any]:
        groups = await graph.groups.get()
        scanners = next(g for g in groups.value if g.display_name == "Scanners")
        members = await graph.groups.by_group_id(scanners.id).transitive_members.get()
        exchange = await graph.service_principals_with_app_id(
            "00000002-0000-0ff1-ce00-000000000000"
        ).get()
        skus = await graph.subscribed_skus.get()
        organization = await graph.organization.get()
        names = [type(member).__name__ for member in members.value]
        return names, exchange, skus.value[0], organization.value[0]

    names, exchange, sku, organization = await told(lab, story)
    assert sorted(names) == ["Group", "User", "User"]
    assert "IMAP.AccessAsApp" in {role.value for role in exchange.app_roles}
    assert "SMTP.Send" in {scope.value for scope in exchange.oauth2_permission_scopes}
    assert sku.prepaid_units.enabled > 0
    assert [domain.name for domain in organization.verified_domains if domain.is_initial] == [
        lab.info["initial_domain"]
    ]


async def test_it_switches_security_defaults(lab: Running) -> None:
    async def story(graph: Any) -> tuple[bool, Any, bool]:
        policy = graph.policies.identity_security_defaults_enforcement_policy
        before = (await policy.get()).is_enabled
        sent = model("identity_security_defaults_enforcement_policy", is_enabled=False)
        answer = await policy.patch(sent)
        return before, answer, (await policy.get()).is_enabled

    assert await told(lab, story) == (True, None, False)


async def test_it_makes_changes_and_removes_a_conditional_access_policy(lab: Running) -> None:
    state = _state()

    async def story(graph: Any) -> tuple[Any, ...]:
        policies = graph.identity.conditional_access.policies
        made = await policies.post(block_legacy())
        one = policies.by_conditional_access_policy_id(made.id)
        refused = await fault_of(
            one.patch(model("conditional_access_policy", state=state("enabled")))
        )
        answer = await one.patch(model("conditional_access_policy", state=state("disabled")))
        listed = (await policies.get()).value
        await one.delete()
        return made, refused, answer, listed, (await policies.get()).value

    made, refused, answer, listed, left = await told(lab, story)
    assert made.state == state("enabledForReportingButNotEnforced")
    assert [app.value for app in made.conditions.client_app_types] == [
        "exchangeActiveSync",
        "other",
    ]
    assert made.created_date_time is not None
    assert (refused.response_status_code, refused.error.code) == (400, "BadRequest")
    assert refused.error.message.startswith("Security Defaults is enabled in the tenant.")
    assert answer is None
    assert [(p.id, p.state) for p in listed] == [(made.id, state("disabled"))]
    assert left == []


async def test_it_makes_a_named_location_and_gets_its_own_type_back(lab: Running) -> None:
    async def story(graph: Any) -> tuple[Any, list[Any]]:
        places = graph.identity.conditional_access.named_locations
        ranges = [
            model(
                "i_pv4_cidr_range",
                odata_type="#microsoft.graph.iPv4CidrRange",
                cidr_address="203.0.113.0/24",
            )
        ]
        made = await places.post(
            model(
                "ip_named_location",
                odata_type="#microsoft.graph.ipNamedLocation",
                display_name="Office",
                is_trusted=True,
                ip_ranges=ranges,
            )
        )
        return made, (await places.get()).value

    made, listed = await told(lab, story)
    assert type(made).__name__ == type(listed[0]).__name__ == "IpNamedLocation"
    assert listed[0].ip_ranges[0].cidr_address == "203.0.113.0/24"


async def test_its_errors_are_typed_and_name_the_request(lab: Running) -> None:
    async def story(graph: Any) -> tuple[Any, Any]:
        policies = graph.identity.conditional_access.policies
        unknown = await fault_of(graph.users.by_user_id("nobody@contoso.example").get())
        malformed = await fault_of(policies.post(model("conditional_access_policy")))
        return unknown, malformed

    unknown, malformed = await told(lab, story)
    assert (unknown.response_status_code, unknown.error.code) == (404, "Request_ResourceNotFound")
    assert unknown.error.inner_error.request_id
    assert malformed.error.message.startswith("1007: ")


async def test_what_an_application_may_not_is_told_in_the_words_of_each_family(
    lab: Running,
) -> None:
    async def story(graph: Any) -> tuple[Any, Any]:
        return (
            await fault_of(graph.users.get()),
            await fault_of(graph.identity.conditional_access.policies.get()),
        )

    directory, policy = await told(lab, story, "mail_app")
    assert directory.error.code == "Authorization_RequestDenied"
    assert policy.error.code == "AccessDenied"
    assert directory.response_status_code == policy.response_status_code == 403


async def test_it_waits_as_long_as_it_is_told_and_asks_again(lab: Running) -> None:
    fault = {"operation": "GET /organization", "nth": 1, "fault": "429", "retry_after": 1.0}
    weather = importlib.import_module("portineria.lab.weather")
    lab.lab.weather = weather.forecast("fair", {"scheduled": [fault]})

    async def story(graph: Any) -> Any:
        return (await graph.organization.get()).value[0].id

    assert await told(lab, story) == lab.info["tenant"]
    asked = [a.status for a in lab.lab.history.asked if a.path.endswith("/organization")]
    assert asked == [429, 200]


def block_legacy() -> Any:
    client = _class(f"{MODELS}.conditional_access_client_app")
    control = _class(f"{MODELS}.conditional_access_grant_control")
    return model(
        "conditional_access_policy",
        display_name="Block legacy authentication",
        state=_state()("enabledForReportingButNotEnforced"),
        conditions=model(
            "conditional_access_condition_set",
            client_app_types=[client("exchangeActiveSync"), client("other")],
            applications=model("conditional_access_applications", include_applications=["All"]),
            users=model("conditional_access_users", include_users=["All"]),
        ),
        grant_controls=model(
            "conditional_access_grant_controls", operator="OR", built_in_controls=[control("block")]
        ),
    )


def _state() -> Any:
    return _class(f"{MODELS}.conditional_access_policy_state")
