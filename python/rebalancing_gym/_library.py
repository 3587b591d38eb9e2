"""The C interface of libCRebalancing, as `rebalancing.h` has it, for the rest of the package."""

from __future__ import annotations

import ctypes
import functools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

INTERFACE_VERSION = 1
TERMS = ("value_after", "transaction_cost", "tax_cost", "drift_cost", "portfolio_return")
_PACKAGE = Path(__file__).resolve().parent
_MESSAGE_SIZE = 2048


class RebalancingError(Exception):
    """What the library refused; `status` is 64 for wrong usage, 65 for wrong data, 70 for a fault."""

    status = 70


class UsageError(RebalancingError, ValueError):
    """A call or a specification is wrong."""

    status = 64


class DataError(RebalancingError, ValueError):
    """A file or its content is wrong."""

    status = 65


class Buffers(ctypes.Structure):
    """`rebalancing_buffers`: addresses of arrays that an environment reads and writes."""

    _fields_ = [
        ("choices", ctypes.c_void_p),
        ("actions", ctypes.c_void_p),
        ("observations", ctypes.c_void_p),
        ("final_observations", ctypes.c_void_p),
        ("rewards", ctypes.c_void_p),
        ("terminated", ctypes.c_void_p),
        ("truncated", ctypes.c_void_p),
        ("terms", ctypes.c_void_p),
    ]


_handle = ctypes.c_void_p
_text = ctypes.c_char_p
_texts = ctypes.POINTER(ctypes.c_void_p)
_place = ctypes.POINTER(ctypes.c_void_p)
_message = (ctypes.c_char_p, ctypes.c_int64)

# The functions that answer with a status, with their arguments before message and capacity.
_FUNCTIONS: Mapping[str, Sequence[Any]] = {
    "environment_create": (_text, _place),
    "environment_describe": (_handle, _texts),
    "environment_bind": (_handle, ctypes.POINTER(Buffers)),
    "environment_reset": (_handle, ctypes.c_uint64),
    "environment_reset_some": (_handle, ctypes.c_void_p),
    "environment_step": (_handle,),
    "environment_show": (_handle, ctypes.c_int64, _texts),
    "environment_state": (_handle, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64)),
    "environment_restore": (_handle, ctypes.c_char_p, ctypes.c_int64),
    "policy_load": (_text, _place),
    "policy_describe": (_handle, _texts),
    "policy_act": (
        _handle, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p,
    ),
    "ledger_create": (_text, _place),
    "ledger_trade": (_handle, _text),
    "ledger_describe": (_handle, _text, _texts),
    "call": (_text, _text, _texts),
}
_FREED = ("environment", "policy", "ledger")


def library_path() -> Path:
    """The library: what REBALANCING_LIBRARY names, else the one in the package."""
    named = os.environ.get("REBALANCING_LIBRARY")
    path = Path(named) if named else _PACKAGE / "lib" / "libCRebalancing.so"
    if not path.is_file():
        raise ImportError(
            f"{path}: no such library; `pip install ./python` builds it, or REBALANCING_LIBRARY "
            "names one that is built"
        )
    return path


@functools.cache
def library() -> ctypes.CDLL:
    """The library, loaded once, with the types of its functions."""
    path = library_path()
    loaded = ctypes.CDLL(str(path))
    version = loaded.rebalancing_interface_version()
    if version != INTERFACE_VERSION:
        raise ImportError(f"{path}: interface {version}, this package needs {INTERFACE_VERSION}")
    for name, arguments in _FUNCTIONS.items():
        function = getattr(loaded, f"rebalancing_{name}")
        function.argtypes = (*arguments, *_message)
        function.restype = ctypes.c_int32
    for name in _FREED:
        function = getattr(loaded, f"rebalancing_{name}_free")
        function.argtypes, function.restype = (_handle,), None
    loaded.rebalancing_text_free.argtypes = (ctypes.c_void_p,)
    loaded.rebalancing_text_free.restype = None
    return loaded


def check(status: int, message: bytes) -> None:
    """Raises what a status stands for."""
    if status == 0:
        return
    text = message.decode(errors="replace")
    for kind in (UsageError, DataError):
        if status == kind.status:
            raise kind(text)
    raise RebalancingError(text)


class Handle:
    """An object of the library, given back when nobody holds it any more."""

    def __init__(self, kind: str, create: str, request: Mapping[str, Any]) -> None:
        self._free = getattr(library(), f"rebalancing_{kind}_free")
        self.value: int | None = None
        place = ctypes.c_void_p()
        call(create, document(request), ctypes.byref(place))
        self.value = place.value

    def close(self) -> None:
        """Gives the object back; a second time does nothing."""
        value, self.value = self.value, None
        if value is not None:
            self._free(value)

    def __del__(self) -> None:
        # An interpreter that is ending may have taken apart what this needs.
        if getattr(self, "value", None) is not None:
            self.close()


def call(name: str, *arguments: Any) -> None:
    """Calls a function that answers with a status."""
    message = ctypes.create_string_buffer(_MESSAGE_SIZE)
    status = getattr(library(), f"rebalancing_{name}")(*arguments, message, _MESSAGE_SIZE)
    check(status, message.value)


def answer(name: str, *arguments: Any) -> Any:
    """Calls a function whose last argument receives JSON, and reads that."""
    place = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(place))
    text = ctypes.string_at(place.value or 0)
    library().rebalancing_text_free(place)
    return json.loads(text)


def operate(operation: str, **request: Any) -> Any:
    """Does an operation of `rebalancing_call`; arguments that are None are left out."""
    given = {key: value for key, value in request.items() if value is not None}
    return answer("call", operation.encode(), document(given))


def document(request: Mapping[str, Any]) -> bytes:
    """A request as JSON."""
    return json.dumps(dict(request), allow_nan=False).encode()
