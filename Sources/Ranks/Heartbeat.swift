import Basics

/// Sends a sign of life to the next rank each second, and listens for those of the previous rank.
///
/// Silence counts only while this process itself runs: a process that was stopped and continues does not treat the
/// others as dead.
final class Heartbeat {
  private static let tag = 32_000
  private static let (alive, bye): (UInt8, UInt8) = (0, 1)
  private static let interval = Duration.seconds(1)
  /// A longer pause of this thread counts as this much time.
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

  /// Call this often, whether or not there is something to send: it also makes the library progress its messages.
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

  /// Sends a farewell and returns when the previous rank has sent one too: no message is in transit then.
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
