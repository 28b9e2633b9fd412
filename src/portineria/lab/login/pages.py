"""The sign-in pages: plain HTML that works without scripts, with Microsoft's field names.

A page has one form. What is filled in and submitted goes on; only a pressed button called
`cancel` goes back. `loginfmt` and `passwd` are the names on Microsoft's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from portineria.lab.ask import Answer

STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}"
    "input{display:block;width:100%;box-sizing:border-box;font:inherit;margin:.2rem 0 1rem}"
    "button{font:inherit;margin-right:.5rem}"
    "[role=alert]{border-left:4px solid #a4262c;padding-left:.6rem}"
    "footer{margin-top:2rem;color:#555;font-size:.85rem}"
)
NOTE = "This is a lab: an invented company on this machine. Real passwords do not belong here."


def sign_in(flow: str, tenant: str, application: str, name: str = "", refused: str = "") -> Answer:
    """Name and password together; Microsoft's page asks for them one after the other."""
    return _page(
        "Sign in to your account",
        [
            f"<p>to continue to {escape(application)}</p>",
            _alert(refused),
            _form(
                f"/{tenant}/login",
                flow,
                _field("loginfmt", "User name", "text", "username", name)
                + _field("passwd", "Password", "password", "current-password")
                + _buttons("Sign in", "Cancel"),
            ),
        ],
    )


def second_factor(flow: str, tenant: str, name: str) -> Answer:
    """The lab's telephone: whoever sees the page holds it."""
    return _page(
        "Approve sign in request",
        [
            f"<p>{escape(name)} has to confirm with a second factor.</p>",
            _form(f"/{tenant}/SAS/ProcessAuth", flow, _buttons("Approve", "Deny")),
        ],
    )


def consent(flow: str, tenant: str, application: str, scopes: Iterable[str]) -> Answer:
    listed = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    return _page(
        "Permissions requested",
        [
            f"<p>{escape(application)} would like to:</p><ul>{listed}</ul>",
            _form(f"/{tenant}/Consent/Set", flow, _buttons("Accept", "Cancel")),
        ],
    )


def admin_needed(flow: str, tenant: str, application: str, refused: str) -> Answer:
    back = '<button name="cancel" value="1">Return to the application</button>'
    return _page(
        "Need admin approval",
        [
            f"<p>{escape(application)} needs permission that only an administrator can give.</p>",
            _alert(refused),
            _form(f"/{tenant}/Consent/Set", flow, back),
        ],
    )


def device_code(refused: str = "") -> Answer:
    return _page(
        "Enter code",
        [
            "<p>Enter the code displayed on your application or device.</p>",
            _alert(refused),
            _form(
                "/common/oauth2/deviceauth",
                "",
                _field("otc", "Code", "text", "off") + _buttons("Next"),
            ),
        ],
    )


def device_confirm(flow: str, tenant: str, application: str) -> Answer:
    return _page(
        f"Are you trying to sign in to {escape(application)}?",
        [
            "<p>Go on only if you got the code from a device or application that you use.</p>",
            _form(f"/{tenant}/DeviceAuthConfirm", flow, _buttons("Continue", "Cancel")),
        ],
    )


def told(title: str, text: str, status: int = 200) -> Answer:
    """A page that ends it: success, or a refusal with its number."""
    return _page(escape(title), [f"<p>{escape(text)}</p>"], status)


def refused(title: str, text: str, status: int = 200) -> Answer:
    return _page(escape(title), [_alert(text)], status)


def handing_over(uri: str, members: Mapping[str, str]) -> Answer:
    """response_mode=form_post: a form that the browser carries to the application."""
    hidden = "".join(_hidden(name, value) for name, value in members.items())
    form = f'<form method="post" action="{escape(uri)}">{hidden}<button>Continue</button></form>'
    script = "<script>document.forms[0].submit()</script>"
    return _page("Working", [form, script], scripts=True)


def _page(title: str, parts: Iterable[str], status: int = 200, scripts: bool = False) -> Answer:
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{''.join(parts)}</main>"
        f"<footer>{escape(NOTE)}</footer></body></html>"
    )
    allowed = "; script-src 'unsafe-inline'" if scripts else ""
    return Answer(
        status=status,
        body=body.encode(),
        headers={
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store, no-cache",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "content-security-policy": f"default-src 'none'; style-src 'unsafe-inline'{allowed}",
        },
    )


def _form(action: str, flow: str, inside: str) -> str:
    hidden = _hidden("flowToken", flow) if flow else ""
    return f'<form method="post" action="{escape(action)}">{hidden}{inside}</form>'


def _field(name: str, label: str, kind: str, complete: str, value: str = "") -> str:
    return (
        f'<label>{escape(label)}<input type="{kind}" name="{name}" value="{escape(value)}" '
        f'autocomplete="{complete}"></label>'
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _buttons(forward: str, back: str = "") -> str:
    """Forward is first: it is what the Enter key presses."""
    button = f'<button type="submit" id="idSIButton9">{escape(forward)}</button>'
    return button + (f'<button name="cancel" value="1">{escape(back)}</button>' if back else "")


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>' if text else ""
