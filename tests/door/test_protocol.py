# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The door's answers to single requests: who is let in, which names are taken, what is refused and how."""

import base64
import binascii
import concurrent.futures
import email.utils
import hashlib
import hmac
import http.client
import os
import shutil
import socket
import struct
import subprocess
import time
import unittest
import xml.etree.ElementTree as ET

from support import DOOR, EMPTY, DoorTestCase, Key, door_log, sign, signing_key

NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Signatures(DoorTestCase):
    def test_good(self):
        self.assertEqual(self.request("PUT", "/b/k", b"hello")[0], 200)
        status, headers, body = self.request("GET", "/b/k")
        self.assertEqual((status, body, headers["etag"]), (200, b"hello", '"5d41402abc4b2a76b9719d911017c592"'))
        self.assertIn("x-amz-request-id", headers)

    def test_none(self):
        self.put_file("b/k")
        for method, target in [("GET", "/b/k"), ("GET", "/"), ("GET", "/b"), ("DELETE", "/b/k"), ("POST", "/b?delete"), ("OPTIONS", "/b")]:
            self.assert_error(self.send(method, target, headers={"host": "127.0.0.1"}), 403, "AccessDenied")
        self.assert_error(self.send("PUT", "/b/new", b"body", {"host": "127.0.0.1"}), 403, "AccessDenied")
        self.assertFalse((self.store / "b/new").exists())
        self.assertEqual(self.send("HEAD", "/b/k", headers={"host": "h"})[0], 403)

    def test_wrong_keys(self):
        self.put_file("b/k")
        other = Key("0" * 64, "Train", 2)
        self.assert_error(self.request("GET", "/b/k", key=other), 403, "SignatureDoesNotMatch")
        for name in ["AKIAIOSFODNN7EXAMPLE", "ATELIER", "ATELIERxx", ""]:
            other.id = name
            self.assertIn(self.request("GET", "/b/k", key=other)[0], (400, 403))

    def test_changed_requests(self):
        """A signature is for one request: method, path, query, signed headers, body."""
        self.put_file("b/k", b"content")
        host = {"host": f"127.0.0.1:{self.port}"}
        headers, *_ = sign(self.key, "GET", "/b/k", host)
        self.assertEqual(self.send("GET", "/b/k", headers=headers)[0], 200)
        self.assertEqual(self.send("GET", "/b/%6b", headers=headers)[0], 200)
        for method, target in [("HEAD", "/b/k"), ("DELETE", "/b/k"), ("GET", "/b/l"), ("GET", "/b/k?x=1"), ("GET", "/b/k?versionId=1")]:
            self.assertEqual(self.send(method, target, headers=headers)[0], 403, target)
        self.assert_error(self.send("GET", "/b/k", headers={**headers, "x-amz-meta-a": "1"}), 403, "not signed")
        self.assert_error(self.send("GET", "/b/k", headers={**headers, "host": "127.0.0.1:1"}), 403, "SignatureDoesNotMatch")
        headers, *_ = sign(self.key, "PUT", "/b/new", host, payload_hash=hashlib.sha256(b"good").hexdigest())
        self.assert_error(self.send("PUT", "/b/new", b"evil", headers), 400, "XAmzContentSHA256Mismatch")
        self.assertFalse((self.store / "b/new").exists())
        headers, *_ = sign(self.key, "GET", "/b/k", {**host, "range": "bytes=0-1"}, signed=["x-amz-date", "x-amz-content-sha256"])
        self.assert_error(self.send("GET", "/b/k", headers=headers), 403, "host")

    def test_old_dates(self):
        self.put_file("b/k")
        now = time.time()
        self.assertEqual(self.request("GET", "/b/k", at=now - 14 * 60)[0], 200)
        for at in [now - 16 * 60, now + 16 * 60, now - 3600, 0]:
            self.assert_error(self.request("GET", "/b/k", at=at), 403, "RequestTimeTooSkewed")

    def test_malformed(self):
        self.put_file("b/k")
        good, *_ = sign(self.key, "GET", "/b/k", {"host": "h"})
        authorization = good["authorization"]
        for text in [
            "", "AWS x:y", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "Bearer x", authorization.replace("Signature=", "Sig="),
            authorization.replace("/s3/", "/ec2/"), authorization.replace("aws4_request", "x"), authorization.replace("Credential=", "C="),
            authorization.replace("SignedHeaders=", "SignedHeaders=;"), authorization + "0", "AWS4-HMAC-SHA256 " + "," * 5000,
        ]:
            status = self.send("GET", "/b/k", headers={**good, "authorization": text})[0]
            self.assertIn(status, (400, 403), text[:80])
        for missing in ["x-amz-date", "x-amz-content-sha256"]:
            headers = {name: value for name, value in good.items() if name != missing}
            self.assertIn(self.send("GET", "/b/k", headers=headers)[0], (400, 403))
        for date in ["2024", "20240131T120000", "99999999T999999Z", "x" * 16]:
            self.assertIn(self.send("GET", "/b/k", headers={**good, "x-amz-date": date})[0], (400, 403))

    def presign(self, path, expires=60, at=None, method="GET"):
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at or time.time()))
        scope = f"{date[:8]}/us-east-1/s3/aws4_request"
        query = (
            f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={self.key.id}%2F{scope.replace('/', '%2F')}"
            f"&X-Amz-Date={date}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
        )
        canonical = f"{method}\n{path}\n{query}\nhost:h\n\nhost\nUNSIGNED-PAYLOAD"
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(signing_key(self.key.secret, date[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
        return f"{path}?{query}&X-Amz-Signature={signature}"

    def test_presigned(self):
        self.put_file("b/k", b"content")
        host = {"host": "h"}
        self.assertEqual(self.send("GET", self.presign("/b/k"), headers=host)[2], b"content")
        self.assertEqual(self.send("PUT", self.presign("/b/new", method="PUT"), b"put", host)[0], 200)
        self.assertEqual((self.store / "b/new").read_bytes(), b"put")
        self.assertEqual(self.send("GET", self.presign("/b/k", expires=7200, at=time.time() - 3600), headers=host)[0], 200)
        self.assert_error(self.send("GET", self.presign("/b/k", at=time.time() - 100), headers=host), 403, "expired")
        self.assert_error(self.send("GET", self.presign("/b/k", at=time.time() + 3600), headers=host), 403, "RequestTimeTooSkewed")
        self.assert_error(self.send("GET", self.presign("/b/k", expires=604801), headers=host), 400, "AuthorizationQueryParametersError")
        self.assertEqual(self.send("GET", self.presign("/b/k").replace("/b/k", "/b/l"), headers=host)[0], 403)
        self.assertEqual(self.send("DELETE", self.presign("/b/k"), headers=host)[0], 403)
        self.assert_error(self.send("GET", "/b/k?AWSAccessKeyId=x&Signature=y&Expires=1", headers=host), 400, "version 4")


class Names(DoorTestCase):
    def test_odd_keys(self):
        for key in ["a b", "é/ü", "a+b", "a%b", "a=b&c", "~x", "a'(1)!*", "日本", "...", "a..b", ".hidden", "x" * 255, "tab\there", "new\nline", "a\\b"]:
            path = "/b/" + self.encode(key)
            self.assertEqual(self.request("PUT", path, key.encode())[0], 200, key)
            self.assertEqual(self.request("GET", path)[2], key.encode(), key)
            self.assertEqual((self.store / "b" / key).read_bytes(), key.encode())

    def test_slashes_collapse(self):
        self.assertEqual(self.request("PUT", "/b//a///c", b"x")[0], 200)
        self.assertEqual((self.store / "b/a/c").read_bytes(), b"x")
        self.assertEqual(self.request("GET", "/b/a/c")[0], 200)

    def test_no_way_out(self):
        (self.folder / "outside").write_bytes(b"secret")
        self.put_file("b/k")
        for path in [
            "/b/../../outside", "/b/%2e%2e/%2e%2e/outside", "/b/a/%2E%2E/k", "/../outside", "/b/./k", "/b/..%2f..%2foutside", "/%2e%2e/outside",
            "/..%2foutside", "/b/.atelier-tmp-x", "/.atelier-tmp-uploads/x", "/b/%00", "/b/a%00b", "/b/%ff", "/b/" + "x" * 256,
            "/b/" + "/".join(["x" * 200] * 6), "/.b/k", "/b%2f..%2f..%2foutside", "/b%5c/k", "/" + "b" * 256 + "/k",
        ]:
            for method, body in [("GET", b""), ("PUT", b"evil"), ("DELETE", b"")]:
                status, _, answer = self.request(method, path, body)
                self.assertIn(status, (400, 403), (method, path, answer))
        self.assertEqual((self.folder / "outside").read_bytes(), b"secret")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["door", "door.log", "outside", "store"])
        for prefix in ["../", "..%2F", "%2e%2e/", "b/../../"]:
            self.assertNotIn(b"<Contents>", self.request("GET", "/b", query="prefix=" + prefix.replace("/", "%2F"))[2])

    def test_links_are_not_followed(self):
        self.put_file("b/k")
        os.symlink("/etc", self.store / "b/etc")
        os.symlink("/etc/passwd", self.store / "b/passwd")
        for path in ["/b/etc/passwd", "/b/passwd"]:
            self.assert_error(self.request("GET", path), 404, "NoSuchKey")
            self.assertEqual(self.request("HEAD", path)[0], 404)
        self.assert_error(self.request("PUT", "/b/copy", headers={"x-amz-copy-source": "/b/etc/passwd"}), 404, "NoSuchKey")
        self.assertEqual(self.request("GET", "/b")[2].count(b"<Key>"), 1)

    def test_virtual_host(self):
        host = {"host": f"bucket.localhost:{self.port}"}
        self.assertEqual(self.request("PUT", "/a/k", b"x", headers=host)[0], 200)
        self.assertEqual((self.store / "bucket/a/k").read_bytes(), b"x")
        self.assertIn(b"<Key>a/k</Key>", self.request("GET", "/", headers=host)[2])
        self.assertEqual(self.request("GET", "/bucket/a/k", headers={"host": "localhost"})[2], b"x")
        self.assert_error(self.request("GET", "/k", headers={"host": "..localhost"}), 400, "InvalidBucketName")

    def test_file_against_folder(self):
        self.assertEqual(self.request("PUT", "/b/a", b"x")[0], 200)
        self.assert_error(self.request("PUT", "/b/a/c", b"x"), 409, "KeyConflict")
        self.assertEqual(self.request("PUT", "/b/d/e", b"x")[0], 200)
        self.assert_error(self.request("PUT", "/b/d", b"x"), 409, "KeyConflict")
        self.assertEqual(self.request("DELETE", "/b/d/e")[0], 204)
        self.assertEqual(self.request("PUT", "/b/d", b"x")[0], 200)

    def test_folder_marks(self):
        self.assertEqual(self.request("PUT", "/b/dir/")[0], 200)
        self.assertEqual(self.request("HEAD", "/b/dir/")[0], 200)
        self.assertEqual(self.request("HEAD", "/b/other/")[0], 404)
        self.assert_error(self.request("GET", "/b/dir"), 404, "NoSuchKey")
        self.assert_error(self.request("PUT", "/b/dir/", b"content"), 400, "InvalidRequest")
        self.assertEqual(self.request("DELETE", "/b/dir/")[0], 204)
        self.assertFalse((self.store / "b/dir").exists())


class Objects(DoorTestCase):
    def test_ranges(self):
        self.request("PUT", "/b/k", b"0123456789")
        for text, status, body in [
            ("bytes=0-0", 206, b"0"), ("bytes=2-4", 206, b"234"), ("bytes=7-", 206, b"789"), ("bytes=-3", 206, b"789"),
            ("bytes=-100", 206, b"0123456789"), ("bytes=5-100", 206, b"56789"), ("bytes=0-1,3-4", 200, b"0123456789"),
            ("bytes=4-2", 200, b"0123456789"), ("items=0-1", 200, b"0123456789"), ("bytes=a-b", 200, b"0123456789"),
        ]:
            got = self.request("GET", "/b/k", headers={"range": text})
            self.assertEqual((got[0], got[2]), (status, body), text)
        self.assertEqual(self.request("GET", "/b/k", headers={"range": "bytes=2-4"})[1]["content-range"], "bytes 2-4/10")
        head = self.request("HEAD", "/b/k", headers={"range": "bytes=2-4"})
        self.assertEqual((head[0], head[1]["content-length"]), (206, "3"))
        for text in ["bytes=10-", "bytes=99-100", "bytes=-0"]:
            self.assert_error(self.request("GET", "/b/k", headers={"range": text}), 416, "InvalidRange")
        self.request("PUT", "/b/empty")
        self.assertEqual(self.request("GET", "/b/empty")[2], b"")
        self.assert_error(self.request("GET", "/b/empty", headers={"range": "bytes=0-"}), 416, "InvalidRange")

    def test_conditions(self):
        etag = self.request("PUT", "/b/k", b"x")[1]["etag"]
        past = email.utils.formatdate(time.time() - 3600, usegmt=True)
        future = email.utils.formatdate(time.time() + 3600, usegmt=True)
        for headers, status in [
            ({"if-match": etag}, 200), ({"if-match": '"other"'}, 412), ({"if-match": '"other", ' + etag}, 200), ({"if-match": "*"}, 200),
            ({"if-none-match": etag}, 304), ({"if-none-match": '"other"'}, 200), ({"if-modified-since": past}, 200),
            ({"if-modified-since": future}, 304), ({"if-unmodified-since": past}, 412), ({"if-unmodified-since": future}, 200),
            ({"if-match": etag, "if-unmodified-since": past}, 200), ({"if-none-match": '"other"', "if-modified-since": future}, 200),
        ]:
            self.assertEqual(self.request("GET", "/b/k", headers=headers)[0], status, headers)
            self.assertEqual(self.request("HEAD", "/b/k", headers=headers)[0], status, headers)
        self.assertEqual(self.request("PUT", "/b/k", b"y", headers={"if-none-match": "*"})[0], 412)
        self.assertEqual(self.request("PUT", "/b/new", b"y", headers={"if-none-match": "*"})[0], 200)
        self.assertEqual(self.request("PUT", "/b/k", b"y", headers={"if-match": '"other"'})[0], 412)
        self.assertEqual(self.request("PUT", "/b/k", b"y", headers={"if-match": etag})[0], 200)
        self.assertEqual((self.store / "b/k").read_bytes(), b"y")

    def test_headers_are_kept(self):
        headers = {"content-type": "text/csv", "x-amz-meta-name": "value", "content-encoding": "aws-chunked,gzip", "cache-control": "no-cache"}
        self.request("PUT", "/b/k", b"x", headers=headers)
        got = self.request("HEAD", "/b/k")[1]
        self.assertEqual(
            (got["content-type"], got["x-amz-meta-name"], got["content-encoding"], got["cache-control"]),
            ("text/csv", "value", "gzip", "no-cache"),
        )
        got = self.request("GET", "/b/k", query="response-content-type=text%2Fplain")[1]
        self.assertEqual(got["content-type"], "text/plain")
        got = self.request("GET", "/b/k", query="response-content-type=a%0D%0Ax-evil%3A1")[1]
        self.assertNotIn("x-evil", got)

    def test_checks(self):
        md5 = base64.b64encode(hashlib.md5(b"body").digest()).decode()
        crc = base64.b64encode(struct.pack(">I", binascii.crc32(b"body"))).decode()
        self.assertEqual(self.request("PUT", "/b/k", b"body", headers={"content-md5": md5, "x-amz-checksum-crc32": crc})[0], 200)
        self.assert_error(self.request("PUT", "/b/n", b"evil", headers={"content-md5": md5}), 400, "BadDigest")
        self.assert_error(self.request("PUT", "/b/n", b"evil", headers={"content-md5": "x"}), 400, "InvalidDigest")
        self.assert_error(self.request("PUT", "/b/n", b"evil", headers={"x-amz-checksum-crc32": crc}), 400, "BadDigest")
        self.assertFalse((self.store / "b/n").exists())
        self.assertEqual([path.name for path in (self.store / "b").iterdir()], ["k"])

    def chunked(self, content, form, tamper=False):
        """A body in the aws-chunked form, signed by hand; gives its answer."""
        is_signed, has_trailer = "HMAC" in form, form.endswith("TRAILER")
        headers = {"host": "h", "content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(content))}
        crc = base64.b64encode(struct.pack(">I", binascii.crc32(content))).decode()
        if has_trailer:
            headers["x-amz-trailer"] = "x-amz-checksum-crc32"
        headers, previous, date, scope = sign(self.key, "PUT", "/b/chunked", headers, payload_hash=form)
        key = signing_key(self.key.secret, date[:8])
        body = b""
        for chunk in [content[at : at + 8192] for at in range(0, len(content), 8192)] + [b""]:
            text = f"AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{EMPTY}\n{hashlib.sha256(chunk).hexdigest()}"
            previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
            body += b"%x" % len(chunk) + (b";chunk-signature=" + previous.encode() if is_signed else b"") + b"\r\n"
            body += chunk + (b"\r\n" if chunk else b"")
        if has_trailer:
            trailer = f"x-amz-checksum-crc32:{crc}\n"
            body += f"x-amz-checksum-crc32:{crc}\r\n".encode()
            if is_signed:
                text = f"AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{previous}\n{hashlib.sha256(trailer.encode()).hexdigest()}"
                body += b"x-amz-trailer-signature:" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest().encode() + b"\r\n"
        body += b"\r\n"
        if tamper:
            at = body.index(content[:100]) + 50
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        return self.send("PUT", "/b/chunked", body, headers)

    def test_aws_chunked(self):
        content = os.urandom(100_000)
        for form in ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]:
            with self.subTest(form):
                self.assertEqual(self.chunked(content, form)[0], 200)
                self.assertEqual(self.request("GET", "/b/chunked")[2], content)
                self.request("DELETE", "/b/chunked")
                self.assertIn(self.chunked(content, form, tamper=True)[0], (400, 403))
                self.assertFalse((self.store / "b/chunked").exists())

    def test_unsigned_payload(self):
        self.assertEqual(self.request("PUT", "/b/k", b"body", payload_hash="UNSIGNED-PAYLOAD")[0], 200)
        self.assertEqual(self.request("GET", "/b/k")[2], b"body")

    def test_broken_upload(self):
        """A client that dies half-way leaves nothing."""
        headers, *_ = sign(self.key, "PUT", "/b/k", {"host": "h"}, payload_hash="UNSIGNED-PAYLOAD")
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"PUT /b/k HTTP/1.1\r\n{lines}content-length: 1000000\r\n\r\n".encode() + b"x" * 5000)
        deadline = time.monotonic() + 30
        while any((self.store / "b").iterdir()) if (self.store / "b").exists() else True:
            self.assertLess(time.monotonic(), deadline)
            self.request("GET", "/")
        self.assert_error(self.request("GET", "/b/k"), 404, "NoSuchKey")

    def test_bad_copies(self):
        self.request("PUT", "/b/k", b"x")
        for source, status in [("/b/none", 404), ("b", 400), ("", 400), ("/b/../k", 400), ("/../b/k", 400), ("/b/k/", 404), ("%ff/k", 400), ("/other/k", 404)]:
            self.assertEqual(self.request("PUT", "/b/copy", headers={"x-amz-copy-source": source})[0], status, source)
        self.assertEqual(self.request("PUT", "/b/copy", headers={"x-amz-copy-source": "/b/k?versionId=null"})[0], 200)
        self.assertEqual(
            self.request("PUT", "/b/copy", headers={"x-amz-copy-source": "/b/k", "x-amz-copy-source-if-match": '"other"'})[0], 412
        )

    def test_delete_many(self):
        for key in ["a", "b", "c"]:
            self.request("PUT", "/b/" + key, b"x")
        body = b"<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object><Object><Key>../b</Key></Object></Delete>"
        status, _, answer = self.request("POST", "/b", body, query="delete=")
        root = ET.fromstring(answer)
        self.assertEqual([item.find(NS + "Key").text for item in root.findall(NS + "Deleted")], ["a", "none"])
        self.assertEqual([item.find(NS + "Key").text for item in root.findall(NS + "Error")], ["../b"])
        self.assertEqual(sorted(path.name for path in (self.store / "b").iterdir()), ["b", "c"])
        for bad in [b"", b"<x/>", b"<Delete>", b"\xff", b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>"]:
            self.assert_error(self.request("POST", "/b", bad, query="delete="), 400, "MalformedXML")
        self.assert_error(self.request("POST", "/b", b"x" * (5 << 20), query="delete="), 400, "EntityTooLarge")

    def test_not_here(self):
        self.request("PUT", "/b/k", b"x")
        for method, path, query in [
            ("GET", "/b", "acl="), ("GET", "/b", "policy="), ("GET", "/b/k", "tagging="), ("PUT", "/b/k", "acl="), ("PUT", "/b", "versioning="),
            ("GET", "/b", "uploads="), ("GET", "/b/k", "versionId=x"), ("DELETE", "/b", ""), ("POST", "/b/k", ""), ("PATCH", "/b/k", ""),
        ]:
            status, _, answer = self.request(method, path, query=query)
            self.assertIn(status, (405, 501), (method, path, query, answer))
            self.assertIn(b"<Message>", answer)
        self.assertEqual((self.store / "b/k").read_bytes(), b"x")

    def test_uploads_of_others(self):
        """An upload belongs to its bucket and key."""
        answer = self.request("POST", "/b/k", query="uploads=")[2]
        upload = ET.fromstring(answer).find(NS + "UploadId").text
        for path, query in [("/b/other", f"partNumber=1&uploadId={upload}"), ("/b/k", "partNumber=1&uploadId=..%2F..%2Fx"), ("/b/k", "partNumber=1&uploadId=")]:
            self.assert_error(self.request("PUT", path, b"x", query=query), 404, "NoSuchUpload")
        for number in ["0", "10001", "x", ""]:
            self.assert_error(self.request("PUT", "/b/k", b"x", query=f"partNumber={number}&uploadId={upload}"), 400, "InvalidArgument")
        for body, code in [
            (b"<CompleteMultipartUpload/>", "MalformedXML"),
            (b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>", "InvalidPart"),
        ]:
            self.assert_error(self.request("POST", "/b/k", body, query=f"uploadId={upload}"), 400, code)
        self.assertEqual(self.request("DELETE", "/b/k", query=f"uploadId={upload}")[0], 204)
        self.assert_error(self.request("GET", "/b/k", query=f"uploadId={upload}"), 404, "NoSuchUpload")


class Connections(DoorTestCase):
    def test_garbage(self):
        for data in [
            b"", b"\r\n\r\n", b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
            b"GET /b/k HTTP/1.1\r\nHost: a/b\r\n\r\n", b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n",
            b"PUT /b/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET http://[::1 HTTP/1.1\r\nHost: h\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\n" + b"x: y\r\n" * 20000 + b"\r\n", b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", os.urandom(20000),
        ]:
            answer = b""
            try:
                answer = self.raw(data)
            except OSError:  # the door has ended the connection
                pass
            self.assertNotIn(b" 200 OK", answer)
        self.assertEqual(self.request("GET", "/")[0], 200)

    def test_unix_socket(self):
        self.put_file("b/k", b"content")
        self.assertEqual(self.socket_path.stat().st_mode & 0o777, 0o700)
        headers, *_ = sign(self.key, "GET", "/b/k", {"host": "localhost"})
        for _ in range(3):
            connection = http.client.HTTPConnection("localhost", timeout=30)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.socket_path))
            connection.request("GET", "/b/k", headers=headers)
            self.assertEqual(connection.getresponse().read(), b"content")
            connection.close()
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(self.socket_path))
            raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertIn(b" 40", raw.recv(4096))
        if os.geteuid() == 0:  # the socket's mode keeps others out; who they are is asked too
            self.socket_path.chmod(0o777)
            self.folder.chmod(0o755)
            script = (
                "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                "try:\n    s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); print(len(s.recv(100)))\n"
                "except OSError:\n    print(0)"
            )
            other = subprocess.run(
                ["/usr/bin/python3", "-c", script, self.socket_path], user=65534, group=65534, capture_output=True, text=True, timeout=30
            )
            self.assertEqual(other.stdout.strip(), "0", other.stderr)

    def test_connections_are_let_go(self):
        def descriptors():
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))

        self.put_file("b/k", b"content")
        self.assertEqual(self.request("GET", "/b/k")[1]["connection"], "close")
        before = descriptors()
        for _ in range(200):
            self.request("GET", "/b/k")
            self.request("GET", "/b/none")
        self.assertLess(descriptors(), before + 10)

    def test_many_at_once(self):
        def work(number):
            body = os.urandom(200_000)
            for turn in range(5):
                path = f"/b/{number % 4}/{turn}"
                self.assertEqual(self.request("PUT", path, body)[0], 200)
                got = self.request("GET", path)
                self.assertEqual((got[0], len(got[2])), (200, 200_000))
                self.assertEqual(self.request("GET", "/b", query="list-type=2")[0], 200)

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            list(pool.map(work, range(24)))

    def test_slow_reader_keeps_nobody_waiting(self):
        size = 64 << 20
        with open(self.folder / "big", "wb") as file:
            file.truncate(size)
        (self.store / "b").mkdir()
        os.rename(self.folder / "big", self.store / "b/big")
        headers, *_ = sign(self.key, "GET", "/b/big", {"host": "h"})
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as slow:
            slow.sendall(("GET /b/big HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode())
            slow.recv(10)
            for _ in range(20):
                self.assertEqual(self.request("GET", "/")[0], 200)
            got = 10
            while got < size:
                piece = slow.recv(1 << 20)
                self.assertTrue(piece)
                got += len(piece)

    def test_bounded_memory(self):
        """300 MB in and out, and the door stays as small as it was."""
        size, piece = 300_000_000, bytes(1_000_000)
        headers, *_ = sign(self.key, "PUT", "/b/big", {"host": "h"}, payload_hash="UNSIGNED-PAYLOAD")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.putrequest("PUT", "/b/big", skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("content-length", str(size))
        connection.endheaders()
        for _ in range(size // len(piece)):
            connection.send(piece)
        response = connection.getresponse()
        response.read()
        self.assertEqual(response.status, 200)
        headers, *_ = sign(self.key, "GET", "/b/big", {"host": "h"})
        connection.request("GET", "/b/big", headers=headers)
        response = connection.getresponse()
        got = 0
        while data := response.read(1 << 20):
            got += len(data)
        self.assertEqual(got, size)
        connection.close()
        self.assertLess(self.peak_memory_kib(), 96 << 10)
        self.assertEqual(door_log(self.log)[0]["size_bytes"], size)

    def test_end_while_busy(self):
        """TERM in the middle of an upload: the door ends, and no half object or temporary file stays."""
        headers, *_ = sign(self.key, "PUT", "/b/k", {"host": "h"}, payload_hash="UNSIGNED-PAYLOAD")
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"PUT /b/k HTTP/1.1\r\n{lines}content-length: 1000000\r\n\r\n".encode() + b"x" * 5000)
            deadline = time.monotonic() + 30
            while not (self.store / "b").exists() or not any((self.store / "b").iterdir()):
                self.assertLess(time.monotonic(), deadline)
                self.request("GET", "/")
            self.stop()
            self.assertEqual(list((self.store / "b").iterdir()), [])

    def test_bad_starts(self):
        for arguments in [
            [], ["--store", "x"], ["--store", "x", "--access-log", "y", "--port", "0", "--secret-fd", "99"],
            ["--store", self.folder / "s", "--access-log", self.folder / "none" / "log", "--port", "0", "--secret-file", self.folder / "good"],
            ["--store", self.folder / "s", "--access-log", self.folder / "log", "--port", "0", "--secret-file", self.folder / "bad"],
            ["--store", self.folder / "s", "--access-log", self.folder / "log", "--port", "70000", "--secret-file", self.folder / "good"],
            ["--store", self.folder / "s", "--access-log", self.folder / "log", "--port", str(self.port), "--secret-file", self.folder / "good"],
            ["--store", self.folder / "s", "--access-log", self.folder / "log", "--socket", self.folder / "no" / "s", "--secret-file", self.folder / "good"],
        ]:
            (self.folder / "good").write_text("0" * 64)
            (self.folder / "bad").write_text("0" * 63)
            result = subprocess.run([DOOR, *arguments], capture_output=True, text=True, timeout=30, cwd=self.folder)
            self.assertEqual((result.returncode, result.stdout), (1, ""), (arguments, result.stderr))
            self.assertTrue(result.stderr.startswith("atelier-door: "), result.stderr)

    def test_deep_folder(self):
        """A path longer than a socket's name can hold."""
        self.stop()
        deep = self.folder / ("d" * 60) / ("e" * 60)
        deep.mkdir(parents=True)
        self.socket_path = deep / "door"
        self.start()
        self.assertTrue(self.socket_path.exists())


class AccessLog(DoorTestCase):
    def test_lines(self):
        digest = hashlib.sha256(b"hello").hexdigest()
        self.request("PUT", "/b/k", b"hello")
        self.request("GET", "/b/k")
        self.request("GET", "/b/k", headers={"range": "bytes=0-1"})  # the same version again: not a line of its own
        self.request("GET", "/b/k", key=Key(self.secret, "Evaluate", 1))
        self.request("HEAD", "/b/k")
        self.request("GET", "/b")
        self.request("PUT", "/b/copy", headers={"x-amz-copy-source": "/b/k"})
        self.request("DELETE", "/b/k")
        self.request("DELETE", "/b/k")
        self.request("GET", "/b/none")
        self.put_file("b/other", b"abc")
        self.request("GET", "/b/other")
        lines = door_log(self.log)
        self.assertEqual(
            [(line["step"], line["attempt"], line["op"], line["uri"], line["size_bytes"], line["digest"]) for line in lines],
            [
                ("Train", 2, "put", "s3://b/k", 5, digest),
                ("Train", 2, "get", "s3://b/k", 5, digest),
                ("Evaluate", 1, "get", "s3://b/k", 5, digest),
                ("Train", 2, "copy", "s3://b/copy", 5, digest),
                ("Train", 2, "delete", "s3://b/k", 5, None),
                ("Train", 2, "get", "s3://b/other", 3, None),
            ],
        )
        self.assertEqual(lines[3]["source"], "s3://b/k")
        self.assertEqual(lines[3]["mtime_ns"], (self.store / "b/copy").stat().st_mtime_ns)
        self.assertTrue(all(abs(line["at_us"] / 1e6 - time.time()) < 600 for line in lines))


class Listings(DoorTestCase):
    def pages(self, query, version):
        """All pages of a listing, asked for as a client does; keys and prefixes in the order told."""
        found, token = [], None
        for _ in range(1000):
            step = query
            if token is not None:
                step += ("&continuation-token=" if version == 2 else "&marker=") + self.encode(token).replace("/", "%2F")
            status, _, body = self.request("GET", "/b", query=("list-type=2&" if version == 2 else "") + step)
            self.assertEqual(status, 200, body)
            root = ET.fromstring(body)
            page = [item.find(NS + "Key").text for item in root.findall(NS + "Contents")]
            page += [item.find(NS + "Prefix").text for item in root.findall(NS + "CommonPrefixes")]
            found += sorted(page, key=str.encode)
            if root.find(NS + "IsTruncated").text == "false":
                return found
            if version == 2:
                token = root.find(NS + "NextContinuationToken").text
            else:
                marker = root.find(NS + "NextMarker")
                token = marker.text if marker is not None else page[-1]
        raise AssertionError("the listing does not end")

    def test_against_a_model(self):
        keys = ["a", "a-b", "a.b", "b/c", "b/c-d", "b/c.d/e", "b/c.d/f", "b/x/y/z", "b0", "c/1", "c/2", "c/3", "é/ü", "z z+&<>\"'"]
        for key in keys:
            self.put_file("b/" + key)
        keys.sort(key=str.encode)
        for version in (1, 2):
            for prefix in ["", "a", "b", "b/", "b/c", "b/c.d/", "c/", "nothing", "é"]:
                for delimiter in ["", "/", "-", "c."]:
                    expected = []
                    for key in keys:
                        if key.startswith(prefix):
                            rest = key[len(prefix):]
                            name = prefix + rest.split(delimiter)[0] + delimiter if delimiter and delimiter in rest else key
                            if name not in expected:
                                expected.append(name)
                    for most in (1, 2, 3, 1000):
                        query = f"delimiter={self.encode(delimiter).replace('/', '%2F')}&max-keys={most}&prefix={self.encode(prefix).replace('/', '%2F')}"
                        self.assertEqual(self.pages(query, version), expected, (version, prefix, delimiter, most))

    def test_details(self):
        self.request("PUT", "/b/a%20b", b"hello")
        self.put_file("b/by-hand", b"abc")
        root = ET.fromstring(self.request("GET", "/b", query="encoding-type=url&list-type=2")[2])
        first, second = root.findall(NS + "Contents")
        self.assertEqual((first.find(NS + "Key").text, first.find(NS + "Size").text), ("a%20b", "5"))
        self.assertEqual(first.find(NS + "ETag").text, '"5d41402abc4b2a76b9719d911017c592"')
        # The ETag of a file that came another way is no MD5, but the same everywhere.
        self.assertEqual(second.find(NS + "ETag").text, self.request("HEAD", "/b/by-hand")[1]["etag"])
        self.assertIn("-1", second.find(NS + "ETag").text)
        self.assertEqual(self.request("GET", "/b/by-hand", headers={"if-match": second.find(NS + "ETag").text})[0], 200)
        root = ET.fromstring(self.request("GET", "/b", query="list-type=2&start-after=a%20b")[2])
        self.assertEqual([item.text for item in root.iter(NS + "Key")], ["by-hand"])
        root = ET.fromstring(self.request("GET", "/b", query="list-type=2&max-keys=0")[2])
        self.assertEqual((root.find(NS + "IsTruncated").text, root.find(NS + "KeyCount").text), ("false", "0"))
        for bad in ["max-keys=x", "max-keys=-1", "encoding-type=x", "list-type=2&continuation-token=%21", "list-type=2&continuation-token="]:
            self.assert_error(self.request("GET", "/b", query=bad), 400, "InvalidArgument")
        self.assert_error(self.request("GET", "/none"), 404, "NoSuchBucket")
        self.assertEqual(self.request("HEAD", "/none")[0], 404)

    def test_changed_by_hand(self):
        """What is known of an object goes with its content."""
        etag = self.request("PUT", "/b/k", b"hello", headers={"content-type": "text/csv"})[1]["etag"]
        path = self.store / "b/k"
        path.chmod(0o644)
        path.write_bytes(b"HELLO")
        head = self.request("HEAD", "/b/k")[1]
        self.assertNotEqual(head["etag"], etag)
        self.assertNotEqual(head["content-type"], "text/csv")

    def test_many_keys(self):
        for number in range(2500):
            self.put_file(f"b/k/{number:05}", b"")
        self.assertEqual(len(self.pages("prefix=k%2F&max-keys=1000", 2)), 2500)
        self.assertEqual(self.pages("delimiter=%2F", 2), ["k/"])

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl(self):
        self.put_file("b/k", b"content")

        def curl(*arguments):
            result = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *arguments], capture_output=True, text=True, timeout=30)
            return int(result.stdout)

        self.assertEqual(curl(self.url + "/b/k"), 403)
        self.assertIn(curl("--path-as-is", self.url + "/b/../../../etc/passwd"), (400, 403))
        signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "-H", f"x-amz-content-sha256: {EMPTY}"]
        self.assertEqual(curl(*signed, "--user", f"{self.key.id}:{self.key.secret}", self.url + "/b/k"), 200)
        self.assertEqual(curl(*signed, "--user", f"{self.key.id}:{'0' * 64}", self.url + "/b/k"), 403)
        self.assertEqual(curl(*signed, "--user", f"AKIA:{self.key.secret}", self.url + "/b/k"), 403)
        self.assertIn(curl("--path-as-is", *signed, "--user", f"{self.key.id}:{self.key.secret}", self.url + "/b/../../etc/passwd"), (400, 403))


if __name__ == "__main__":
    unittest.main()
