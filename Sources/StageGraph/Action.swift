// One stage applied to resolved inputs: a node of the graph. A graph of 200,000 clips has about 600,000 actions, so an
// action is only an id and one array, and a list may create its actions on demand. The caller of `Runner` decides how
// an action runs.

import Basics

/// The id of an action: its stage and its subject. Two ids are equal if their bytes are.
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

/// The source of an input's bytes.
package enum ActionInput: Sendable, Equatable {
  /// Something outside the graph, given by its digest.
  case digest(Digest)
  /// An output of another action; the name `summary` means its summary.
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

  /// An input with its name.
  package struct NamedInput: Sendable {
    package var name: String
    package var input: ActionInput
  }

  /// Named inputs in byte order of their names. Creating them from a dictionary literal costs one array.
  package struct Inputs: Sendable, ExpressibleByDictionaryLiteral {
    /// A struct instead of a tuple: the runtime copies and destroys arrays of tuples element by element.
    package private(set) var elements: [NamedInput]

    package init(dictionaryLiteral elements: (String, ActionInput)...) { self.init(elements) }

    package init(_ inputs: [String: ActionInput]) { self.init(inputs.map { ($0.key, $0.value) }) }

    /// The planner rejects a name that occurs twice.
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

/// The nodes of a graph, in an order in which each action comes after the actions it depends on. An array of actions is
/// a list too.
package protocol ActionList: Sendable {
  var count: Int { get }
  func id(at position: Int) -> ActionID
  /// Returns an equal action on every call.
  func action(at position: Int) -> Action
}

extension ActionList {
  package func id(at position: Int) -> ActionID { action(at: position).id }
}

extension [Action]: ActionList {
  package func action(at position: Int) -> Action { self[position] }
}
