import Basics
import Foundation

/// The group of cooperating ranks, from the point of view of one of them. All ranks must call the same functions in the
/// same order, from one thread each.
package final class RankGroup: @unchecked Sendable {
  /// The group of a process that works alone: nothing is sent.
  package static let alone = RankGroup(nil)

  /// The seconds without a sign of life after which a rank is treated as dead. If `mpirun` started the ranks, it ends
  /// them as soon as one dies.
  package static let silence = 20.0

  package let rank: Int
  package let count: Int
  private let courier: Courier?
  /// Whether all ranks end now, and each knows the reason.
  package private(set) var endsTogether = false

  private init(_ courier: Courier?) {
    self.courier = courier
    (rank, count) = (courier?.rank ?? 0, courier?.count ?? 1)
  }

  /// - Parameters:
  ///   - open: creates the transport, on the thread that will use it.
  package convenience init(
    silence: Double = silence, _ open: @escaping @Sendable () throws -> any Transport
  ) throws {
    self.init(try Courier(silence: silence, open))
  }

  /// Joins the ranks that were started together; returns when all have joined.
  /// - Throws: `ranks.library`, `ranks.count`, `ranks.mpi`.
  package static func join(_ launch: Launch) throws -> RankGroup {
    try RankGroup {
      SlowTransport.wrapping(try MPITransport(launch), ProcessInfo.processInfo.environment)
    }
  }

  /// Whether this is the rank that writes files and reports progress.
  package var isFirst: Bool { rank == 0 }
  package var isAlone: Bool { count == 1 }
  package var traffic: Traffic { courier?.traffic ?? Traffic() }

  /// Divides `parts` numbered pieces of work into one contiguous run per rank: ⌈parts / count⌉ for all but the last
  /// ranks, which get the rest or nothing. No division has a shorter longest run, and this one splits few subtrees.
  package func shares(of parts: Int) -> [Range<Int>] {
    let most = (parts + count - 1) / count
    return (0..<count).map { min(parts, $0 * most)..<min(parts, ($0 + 1) * most) }
  }

  package func share(of parts: Int) -> Range<Int> { shares(of: parts)[rank] }

  // MARK: Messages

  /// Gives an errand to the courier and returns at once.
  package func start(_ errand: Errand) { courier?.start(errand) }

  /// - Throws: `ranks.lost`, `ranks.mpi`.
  package func wait(for errand: Errand) throws { try courier?.wait(for: errand) }

  private func carry(sends: [Errand.Letter] = [], receives: [Errand.Letter] = []) throws {
    let errand = Errand([.init(sends: sends, receives: receives)])
    start(errand)
    try wait(for: errand)
  }

  /// Sends the data of every rank to all ranks.
  /// - Parameter places: for each rank, where its data is or will be stored. The sizes must be the same on all ranks.
  package func exchange(_ places: [[UnsafeMutableRawBufferPointer]]) throws {
    guard !isAlone else { return }
    let others = (1..<count).map { (rank + $0) % count }
    try carry(
      sends: others.flatMap { other in places[rank].map { Errand.Letter(other, $0) } },
      receives: others.flatMap { other in places[other].map { Errand.Letter(other, $0) } })
  }

  /// The same for one array: rank r has the bytes `ranges[r]` of it.
  package func exchange(_ array: UnsafeMutableRawPointer, _ ranges: [Range<Int>]) throws {
    try exchange(ranges.map { [UnsafeMutableRawBufferPointer(start: array + $0.lowerBound, count: $0.count)] })
  }

  /// Sends rank 0's bytes to all ranks, along a tree of ranks.
  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer) throws {
    guard !isAlone else { return }
    var step = 1
    while step < count {
      if rank < step, rank + step < count {
        try carry(sends: [.init(rank + step, bytes)])
      } else if (step..<2 * step).contains(rank) {
        try carry(receives: [.init(rank - step, bytes)])
      } else {
        // Errands must have the same numbers on all ranks.
        try carry()
      }
      step *= 2
    }
  }

  /// Sends rank 0's bytes to all ranks; only rank 0 needs to know their number.
  package func broadcast(_ own: [UInt8]) throws -> [UInt8] {
    guard !isAlone else { return own }
    var size = UInt64(own.count)
    try withUnsafeMutableBytes(of: &size) { try broadcast($0) }
    guard size <= Self.largestText else { throw Failure.otherProtocol(0) }
    var bytes = isFirst ? own : [UInt8](repeating: 0, count: Int(size))
    try bytes.withUnsafeMutableBytes { try broadcast($0) }
    return bytes
  }

  private static let largestText: UInt64 = 64 << 20

  /// Collects a few bytes from each rank, of any number, by rank.
  package func texts(_ own: [UInt8]) throws -> [[UInt8]] {
    guard !isAlone else { return [own] }
    var sizes = [UInt64](repeating: 0, count: count)
    sizes[rank] = UInt64(own.count)
    try sizes.withUnsafeMutableBytes { sizes in
      guard let start = sizes.baseAddress else { return }
      try exchange(start, (0..<count).map { 8 * $0..<8 * ($0 + 1) })
    }
    var ranges: [Range<Int>] = []
    for (rank, size) in sizes.enumerated() {
      guard size <= Self.largestText else { throw Failure.otherProtocol(rank) }
      let start = ranges.last?.upperBound ?? 0
      ranges.append(start..<start + Int(size))
    }
    var all = [UInt8](repeating: 0, count: ranges.last?.upperBound ?? 0)
    all.replaceSubrange(ranges[rank], with: own)
    try all.withUnsafeMutableBytes { all in
      guard let start = all.baseAddress else { return }
      try exchange(start, ranges)
    }
    return ranges.map { Array(all[$0]) }
  }

  /// The union of the bits of all ranks.
  package func union(_ own: UInt8) throws -> UInt8 { try texts([own]).reduce(0) { $0 | ($1.first ?? 0) } }

  // MARK: The end

  /// Marks a failure that every rank has at the same point: all end in order, and rank 0 reports the reason.
  package func shared(_ failure: Failure) -> Failure {
    endsTogether = true
    return failure
  }

  /// Ends in order; all other ranks must do the same.
  package func close() { courier?.close() }

  /// Ends all ranks at once, including this one if the transport can.
  package func abort(_ status: ExitStatus) { courier?.abort(status.rawValue) }
}
