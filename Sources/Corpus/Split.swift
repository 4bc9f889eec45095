import Basics

package enum Split: String, Sendable, Codable, CaseIterable, Comparable {
  case train, validation, test

  package static func < (a: Self, b: Self) -> Bool { a.order < b.order }

  private var order: Int {
    switch self {
    case .train: 0
    case .validation: 1
    case .test: 2
    }
  }

  /// The names that manifests use.
  package init?(manifest text: String) {
    switch text.lowercased() {
    case "train", "training": self = .train
    case "validation", "valid", "val", "dev": self = .validation
    case "test", "eval", "evaluation": self = .test
    default: return nil
    }
  }

  /// If there are fewer validation clips than this, they join the training split.
  package static let fewestValidationClips = 20
}
