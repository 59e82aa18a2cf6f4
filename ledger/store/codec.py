"""Events and their envelopes to bytes and back.

A state is UTF-8 JSON: the fields in their order, defaults left out, decimals as strings, times
in UTC. A stored row is decoded only if its topic is in the allow-list (or an upcaster leads
there), so a row can never choose which code runs. Decoding makes the fact through its class,
and so through the gates for numbers, texts and times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from ledger.domain.events import NO_META, TOPICS, Event, Meta
from ledger.domain.skimmed import SKIMMED
from ledger.errors import BadTextError, CorruptEventError, UnknownTopicError
from ledger.store.shapes import shaped

Body = dict[str, Any]


class Upcaster(NamedTuple):
    """How the body of an old topic becomes that of the next one."""

    topic: str
    change: Callable[[Body], Body]


UPCASTERS: Final[Mapping[str, Upcaster]] = {}
"""Old topic to upcaster: none yet, since every topic is at its first shape."""

_encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(Body, float_hook=Decimal).decode
_decode_meta = msgspec.json.Decoder(Meta).decode


class Codec:
    """Writes and reads the events of an allow-list of topics.

    >>> from ledger.domain.events import OrderAccepted
    >>> CODEC.encode(OrderAccepted(cl_ord_id="c7"))
    ('order-accepted/1', b'{"cl_ord_id":"c7"}')
    >>> CODEC.decode("order-accepted/1", b'{"cl_ord_id":"c7"}').cl_ord_id
    'c7'
    """

    def __init__(
        self,
        topics: Mapping[str, type[Event]] = TOPICS,
        upcasters: Mapping[str, Upcaster] = UPCASTERS,
    ) -> None:
        self._topics = dict(topics)
        self.skimmed = {topic: kind for topic, kind in topics.items() if kind in SKIMMED}
        self._upcasters = dict(upcasters)
        self._known = set(self._topics.values())
        self._decoders: dict[str, Callable[[bytes], Event]] = {}

    def encode(self, event: Event) -> tuple[str, bytes]:
        """Topic and state; the same event always gives the same bytes.

        Raises ``UnknownTopicError`` for a class that is not on the list, ``BadTextError`` for a
        field of the wrong type or with characters that UTF-8 cannot write.
        """
        if type(event) not in self._known:
            raise UnknownTopicError(f"{type(event).__name__} is not a fact; add it to the TOPICS")
        try:
            return event.TOPIC, _encode(shaped(event))
        except UnicodeEncodeError as error:
            raise BadTextError(event.TOPIC, error.object, "UTF-8 cannot write it") from None

    def decode(self, topic: str, state: bytes) -> Event:
        """The fact in a stored state.

        Raises ``UnknownTopicError`` if neither list nor upcasters know the topic,
        ``CorruptEventError`` if the state is not what the topic says.
        """
        decoder = self._decoders.get(topic) or self._decoder(topic)
        try:
            return decoder(state)
        except (msgspec.MsgspecError, ValueError, LookupError, RecursionError) as error:
            raise CorruptEventError(
                f"a stored {topic} cannot be read: {error}; run verify to see what was changed"
            ) from None

    def _decoder(self, topic: str) -> Callable[[bytes], Event]:
        """The decoder of a topic, made at its first use and kept."""
        if topic in self._topics:
            decoder = _typed(self._topics[topic])
        elif topic in self._upcasters:
            decoder = self._upcast(self._upcasters[topic])
        else:
            raise UnknownTopicError(
                f"the topic {topic!r} is unknown here; read it with the version that wrote it"
            )
        self._decoders[topic] = decoder
        return decoder

    def _upcast(self, upcaster: Upcaster) -> Callable[[bytes], Event]:
        def decode(state: bytes) -> Event:
            body = upcaster.change(_decode_body(state))
            return self.decode(upcaster.topic, _encode(body))

        return decode


def _typed(cls: type[Event]) -> Callable[[bytes], Event]:
    return msgspec.json.Decoder(cls).decode


CODEC: Final = Codec()


def encode_meta(meta: Meta) -> str:
    """The envelope's who and why as JSON; empty for an empty one.

    >>> encode_meta(Meta(actor="ops"))
    '{"actor":"ops"}'
    """
    if meta is NO_META or meta == NO_META:
        return ""
    try:
        return _encode(shaped(meta)).decode()
    except UnicodeEncodeError as error:
        raise BadTextError("meta", error.object, "UTF-8 cannot write it") from None


def decode_meta(text: str) -> Meta:
    """The inverse of :func:`encode_meta`; ``CorruptEventError`` if it is no such text."""
    if not text:
        return NO_META
    try:
        return _decode_meta(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise CorruptEventError(f"stored metadata cannot be read: {error}; run verify") from None
