# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The door under the clients that scripts use: boto3, the aws command, s3fs."""

import hashlib
import os
import shutil
import subprocess
import unittest
import urllib.request

from support import DoorTestCase, Key, door_log, find_boto3

BOTO3 = find_boto3()
AWS = next((path for path in ("/usr/bin/aws", shutil.which("aws")) if path and os.access(path, os.X_OK)), None)

try:
    import s3fs
except ImportError:
    s3fs = None


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@unittest.skipUnless(BOTO3, "boto3 is not installed")
class Boto3(DoorTestCase):
    def setUp(self):
        super().setUp()
        self.s3 = self.client()

    def client(self, key=None, **config):
        from botocore.config import Config

        key = key or self.key
        return BOTO3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=key.id, aws_secret_access_key=key.secret, region_name="us-east-1",
            config=Config(retries={"max_attempts": 0}, **config),
        )

    def fails(self, code, function, **arguments):
        from botocore.exceptions import ClientError

        with self.assertRaises(ClientError) as caught:
            function(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)

    def big_file(self, size=(30 << 20) + 17):
        path = self.folder / "big"
        path.write_bytes(os.urandom(size))
        return path

    def test_objects(self):
        s3 = self.s3
        put = s3.put_object(Bucket="b", Key="a/é ü+%.txt", Body=b"hello", ContentType="text/plain", Metadata={"name": "value"})
        got = s3.get_object(Bucket="b", Key="a/é ü+%.txt")
        self.assertEqual(got["Body"].read(), b"hello")
        self.assertEqual((got["ContentType"], got["Metadata"], got["ETag"]), ("text/plain", {"name": "value"}, put["ETag"]))
        self.assertEqual(put["ETag"], f'"{hashlib.md5(b"hello").hexdigest()}"')
        self.assertEqual(s3.get_object(Bucket="b", Key="a/é ü+%.txt", Range="bytes=1-2")["Body"].read(), b"el")
        self.assertEqual(s3.head_object(Bucket="b", Key="a/é ü+%.txt")["ContentLength"], 5)
        s3.delete_object(Bucket="b", Key="a/é ü+%.txt")
        s3.delete_object(Bucket="b", Key="a/é ü+%.txt")
        self.fails("NoSuchKey", s3.get_object, Bucket="b", Key="a/é ü+%.txt")
        self.fails("404", s3.head_object, Bucket="b", Key="none")
        self.fails("InvalidArgument", s3.put_object, Bucket="b", Key="a/.atelier-tmp-x", Body=b"x")
        self.assertEqual([line["op"] for line in door_log(self.log)], ["put", "get", "delete"])

    def test_buckets(self):
        s3 = self.s3
        self.fails("404", s3.head_bucket, Bucket="bucket")
        self.fails("NoSuchBucket", s3.list_objects_v2, Bucket="bucket")
        s3.create_bucket(Bucket="bucket")
        s3.create_bucket(Bucket="bucket")
        s3.head_bucket(Bucket="bucket")
        s3.put_object(Bucket="made-by-put", Key="k", Body=b"")
        self.assertEqual([item["Name"] for item in s3.list_buckets()["Buckets"]], ["bucket", "made-by-put"])
        self.assertIsNone(s3.get_bucket_location(Bucket="bucket")["LocationConstraint"])

    def test_checksums(self):
        for algorithm in ["CRC32", "SHA1", "SHA256"]:
            self.s3.put_object(Bucket="b", Key=algorithm, Body=b"hello", ChecksumAlgorithm=algorithm)
            self.assertEqual(self.s3.get_object(Bucket="b", Key=algorithm, ChecksumMode="ENABLED")["Body"].read(), b"hello")
        self.fails("BadDigest", self.s3.put_object, Bucket="b", Key="x", Body=b"hello", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")

    def test_wrong_keys(self):
        wrong = Key(self.secret, "Train", 2)
        wrong.secret = "0" * 64
        self.fails("SignatureDoesNotMatch", self.client(wrong).list_buckets)
        wrong.id = "AKIAIOSFODNN7EXAMPLE"
        self.fails("InvalidAccessKeyId", self.client(wrong).list_buckets)

    def test_transfers(self):
        """Multipart up and ranged down, several parts at once."""
        path, back = self.big_file(), self.folder / "back"
        self.s3.upload_file(str(path), "b", "big/one", ExtraArgs={"Metadata": {"a": "b"}, "ContentType": "x/y"})
        self.s3.download_file("b", "big/one", str(back))
        self.assertEqual(digest(path), digest(back))
        head = self.s3.head_object(Bucket="b", Key="big/one")
        self.assertEqual((head["Metadata"], head["ContentType"]), ({"a": "b"}, "x/y"))
        self.assertTrue(head["ETag"].endswith('-4"'))
        self.s3.copy({"Bucket": "b", "Key": "big/one"}, "b", "big/two")  # UploadPartCopy, because it is large
        self.s3.copy_object(Bucket="c", Key="three", CopySource={"Bucket": "b", "Key": "big/one"})
        for name in ["b/big/two", "c/three"]:
            self.assertEqual(digest(self.store / name), digest(path))
        self.assertEqual(list((self.store / ".atelier-tmp-uploads").iterdir()), [])
        lines = [(line["op"], line["uri"]) for line in door_log(self.log)]
        self.assertIn(("put", "s3://b/big/one"), lines)
        self.assertIn(("copy", "s3://c/three"), lines)
        self.assertEqual(lines.count(("get", "s3://b/big/one")), 1)

    def test_multipart_by_hand(self):
        s3, where = self.s3, {"Bucket": "b", "Key": "k"}
        upload = s3.create_multipart_upload(**where, ContentType="text/csv")["UploadId"]
        etags = {}
        for number, body in [(3, b"c"), (1, b"wrong"), (2, b"b" * 100), (1, b"a")]:
            etags[number] = s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        listed = s3.list_parts(**where, UploadId=upload)["Parts"]
        self.assertEqual([(part["PartNumber"], part["Size"]) for part in listed], [(1, 1), (2, 100), (3, 1)])
        self.assertEqual(
            [part["PartNumber"] for page in s3.get_paginator("list_parts").paginate(**where, UploadId=upload, PaginationConfig={"PageSize": 2}) for part in page["Parts"]],
            [1, 2, 3],
        )
        self.fails("404", s3.head_object, **where)
        order = [{"PartNumber": number, "ETag": etags[number]} for number in (2, 1)]
        self.fails("InvalidPartOrder", s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload={"Parts": order})
        order = [{"PartNumber": number, "ETag": etags[number]} for number in (1, 3)]
        done = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": order})
        self.assertEqual(s3.get_object(**where)["Body"].read(), b"ac")
        head = s3.head_object(**where)
        self.assertEqual((head["ETag"], head["ContentType"]), (done["ETag"], "text/csv"))
        joined = hashlib.md5(hashlib.md5(b"a").digest() + hashlib.md5(b"c").digest()).hexdigest()
        self.assertEqual(done["ETag"], f'"{joined}-2"')
        self.fails("NoSuchUpload", s3.list_parts, **where, UploadId=upload)
        upload = s3.create_multipart_upload(**where)["UploadId"]
        s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")
        s3.abort_multipart_upload(**where, UploadId=upload)
        self.fails("NoSuchUpload", s3.upload_part, **where, UploadId=upload, PartNumber=2, Body=b"x")
        self.assertEqual(list((self.store / ".atelier-tmp-uploads").iterdir()), [])

    def test_upload_over_a_restart(self):
        s3, where = self.s3, {"Bucket": "b", "Key": "k"}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        first = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"a")["ETag"]
        self.stop()
        self.start()
        s3 = self.client()
        second = s3.upload_part(**where, UploadId=upload, PartNumber=2, Body=b"b")["ETag"]
        s3.complete_multipart_upload(
            **where, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]}
        )
        self.assertEqual((self.store / "b/k").read_bytes(), b"ab")

    def test_listings(self):
        for number in range(25):
            self.put_file(f"b/k/{number:02}/x", b"x" * number)
        self.put_file("b/other + é", b"")
        for operation in ["list_objects_v2", "list_objects"]:
            pages = list(self.s3.get_paginator(operation).paginate(Bucket="b", PaginationConfig={"PageSize": 7}))
            self.assertEqual([item["Size"] for page in pages for item in page["Contents"]], [*range(25), 0])
            self.assertEqual(pages[-1]["Contents"][-1]["Key"], "other + é")
            pages = list(self.s3.get_paginator(operation).paginate(Bucket="b", Prefix="k/", Delimiter="/", PaginationConfig={"PageSize": 7}))
            self.assertEqual([item["Prefix"] for page in pages for item in page["CommonPrefixes"]], [f"k/{number:02}/" for number in range(25)])
        self.assertEqual(self.s3.list_objects_v2(Bucket="b", Prefix="none")["KeyCount"], 0)

    def test_delete_many(self):
        keys = [f"k {number} <&>" for number in range(20)]
        for key in keys:
            self.put_file("b/" + key)
        answer = self.s3.delete_objects(Bucket="b", Delete={"Objects": [{"Key": key} for key in keys]})
        self.assertEqual([item["Key"] for item in answer["Deleted"]], keys)
        self.put_file("b/x")
        BOTO3.resource("s3", endpoint_url=self.url, aws_access_key_id=self.key.id, aws_secret_access_key=self.key.secret, region_name="us-east-1").Bucket("b").objects.all().delete()
        self.assertEqual(self.s3.list_objects_v2(Bucket="b")["KeyCount"], 0)

    def test_presigned(self):
        client = self.client(signature_version="s3v4")
        url = client.generate_presigned_url("put_object", Params={"Bucket": "b", "Key": "a b"})
        with urllib.request.urlopen(urllib.request.Request(url, data=b"hello", method="PUT", headers={"Content-Type": ""}), timeout=30) as answer:
            self.assertEqual(answer.status, 200)
        url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "a b"})
        with urllib.request.urlopen(url, timeout=30) as answer:
            self.assertEqual(answer.read(), b"hello")

    def test_addressing(self):
        self.put_file("bucket/k", b"hello")
        self.url = f"http://localhost:{self.port}"
        for style in ["path", "virtual"]:
            client = self.client(s3={"addressing_style": style})
            try:
                self.assertEqual(client.get_object(Bucket="bucket", Key="k")["Body"].read(), b"hello", style)
            except Exception as error:
                if "EndpointConnectionError" not in type(error).__name__:  # a system without bucket.localhost
                    raise

    def test_regions(self):
        for region in ["eu-west-1", "us-east-1", "ap-south-2"]:
            client = BOTO3.client("s3", endpoint_url=self.url, aws_access_key_id=self.key.id, aws_secret_access_key=self.key.secret, region_name=region)
            client.put_object(Bucket="b", Key=region, Body=b"x")


