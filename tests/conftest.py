"""What all tests share: how hard Hypothesis looks, a server, and where the shared cases are."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres as servers

# What a shell starts in the background ignores interrupts, and so would all that is started here
# to be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / ".." / "shared"

# The machines that run this are slow and noisy: no deadlines, and no complaint about slow data.
_PATIENT = [HealthCheck.too_slow]
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=_PATIENT)
settings.register_profile(
    "ci", max_examples=400, deadline=None, derandomize=True, suppress_health_check=_PATIENT
)
# Laws of one module alone, in CI: those of the whole, in tests/property, are looked at longer.
settings.register_profile("wide", parent=settings.get_profile("ci"), max_examples=60)
_DEFAULT = "ci" if os.environ.get("CI", "").lower() in {"1", "true"} else "dev"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", _DEFAULT))


@pytest.fixture(scope="session")
def place() -> Iterator[servers.Place]:
    """A PostgreSQL server in which stores can be made, one for all tests of a process; they fail
    if there is none."""
    with servers.place() as place:
        yield place


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden cases and recorded fixtures beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder of cases is not beside this checkout")
    return SHARED.resolve()
