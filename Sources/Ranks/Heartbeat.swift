import Basics

/// Tells the next rank each second that this one lives, and listens to the one before it.
///
/// Silence is counted in the time in which this process itself ran: one that was stopped and goes on does not take the
/// others for dead.
final class Heartbeat {
  private static let tag = 32_000
  private static let (alive, bye): (UInt8, UInt8) = (0, 1)
  private static let interval = Duration.seconds(1)
  /// A longer pause of this thread counts as so much.
  private static let longestTurn = Duration.milliseconds(100)

  private let transport: any Transport
  private let limit: Duration
  private let (next, before): (Int, Int)
  private let outgoing = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
  private let incoming = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
  private var sending: (any Transfer)?
  private var receiving: (any Transfer)?
  private var hasHeardBye = false
  private var silence = Duration.zero
  private var lastTurn = ContinuousClock.now
  private var lastBeat: ContinuousClock.Instant?

  init(_ transport: any Transport, _ limit: Double) {
    (self.transport, self.limit) = (transport, .seconds(limit))
    next = (transport.rank + 1) % transport.count
    before = (transport.rank + transport.count - 1) % transport.count
  }

  deinit {
    outgoing.deallocate()
    incoming.deallocate()
  }

  /// Often, whether there is something to send or not: it also keeps the library's messages moving.
  /// - Throws: `ranks.lost`.
  func beat() throws {
    try listen()
    let now = ContinuousClock.now
    silence += min(now - lastTurn, Self.longestTurn)
    lastTurn = now
    if silence > limit, !hasHeardBye { throw Failure.lost(before, seconds: Double(limit.components.seconds)) }
    if try sending?.isDone() ?? true, lastBeat.map({ now - $0 >= Self.interval }) ?? true {
      lastBeat = now
      try say(Self.alive)
    }
  }

  private func say(_ word: UInt8) throws {
    outgoing[0] = word
    sending = try transport.send(UnsafeRawBufferPointer(outgoing), to: next, tag: Self.tag)
  }

  private func listen() throws {
    if hasHeardBye { return }
    if receiving == nil { receiving = try transport.receive(incoming, from: before, tag: Self.tag) }
    guard try receiving?.isDone() ?? false else { return }
    receiving = nil
    silence = .zero
    hasHeardBye = incoming[0] == Self.bye
  }

  /// Says goodbye, and returns when the rank before has said it too: nothing is on its way any more.
  func leave() throws {
    while try !(sending?.isDone() ?? true) { try listen() }
    try say(Self.bye)
    while try !(sending?.isDone() ?? true && hasHeardBye) {
      try listen()
      let now = ContinuousClock.now
      silence += min(now - lastTurn, Self.longestTurn)
      lastTurn = now
      if silence > limit { throw Failure.lost(before, seconds: Double(limit.components.seconds)) }
    }
  }
}