@unittest.skipUnless(AWS, "the aws command is not installed")
class AwsCommand(DoorTestCase):
    def aws(self, *arguments, status=0):
        env = {
            "PATH": "/usr/bin:/bin", "HOME": str(self.folder), "AWS_ACCESS_KEY_ID": self.key.id, "AWS_SECRET_ACCESS_KEY": self.key.secret,
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", "LC_ALL": "C.UTF-8",
        }
        result = subprocess.run([AWS, "--endpoint-url", self.url, *arguments], env=env, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout

    def test_tree(self):
        source, back = self.folder / "source", self.folder / "back"
        (source / "sub").mkdir(parents=True)
        (source / "a b.txt").write_text("hello")
        (source / "sub/é").write_bytes(os.urandom(9 << 20))
        for path in (source / "a b.txt", source / "sub/é"):
            os.utime(path, (1_700_000_000, 1_700_000_000))  # sync compares whole seconds: not the one of the upload
        self.aws("s3", "mb", "s3://bucket")
        self.aws("s3", "sync", str(source), "s3://bucket/tree")
        self.assertIn("a b.txt", self.aws("s3", "ls", "--recursive", "s3://bucket/tree/"))
        self.assertEqual(self.aws("s3", "sync", str(source), "s3://bucket/tree"), "")  # nothing to do
        self.aws("s3", "cp", "--recursive", "s3://bucket/tree", str(back))
        for name in ["a b.txt", "sub/é"]:
            self.assertEqual(digest(back / name), digest(source / name))
        self.aws("s3", "mv", "s3://bucket/tree/a b.txt", "s3://bucket/moved")
        self.assertEqual((self.store / "bucket/moved").read_text(), "hello")
        self.assertFalse((self.store / "bucket/tree/a b.txt").exists())
        self.aws("s3", "rm", "--recursive", "s3://bucket/tree")
        self.assertEqual([path.name for path in (self.store / "bucket").iterdir()], ["moved"])
        self.aws("s3", "cp", "s3://bucket/none", str(back / "none"), status=1)

    def test_api(self):
        self.put_file("b/k", b"hello")
        self.assertIn('"ContentLength": 5', self.aws("s3api", "head-object", "--bucket", "b", "--key", "k"))
        self.assertIn('"Key": "k"', self.aws("s3api", "list-objects-v2", "--bucket", "b"))


@unittest.skipUnless(s3fs, "s3fs is not installed")
class S3fs(DoorTestCase):
    def test_files(self):
        fs = s3fs.S3FileSystem(key=self.key.id, secret=self.key.secret, client_kwargs={"endpoint_url": self.url, "region_name": "us-east-1"})
        with fs.open("bucket/dir/file.csv", "wb") as file:
            file.write(b"a,b\n1,2\n")
        with fs.open("bucket/dir/big", "wb", block_size=5 << 20) as file:
            file.write(bytes(12 << 20))
        self.assertEqual(fs.cat("bucket/dir/file.csv"), b"a,b\n1,2\n")
        self.assertEqual(sorted(fs.ls("bucket/dir")), ["bucket/dir/big", "bucket/dir/file.csv"])
        with fs.open("bucket/dir/big", "rb") as file:
            file.seek(11 << 20)
            self.assertEqual(len(file.read()), 1 << 20)
        self.assertTrue(fs.isdir("bucket/dir"))
        fs.rm("bucket/dir", recursive=True)
        self.assertFalse(fs.exists("bucket/dir/file.csv"))


if __name__ == "__main__":
    unittest.main()
