// The inputs of a running action, by name, and the records of the actions that produced them. Bytes are read on demand,
// from the current run or from the store.

import Basics

/// The resolved inputs of a running action.
package struct ActionInputs: Sendable {
  /// The position of the action in the plan.
  package let position: Int
  let action: Action
  /// In the order of `action.inputs`.
  let digests: [Digest]
  /// The record each input comes from; nil for one from outside the graph.
  let upstream: [ActionRecord?]
  let source: any ArtifactSource

  /// In byte order.
  package var names: [String] { action.inputs.elements.map(\.name) }

  /// - Throws: `Failure` if the action has no input of this name; so do the other methods.
  package func digest(_ name: String) throws -> Digest { digests[try position(name)] }

  /// - Throws: `Failure` also for an input from outside the graph, because the engine knows only its digest.
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
