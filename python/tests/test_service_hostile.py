"""Requests that mean harm, or nothing: no crash, no fault, and no action that was not asked for."""

import json
import random
import socket
import tempfile
import threading
import time
import unittest

from service_process import SLOW, Service, request

COUNT = 1_000_000 if SLOW else 10_000
CALLERS = 4

NUMBERS = ["1e308", "-1e308", "1e309", "1e-320", "-0", "0", "1" * 400, "0." + "0" * 400 + "1", "NaN",
           "Infinity", "-Infinity", "0x10", "01", "1.", ".5", "+1", "1e", "9007199254740993", "2e0",
           "1E+2", "-1", "1_000"]
TEXTS = ['""', '"\\u0000"', '"\\ud800"', '"\u202e\U0001F4B8"', '"' + "A" * 5000 + '"', '"2017-02-30"',
         '"2017-13-01"', '"99999999-01-01"', '"-0001-01-01"', '"\\x"', '"a\nb"', '"RISKY"', '"é"',
         '"e\u0301"', '"%s%n"', "\"'; DROP TABLE entries; --\""]
ODD = ["null", "true", "false", "{}", "[]", "[[]]", "[" * 600 + "]" * 600, '{"a":' * 300 + "1" + "}" * 300,
       "", ",", "}", "undefined", "/*x*/1", "[1,]", '{"a":1,"a":2}']
PATHS = [b"/v1/decisions/", b"/v1/decisions/%00", b"/v1/decisions/../../etc/passwd", b"/v1/decisions/1",
         b"/v1/policies/..%2F..%2Fx/promote", b"/v2/models/%ff%fe/infer", b"//", b"/%", b"*",
         b"/v1/decisions?policy=%00", b"/v1/decisions?policy=a&policy=b", b"/" + b"a" * 3000,
         b"/v1/controls", b"/v1/policies/rule/promote", b"http://x/v1/decisions", b"/openapi.json?x"]
