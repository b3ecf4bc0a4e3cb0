# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The artifact store as files, by the session and the S3 helpers."""

import os
import threading
import unittest
from unittest import mock

from support import SdkTestCase

from atelier import _store
from atelier.s3 import S3Downloader, S3Uploader, parse_s3_url, s3_path_join
from atelier.session import LocalBotoSession, Session, get_execution_role
from atelier.utils import base_name_from_image, name_from_base, unique_name_from_base
from atelier.workflow.pipeline_context import PipelineSession


class StoreTest(SdkTestCase):
    def test_upload_and_download(self):
        self.write("in/a.txt", "A")
        self.write("in/sub/b.txt", "B")
        uri = S3Uploader.upload(str(self.folder / "in"), "s3://bkt/some//prefix")
        self.assertEqual((self.store / "bkt/some/prefix/sub/b.txt").read_text(), "B")
        self.assertEqual(S3Uploader.upload(str(self.folder / "in/a.txt"), "s3://bkt/one"), "s3://bkt/one/a.txt")
        self.assertEqual(sorted(S3Downloader.list("s3://bkt/some/prefix")), [
            "s3://bkt/some/prefix/a.txt", "s3://bkt/some/prefix/sub/b.txt",
        ])
        S3Downloader.download(uri, str(self.folder / "out"))
        self.assertEqual((self.folder / "out/sub/b.txt").read_text(), "B")
        S3Downloader.download("s3://bkt/one/a.txt", str(self.folder / "single"))
        self.assertEqual((self.folder / "single/a.txt").read_text(), "A")
        self.assertEqual(S3Downloader.download("s3://bkt/none", str(self.folder / "none")), [])

    def test_texts_and_bytes(self):
        S3Uploader.upload_string_as_file_body("ä", "s3://bkt/k.txt")
        self.assertEqual(S3Downloader.read_file("s3://bkt/k.txt"), "ä")
        S3Uploader.upload_bytes(b"1", "s3://bkt/k.bin")
        self.assertEqual(S3Downloader.read_bytes("s3://bkt/k.bin"), b"1")
        self.assertEqual(Session().read_s3_file("bkt", "k.txt"), "ä")
        with self.assertRaises(FileNotFoundError):
            S3Downloader.read_file("s3://bkt/none")

    def test_addresses_that_leave_the_bucket(self):
        for uri in ("s3://b/../x", "s3://../x", "s3://b/a/../../x", "s3://b/./x"):
            with self.subTest(uri), self.assertRaisesRegex(ValueError, "no stored object may have"):
                _store.path_of(uri)
        for uri in ("file:///x", "s3:///k", "x"):
            with self.subTest(uri), self.assertRaises(ValueError):
                _store.path_of(uri)

    def test_a_failed_write_leaves_nothing(self):
        target = _store.path_of("s3://b/k")
        _store.write(target, b"old")
        with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")):
            with self.assertRaises(OSError):
                _store.write(target, b"new")
        self.assertEqual(target.read_bytes(), b"old")
        self.assertEqual(os.listdir(target.parent), ["k"])

    def test_writers_at_once(self):
        target = _store.path_of("s3://b/k")
        blobs = [bytes([i]) * 300_000 for i in range(8)]
        threads = [threading.Thread(target=_store.write, args=(target, blob)) for blob in blobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIn(target.read_bytes(), blobs)
        self.assertEqual(os.listdir(target.parent), ["k"])

    def test_root(self):
        self.setenv(ATELIER_STORE=None, XDG_DATA_HOME=None, HOME="/home/x")
        self.assertEqual(str(_store.root()), "/home/x/.local/share/atelier/store")
        self.setenv(ATELIER_WORKSPACE="/w")
        self.assertEqual(str(_store.root()), "/w/store")
        self.setenv(ATELIER_STORE="/s")
        self.assertEqual(str(_store.root()), "/s")

    def test_links_and_odd_files(self):
        folder = self.folder / "tree"
        self.write("tree/a.txt", "A")
        (folder / "loop").symlink_to(folder)
        (folder / "broken").symlink_to(folder / "nowhere")
        os.mkfifo(folder / "pipe")
        self.assertEqual(list(_store.files_below(folder)), ["a.txt"])

    def test_path_join(self):
        self.assertEqual(s3_path_join("s3://", "b", None, "", "a//b/", "c"), "s3://b/a/b/c")
        self.assertEqual(s3_path_join("s3://b", "/x/", with_end_slash=True), "s3://b/x/")
        self.assertEqual(s3_path_join("/a", "b/"), "a/b")
        self.assertEqual(s3_path_join(), "")
        self.assertEqual(parse_s3_url("s3://b/k/x"), ("b", "k/x"))
        with self.assertRaises(ValueError):
            parse_s3_url("http://b/k")


class SessionTest(SdkTestCase):
    def test_defaults(self):
        session = PipelineSession()
        self.assertEqual(session.default_bucket(), "atelier")
        self.assertEqual(session.boto_region_name, "us-east-1")
        self.assertEqual(get_execution_role(), "arn:aws:iam::000000000000:role/atelier")
        self.setenv(ATELIER_BUCKET="mine", AWS_DEFAULT_REGION="eu-west-1")
        self.assertEqual((Session().default_bucket(), Session().boto_region_name), ("mine", "eu-west-1"))
        self.assertEqual(Session(boto_session=LocalBotoSession("ap-south-1")).boto_region_name, "ap-south-1")
        with self.assertRaisesRegex(RuntimeError, "“describe_project” of the service “sagemaker”"):
            session.sagemaker_client.describe_project(ProjectName="x")


class NamesTest(unittest.TestCase):
    def test_names(self):
        self.assertRegex(name_from_base("b" * 100), r"^b{39}-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-\d{3}$")
        self.assertRegex(name_from_base("b", short=True), r"^b-\d{6}-\d{4}$")
        self.assertRegex(unique_name_from_base("b"), r"^b-\d{10}-[0-9a-f]{4}$")
        self.assertEqual(base_name_from_image("1.dkr.ecr.x.amazonaws.com/sagemaker-xgboost:1.0"), "sagemaker-xgboost")
        self.assertEqual(base_name_from_image(None, "other"), "other")


if __name__ == "__main__":
    unittest.main()
