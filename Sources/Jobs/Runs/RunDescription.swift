import Basics
import Training

/// `run.json` in a run's directory: what its weights depend on.
package struct RunDescription: Codable, Sendable {
  package var name: String
  package var identity: Digest
  package var configuration: TrainingConfiguration
  package var data: Digest
  package var toolchain: [String: String]
  package var clips: [String: Int]
  package var teacher: String?
  /// Width of the teacher's embeddings; nil means the usual width, which is never written.
  package var teacherWidth: Int?

  /// The run whose weights this one starts from; nil when it starts from random weights or a file.
  package var parent: RunParent?

  package static let usualTeacherWidth = 512

  package init(
    name: String, identity: Digest, configuration: TrainingConfiguration, data: Digest, toolchain: [String: String],
    clips: [String: Int], teacher: String?, teacherWidth: Int
  ) {
    (self.name, self.identity, self.configuration) = (name, identity, configuration)
    (self.data, self.toolchain, self.clips, self.teacher) = (data, toolchain, clips, teacher)
    self.teacherWidth = teacherWidth == Self.usualTeacherWidth ? nil : teacherWidth
  }

  /// Describes a run named after what its weights depend on.
  package init(
    _ configuration: TrainingConfiguration, _ data: TrainingData, toolchain: [String: String], parent: RunParent? = nil
  ) throws {
    let identity = try configuration.identity(data: data.digest, toolchain: toolchain)
    self.init(
      name: identity.short, identity: identity, configuration: configuration, data: data.digest, toolchain: toolchain,
      clips: data.clips, teacher: data.teacher, teacherWidth: data.teacherWidth)
    self.parent = parent
  }

  /// The weights before the first step, for people.
  package var start: String {
    parent?.text ?? configuration.initialWeights.map { "file \($0.short)" } ?? "random weights"
  }

  /// - Parameter directory: the run's directory.
  package init(directory: String) throws {
    let path = "\(directory)/run.json"
    self = try CanonicalJSON.decode(RunDescription.self, from: try Files.read(path, limit: 1 << 20), source: path)
  }
}
