/// Messages that belong together: what is sent and received at once, what is done when all of it is there, and what
/// travels after that. Carried out by `Courier`.
package final class Errand: @unchecked Sendable {
  /// Bytes for a rank, or from it.
  package struct Letter {
    package var rank: Int
    package var bytes: UnsafeMutableRawBufferPointer

    package init(_ rank: Int, _ bytes: UnsafeMutableRawBufferPointer) { (self.rank, self.bytes) = (rank, bytes) }
  }

  package struct Stage {
    var sends: [Letter]
    var receives: [Letter]
    var finish: () -> Void

    /// - Parameter finish: runs on the courier's thread once all has been sent and received.
    package init(sends: [Letter], receives: [Letter], finish: @escaping () -> Void = {}) {
      (self.sends, self.receives, self.finish) = (sends, receives, finish)
    }
  }

  /// Whether others go first: it is sent piece by piece, so that an urgent errand waits for a piece at most.
  private let isBulk: Bool
  private var stages: [Stage]
  private var transfers: [any Transfer] = []
  private var outgoing: [(bytes: Int, transfer: any Transfer)] = []
  private var unsent: [Letter] = []
  private var hasBegun = false
  /// Of all its messages. Set by the courier.
  var tag = 0
  /// Guarded by the courier.
  var isDone = false

  /// - Parameter stages: one after another. The same on all ranks, but for who sends what.
  package init(bulk: Bool = false, _ stages: [Stage]) {
    isBulk = bulk
    self.stages = stages.reversed()
  }

  /// Bulk is cut into pieces of this size, and so much of it is on its way at once from all errands together, the
  /// earliest first: what a link holds is what an urgent message has to wait for. Over TCP, Open MPI sends messages of
  /// more than 64 KiB only once the receiver has answered, and the answer waits behind what the link holds: on a slow
  /// link a third of the time.
  private static let (piece, window) = (60 << 10, 512 << 10)

  private func pieces(_ letters: [Letter]) -> [Letter] {
    letters.flatMap { letter -> [Letter] in
      guard isBulk, letter.bytes.count > Self.piece else { return letter.bytes.isEmpty ? [] : [letter] }
      return stride(from: 0, to: letter.bytes.count, by: Self.piece).map { start in
        let end = min(letter.bytes.count, start + Self.piece)
        return Letter(letter.rank, UnsafeMutableRawBufferPointer(rebasing: letter.bytes[start..<end]))
      }
    }
  }

  /// Looks after it once.
  /// - Parameter bulk: bytes of bulk that are on their way from this rank, of all errands.
  /// - Returns: whether it is done.
  func advance(_ transport: any Transport, _ traffic: inout Traffic, bulk: inout Int) throws -> Bool {
    while let stage = stages.last {
      if !hasBegun {
        hasBegun = true
        for letter in pieces(stage.receives) {
          transfers.append(try transport.receive(letter.bytes, from: letter.rank, tag: tag))
        }
        unsent = pieces(stage.sends).reversed()
      }
      try outgoing.removeAll { sending in
        guard try sending.transfer.isDone() else { return false }
        if isBulk { bulk -= sending.bytes }
        return true
      }
      while let letter = unsent.last, !isBulk || bulk < Self.window {
        unsent.removeLast()
        let transfer = try transport.send(UnsafeRawBufferPointer(letter.bytes), to: letter.rank, tag: tag)
        outgoing.append((letter.bytes.count, transfer))
        if isBulk { bulk += letter.bytes.count }
        traffic.messages += 1
        traffic.bytes += letter.bytes.count
      }
      try transfers.removeAll { try $0.isDone() }
      guard transfers.isEmpty, outgoing.isEmpty, unsent.isEmpty else { return false }
      stage.finish()
      stages.removeLast()
      hasBegun = false
    }
    return true
  }
}

/// What a rank has sent, and how long it waited for others.
package struct Traffic: Sendable, Equatable {
  package var messages = 0
  package var bytes = 0
  /// In which nothing was computed.
  package var secondsWaited = 0.0

  package init() {}

  package static func - (late: Traffic, early: Traffic) -> Traffic {
    var between = late
    between.messages -= early.messages
    between.bytes -= early.bytes
    between.secondsWaited -= early.secondsWaited
    return between
  }
}
