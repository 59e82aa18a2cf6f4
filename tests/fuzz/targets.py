"""What is fuzzed: each venue's parser, with samples and recorded files to begin from."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from adapters.port import AccountConfig, Batch, Parser, RawPage
from adapters.shipped_maps import NAMES, mapped, read, shipped
from ledger.errors import BadFileError
from tests.architecture.sources import ROOT
from tests.brokers.sampling import Sample, samples
from tests.brokers.shipped import SCHWAB, bought, sold, table
from tests.fuzz import planted
from tests.golden.fixtures import recorded

MAX_SEED = 40_000
BROKERS = ROOT / "adapters" / "brokers"
PLANTED = {"planted_error": planted.fails, "planted_hang": planted.hangs,
           "planted_hunger": planted.eats, "planted_steps": planted.descends}  # fmt: skip
"""Parsers with a fault each, which the fuzzer must find."""

Pages = tuple[RawPage, ...]
_MESSAGE = re.compile(
    rb"8=(?P<begin>FIXT?\.\d\.\d)(?P<bar>[\x01|])9=\d*[\x01|](?P<body>.*?)10=\d*(?=[\x01|\r\n]|\Z)",
    re.DOTALL,
)


def same(content: bytes) -> bytes:
    """The content as it is."""
    return content


@attrs.frozen(kw_only=True)
class Target:
    """A parser, what it is tried on first, and words that its code knows.

    ``sealed`` makes lengths and checksums of a damaged page hold again.
    """

    name: str
    parse: Parser
    seeds: tuple[Pages, ...]
    words: tuple[str, ...]
    configs: tuple[AccountConfig, ...]
    sealed: Callable[[bytes], bytes] = same


def targets() -> dict[str, Target]:
    """Every target by name; the parsers that ship, without the planted ones."""
    return {one.venue: _target(one) for one in (*samples(), SCHWAB_SAMPLE, MAP_SAMPLE)}


def target(name: str) -> Target:
    """One by name, also a planted one."""
    if name in PLANTED:
        words = tuple(_words([Path(planted.__file__)]))
        seeds = ((RawPage(name="rows.json", content=planted.SAMPLE),),)
        return Target(name=name, parse=PLANTED[name], seeds=seeds, words=words,
                      configs=(AccountConfig(),))  # fmt: skip
    return targets()[name]


def _target(sample: Sample) -> Target:
    files = [RawPage(name=path.name, content=path.read_bytes())
             for path in recorded(sample.venue) if path.stat().st_size <= MAX_SEED]  # fmt: skip
    folder = BROKERS / sample.venue
    code = folder if folder.is_dir() else BROKERS / "csv_map"
    alone = [(page,) for page in (*sample.pages, *files)]
    maps = [(RawPage(name="map.toml", content=read(name)),) for name in NAMES]
    return Target(
        name=sample.venue,
        parse=sample.parse,
        seeds=(sample.pages, *alone, *(maps if sample is MAP_SAMPLE else ())),
        words=tuple(_words(sorted(code.rglob("*.py")))),
        configs=_configs(sample.config),
        sealed=sealed if sample.venue == "fix44" else same,
    )


def _configs(first: AccountConfig) -> tuple[AccountConfig, ...]:
    """The sample's own first; then what else a user may ask for."""
    return (
        first,
        AccountConfig(),
        AccountConfig(account="A", time_zone="America/New_York"),
        AccountConfig(account="A", venue_account="ACC1", time_zone="Australia/Lord_Howe"),
    )


def _words(files: list[Path]) -> list[str]:
    """Every short text in the code: names of fields, words of enumerations."""
    found = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(word for word in found if 0 < len(word) <= 40 and "\n" not in word)


def sealed(content: bytes) -> bytes:
    """FIX messages with the length and the checksum that their bytes have now."""
    return _MESSAGE.sub(_again, content)


def _again(found: re.Match[bytes]) -> bytes:
    begin, bar, body = found["begin"], found["bar"], found["body"]
    raw = b"8=%s%s9=%d%s%s" % (begin, bar, len(body), bar, body)
    sent = re.sub(rb"\|(?=[0-9]+=|\Z)", b"\x01", raw) if bar == b"|" else raw
    return raw + b"10=%03d" % (sum(sent) % 256)


def _by_its_map(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Files read by the map that is the first page: a user writes one by hand."""
    if not pages:
        raise BadFileError("no map was handed over")
    first, *files = pages
    return mapped(first.name, first.content).parse(files, config)


def _sample(venue: str, parse: Parser, *pages: RawPage) -> Sample:
    return Sample(venue=venue, parse=parse, pages=pages, change=("", ""))


FILLS = (
    b"seq,ts,exec_id,order_id,account,symbol,side,qty,price,fee,currency\n"
    b"1,2020-01-01T14:30:00Z,X1,O1,broker-1,SAA,buy,10,20.50,0.40,USD\n"
    b"2,2020-01-01T14:30:01Z,X2,O1,broker-1,SAA,sell,4,21,0.37,USD\n"
)
SCHWAB_SAMPLE = _sample(
    "schwab",
    shipped("schwab").parse,
    RawPage(name="schwab.csv", content=table(SCHWAB, sold(), bought())),
)
MAP_SAMPLE = _sample(
    "csv_map",
    _by_its_map,
    RawPage(name="map.toml", content=(BROKERS / "csv_map" / "fills.toml").read_bytes()),
    RawPage(name="fills.csv", content=FILLS),
)
