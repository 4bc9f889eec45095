/// Finds which of several patterns fits the longest stretch of text from a place on; of equally long ones the first.
///
/// The patterns are one automaton, whose states are made as texts need them: time grows with the text alone, whatever
/// the patterns look like. Not for several threads at once.
final class PatternMatcher {
  /// A state of the automaton of all patterns: a character, or another way on.
  private enum Node {
    case reads((Unicode.Scalar) -> Bool, next: Int)
    case forks([Int])
    case accepts(Int)
  }

  /// A set of nodes that texts lead to.
  private struct State {
    var nodes: [Int]
    /// The first pattern that ends here.
    var accepted: Int?
    /// Where the most frequent characters lead to: −1 to nowhere, −2 is not known yet.
    var known = [Int32](repeating: -2, count: PatternMatcher.frequent)
  }

  private static let frequent = 0x180
  /// Beyond it states are forgotten and made again: a bound for texts that are made to need many.
  private static let mostStates = 4096

  private var nodes: [Node] = []
  private var states: [State] = []
  private var numbers: [[Int]: Int] = [:]
  /// The nodes at which the patterns begin, with all that forks lead to.
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

  /// - Returns: the node at which the pattern begins.
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

  /// - Parameter limit: how many characters are looked at.
  /// - Returns: the pattern's number and how many characters it takes; nil where none fits.
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

  /// Whether a pattern fits the whole of a text.
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

  /// The state before any character: always the first.
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

  /// All nodes that read or accept and to which forks lead, ascending.
  private func closure(_ from: [Int]) -> [Int] {
    var (found, open) = (Set<Int>(), from)
    while let node = open.popLast() {
      guard found.insert(node).inserted else { continue }
      if case .forks(let ways) = nodes[node] { open += ways }
    }
    return found.filter { if case .forks = nodes[$0] { false } else { true } }.sorted()
  }
}
