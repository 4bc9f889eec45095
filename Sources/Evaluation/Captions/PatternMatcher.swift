/// Finds which of several patterns matches the longest text from a position on; the first one if several are equally
/// long.
///
/// The patterns form one automaton, whose states are created on demand: the time depends only on the text, whatever the
/// patterns are. Not thread-safe.
final class PatternMatcher {
  /// A node of the automaton of all patterns: a character, or a fork.
  private enum Node {
    case reads((Unicode.Scalar) -> Bool, next: Int)
    case forks([Int])
    case accepts(Int)
  }

  /// A set of nodes that can be reached.
  private struct State {
    var nodes: [Int]
    /// The first pattern that ends here.
    var accepted: Int?
    /// The next states for the most frequent characters: −1 for none, −2 if not known yet.
    var known = [Int32](repeating: -2, count: PatternMatcher.frequent)
  }

  private static let frequent = 0x180
  /// Above this number, states are discarded and created again: this limits memory for malicious texts.
  private static let mostStates = 4096

  private var nodes: [Node] = []
  private var states: [State] = []
  private var numbers: [[Int]: Int] = [:]
  /// The start nodes of the patterns, including those reached through forks.
  private var start: [Int] = []

  init(_ patterns: [TextPattern]) {
    var roots: [Int] = []
    for (number, pattern) in patterns.enumerated() {
      nodes.append(.accepts(number))
      let end = nodes.count - 1
      roots.append(Self.add(pattern, before: end, &nodes))
    }
    start = closure(roots)
  }

  /// - Returns: the start node of the pattern.
  private static func add(_ pattern: TextPattern, before next: Int, _ nodes: inout [Node]) -> Int {
    switch pattern {
    case .one(let fits):
      nodes.append(.reads(fits, next: next))
      return nodes.count - 1
    case .all(let parts): return parts.reversed().reduce(next) { add($1, before: $0, &nodes) }
    case .any(let parts):
      let ways = parts.map { add($0, before: next, &nodes) }
      nodes.append(.forks(ways))
      return nodes.count - 1
    case .times(let part, let least, let most):
      var place = next
      if let most {
        for _ in least..<most {
          let way = add(part, before: place, &nodes)
          nodes.append(.forks([way, next]))
          place = nodes.count - 1
        }
      } else {
        nodes.append(.forks([]))
        place = nodes.count - 1
        let way = add(part, before: place, &nodes)
        nodes[place] = .forks([way, next])
      }
      for _ in 0..<least { place = add(part, before: place, &nodes) }
      return place
    }
  }

  /// - Parameter limit: the maximum number of characters to examine.
  /// - Returns: the pattern's index and the number of matched characters; nil if none matches.
  func longest(_ text: [Unicode.Scalar], from start: Int, limit: Int) -> (pattern: Int, count: Int)? {
    var state = first
    var best: (pattern: Int, count: Int)?
    for place in start..<min(text.count, start + limit) {
      guard let next = follow(state, text[place]) else { break }
      state = next
      if let pattern = states[state].accepted { best = (pattern, place + 1 - start) }
    }
    return best
  }

  /// Whether a pattern matches the whole text.
  func fits(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
    var state = first
    for scalar in text {
      guard let next = follow(state, scalar) else { return false }
      state = next
    }
    return states[state].accepted != nil
  }

  private func follow(_ state: Int, _ scalar: Unicode.Scalar) -> Int? {
    let code = Int(scalar.value)
    if code < Self.frequent, states[state].known[code] > -2 {
      let next = Int(states[state].known[code])
      return next < 0 ? nil : next
    }
    var reached: [Int] = []
    for node in states[state].nodes {
      if case .reads(let fits, let next) = nodes[node], fits(scalar) { reached.append(next) }
    }
    let isForgotten = states.count >= Self.mostStates
    let next = reached.isEmpty ? nil : number(of: closure(reached))
    if code < Self.frequent, !isForgotten { states[state].known[code] = Int32(next ?? -1) }
    return next
  }

  /// The state before any character, which is always the first.
  private var first: Int { states.isEmpty ? number(of: start) : 0 }

  private func number(of nodes: [Int]) -> Int {
    if let known = numbers[nodes] { return known }
    if states.count >= Self.mostStates {
      (states, numbers) = ([], [:])
      _ = first
    }
    let accepted = nodes.compactMap { if case .accepts(let pattern) = self.nodes[$0] { pattern } else { nil } }.min()
    states.append(State(nodes: nodes, accepted: accepted))
    numbers[nodes] = states.count - 1
    return states.count - 1
  }

  /// All nodes that read or accept and that can be reached through forks, ascending.
  private func closure(_ from: [Int]) -> [Int] {
    var (found, open) = (Set<Int>(), from)
    while let node = open.popLast() {
      guard found.insert(node).inserted else { continue }
      if case .forks(let ways) = nodes[node] { open += ways }
    }
    return found.filter { if case .forks = nodes[$0] { false } else { true } }.sorted()
  }
}
