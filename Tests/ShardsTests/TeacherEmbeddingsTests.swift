import Basics
import Corpus
import Tensors
import Testing

@testable import Shards

@Suite struct TeacherEmbeddingsTests {
  static func select(
    _ count: Int, fps: Double?, start: Double = 0, _ duration: Double, file: Double?
  ) throws -> (rows: [Int], codes: [ReasonCode]) {
    let window = TeacherEmbeddings.Window(start: start, duration: duration, fileDuration: file)
    let selection = try TeacherEmbeddings.select(numbered(count), fps: fps, window: window, width: 4)
    let firsts = try selection.rows.map { rows in
      try stride(from: 0, to: rows.elementCount, by: 4).map { try Int(rows.floats()[$0]) - 1 }
    }
    return (firsts ?? [], selection.findings.map(\.code))
  }

  @Test("a clip that is a whole file takes all rows within ten seconds")
  func whole() throws {
    for (count, fps, duration) in [
      (10, 1.0, 10.0), (300, 30, 10), (9, 1, 10), (300, 29.97, 10), (10, 1, 9.7), (250, 25, 10.02),
    ] {
      let (rows, codes) = try Self.select(count, fps: fps, min(10, duration), file: duration)
      #expect(rows == Array(0..<count) && codes == [], "\(count) at \(fps)")
    }
    #expect(try Self.select(11, fps: 1, 10, file: 10.03).rows == Array(0..<10))
  }

  @Test("a clip cut from a longer file takes the rows within it, by time")
  func window() throws {
    let (rows, codes) = try Self.select(60, fps: 1, start: 30, 10, file: 60)
    #expect(rows == Array(30..<40) && codes == [])
    #expect(try Self.select(120, fps: 2, start: 30.25, 2, file: 60).rows == [61, 62, 63, 64])
    #expect(try Self.select(60, fps: 1, start: 55, 10, file: 60).codes == [.embeddingLength])
    #expect(try Self.select(60, fps: 1, start: 70, 10, file: nil).rows == [])
  }

  @Test("rows that do not match the file's actual length are reported")
  func length() throws {
    for count in [8, 12, 300, 1] {
      #expect(try Self.select(count, fps: 1, 10, file: 10).codes == [.embeddingLength], "\(count)")
    }
    #expect(try Self.select(10, fps: 30, 10, file: 10).codes == [.embeddingLength])
    #expect(try Self.select(5, fps: 1, 5, file: 5).codes == [])
  }

  @Test("rows without times are used for short files only, with a warning")
  func untimed() throws {
    let (rows, codes) = try Self.select(7, fps: nil, 10, file: 10.4)
    #expect(rows == Array(0..<7) && codes == [.embeddingUntimed])
    let long = try Self.select(7, fps: nil, 10, file: 10.6)
    #expect(long.rows == [] && long.codes == [.embeddingLength])
  }

  @Test("a wrong width, NaN, Inf and zeros are found, with the row in the file")
  func unsound() throws {
    let window = TeacherEmbeddings.Window(start: 2, duration: 4, fileDuration: 8)
    var values = try numbered(8).floats()
    values[0] = .nan  // outside the window
    values[3 * 4 + 1] = .infinity
    for k in 16..<20 { values[k] = 0 }
    let selection = try TeacherEmbeddings.select(
      Tensor(shape: [8, 4], floats: values), fps: 1, window: window, width: 4)
    #expect(selection.findings == [Finding(.embeddingNonfinite, "row 3"), Finding(.embeddingZero, "row 4")])
    let wide = try TeacherEmbeddings.select(numbered(8), fps: 1, window: window, width: 512)
    #expect(wide.rows == nil && wide.findings.map(\.code) == [.embeddingDimension])
  }

  @Test("float16 and float32 keep their type; float64 and bfloat16 become float32")
  func types() throws {
    let window = TeacherEmbeddings.Window(duration: 4, fileDuration: 4)
    for (type, kept) in [
      (ElementType.float16, ElementType.float16), (.float32, .float32), (.float64, .float32), (.bfloat16, .float32),
    ] {
      let selection = try TeacherEmbeddings.select(numbered(4).converted(to: type), fps: 1, window: window)
      #expect(selection.rows?.type == kept)
      #expect(try selection.rows?.floats() == numbered(4).floats())
      let npy = try #require(try selection.npy())
      #expect(try NumpyFile.read(npy, source: "t") == selection.rows)
    }
  }
}
