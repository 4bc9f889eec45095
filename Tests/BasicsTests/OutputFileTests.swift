import Basics
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Files that appear complete or not at all")
struct OutputFileTests {
  @Test("a file has its name only after the commit, and an abandoned one leaves nothing")
  func committed() throws {
    let scratch = try Scratch()
    try Files.write("old", to: scratch["f"])
    do {
      let file = try OutputFile(scratch["f"])
      try file.write("new")
      #expect(try Files.read(scratch["f"]) == Array("old".utf8) && file.count == 3)
      #expect(try Files.names(in: scratch.path).filter(OutputFile.isLeftOver).count == 1)
    }
    #expect(try Files.names(in: scratch.path) == ["f"])
    let file = try OutputFile(scratch["f"])
    try file.write("new")
    try file.commit()
    #expect(try Files.read(scratch["f"]) == Array("new".utf8) && Files.names(in: scratch.path) == ["f"])
  }

  @Test("leftovers of a killed process are removed, and no other files")
  func leftOvers() throws {
    let scratch = try Scratch()
    for name in [".f.123.partial", ".f.9.partial", ".g.123.partial", ".f.lock", "f.partial", "f"] {
      try Files.write("x", to: scratch[name])
    }
    try OutputFile.removeLeftOvers(of: scratch["f"])
    #expect(try Files.names(in: scratch.path) == [".f.lock", ".g.123.partial", "f", "f.partial"])
  }

  @Test("pieces of any size come out in their order")
  func pieces() throws {
    let scratch = try Scratch()
    var expected: [UInt8] = []
    let file = try OutputFile(scratch["f"])
    for (k, size) in [0, 5, (1 << 20) - 1, 3, 1 << 20, 1, (1 << 20) + 1, 7].enumerated() {
      let piece = [UInt8](repeating: UInt8(k), count: size)
      expected += piece
      if k % 2 == 0 { try file.write(piece) } else { try piece.withUnsafeBytes { try file.write(raw: $0) } }
    }
    try file.commit()
    #expect(try Files.read(scratch["f"]) == expected && file.count == expected.count)
  }

  @Test("whichever operation fails, the old or the new file is there", arguments: [3, 1 << 20])
  func faults(size: Int) throws {
    let outcome = try FaultWalk(
      before: { try Files.write("old", to: "\($0)/f") },
      work: { directory in
        let file = try OutputFile("\(directory)/f")
        for k in 0..<3 { try file.write([UInt8](repeating: UInt8(k), count: size)) }
        try file.commit()
      },
      state: { "\(try Digest.ofFile("\($0)/f").short)" }
    ).run()
    #expect(outcome.problems == [])
    // Remove the leftover, open, write, sync, rename, sync the directory.
    #expect(outcome.operations == (size == 3 ? 6 : 8))
  }

  @Test("a file that is written in place does not pass the walk")
  func inPlace() throws {
    let outcome = try FaultWalk(
      before: { try Files.write("old", to: "\($0)/f") },
      work: { directory in
        let descriptor = fileSystem.open("\(directory)/f", O_WRONLY | O_TRUNC)
        guard descriptor >= 0 else { throw Failure.system("open", "f") }
        defer { close(descriptor) }
        try Array("new".utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: "f") }
      },
      state: { String(decoding: try Files.read("\($0)/f"), as: UTF8.self) }
    ).run()
    #expect(outcome.operations == 2)
    #expect(outcome.problems.contains { $0.hasPrefix("operation 2 fails once") && $0.hasSuffix("the state is ") })
    #expect(outcome.problems.contains { $0.hasPrefix("all from operation 2 on") && $0.hasSuffix("the state is n") })
  }

  @Test("a directory that cannot be written to is reported with its path")
  func refused() throws {
    let scratch = try Scratch()
    let failure = #expect(throws: Failure.self) { try Files.write("x", to: scratch["absent/f"]) }
    #expect(failure?.code == "file.create" && failure?.subject == scratch["absent/f"])
    let full = #expect(throws: Failure.self) {
      try FaultyFileSystem(below: scratch.path, .fromThenOn(1, ENOSPC)).inUse { try Files.write("x", to: scratch["f"]) }
    }
    #expect(full?.found == "No space left on device" && full?.hint?.hasPrefix("free some space") == true)
  }
}

