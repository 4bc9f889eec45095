/// Named values that differ between two sets.
package enum ValueDifferences {
  /// `learningRate 0.001 then, 0.0005 now`, ordered by name.
  package static func sentences(then: [String: String], now: [String: String]) -> [String] {
    sentences(then, now) { "\($0) \($1) then, \($2) now" }
  }

  /// One sentence for each value that differs, ordered by name.
  ///
  /// - Parameter sentence: made of the name, the value in `first` and the value in `second`; `none` if it has none.
  package static func sentences(
    _ first: [String: String], _ second: [String: String],
    _ sentence: (_ name: String, _ first: String, _ second: String) -> String
  ) -> [String] {
    Set(first.keys).union(second.keys).sorted().filter { first[$0] != second[$0] }.map {
      sentence($0, first[$0] ?? "none", second[$0] ?? "none")
    }
  }
}
