import Basics
import Corpus
import Testing

/// The contract of every reason in the list.
@Suite("Every reason")
struct ReasonContractTests {
  @Test("has a unique code of the form domain.word")
  func codes() {
    let codes = builtInReasons.map(\.code.rawValue)
    #expect(Set(codes).count == codes.count)
    for code in codes { #expect(code.wholeMatch(of: /[a-z]+(\.[a-z]+){1,2}/) != nil, "\(code)") }
  }

  @Test("has a unique meaning of one line")
  func meanings() {
    for reason in builtInReasons {
      #expect(reason.meaning.wholeMatch(of: /[a-zA-Z].{9,89}[^.\s]/) != nil, "\(reason.code): \(reason.meaning)")
    }
    #expect(Set(builtInReasons.map(\.meaning)).count == builtInReasons.count)
  }

  @Test("can be switched between keep and leave out by its code, and an unknown code is refused")
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

  @Test("reasons that depend on the run are not final: only those that the same bytes give again are")
  func finality() {
    let passing = builtInReasons.filter { !$0.isFinal }
    #expect(!passing.isEmpty && passing.allSatisfy { $0.effect == .leavesOut })
  }
}
