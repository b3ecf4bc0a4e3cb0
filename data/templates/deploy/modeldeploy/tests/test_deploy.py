# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The deployment's files fit together, and the endpoint test tells a good endpoint from a bad one."""

import contextlib
import importlib.util
import io
import json
import pathlib
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOP = pathlib.Path(__file__).resolve().parent.parent


def load_endpoint_test():
    spec = importlib.util.spec_from_file_location("endpoint_test", TOP / "test" / "test_endpoint.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FilesTest(unittest.TestCase):
    def setUp(self):
        self.deployment = json.loads((TOP / "deploy.json").read_text())

    def test_stages_name_files_that_are_there(self):
        for stage in self.deployment["stages"]:
            config = json.loads((TOP / stage["config"]).read_text())
            self.assertEqual(config["Parameters"]["StageName"], stage["name"])
            self.assertTrue((TOP / config["Test"]["PayloadFile"]).is_file())
            self.assertTrue((TOP / stage["test"]).is_file())

    def test_production_needs_a_person(self):
        approvals = {stage["name"]: stage["approval"] for stage in self.deployment["stages"]}
        self.assertEqual(approvals, {"staging": False, "prod": True})


class EndpointTest(unittest.TestCase):
    """Against a server that answers as told."""

    def setUp(self):
        self.endpoint_test = load_endpoint_test()
        self.answer = lambda row: "9.5"
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def reply(self, text):
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self):
                self.reply("\n")

            def do_POST(self):
                rows = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
                self.reply("\n".join(outer.answer(row) for row in rows))

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_test(self):
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            with contextlib.redirect_stderr(io.StringIO()):
                output = pathlib.Path(folder, "results.json")
                code = self.endpoint_test.main(
                    ["--url", url, "--config", str(TOP / "staging-config.json"), "--output", str(output)]
                )
            results = json.loads(output.read_text())
        self.assertEqual(code, 0 if results["passed"] else 1)
        return results

    def test_a_good_endpoint(self):
        results = self.run_test()
        self.assertTrue(results["passed"])
        self.assertEqual(results["predictions"], [9.5] * 4)

    def test_bad_answers(self):
        reasons = {"nan": "not finite", "?": "not made of numbers", "-7": "not between", "1,2": "came back"}
        for text, reason in reasons.items():
            with self.subTest(text):
                self.answer = lambda row, text=text: text
                self.assertIn(reason, self.run_test()["reason"])

    def test_an_answer_that_depends_on_its_neighbours(self):
        counter = iter(range(100))
        self.answer = lambda row: str(next(counter) % 30)
        self.assertIn("alone", self.run_test()["reason"])

    def test_an_error(self):
        self.status = 500
        self.assertIn("answered 500", self.run_test()["reason"])

    def test_nobody_there(self):
        with self.assertRaisesRegex(self.endpoint_test.Failed, "no answer"):
            self.endpoint_test.request("http://127.0.0.1:1/ping")


if __name__ == "__main__":
    unittest.main()
