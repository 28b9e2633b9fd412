"""`advise` as it is called: options, a file, a policy, another day."""

import json
from pathlib import Path

import pytest
from saying import Say

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SCANNER = ("--protocol", "smtp", "--knows", "basic", "--sends", "internal", "--fixed-address")


def test_a_need_by_options_is_ranked_with_dates_and_sources(say: Say) -> None:
    told = say("advise", *SCANNER, "--volume", "200", "--on", "2026-11-23")
    assert told.code == 0
    assert "  1. gateway\n" in told.out
    assert "ends     2027-01-01, in 39 days" in told.out
    assert "source   Exchange Team blog, 27 January 2026" in told.out
    assert "not OAuth: the client knows no OAuth" in told.out


def test_json_has_all_six_ways_in_their_order(say: Say) -> None:
    (advice,) = say("advise", *SCANNER, "--on", "2027-03-01", "--json").json["advice"]
    assert [(one["way"], one["answer"]) for one in advice["options"]] == [
        ("gateway", "yes"),
        ("High Volume Email", "yes"),
        ("connector relay", "yes"),
        ("direct send", "yes"),
        ("basic", "could not tell"),
        ("OAuth", "no"),
    ]
    assert advice["options"][1]["stops"] == "2028-09"


def test_the_exit_code_is_the_worst_answer(say: Say) -> None:
    assert say("advise", "--protocol", "pop", "--knows", "nothing").code == 1
    assert say("advise", "--protocol", "smtp").code == 3
    assert say("advise", "--protocol", "imap", "--knows", "oauth").code == 0


def test_today_is_the_clocks(say: Say) -> None:
    assert len(say("advise", "--protocol", "imap", "--json").json["today"]) == 10


def test_a_file_of_needs_and_the_grants_of_a_policy_are_advised_on(
    say: Say, tmp_path: Path
) -> None:
    (tmp_path / "needs.csv").write_text("protocol,knows\nsmtp,oauth\nimap,basic\n")
    rows = say("advise", "--need", "needs.csv", "--json").json["advice"]
    assert [row["options"][0]["way"] for row in rows] == ["OAuth", "gateway"]
    told = say("advise", "--policy", EXAMPLES / "scanner-basic.yaml")
    assert told.code == 0
    assert "accounting-scanners: SMTP" in told.out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--knows", "basic"),
        ("--protocol", "smtp", "--need", "needs.yaml"),
        ("--need", "nowhere.yaml"),
        ("--protocol", "smtp", "--on", "tomorrow"),
        ("--policy", EXAMPLES / "close-everything.yaml"),
    ],
)
def test_words_that_mean_nothing_are_bad_input(say: Say, words: tuple[str, ...]) -> None:
    told = say("advise", *words)
    assert told.code == 2
    assert "try:" in told.err


def test_what_an_inventory_found_is_advised_on(say: Say, tmp_path: Path) -> None:
    use = {"mailbox": "scan@contoso.example", "protocols": ["smtp"], "protocol_told": True}
    use |= {"method": "basic", "app": None, "opens": [], "got_in": 4, "messages": 0}
    use |= {"addresses": {"203.0.113.5": 4}, "more_addresses": False, "agents": {}}
    found = tmp_path / "found.json"
    found.write_text(json.dumps({"schema": "portineria/inventory@1", "uses": [use]}))
    (advice,) = say("advise", "--need", "found.json", "--json").json["advice"]
    assert advice["options"][0]["way"] == "gateway"
    for text, why in (
        ('{"schema": "portineria/look@1"}', "not the answer of an inventory"),
        ("{", "not the answer of an inventory"),
        (found.read_text().replace('"got_in": 4', '"got_in": 0'), "nobody who got in"),
    ):
        found.write_text(text)
        told = say("advise", "--need", "found.json", "--json")
        assert (told.code, told.json["error"]["code"]) == (2, "bad-input")
        assert why in told.json["error"]["why"]
