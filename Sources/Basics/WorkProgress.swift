/// How far a piece of work has come: told by whoever does it, shown by whoever has a screen.
package struct WorkProgress: Sendable, Equatable {
  /// What is counted, in the plural: `clips`. Without a total, what is being done: `reading the shards`.
  package var what: String
  package var done: Int
  /// Nil where nobody knows how much there is.
  package var total: Int?

  package init(_ what: String, done: Int = 0, of total: Int? = nil) {
    (self.what, self.done, self.total) = (what, done, total)
  }
}

/// What is told of progress: now and then, by the thread that works.
package typealias WorkReport = (WorkProgress) -> Void
