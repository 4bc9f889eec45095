import Basics

/// Wraps another transport with a simulated slow link, to measure the cost of a network: each rank sends `rate` bytes a
/// second, and every message arrives `delay` later.
package final class SlowTransport: Transport {
  /// Sets the link to simulate: `PIPELINE_SLOW_LINK=DELAY,RATE`, in milliseconds and Gb/s; 0 Gb/s: no limit.
  package static let variable = "PIPELINE_SLOW_LINK"

  private let inner: any Transport
  private let delay: Duration
  private let secondsPerByte: Double
  /// The time until which the link is busy.
  private var busyUntil = ContinuousClock.now
  /// The messages that were sent and have not arrived yet, in order.
  private var traveling: [Letter] = []
  private var delivering: [(letter: Letter, transfer: any Transfer)] = []

  /// - Parameters:
  ///   - gigabits: per second; 0: no limit.
  package init(_ inner: any Transport, milliseconds: Double, gigabits: Double) {
    self.inner = inner
    delay = .seconds(milliseconds / 1000)
    secondsPerByte = gigabits > 0 ? 8 / (gigabits * 1e9) : 0
  }

  /// Wraps the transport as the variable asks.
  package static func wrapping(_ transport: any Transport, _ environment: [String: String]) -> any Transport {
    let numbers = (environment[variable] ?? "").split(separator: ",").compactMap { Double($0) }
    guard numbers.count == 2, numbers.allSatisfy({ $0 >= 0 && $0 < 1e6 }) else { return transport }
    return SlowTransport(transport, milliseconds: numbers[0], gigabits: numbers[1])
  }

  package var rank: Int { inner.rank }
  package var count: Int { inner.count }

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws -> any Transfer {
    busyUntil = max(busyUntil, .now) + .seconds(Double(bytes.count) * secondsPerByte)
    traveling.append(Letter(Array(bytes), to: rank, tag: tag, arrives: busyUntil + delay))
    try deliver()
    return Watched(self, leaves: busyUntil, nil)
  }

  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws -> any Transfer {
    Watched(self, leaves: nil, try inner.receive(bytes, from: rank, tag: tag))
  }

  package func close() {
    while !traveling.isEmpty || !delivering.isEmpty { try? deliver() }
    inner.close()
  }

  package func abort(_ status: Int32) { inner.abort(status) }

  /// Delivers the messages that have arrived by now.
  private func deliver() throws {
    while let first = traveling.first, first.arrives <= .now {
      traveling.removeFirst()
      delivering.append((first, try inner.send(UnsafeRawBufferPointer(first.bytes), to: first.rank, tag: first.tag)))
    }
    try delivering.removeAll { try $0.transfer.isDone() }
  }

  /// A copy at a fixed address: the sender may reuse its memory as soon as the message was sent.
  private final class Letter {
    let bytes: UnsafeMutableRawBufferPointer
    let (rank, tag): (Int, Int)
    let arrives: ContinuousClock.Instant

    init(_ bytes: [UInt8], to rank: Int, tag: Int, arrives: ContinuousClock.Instant) {
      self.bytes = .allocate(byteCount: bytes.count, alignment: 16)
      self.bytes.copyBytes(from: bytes)
      (self.rank, self.tag, self.arrives) = (rank, tag, arrives)
    }

    deinit { bytes.deallocate() }
  }

  /// A transfer that also advances the link's messages whenever it is queried.
  private final class Watched: Transfer {
    private let link: SlowTransport
    private let leaves: ContinuousClock.Instant?
    private let inner: (any Transfer)?

    init(_ link: SlowTransport, leaves: ContinuousClock.Instant?, _ inner: (any Transfer)?) {
      (self.link, self.leaves, self.inner) = (link, leaves, inner)
    }

    func isDone() throws -> Bool {
      try link.deliver()
      if let leaves, ContinuousClock.now < leaves { return false }
      return try inner?.isDone() ?? true
    }
  }
}
