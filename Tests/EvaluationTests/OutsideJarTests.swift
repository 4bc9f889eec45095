import Basics
import Foundation
import TestSupport
import Testing

@testable import Evaluation

@Suite("Scores by external programs") struct OutsideJarTests {
  private let task = METEORJar.Task(candidates: [["a", "dog"]], references: [[["a", "dog", "barks"]]])

  @Test("a missing jar, and a file that is not a jar, are reported") func refused() throws {
    let scratch = try Scratch()
    func code(_ body: () throws -> Void) -> String? {
      do { try body() } catch { return (error as? Failure)?.code ?? "\(error)" }
      return nil
    }
    #expect(code { _ = try METEORJar(scratch["none.jar"]) } == "meteor.jar")
    #expect(code { _ = try SPICEJar(scratch["none.jar"]) } == "spice.jar")
    try Files.write("no jar; $(touch \(scratch["ran"]))", to: scratch["it's no.jar"])
    #expect(code { _ = try METEORJar(scratch["it's no.jar"]).scores([task]) } == "meteor.failed")
    #expect(
      code { _ = try SPICEJar(scratch["it's no.jar"]).scores(candidates: task.candidates, references: task.references) }
        == "spice.failed")
    #expect(!Files.exists(scratch["ran"]))
  }

  @Test("SPICE's output gives a score per sentence, 0 if it could not be computed; other output is refused")
  func spiceAnswer() throws {
    let answer = """
      [{"image_id": 1, "scores": {"All": {"pr": 0.5, "re": 0.25, "f": 0.125}}},
       {"image_id": 0, "scores": {"All": {"pr": 0, "re": 0, "f": NaN}}}]
      """
    #expect(try SPICEJar.scores(ofAnswer: Array(answer.utf8), count: 2, jar: "x.jar") == [0, 0.125])
    for (text, count) in [(answer, 3), (answer.replacing("\"image_id\": 0", with: "\"image_id\": 1"), 2), ("{}", 1)] {
      #expect(throws: Failure.self) { try SPICEJar.scores(ofAnswer: Array(text.utf8), count: count, jar: "x.jar") }
    }
  }
}
