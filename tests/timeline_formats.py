"""What is wrong with a timeline's file, by the words of its format alone; knows nothing of the chip.

VCD: IEEE 1364-2005, 18.2: keyword commands that end with ``$end``, identifiers of printable characters,
declarations before values, scalars ``01xz``, vectors ``b... id``, rising times. Trace events: "Trace Event
Format", Google, 2016: objects with ``ph``, ``pid``, ``tid``, ``ts``; complete events nest on their thread.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

HEAD = {"$comment", "$date", "$scope", "$timescale", "$upscope", "$var", "$version", "$enddefinitions"}
UNITS = re.compile(r"(1|10|100)(s|ms|us|ns|ps|fs)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def vcd_problems(text: str) -> Iterator[str]:
    """All that a strict reader refuses."""
    widths: dict[str, int] = {}
    words = iter(text.split())
    yield from _declarations(words, widths)
    time, dumped = -1, set()
    dumping = False
    for word in words:
        if word == "$dumpvars":
            dumping = True
        elif word == "$end" and dumping:
            dumping = False
        elif word[0] == "#":
            if not word[1:].isdecimal() or int(word[1:]) <= time:
                yield f"{word} after {time}"
            time = int(word[1:])
        elif word[0] in "01xXzZ":
            yield from _value(widths, word[1:], word[0], False)
            dumped |= {word[1:]} if dumping else set()
        elif word[0] in "bB":
            code = next(words, "")
            yield from _value(widths, code, word[1:], True)
            dumped |= {code} if dumping else set()
        else:
            yield f"no value: {word}"
    if dumping or dumped != widths.keys():
        yield f"not all values are there at the start: {widths.keys() - dumped}"


def _declarations(words: Iterator[str], widths: dict[str, int]) -> Iterator[str]:
    depth, names, scopes = 0, set(), []
    for word in words:
        if word not in HEAD:
            yield f"no declaration: {word}"
            return
        said = []
        while (one := next(words, "$end")) != "$end":
            said.append(one)
        if word == "$enddefinitions":
            break
        if word == "$timescale" and not UNITS.fullmatch("".join(said)):
            yield f"timescale {said}"
        elif word == "$scope":
            depth += 1
            scopes.append(said[1])
        elif word == "$upscope":
            depth -= 1
            scopes.pop()
        elif word == "$var":
            _, bits, code, name = said
            place = (*scopes, name)
            if code in widths or place in names or not NAME.fullmatch(name) or int(bits) < 1:
                yield f"declared twice, or not well: {said}"
            if not all(33 <= ord(letter) <= 126 for letter in code):
                yield f"identifier {code!r}"
            widths[code] = int(bits)
            names.add(place)
    if depth:
        yield "scopes are open"


def _value(widths: dict[str, int], code: str, bits: str, vector: bool) -> Iterator[str]:
    if code not in widths:
        yield f"{code!r} was not declared"
    elif not bits or set(bits) - set("01xXzZ") or len(bits) > widths[code] or vector != (widths[code] > 1):
        yield f"{bits} is no value of {widths[code]} bits"


def event_problems(document: dict[str, Any]) -> Iterator[str]:
    """All that a strict reader refuses."""
    threads: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    named, counters = set(), defaultdict(list)
    for event in document["traceEvents"]:
        if not isinstance(event["name"], str) or not all(type(event[key]) is int for key in ("pid", "tid")):
            yield f"no name or number of a thread: {event}"
        place = event["pid"], event["tid"]
        if event["ph"] == "M":
            named.add((event["name"], event["pid"], event["tid"] if event["name"] == "thread_name" else 0))
            if not isinstance(event["args"]["name"], str):
                yield f"no name: {event}"
        elif event["ph"] == "X":
            threads[place].append((event["ts"], event["dur"]))
        elif event["ph"] == "C":
            counters[event["pid"], event["name"]].append(event["ts"])
            if not all(isinstance(value, int) and value >= 0 for value in event["args"].values()):
                yield f"no count: {event}"
        else:
            yield f"unknown phase: {event}"
    for (pid, tid), spans in threads.items():
        if {("process_name", pid, 0), ("thread_name", pid, tid)} - named:
            yield f"thread {pid}.{tid} has no name"
        yield from _not_nested(f"{pid}.{tid}", spans)
    for key, times in counters.items():
        if any(one >= other for one, other in pairwise(times)):
            yield f"counter {key} goes back in time"


def _not_nested(thread: str, spans: list[tuple[float, float]]) -> Iterator[str]:
    """Spans of a thread must lie within, or beside each other; a billionth of a microsecond is forgiven."""
    ends: list[float] = []
    for start, length in sorted(spans, key=lambda it: (it[0], -it[1])):
        if start < 0 or length <= 0:
            yield f"{thread}: a span at {start} of {length}"
        while ends and ends[-1] <= start + 1e-9:
            ends.pop()
        if ends and start + length > ends[-1] + 1e-9:
            yield f"{thread}: a span at {start} of {length} ends after the one around it"
        ends.append(start + length)
