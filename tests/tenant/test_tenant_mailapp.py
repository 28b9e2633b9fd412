"""A mail app's name, and the object id that Exchange has to know it by."""

from portineria.tenant.mailapp import Enterprise, MailApp, OwnProof, TokenClaims
from portineria.tenant.unseen import Unseen

PROOF = OwnProof(kind="secret")
CLAIMS = TokenClaims(audience="a", tenant="t", app_id="c", object_id="from-the-token")


def test_the_object_id_is_the_directorys_else_the_tokens_else_unknown() -> None:
    known = Enterprise(object_id="from-the-directory", name="Mail")
    app = MailApp(client_id="c", proof=PROOF, enterprise=known, token=CLAIMS)
    assert (app.object_id, app.name) == ("from-the-directory", "Mail")
    hidden = MailApp(client_id="c", proof=PROOF, enterprise=Unseen("no"), token=CLAIMS)
    assert (hidden.object_id, hidden.name) == ("from-the-token", "c")
    assert MailApp(client_id="c", proof=PROOF).object_id is None
    assert MailApp(client_id="c", proof=PROOF, enterprise=Enterprise(object_id="o")).name == "c"
