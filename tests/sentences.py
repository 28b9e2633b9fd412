"""The sentences that people see, as the code writes them: what a language has to have words for.

`make sentences` writes the catalogues in `src/portineria/tongue/` anew: in the order of
the code, with the words that they had, without what the code no longer says; what is new has an
empty `msgstr` until somebody fills it in, and the tests fail until then.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portineria.tongue.catalogue import entries, files

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "portineria"

LANGUAGES = ("it",)
"""Those that have a catalogue."""
SPOKEN = (
    "policy/**/*.py",
    "run/*.py",
    "m365/**/*.py",
    "doors/*.py",
    "wiring/*.py",
    "gateway/gatewayfile.py",
    "gateway/hours.py",
    "settings/**/*.py",
    "tenant/*.py",
    "fault.py",
    "cli/*.py",
    "cli/faces/*.py",
    "cli/commands/*.py",
)
"""Rooms whose words reach people."""

SILENT = {
    "settings/formats/programs.py": "writes files of programs",
    "settings/formats/relays.py": "writes files of programs",
    "settings/formats/discover.py": "writes documents for programs",
    "doors/settingserver.py": "speaks to programs",
    "settings/formats/documents.py": "writes documents for programs",
    "policy/policywrite.py": "writes a policy file: its keys and remarks are of one language",
    "policy/usage/draft.py": "writes a policy file",
    "policy/schema.py": "a schema is for programs",
    "policy/show/advisepage.py": "draws a page of the documentation",
    "policy/show/ladder.py": "draws a page of the documentation",
    "policy/show/refusals.py": "draws a page of the documentation",
    "policy/explain/pattern.py": "patterns of texts",
    "policy/explain/pasted.py": "patterns of texts",
    "policy/explain/strange.py": "patterns of texts",
    "policy/show/appsteps.py": "draws tables of the documentation",
    "policy/conditionalbody.py": "names of policies in the tenant, and of conditions in Graph",
    "tenant/snapshotjson.py": "messages to whoever edits a snapshot by hand, quoted as they come",
    "tenant/people.py": "names of Microsoft's directory roles",
    "policy/script/render.py": "writes a script: its remarks are of one language",
    "policy/script/quoting.py": "writes a script",
    "cli/commands/demo.py": "the story is told in English",
    "cli/commands/lab.py": "the embedded tenant speaks English",
    "cli/commands/init.py": "writes a policy file",
    "cli/commands/schema.py": "for programs",
    "cli/commands/completion.py": "for shells",
    "cli/errorpage.py": "draws a page of the documentation",
    "cli/labs.py": "the embedded tenant speaks English",
    "cli/labwish.py": "the embedded tenant speaks English",
    "cli/published.py": "for programs",
    "cli/reference.py": "draws a page of the documentation",
    "cli/schemapage.py": "draws a page of the documentation",
    "cli/shells.py": "scripts of shells",
}
"""Of those, the modules that say nothing in the language of whoever asks, and why."""

PAPERS = {"source", "asks", "about", "help", "short_help", "examples", "metavar", "message"}
"""Arguments that hold no sentence of an answer: papers of a rung, and pages of help."""
PATTERNS = {"compile", "search", "match", "fullmatch", "sub", "findall", "finditer"}
"""Calls whose arguments are regular expressions."""

QUOTES = {"code": 1, "aside": 2, "wire": 2, "_aside": 1, "_wire": 1, "_beside": 1} | dict.fromkeys(
    ("_exchange", "_graph", "_imap", "_imap_aside", "_pop", "_pop_aside"), 1
)
"""Calls of the catalogue of refusals, and which of their arguments quotes a server."""

SCRIPTS = {"_script"}
"""Functions that write programs."""
SAYING = {"say", "compose", "either", "print_table", "print_many"}
"""Calls whose texts are said whatever they look like."""
VOCABULARY = {
    "Layer",
    "Answer",
    "Confidence",
    "Verdict",
    "End",
    "RecipientKind",
    "Trouble",
    "When",
    "COLUMNS",
}
"""Enumerations and constants whose words are shown to people."""
BY_HAND = ("shapes", "words")
"""Files of entries that no module holds as one text: what is put together from sentences, and
single words. They are kept by hand."""


def _parsed(text: str) -> ast.Module:
    """Once more where CPython miscounts its own depth (python/cpython issue 106905)."""
    try:
        return ast.parse(text)
    except SystemError:
        return ast.parse(text)


def template(node: ast.AST) -> str | None:
    """`"no {name}" + rest` as `no {}{}`; None for what is no text."""
    if isinstance(node, ast.Constant):
        return _escaped(node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "{}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = template(node.left), template(node.right)
        if sides == (None, None):
            return None
        return "".join("{}" if side is None else side for side in sides)
    return None


def _escaped(text: str) -> str:
    """Braces doubled, but for the slots of a template that is written as one."""
    return "{}".join(part.replace("{", "{{").replace("}", "}}") for part in text.split("{}"))


def is_sentence(text: str) -> bool:
    """Two words at least, or one word beside a value."""
    words = re.findall(r"[A-Za-z][a-z]*", text.replace("{}", " "))
    return bool(words) and (len(words) > 1 or "{}" in text) and " " in text.strip()


@dataclass(slots=True)
class Spoken:
    """Where a sentence is said; `composed` where it is no f-string, and gets its values later."""

    modules: list[str] = field(default_factory=list)
    composed: bool = True


Found = list[tuple[int, int, str, bool]]
"""Line, column, text, whether it is composed."""


def of_tree(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """The sentences of a module, in the order of its lines."""
    found: Found = []
    _walk(tree, "", found, VOCABULARY | _tables(tree))
    return ((text, composed) for _, _, text, composed in sorted(found))


def _tables(tree: ast.AST) -> set[str]:
    """Constants of which an entry is said, as in `say(_WORDS[severity])`."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    said = (one for call in calls if _name(call.func) in SAYING for one in call.args)
    return {_name(one.value) for one in said if isinstance(one, ast.Subscript)}


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _walk(node: ast.AST, call: str, found: Found, words: set[str]) -> None:
    text = template(node)
    if text is not None:
        if is_sentence(text) or (call and re.search("[A-Za-z]", text)):
            place = (node.lineno, node.col_offset)  # type: ignore[attr-defined]
            found.append((*place, text, isinstance(node, ast.Constant) and "{}" in text))
        for value in _values(node):
            _walk(value, "", found, words)
        return
    call = _said_by(node, words) or call
    for child in _children(node):
        _walk(child, call, found, words)


