#!/usr/bin/python3
"""The scorer against a toy corpus of which every count is known, and the corpora against their own promises."""

import json
import pathlib
import random
import tempfile
import unittest

import providers
import score
from score import Finding
from text import Document, indented, render

LINES = ["first = 'unlabelled'", "password = 'aaaaaa' + secret('bbbbbb')", "id = 'cccccc'", "-----BEGIN-----", "body", "-----END-----", "tail"]


def label(line, begin, end, true, kind="k", last=None):
    return {"file": "a", "line": line, "last_line": last or line, "begin": begin, "end": end, "kind": kind, "true": true}


LABELS = [label(2, 12, 18, True), label(2, 30, 36, True, "second"), label(3, 6, 12, False, "hash"), label(4, 0, 13, True, "pem", 6)]


class Scorer(unittest.TestCase):
    def scored(self, *findings):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a").write_text("\n".join(LINES))
            return score.score(findings, LABELS, pathlib.Path(folder))

    def counts(self, *findings):
        got = self.scored(*findings)
        return len(got.hit), len(got.missed), len(got.labelled), len(got.unlabelled)

    def test_counts(self):
        cases = [
            ("nothing", [], (0, 3, 0, 0)),
            ("only a line hits all true labels of it", [Finding("a", 2, 2)], (2, 1, 0, 0)),
            ("text tells which", [Finding("a", 2, 2, "bbbbbb")], (1, 2, 0, 0)),
            ("text that overlaps", [Finding("a", 2, 2, "= 'aaa")], (1, 2, 0, 0)),
            ("text that is elsewhere in the line", [Finding("a", 2, 2, "secret")], (0, 3, 0, 1)),
            ("a column inside", [Finding("a", 2, 2, column=12)], (1, 2, 0, 0)),
            ("a column just behind", [Finding("a", 2, 2, column=18)], (0, 3, 0, 1)),
            ("a column just before", [Finding("a", 2, 2, column=11)], (0, 3, 0, 1)),
            ("decoded text falls back to the column", [Finding("a", 2, 2, "zzz", 30)], (1, 2, 0, 0)),
            ("decoded text falls back to both columns", [Finding("a", 2, 2, "zzz", 24, 31)], (1, 2, 0, 0)),
            ("the line before", [Finding("a", 1, 1, "aaaaaa", 12)], (0, 3, 0, 1)),
            ("twice counts once", [Finding("a", 2, 2, "aaaaaa", rule="x"), Finding("a", 2, 2, "aaaaaa", rule="y")], (1, 2, 0, 0)),
            ("a false label", [Finding("a", 3, 3, "cccccc")], (0, 3, 1, 0)),
            ("a false label twice", [Finding("a", 3, 3, "cccccc", rule="x"), Finding("a", 3, 3, rule="y")], (0, 3, 1, 0)),
            ("unlabelled lines, one of them twice", [Finding("a", 1, 1, rule="x"), Finding("a", 1, 1, rule="y"), Finding("a", 7, 7)], (0, 3, 0, 2)),
            ("a key once, by its body", [Finding("a", 5, 5, column=0), Finding("a", 4, 6, "-----BEGIN-----\nbody\n-----END-----")], (1, 2, 0, 0)),
            ("all", [Finding("a", 2, 2), Finding("a", 4, 6), Finding("a", 3, 3), Finding("a", 1, 1)], (3, 0, 1, 1)),
        ]
        for name, findings, wanted in cases:
            with self.subTest(name):
                self.assertEqual(self.counts(*findings), wanted)

    def test_figures(self):
        got = self.scored(Finding("a", 2, 2, "aaaaaa"), Finding("a", 3, 3), Finding("a", 1, 1), Finding("a", 7, 7))
        self.assertAlmostEqual(got.precision, 1 / 4)
        self.assertAlmostEqual(got.recall, 1 / 3)
        self.assertAlmostEqual(got.f1, 2 / 7)
        self.assertEqual(got.by_kind(), ({"k": [1, 1], "second": [0, 1], "pem": [0, 1]}, {"hash": 1}))

    def test_reports(self):
        tree = pathlib.Path("/t")
        reports = {
            score.sanctum: {"findings": [{"path": "/t/a", "line": 2, "column": 13, "end_line": 2, "end_column": 19, "rule": "r"}]},
            score.kingfisher: {"findings": [{"rule": {"id": "r"}, "finding": {"path": "/t/a", "line": 2, "column_start": 12, "column_end": 17, "snippet": "aaaaaa"}}]},
            score.betterleaks: {"findings": [{"rule_id": "r", "match": {"value": "aaaaaa"}, "location": {"path": "/t/a", "start_line": 2, "end_line": 2, "start_column": 13, "end_column": 18}}]},
            score.gitleaks: [{"RuleID": "r", "File": "/t/a", "StartLine": 2, "EndLine": 2, "StartColumn": 13, "EndColumn": 18, "Secret": "aaaaaa"}],
            score.detect_secrets: {"results": {"a": [{"type": "r", "filename": "a", "line_number": 2}]}},
        }
        for parser, report in reports.items():
            with self.subTest(parser.__name__):
                findings = list(parser(json.dumps(report), tree))
                self.assertEqual([(finding.file, finding.line, finding.rule) for finding in findings], [("a", 2, "r")])
                self.assertEqual(self.counts(*findings)[0], 2 if parser is score.detect_secrets else 1)


class Making(unittest.TestCase):
    def test_labels_stand_where_their_text_is(self):
        makers = {"a": lambda r: "AAAA", "b": lambda r: "BB"}
        document = Document()
        document.add("one\n  two\n")
        document.add(*indented(*render("x %{b} @{a}\ny = ~{b|b64}@{a=kept}@{=kept}\n", random.Random(1), makers, "true"), "    "))
        lines = document.text().split("\n")
        rows = [(row["line"], lines[row["line"] - 1][row["begin"]:row["end"]], row["kind"], row["true"]) for row in document.rows("f")]
        self.assertEqual(rows, [(3, "AAAA", "true", True), (4, "QkI=", "b", False), (4, "AAAA", "true", True), (4, "AAAA", "true", True)])

    def test_checksums(self):
        """BIP 173's own vector, and the two tokens that GitHub's and npm's announcements were explained with, cut in two."""
        self.assertEqual(providers.bech32("a", b""), "a12uel5l")
        body, check = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"
        self.assertEqual(providers.base62(providers.binascii.crc32(body.encode()), 6), check)

    def test_providers(self):
        self.assertGreaterEqual(len(providers.providers()), 60)
        for name, _, page, make in providers.TABLE:
            with self.subTest(name):
                self.assertTrue(page)
                self.assertNotEqual(make(random.Random(1)), make(random.Random(2)))
                self.assertEqual(make(random.Random(1)), make(random.Random(1)))


if __name__ == "__main__":
    unittest.main()
