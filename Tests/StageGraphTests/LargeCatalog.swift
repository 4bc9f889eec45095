// A catalog as after building many items in three stages, made without the build, to time a no-op plan.

import Basics
import Foundation
import Testing

@testable import StageGraph

struct LargeCatalog {
  let clips: Int
  let stages = [
    Stage(name: "extract-audio", version: 1, parameters: ["rate": "16000"], toolchain: ["libavcodec": "59.37.100"]),
    Stage(name: "extract-frames", version: 1, parameters: ["fps": "1"], toolchain: ["libavcodec": "59.37.100"]),
    Stage(name: "pair", version: 1, toolchain: [:]),
  ]

  private func names() -> [String] { (0..<clips).map { "AbCdEfGh\(100_000 + $0)_000010" } }

  func actions() -> [Action] {
    var actions: [Action] = []
    actions.reserveCapacity(3 * clips)
    for (k, name) in names().enumerated() {
      let file = Digest(of: "\(k)")
      let (audio, frames) = (
        ActionID(stage: "extract-audio", subject: name), ActionID(stage: "extract-frames", subject: name)
      )
      actions.append(Action(id: audio, inputs: ["file": .digest(file)]))
      actions.append(Action(id: frames, inputs: ["file": .digest(file)]))
      actions.append(
        Action(
          id: ActionID(stage: "pair", subject: name),
          inputs: ["frames": .output(of: frames, named: "frames"), "sound": .output(of: audio, named: "sound")]))
    }
    return actions
  }

  /// Writes records and artifacts without segments, because the plan does not read artifacts.
  func fill(_ workspace: String) throws {
    let catalog = try Catalog.writer(workspace)
    let configurations = try stages.map(catalog.configuration)
    let actions = actions()
    let summary = Artifact(digest: Digest(of: "{}"), size: 2)
    for start in stride(from: 0, to: actions.count, by: 30_000) {
      var (records, locations): ([CommitRecord], [ArtifactLocation]) = ([], [])
      for k in start..<min(start + 30_000, actions.count) {
        let action = actions[k]
        let stage = k % 3
        let inputs = action.inputs.elements.map { element in
          if case .digest(let digest) = element.input { return (name: element.name, digest: digest) }
          return (name: element.name, digest: Digest(of: "\(element.name) \(k / 3)"))
        }
        let output = ["sound", "frames", "pair"][stage]
        let artifact = Artifact(digest: Digest(of: "\(output) \(k / 3)"), size: 100_000)
        let encoding = Fingerprint.encode(stages[stage])
        let body = RecordBody(
          subject: action.id.subject, configuration: configurations[stage],
          fingerprint: Fingerprint.of(encoding: encoding, inputs), inputs: inputs,
          outputs: [(output, artifact), ("summary", summary)], isFinal: true)
        records.append(
          CommitRecord(stage: action.id.stage, subject: action.id.subject, body: body, replaced: nil, payloads: []))
        locations.append(ArtifactLocation(digest: artifact.digest, segment: 0, offset: k, length: 1))
      }
      try catalog.commit(records, locations, segments: [:])
    }
  }

  /// Opens, loads and plans; checks that there is nothing to do.
  func time(_ workspace: String) throws -> String {
    let begin = Date()
    let store = try ArtifactStore(Catalog.reader(workspace))
    let (history, actions) = (try store.history(), actions())
    let load = Date()
    let plan = try Planner.plan(stages: stages, actions: actions, history: history)
    let end = Date()
    #expect(plan.isUpToDate && plan.counts(stage: "pair").upToDate == clips)
    func ms(_ from: Date, _ to: Date) -> String { "\(Int(to.timeIntervalSince(from) * 1000)) ms" }
    return "no-op plan of \(actions.count) actions: graph and load \(ms(begin, load)), plan \(ms(load, end))"
  }
}
