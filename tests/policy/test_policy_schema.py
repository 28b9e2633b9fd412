"""The published schema and the parser say the same about the examples and about bad files."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from test_policy_file import REFUSED

from portineria.policy import grantfile, policyfile
from portineria.policy.desired import Through
from portineria.policy.marked import FileFault
from portineria.policy.schema import VERSION, schema, schema_text
from portineria.tenant.mailbox import Protocol

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.yaml"))

ONLY_THE_PARSER = {
    "key twice": "a schema sees a document in which keys are already unique",
    "the same break-glass twice": "a schema does not know that case does not matter",
    "host bits": "a schema does not calculate with networks",
    "not YAML": "a schema judges documents, not text",
    "tab": "a schema judges documents, not text",
    "two documents": "a schema judges documents, not text",
    "a NUL": "a schema judges documents, not text",
    "a circle": "not a JSON document",
    "a circle of words": "not a JSON document",
    "indentation": "not YAML",
    "a colon": "not YAML",
    "an alias of nothing": "not YAML",
    "an unheard-of trouble": "not YAML",
    "nested too deep": "not YAML",
    "nested too deep without brackets": "not YAML",
    "a control character": "not YAML",
    "an escaped control": "a schema sees no signs",
    "half a sign": "a schema sees no signs",
    "a key that is a list": "not a JSON document",
}


def judge() -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema(), format_checker=checker)


def document(text: str) -> Any:
    """The file as JSON has it: dates are text there."""

    def plain(value: object) -> str:
        assert isinstance(value, date | datetime)
        return value.isoformat()

    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=plain))


def test_the_schema_is_a_schema_and_names_its_version() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["schema"]["const"] == VERSION
    assert schema_text().endswith("}\n")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_satisfies_the_schema_and_the_parser(example: Path) -> None:
    text = example.read_text()
    judge().validate(document(text))
    assert policyfile.parse(text, read_csv=None).digest


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {"oauth-only", "scanner-basic", "close-everything"}


@pytest.mark.parametrize("case", [case for case in REFUSED if case not in ONLY_THE_PARSER])
def test_what_the_parser_refuses_the_schema_refuses(case: str) -> None:
    text, _, _ = REFUSED[case]
    with pytest.raises(FileFault):
        policyfile.parse(text, read_csv=None)
    with pytest.raises(jsonschema.ValidationError):
        judge().validate(document(text))


@pytest.mark.parametrize("case", ONLY_THE_PARSER)
def test_the_parser_alone_refuses_what_a_schema_cannot_see(case: str) -> None:
    with pytest.raises(FileFault):
        policyfile.parse(REFUSED[case][0], read_csv=None)


def test_keys_and_words_are_the_same_in_both() -> None:
    whole = schema()
    parts = whole["$defs"]
    posture = parts["posture"]["properties"]
    assert set(whole["properties"]) == set(policyfile.ROOT_KEYS)
    assert set(posture) == set(policyfile.POSTURE_KEYS)
    assert set(posture["conditional_access"]["properties"]) == set(
        policyfile.CONDITIONAL_ACCESS_KEYS
    )
    assert set(parts["grant"]["properties"]) == set(grantfile.GRANT_KEYS)
    assert set(parts["who"]["properties"]) == set(grantfile.WHO_KEYS)
    assert set(parts["who"]["properties"]["where"]["properties"]) == set(grantfile.WHERE_KEYS)
    tables = [
        (posture, policyfile.POSTURE_WORDS),
        (posture["new_mailboxes"]["properties"], policyfile.NEW_MAILBOXES_WORDS),
        (whole["properties"]["everyone_else"]["oneOf"][1]["properties"], policyfile.EVERYONE_WORDS),
        (parts["grant"]["properties"], {"through": Through}),
        ({"protocol": parts["protocol"]}, {"protocol": Protocol}),
        ({"kind": parts["kind"]}, {"kind": grantfile.GrantedKind}),
    ]
    for described, words in tables:
        for key, kind in words.items():
            assert described[key]["enum"] == [word.value for word in kind], key
