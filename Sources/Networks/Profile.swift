import Basics
import Glibc
import Kernels

/// Where a training's time goes: processor time by layer and pass, with the work done in it.
///
/// Rows are made before training; each piece of work writes a slot of its own, so nothing is locked. Times are of the
/// running thread's processor clock: what others do on the machine does not count, waiting does not count.
package final class Profile: @unchecked Sendable {
  package struct Row: Sendable {
    package let layer: String
    package let pass: String
    package let kernel: String
    package var seconds = 0.0
    /// Multiplications and additions, of a direct convolution whatever the algorithm; 0 where nobody counts them.
    package var operations = 0.0
    package var operationsPerSecond: Double { seconds > 0 ? operations / seconds : 0 }
  }

  private var made: [(row: Row, slots: DoubleBuffer)] = []

  package init() {}

  /// - Parameter slots: pieces of work that may run side by side.
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

  /// Steps measured.
  package private(set) var steps = -1

  /// Counts a step. What the first one took is forgotten: it pays for memory that later ones find.
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
  /// Measures where there is a profile; else just runs.
  package func measure<R>(_ row: Int?, slot: Int = 0, operations: Double = 0, _ body: () throws -> R) rethrows -> R {
    guard let self, let row else { return try body() }
    return try self.measure(row, slot: slot, operations: operations, body)
  }
}
