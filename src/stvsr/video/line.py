"""Packets of one stream in an order that a muxer accepts, each as near to its own time as can be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from av.packet import Packet


class Line:
    """Gives every packet a stamp, and none an earlier one than its predecessor.

    What has to be corrected is corrected by itself: it moves nothing that follows. Sound may come in packets shorter
    than the tick of the file that it came from, so that several share a stamp; there they are counted in the ticks of
    the file that they go to.

    Args:
        shares: whether the muxer takes packets with equal stamps.

    Attributes:
        moved_ms: by how much a packet was moved at most, in milliseconds.
    """

    def __init__(self, *, shares: bool) -> None:
        self._shares = shares
        self._last: Fraction | None = None
        self._stay = Fraction(0)
        self._early: list[Packet[Any]] = []
        self.moved_ms = 0.0

    def put(self, packet: Packet[Any], shift: Fraction, tick: Fraction | None) -> list[Packet[Any]]:
        """Return what can be handed on now: the packet, after those that waited for the first stamp.

        Args:
            packet: the next one.
            shift: seconds by which to move it.
            tick: of the stream that it goes to, in seconds.
        """
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None and self._last is None:
            self._early.append(packet)
            return []
        ready, self._early = [*self._early, packet], []
        if len(ready) > 1:
            self._count_back(ready)
        for each in ready:
            self._place(each, shift, tick)
        return ready

    def finish(self) -> list[Packet[Any]]:
        """Return those that waited in vain for a stamp: they begin at zero."""
        ready, self._early = self._early, []
        for packet in ready:
            self._place(packet, Fraction(0), None)
        return ready

    def _count_back(self, packets: list[Packet[Any]]) -> None:
        following = packets[-1].dts if packets[-1].dts is not None else packets[-1].pts
        for packet in packets[-2::-1]:
            following = (following or 0) - (packet.duration or 0)
            packet.pts = packet.dts = following

    def _place(self, packet: Packet[Any], shift: Fraction, tick: Fraction | None) -> None:
        if tick and not self._shares:  # finer than the source's, where that matters
            self._rescale(packet, tick)
        base = Fraction(packet.time_base)
        offset, stay = round(shift / base), packet.duration or 0
        least = None if self._last is None else -(-self._last // base) + (not self._shares)
        stamp = packet.dts if packet.dts is not None else packet.pts
        follows = round(((self._last or 0) + self._stay) / base)
        decode = follows if stamp is None else stamp + offset
        if least is not None and decode < least:
            due, decode = decode, least
            if not self._shares and stay > 1:  # after its predecessor, and within its own time
                decode = max(least, min(least - 1 + stay, due + stay))
            self.moved_ms = max(self.moved_ms, float((decode - due) * base * 1000))
        packet.pts = decode if packet.pts is None else max(packet.pts + offset, decode)
        packet.dts = decode
        self._last, self._stay = decode * base, stay * base

    def _rescale(self, packet: Packet[Any], tick: Fraction) -> None:
        base = Fraction(packet.time_base)
        packet.pts = None if packet.pts is None else round(packet.pts * base / tick)
        packet.dts = None if packet.dts is None else round(packet.dts * base / tick)
        packet.duration = round((packet.duration or 0) * base / tick)
        packet.time_base = tick
