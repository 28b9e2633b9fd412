"""Service plans that decide something here, by id. Source: Graph dossier 1.5 and 3.1."""

from __future__ import annotations

EXCHANGE_PLANS = frozenset(
    {
        "9aaf7827-d63c-4b61-89c3-182f06f82e5c",  # EXCHANGE_S_STANDARD, Plan 1
        "efb87545-963c-4e0d-99df-69c6916d9eb0",  # EXCHANGE_S_ENTERPRISE, Plan 2
        "4a82b400-a79f-41a4-b4e2-e94f5787b113",  # EXCHANGE_S_DESKLESS, Kiosk
        "1126bef5-da20-4f07-b45e-ad25d2581aa8",  # EXCHANGE_S_ESSENTIALS
        "90927877-dcff-4af6-b346-2332c0b15bb7",  # EXCHANGE_B_STANDARD
        "d42bdbd6-c335-4231-ab3d-c8f348d5aff5",  # EXCHANGE_L_STANDARD
        "fc52cc4b-ed7d-472d-bbe7-b081c23ecc56",  # EXCHANGE_S_STANDARD_MIDMARKET
        "e9b4930a-925f-45e2-ac2a-3f7788ca6fdd",  # EXCHANGE_S_STANDARD_GOV
        "8c3069c0-ccdb-44be-ab77-986203a67df2",  # EXCHANGE_S_ENTERPRISE_GOV
        "88f4d7ef-a73b-4246-8047-516022144c9f",  # EXCHANGE_S_DESKLESS_GOV
    }
)
"""Plans that bring a mailbox; EXCHANGE_S_FOUNDATION and the archives do not."""

ENTRA_P1 = frozenset(
    {
        "41781fb2-bc02-4b7c-bd55-b576c07bb09d",  # AAD_PREMIUM, in every P2 product too
        "eec0eb4f-6444-4f95-aba0-50c24d67f998",  # AAD_PREMIUM_P2
    }
)
ENTRA_P2 = frozenset({"eec0eb4f-6444-4f95-aba0-50c24d67f998"})
WORKLOAD_IDENTITIES = frozenset(
    {
        "84c289f0-efcb-486f-8581-07f44fc9efad",  # AAD_WRKLDID_P1
        "7dc0e92d-bf15-401d-907e-0884efe7c760",  # AAD_WRKLDID_P2
    }
)
