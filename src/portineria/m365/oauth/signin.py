"""What the login refuses to a person who signs in, by AADSTS code; `refusals` reads this table.

Source: Graph dossier 5.2, 5.6; Microsoft Learn, "Microsoft Entra authentication and authorization
error codes".
"""

from __future__ import annotations

from collections.abc import Mapping

from portineria.fault import (
    BadCredential,
    Fault,
    NotSignedIn,
    OperatorFault,
    PermissionFault,
    WrongTenant,
)

_AGAIN = "run the command again, and sign in while it waits"
_CLIENT = "name another public client, or register one: App registrations, Authentication"

SIGN_IN: Mapping[int, tuple[type[Fault], str, str]] = {
    65004: (
        NotSignedIn,
        "the person declined",
        "sign in again, and accept what is asked for; where the page asks for an administrator, "
        "one has to sign in",
    ),
    50199: (NotSignedIn, "the person did not confirm the sign-in", _AGAIN),
    500121: (NotSignedIn, "the second factor failed or was denied", _AGAIN),
    50058: (NotSignedIn, "nobody is signed in in that browser", _AGAIN),
    50089: (NotSignedIn, "the page was left open for too long", _AGAIN),
    70000: (NotSignedIn, "the authorization code is not valid", _AGAIN),
    70008: (NotSignedIn, "the authorization code is too old", _AGAIN),
    70016: (NotSignedIn, "nobody has entered the code yet", _AGAIN),
    70018: (NotSignedIn, "the device code is not known", _AGAIN),
    70019: (NotSignedIn, "the code has expired", _AGAIN),
    70020: (NotSignedIn, "the code has expired", _AGAIN),
    50148: (NotSignedIn, "the proof of the authorization code (PKCE) failed", _AGAIN),
    501481: (NotSignedIn, "the proof of the authorization code (PKCE) failed", _AGAIN),
    9002313: (BadCredential, "the refresh token is not known, or is another client's", _AGAIN),
    50020: (
        WrongTenant,
        "the account is not of this tenant",
        "sign in with an account of the tenant that was named, or name the account's tenant",
    ),
    90072: (
        WrongTenant,
        "the account is not of this tenant",
        "sign in with an account of the tenant that was named, or name the account's tenant",
    ),
    700005: (WrongTenant, "the authorization code is another tenant's", _AGAIN),
    50194: (WrongTenant, "the application is for one tenant only", "name that tenant's id"),
    50011: (
        OperatorFault,
        "the client does not know the redirect URI",
        "register http://localhost for it: App registrations, Authentication, Mobile and desktop "
        "applications",
    ),
    700025: (OperatorFault, "the client is public and takes no secret", _CLIENT),
    650053: (
        OperatorFault,
        "the service has no such permission",
        "check `cloud`: not every cloud has every permission",
    ),
    50097: (
        PermissionFault,
        "Conditional Access asks for a registered device",
        "sign in with a browser on such a device",
    ),
    53004: (
        PermissionFault,
        "the second factor cannot be registered: the sign-in looks risky",
        "sign in from a usual place, or look at Entra admin center, Protection, Risky sign-ins",
    ),
}
