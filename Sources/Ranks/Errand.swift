/// A group of messages: what is sent and received at once, the work to do when all of it has arrived, and what is sent
/// after that. Carried out by `Courier`.
package final class Errand: @unchecked Sendable {
  /// Bytes to send to a rank, or to receive from it.
  package struct Letter {
    package var rank: Int
    package var bytes: UnsafeMutableRawBufferPointer

    package init(_ rank: Int, _ bytes: UnsafeMutableRawBufferPointer) { (self.rank, self.bytes) = (rank, bytes) }
  }

  package struct Stage {
    var sends: [Letter]
    var receives: [Letter]
    var finish: () -> Void

    /// - Parameter finish: runs on the courier's thread when everything has been sent and received.
    package init(sends: [Letter], receives: [Letter], finish: @escaping () -> Void = {}) {
      (self.sends, self.receives, self.finish) = (sends, receives, finish)
    }
  }

  /// Whether other errands go first: a bulk errand is sent in pieces, so that an urgent one waits for at most one
  /// piece.
  private let isBulk: Bool
  private var stages: [Stage]
  private var transfers: [any Transfer] = []
  private var outgoing: [(bytes: Int, transfer: any Transfer)] = []
  private var unsent: [Letter] = []
  private var hasBegun = false
  /// The tag of all its messages. Set by the courier.
  var tag = 0
  /// Guarded by the courier.
  var isDone = false

  /// - Parameter stages: carried out one after another. The same on all ranks, except for the directions of messages.
  package init(bulk: Bool = false, _ stages: [Stage]) {
    isBulk = bulk
    self.stages = stages.reversed()
  }

  /// The size of a piece of bulk, and the limit of bulk in transit at once over all errands, the earliest first: an
  /// urgent message waits behind what a link holds. Over TCP, Open MPI sends messages larger than 64 KiB only after the
  /// receiver has answered, and this answer waits behind what the link holds, which costs a third of the time on a slow
  /// link.
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

  /// Advances the errand as far as possible without waiting.
  /// - Parameter bulk: the bulk bytes in transit from this rank, over all errands.
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

/// The messages that a rank has sent, and how long it waited for others.
package struct Traffic: Sendable, Equatable {
  package var messages = 0
  package var bytes = 0
  /// The time in which nothing was computed.
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
