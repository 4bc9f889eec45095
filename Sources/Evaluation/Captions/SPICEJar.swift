import Basics

/// SPICE, computed by its authors' program, which the user must provide: `spice-1.0.jar` with Stanford CoreNLP 3.6.0
/// and its models in `lib/` beside it, run as pycocoevalcap does.
package struct SPICEJar: Sendable {
  private let jar: String

  /// - Throws: `spice.jar` if there is no such file.
  package init(_ path: String) throws {
    guard Files.exists(path), !Files.isDirectory(path) else { throw Failure.noSPICE(path) }
    jar = Files.resolved(path) ?? path
  }

  private struct Question: Encodable {
    var imageID: Int
    var test: String
    var refs: [String]

    enum CodingKeys: String, CodingKey {
      case imageID = "image_id"
      case test, refs
    }
  }

  private struct Answer: Decodable {
    struct Scores: Decodable {
      var all: Share
      enum CodingKeys: String, CodingKey { case all = "All" }
    }
    /// Nil if it could not be computed.
    struct Share: Decodable { var f: Double? }
    var imageID: Int
    var scores: Scores

    enum CodingKeys: String, CodingKey {
      case imageID = "image_id"
      case scores
    }
  }

  /// - Returns: one F-score for each candidate; 0 if the program gave none.
  /// - Throws: `spice.failed` with its last lines, `spice.answer` for an unexpected answer.
  package func scores(candidates: [[String]], references: [[[String]]]) throws -> [Double] {
    let directory = try TemporaryDirectory("spice")
    defer { withExtendedLifetime(directory) {} }
    let questions = candidates.indices.map { place in
      Question(
        imageID: place, test: candidates[place].joined(separator: " "),
        refs: references[place].map { $0.joined(separator: " ") })
    }
    let (input, output) = ("\(directory.path)/questions.json", "\(directory.path)/answers.json")
    try Files.write(try CanonicalJSON.bytes(questions), to: input)
    let words = ["java", "-jar", "-Xmx8G", jar, input, "-out", output, "-subset", "-silent"]
    let ending = try ExternalProgram(words: words).run(input: nil, output: nil, in: directory)
    guard ending.status == 0, Files.exists(output) else {
      throw Failure.externalFailed("spice.failed", "SPICE", jar, ending)
    }
    return try Self.scores(ofAnswer: Files.read(output, limit: 1 << 30), count: candidates.count, jar: jar)
  }

  /// - Parameter bytes: a JSON list with an entry for each of `count` candidates, in any order.
  static func scores(ofAnswer bytes: [UInt8], count: Int, jar: String) throws -> [Double] {
    // A score that could not be computed is written as NaN, which is not valid JSON.
    let text = String(decoding: bytes, as: UTF8.self).replacing("NaN", with: "null")
    let answers = try CanonicalJSON.decode([Answer].self, from: Array(text.utf8), source: "SPICE's answer")
    var scores = [Double?](repeating: nil, count: count)
    for answer in answers where scores.indices.contains(answer.imageID) {
      scores[answer.imageID] = answer.scores.all.f ?? 0
    }
    guard answers.count == count, !scores.contains(nil) else {
      throw Failure.spiceAnswer(jar, found: answers.count, expected: count)
    }
    return scores.compactMap(\.self)
  }
}
