import Basics
import Networks

/// A loss that pulls audio embeddings to the teacher's embeddings. It lists the projections and logit scales it trains.
package protocol DistillationLoss: TrainingLoss, SendableMetatype {
  static var name: String { get }
  /// Its purpose, in one line.
  static var purpose: String { get }
  /// The projections it trains, in their order in files.
  /// - Parameters:
  ///   - encoder, teacher: the widths of the two spaces.
  /// - Throws: `loss.width` if the loss cannot compare spaces of these widths.
  static func projections(encoder: Int, teacher: Int) throws -> [Projection]
  static var logitScales: [String] { get }

  init(_ context: LossContext)
}

/// All losses. A new one is one file and one line here.
package let builtInLosses: [any DistillationLoss.Type] = [
  CrossProjectionLoss.self, PlainLoss.self, ImageProjectionLoss.self,
]

/// The loss with that name.
/// - Throws: `loss.unknown`.
package func loss(named name: String) throws -> any DistillationLoss.Type {
  if let found = builtInLosses.first(where: { $0.name == name }) { return found }
  throw Failure(
    "loss.unknown", "no such loss", on: name, expected: builtInLosses.map { $0.name }.joined(separator: ", "),
    hint: nearest(name, in: builtInLosses.map { $0.name }).map { "did you mean \($0)?" }, exit: .usage)
}
