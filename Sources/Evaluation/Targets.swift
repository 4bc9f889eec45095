import Basics

/// The labels of clips: the classes in byte order, and the classes of each clip.
package struct Targets: Sendable, Equatable {
  package let names: [String]
  /// For each clip, the indices of its classes, ascending.
  package let classes: [[Int]]
  /// Whether some clip has several labels.
  package let isMultiLabel: Bool

  /// - Parameter labels: one or several for each clip.
  package init(_ labels: [[String]]) {
    let names = Set(labels.joined()).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    self.names = names
    classes = labels.map { Set($0).compactMap { numbers[$0] }.sorted() }
    isMultiLabel = labels.contains { Set($0).count > 1 }
  }

  package var count: Int { classes.count }

  /// `[clips, classes]` of zeros and ones, for the clips in `indices`.
  package func matrix(_ indices: [Int]) -> [Float] {
    var values = [Float](repeating: 0, count: indices.count * names.count)
    for (row, index) in indices.enumerated() {
      for number in classes[index] { values[row * names.count + number] = 1 }
    }
    return values
  }
}
