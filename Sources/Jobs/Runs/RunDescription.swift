import Basics
import Training

/// `run.json` in a run's folder: what its weights depend on.
package struct RunDescription: Codable, Sendable {
  package var name: String
  package var identity: Digest
  package var configuration: TrainingConfiguration
  package var data: Digest
  package var toolchain: [String: String]
  package var clips: [String: Int]
  package var teacher: String?
  /// Width of the teacher's vectors; nil is the usual one, which is never written.
  package var teacherWidth: Int?

  package static let usualTeacherWidth = 512

  package init(
    name: String, identity: Digest, configuration: TrainingConfiguration, data: Digest, toolchain: [String: String],
    clips: [String: Int], teacher: String?, teacherWidth: Int
  ) {
    (self.name, self.identity, self.configuration) = (name, identity, configuration)
    (self.data, self.toolchain, self.clips, self.teacher) = (data, toolchain, clips, teacher)
    self.teacherWidth = teacherWidth == Self.usualTeacherWidth ? nil : teacherWidth
  }

  /// - Parameter folder: of the run.
  package init(folder: String) throws {
    let path = "\(folder)/run.json"
    self = try CanonicalJSON.decode(RunDescription.self, from: try Files.read(path, limit: 1 << 20), source: path)
  }
}
