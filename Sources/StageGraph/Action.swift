// One stage applied to resolved inputs: the node of the graph. A graph of 200,000 clips has some 600,000 of them, so
// that an action is an id and one array, and a list may make them as they are asked for. What running one means is left
// to the `Runner`'s caller.

import Basics

/// Which action: its stage, and what it is applied to. Two ids are equal when their bytes are.
package struct ActionID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package var stage: String
  package var subject: String

  package init(stage: String, subject: String) {
    self.stage = stage
    self.subject = subject
  }

  package var description: String { subject.isEmpty ? stage : "\(stage) \(subject)" }

  package static func == (a: Self, b: Self) -> Bool { sameBytes(a.subject, b.subject) && sameBytes(a.stage, b.stage) }

  package static func < (a: Self, b: Self) -> Bool {
    if !sameBytes(a.stage, b.stage) { return precedesInBytes(a.stage, b.stage) }
    return precedesInBytes(a.subject, b.subject)
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(hashOfBytes(subject)) }
}

/// Where an input's bytes come from.
package enum ActionInput: Sendable, Equatable {
  /// Something outside the graph, by its digest.
  case digest(Digest)
  /// An output of another action. `summary` names its summary.
  case output(of: ActionID, named: String)
}

/// A node of the graph.
package struct Action: Sendable {
  package var id: ActionID
  package var inputs: Inputs

  package init(id: ActionID, inputs: Inputs) {
    self.id = id
    self.inputs = inputs
  }

  /// An input by its name.
  package struct NamedInput: Sendable {
    package var name: String
    package var input: ActionInput
  }

  /// Named inputs in byte order of their names. A dictionary literal makes one at the cost of one array.
  package struct Inputs: Sendable, ExpressibleByDictionaryLiteral {
    /// Of a type of its own: arrays of tuples are copied and destroyed by the runtime, element by element.
    package private(set) var elements: [NamedInput]

    package init(dictionaryLiteral elements: (String, ActionInput)...) { self.init(elements) }

    package init(_ inputs: [String: ActionInput]) { self.init(inputs.map { ($0.key, $0.value) }) }

    /// A name that comes twice is refused by the planner.
    package init(_ pairs: [(String, ActionInput)]) {
      elements = pairs.map { NamedInput(name: $0.0, input: $0.1) }
      for k in elements.indices.dropFirst() where !precedesInBytes(elements[k - 1].name, elements[k].name) {
        elements.sort { precedesInBytes($0.name, $1.name) }
        break
      }
    }

    package var count: Int { elements.count }

    package subscript(name: String) -> ActionInput? {
      elements.first { sameBytes($0.name, name) }?.input
    }
  }
}

/// The nodes of a graph, in an order in which each stands after what it takes from. An array of them is one.
package protocol ActionList: Sendable {
  var count: Int { get }
  func id(at position: Int) -> ActionID
  /// The same whenever it is asked for.
  func action(at position: Int) -> Action
}

extension ActionList {
  package func id(at position: Int) -> ActionID { action(at: position).id }
}

extension [Action]: ActionList {
  package func action(at position: Int) -> Action { self[position] }
}
