import Testing

@testable import Evaluation

@Suite("Partitions")
struct PartitionTests {
  private let folds = ["1", "2", "10", "1", "2"]

  @Test("each fold is tested once, in numeric order")
  func each() {
    let partitions = Partition.folds(folds, testFolds: [])
    #expect(partitions.map(\.name) == ["1", "2", "10"])
    #expect(partitions[1] == Partition(name: "2", train: [0, 2, 3], test: [1, 4]))
  }

  @Test("named folds together form one test set")
  func together() {
    #expect(
      Partition.folds(folds, testFolds: ["10", "1"]) == [Partition(name: "1+10", train: [1, 4], test: [0, 2, 3])])
  }

  @Test("a share has its part of every class, larger shares contain smaller ones, and the seed changes them")
  func shares() {
    let names = (0..<100).map { "clip \($0)" }
    let targets = Targets((0..<100).map { [$0 < 20 ? "few" : "many"] })
    let all = Array(0..<100)
    let cut = { (share: Double, seed: UInt64) in
      StratifiedChoice.split(
        all, share: share, atLeast: 1, names: names, targets: targets, seed: seed, purpose: "labels")
    }
    let (quarter, half) = (cut(0.25, 0).chosen, cut(0.5, 0).chosen)
    #expect(quarter.count { $0 < 20 } == 5 && quarter.count { $0 >= 20 } == 20)
    #expect(Set(quarter).isSubset(of: half) && half.count == 50)
    #expect(cut(0.25, 1).chosen != quarter)
    #expect(cut(0.001, 0).chosen.count == 2)
    #expect(Set(cut(0.25, 0).others).isDisjoint(with: quarter) && cut(0.25, 0).others.count == 75)
  }

  @Test("too few clips leave nothing to set aside")
  func tooFew() {
    let names = (0..<6).map { "clip \($0)" }
    let targets = Targets((0..<6).map { ["\($0 % 3)"] })
    let partition = Partition(name: "t", train: Array(0..<6), test: [])
    let (fit, validation) = StratifiedChoice.validation(partition, names: names, targets: targets, seed: 0)
    #expect(fit == Array(0..<6) && validation.isEmpty)
  }

  @Test("curves cross between the points where their order changes, on a logarithmic axis")
  func crossing() {
    func spread(_ values: Double...) -> [Spread] { values.map { Spread([$0]) } }
    var curve = LabelCurve(
      score: "accuracy", fractions: [0.01, 0.1, 1], clips: [1, 10, 100],
      lines: [
        .init(row: "frozen", points: spread(0.5, 0.6, 0.7)), .init(row: "supervised", points: spread(0.1, 0.5, 0.8)),
      ])
    let crossing = curve.crossing(of: "supervised", over: "frozen") ?? 0
    #expect(abs(crossing - 0.1 * 10.0.squareRoot()) < 1e-9)
    curve.lines[1].points = spread(0.1, 0.2, 0.3)
    #expect(curve.crossing(of: "supervised", over: "frozen") == nil)
  }
}
