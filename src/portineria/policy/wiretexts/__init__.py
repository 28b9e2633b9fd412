"""What Exchange Online and Entra say and what it can mean: the catalogue, as data.

A *row* is one text with the layers it can come from; `imap pop smtp` hold the wire's texts,
`tokens` the codes of the token endpoint. Written from public captures and Microsoft's pages
alone. `policy/refusals.py` reads them. Read `rows` first.
"""
