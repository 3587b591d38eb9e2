"""A running `rebalance serve` for the tests beside this file."""

import http.client
import json
import os
import signal
import subprocess
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("REBALANCE", TOP / ".build" / "release" / "rebalance"))
SLOW = "REBALANCE_SLOW_TESTS" in os.environ
RULE = ["--policy", "rule:band(0.05)", "--env", "two-asset-monthly-v0"]


def rebalance(*arguments, check=True):
    return subprocess.run(
        [PROGRAM, *arguments], cwd=TOP, check=check, capture_output=True, text=True)


def request(stock=61000.0, **fields):
    """A valid request; another amount is another request."""
    return {
        "date": "2017-03-29", "assets": ["RISKY", "NUMERAIRE"], "holdings": [stock, 39000.0],
        "target_weights": [0.6, 0.4], "last_trade": "2017-01-31", **fields,
    }


class Service:
    """The process, and its port; its log is in a folder that outlives it."""

    def __init__(self, folder, *arguments, policy=RULE, keys=None):
        self.folder = Path(folder)
        self.log = self.folder / "decisions.sqlite"
        self.errors = open(self.folder / "errors.jsonl", "ab")  # noqa: SIM115
        access = ["--keys", str(keys)] if keys else ["--without-keys"]
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *policy, "--log", self.log, "--port", "0", "--json", *access,
             *arguments], cwd=TOP, stdout=subprocess.PIPE, stderr=self.errors)
        line = self.process.stdout.readline()
        # Listening is not yet answering.
        self.start_up = time.monotonic() - begun
        if not line:
            raise RuntimeError((self.folder / "errors.jsonl").read_text())
        self.address = json.loads(line)["listening"]
        self.host, port = self.address.removeprefix("http://").rsplit(":", 1)
        self.port = int(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)

    def connect(self, timeout=20):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and bytes of one request."""
        connection = self.connect()
        try:
            data = body if isinstance(body, (bytes, str, type(None))) else json.dumps(body)
            connection.request(method, path, data, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def decide(self, body, key, **headers):
        return self.ask("POST", "/v1/decisions", body, {"Idempotency-Key": key, **headers})

    def memory(self):
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.errors.close()
        return status

    def audit(self):
        """What `audit verify` says; it fails where anything is wrong."""
        return json.loads(rebalance("audit", "verify", self.log, "--json").stdout)
