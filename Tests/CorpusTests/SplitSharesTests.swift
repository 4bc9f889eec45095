import Basics
import Corpus
import Testing

@Suite("Splits by source video")
struct SplitSharesTests {
  private let videos = (0..<20_000).map { "video\($0)" }

  @Test("by default one video in twenty is for validation, with the same choice as always")
  func usual() {
    for video in videos.prefix(2000) {
      let isChosen = Digest(of: "split\0\(video)").prefix64 % 20 == 0
      #expect(SplitShares().split(video) == (isChosen ? .validation : .train))
    }
  }

  @Test("shares have the requested sizes, and changing one does not move clips of the other")
  func shares() {
    let (less, more) = (SplitShares(validation: 0.05, test: 0), SplitShares(validation: 0.1, test: 0.2))
    var counts: [Split: Int] = [:]
    for video in videos {
      let (before, after) = (less.split(video), more.split(video))
      counts[after, default: 0] += 1
      #expect(before != .validation || after == .validation)
    }
    #expect(abs(Double(counts[.validation] ?? 0) / 20_000 - 0.1) < 0.01)
    #expect(abs(Double(counts[.test] ?? 0) / 20_000 - 0.2) < 0.01)
    #expect(videos.allSatisfy { SplitShares(validation: 0, test: 0).split($0) == .train })
  }

  @Test("a description of one line")
  func text() {
    #expect(SplitShares().text == "5 % validation, no test")
    #expect(SplitShares(validation: 0, test: 0.125).text == "no validation, 12.5 % test")
  }
}
