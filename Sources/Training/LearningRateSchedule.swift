import Basics

/// A schedule of the learning rate. Its state is saved with checkpoints.
package protocol LearningRateSchedule: Sendable {
  static var name: String { get }
  init()
  /// The rate of the next epoch.
  /// - Parameter state: the schedule's state; starts empty.
  func rate(base: Double, epoch: Int, epochs: Int, state: [String: Double]) -> Double
  /// Called after each epoch that has a validation loss.
  func observe(validationLoss: Double, base: Double, state: inout [String: Double])
}

/// All schedules.
package let builtInSchedules: [any LearningRateSchedule.Type] = [
  PlateauSchedule.self, CosineSchedule.self, ConstantSchedule.self,
]

package func schedule(named name: String) throws -> any LearningRateSchedule {
  if let found = builtInSchedules.first(where: { $0.name == name }) { return found.init() }
  let names = builtInSchedules.map { $0.name }
  throw Failure(
    "schedule.unknown", "no such schedule", on: name, expected: names.joined(separator: ", "),
    hint: nearest(name, in: names).map { "did you mean \($0)?" }, exit: .usage)
}

/// Divides the rate by ten after more than five validations without a better loss, not below 1e−6, like PyTorch's
/// ReduceLROnPlateau.
package struct PlateauSchedule: LearningRateSchedule {
  package static let name = "plateau"
  private static let patience = 5.0
  private static let floor = 1e-6
  /// A loss counts as better if it is lower by this share.
  private static let threshold = 1e-4

  package init() {}

  package func rate(base: Double, epoch: Int, epochs: Int, state: [String: Double]) -> Double { state["rate"] ?? base }

  package func observe(validationLoss: Double, base: Double, state: inout [String: Double]) {
    let best = state["best"] ?? .infinity
    // A negative loss, such as −CIDEr-D, is better if it is farther from zero by this share.
    let bound = best < 0 ? best * (1 + Self.threshold) : best * (1 - Self.threshold)
    if validationLoss < bound || best == .infinity {
      state["best"] = validationLoss
      state["bad"] = 0
    } else {
      state["bad", default: 0] += 1
    }
    if state["bad", default: 0] > Self.patience {
      state["rate"] = max((state["rate"] ?? base) * 0.1, Self.floor)
      state["bad"] = 0
    }
  }
}

/// Half a cosine from the base rate down to 0 over all epochs.
package struct CosineSchedule: LearningRateSchedule {
  package static let name = "cosine"
  package init() {}
  package func rate(base: Double, epoch: Int, epochs: Int, state: [String: Double]) -> Double {
    base * 0.5 * (1 + cosine(.pi * Double(min(epoch, epochs)) / Double(max(1, epochs))))
  }
  package func observe(validationLoss: Double, base: Double, state: inout [String: Double]) {}
}

package struct ConstantSchedule: LearningRateSchedule {
  package static let name = "constant"
  package init() {}
  package func rate(base: Double, epoch: Int, epochs: Int, state: [String: Double]) -> Double { base }
  package func observe(validationLoss: Double, base: Double, state: inout [String: Double]) {}
}
