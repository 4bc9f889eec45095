import Basics
import Testing

@testable import pipeline

@Suite("Annotations of a job")
struct JobReportTests {
  @Test("the last annotation counts those that GitHub would not show; reasons with the most clips come first")
  func tenAtMost() {
    let reasons = (1...14).map { JobReport.Reason(title: "left out", code: "r\($0)", count: $0, example: "e") }
    let lines = JobReport.annotations(
      command: "prepare", failure: Failure("x", "y"), reasons: reasons, warnings: ["w"])
    #expect(lines.count == 10)
    #expect(lines[0] == "::error title=pipeline prepare%3A x::y")
    #expect(lines[1] == "::warning title=14 left out%3A r14::e")
    #expect(lines[9] == "::notice title=pipeline prepare::7 more are in the log and the summary")
    #expect(
      JobReport.annotations(command: "a", failure: nil, reasons: [], warnings: ["1\n2, 3: 100%"]) == [
        "::warning title=pipeline a::1%0A2, 3: 100%25"
      ])
  }
}
