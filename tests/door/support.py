# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""A door to talk to, and a signer of its own: written from AWS's description, not from the door's source."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import quote

DOOR = os.environ["ATELIER_DOOR"]
EMPTY = hashlib.sha256(b"").hexdigest()


def find_boto3():
    with contextlib.suppress(ImportError):
        import boto3

        return boto3
    return None


def door_log(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


class Key:
    """The credentials of an attempt."""

    def __init__(self, execution_secret, step, attempt):
        plain = f"{step}#{attempt}".encode()
        self.id = "ATELIER" + base64.b32encode(plain).decode().lower().rstrip("=")
        self.secret = hmac.new(bytes.fromhex(execution_secret), self.id.encode(), hashlib.sha256).hexdigest()


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, day, region="us-east-1"):
    return _mac(_mac(_mac(_mac(b"AWS4" + secret.encode(), day), region), "s3"), "aws4_request")


def sign(key, method, path, headers, query="", payload_hash=EMPTY, at=None, signed=None):
    """Adds the headers of signature version 4; `path` and `query` are as they go over the wire."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at if at is not None else time.time()))
    scope = f"{date[:8]}/us-east-1/s3/aws4_request"
    headers = {name.lower(): value for name, value in headers.items()}
    headers.update({"x-amz-date": date, "x-amz-content-sha256": payload_hash})
    names = sorted(headers) if signed is None else sorted(signed)
    pairs = sorted(part if "=" in part else part + "=" for part in query.split("&") if part)
    canonical = "\n".join(
        [method, path, "&".join(pairs), *(f"{name}:{headers[name].strip()}" for name in names), "", ";".join(names), payload_hash]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
    signature = hmac.new(signing_key(key.secret, date[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key.id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return headers, signature, date, scope


class DoorTestCase(unittest.TestCase):
    """A test with a store and a door of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="atelier-door-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = self.folder / "store"
        self.log = self.folder / "door.log"
        self.socket_path = self.folder / "door"
        self.secret = secrets.token_hex(32)
        self.start()
        self.addCleanup(self.stop)

    def start(self, *extra):
        read_end, write_end = os.pipe()
        os.write(write_end, self.secret.encode())
        os.close(write_end)
        self.process = subprocess.Popen(
            [DOOR, "--store", self.store, "--access-log", self.log, "--socket", self.socket_path, "--port", "0",
             "--secret-fd", str(read_end), "--with-parent", *extra],
            pass_fds=[read_end], stdout=subprocess.PIPE,
            # What AddressSanitizer keeps back of freed memory is not the door's.
            env={**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"},
        )
        os.close(read_end)
        line = self.process.stdout.readline()
        self.assertTrue(line, "the door did not start")
        ready = json.loads(line)
        self.assertEqual(ready["socket"], str(self.socket_path))
        self.port = ready["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = Key(self.secret, "Train", 2)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.assertEqual(status, 0)
        self.assertFalse(self.socket_path.exists())

    def peak_memory_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        raise AssertionError("no VmHWM")

    def request(self, method, path, body=b"", headers=None, query="", **signing):
        """One signed request; gives status, headers and body."""
        headers = dict(headers or {})
        headers.setdefault("host", f"127.0.0.1:{self.port}")
        if "payload_hash" not in signing:
            signing["payload_hash"] = hashlib.sha256(body).hexdigest()
        signed, *_ = sign(signing.pop("key", self.key), method, path, headers, query, **signing)
        return self.send(method, path + ("?" + query if query else ""), body, signed)

    def send(self, method, target, body=b"", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body or method in ("PUT", "POST"):
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def raw(self, data):
        """Sends bytes as they are; gives what comes back until the door closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer

    def put_file(self, key, content=b"x"):
        path = self.store / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def assert_error(self, result, status, code):
        self.assertEqual((result[0], code.encode() in result[2]), (status, True), result)

    def encode(self, text):
        return quote(text, safe="/-_.~")
