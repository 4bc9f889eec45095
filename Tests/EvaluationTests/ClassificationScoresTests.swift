import Testing

@testable import Evaluation

@Suite("Classification scores")
struct ClassificationScoresTests {
  @Test("average precision takes equal scores together, as scikit-learn does")
  func averagePrecision() {
    // sklearn.metrics.average_precision_score([1, 0, 1, 0, 1], [.9, .8, .8, .3, .1]) = 0.77777…
    let value = Scores.averagePrecision([0.9, 0.8, 0.8, 0.3, 0.1], [true, false, true, false, true])
    let expected: Double = 1.0 / 3 + 2.0 / 9 + 1.0 / 5
    #expect(abs((value ?? 0) - expected) < 1e-12)
    #expect(Scores.averagePrecision([0.4, 0.2], [false, false]) == nil)
    #expect(Scores.averagePrecision([1, 1, 1, 1], [true, false, false, false]) == 0.25)
  }

  @Test("the area under the ROC curve counts equal scores half")
  func area() {
    #expect(Scores.areaUnderCurve([0.1, 0.4, 0.35, 0.8], [false, false, true, true]) == 0.75)
    #expect(Scores.areaUnderCurve([1, 1, 1], [true, false, false]) == 0.5)
    #expect(Scores.areaUnderCurve([1, 2], [true, true]) == nil)
  }

  @Test("a NaN score does not stop the evaluation", .timeLimit(.minutes(1)))
  func notFinite() {
    let scores: [Float] = [0.9, .nan, 0.1, .nan, .infinity]
    for relevant in [[true, false, true, false, false], [false, true, false, true, true]] {
      #expect(Scores.averagePrecision(scores, relevant) != nil)
      #expect(Scores.areaUnderCurve(scores, relevant) != nil)
    }
    let all = [Float](repeating: .nan, count: 4)
    #expect(
      ClassificationScores(scores: all, targets: [1, 0, 0, 1], classes: 2, isMultiLabel: false).accuracy == 0.5)
  }

  @Test("d′ of known areas is correct")
  func dPrime() {
    #expect(abs(Scores.dPrime(area: 0.5)) < 1e-9)
    // Φ⁻¹(0.968) · √2; VGGSound's authors print 2.627 for an area of 0.968.
    #expect(abs(Scores.dPrime(area: 0.968) - 2.6195) < 5e-4)
    #expect(Scores.dPrime(area: 1).isFinite)
  }

  @Test("accuracy takes the first of equal top scores, and is absent for several labels")
  func accuracy() {
    let scores = ClassificationScores(
      scores: [1, 1, 0, 2, 3, 1], targets: [1, 0, 0, 1, 0, 1], classes: 2, isMultiLabel: false)
    #expect(scores.accuracy == 2.0 / 3)
    let several = ClassificationScores(
      scores: [1, 0, 0.5, 0.2], targets: [1, 1, 1, 0], classes: 2, isMultiLabel: true)
    #expect(several.accuracy == nil && several.meanAveragePrecision == 0.75)
  }

  @Test("labels become classes in byte order, one or several per clip")
  func targets() {
    let targets = Targets([["b"], ["a", "c"], ["b", "b"]])
    #expect(targets.names == ["a", "b", "c"] && targets.isMultiLabel)
    #expect(targets.matrix([1, 0]) == [1, 0, 1, 0, 1, 0])
    #expect(!Targets([["b"], ["b", "b"]]).isMultiLabel)
  }
}
