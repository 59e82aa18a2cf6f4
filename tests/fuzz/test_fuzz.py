"""Every parser is fuzzed a little; and what is planted in a parser is found in as many runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.brokers.fix44 import parse
from adapters.port import AccountConfig, Batch, RawPage
from tests.architecture.sources import ROOT
from tests.brokers.fix import lines
from tests.brokers.venues.fix44 import AFTERNOON, MORNING
from tests.fuzz.engine import Failure, Fuzzer, save, saved, tried
from tests.fuzz.targets import PLANTED, sealed, target, targets

RUNS = 300
PLANTED_RUNS = 1500
NAMES = sorted(targets())


def fuzzed(names: list[str], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own, which has its own limit of memory."""
    command = [sys.executable, "-m", "tests.fuzz", *names, "--folder", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("names", [NAMES[at::3] for at in range(3)], ids="+".join)
def test_no_damage_makes_a_parser_fail(names: list[str], tmp_path: Path):
    done = fuzzed(names, tmp_path, "--runs", str(RUNS))
    told = "\n".join(path.read_text("utf-8") for path in tmp_path.rglob("error.txt"))
    assert done.returncode == 0, done.stdout + done.stderr + told
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == names


# ------------------------------------------------------------- what is wrong is found


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("planted_error", "KeyError tests/fuzz/planted.py"),
        ("planted_hang", "HungError"),
        ("planted_hunger", "MemoryError"),
    ],
)
def test_what_is_planted_is_found_saved_and_shown_again(name: str, error: str, tmp_path: Path):
    assert name in PLANTED
    done = fuzzed([name], tmp_path, "--runs", str(PLANTED_RUNS))
    assert done.returncode == 1, done.stdout + done.stderr
    assert error in done.stdout
    (kept,) = (tmp_path / name).iterdir()
    assert f"--again {kept}" in done.stdout
    again = fuzzed([name], tmp_path, "--again", str(kept))
    assert (again.returncode, error.split()[0] in again.stdout) == (1, True)


def failure(name: str) -> Failure:
    """What the first of a planted parser's failures becomes."""
    (found,) = Fuzzer(target(name), seed=1).run(runs=PLANTED_RUNS).failures
    return found


def test_a_failure_is_made_small():
    (page,) = failure("planted_error").pages
    assert len(page.content) < len(target("planted_error").seeds[0][0].content)
    assert b"settlement" in page.content


def test_the_same_seed_finds_the_same():
    assert failure("planted_error") == failure("planted_error")


def test_what_is_saved_is_what_failed(tmp_path: Path):
    found, one = failure("planted_error"), target("planted_error")
    assert saved(save(one, found, tmp_path)) == (found.pages, found.config)
    assert tried(one, *saved(save(one, found, tmp_path))) == found


def test_inputs_that_reach_new_code_lead_further():
    def reached(*, guided: bool) -> int:
        steps = target("planted_steps")
        tried = [Fuzzer(steps, seed, guided=guided).run(runs=PLANTED_RUNS) for seed in range(1, 4)]
        return sum(len(found.failures) for found in tried)

    assert reached(guided=True) > reached(guided=False)


# ------------------------------------------------------------------------ checksums


def test_a_whole_log_is_sealed_as_it_is():
    for whole in (lines(*MORNING), lines(*AFTERNOON, bar="\x01", before="")):
        assert sealed(whole) == whole


def test_a_changed_message_is_whole_again():
    changed = lines(*MORNING).replace(b"|31=17.5|", b"|31=18.25|")
    faults = [len(log(content).quarantine) for content in (changed, sealed(changed))]
    assert faults == [2, 0]


def log(content: bytes) -> Batch:
    return parse([RawPage(name="fix.log", content=content)], AccountConfig())


def test_who_fuzzes_in_the_same_process_lives_on():
    """The end that waits for the stuck is taken back: else it would come in a test long after."""
    code = (
        "import faulthandler, time; from tests.fuzz import guards; guards.STUCK_SECONDS = 1\n"
        "with guards.ending_when_stuck(): {inside}\n"
        "time.sleep(1.5); print('alive')"
    )
    for inside, is_alive in (("pass", True), ("time.sleep(1.5)", False)):
        command = [sys.executable, "-c", code.format(inside=inside)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ("alive" in done.stdout) is is_alive, done.stderr
