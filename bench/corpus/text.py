"""Templates with marks, and labels of what stands at the marks.

A template is text with three kinds of marks: `@{maker}` a secret (a true label), `~{maker}` something that looks like one (a false
label), `%{maker}` ordinary filling (no label). `@{maker=name}` remembers a value, and `%{=name}` or `@{=name}` writes it again.
`maker|filter` passes the value through a filter of FILTERS. Labels are kept as offsets in characters.
"""

import base64
import json
import re
import urllib.parse
from dataclasses import dataclass

MARK = re.compile(r"([@~%])\{([a-z0-9_.-]*)(?:\|([a-z0-9]+))?(?:=([a-z0-9]+))?(?::([^}]*))?\}")
FILTERS = {
    "b64": lambda text: base64.b64encode(text.encode()).decode(),
    "json": lambda text: json.dumps(text)[1:-1],
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "upper": str.upper,
}


@dataclass
class Label:
    """A span of a text, in characters from its beginning."""

    begin: int
    end: int
    kind: str
    true: bool


def render(template, r, makers, kind):
    """The text and its labels; `kind` is the family of the true ones, a false one is named after its maker."""
    parts, labels, length, kept, last = [], [], 0, {}, 0

    def put(text):
        nonlocal length
        parts.append(text)
        length += len(text)

    for mark in MARK.finditer(template):
        put(template[last:mark.start()])
        last = mark.end()
        sort, maker, name, keep, argument = mark.groups()
        if maker:
            value = makers[maker](r, argument) if argument is not None else makers[maker](r)
            if keep:
                kept[keep] = value
        else:
            value = kept[keep]
        value = FILTERS[name](value) if name else value
        if sort != "%":
            labels.append(Label(length, length + len(value), kind if sort == "@" else maker, sort == "@"))
        put(value)
    put(template[last:])
    return "".join(parts), labels


class Document:
    """A file that is put together from pieces."""

    def __init__(self):
        self.parts, self.labels, self.length = [], [], 0

    def add(self, text, labels=()):
        self.labels += [Label(label.begin + self.length, label.end + self.length, label.kind, label.true) for label in labels]
        self.parts.append(text)
        self.length += len(text)

    def text(self):
        return "".join(self.parts)

    def rows(self, path):
        """Labels with lines from 1 and columns in characters from 0; the end is the first column that is no longer part."""
        text = self.text()
        starts = [0] + [at + 1 for at, character in enumerate(text) if character == "\n"]
        rows = []
        for label in self.labels:
            first, last = (self.line(starts, at) for at in (label.begin, label.end - 1))
            rows.append({"file": path, "line": first + 1, "last_line": last + 1, "begin": label.begin - starts[first],
                         "end": label.end - starts[last], "kind": label.kind, "true": label.true})
        return rows

    @staticmethod
    def line(starts, at):
        low, high = 0, len(starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if starts[middle] <= at else (low, middle)
        return low


def indented(text, labels, prefix):
    """The same with `prefix` before each line that is not empty."""
    if not prefix:
        return text, labels
    out, moved, extra, at = [], [], [], 0
    for line in text.splitlines(keepends=True):
        add = prefix if line.strip() else ""
        extra.append((at, len(add)))
        out.append(add + line)
        at += len(line)

    def shift(position):
        return position + sum(size for start, size in extra if start <= position)
    for label in labels:
        moved.append(Label(shift(label.begin), shift(label.end - 1) + 1, label.kind, label.true))
    return "".join(out), moved
