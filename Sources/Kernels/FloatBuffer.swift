import Glibc

/// Zeroed floats at a fixed address, aligned for vectors. Large buffers request huge pages. Freed with the last
/// reference.
///
/// Threads may share a buffer because the code around it guarantees that each piece of work writes only its own range.
package final class FloatBuffer: @unchecked Sendable {
  package let count: Int
  package let start: UnsafeMutablePointer<Float>
  private let mapped: Int

  package init(_ count: Int) {
    self.count = count
    mapped = max(1, (count * 4 + 4095) / 4096) * 4096
    // Anonymous pages are already zero and use no memory until they are touched.
    let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { preconditionFailure("no memory for \(mapped) bytes") }
    if mapped >= 4 << 20 { madvise(memory, mapped, MADV_HUGEPAGE) }
    start = memory.bindMemory(to: Float.self, capacity: max(1, count))
  }

  package convenience init(_ values: [Float]) {
    self.init(values.count)
    values.withUnsafeBufferPointer {
      if let source = $0.baseAddress { start.update(from: source, count: values.count) }
    }
  }

  deinit { munmap(start, mapped) }

  package var values: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }

  package subscript(_ range: Range<Int>) -> [Float] {
    Array(UnsafeBufferPointer(start: start + range.lowerBound, count: range.count))
  }

  package func zero() { memset(start, 0, count * 4) }
}

/// Doubles at a fixed address. Threads may write different ranges at the same time.
package final class DoubleBuffer: @unchecked Sendable {
  package let count: Int
  package let start: UnsafeMutablePointer<Double>

  package init(_ count: Int) {
    self.count = count
    start = .allocate(capacity: max(1, count))
    start.initialize(repeating: 0, count: max(1, count))
  }

  deinit { start.deallocate() }
}

/// Bytes at a fixed address. Threads may write different ranges at the same time.
package final class ByteBuffer: @unchecked Sendable {
  package let start: UnsafeMutablePointer<UInt8>

  package init(_ count: Int) {
    start = .allocate(capacity: max(1, count))
    start.initialize(repeating: 0, count: max(1, count))
  }

  deinit { start.deallocate() }
}