def _said_by(node: ast.AST, words: set[str]) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.ClassDef(name=name):
            return name if name in SAYING | words else ""
        case ast.Call(func=ast.Attribute(attr="step")):
            return "step"
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name if name in words else ""
        case _:
            return ""


def _values(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions inside a text."""
    if isinstance(node, ast.JoinedStr):
        yield from (part.value for part in node.values if isinstance(part, ast.FormattedValue))
    elif isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            yield from [side] if template(side) is None else _values(side)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What stands below, but for docstrings, papers, patterns and keys."""
    match node:
        case ast.keyword(arg=name) if name in PAPERS:
            return
        case ast.FunctionDef(name=name) if name in SCRIPTS:
            return
        case ast.Call(func=ast.Attribute(attr=name)) if name in PATTERNS:
            return
        case ast.Call(func=ast.Name(id="Lazy")):
            return
        case ast.Call(func=ast.Name(id=name), args=args) if len(args) > QUOTES.get(name, 99):
            quoted = args[QUOTES[name]]
            yield from (child for child in ast.iter_child_nodes(node) if child is not quoted)
        case ast.Subscript(value=value):
            yield value
        case ast.Compare():
            return
        case _:
            for child in ast.iter_child_nodes(node):
                if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                    yield child


def modules() -> Iterator[tuple[str, ast.Module]]:
    for pattern in SPOKEN:
        for path in sorted(SOURCE.glob(pattern)):
            name = path.relative_to(SOURCE).as_posix()
            if name not in SILENT and path.name != "__init__.py":
                yield name, _parsed(path.read_text(encoding="utf-8"))


def spoken() -> dict[str, Spoken]:
    """Every sentence with the modules that say it, in the order of the code."""
    found: dict[str, Spoken] = {}
    for name, tree in modules():
        for text, composed in of_tree(tree):
            if text not in NO_SENTENCES and not NO_SENTENCE.match(text):
                one = found.setdefault(text, Spoken())
                one.composed &= composed
                if name not in one.modules:
                    one.modules.append(name)
    return found


NO_SENTENCE = re.compile(
    r"exchange-online |entra-graph |RFC |Microsoft Learn, |/|GET |POST|PATCH |Bearer |HTTP/|[\\^<]"
    r"|\d\d\d [A-Z]"
)
"""Sources, paths and patterns."""
NO_SENTENCES = {
    # sources
    "Dovecot 2.3, which offers USER whether it takes it or not",
    # names of objects in the tenant
    "{}no basic authentication",
    "{}basic SMTP only",
    "Portineria: networks of ",
    "Application SMTP.SendAsApp",
    # what servers, parsers and the network's library say, to be recognised
    "character '\\\\t'",
    "mapping values are not allowed",
    "character '.' that cannot start",
    "undefined alias|alphabetic or numeric character, but",
    "another document",
    "end of stream|stream end",
    "expected <block end>",
    "unknown escape",
    "special characters",
    "YAML document .version",
    "-ERR (Logon|Authentication) failure: unknown user name or bad password",
    "Request is throttled\\.(?: Suggested Backoff Time: (?P<ms>\\d+) milliseconds)?",
    "You have reached the maximum number of concurrent requests per tenant",
    "Expired or Invalid pagination request",
    "There are more results available",
    "certificate verify failed",
    "name resolution",
    "name or service not known",
    "timed out",
    "* OK",
    # what is sent to servers
    "application/json; charset=utf-8",
    "displayName eq {}",
    " or mail eq {}",
    "Name -like '{}*'",
    "-not ({})",
    "({}) -and ({})",
    # mistakes of the program's own, which are told as a bug
    "{}, which names no time zone",
    "{}: {} is not one of {}",
    "change {}: no {} {} here",
    "{} knows no {}",
    "a crew needs at least one worker",
    "{} has no JSON",
    # a name of its own, in JSON only
    "beside the point",
    "nothing ended",
    "{}?$filter=principalId eq {}",
    "createdDateTime ge {}",
    "createdDateTime le {}",
    "signInEventTypes/any(t: t eq '{}')",
    "{} eq {}",
    # what the logs hold
    "does not reference a valid application",
    "Authenticated SMTP",
    "Other clients",
    "authenticated smtp",
    "other clients",
    "access denied",
    # what is written into a profile
    "Written by `portineria connect`: {}.",
    "Portineria control ({})",
    "Portineria {} ",
    # between words that are said, or beside them
    " or ",
    " or cloud: ",
    "{}: IMAP {}, POP {}",
    "{} is {}",
    "{} on {}",
    "{} x {}: {}",
    "{}, {} s",
    "{} s",
    "{} min",
    "{} h",
    "{}: portineria apply --expired-only {}",
    # environment variables
    "SSL_CERT_FILE, SSL_CERT_DIR",
    "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
    "PORTINERIA_STATE, HOME",
    # help
    " [default: {}]",
    "Before or after any verb",
}
"""Texts of several words that nobody is told, or that are the same in every language."""


def page(room: str, texts: dict[str, Spoken], known: dict[str, str]) -> str:
    """One file of a catalogue."""
    told = [f"# What `{room}` says. `make sentences` keeps this file in order.\n{HEADER}"]
    for text, said in texts.items():
        flag = "#, composed\n" if said.composed else ""
        words = f"msgid {_quoted(text)}\nmsgstr {_quoted(known.get(text, ''))}\n"
        told.append(f"#: {' '.join(said.modules)}\n{flag}{words}")
    return "\n".join(told)


HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def pages(language: str) -> dict[Path, str]:
    """The files of a language as they should be, but for those that are kept by hand."""
    by_room: dict[str, dict[str, Spoken]] = {}
    for text, said in spoken().items():
        room = said.modules[0].removesuffix(".py").partition("/")[0]
        by_room.setdefault(room, {})[text] = said
    known = {one.english: one.other for one in entries(language)}
    home = SOURCE / "tongue" / language
    return {home / f"{room}.po": page(room, texts, known) for room, texts in by_room.items()}


def missing(language: str) -> list[str]:
    known = {one.english for one in entries(language)}
    return [text for text in spoken() if text not in known]


def main() -> int:
    for language in LANGUAGES:
        wanted = pages(language)
        for path in files(language):
            if path not in wanted and path.stem not in BY_HAND:
                path.unlink()
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        without = missing(language)
        print(f"{language}: {len(without)} sentences without words", *without, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
