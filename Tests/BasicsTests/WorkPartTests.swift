import Testing

@testable import Basics

@Suite("Parts of the work")
struct WorkPartTests {
  @Test("every name belongs to exactly one part, and the parts have similar sizes")
  func partition() throws {
    for count in [1, 2, 7, 64] {
      let parts = try (0..<count).map { try #require(WorkPart(index: $0, count: count)) }
      var sizes = [Int](repeating: 0, count: count)
      for k in 0..<6400 {
        let name = "videos/clip \(k).mp4"
        let owners = parts.filter { $0.owns(name) }
        #expect(owners.count == 1 && owners[0].index == WorkPart.index(of: name, count: count))
        sizes[owners[0].index] += 1
      }
      // The standard deviation of a part's size is the square root of its mean; chance never exceeds six of them.
      let mean = 6400 / Double(count)
      #expect(sizes.allSatisfy { abs(Double($0) - mean) < 6 * mean.squareRoot() + 1 }, "\(sizes)")
    }
  }

  @Test("the part of a name never changes, so machines with different versions can share the work")
  func frozen() {
    let parts = ["a.mp4", "b/c.mkv", "ü.mp4", ""].map { WorkPart.index(of: $0, count: 1000) }
    // SHA-256 of each name, the first 16 hexadecimal digits as a number, modulo 1000; computed with Python.
    #expect(parts == [848, 307, 886, 652])
  }

  @Test(
    "reads i/n and nothing else",
    arguments: [
      ("0/1", "0/1"), ("3/8", "3/8"), ("007/8", "7/8"), ("99998/99999", "99998/99999"), ("8/8", nil), ("1/0", nil),
      ("-1/8", nil), ("1/8/9", nil), ("1", nil), ("", nil), ("/", nil), ("1/", nil), (" 1/8", nil), ("1/8 ", nil),
      ("+1/8", nil), ("0/100000", nil), ("1.0/8", nil), ("9999999999999999999999/8", nil), ("１/８", nil),
    ])
  func spelled(text: String, part: String?) {
    #expect(WorkPart(text)?.description == part)
  }

  @Test("is written with five digits in file names")
  func fileName() throws {
    #expect(try #require(WorkPart("3/8")).fileName == "00003-of-00008")
    #expect(try #require(WorkPart("12345/99999")).fileName == "12345-of-99999")
  }

  @Test("any text is parsed or refused")
  func anyText() throws {
    var random = SeededRandom(seed: 7)
    let alphabet = Array("0189/-auto x")
    for _ in 0..<20_000 {
      let text = String(
        (0..<Int(random.next() % 12)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
      if let part = WorkPart(text) { #expect((0..<part.count).contains(part.index)) }
      if case .automatic(let count?) = PartChoice(text) { #expect(count > 0) }
    }
  }
}

@Suite("The part that the environment selects")
struct PartEnvironmentTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var variables: [String: String]
    var flag: String
    /// `i/n from VARIABLE`; nil if it is refused.
    var expected: String?

    init(_ flag: String, _ variables: [String: String], _ expected: String?) {
      (self.variables, self.flag, self.expected) = (variables, flag, expected)
    }

    var testDescription: String { "\(flag) \(variables)" }
  }

  private static func array(_ id: String, _ min: String, _ max: String, _ count: String, step: String? = nil)
    -> [String: String]
  {
    var variables = [
      "SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": min, "SLURM_ARRAY_TASK_MAX": max,
      "SLURM_ARRAY_TASK_COUNT": count,
    ]
    variables["SLURM_ARRAY_TASK_STEP"] = step
    return variables
  }

  static let rows: [Row] = [
    // With a plain part in the flag, the environment is ignored.
    Row("3/8", [:], "3/8 from --part"),
    Row("3/8", ["PIPELINE_PART": "1/2", "SLURM_PROCID": "5", "SLURM_NTASKS": "6"], "3/8 from --part"),
    // Each source once.
    Row("auto", ["PIPELINE_PART": "1/2"], "1/2 from PIPELINE_PART"),
    Row("auto", ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4"], "2/4 from OMPI_COMM_WORLD_RANK"),
    Row("auto", ["PMI_RANK": "0", "PMI_SIZE": "3"], "0/3 from PMI_RANK"),
    Row("auto", array("3", "0", "6", "7"), "3/7 from SLURM_ARRAY_TASK_ID"),
    Row("auto", ["SLURM_PROCID": "7", "SLURM_NTASKS": "8"], "7/8 from SLURM_PROCID"),
    Row("auto/5", ["JOB_COMPLETION_INDEX": "4"], "4/5 from JOB_COMPLETION_INDEX"),
    Row("auto", ["CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"], "0/4 from CI_NODE_INDEX"),
    Row("auto", ["CI_NODE_INDEX": "4", "CI_NODE_TOTAL": "4"], "3/4 from CI_NODE_INDEX"),
    // The first variable that is set decides.
    Row(
      "auto", ["PIPELINE_PART": "0/9", "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4"],
      "0/9 from PIPELINE_PART"),
    Row(
      "auto", ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4", "PMI_RANK": "1", "PMI_SIZE": "2"],
      "2/4 from OMPI_COMM_WORLD_RANK"),
    Row(
      "auto", ["PMI_RANK": "1", "PMI_SIZE": "2"].merging(array("3", "0", "6", "7")) { a, _ in a }, "1/2 from PMI_RANK"),
    Row(
      "auto", ["SLURM_PROCID": "0", "SLURM_NTASKS": "1"].merging(array("3", "0", "6", "7")) { a, _ in a },
      "3/7 from SLURM_ARRAY_TASK_ID"),
    Row(
      "auto", ["SLURM_PROCID": "1", "SLURM_NTASKS": "2", "CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"],
      "1/2 from SLURM_PROCID"),
    // An empty variable counts as not set.
    Row("auto", ["PIPELINE_PART": "", "PMI_RANK": "1", "PMI_SIZE": "2"], "1/2 from PMI_RANK"),
    // Arrays with an offset, with a step, without a maximum, with gaps.
    Row("auto", array("12", "10", "16", "7"), "2/7 from SLURM_ARRAY_TASK_ID"),
    Row("auto", array("1", "1", "7", "7", step: "1"), "0/7 from SLURM_ARRAY_TASK_ID"),
    Row("auto", array("15", "0", "20", "5", step: "5"), "3/5 from SLURM_ARRAY_TASK_ID"),
    Row("auto", array("13", "1", "20", "7", step: "3"), "4/7 from SLURM_ARRAY_TASK_ID"),
    Row(
      "auto", ["SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_MIN": "2", "SLURM_ARRAY_TASK_COUNT": "3"],
      "2/3 from SLURM_ARRAY_TASK_ID"),
    Row("auto", array("11", "5", "11", "5", step: "1"), "6/7 from SLURM_ARRAY_TASK_ID, 2 unowned"),
    Row("auto", array("7", "5", "11", "5"), "2/7 from SLURM_ARRAY_TASK_ID, 2 unowned"),
    Row("auto", array("5", "5", "5", "1"), "0/1 from SLURM_ARRAY_TASK_ID"),
    // With a count in the flag, a task's id is its part: windows of 1,000, and only lost tasks.
    Row("auto/3000", array("1999", "1000", "1999", "1000"), "1999/3000 from SLURM_ARRAY_TASK_ID"),
    Row("auto/3000", array("0", "0", "999", "1000"), "0/3000 from SLURM_ARRAY_TASK_ID"),
    Row("auto/7", array("5", "3", "5", "2"), "5/7 from SLURM_ARRAY_TASK_ID"),
    Row("auto/7", array("7", "1", "7", "7"), nil),
    // Incomplete, invalid and contradictory values.
    Row("auto", [:], nil),
    Row("auto/4", [:], nil),
    Row("auto", ["PIPELINE_PART": "8/8"], nil),
    Row("auto", ["PIPELINE_PART": "3"], nil),
    Row("auto/4", ["PIPELINE_PART": "1/2"], nil),
    Row("auto", ["OMPI_COMM_WORLD_RANK": "2"], nil),
    Row("auto", ["OMPI_COMM_WORLD_RANK": "two", "OMPI_COMM_WORLD_SIZE": "4"], nil),
    Row("auto", ["OMPI_COMM_WORLD_RANK": "4", "OMPI_COMM_WORLD_SIZE": "4"], nil),
    Row("auto/8", ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4"], nil),
    Row("auto/4", ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4"], "2/4 from OMPI_COMM_WORLD_RANK"),
    Row("auto", ["JOB_COMPLETION_INDEX": "4"], nil),
    Row("auto/4", ["JOB_COMPLETION_INDEX": "4"], nil),
    Row("auto", ["CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "4"], nil),
    Row("auto", ["CI_NODE_INDEX": "5", "CI_NODE_TOTAL": "4"], nil),
    Row("auto", ["SLURM_ARRAY_TASK_ID": "3"], nil),
    Row("auto", array("3", "4", "6", "3"), nil),
    Row("auto", array("9", "4", "6", "3"), nil),
    Row("auto", array("3", "0", "6", "0"), nil),
    Row("auto", array("3", "0", "6", "7", step: "0"), "3/7 from SLURM_ARRAY_TASK_ID"),
    Row("auto", ["PMI_RANK": "-1", "PMI_SIZE": "4"], nil),
  ]

  @Test("is read from the first variables that are set", arguments: rows)
  func table(row: Row) throws {
    let choice = try #require(PartChoice(row.flag))
    let found = Result { try PartEnvironment(row.variables).part(choice) }
    switch found {
    case .success(let chosen):
      let unowned = chosen.unowned > 0 ? ", \(chosen.unowned) unowned" : ""
      #expect("\(chosen.part) from \(chosen.source)\(unowned)" == row.expected)
    case .failure(let error):
      #expect(row.expected == nil, "\(error)")
      #expect((error as? Failure)?.exit == .usage && (error as? Failure)?.code == "usage.part")
    }
  }

  @Test(
    "all tasks of an array have different parts, whatever its ids",
    arguments: [[0, 1, 2], [5, 7, 9, 10, 11], [3, 13, 23], [8]])
  func arrays(ids: [Int]) throws {
    let steps = Set(zip(ids.dropFirst(), ids).map { $0 - $1 })
    let parts = try ids.map { id in
      let step = steps.count == 1 ? steps.first : nil
      let variables = Self.array(
        "\(id)", "\(ids[0])", "\(ids[ids.count - 1])", "\(ids.count)", step: step.map { "\($0)" })
      return try PartEnvironment(variables).part(.automatic(count: nil)).part
    }
    #expect(Set(parts).count == ids.count && Set(parts.map(\.count)).count == 1)
    if steps.count <= 1 { #expect(parts.map(\.index) == Array(ids.indices) && parts[0].count == ids.count) }
  }

  @Test("signs of a parallel job are reported, other variables are not")
  func signs() {
    #expect(PartEnvironment([:]).sign == nil)
    #expect(PartEnvironment(["SLURM_JOB_ID": "7", "HOME": "/"]).sign == nil)
    #expect(PartEnvironment(["SLURM_PROCID": "0", "SLURM_NTASKS": "1"]).sign == nil)
    #expect(PartEnvironment(Self.array("0", "0", "0", "1")).sign == nil)
    #expect(PartEnvironment(Self.array("3", "0", "6", "7")).sign == "SLURM_ARRAY_TASK_ID is 3")
    #expect(PartEnvironment(["JOB_COMPLETION_INDEX": "2"]).sign == "JOB_COMPLETION_INDEX is 2")
    #expect(PartEnvironment(["CI_NODE_INDEX": "x"]).sign == "CI_NODE_INDEX is x")
  }
}
