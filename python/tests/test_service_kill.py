"""The service is killed under load: no acknowledged decision is lost or doubled."""

import http.client
import json
import random
import signal
import sqlite3
import tempfile
import threading
import time
import unittest

from service_process import SLOW, Service, request

ROUNDS = 50 if SLOW else 3
CALLERS = 8


class Caller(threading.Thread):
    """Asks for one decision after the other until the service is gone."""

    def __init__(self, service, name):
        super().__init__()
        self.service, self.label = service, name
        self.answers = {}
        self.open = None

    def run(self):
        connection = self.service.connect(timeout=5)
        number = 0
        try:
            while True:
                key = f"{self.label}-{number}"
                body = json.dumps(request(10_000.0 + number))
                self.open = (key, body)
                connection.request("POST", "/v1/decisions", body, {"Idempotency-Key": key})
                response = connection.getresponse()
                data = response.read()
                assert response.status == 201, (response.status, data)
                self.answers[key] = (response.headers["Location"], data, body)
                self.open = None
                number += 1
        except (OSError, http.client.HTTPException):
            connection.close()


class KillTest(unittest.TestCase):
    def test_no_acknowledged_decision_is_lost_or_doubled(self):
        chance = random.Random(20240329)
        acknowledged, starts = {}, []
        with tempfile.TemporaryDirectory() as folder:
            for number in range(ROUNDS):
                with Service(folder) as service:
                    starts.append(service.start_up)
                    callers = [Caller(service, f"{number}-{i}") for i in range(CALLERS)]
                    for caller in callers:
                        caller.start()
                    time.sleep(chance.uniform(0.05, 0.6))
                    service.end(signal.SIGKILL)
                    for caller in callers:
                        caller.join()
                        acknowledged.update(caller.answers)
                self.check_again(folder, callers, acknowledged)
            self.check_log(folder, acknowledged)
        print(f"\nkilled {ROUNDS} times: {len(acknowledged)} decisions acknowledged, none lost or "
              f"doubled; start-up {max(starts):.2f} s at most", flush=True)

    def check_again(self, folder, callers, acknowledged):
        """After a restart: answers stay, and what was not answered can be asked again."""
        with Service(folder) as service:
            for caller in callers:
                for key, (place, data, body) in list(caller.answers.items())[-3:]:
                    status, headers, again = service.decide(body, key)
                    self.assertEqual((status, headers["Location"], again), (201, place, data))
                if caller.open:
                    key, body = caller.open
                    status, headers, data = service.decide(body, key)
                    self.assertEqual(status, 201)
                    acknowledged[key] = (headers["Location"], data, body)
            self.assertEqual(service.end(), 0)

    def check_log(self, folder, acknowledged):
        service = Service(folder)
        self.assertEqual(service.end(), 0)
        report = service.audit()
        self.assertEqual(report["findings"], [])
        rows = sqlite3.connect(service.log).execute(
            "SELECT idempotency_key, sequence, response, request FROM entries").fetchall()
        self.assertEqual(len(rows), report["entries"])
        self.assertEqual(len({row[0] for row in rows}), len(rows))
        logged = {key: (f"/v1/decisions/{n}", data, body.decode()) for key, n, data, body in rows}
        for key, answer in acknowledged.items():
            self.assertEqual(logged.get(key), answer, key)


if __name__ == "__main__":
    unittest.main()
