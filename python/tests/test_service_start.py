"""`rebalance serve` starts on what it can trust, or says plainly why not and leaves nothing behind."""

import json
import os
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from service_process import PROGRAM, RULE, TOP, Service, rebalance, request
from test_service_contract import POLICY, bundle


def serve(*arguments):
    """A start that must fail: its exit code and what it says."""
    run = subprocess.run(
        [PROGRAM, "serve", *map(str, arguments), "--without-keys"], cwd=TOP, capture_output=True,
        text=True, timeout=20)
    return run.returncode, run.stderr


class StartTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.log = self.folder / "decisions.sqlite"

    def names(self):
        return sorted(os.listdir(self.folder))

    def refused(self, status, *arguments, says):
        before = self.names()
        code, text = serve(*arguments)
        self.assertEqual(code, status, text)
        self.assertTrue(text.startswith("error: ") or status == 64, text)
        for words in says:
            self.assertIn(words, text)
        self.assertEqual(self.names(), before)

    def fill(self, count, *arguments):
        with Service(self.folder, *arguments) as service:
            for number in range(count):
                self.assertEqual(service.decide(request(number + 1.0), f"{number}-{count}")[0], 201)
            self.assertEqual(service.end(), 0)

    def test_a_taken_port_and_a_wrong_host(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(69, *RULE, "--log", self.log, "--port", port,
                         says=["127.0.0.1", str(port), "another program listens there"])
        # Beyond loopback keys are asked for first, so that it needs some.
        keys = self.folder / "keys.json"
        rebalance("api-key", "create", "--keys", keys, "--scope", "decide")
        before = self.names()
        run = rebalance("serve", *RULE, "--log", self.log, "--host", "999.1.1.1", "--keys", keys,
                        check=False)
        self.assertEqual(run.returncode, 69)
        self.assertIn("--host 999.1.1.1", run.stderr)
        self.assertIn("there is no such host", run.stderr)
        self.assertEqual(self.names(), before)

    def test_a_registry_that_is_not_there(self):
        self.refused(65, "--registry", self.folder / "nope", "--log", self.log,
                     says=["nope", "there is no such folder"])

    def test_an_empty_registry_is_a_warning(self):
        (self.folder / "policies").mkdir()
        with Service(self.folder, policy=["--registry", self.folder / "policies"]) as service:
            for _ in range(100):
                lines = (self.folder / "errors.jsonl").read_text().splitlines()
                warnings = [line for line in map(json.loads, lines) if line["level"] == "warning"]
                if warnings:
                    break
                time.sleep(0.05)
            self.assertEqual(warnings[0]["fault"], "no policy is there yet")
            self.assertEqual(service.ask("GET", "/v2/health/ready")[0], 503)

    def test_files_that_are_no_log_or_key(self):
        text = self.folder / "README.md"
        text.write_text("# A text\n")
        self.refused(65, *RULE, "--log", text, says=["README.md", "it is no decision log"])
        self.assertEqual(text.read_text(), "# A text\n")
        self.refused(65, *RULE, "--log", self.log, "--log-key", text, says=["keys create"])

    def test_a_log_that_was_cut_is_not_gone_on_with(self):
        self.fill(16)
        head = self.log.with_suffix(".sqlite.head")
        kept = head.read_bytes()
        self.assertEqual(json.loads(kept)["sequence"], 16)
        with sqlite3.connect(self.log) as database:
            for statement in ["DROP TRIGGER entries_remain", "DROP TRIGGER entries_stay",
                              "DELETE FROM entries WHERE sequence > 12", "DELETE FROM checkpoints"]:
                database.execute(statement)
        database.close()
        self.refused(65, *RULE, "--log", self.log, "--port", "0",
                     says=["the log ends at entry 12", "has entry 16 signed", "audit verify"])
        self.assertEqual(head.read_bytes(), kept)

    def test_only_the_owner_reads(self):
        with Service(self.folder) as service:
            service.decide(request(), "a")
            for end in ["", "-wal", "-shm", ".key", ".lock"]:
                mode = os.stat(f"{self.log}{end}").st_mode & 0o777
                self.assertEqual(mode, 0o600, end)
            self.assertEqual(service.end(), 0)
        self.assertEqual(os.stat(f"{self.log}.head").st_mode & 0o777, 0o600)

    def test_a_key_of_keys_create_signs_the_log(self):
        key = self.folder / "new" / "audit.key"
        rebalance("keys", "create", "--out", key)
        self.fill(2, "--log-key", key)
        alone = rebalance("audit", "verify", self.log).stdout
        self.assertIn("by the key in the log itself", alone)
        self.assertIn("give --public-key", alone)
        known = rebalance("audit", "verify", self.log, "--public-key", f"{key}.pub").stdout
        self.assertIn("every hash, link and signature holds", known)
        other = rebalance("keys", "create", "--out", self.folder / "other.key", "--json")
        wrong = rebalance("audit", "verify", self.log, "--public-key",
                          json.loads(other.stdout)["public_file"], check=False)
        self.assertEqual(wrong.returncode, 65)
        self.assertIn("forged", wrong.stdout)

    def test_an_empty_file_is_no_decision_log(self):
        self.log.touch()
        run = rebalance("audit", "verify", self.log, check=False)
        self.assertEqual(run.returncode, 65)
        self.assertIn("it is no decision log", run.stderr)

    def test_trust_asks_for_signatures(self):
        unsigned = bundle(self.folder)
        rebalance("keys", "create", "--out", self.folder / "release.key")
        trust = ["--trust", self.folder / "release.key.pub"]
        self.refused(65, "--policy", unsigned, *trust, "--log", self.log, says=["manifest.sig"])
        self.refused(64, *RULE, *trust, "--log", self.log, says=["--trust is for bundles"])
        signed = self.folder / "signed"
        flags = ["--unevaluated"] if "--unevaluated" in rebalance("export", "--help").stdout else []
        rebalance("export", self.folder / "checkpoint", "--out", signed, "--name", POLICY, *flags,
                  "--policy-version", "1.1.0", "--key", self.folder / "release.key")
        with Service(self.folder, *trust, policy=["--policy", signed]) as service:
            self.assertEqual(service.decide(request(), "a")[0], 201)
        registry = self.folder / "policies"
        for one in [unsigned, signed]:
            rebalance("registry", "add", one, "--registry", registry)
        place = registry / POLICY
        (place / "champion").symlink_to("1.1.0")
        with Service(self.folder, *trust, policy=["--registry", registry]) as service:
            status, headers, data = service.ask(
                "POST", f"/v1/policies/{POLICY}/promote", {"version": "1.0.0"})
            self.assertEqual((status, headers["Content-Type"]), (409, "application/problem+json"))
            self.assertIn("signature", json.loads(data)["detail"])
            self.assertNotIn(str(self.folder), json.loads(data)["detail"])
            self.assertEqual(service.decide(request(2.0), "b")[0], 201)
            self.assertEqual(service.ask("GET", "/v2/health/ready")[0], 200)


if __name__ == "__main__":
    unittest.main()
