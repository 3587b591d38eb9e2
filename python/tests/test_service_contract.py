"""Every answer of the service is what /openapi.json says; nothing secret is written anywhere."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import jsonschema

from service_process import SLOW, Service, rebalance, request

POLICY = "service-test"


def bundle(folder):
    """A small learned policy as a bundle."""
    checkpoint, out = Path(folder) / "checkpoint", Path(folder) / "bundle"
    rebalance(
        "train", "--env", "two-asset-monthly-v0", "--agent", "agents/q-learning.yaml", "--seed",
        "3", "--steps", "40000", "--out", checkpoint)
    unevaluated = "--unevaluated" in rebalance("export", "--help").stdout
    rebalance(
        "export", checkpoint, "--out", out, "--name", POLICY,
        *(["--unevaluated"] if unevaluated else []))
    return out


class ContractTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = Path(cls.temporary.name)
        cls.keys = folder / "keys.json"
        cls.tokens = {
            scope: rebalance(
                "api-key", "create", "--keys", cls.keys, "--scope", scope).stdout.strip()
            for scope in ["decide", "read", "release"]
        }
        cls.all = json.loads(rebalance(
            "api-key", "create", "--keys", cls.keys, "--scope", "decide", "--scope", "read",
            "--scope", "release", "--json").stdout)["key"]
        cls.bundle = bundle(folder)
        cls.service = Service(
            folder, "--log-level", "debug", "--client-timeout", "2",
            policy=["--policy", cls.bundle], keys=cls.keys)
        cls.document = json.loads(cls.service.ask("GET", "/openapi.json")[2])

    @classmethod
    def tearDownClass(cls):
        cls.service.end(signal.SIGKILL)
        cls.temporary.cleanup()

    def check(self, method, path, template, body=None, headers=None, key=None, expect=None):
        """Asks, and compares the answer with the document."""
        fields = {"Authorization": f"Bearer {self.all if key is None else key}", **(headers or {})}
        status, got, data = self.service.ask(method, path, body, fields)
        if expect is not None:
            self.assertEqual(status, expect, data)
        operation = self.document["paths"][template][method.lower()]
        self.location = got.get("Location")
        self.assertIn(str(status), operation["responses"], f"{method} {template}: {data}")
        described = self.resolve(operation["responses"][str(status)])
        kind = got["Content-Type"].split(";")[0]
        schema = described["content"][kind]["schema"]
        value = json.loads(data) if "json" in kind else data.decode()
        validator = jsonschema.Draft202012Validator(
            {**schema, "components": self.document["components"]})
        self.assertEqual([error.message for error in validator.iter_errors(value)], [])
        for name, header in described.get("headers", {}).items():
            if header.get("required"):
                self.assertIn(name, got)
        return value

    def resolve(self, node):
        return node if "$ref" not in node else self.document["components"]["responses"][
            node["$ref"].rsplit("/", 1)[1]]

    def test_every_answer_is_as_described(self):
        key = {"Idempotency-Key": "contract-1"}
        check, body = self.check, request()
        decision = check("POST", "/v1/decisions", "/v1/decisions", body, key, expect=201)
        self.assertEqual(
            decision, check("POST", "/v1/decisions", "/v1/decisions", body, key, expect=201))
        place = self.location
        check("POST", "/v1/decisions", "/v1/decisions", request(1), key, expect=422)
        check("POST", "/v1/decisions", "/v1/decisions", "{", {"Idempotency-Key": "x"}, expect=422)
        check("POST", "/v1/decisions", "/v1/decisions", body, expect=400)
        check("POST", "/v1/decisions?policy=none", "/v1/decisions", body,
              {"Idempotency-Key": "y"}, expect=404)
        check("POST", "/v1/decisions", "/v1/decisions", body, key, key="", expect=401)
        check("POST", "/v1/decisions", "/v1/decisions", body, key, self.tokens["read"], expect=403)
        check("POST", "/v1/decisions", "/v1/decisions", b" " * (1 << 20) + b"{}", key, expect=413)
        record = check("GET", place, "/v1/decisions/{id}", expect=200)
        self.assertEqual(record["response"], decision)
        check("GET", "/v1/decisions/77777", "/v1/decisions/{id}", expect=404)
        replay = check("POST", place + "/replay", "/v1/decisions/{id}/replay", expect=200)
        self.assertTrue(replay["same"])
        check("GET", "/v1/policies", "/v1/policies", expect=200)
        check("POST", f"/v1/policies/{POLICY}/promote", "/v1/policies/{name}/promote",
              {"version": "1.0.0"}, expect=409)
        model = check("GET", f"/v2/models/{POLICY}", "/v2/models/{name}", expect=200)
        columns = model["inputs"][0]["shape"][1]
        check("GET", f"/v2/models/{POLICY}/ready", "/v2/models/{name}/ready", expect=200)
        check("POST", f"/v2/models/{POLICY}/infer", "/v2/models/{name}/infer", {"inputs": [
            {"name": "observation", "shape": [1, columns], "datatype": "FP32",
             "data": [0.1] * columns}]}, expect=200)
        check("GET", "/v2/health/live", "/v2/health/live", expect=200)
        check("GET", "/v2/health/ready", "/v2/health/ready", expect=200)
        check("GET", "/metrics", "/metrics", expect=200)

    def test_requests_are_as_described(self):
        validator = jsonschema.Draft202012Validator(
            {"$ref": "#/components/schemas/Snapshot", "components": self.document["components"]},
            format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        act = {"at": "2017-01-01", "by": "ada", "reason": "prices are wrong"}
        pause = {"from": "2017-03-29T10:00:00Z", "until": "2017-03-30", "by": "ada", "reason": "audit"}
        whole = request(
            units=[610.0, 390.0], prices=[100.0, 100.0], previous_prices=[99.0, 100.0],
            price_dates=["2017-03-29", "2017-03-28"], requested_on="2017-03-29T16:00:00Z",
            waiting_since="2017-03-01", last_log_returns=[0.01, 0.0],
            lots=[{"asset": "RISKY", "units": 610.0, "basis": 50000.0, "acquired": "2016-01-04",
                   "holding_from": "2016-01-04", "replaced": 0, "substitute": False},
                  {"asset": "NUMERAIRE", "units": 390.0, "basis": 39000.0, "acquired": "2016-01-04"}],
            tax_position={"realized_short": -10.0, "carried_long": 5.0, "loss_sales": [
                {"asset": "RISKY", "sold": "2017-03-20", "units": 1.0, "loss": 2.0, "days_held": 30,
                 "long_term": False}], "substitutes_in_use": ["RISKY"]},
            indicators={"volatilities": [0.2, 0.1], "covariance": [[0.04, 0.0], [0.0, 0.01]],
                        "tradable": [True, True], "steps_left": 10},
            facts={"trend": [0.0004, 0.0001]}, basis=[50000.0, 39000.0],
            controls={"kill_switch": act, "pause": {**pause, "extends": []}, "frozen": ["RISKY"],
                      "overrides": {"RISKY": {"band": 0.1, "hold": True}}, "minimum_days": 3,
                      "maximum_weight": 0.9, "defensive": {"distance": 0.1}})
        bare = {key: value for key, value in whole.items() if key != "holdings"}
        for number, body in enumerate([request(), whole, bare]):
            self.assertEqual([error.message for error in validator.iter_errors(body)], [])
            self.check("POST", "/v1/decisions", "/v1/decisions", body,
                       {"Idempotency-Key": f"whole-{number}"}, expect=201)
        for number, body in enumerate([
                {**bare, "units": None}, {key: value for key, value in bare.items() if key != "units"},
                request(cash=1), request(lots=[{"asset": "RISKY", "lot": 1}]),
                request(assets=["RISKY", ""]), request(facts={"mood": [1]})]):
            self.assertFalse(validator.is_valid(body), body)
            self.check("POST", "/v1/decisions", "/v1/decisions", body,
                       {"Idempotency-Key": f"wrong-{number}"}, expect=422)
        # Which names, and in which order, the policy knows and no schema.
        self.check("POST", "/v1/decisions", "/v1/decisions", request(assets=["NUMERAIRE", "RISKY"]),
                   {"Idempotency-Key": "swapped"}, expect=422)

    def test_controls_are_as_described(self):
        def act(**order):
            return self.check("POST", "/v1/controls", "/v1/controls", order, expect=200)

        act(act="pause", hours=24, reason="audit")
        act(act="extend", hours=48, reason="the audit takes longer")
        act(act="kill", reason="prices are wrong")
        stopped = self.check(
            "POST", "/v1/decisions", "/v1/decisions", request(90_000.0),
            {"Idempotency-Key": "stopped"}, expect=201)
        self.assertEqual(stopped["action"], "NO_ACTION")
        self.check("GET", "/v1/controls", "/v1/controls", expect=200)
        act(act="release", reason="prices are right")
        act(act="resume", reason="the audit is done")

    def release(self):
        """Takes back what a random order may have stopped."""
        for act in ("release", "resume"):
            self.service.ask("POST", "/v1/controls", {"act": act, "reason": "after the test"},
                             {"Authorization": f"Bearer {self.all}"})

    def test_the_command_line_gives_the_same_bytes(self):
        body = json.dumps(request(75_000.0))
        _, _, data = self.service.decide(
            body, "same-bytes", Authorization=f"Bearer {self.tokens['decide']}")
        run = subprocess.run(
            [self.service.process.args[0], "decide", "--policy", self.bundle, "--stream"],
            input=body + "\n", capture_output=True, text=True, check=True)
        self.assertEqual(run.stdout.encode(), data + b"\n")

    def test_a_slow_caller_is_cut_off(self):
        for start in [b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\n",
                      b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"]:
            with socket.create_connection((self.service.host, self.service.port)) as caller:
                caller.settimeout(20)
                caller.sendall(start)
                begun = time.monotonic()
                try:
                    while time.monotonic() - begun < 15:
                        caller.sendall(b"X" if b"Length" in start else b"A: b\r\n")
                        time.sleep(0.2)
                except OSError:
                    pass
                self.assertLess(time.monotonic() - begun, 10)

    def test_logs_hold_no_secrets(self):
        self.service.decide(request(), "secret", Authorization=f"Bearer {self.all}")
        text = (self.service.folder / "errors.jsonl").read_text()
        self.assertGreater(len(text), 0)
        for token in [self.all, *self.tokens.values()]:
            self.assertNotIn(token.split("_", 2)[2], text)
        for line in text.splitlines():
            self.assertIn("level", json.loads(line))

    def test_stopping_answers_what_is_under_way(self):
        with tempfile.TemporaryDirectory() as folder:
            service = Service(folder)
            answers, failures = [], []

            def ask(number):
                try:
                    answers.append(service.decide(request(number + 1.0), f"{number}")[0])
                except OSError as error:
                    failures.append(error)

            threads = [threading.Thread(target=ask, args=(i,)) for i in range(40)]
            for thread in threads:
                thread.start()
            self.assertEqual(service.end(), 0)
            for thread in threads:
                thread.join()
            self.assertTrue(all(status == 201 for status in answers))
            report = service.audit()
            self.assertEqual(report["findings"], [])
            # Whoever got an answer is in the log, and whoever is in the log got one.
            self.assertEqual(report["entries"], len(answers))
            if answers:
                self.assertGreaterEqual(report["checkpoints"], 1)

    def test_schemathesis_finds_nothing(self):
        self.addCleanup(self.release)
        run = subprocess.run(
            [Path(sys.executable).parent / "schemathesis", "run",
             f"{self.service.address}/openapi.json", "--header",
             f"Authorization: Bearer {self.all}", "--max-examples", "200" if SLOW else "5",
             *([] if SLOW else ["--exclude-operation-id", "changeControls"]),
             # That lists are of one length and targets sum to 1, no schema can say.
             "--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all",
             "--generation-database", "none",
             "--no-color", "--seed", "1"],
            capture_output=True, text=True, cwd=self.service.folder)
        self.assertEqual(run.returncode, 0, run.stdout[-6000:] + run.stderr[-2000:])
        self.assertIsNone(self.service.process.poll())
        print("\nschemathesis: " + run.stdout.strip().splitlines()[-1].strip("= "), flush=True)


if __name__ == "__main__":
    unittest.main()
