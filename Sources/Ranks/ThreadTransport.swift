import Synchronization

/// Ranks as threads of one process: messages are copied in memory. For tests without MPI.
package final class ThreadTransport: Transport {
  package let rank: Int
  package let count: Int
  private let post: Post
  /// The receives that wait for messages from each address, in the order of the calls; messages are delivered in this
  /// order.
  private var waiting: [Address: [Receiving]] = [:]

  private init(rank: Int, count: Int, _ post: Post) { (self.rank, self.count, self.post) = (rank, count, post) }

  /// One transport for each rank.
  package static func group(_ count: Int) -> [ThreadTransport] {
    let post = Post()
    return (0..<count).map { ThreadTransport(rank: $0, count: count, post) }
  }

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) -> any Transfer {
    post.put(Array(bytes), Address(from: self.rank, to: rank, tag: tag))
    return Sent()
  }

  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) -> any Transfer {
    let transfer = Receiving(self, bytes, Address(from: rank, to: self.rank, tag: tag))
    waiting[transfer.address, default: []].append(transfer)
    return transfer
  }

  /// Delivers messages from an address to the waiting receives.
  private func handOut(_ address: Address) {
    while let first = waiting[address]?.first, let bytes = post.take(address) {
      first.place.copyBytes(from: bytes.prefix(first.place.count))
      first.done = true
      waiting[address]?.removeFirst()
    }
    if waiting[address]?.isEmpty == true { waiting[address] = nil }
  }

  package func close() {}
  package func abort(_ status: Int32) {}

  fileprivate struct Address: Hashable, Sendable {
    var from: Int
    var to: Int
    var tag: Int
  }

  /// The messages that were sent and not received yet.
  fileprivate final class Post: Sendable {
    private let letters = Mutex<[Address: [[UInt8]]]>([:])

    func put(_ bytes: [UInt8], _ address: Address) { letters.withLock { $0[address, default: []].append(bytes) } }

    func take(_ address: Address) -> [UInt8]? {
      letters.withLock { letters in
        guard var waiting = letters[address], !waiting.isEmpty else { return nil }
        let first = waiting.removeFirst()
        letters[address] = waiting.isEmpty ? nil : waiting
        return first
      }
    }
  }

  private final class Sent: Transfer {
    func isDone() -> Bool { true }
  }

  private final class Receiving: Transfer {
    let place: UnsafeMutableRawBufferPointer
    let address: Address
    var done = false
    private unowned let transport: ThreadTransport

    init(_ transport: ThreadTransport, _ place: UnsafeMutableRawBufferPointer, _ address: Address) {
      (self.transport, self.place, self.address) = (transport, place, address)
    }

    func isDone() -> Bool {
      if !done { transport.handOut(address) }
      return done
    }
  }
}
