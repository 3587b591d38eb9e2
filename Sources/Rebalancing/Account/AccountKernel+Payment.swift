import Algebra

extension AccountKernel {
  /// Where the tax account begins in a group's slice of the ledger, behind the lots.
  var accountOffset: Int { book?.layout.count ?? 0 }

  /// Closes tax years and pays what has become due.
  func openDay(_ now: Situation, _ result: inout Result, _ ledger: inout MutableSpan<L>) {
    guard let lotTax else { return }
    var account = TaxPosition<L>(ledger.span, at: accountOffset)
    let paid = account.advance(
      to: now.day.day, rates: lotTax.rates, payment: lotTax.payment,
      where: L.Mask(repeating: true))
    account.write(to: &ledger, at: accountOffset)
    result.tax = result.tax + paid / now.value
  }

  /// Enters what was realised since the last call, and pays the tax that is due at once.
  func payTax(_ now: Situation, _ result: inout Result, _ ledger: inout MutableSpan<L>) {
    result.tax = result.tax + result.averageGains * L(repeating: averageCostRate)
    result.averageGains = L(repeating: 0)
    guard let lotTax else { return }
    var account = TaxPosition<L>(ledger.span, at: accountOffset)
    account.realize(result.gains)
    result.gains = .none
    var paid = L(repeating: 0)
    if lotTax.payment == .immediate {
      paid = account.payLiability(lotTax.rates, where: L.Mask(repeating: true))
    }
    if now.isLast.isAnyTrue { paid = paid + account.settle(lotTax.rates, where: now.isLast) }
    account.write(to: &ledger, at: accountOffset)
    result.tax = result.tax + paid / now.value
  }

  /// Takes from cash what has been charged since the last call.
  func debit(_ cash: Int, _ result: inout Result, _ held: inout MutableSpan<L>) {
    let owed = result.cost - result.paidByAssets + result.tax
    held[cash] = held[cash] - (owed - result.paidByCash)
    result.paidByCash = owed
  }

  /// Sells the other assets pro rata until cash is not negative.
  ///
  /// Every round leaves the costs and the tax of its own sales, a small part of them, to the next. All
  /// sales of an asset in a step are one order, so that its ticket is paid once. Lots bought on the
  /// same day do not wash the losses of these sales: an approximation, since sales of a day otherwise
  /// come before its purchases.
  func raise(
    _ cash: Int, _ now: Situation, _ quotes: Span<L>, _ result: inout Result,
    _ trades: inout MutableSpan<L>, _ held: inout MutableSpan<L>, _ basis: inout MutableSpan<L>,
    _ ledger: inout MutableSpan<L>, _ sales: inout MutableSpan<L>, _ orders: inout MutableSpan<L>
  ) {
    let zero = L(repeating: 0)
    for i in held.indices { orders[i] = L.larger(zero - trades[i], zero) }
    for _ in 0..<24 {
      // Of what a lane lacks by rounding nothing is raised, whatever its neighbours lack.
      let lacking = zero - held[cash]
      let missing = zero.replacing(
        with: lacking, where: L(repeating: 64 * L.Scalar.ulpOfOne) .< lacking)
      guard (zero .< missing).isAnyTrue else { return }
      planSales(cash, worth: missing, quotes, held.span, into: &sales)
      execute(now, quotes, &result, sales.span, orders: orders.span, &held, &basis, &ledger)
      for i in held.indices {
        trades[i] = trades[i] + sales[i]
        orders[i] = orders[i] - sales[i]
      }
      payTax(now, &result, &ledger)
      debit(cash, &result, &held)
    }
  }

  /// Sales of all other assets in proportion, together worth an amount, as far as there is so much.
  private func planSales(
    _ cash: Int, worth amount: L, _ quotes: Span<L>, _ held: Span<L>,
    into sales: inout MutableSpan<L>
  ) {
    let zero = L(repeating: 0)
    let one = L(repeating: 1)
    var available = zero
    for i in held.indices where i != cash {
      sales[i] = saleable(i, held[i], quotes)
      available = available + sales[i]
    }
    let share = L.smaller(
      amount / one.replacing(with: available, where: zero .< available), one)
    var raised = zero
    for i in held.indices where i != cash {
      sales[i] = zero - share * sales[i]
      raised = raised - sales[i]
    }
    sales[cash] = raised
  }
}
