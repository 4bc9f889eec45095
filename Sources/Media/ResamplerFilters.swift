import CResampler
import Synchronization

/// The resampler's filters of this process: a worker meets the same few sample rates again and again, and making a filter takes
/// longer than using it.
enum ResamplerFilters {
  private struct Kept {
    /// The one used last is last.
    var filters: [(from: Int, to: Int, handle: OpaquePointer)] = []
  }
  private static let kept = Mutex(Kept())
  /// A filter of odd rates takes up to 4 MB.
  private static let most = 8

  /// One caller at a time.
  /// - Throws: `Refusal`: `media.memory`.
  static func use(from: Int, to: Int, _ body: (OpaquePointer) -> Void) throws {
    try kept.withLock { kept in
      let place = kept.filters.firstIndex { $0.from == from && $0.to == to }
      let filter = place.map { kept.filters.remove(at: $0).handle } ?? resampler_make(Int32(from), Int32(to))
      guard let filter else { throw Refusal(.outOfMemory("resampling")) }
      body(filter)
      kept.filters.append((from, to, filter))
      if kept.filters.count > most { resampler_free(kept.filters.removeFirst().handle) }
    }
  }
}
