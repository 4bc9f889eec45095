import Basics
import Testing

@testable import Evaluation

@Suite("Principal components")
struct PrincipalComponentsTests {
  @Test("finds the directions of most and second most variance, and their shares")
  func directions() {
    var random = SeededRandom(seed: 3)
    let (a, b) = ([0.6, 0.8, 0.0], [0.0, 0.0, 1.0])
    var (rows, truth) = ([Float](), [(Double, Double)]())
    for _ in 0..<500 {
      let (x, y) = (10 * random.normal(), 3 * random.normal())
      truth.append((x, y))
      for i in 0..<3 { rows.append(Float(7 + x * a[i] + y * b[i])) }
    }
    let found = PrincipalComponents(rows, width: 3, components: 2)
    let (meanX, meanY) = (Scores.mean(truth.map(\.0)), Scores.mean(truth.map(\.1)))
    for (place, (x, y)) in zip(found.places, truth) {
      #expect(abs(place[0] - (x - meanX)) < 0.2 && abs(place[1] - (y - meanY)) < 0.2)
    }
    #expect(found.shares[0] > 0.88 && abs(found.shares[0] + found.shares[1] - 1) < 1e-6)
  }

  @Test("rows that are all equal have the same coordinates")
  func constant() {
    let found = PrincipalComponents([1, 2, 1, 2, 1, 2], width: 2, components: 2)
    #expect(found.places.allSatisfy { $0 == [0, 0] } && found.shares == [0, 0])
  }
}
