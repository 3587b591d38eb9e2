"""Lots, realized gains, wash sales and the tax of each year."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from . import _library
from ._library import Handle


class Ledger:
    """The lots of an investor over all accounts, under the rules of the United States for shares.

    Amounts are in currency; trades of one day are booked together, days in their order. What is refused
    changes nothing.

    Args:
        identical: lists of assets that are substantially identical, for wash sales.
    """

    def __init__(self, identical: Sequence[Sequence[str]] = ()) -> None:
        request = {"identical": [list(assets) for assets in identical]}
        self._handle = Handle("ledger", "ledger_create", request)

    def trade(self, day: datetime.date | str, fills: Sequence[dict[str, Any]]) -> None:
        """Books the trades of one day, all or none.

        Each has side ("buy" or "sell"), asset, units, price, and where they differ from the defaults fee
        (0), account ("taxable"), kind ("taxable" or "ira"), selection ("fifo", "lifo", "hifo",
        "average_cost", "specific") and lot.
        """
        request = {"day": str(day), "fills": [dict(fill) for fill in fills]}
        _library.call("ledger_trade", self._handle.value, _library.document(request))

    def buy(
        self, day: datetime.date | str, asset: str, units: float, price: float, **more: Any
    ) -> None:
        """Buys units: a new lot."""
        self.trade(day, [{"side": "buy", "asset": asset, "units": units, "price": price, **more}])

    def sell(
        self, day: datetime.date | str, asset: str, units: float, price: float, **more: Any
    ) -> None:
        """Sells units of the lots that the selection takes."""
        self.trade(day, [{"side": "sell", "asset": asset, "units": units, "price": price, **more}])

    def describe(
        self,
        *,
        short_term_rate: float = 0.35,
        long_term_rate: float = 0.15,
        loss_limit: float = 3000.0,
    ) -> dict[str, Any]:
        """Realized gains, the lots held, and totals with the tax of each year, as dictionaries."""
        request = {
            "short_term_rate": short_term_rate,
            "long_term_rate": long_term_rate,
            "loss_limit": loss_limit,
        }
        answer: dict[str, Any] = _library.answer(
            "ledger_describe", self._handle.value, _library.document(request)
        )
        return answer

    @property
    def lots(self) -> list[dict[str, Any]]:
        """The lots held, in order of purchase."""
        lots: list[dict[str, Any]] = self.describe()["lots"]
        return lots

    @property
    def realized(self) -> list[dict[str, Any]]:
        """What sales have realized, one row per lot."""
        rows: list[dict[str, Any]] = self.describe()["realized"]
        return rows
