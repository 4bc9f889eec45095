import Basics
import Glibc
import Kernels

/// The profile of a training: processor time and work by layer and pass.
///
/// Rows are created before training; each piece of work writes its own slot, so that no lock is needed. Times are from
/// the running thread's processor clock, without the time of other programs and without waiting.
package final class Profile: @unchecked Sendable {
  package struct Row: Sendable {
    package let layer: String
    package let pass: String
    package let kernel: String
    package var seconds = 0.0
    /// Multiplications and additions, those of a direct convolution for any algorithm; 0 if not counted.
    package var operations = 0.0
    package var operationsPerSecond: Double { seconds > 0 ? operations / seconds : 0 }
  }

  private var made: [(row: Row, slots: DoubleBuffer)] = []

  package init() {}

  /// - Parameter slots: the number of pieces of work that may run in parallel.
  package func row(_ layer: String, _ pass: String, kernel: String = "", slots: Int = 1) -> Int {
    made.append((Row(layer: layer, pass: pass, kernel: kernel), DoubleBuffer(2 * slots)))
    return made.count - 1
  }

  package func measure<R>(_ row: Int, slot: Int = 0, operations: Double = 0, _ body: () throws -> R) rethrows -> R {
    let start = Self.threadSeconds()
    defer {
      let cells = made[row].slots.start + 2 * slot
      cells[0] += Self.threadSeconds() - start
      cells[1] += operations
    }
    return try body()
  }

  /// The number of measured steps.
  package private(set) var steps = -1

  /// Counts a step. The times of the first step are discarded, since it also allocates memory for later steps.
  package func stepped() {
    steps += 1
    if steps == 0 { for (_, slots) in made { for i in 0..<slots.count { slots.start[i] = 0 } } }
  }

  package var rows: [Row] {
    made.map { row, slots in
      var row = row
      for slot in 0..<slots.count / 2 {
        row.seconds += slots.start[2 * slot]
        row.operations += slots.start[2 * slot + 1]
      }
      return row
    }
  }

  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

extension Profile? {
  /// Measures `body` if there is a profile; else only runs it.
  package func measure<R>(_ row: Int?, slot: Int = 0, operations: Double = 0, _ body: () throws -> R) rethrows -> R {
    guard let self, let row else { return try body() }
    return try self.measure(row, slot: slot, operations: operations, body)
  }
}
