# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The tracker: its lines, its checks, many writers, and what happens without a file."""

import array
import json
import math
import os
import sys
import threading
import time
import unittest

from support import SdkTestCase

from atelier import tracking
from atelier.tracking import log_artifact, log_histogram, log_metric, log_metrics, log_param

WRITER = """
import os, sys, threading
from atelier import log_metric
def work(thread):
    for i in range(500):
        log_metric(f"{sys.argv[1]}/{thread}/" + "x" * 100, i, step=i)
log_metric("parent", 1)
pid = os.fork()
threads = [threading.Thread(target=work, args=(f"{pid == 0}-{t}",)) for t in range(4)]
for t in threads: t.start()
for t in threads: t.join()
if pid == 0:
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


class TrackingTestCase(SdkTestCase):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "out" / "metrics.jsonl"
        self.setenv(ATELIER_TRACKING_FILE=str(self.file))
        self.forget()
        self.addCleanup(self.forget)

    def forget(self):
        """Lets the tracker look for its file again."""
        if tracking._fd is not None and tracking._fd >= 0:
            os.close(tracking._fd)
        tracking._fd = None
        tracking._complained = False

    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]


class LinesTest(TrackingTestCase):
    def test_metrics(self):
        before = time.time_ns() // 1000
        log_metric("train:rmse", 0.25, step=3)
        log_metric("ä \"quoted\"", 7)
        log_metrics({"a": 1, "b": True}, step=9)
        after = time.time_ns() // 1000
        lines = self.lines()
        for line in lines:
            self.assertTrue(before <= line.pop("at_us") <= after)
        self.assertEqual(
            lines,
            [
                {"t": "metric", "name": "train:rmse", "value": 0.25, "step": 3},
                {"t": "metric", "name": 'ä "quoted"', "value": 7.0, "step": None},
                {"t": "metric", "name": "a", "value": 1.0, "step": 9},
                {"t": "metric", "name": "b", "value": 1.0, "step": 9},
            ],
        )

    def test_numbers_without_json_form(self):
        for value in (math.nan, math.inf, -math.inf, 1e308, -0.0, 5e-324):
            log_metric("m", value)
        self.assertEqual([line["value"] for line in self.lines()], ["nan", "inf", "-inf", 1e308, -0.0, 5e-324])

    def test_numbers_of_other_libraries(self):
        class Scalar:
            def __float__(self):
                return 1.5

            def __index__(self):
                return 4

        log_metric("m", Scalar(), step=Scalar())
        self.assertEqual((self.lines()[0]["value"], self.lines()[0]["step"]), (1.5, 4))

    def test_params(self):
        for name, value in (("s", "x\ny"), ("i", 5), ("b", False), ("n", None), ("f", math.nan), ("l", [1, 2])):
            log_param(name, value)
        self.assertEqual(
            [(line["t"], line["name"], line["value"]) for line in self.lines()],
            [("param", "s", "x\ny"), ("param", "i", 5), ("param", "b", False), ("param", "n", None),
             ("param", "f", "nan"), ("param", "l", "[1, 2]")],
        )

    def test_wrong_arguments(self):
        for call, kind, sentence in (
            (lambda: log_metric("", 1), ValueError, "1 to 255 characters"),
            (lambda: log_metric("x" * 256, 1), ValueError, "has 256"),
            (lambda: log_metric(5, 1), TypeError, "must be a text"),
            (lambda: log_metric("m", "no"), ValueError, "“m” must be a number, not 'no'"),
            (lambda: log_metric("m", None), ValueError, "must be a number"),
            (lambda: log_metric("m", 10**400), ValueError, "must be a number"),
            (lambda: log_metric("m", 1, step=1.5), TypeError, "must be a whole number"),
            (lambda: log_histogram("h", [1], bins=0), ValueError, "at least 1"),
            (lambda: log_histogram("h", [1], bins=[2, 1]), ValueError, "edges that rise"),
            (lambda: log_artifact("a", self.folder / "none"), FileNotFoundError, "none"),
        ):
            with self.subTest(sentence), self.assertRaisesRegex(kind, sentence):
                call()
        log_metric("x" * 255, 1)
        self.assertEqual(len(self.lines()), 1)


class HistogramTest(TrackingTestCase):
    def histogram(self, *arguments, **keywords):
        log_histogram("h", *arguments, **keywords)
        line = self.lines()[-1]
        self.assertEqual(len(line["edges"]), len(line["counts"]) + 1)
        return line["edges"], line["counts"]

    def test_equal_bins(self):
        edges, counts = self.histogram([0, 1, 2, 3, 4], bins=4, step=2)
        self.assertEqual((edges, counts), ([0, 1, 2, 3, 4], [1, 1, 1, 2]))
        self.assertEqual(self.lines()[-1]["step"], 2)

    def test_default_bins(self):
        edges, counts = self.histogram(range(1000))
        self.assertEqual((len(counts), sum(counts), edges[0], edges[-1]), (30, 1000, 0, 999))

    def test_given_edges(self):
        self.assertEqual(self.histogram([-1, 0, 0.5, 1, 2, 3], bins=[0, 1, 2]), ([0, 1, 2], [2, 2]))

    def test_odd_values(self):
        self.assertEqual(self.histogram([], bins=2), ([0.0, 0.5, 1.0], [0, 0]))
        self.assertEqual(self.histogram([5, 5, 5], bins=1), ([4.5, 5.5], [3]))
        self.assertEqual(self.histogram([1, math.nan, math.inf, 2], bins=1), ([1, 2], [2]))
        for values in ([-1.7e308, 1.7e308], [1e308, 1e308], [1.0, 1.0 + 2**-52], [sys.float_info.max]):
            edges, counts = self.histogram(values)
            self.assertEqual(sum(counts), len(values), values)
            self.assertTrue(all(math.isfinite(edge) for edge in edges), edges)

    def test_sequences(self):
        class Array:
            """Looks like an array of numpy."""

            def tolist(self):
                return [[0.0, 1.0], [1.0, 2.0]]

        class Tensor:
            """Looks like a tensor of torch that is on a device and has a gradient."""

            def detach(self):
                return self

            def cpu(self):
                return Array()

        for values in (Array(), Tensor(), (0, 1, 1, 2), array.array("d", [0, 1, 1, 2]), iter([0, 1, 1, 2]), [[0], [1, [1, 2]]]):
            self.assertEqual(self.histogram(values, bins=2), ([0, 1, 2], [1, 3]))

    def test_real_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        values = numpy.random.default_rng(1).normal(size=(100, 10))
        counts, edges = numpy.histogram(values, bins=20)
        ours = self.histogram(values, bins=numpy.int64(20))
        self.assertEqual(ours[1], counts.tolist())
        self.assertTrue(numpy.allclose(ours[0], edges))
        log_metric("m", numpy.float32(0.5), step=numpy.int32(3))
        self.assertEqual((self.lines()[-1]["value"], self.lines()[-1]["step"]), (0.5, 3))


class ArtifactTest(TrackingTestCase):
    def test_file_folder_and_address(self):
        path = self.write("model/a.bin", "abc")
        log_artifact("file", path)
        log_artifact("folder", str(path.parent))
        log_artifact("object", "s3://b/k")
        file, folder, uri = self.lines()
        self.assertEqual(
            file,
            {
                "t": "artifact", "name": "file", "path": str(path), "size_bytes": 3,
                "digest": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            },
        )
        self.assertEqual((folder["path"], folder["size_bytes"]), (str(path.parent), 3))
        self.assertEqual(uri, {"t": "artifact", "name": "object", "uri": "s3://b/k", "digest": None, "size_bytes": None})
        self.write("model/b.bin", "x")
        log_artifact("folder", path.parent)
        self.assertNotEqual(self.lines()[-1]["digest"], folder["digest"])


class WritersTest(TrackingTestCase):
    def test_threads_and_processes(self):
        script = self.write("writer.py", WRITER)
        done = []
        threads = [threading.Thread(target=lambda n=n: done.append(self.run_python(script, n))) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([one.returncode for one in done], [0, 0, 0], [one.stderr for one in done])
        lines = self.lines()
        self.assertEqual(len(lines), 3 * (1 + 2 * 4 * 500))
        seen = {}
        for line in lines:
            if line["name"] != "parent":
                seen.setdefault(line["name"], []).append(line["step"])
        self.assertEqual(len(seen), 3 * 2 * 4)
        for steps in seen.values():
            self.assertEqual(steps, list(range(500)), "one thread's lines stay in order")


class WithoutFileTest(TrackingTestCase):
    def test_by_hand(self):
        if os.path.isdir("/opt/ml"):
            self.skipTest("this machine has /opt/ml")
        script = "from atelier import *\nfrom atelier.tracking import *\nlog_metric('loss', .5, 3); log_param('p', 'x')\n" \
                 "log_histogram('h', [1, 2], bins=2); log_artifact('a', 's3://b/k'); log_metric('n', float('nan'))"
        done = self.run_python("-c", script, env={"ATELIER_TRACKING_FILE": ""})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            done.stdout.splitlines(),
            ["metric loss = 0.5 (step 3)", "param p = x", "histogram h: 2 values in 2 bins", "artifact a: s3://b/k",
             "metric n = nan"],
        )
        self.assertFalse(os.path.exists("/opt/ml"))

    def test_file_that_cannot_be_made(self):
        blocker = self.write("blocker")
        done = self.run_python(
            "-c", "from atelier import log_metric\nlog_metric('m', 1); log_metric('m', 2); print('on')",
            env={"ATELIER_TRACKING_FILE": str(blocker / "x.jsonl")},
        )
        self.assertEqual(done.stdout.splitlines(), ["metric m = 1.0", "metric m = 2.0", "on"])
        self.assertEqual(done.stderr.count("cannot be written"), 1)

    def test_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        done = self.run_python(
            "-c", "from atelier import log_metric\nfor i in range(3): log_metric('m', i)\nprint('on')",
            env={"ATELIER_TRACKING_FILE": "/dev/full"},
        )
        self.assertEqual((done.returncode, done.stdout), (0, "on\n"))
        self.assertEqual(done.stderr.count("A line could not be written"), 1)


if __name__ == "__main__":
    unittest.main()
