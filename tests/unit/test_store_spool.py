"""A message that is kept on its way out."""

from pathlib import Path

from mailcli.store.spool import Spool


def test_what_was_read_line_by_line_leaves_in_one_piece_each_time(tmp_path: Path) -> None:
    lines = [f"line {number}\r\n".encode() for number in range(1000)]
    spool = Spool(tmp_path)
    spool.extend(iter(lines))
    assert [list(spool) for _ in range(2)] == [[b"".join(lines)]] * 2
