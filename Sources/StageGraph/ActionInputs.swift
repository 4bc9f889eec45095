// What an action finds when it runs: its inputs by name, and what those that gave them had to say. Bytes are read when
// asked for, from the run in hand or from the store.

import Basics

/// The resolved inputs of an action that runs.
package struct ActionInputs: Sendable {
  /// Of the action among the plan's.
  package let position: Int
  let action: Action
  /// In the order of `action.inputs`.
  let digests: [Digest]
  /// The record each input comes from; nil for one from outside the graph.
  let upstream: [ActionRecord?]
  let source: any ArtifactSource

  /// In byte order.
  package var names: [String] { action.inputs.elements.map(\.name) }

  /// - Throws: `Failure` for a name that the action does not have; so do the others.
  package func digest(_ name: String) throws -> Digest { digests[try position(name)] }

  /// - Throws: `Failure` for an input from outside the graph too: the engine knows only its digest.
  package func artifact(_ name: String) throws -> Artifact {
    let k = try position(name)
    guard case .output(_, let output) = action.inputs.elements[k].input, let artifact = upstream[k]?.output(output)
    else {
      throw Failure.noSuchInput(name, of: action.id)
    }
    return artifact
  }

  package func bytes(_ name: String) throws -> [UInt8] { try source.read(try artifact(name)) }

  /// The record of the action that an input comes from: its outputs, and whether it is final.
  package func record(_ name: String) throws -> ActionRecord {
    guard let record = upstream[try position(name)] else { throw Failure.noSuchInput(name, of: action.id) }
    return record
  }

  /// The summary of the action that an input comes from.
  package func summary(_ name: String) throws -> [UInt8] {
    guard let artifact = try record(name).output(ActionResult.summaryName) else {
      throw Failure.noSuchInput(name, of: action.id)
    }
    return try source.read(artifact)
  }

  private func position(_ name: String) throws -> Int {
    guard let k = action.inputs.elements.firstIndex(where: { sameBytes($0.name, name) }) else {
      throw Failure.noSuchInput(name, of: action.id)
    }
    return k
  }
}
