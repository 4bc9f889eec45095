// Counts problems with a cache. After five failures in a row, or a minute lost, the cache is not used for the rest of
// the run. Reading and writing are counted separately, since many caches are readable by all and writable by few; a
// server that is unreachable or slow counts for both.

import Basics
import Synchronization

/// Guard: `state`.
final class TroubleCount: Sendable {
  enum Direction: Int, Sendable { case reading, writing }

  static let mostInARow = 5
  static let mostSecondsLost = 60.0

  private struct Side {
    var inARow = 0
    var secondsLost = 0.0
    var isLeft: Bool { inARow >= mostInARow || secondsLost >= mostSecondsLost }
  }

  private struct Entry {
    var count = 0
    var first: String
  }

  private struct State {
    var sides = [Side(), Side()]
    var wasLeft = [false, false]
    var entries: [Trouble.Kind: Entry] = [:]
  }

  private let state = Mutex(State())

  func isLeft(_ direction: Direction) -> Bool { state.withLock { $0.wasLeft[direction.rawValue] } }

  func succeeded(_ direction: Direction) { state.withLock { $0.sides[direction.rawValue].inARow = 0 } }

  /// - Parameter isAlone: whether the problem says nothing about other requests, so that it is no reason to give up.
  func failed(_ trouble: Trouble, _ direction: Direction, seconds: Double, isAlone: Bool = false) {
    state.withLock { state in
      state.entries[trouble.kind, default: Entry(first: trouble.evidence)].count += 1
      if isAlone { return }
      let isOfBoth = trouble.kind == .unreachable || trouble.kind == .slow
      for side in 0..<2 where isOfBoth || side == direction.rawValue {
        state.sides[side].inARow += 1
        state.sides[side].secondsLost += seconds
        if state.sides[side].isLeft { state.wasLeft[side] = true }
      }
    }
  }

  /// One failure for each kind of problem that occurred.
  func failures(_ server: String) -> [Failure] {
    state.withLock { state in
      let left = (state.wasLeft[0], state.wasLeft[1])
      return Trouble.Kind.allCases.compactMap { kind in
        state.entries[kind].map { Failure.remote(kind, server, $0.count, first: $0.first, left: left) }
      }
    }
  }
}
