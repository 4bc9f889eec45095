import Basics
import Corpus
import Testing

/// What every reason in the list holds to.
@Suite("Every reason")
struct ReasonContractTests {
  @Test("has a code of its own, of the form domain.word")
  func codes() {
    let codes = builtInReasons.map(\.code.rawValue)
    #expect(Set(codes).count == codes.count)
    for code in codes { #expect(code.wholeMatch(of: /[a-z]+(\.[a-z]+){1,2}/) != nil, "\(code)") }
  }

  @Test("says in a line what it means, and each says something else")
  func meanings() {
    for reason in builtInReasons {
      #expect(reason.meaning.wholeMatch(of: /[a-zA-Z].{9,89}[^.\s]/) != nil, "\(reason.code): \(reason.meaning)")
    }
    #expect(Set(builtInReasons.map(\.meaning)).count == builtInReasons.count)
  }

  @Test("can be moved across by its code, and a code that is nearly one is answered with it")
  func policies() throws {
    for reason in builtInReasons {
      let code = reason.code.rawValue
      let finding = Finding(reason.code, "seen")
      #expect(try VerdictPolicy().leavesOut(finding) == (reason.effect == .leavesOut), "\(code)")
      #expect(try VerdictPolicy(leaveOut: [code]).leavesOut(finding), "\(code)")
      #expect(try !VerdictPolicy(keep: [code]).leavesOut(finding), "\(code)")
      #expect(throws: Failure.self) { try VerdictPolicy(leaveOut: [code], keep: [code]) }
      #expect(throws: Failure.self) { try VerdictPolicy.known(code + "x") }
    }
  }

  @Test("what a run says of itself is not kept for the next: only reasons that the same bytes give again are final")
  func finality() {
    let passing = builtInReasons.filter { !$0.isFinal }
    #expect(!passing.isEmpty && passing.allSatisfy { $0.effect == .leavesOut })
  }
}
