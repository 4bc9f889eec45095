import Basics
import Foundation
import TestSupport
import Testing

@testable import Ranks

@Suite("Ranks that work together")
struct RankGroupTests {
  @Test("each rank gets the values of all others, and those of rank 0", arguments: [1, 2, 3, 5, 8])
  func messages(count: Int) throws {
    let results = RankThreads.run(count) { ranks in
      var all = [UInt8](repeating: 0, count: 2 * count)
      (all[2 * ranks.rank], all[2 * ranks.rank + 1]) = (UInt8(ranks.rank), 7)
      try all.withUnsafeMutableBytes { bytes in
        if let start = bytes.baseAddress { try ranks.exchange(start, (0..<count).map { 2 * $0..<2 * $0 + 2 }) }
      }
      let told = try ranks.broadcast(ranks.isFirst ? Array("from rank 0".utf8) : [])
      let texts = try ranks.texts(Array(repeating: UInt8(ranks.rank), count: ranks.rank))
      let union = try ranks.union(ranks.rank == count - 1 ? 2 : 0)
      return (all, String(decoding: told, as: UTF8.self), texts, union)
    }
    #expect(results.count == count)
    for result in results {
      let (all, told, texts, union) = try result.get()
      #expect(all == (0..<count).flatMap { [UInt8($0), 7] })
      #expect(told == "from rank 0" && union == 2)
      #expect(texts == (0..<count).map { Array(repeating: UInt8($0), count: $0) })
    }
  }

  @Test("bulk data is sent in pieces while urgent errands overtake it, then in a second stage", arguments: [2, 3])
  func bulk(count: Int) throws {
    let size = 3_000_001
    let results = RankThreads.run(count) { ranks in
      let (own, received) = (Block(size), Block(size))
      let (first, second) = (Block(1), Block(1))
      for i in 0..<size { own.bytes[i] = UInt8(truncatingIfNeeded: i &* (ranks.rank + 3)) }
      let (next, before) = ((ranks.rank + 1) % count, (ranks.rank + count - 1) % count)
      first.bytes[0] = UInt8(ranks.rank)
      let errand = Errand(
        bulk: true,
        [
          .init(sends: [.init(next, own.bytes)], receives: [.init(before, received.bytes)]) { first.bytes[0] += 1 },
          .init(sends: [.init(next, first.bytes)], receives: [.init(before, second.bytes)]),
        ])
      ranks.start(errand)
      for _ in 0..<20 { #expect(try ranks.union(1) == 1) }
      try ranks.wait(for: errand)
      let isRight = (0..<size).allSatisfy { received.bytes[$0] == UInt8(truncatingIfNeeded: $0 &* (before + 3)) }
      return isRight && second.bytes[0] == UInt8(before) + 1 && ranks.traffic.bytes > size
    }
    for result in results { #expect(try result.get()) }
  }

  private final class Block: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    init(_ count: Int) { bytes = .allocate(byteCount: count, alignment: 64) }
    deinit { bytes.deallocate() }
  }

  @Test("a failure on one rank is reported on all, with the rank, and the others do not hang")
  func together() {
    let results = RankThreads.run(3) { ranks in
      try ranks.together {
        if ranks.rank == 1 { throw Failure("test.broken", "something broke", on: "a file", exit: .locked) }
        return ranks.rank
      }
    }
    for result in results {
      #expect {
        try result.get()
      } throws: { error in
        let failure = error as? Failure
        return failure?.code == "test.broken" && failure?.exit == .locked
          && failure?.subject?.hasPrefix("rank 1 on ") == true && failure?.subject?.hasSuffix(": a file") == true
      }
    }
  }

  @Test("a silent rank is noticed by the next rank, and then by all")
  func lost() {
    let begin = ContinuousClock.now
    let results = RankThreads.run(3, silence: 1) { ranks in
      for turn in 0..<100_000 {
        if ranks.rank == 1, turn == 3 { throw Failure("test.dead", "dead") }
        _ = try ranks.union(0)
      }
    }
    let codes = results.map { result in
      do { try result.get() } catch { return (error as? Failure)?.code ?? "\(error)" }
      return "done"
    }
    #expect(codes == ["ranks.lost", "test.dead", "ranks.lost"])
    #expect(ContinuousClock.now - begin < .seconds(20))
  }

  @Test("a slower link delivers the same data, later")
  func slow() throws {
    let begin = ContinuousClock.now
    let results = RankThreads.run(
      2, wrap: { SlowTransport.wrapping($0, [SlowTransport.variable: "20,0.008"]) },
      { ranks in
        // A link with one megabyte per second and 20 ms latency.
        try ranks.texts(Array(repeating: UInt8(ranks.rank + 1), count: 100_000))
      })
    for result in results { #expect(try result.get().map(\.last) == [1, 2]) }
    #expect(ContinuousClock.now - begin > .milliseconds(120))
  }

  @Test("shares are consecutive, cover everything, and none is larger than necessary")
  func shares() throws {
    for count in 1...9 {
      let shares = try RankThreads.run(count) { ranks in (0...20).map { ranks.shares(of: $0) } }[0].get()
      for (parts, runs) in shares.enumerated() {
        #expect(runs.flatMap { Array($0) } == Array(0..<parts))
        #expect(runs.allSatisfy { $0.count <= (parts + count - 1) / count })
      }
    }
  }
}

@Suite("How the program was started")
struct LaunchTests {
  @Test("mpirun and srun --mpi=pmix give ranks; a single task does not")
  func ranks() throws {
    #expect(try Launch([:]) == nil)
    #expect(try Launch(["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0", "PMI_SIZE": "4"]) == nil)
    #expect(
      try Launch(["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"]) == Launch(rank: 3, count: 4))
    let slurm = ["SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "2", "SLURM_NTASKS": "3"]
    #expect(try Launch(slurm.merging(["PMIX_RANK": "2"]) { $1 }) == Launch(rank: 2, count: 3))
    // A batch script sees the job's number of tasks but is a single process.
    #expect(try Launch(["SLURM_NTASKS": "3", "SLURM_PROCID": "0", "SLURM_JOB_ID": "7"]) == nil)
    // mpirun inside a Slurm step with one task per node.
    #expect(
      try Launch(slurm.merging(["OMPI_COMM_WORLD_SIZE": "6", "OMPI_COMM_WORLD_RANK": "5"]) { $1 })
        == Launch(rank: 5, count: 6))
  }

  @Test("several tasks that cannot find each other are refused with a hint")
  func refused() {
    for (environment, code, hint) in [
      (["SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "2"], "ranks.pmix", "--mpi=pmix"),
      (["PMI_SIZE": "2", "PMI_RANK": "0"], "ranks.foreign", "openmpi-bin"),
    ] {
      #expect {
        try Launch(environment)
      } throws: { error in
        let failure = error as? Failure
        return failure?.code == code && failure?.exit == .usage && failure?.hint?.contains(hint) == true
      }
    }
  }
}
