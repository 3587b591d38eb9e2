import CVector
import Foundation
import Synchronization

/// Threads that stand ready for pieces of work: awake for some microseconds, then asleep.
///
/// A training hands out work of less than a millisecond hundreds of times a second; waking a thread
/// for each costs a tenth of that. Work that is handed out while the team is at work, from another
/// thread or from within a piece, is done by the caller's own means.
final class WorkerTeam: Sendable {
  static let shared = WorkerTeam()
  private let isBusy = Atomic(false)
  private let members = Mutex<[Member]>([])

  /// Calls `body` with 0 ..< `workers`, each on a thread of its own, 0 on the caller's.
  ///
  /// - Returns: false, and then nothing was called, where the team is at work already.
  func run(workers: Int, _ body: @Sendable (Int) -> Void) -> Bool {
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else { return false }
    defer { isBusy.store(false, ordering: .releasing) }
    let team = members.withLock { members in
      while members.count < workers - 1 { members.append(Member()) }
      return members.prefix(workers - 1)
    }
    withoutActuallyEscaping(body) { body in
      for (i, member) in team.enumerated() { member.begin { body(i + 1) } }
      body(0)
      for member in team { member.finish() }
    }
    return true
  }
}

/// One thread of a team, and the work that it is given.
private final class Member: Sendable {
  private let work = Mutex<(@Sendable () -> Void)?>(nil)
  /// Pieces of work that were given, and those that are done.
  private let given = Atomic(0)
  private let done = Atomic(0)
  private let isAsleep = Atomic(false)
  private let alarm = DispatchSemaphore(value: 0)
  /// Looks for work before falling asleep: some fifty microseconds.
  private static let patience = 2_000

  init() {
    let thread = Thread { [self] in serve() }
    thread.name = "worker"
    thread.start()
  }

  func begin(_ piece: @escaping @Sendable () -> Void) {
    work.withLock { $0 = piece }
    given.add(1, ordering: .sequentiallyConsistent)
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { alarm.signal() }
  }

  /// Waits for the end of the work.
  func finish() {
    let number = given.load(ordering: .relaxed)
    var looks = 0
    while done.load(ordering: .acquiring) != number {
      looks += 1
      // The other thread may be waiting for this core.
      if looks > Self.patience { sched_yield() } else { vector_pause() }
    }
  }

  private func serve() -> Never {
    var number = 0
    while true {
      waitForWork(after: number)
      number += 1
      perform()
      done.store(number, ordering: .releasing)
    }
  }

  /// Does the work and lets go of it, before anybody is told that it is done.
  @inline(never)
  private func perform() {
    let piece = work.withLock { work in
      defer { work = nil }
      return work
    }
    piece?()
  }

  /// Returns when more than `number` pieces have been given.
  private func waitForWork(after number: Int) {
    for _ in 0..<Self.patience {
      if given.load(ordering: .acquiring) != number { return }
      vector_pause()
    }
    isAsleep.store(true, ordering: .sequentiallyConsistent)
    let isGiven = given.load(ordering: .sequentiallyConsistent) != number
    // Where work came in between and nobody has woken this thread, it need not sleep.
    if isGiven, isAsleep.exchange(false, ordering: .sequentiallyConsistent) { return }
    alarm.wait()
  }
}
