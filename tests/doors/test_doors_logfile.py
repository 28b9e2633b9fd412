"""Logs in whatever encoding; what is no text is named for what it is."""

from pathlib import Path

import pytest

from portineria.doors.logfile import MOST, decoded, read_log
from portineria.fault import BadEncoding, BadFile, NoFile

TEXT = "535 5.7.3 Authentication unsuccessful – così\n"


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_a_log_is_read_in_the_encodings_that_logs_have(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "printer.log"
    path.write_bytes(TEXT.encode(codec))
    assert read_log(path) == TEXT


@pytest.mark.parametrize(
    "data", [b"", b"ab", b"535 \xff\xfe\x81 no", b"\xff\xfeab\xd8", b"\0" * 300]
)
def test_octets_that_are_no_text_anywhere_are_read_as_far_as_they_go(data: bytes) -> None:
    assert decoded(data, "standard input") is not None


def test_nuls_behind_a_status_stay_for_whoever_looks_for_them() -> None:
    assert "\0" * 200 in decoded(b"HTTP/1.1 403 Forbidden\r\n\r\n" + b"\0" * 256, "standard input")


def test_an_archive_is_named_and_a_missing_or_huge_file_too(tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(BadEncoding, match="Excel"):
        read_log(path)
    with pytest.raises(NoFile):
        read_log(tmp_path / "nowhere.log")
    path.write_bytes(b"x" * (MOST + 1))
    with pytest.raises(BadFile, match="larger than 16 MiB"):
        read_log(path)
