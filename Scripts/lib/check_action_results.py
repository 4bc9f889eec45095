"""Reads what a remote cache holds with the messages of another program (BuildGrid's copy of Bazel's remote execution API): every
body under ac/ is an ActionResult with nothing unknown in it, and every output it names is under cas/ with that size and digest.

usage: check_action_results.py FOLDER      with ac/ and cas/
"""
import hashlib
import os
import sys

from buildgrid.common.protos.build.bazel.remote.execution.v2.remote_execution_pb2 import ActionResult
from google.protobuf.unknown_fields import UnknownFieldSet

folder = sys.argv[1]
answers = sorted(os.listdir(f"{folder}/ac"))
assert answers, "the cache is empty"
outputs = 0
for name in answers:
    assert len(name) == 64 and set(name) <= set("0123456789abcdef"), name
    body = open(f"{folder}/ac/{name}", "rb").read()
    result = ActionResult.FromString(body)
    assert result.SerializeToString() == body, f"ac/{name}: not the canonical bytes"
    for message in [result, result.execution_metadata, *result.output_files, *(f.digest for f in result.output_files)]:
        assert len(UnknownFieldSet(message)) == 0, f"ac/{name}: unknown fields"
    assert result.exit_code == 0 and result.output_files and result.execution_metadata.worker
    for file in result.output_files:
        assert not file.path.startswith("/") and name in file.path and not file.contents, file.path
        content = b"" if file.digest.size_bytes == 0 else open(f"{folder}/cas/{file.digest.hash}", "rb").read()
        assert len(content) == file.digest.size_bytes, file.path
        assert hashlib.sha256(content).hexdigest() == file.digest.hash, file.path
        outputs += 1
print(f"{len(answers)} ActionResults with {outputs} outputs")
