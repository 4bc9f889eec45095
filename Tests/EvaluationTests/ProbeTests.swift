import Basics
import Kernels
import Testing
import Training

@testable import Evaluation

@Suite("Probes")
struct ProbeTests {
  /// Clips scattered around one center per class.
  private func blobs(_ count: Int, width: Int, classes: Int, spread: Double, seed: UInt64) -> (FeatureRows, Targets) {
    var random = SeededRandom(seed: seed)
    let centres = (0..<classes * width).map { _ in random.normal() }
    var (values, labels) = ([Float](), [[String]]())
    for clip in 0..<count {
      let label = clip % classes
      labels.append(["class \(label)"])
      for i in 0..<width { values.append(Float(5 + 3 * (centres[label * width + i] + spread * random.normal()))) }
    }
    return (FeatureRows(values, width: width), Targets(labels))
  }

  private func accuracy(_ probe: any Probe.Type, _ rows: FeatureRows, _ targets: Targets) throws -> Double {
    let all = Array(0..<rows.count)
    let (fit, validation, test) = (
      all.filter { $0 % 10 < 5 }, all.filter { $0 % 10 == 5 }, all.filter { $0 % 10 > 5 }
    )
    let outcome = try probe.run(
      ProbeData(rows, targets, fit: fit, validation: validation), test: rows.rows(test), seed: 1,
      backend: FastBackend())
    return ClassificationScores(
      scores: outcome.scores, targets: targets.matrix(test), classes: targets.names.count, isMultiLabel: false
    ).accuracy ?? 0
  }

  @Test("every probe learns separable classes, and nothing from random labels")
  func learns() throws {
    let (rows, targets) = blobs(330, width: 20, classes: 3, spread: 0.7, seed: 2)
    var random = SeededRandom(seed: 9)
    let noise = Targets((0..<330).map { _ in ["class \(random.next() % 3)"] })
    for probe in builtInProbes {
      #expect(try accuracy(probe, rows, targets) > 0.95, "\(probe.name)")
      #expect(try accuracy(probe, rows, noise) < 0.5, "\(probe.name)")
    }
  }

  @Test("the hidden layer learns classes that are not linearly separable")
  func exclusiveOr() throws {
    var random = SeededRandom(seed: 4)
    var (values, labels) = ([Float](), [[String]]())
    for _ in 0..<400 {
      let (x, y) = (random.normal(), random.normal())
      values += [Float(x), Float(y)]
      labels.append([x * y > 0 ? "same" : "other"])
    }
    let (rows, targets) = (FeatureRows(values, width: 2), Targets(labels))
    #expect(try accuracy(HiddenLayerProbe.self, rows, targets) > 0.9)
    #expect(try accuracy(LinearProbe.self, rows, targets) < 0.65)
  }

  @Test("a probe's scores depend only on its data and seed")
  func deterministic() throws {
    let (rows, targets) = blobs(60, width: 8, classes: 3, spread: 2, seed: 6)
    let data = ProbeData(rows, targets, fit: Array(0..<40), validation: Array(40..<50))
    for probe in builtInProbes {
      let scores = try (0..<2).map { _ in
        try probe.run(data, test: rows, seed: 3, backend: FastBackend()).scores
      }
      #expect(scores[0] == scores[1], "\(probe.name)")
    }
    let other = try HiddenLayerProbe.run(data, test: rows, seed: 4, backend: FastBackend())
    let again = try HiddenLayerProbe.run(data, test: rows, seed: 3, backend: FastBackend())
    #expect(other.scores != again.scores)
  }

  @Test("logistic regression ends where its gradient is zero")
  func minimum() throws {
    let (rows, targets) = blobs(90, width: 5, classes: 3, spread: 2, seed: 8)
    let standard = Standardiser(rows)(rows)
    let matrix = targets.matrix(Array(0..<90))
    let model = try LinearModel(
      standard, matrix, classes: 3, loss: .softmax, strength: 0.1, FastBackend())
    var slope = [Float](repeating: 0, count: 270)
    _ = LabelLoss.softmax.evaluate(try model.scores(standard), targets: matrix, rows: 90, classes: 3, slope: &slope)
    for c in 0..<3 {
      for i in 0..<5 {
        var gradient = Double(model.weights[c * 5 + i]) / (0.1 * 90)
        for row in 0..<90 { gradient += Double(slope[row * 3 + c]) * Double(standard.values[row * 5 + i]) }
        #expect(abs(gradient) < 1e-4)
      }
    }
  }

  @Test("several labels per clip are learned one against the rest")
  func severalLabels() throws {
    var random = SeededRandom(seed: 12)
    var (values, labels) = ([Float](), [[String]]())
    for _ in 0..<300 {
      let (x, y) = (random.normal(), random.normal())
      values += [Float(x), Float(y)]
      labels.append((x > 0 ? ["right"] : []) + (y > 0 ? ["up"] : []) + ["any"])
    }
    let (rows, targets) = (FeatureRows(values, width: 2), Targets(labels))
    let data = ProbeData(rows, targets, fit: Array(0..<150), validation: Array(150..<200))
    for probe in builtInProbes {
      let outcome = try probe.run(data, test: rows.rows(Array(200..<300)), seed: 0, backend: FastBackend())
      let scores = ClassificationScores(
        scores: outcome.scores, targets: targets.matrix(Array(200..<300)), classes: 3, isMultiLabel: true)
      #expect(scores.meanAveragePrecision > 0.97 && scores.accuracy == nil, "\(probe.name)")
    }
  }

  @Test("the gradients of both label losses equal finite differences")
  func lossGradients() {
    let targets: [Float] = [0, 1, 0, 1, 0, 0]
    let logits: [Float] = [0.3, -1.2, 2, 0.1, 0.5, -0.4]
    for loss in [LabelLoss.softmax, .sigmoid] {
      var slope = [Float](repeating: 0, count: 6)
      _ = loss.evaluate(logits, targets: targets, rows: 2, classes: 3, slope: &slope)
      for i in 0..<6 {
        let values = [-1, 1].map { sign -> Double in
          var moved = logits
          moved[i] += Float(sign) * 0.01
          return loss.evaluate(moved, targets: targets, rows: 2, classes: 3)
        }
        #expect(abs((values[1] - values[0]) / 0.02 - Double(slope[i])) < 1e-4)
      }
    }
  }
}
