"""The tenant itself: organization, domains, licences, protections, Exchange's own settings."""

from __future__ import annotations

from typing import Any

from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.reading import shared
from portineria.lab.world import Document

MAIL = "Email, OfficeCommunicationsOnline"
DEFAULTS_TEXT = (
    "Security defaults is a set of basic identity security mechanisms recommended by Microsoft. "
    "When enabled, these recommendations will be automatically enforced in your organization. "
    "Administrators and users will be better protected from common identity related attacks."
)


def plant(ground: Ground) -> None:
    _organization(ground)
    _licences(ground)
    _protections(ground)
    _exchange(ground)


def _organization(ground: Ground) -> None:
    tenant = ground.data["tenant"]
    domains = [_domain(row) for row in tenant["domains"]]
    for row in domains:
        ground.put("domains", row["id"], row)
    verified = [
        {
            "capabilities": MAIL,
            "isDefault": row["isDefault"],
            "isInitial": row["isInitial"],
            "name": row["id"],
            "type": row["authenticationType"],
        }
        for row in domains
    ]
    document = {
        "id": tenant["id"],
        "displayName": tenant["name"],
        "tenantType": "AAD",
        "countryLetterCode": tenant["country"],
        "createdDateTime": ground.stamp,
        "onPremisesSyncEnabled": tenant.get("synced"),
        "technicalNotificationMails": [],
        "verifiedDomains": verified,
        "assignedPlans": [],
        "provisionedPlans": [],
    }
    ground.put("organization", tenant["id"], document)


def _domain(row: Document) -> Document:
    return {
        "id": row["name"],
        "authenticationType": row.get("authentication", "Managed"),
        "isDefault": row.get("default", False),
        "isInitial": row.get("initial", False),
        "isRoot": True,
        "isVerified": True,
        "isAdminManaged": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14,
    }


def _licences(ground: Ground) -> None:
    plans = shared("plans")
    tenant = ground.world.tenant_id
    for row in ground.data["licences"]["skus"]:
        document = {
            "id": f"{tenant}_{row['id']}",
            "accountName": ground.world.initial_domain.partition(".")[0],
            "accountId": tenant,
            "appliesTo": "User",
            "capabilityStatus": "Enabled",
            "consumedUnits": row["units"],
            "prepaidUnits": {"enabled": row["units"], "lockedOut": 0, "suspended": 0, "warning": 0},
            "servicePlans": [
                {
                    "servicePlanId": plans[name]["id"],
                    "servicePlanName": name,
                    "provisioningStatus": "Success",
                    "appliesTo": "User",
                }
                for name in row["plans"]
            ],
            "skuId": row["id"],
            "skuPartNumber": row["part"],
            "subscriptionIds": [ground.id("subscription", row["part"])],
        }
        ground.put("subscribedSkus", document["id"], document)


def _protections(ground: Ground) -> None:
    wanted = ground.data["protections"]
    defaults = {
        "id": "00000000-0000-0000-0000-000000000005",
        "deletedDateTime": None,
        "displayName": "Security Defaults",
        "description": DEFAULTS_TEXT,
        "isEnabled": wanted["security_defaults"],
    }
    ground.put("policies", "securityDefaults", defaults)
    ground.put("policies", "authorization", _authorization(wanted["people_may_consent"]))


def _authorization(consent: bool) -> Document:
    allowed = ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"] if consent else []
    return {
        "id": "authorizationPolicy",
        "displayName": "Authorization Policy",
        "description": "Used to manage authorization related settings across the company.",
        "allowInvitesFrom": "everyone",
        "blockMsolPowerShell": False,
        "defaultUserRolePermissions": {
            "allowedToCreateApps": False,
            "allowedToCreateSecurityGroups": True,
            "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": allowed,
        },
    }


def _exchange(ground: Ground) -> None:
    wanted: dict[str, Any] = ground.data["exchange"]
    transport = {
        "Guid": ground.id("transport", "settings"),
        "SmtpClientAuthenticationDisabled": wanted["smtp_auth_disabled"],
    }
    ground.put("transport", "", transport)
    organization = {
        "Guid": ground.id("organization", "exchange"),
        "DefaultAuthenticationPolicy": None,
    }
    ground.put("exchangeOrganization", "", organization)
    for name, switches in wanted["mailbox_plans"].items():
        guid = ground.id("mailboxPlan", name)
        plan = {"Guid": guid, "DisplayName": name, "Name": f"{name}-{guid}", **switches}
        ground.put("mailboxPlans", guid, plan)
    for name, switches in (wanted.get("authentication_policies") or {}).items():
        guid = ground.id("authenticationPolicy", name)
        ground.put("authenticationPolicies", guid, {"Guid": guid, "Name": name, **switches})
