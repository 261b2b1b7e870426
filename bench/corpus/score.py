"""What the findings of a scanner are worth against the labels of a corpus; the same rule for every tool.

A finding hits a label when it is in the label's file, its lines meet the label's lines, and, where the tool tells a place in the line
or the secret's text, that meets the label's columns. A label counts once, however many findings hit it. A finding that hits no
true label is wrong: it hits a false label (once a label) or nothing that is labelled (once a line of a file).
"""

import collections
import json
import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """Lines from 1; `text` is the secret where the tool shows it (perhaps decoded), columns are from 0 and `end` is behind the last one;
    what the tool does not tell is None."""

    file: str
    line: int
    last_line: int
    text: str | None = None
    column: int | None = None
    end: int | None = None
    rule: str = ""


@dataclass
class Score:
    """Counts of one tool on one corpus, and which labels and lines they were."""

    hit: list = field(default_factory=list)
    missed: list = field(default_factory=list)
    labelled: list = field(default_factory=list)
    unlabelled: list = field(default_factory=list)

    @property
    def recall(self):
        return len(self.hit) / max(len(self.hit) + len(self.missed), 1)

    @property
    def precision(self):
        found = len(self.hit) + len(self.labelled) + len(self.unlabelled)
        return len(self.hit) / found if found else 0.0

    @property
    def f1(self):
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def by_kind(self):
        """Kind -> (hit, all) of true labels, and kind -> count of false labels that were hit."""
        kinds = collections.defaultdict(lambda: [0, 0])
        for rows, number in ((self.hit, 1), (self.missed, 0)):
            for label in rows:
                kinds[label["kind"]][0] += number
                kinds[label["kind"]][1] += 1
        return dict(kinds), collections.Counter(label["kind"] for label in self.labelled)


def columns(finding, lines):
    """Spans of the finding as (line, begin, end) with columns from 0; None when the tool tells none or they cannot be found."""
    if finding.text:
        first = finding.text.split("\n")[0].strip("\r")
        spans = []
        for number in range(finding.line, finding.last_line + 1):
            line = lines[number - 1] if 0 < number <= len(lines) else ""
            at = line.find(first) if first else -1
            while at >= 0:
                spans.append((number, at, at + len(first)))
                at = line.find(first, at + 1)
        if spans:
            return spans
    if finding.column is not None:
        return [(finding.line, finding.column, finding.end or finding.column + 1)]
    return None


def meets(finding, spans, label):
    if finding.last_line < label["line"] or finding.line > label["last_line"]:
        return False
    if spans is None or label["line"] != label["last_line"] or finding.line != finding.last_line:
        return True
    return any(number == label["line"] and begin < label["end"] and end > label["begin"] for number, begin, end in spans)


def score(findings, labels, tree):
    by_file = collections.defaultdict(list)
    for label in labels:
        by_file[label["file"]].append(label)
    texts, result, hit, wrong, stray = {}, Score(), set(), set(), set()
    for finding in sorted(set(findings), key=lambda finding: (finding.file, finding.line, finding.rule, finding.text or "")):
        if finding.file not in texts:
            texts[finding.file] = (tree / finding.file).read_bytes().decode(errors="replace").split("\n")
        spans = columns(finding, texts[finding.file])
        met = [label for label in by_file[finding.file] if meets(finding, spans, label)]
        trues, falses = ([id(label) for label in met if label["true"] is truth] for truth in (True, False))
        if trues:
            hit.update(trues)
        elif falses:
            wrong.update(falses)
        else:
            stray.add((finding.file, finding.line, finding.rule))
    for label in labels:
        if label["true"]:
            (result.hit if id(label) in hit else result.missed).append(label)
        elif id(label) in wrong:
            result.labelled.append(label)
    lines = {}
    for file, line, rule in sorted(stray):
        lines.setdefault((file, line), rule)
    result.unlabelled = [(file, line, rule) for (file, line), rule in lines.items()]
    return result


def kingfisher(report, tree):
    for entry in json.loads(report).get("findings", []):
        finding = entry["finding"]
        text = finding["snippet"]
        yield Finding(os.path.relpath(finding["path"], tree), finding["line"], finding["line"] + text.rstrip("\n").count("\n"), text,
                      finding["column_start"], finding["column_end"] + 1, entry["rule"]["id"])


def betterleaks(report, tree):
    for finding in json.loads(report)["findings"] or []:
        place, text = finding["location"], finding["match"]["value"]
        yield Finding(os.path.relpath(place["path"], tree), place["start_line"], place["end_line"], text, place.get("start_column", 1) - 1,
                      place.get("end_column"), finding["rule_id"])


def gitleaks(report, tree):
    for finding in json.loads(report) or []:
        yield Finding(os.path.relpath(finding["File"], tree), finding["StartLine"], finding["EndLine"], finding["Secret"],
                      finding["StartColumn"] - 1, finding["EndColumn"], finding["RuleID"])


def detect_secrets(report, tree):
    for findings in json.loads(report)["results"].values():
        for finding in findings:
            yield Finding(os.path.relpath(os.path.join(tree, finding["filename"]), tree), finding["line_number"], finding["line_number"],
                          rule=finding["type"])


def sanctum(report, tree):
    for finding in json.loads(report)["findings"]:
        yield Finding(os.path.relpath(finding["path"], tree), finding["line"], finding["end_line"], column=finding["column"] - 1,
                      end=finding["end_column"] - 1, rule=finding["rule"])