BROKEN = [b"", b"\r\n\r\n", b"\x00" * 64, b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n",
          b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/decisions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
          b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
          b"Content-Length: 3\r\n\r\n0\r\n\r\n",
          b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 200_000 + b"\r\n\r\n",
          b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
          b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
          b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"]


def mutated(chance):
    """A request with one to three faults, as bytes."""
    text = json.dumps(request(chance.uniform(1, 1e6)))
    for _ in range(chance.randint(1, 3)):
        kind, place = chance.randrange(8), chance.randrange(len(text) + 1)
        if kind == 0:
            text = text[:place] + text[place + chance.randint(1, 8):]
        elif kind == 1:
            text = text[:place] + chance.choice(NUMBERS + TEXTS + ODD) + text[place:]
        elif kind == 2:
            fields = json.loads(json.dumps(request()))
            name = chance.choice(list(fields))
            parts = [f'"{key}": ' + (chance.choice(NUMBERS + TEXTS + ODD) if key == name
                                     else json.dumps(value)) for key, value in fields.items()]
            text = "{" + ", ".join(parts) + "}"
        elif kind == 3:
            text = text.replace(chance.choice(["61000", "39000.0", "0.6", "0.4", "2017"]),
                                chance.choice(NUMBERS), 1)
        elif kind == 4:
            odd = chr(chance.choice([0, 0x7F, 0xFEFF, 0x2028, 0x10FFFF, 0xD7FF]))
            text = text[:place] + odd + text[place:]
        elif kind == 5:
            text = text[:place] + text[:chance.randint(0, 60)] + text[place:]
        elif kind == 6:
            name = chance.choice(TEXTS)
            text = text.replace("{", "{" + f"{name}: {chance.choice(NUMBERS + TEXTS + ODD)}, ", 1)
        else:
            text = text.replace(chance.choice(["assets", "holdings", "date", "target_weights"]),
                                chance.choice(["Assets", "", "facts", "controls", "lots"]), 1)
        text = text or " "
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        data = bytes(byte ^ (1 << chance.randrange(8)) if chance.random() < 0.02 else byte
                     for byte in data)
    return data


class Caller(threading.Thread):
    """Sends its share, several requests ahead of their answers."""

    def __init__(self, service, seed, count):
        super().__init__()
        self.service, self.chance, self.count = service, random.Random(seed), count
        self.seed, self.sent, self.statuses, self.faults = seed, 0, {}, []
        self.socket = None

    def run(self):
        while self.sent < self.count and len(self.faults) < 5:
            if self.chance.random() < 0.02:
                self.send_broken()
            else:
                self.send_batch(min(16, self.count - self.sent))
        self.close()

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def connect(self):
        if self.socket is None:
            self.socket = socket.create_connection((self.service.host, self.service.port), timeout=20)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.reader = self.socket.makefile("rb")

    def send_batch(self, count):
        self.connect()
        requests = [self.request() for _ in range(count)]
        self.sent += count
        self.socket.sendall(b"".join(requests))
        for one in requests:
            try:
                self.read(one)
            except OSError:
                # A path that is no path ends its connection; anything else was a fault.
                self.statuses["closed"] = self.statuses.get("closed", 0) + 1
                self.close()
                return
            if self.socket is None:
                return

    def request(self):
        body = mutated(self.chance)
        path = b"/v1/decisions" if self.chance.random() < 0.95 else self.chance.choice(PATHS)
        method = b"POST" if self.chance.random() < 0.98 else self.chance.choice(
            [b"GET", b"PUT", b"DELETE", b"TRACE", b"OPTIONS", b"PATCH"])
        key = f"{self.seed}-{self.chance.randrange(1 << 40)}".encode()
        return b"".join([
            method, b" ", path, b" HTTP/1.1\r\nHost: x\r\nIdempotency-Key: ", key,
            b"\r\nContent-Length: ", str(len(body)).encode(), b"\r\n\r\n", body])

    def read(self, sent):
        line = self.reader.readline()
        if not line:
            raise ConnectionError("closed")
        status = int(line.split()[1])
        length, retry, closes = 0, False, False
        while (header := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            retry |= name.lower() == b"retry-after"
            closes |= header.lower().startswith(b"connection: close")
        body = self.reader.read(length)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500 and not (status == 503 and retry):
            self.faults.append((status, sent[:2000], body[:500]))
        if status == 201 and not self.is_sound(body):
            self.faults.append((status, sent[:2000], body[:500]))
        if closes:
            self.close()

    @staticmethod
    def is_sound(body):
        """A request may be valid after all: then its answer is of finite numbers."""
        answer = json.loads(body, parse_constant=lambda _: None)
        numbers = [*answer["weights"].values(), *answer["trades"].values(), answer["fraction"]]
        return all(isinstance(number, (int, float)) for number in numbers)

    def send_broken(self):
        self.sent += 1
        with socket.create_connection((self.service.host, self.service.port), timeout=20) as other:
            try:
                other.sendall(self.chance.choice(BROKEN))
                other.shutdown(socket.SHUT_WR)
                line = other.recv(4096).split(b"\r\n")[0]
            except OSError:
                line = b""
        if line.split(b" ")[1:2] and int(line.split(b" ")[1]) >= 500:
            self.faults.append((line, b"broken", b""))
        self.statuses["broken"] = self.statuses.get("broken", 0) + 1


class HostileTest(unittest.TestCase):
    def test_nothing_breaks_and_nothing_is_done(self):
        with tempfile.TemporaryDirectory() as folder, Service(folder) as service:
            before, begun = service.memory(), time.monotonic()
            callers = [Caller(service, seed, COUNT // CALLERS) for seed in range(CALLERS)]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            seconds = time.monotonic() - begun
            statuses = {}
            for caller in callers:
                self.assertEqual(caller.faults, [])
                for status, count in caller.statuses.items():
                    statuses[status] = statuses.get(status, 0) + count
            self.assertIsNone(service.process.poll())
            self.assertEqual(service.decide(request(), "sound")[0], 201)
            after = service.memory()
            self.assertEqual(service.end(), 0)
            report = service.audit()
            self.assertEqual(report["findings"], [])
            # Only what was a request after all is in the log.
            self.assertGreaterEqual(statuses.get(201, 0) + 1, report["entries"])
            self.assertGreater(statuses[422], 0.5 * COUNT)
            print(f"\n{COUNT} hostile requests in {seconds:.0f} s: "
                  f"{dict(sorted(statuses.items(), key=str))}; memory {before:.0f} to {after:.0f} MiB",
                  flush=True)


if __name__ == "__main__":
    unittest.main()
