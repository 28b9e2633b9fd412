"""The published schemas: complete, described, each in one piece, and printed by name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from saying import Say

from portineria.cli.published import KNOWN, every_schema, published, title
from portineria.cli.schemapage import schemas_page
from published import closed, judge

SOURCE = Path(__file__).parents[2] / "src" / "portineria"
ANSWERS = [name for name in KNOWN if name != "policy"]
"""The policy's own schema is held to its parser by tests/policy/test_policy_schema.py."""
INPUT_ONLY = {"profile"}
"""Files that a person writes in YAML; the policy's schema is published for editors."""


def parts(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, with its place."""
    if isinstance(schema, dict):
        yield where, schema
        for key, value in schema.items():
            yield from parts(value, f"{where}/{key}")
    elif isinstance(schema, list):
        for number, value in enumerate(schema):
            yield from parts(value, f"{where}/{number}")


@pytest.mark.parametrize("name", KNOWN)
def test_every_schema_is_a_schema_and_names_its_object(name: str) -> None:
    document = published(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:portineria:{name}:{KNOWN[name].version}"
    assert document["properties"]["schema"]["const"] == title(name)
    assert document["title"]
    assert document["description"]


@pytest.mark.parametrize("name", ANSWERS)
def test_every_member_is_described(name: str) -> None:
    for where, part in parts(published(name)):
        if where.endswith("/properties") and not re.search("/(if|then|else)/", where):
            for member, schema in part.items():
                told = {"description", "$ref", "const"} & set(schema)
                assert told, f"{name}{where}/{member}"


@pytest.mark.parametrize("name", ANSWERS)
def test_every_member_has_a_type(name: str) -> None:
    """Only Microsoft's own values and the evidence of an error are not looked into."""
    shapes = {"type", "$ref", "const", "enum", "anyOf", "oneOf"}
    for where, part in parts(published(name)):
        if where.endswith("/properties"):
            for member, schema in part.items():
                assert shapes & set(schema), f"{name}{where}/{member}"


@pytest.mark.parametrize("name", KNOWN)
def test_a_schema_holds_what_it_refers_to(name: str) -> None:
    document = published(name)
    ids = {part["$id"] for _, part in parts(document) if isinstance(part.get("$id"), str)}
    for where, part in parts(document):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith("urn:"):
            assert target.partition("#")[0] in ids, (where, target)
    wrong = {"schema": title(name), "made-up": 1}
    assert list(jsonschema.Draft202012Validator(closed(document)).iter_errors(wrong))


def test_new_names_are_let_through_by_what_is_published_and_not_by_the_tests() -> None:
    document = {"schema": "portineria/lab-down@1", "stopped": True, "new": 1}
    jsonschema.Draft202012Validator(published("lab-down")).validate(document)
    with pytest.raises(AssertionError, match="'new' was unexpected"):
        judge(document)


def test_what_lies_in_the_package_is_what_is_known() -> None:
    kept = {path.name for path in (SOURCE / "cli" / "schemas").iterdir()}
    assert kept == {f"{name}@{known.version}.json" for name, known in KNOWN.items()} - {
        "policy@1.json"
    }


def test_every_schema_that_the_program_names_is_published() -> None:
    named = set()
    for file in SOURCE.rglob("*.py"):
        named |= set(re.findall(r'"portineria/([a-z-]+)@\d+"', file.read_text(encoding="utf-8")))
    assert named - INPUT_ONLY <= set(KNOWN)


@pytest.mark.parametrize("name", ["plan", "plan@1", "portineria/plan@1"])
def test_a_schema_is_printed_by_any_of_its_names(say: Say, name: str) -> None:
    for words in (("schema", name), ("schema", name, "--json")):
        assert json.loads(say(*words).out) == published("plan")


def test_without_a_name_it_is_the_policys(say: Say) -> None:
    assert json.loads(say("schema").out) == published("policy")


def test_the_list_names_every_schema_in_text_and_as_an_object(say: Say) -> None:
    text = say("schema", "--list").out
    assert all(title(name) in text for name in KNOWN)
    assert say("schema", "--list", "--json").json["schemas"] == every_schema()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("plam",), "there is no schema 'plam'"),
        (("plan@2",), "there is no schema 'plan@2'"),
        (("plan", "--list"), "--list takes no name"),
    ],
)
def test_an_unknown_schema_is_bad_input(say: Say, words: tuple[str, ...], why: str) -> None:
    told = say("schema", *words, "--json")
    assert told.code == 2
    assert told.json["error"]["why"] == why


def test_the_page_lists_every_schema() -> None:
    page = schemas_page()
    for name in KNOWN:
        assert f"## {title(name)}" in page
