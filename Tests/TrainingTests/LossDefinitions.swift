import Foundation
import Networks

/// Losses written out in double precision, row by row, as the reference for the code. A new loss is a line in
/// `definitions`.
enum LossDefinitions {
  typealias Rows = [[Double]]
  /// The loss of audio and teacher rows; row i of one belongs to row i of the other.
  typealias Definition = @Sendable (_ audio: Rows, _ teacher: Rows, _ weights: PlainValues) -> Double

  /// Definitions by the name of the loss.
  static let definitions: [String: Definition] = [
    // ½ · (L(a, f(t); s_i) + L(g(a), t; s_a)).
    "cx": { audio, teacher, weights in
      let inAudio = contrast(audio, projected(teacher, "image_transform", weights), weights["loss_fn_a.logit_scale"][0])
      let inTeacher = contrast(
        projected(audio, "audio_transform", weights), teacher, weights["loss_fn_i.logit_scale"][0])
      return 0.5 * (inAudio + inTeacher)
    },
    // L(a, t; s).
    "clip": { audio, teacher, weights in contrast(audio, teacher, weights["loss_fn.logit_scale"][0]) },
    // L(a, f(t); s).
    "clip-image": { audio, teacher, weights in
      contrast(audio, projected(teacher, "image_transform", weights), weights["loss_fn.logit_scale"][0])
    },
  ]

  /// L(a, b; s): with cosines c_ij of a_i and b_j, half the sum of two means over i: of −log softmax_j(eˢ · c_ij)
  /// and of −log softmax_j(eˢ · c_ji), both at j = i.
  static func contrast(_ a: Rows, _ b: Rows, _ scale: Double) -> Double {
    let cosines = a.map { x in b.map { y in dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot() } }
    let factor = exp(scale)
    var sum = 0.0
    for i in a.indices {
      let (row, column) = (a.indices.map { factor * cosines[i][$0] }, a.indices.map { factor * cosines[$0][i] })
      sum += log(row.reduce(0) { $0 + exp($1) }) - row[i]
      sum += log(column.reduce(0) { $0 + exp($1) }) - column[i]
    }
    return sum / Double(2 * a.count)
  }

  /// W₃ · (d ⊙ max(0, W₀ · x + b₀)) + b₃, where d are the dropout factors.
  static func projected(_ rows: Rows, _ name: String, _ weights: PlainValues) -> Rows {
    let hidden = affine(rows, "\(name).sequential.0", weights)
    let width = hidden[0].count
    let kept = weights.dropout?(name, width) ?? [Float](repeating: 1, count: rows.count * width)
    let active = hidden.enumerated().map { row, values in
      values.enumerated().map { column, value in max(0, value) * Double(kept[row * width + column]) }
    }
    return affine(active, "\(name).sequential.3", weights)
  }

  private static func affine(_ rows: Rows, _ name: String, _ weights: PlainValues) -> Rows {
    let (matrix, bias) = (weights["\(name).weight"], weights["\(name).bias"])
    return rows.map { x in
      bias.indices.map { o in bias[o] + dot(x, Array(matrix[o * x.count..<(o + 1) * x.count])) }
    }
  }

  private static func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
}
