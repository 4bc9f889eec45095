import Basics
import Networks

/// How audio embeddings are pulled to the teacher's embeddings. It says which projections and logit scales it trains.
package protocol DistillationLoss: TrainingLoss, SendableMetatype {
  static var name: String { get }
  /// What it is for, in a line.
  static var purpose: String { get }
  /// The projections it trains, in the order of files.
  /// - Parameters:
  ///   - encoder, teacher: widths of the two spaces.
  /// - Throws: `loss.width` where the loss cannot join spaces of these widths.
  static func projections(encoder: Int, teacher: Int) throws -> [Projection]
  static var logitScales: [String] { get }

  init(_ context: LossContext)
}

/// Every loss there is. A new one is one file and one line.
package let builtInLosses: [any DistillationLoss.Type] = [
  CrossProjectionLoss.self, PlainLoss.self, ImageProjectionLoss.self,
]

/// The loss of that name.
/// - Throws: `loss.unknown`.
package func loss(named name: String) throws -> any DistillationLoss.Type {
  if let found = builtInLosses.first(where: { $0.name == name }) { return found }
  throw Failure(
    "loss.unknown", "no such loss", on: name, expected: builtInLosses.map { $0.name }.joined(separator: ", "),
    hint: nearest(name, in: builtInLosses.map { $0.name }).map { "did you mean \($0)?" }, exit: .usage)
}
