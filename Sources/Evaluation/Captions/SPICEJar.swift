import Basics

/// SPICE by its authors' own program, which the user has: `spice-1.0.jar` with Stanford CoreNLP 3.6.0 and its models in
/// `lib/` beside it, run as pycocoevalcap runs it.
package struct SPICEJar: Sendable {
  private let jar: String

  /// - Throws: `spice.jar` where there is no such file.
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
    /// Nothing where it could not be computed.
    struct Share: Decodable { var f: Double? }
    var imageID: Int
    var scores: Scores

    enum CodingKeys: String, CodingKey {
      case imageID = "image_id"
      case scores
    }
  }

  /// - Returns: F-scores, one for each candidate; 0 where the program gave none.
  /// - Throws: `spice.failed` with what it said last, `spice.answer` for another answer than SPICE gives.
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
    // A share that could not be computed is written as NaN, which is no JSON.
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
