import Foundation
import Glibc
import Testing

@testable import Basics

@Suite struct DirectoryNamesTests {
  private let directory = "\(NSTemporaryDirectory())/directory-\(UUID().uuidString)"

  private func make(_ names: [String]) throws {
    try Files.makeDirectory(directory)
    for name in names { try Files.write(name, to: "\(directory)/\(name)") }
  }

  @Test("names are in byte order, also with common prefixes")
  func order() throws {
    defer { try? Files.remove(directory) }
    var random = SeededRandom(seed: 5)
    var names = ["a", "aa", "aaaaaaaaa", "aaaaaaaab", "aaaaaaaa", "B", "é", "z-", "z.", "z_", ".hidden", "..hidden"]
    for _ in 0..<3000 { names.append("same beginning \(random.next() % 1_000_000)") }
    names = Array(Set(names))
    try make(names)
    #expect(try Files.names(in: directory) == names.sorted(by: precedesInBytes))
    let shown = names.filter { !$0.hasPrefix(".") }.sorted(by: precedesInBytes)
    let entries = try Files.entries(in: directory)
    #expect(entries.map(\.name) == shown)
    for (entry, name) in zip(entries, shown) {
      #expect(entry.identity == (try Files.identity("\(directory)/\(name)")))
    }
  }

  @Test("an entry has its own kind, and a name that is not UTF-8 has no identity")
  func kinds() throws {
    defer { try? Files.remove(directory) }
    try make(["file"])
    try Files.makeDirectory("\(directory)/folder")
    symlink("file", "\(directory)/link")
    symlink("nothing", "\(directory)/lost")
    let odd = Array("\(directory)/odd".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
    close(open(odd, O_CREAT | O_WRONLY, 0o644))
    defer { unlink(odd) }
    let entries = try Files.entries(in: directory)
    #expect(entries.map(\.name) == ["file", "folder", "link", "lost", "odd\u{FFFD}"])
    #expect(entries.map { $0.identity?.kind } == [.file, .directory, .link, .link, nil])
    #expect(try Files.names(in: directory) == entries.map(\.name))
    #expect(throws: Failure.self) { try Files.names(in: "\(directory)/file") }
  }

  @Test("an empty directory has no names")
  func empty() throws {
    defer { try? Files.remove(directory) }
    try Files.makeDirectory(directory)
    #expect(try Files.names(in: directory).isEmpty && Files.entries(in: directory).isEmpty)
  }

  @Test("a digest is the same in one piece and in several")
  func digests() {
    for count in [0, 1, 55, 56, 63, 64, 65, 1000] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let builder = DigestBuilder()
      for byte in bytes { builder.update([byte]) }
      #expect(builder.finish() == Digest(of: bytes))
    }
    #expect(Digest(of: "abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
