# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The hook that leads S3 clients to the door, against a server that only writes down what it is asked."""

import http.server
import importlib.util
import threading
import unittest

from support import SDK, SdkTestCase

DOOR = SDK / "door"


class Server(http.server.ThreadingHTTPServer):
    """Answers everything; `seen` has method, Host and path of each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.headers["Host"], self.path.partition("?")[0]))
        self.send_response(200)
        self.send_header("ETag", '"x"')
        body = b"" if self.command == "PUT" else b"hello"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = answer

    def log_message(self, *arguments):
        pass


class DoorTestCase(SdkTestCase):
    def run_hooked(self, text, path=(), **env):
        """Runs a script with the hook; it must succeed."""
        done = self.run_python(
            self.write("script.py", text),
            env={
                "PYTHONPATH": ":".join([str(DOOR), *map(str, path)]),
                "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "no_proxy": "*", **env,
            },
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        return done.stdout


@unittest.skipUnless(importlib.util.find_spec("boto3"), "boto3 is not installed")
class BotoTest(DoorTestCase):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.server_close)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.port = self.server.server_address[1]

    def test_clients_go_to_the_door(self):
        for host in ("127.0.0.1", "localhost"):
            with self.subTest(host):
                self.server.seen.clear()
                out = self.run_hooked(
                    """
import sys
assert not [name for name in sys.modules if name.startswith(("boto", "urllib3"))]
import boto3, io
print(boto3.client("s3").get_object(Bucket="my-bucket", Key="a/b.csv")["Body"].read())
boto3.resource("s3").Object("my.bucket", "k").put(Body=b"1")
boto3.resource("s3").Bucket("other").download_fileobj("x", io.BytesIO())
""",
                    AWS_ENDPOINT_URL_S3=f"http://{host}:{self.port}",
                )
                self.assertEqual(out, "b'hello'\n")
                self.assertEqual({seen[1] for seen in self.server.seen}, {f"{host}:{self.port}"})
                self.assertEqual(
                    [(method, path) for method, _, path in self.server.seen],
                    [("GET", "/my-bucket/a/b.csv"), ("PUT", "/my.bucket/k"), ("HEAD", "/other/x"), ("GET", "/other/x")],
                )

    def test_what_a_script_names_itself_counts(self):
        out = self.run_hooked(
            """
import boto3
from botocore.config import Config
print(boto3.client("s3", endpoint_url="http://127.0.0.1:1").meta.endpoint_url)
print(boto3.client("sts").meta.endpoint_url)
print(boto3.client("s3", config=Config(s3={"addressing_style": "virtual"}, retries={"max_attempts": 7})).meta.config.s3)
config = boto3.client("s3", config=Config(retries={"max_attempts": 7})).meta.config
print(config.s3, config.retries["total_max_attempts"])
""",
            AWS_ENDPOINT_URL_S3="http://127.0.0.1:2",
        )
        self.assertEqual(
            out.splitlines(),
            ["http://127.0.0.1:1", "https://sts.amazonaws.com", "{'addressing_style': 'virtual'}",
             "{'addressing_style': 'path'} 8"],
        )

    def test_without_the_variable_nothing_changes(self):
        out = self.run_hooked("import boto3\nprint(boto3.client('s3').meta.endpoint_url, boto3.client('s3').meta.config.s3)")
        self.assertEqual(out, "https://s3.amazonaws.com None\n")


class ChainTest(DoorTestCase):
    def test_next_sitecustomize_runs(self):
        self.write("site/sitecustomize.py", "import builtins\nbuiltins.ran = __file__\n")
        out = self.run_hooked("import sys\nprint(ran, sys.modules['sitecustomize'].__file__)", [self.folder / "site"])
        file = str(self.folder / "site" / "sitecustomize.py")
        self.assertEqual(out, f"{file} {file}\n")

    def test_a_broken_module_does_not_stop_a_script(self):
        # A botocore of another shape: the hook finds nothing to wrap.
        self.write("lib/botocore/__init__.py")
        self.write("lib/botocore/args.py", "class Other:\n    pass\n")
        self.write("lib/awscli/__init__.py")
        self.write("lib/awscli/botocore/__init__.py")
        self.write("lib/awscli/botocore/args.py", "class ClientArgsCreator:\n    def get_client_args(self, a, b=2):\n        return a, b\n")
        out = self.run_hooked(
            "import botocore.args, awscli.botocore.args as other\nprint(botocore.args.Other.__name__)\n"
            "print(other.ClientArgsCreator().get_client_args(1, b=3))",
            [self.folder / "lib"], AWS_ENDPOINT_URL_S3="http://127.0.0.1:1",
        )
        self.assertEqual(out, "Other\n(1, 3)\n")

    def test_newer_botocore_keeps_its_own_way(self):
        self.write("lib/aiobotocore/__init__.py")
        self.write("lib/botocore/__init__.py")
        self.write("lib/botocore/config.py", "class Config:\n    def __init__(self, s3=None):\n        self.s3 = s3\n")
        self.write("lib/aiobotocore/args.py", """
class AioClientArgsCreator:
    def _compute_configured_endpoint_url(self):
        pass
    def get_client_args(self, service_model, endpoint_url, client_config):
        return endpoint_url, client_config.s3
""")
        out = self.run_hooked(
            "import types, aiobotocore.args as args\n"
            "print(args.AioClientArgsCreator().get_client_args(types.SimpleNamespace(service_name='s3'), None, None))",
            [self.folder / "lib"], AWS_ENDPOINT_URL_S3="http://127.0.0.1:1",
        )
        self.assertEqual(out, "(None, {'addressing_style': 'path'})\n")


if __name__ == "__main__":
    unittest.main()
