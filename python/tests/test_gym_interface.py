"""The C interface: the header is what the package calls, and no call brings the program down."""

import ctypes
import json
import random
import re
import unittest
from pathlib import Path

from rebalancing_gym import _library

TOP = Path(__file__).resolve().parents[2]
HEADER = (TOP / "Sources" / "CRebalancing" / "rebalancing.h").read_text()


def declared():
    """The functions of the header, with the number of their arguments."""
    text = re.sub(r"//.*", "", HEADER)
    pattern = r"\b(?:int32_t|void) (rebalancing_\w+)\(([^)]*)\);"
    return {
        name: 0 if arguments.strip() == "void" else arguments.count(",") + 1
        for name, arguments in re.findall(pattern, text)
    }


class Header(unittest.TestCase):
    def test_every_function_is_called_as_declared(self):
        called = {
            f"rebalancing_{name}": len(arguments) + 2
            for name, arguments in _library._FUNCTIONS.items()
        }
        called |= {f"rebalancing_{name}_free": 1 for name in _library._FREED}
        called |= {"rebalancing_text_free": 1, "rebalancing_interface_version": 0}
        self.assertEqual(called, declared())

    def test_constants_agree(self):
        constants = dict(re.findall(r"#define (REBALANCING_\w+) (\d+)", HEADER))
        self.assertEqual(int(constants["REBALANCING_INTERFACE_VERSION"]), _library.INTERFACE_VERSION)
        self.assertEqual(int(constants["REBALANCING_TERMS"]), len(_library.TERMS))
        fields = re.search(r"typedef struct \{(.*?)\} rebalancing_buffers", HEADER, re.S).group(1)
        names = re.findall(r"\*(\w+);", fields)
        self.assertEqual(names, [name for name, _ in _library.Buffers._fields_])


class Hostile(unittest.TestCase):
    def status(self, name, *arguments):
        message = ctypes.create_string_buffer(256)
        function = getattr(_library.library(), f"rebalancing_{name}")
        return function(*arguments, message, 256), message.value.decode()

    def test_null_is_refused_everywhere(self):
        place = ctypes.c_void_p()
        for name, types in _library._FUNCTIONS.items():
            arguments = [0 if kind in (ctypes.c_int64, ctypes.c_uint64) else None for kind in types]
            status, message = self.status(name, *arguments)
            with self.subTest(name):
                self.assertEqual(status, 64)
                self.assertRegex(message, "null|no place")
        for name in _library._FREED:
            getattr(_library.library(), f"rebalancing_{name}_free")(None)
        # A message is not wanted.
        function = _library.library().rebalancing_environment_create
        self.assertEqual(function(b"{", ctypes.byref(place), None, 0), 64)
        self.assertIsNone(place.value)

    def test_a_message_is_cut_between_characters(self):
        for capacity in range(1, 80):
            message = ctypes.create_string_buffer(b"x" * 100, 101)
            place = ctypes.c_void_p()
            request = json.dumps({"file": "ü€𝄞" * 9}, ensure_ascii=False).encode()
            function = _library.library().rebalancing_environment_create
            self.assertNotEqual(function(request, ctypes.byref(place), message, capacity), 0)
            message.value.decode()
            self.assertLess(len(message.value), capacity)
            self.assertEqual(message.raw[capacity:100], b"x" * (100 - capacity))

    def test_requests_that_mean_nothing_are_refused(self):
        rng = random.Random(1)
        valid = {"file": str(TOP / "envs" / "two-asset-monthly-v0.yaml"), "copies": 2, "set": []}
        values = [None, True, -1, 0, 1.5, 1e300, 2**63, "", "x", [], {}, [[]], "../..", "\x00", "ü"]
        for _ in range(2000):
            request = dict(valid)
            request[rng.choice([*valid, "first_copy", "autoreset", "other"])] = rng.choice(values)
            text = json.dumps(request).encode()
            if rng.random() < 0.3:
                cut = rng.randrange(len(text))
                text = text[:cut] + bytes([rng.randrange(1, 256)]) + text[cut + 1 :]
            place = ctypes.c_void_p()
            status, message = self.status("environment_create", text, ctypes.byref(place))
            self.assertIn(status, (0, 64, 65), message)
            self.assertEqual(status == 0, place.value is not None)
            _library.library().rebalancing_environment_free(place)

    def test_states_that_are_no_states_are_refused(self):
        from rebalancing_gym import RebalancingEnv, UsageError

        env = RebalancingEnv("four-asset-r1-v0")
        env.reset(seed=1)
        state = env._core.__getstate__()["state"]
        handle = env._core._handle.value
        rng = random.Random(2)
        for _ in range(500):
            wrong = bytearray(state)
            if rng.random() < 0.5:
                wrong = wrong[: rng.randrange(len(wrong))]
            else:
                for _ in range(4):
                    wrong[rng.randrange(len(wrong))] = rng.randrange(256)
            status, _ = self.status("environment_restore", handle, bytes(wrong), len(wrong))
            self.assertIn(status, (0, 64, 70))
        status, _ = self.status("environment_restore", handle, state, len(state))
        self.assertEqual(status, 0)
        with self.assertRaises(UsageError):
            env._core.portfolio(1)


if __name__ == "__main__":
    unittest.main()
