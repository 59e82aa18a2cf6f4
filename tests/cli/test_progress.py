"""The bar of long work says what is being done."""

from __future__ import annotations

import io
import sys

import pytest

from adapters.cli.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_whose_steps_are_done_says_what_comes_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(2, then="recording") as progress:
        assert progress is not None
        progress(1, 2)
        assert "recording" not in terminal.getvalue()
        progress(2, 2)
    assert "recording" in terminal.getvalue()


def test_nobody_who_does_not_look_is_shown_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_bar(2) as progress:
        assert progress is None