@Suite("Files and directories")
struct FilesTests {
  @Test("names are in byte order; removing is recursive, and removing nothing is not an error")
  func directories() throws {
    let scratch = try Scratch()
    try Files.makeDirectory(scratch["a/b/c"])
    for name in ["z", "B", "é", "_", "a.txt"] { try Files.write(name, to: scratch[name]) }
    #expect(try Files.names(in: scratch.path) == ["B", "_", "a", "a.txt", "z", "é"])
    try Files.write("x", to: scratch["a/b/c/d"])
    try Files.remove(scratch["a"])
    try Files.remove(scratch["a"])
    #expect(!Files.exists(scratch["a"]) && Files.isDirectory(scratch.path) && !Files.isDirectory(scratch["z"]))
    #expect(Files.parent("/x") == "/" && Files.parent("x") == "." && Files.parent("a/b") == "a")
    #expect(Files.name("a/b") == "b" && Files.name("b") == "b")
  }

  @Test("removing a link keeps its target")
  func links() throws {
    let scratch = try Scratch()
    try Files.makeDirectory(scratch["real"])
    try Files.write("x", to: scratch["real/f"])
    symlink(scratch["real"], scratch["link"])
    #expect(
      try Files.identityOfLink(scratch["link"]).kind == .link && Files.identity(scratch["link"]).kind == .directory)
    try Files.remove(scratch["link"])
    #expect(Files.exists(scratch["real/f"]) && !Files.exists(scratch["link"]))
  }

  @Test("reading respects its limit and the end of the file, and refuses what is not a file")
  func reading() throws {
    let scratch = try Scratch()
    try Files.write("two", to: scratch["1"])
    func code(_ body: () throws -> Void) -> String? { #expect(throws: Failure.self, performing: body)?.code }
    #expect(code { _ = try Files.read(scratch["1"], limit: 2) } == "file.large")
    let file = try InputFile(scratch["1"])
    #expect(try file.read(at: 1, count: 2) == Array("wo".utf8))
    #expect(code { _ = try file.read(at: 1, count: 3) } == "file.short")
    #expect(code { _ = try file.read(at: -1, count: 1) } == "file.range")
    #expect(mkfifo(scratch["pipe"], 0o600) == 0)
    // Reading a pipe without a writer would wait forever.
    for path in [scratch["pipe"], scratch.path, "/dev/zero"] {
      #expect(code { _ = try InputFile(path) } == "file.kind", "\(path)")
    }
  }

  @Test("settings may come from a pipe, up to a limit")
  func pipe() throws {
    let scratch = try Scratch()
    let pipe = scratch["pipe"]
    #expect(mkfifo(pipe, 0o600) == 0)
    for (limit, expected) in [(200_000, nil), (100_000, "file.large")] as [(Int, String?)] {
      let writer = Thread {
        let descriptor = open(pipe, O_WRONLY)
        let bytes = [UInt8](repeating: 7, count: 100_001)
        signal(SIGPIPE, SIG_IGN)
        var done = 0
        while done < bytes.count, case let count = write(descriptor, Array(bytes[done...]), bytes.count - done),
          count > 0
        {
          done += count
        }
        close(descriptor)
      }
      writer.start()
      var found: String?
      do { #expect(try Files.readStream(pipe, limit: limit).count == 100_001) } catch {
        found = (error as? Failure)?.code
      }
      #expect(found == expected)
    }
    try Files.write("file", to: scratch["f"])
    #expect(try Files.readStream(scratch["f"], limit: 4) == Array("file".utf8))
  }

  @Test("a listing changes with every added, removed or changed file, at any depth")
  func listing() throws {
    let scratch = try Scratch()
    for k in 0..<10 { try Files.write("x", to: scratch["f\(k)"]) }
    try Files.makeDirectory(scratch["deep/er"])
    let first = DirectoryListing([scratch.path])
    #expect(DirectoryListing([scratch.path]) == first && first.count == 11 + 1)
    try Files.write("y", to: scratch["deep/er/f"])
    let second = DirectoryListing([scratch.path])
    #expect(second != first)
    try Files.write("y", to: scratch["deep/.hidden"])
    #expect(DirectoryListing([scratch.path]) == second)
    try Files.write("longer", to: scratch["f3"])
    #expect(DirectoryListing([scratch.path]) != second)
  }
}
