/// The progress of some work, reported by the code that does it and displayed elsewhere.
package struct WorkProgress: Sendable, Equatable {
  /// What is counted, in the plural: `clips`. Without a total, the current activity: `reading the shards`.
  package var what: String
  package var done: Int
  /// Nil if the total is unknown.
  package var total: Int?

  package init(_ what: String, done: Int = 0, of total: Int? = nil) {
    (self.what, self.done, self.total) = (what, done, total)
  }
}

/// Receives progress from time to time, on the working thread.
package typealias WorkReport = (WorkProgress) -> Void
