"""The tenant: organization, domains, licences, and what another tenant may know of it.

Sources: entra-graph 1.5, 8; Microsoft Graph, "List licenseDetails" and
"findTenantInformationByTenantId".
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from uuid import UUID

from portineria.lab.ask import Answer, Seen
from portineria.lab.graph.call import Call, not_found
from portineria.lab.graph.query import plain_listing
from portineria.lab.world import Document

AAD_PREMIUM = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
AAD_PREMIUM_P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"


def organization(call: Call) -> Answer:
    return plain_listing(call, "organization", call.seen.all("organization"))


def domains(call: Call) -> Answer:
    return plain_listing(call, "domains", call.seen.all("domains"))


def skus(call: Call) -> Answer:
    return plain_listing(call, "subscribedSkus", call.seen.all("subscribedSkus"))


def tenant_information(call: Call) -> Answer:
    """Of a tenant by id or by one of its domains; there is but one here.

    The code and text for a tenant that does not exist are UNVERIFIED.
    """
    tenant = call.names.get("tenant", "").lower()
    domain = call.names.get("domain", "").lower()
    rows = list(call.seen.all("domains"))
    if tenant != call.world.tenant_id and domain not in {row["id"].lower() for row in rows}:
        raise not_found(tenant or domain)
    mine = next(call.seen.all("organization"))
    return Answer(
        body={
            "@odata.context": call.context("microsoft.graph.tenantInformation"),
            "tenantId": mine["id"],
            "federationBrandName": None,
            "displayName": mine["displayName"],
            "defaultDomainName": next(row["id"] for row in rows if row["isDefault"]),
        }
    )


def details(call: Call, licences: Iterable[Document]) -> Iterator[Document]:
    """licenseDetails of a person's assignedLicenses."""
    skus = {sku["skuId"]: sku for sku in call.seen.all("subscribedSkus")}
    for licence in (one for one in licences if one["skuId"] in skus):
        sku = skus[licence["skuId"]]
        ids = UUID(call.world.tenant_id).bytes_le + UUID(sku["skuId"]).bytes_le
        yield {
            "id": base64.urlsafe_b64encode(ids).decode().rstrip("="),
            "skuId": sku["skuId"],
            "skuPartNumber": sku["skuPartNumber"],
            "servicePlans": [
                {**plan, "provisioningStatus": "Disabled"}
                if plan["servicePlanId"] in licence["disabledPlans"]
                else plan
                for plan in sku["servicePlans"]
            ],
        }


def has_plan(seen: Seen, plan: str) -> bool:
    """Whether an enabled subscription carries this service plan (entra-graph 1.5)."""
    return any(
        sku["capabilityStatus"] == "Enabled"
        and any(each["servicePlanId"] == plan for each in sku["servicePlans"])
        for sku in seen.all("subscribedSkus")
    )
