/// Named values that differ: the old and the new value.
package enum ValueDifferences {
  /// `learningRate 0.001 then, 0.0005 now`, ordered by name.
  package static func sentences(then: [String: String], now: [String: String]) -> [String] {
    Set(then.keys).union(now.keys).sorted().filter { then[$0] != now[$0] }.map {
      "\($0) \(then[$0] ?? "none") then, \(now[$0] ?? "none") now"
    }
  }
}
