"""Codes of the token endpoint (AADSTS…) and the layers they can come from.

Source: dossier entra-graph 5.6, from Microsoft's error code reference. Many HTTP statuses and
OAuth error names there are unproven, so only the number counts.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from portineria.policy.verdict import Layer
from portineria.policy.wiretexts.rows import ANYONE, APP, USER, CallerKind, Sense


@dataclass(frozen=True, slots=True)
class TokenRow:
    codes: frozenset[int]
    callers: frozenset[CallerKind]
    layers: frozenset[Layer]
    meaning: str
    sense: Sense = Sense.REFUSED


def _no(
    codes: Set[int], layers: Set[Layer], meaning: str, callers: frozenset[CallerKind] = ANYONE
) -> TokenRow:
    return TokenRow(frozenset(codes), callers, frozenset(layers), meaning)


def _beside(codes: Set[int], meaning: str) -> TokenRow:
    return TokenRow(frozenset(codes), ANYONE, frozenset(), meaning, Sense.BESIDE)


_MFA = frozenset({Layer.SECURITY_DEFAULTS, Layer.PER_USER_MFA, Layer.CONDITIONAL_ACCESS})

TOKEN_ROWS: tuple[TokenRow, ...] = (
    _no({530035}, {Layer.SECURITY_DEFAULTS}, "blocked by security defaults"),
    _no(
        {53000, 53001, 53002, 53003, 530033, 50158},
        {Layer.CONDITIONAL_ACCESS},
        "blocked by Conditional Access",
    ),
    _no({50072, 50074, 50076, 50079}, _MFA, "multi-factor authentication is demanded"),
    _no(
        {65001, 65004, 90094, 650052, 650053, 650057},
        {Layer.CONSENT},
        "nobody consented to this permission",
    ),
    _no({700016}, {Layer.APP, Layer.CONSENT}, "the application is not known in this tenant"),
    _no({7000112, 7000229}, {Layer.APP}, "the application is disabled or has no principal here"),
    _no({50105}, {Layer.APP}, "the person is not assigned to the application"),
    _no({501051}, {Layer.APP}, "the application is not assigned, and it has to be", APP),
    _no({50057}, {Layer.ACCOUNT}, "the account is disabled"),
    _no({50034}, {Layer.ACCOUNT}, "the account does not exist"),
    _no({50053}, {Layer.ACCOUNT}, "the account is locked, or its network is held risky"),
    _no({50055, 50056, 50126}, {Layer.CREDENTIAL}, "the password is wrong, missing or expired"),
    _no(
        {50173, 700082, 700084, 70043, 70008, 50058},
        {Layer.CREDENTIAL},
        "the earlier sign-in has ended; sign in again",
        USER,
    ),
    _no(
        {
            7000214,
            7000215,
            7000216,
            7000218,
            7000222,
            7000274,
            7000277,
            700021,
            700023,
            700024,
            700025,
            700027,
            1000502,
        },
        {Layer.CREDENTIAL},
        "the application's secret or certificate was not accepted",
        APP | USER,
    ),
    _beside({90002, 900023, 900382, 900383, 50194, 700005}, "the tenant was not found"),
    _beside(
        {
            900144,
            1002012,
            70011,
            500011,
            54005,
            70000,
            70003,
            70005,
            70007,
            700054,
            90023,
            9002313,
            50011,
            500112,
            50148,
            501481,
            501491,
        },
        "the request was not well formed",
    ),
    _beside(
        {50089, 70018, 70019, 70020, 90119, 90120},
        "the sign-in was not finished in time, or not as it should be",
    ),
    TokenRow(
        frozenset({90033, 70016}),
        ANYONE,
        frozenset(),
        "a transient failure of the service, or a sign-in that is still waited for",
        Sense.LATER,
    ),
)
