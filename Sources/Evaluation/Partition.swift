import Basics

/// The clips that a classifier is trained on and those it is tested on.
package struct Partition: Sendable, Equatable {
  package var name: String
  /// Indices of clips, ascending.
  package var train: [Int]
  package var test: [Int]
  /// Clips that the data set reserves for validation; if empty, a share of `train` is used.
  package var validation: [Int] = []

  package init(name: String, train: [Int], test: [Int], validation: [Int] = []) {
    (self.name, self.train, self.test, self.validation) = (name, train, test, validation)
  }

  /// The share of the training clips that is used to choose strengths and to end training.
  package static let validationShare = 0.2

  /// Each fold in turn, or `testFolds` together as one test set and all other folds as training set.
  package static func folds(_ folds: [String], testFolds: [String]) -> [Partition] {
    let known = Set(folds).sorted(by: inOrder)
    let sets = testFolds.isEmpty ? known.map { [$0] } : [testFolds.sorted(by: inOrder)]
    return sets.map { test in
      Partition(
        name: test.joined(separator: "+"), train: folds.indices.filter { !test.contains(folds[$0]) },
        test: folds.indices.filter { test.contains(folds[$0]) })
    }
  }

  /// Numbers by value, then text by bytes.
  package static func inOrder(_ a: String, _ b: String) -> Bool {
    switch (Int(a), Int(b)) {
    case (let x?, let y?): x < y
    case (.some, nil): true
    case (nil, .some): false
    default: a.utf8.lexicographicallyPrecedes(b.utf8)
    }
  }
}

/// Random choices among clips, class by class, that depend only on a seed and the clips' names.
package enum StratifiedChoice {
  /// Chooses a share of the clips of each class (by their first label), rounded. Shares are nested: a larger share
  /// contains the smaller one.
  /// - Parameter atLeast: the minimum number of clips chosen in each class.
  /// - Returns: the indices of the chosen and of the other clips, ascending.
  package static func split(
    _ indices: [Int], share: Double, atLeast: Int, names: [String], targets: Targets, seed: UInt64, purpose: String
  ) -> (chosen: [Int], others: [Int]) {
    var chosen: Set<Int> = []
    for (_, members) in Dictionary(grouping: indices, by: { targets.classes[$0].first ?? -1 }) {
      let keys = Dictionary(uniqueKeysWithValues: members.map { ($0, key(names[$0], seed, purpose)) })
      let order = members.sorted { (keys[$0] ?? 0, $0) < (keys[$1] ?? 0, $1) }
      chosen.formUnion(order.prefix(max(atLeast, Int((share * Double(members.count)).rounded()))))
    }
    return (indices.filter(chosen.contains), indices.filter { !chosen.contains($0) })
  }

  private static func key(_ name: String, _ seed: UInt64, _ purpose: String) -> UInt64 {
    var random = SeededRandom(seed: seed, for: "\(purpose)\0\(name)")
    return random.next()
  }

  /// Divides the training clips of a partition into clips for fitting and clips for validation. If there would be fewer
  /// than one validation clip per class on average, there are none.
  package static func validation(
    _ partition: Partition, names: [String], targets: Targets, seed: UInt64
  ) -> (fit: [Int], validation: [Int]) {
    if !partition.validation.isEmpty { return (partition.train, partition.validation) }
    let (validation, fit) = split(
      partition.train, share: Partition.validationShare, atLeast: 0, names: names, targets: targets, seed: seed,
      purpose: "validation")
    let classes = Set(partition.train.compactMap { targets.classes[$0].first }).count
    return validation.count < classes ? (partition.train, []) : (fit, validation)
  }
}
