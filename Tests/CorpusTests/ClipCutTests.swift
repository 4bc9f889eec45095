import Basics
import Corpus
import Testing

@Suite("Clips of long files")
struct ClipCutTests {
  private func cut(_ lengths: [Double?], seconds: Int = 10) -> (ClipList, [Int], ClipList.Remainders) {
    let files = lengths.indices.map { SourceFile(path: "f\($0).mp4", name: "f\($0).mp4") }
    var list = ClipList(files: files, manifest: nil)
    let found = list.cutAll(clipSeconds: seconds, lengths: lengths)
    return (list, found.origins, found.remainders)
  }

  @Test("a file up to half a second longer than a clip keeps its id", arguments: [nil, 3.0, 9.6, 10, 10.5])
  func short(length: Double?) {
    let (list, origins, remainders) = cut([length])
    #expect(list.candidates.map(\.idText) == ["f0"] && origins == [0] && remainders == .init())
  }

  @Test("longer files are cut completely; rests too short for a clip are counted")
  func long() {
    let (list, origins, remainders) = cut([29.6, 5, 34.2])
    let ids = ["f0_000000", "f0_000010", "f0_000020", "f1", "f2_000000", "f2_000010", "f2_000020"]
    #expect(list.candidates.map(\.idText) == ids)
    #expect(list.candidates.map(\.startMilliseconds) == [0, 10_000, 20_000, 0, 0, 10_000, 20_000])
    #expect(origins == [0, 0, 0, 1, 2, 2, 2])
    #expect(remainders.count == 1 && abs(remainders.seconds - 4.2) < 1e-9)
    #expect(Set(list.candidates.compactMap { $0.id?.sourceVideo }) == ["f0", "f1", "f2"])
  }

  @Test("an absurd length gives one clip", arguments: [3e6, 4_294_967_295, 1e300, .infinity])
  func absurd(length: Double) {
    #expect(cut([length]).0.candidates.map(\.idText) == ["f0"])
  }

  @Test("clips may have other lengths")
  func lengths() {
    #expect(cut([12.5], seconds: 4).0.candidates.map(\.idText) == ["f0_000000", "f0_000004", "f0_000008"])
  }
}
