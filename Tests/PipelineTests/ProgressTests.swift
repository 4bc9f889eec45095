import Basics
import Foundation
import TestSupport
import Testing

@testable import pipeline

@Suite("Progress")
struct ProgressTests {
  @Test("shows count, speed and remaining time; earlier work only counts")
  func counted() {
    var work = Progress.Work(what: "steps", total: 12)
    (work.before, work.done, work.seconds) = (6, 8, 4)
    #expect(work.line == "steps 8/12, 0.5/s, 8 s left")
    work.extra = "epoch 2"
    #expect(work.line == "steps 8/12, 0.5/s, 8 s left  epoch 2")
    let event = work.event
    #expect(event["done"] as? Int == 8 && event["total"] as? Int == 12 && event["secondsLeft"] as? Double == 8)
    #expect(event["perSecond"] as? Double == 0.5 && event["what"] as? String == "steps")
  }

  @Test("before the first item is done, and where the total is unknown, it shows the elapsed time")
  func uncounted() {
    var work = Progress.Work(what: "clips", total: 3)
    work.seconds = 5
    #expect(work.line == "clips 0/3, 5 s" && work.event["secondsLeft"] is NSNull)
    work = Progress.Work(what: "reading the shards")
    work.seconds = 61
    #expect(work.line == "reading the shards, 1 min 1 s" && work.event["done"] == nil)
  }

  @Test("a bar is never wider than the terminal, however narrow that is")
  func width() {
    var work = Progress.Work(what: "clips", total: 40)
    (work.done, work.seconds, work.extra) = (10, 5, "3 left out: 2 clip.short, 1 audio.missing")
    for columns in [1, 10, 39, 79, 200] {
      let bar = work.bar(width: columns)
      #expect(bar.text.count <= columns && bar.filled <= 24, "\(columns)")
    }
    #expect(work.bar(width: 39).text.hasPrefix("[#...] clips 10/40, 2.0/s, 15 s left"))
    #expect(work.bar(width: 200).text.hasPrefix("[######..................] clips"))
  }

  @Test("long work writes to a log within two seconds and a JSON event each second, with numbers as numbers")
  func shown() throws {
    let tool = try Tool()
    defer { tool.remove() }
    // Nobody writes to this pipe for a while, so the program waits for the manifest.
    try Clips.shell(["mkfifo", tool.path("list.csv")])
    try Files.makeDirectory(tool.path("v"))
    try Files.write("no media", to: tool.path("v/x.mp4"))
    for (words, text) in [
      ([], "looking at the files of clips"), (["--json"], #""what":"looking at the files of clips"#),
    ] {
      let (process, output, problems) = try tool.start(["prepare", "v", "--manifest", "list.csv"] + words)
      let writer = Thread {
        Thread.sleep(forTimeInterval: 2.5)
        try? Data("x,0,l,train\n".utf8).write(to: URL(fileURLWithPath: tool.path("list.csv")))
      }
      writer.start()
      process.waitUntilExit()
      let said = words.isEmpty ? problems : output
      let lines = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      #expect(lines.contains(text), "\(words): \(lines)")
    }
  }
}

@Suite("Text on a narrow terminal")
struct NarrowTextTests {
  private func table() -> Table {
    var table = Table()
    table.add("600f90bb5154", "baseline", "2026-11-28 00:05", "a few words that stand at the end of the row")
    table.add("b", "-", "x", "short")
    table.addHeading("run", "name", "trained last", "evaluations")
    return table
  }

  @Test("a table that fits has one line per row; one that nearly fits wraps its last column")
  func wide() {
    #expect(table().text(width: 200) == table().text)
    let lines = table().text(width: 74).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 74 } && lines.count > 3, "\(table().text(width: 74))")
    #expect(lines[2].hasPrefix(String(repeating: " ", count: 42) + "end"))
  }

  @Test("on 40 columns each cell has its own line, with its column's heading")
  func narrow() {
    let text = table().text(width: 40)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 40 }, "\(text)")
    #expect(text.contains("600f90bb5154\n  name: baseline\n  trained last: 2026-11-28 00:05\n"))
  }

  @Test("sentences break between words, and a path stays whole")
  func sentences() {
    let text = TextWrapping.wrapped("one two three four /a/very/long/path/that/does/not/fit/here", width: 12)
    #expect(text == "one two\nthree four\n/a/very/long/path/that/does/not/fit/here")
    #expect(TextWrapping.wrapped("  a b c d e f g h", width: 12) == "  a b c d e\n  f g h")
    #expect(TextWrapping.wrapped("short\nlines", width: 10) == "short\nlines")
  }

  @Test("a number with a unit is a plain number in JSON")
  func machines() {
    #expect(machineFields("value", "24105 MiB")["value"] as? Int == 24105)
    #expect(machineFields("value", "24105 MiB")["unit"] as? String == "MiB")
    #expect(machineFields("value", "1.5")["value"] as? Double == 1.5)
    #expect(machineFields("value", "free to be written at .pipeline")["value"] as? String != nil)
    #expect(machineFields("value", "-")["value"] is NSNull)
  }
}

@Suite("On a terminal", .enabled(if: Python.isThere, "a terminal is made with python3"))
struct TerminalTests {
  /// The lines that a command prints on a terminal of this width, without line ends.
  private func terminal(_ tool: Tool, columns: Int, _ words: [String], variable: String = "") throws -> [String] {
    let text = try Python.run(
      """
      import fcntl, os, pty, struct, sys, termios
      columns, folder, program, extra = int(sys.argv[1]), *sys.argv[2:5]
      words = sys.argv[5].split(chr(31))
      pid, terminal = pty.fork()
      if pid == 0:
          fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
          os.chdir(folder)
          os.environ["TERM"] = "xterm"
          os.environ.pop("NO_COLOR", None)
          if extra: os.environ[extra] = "1"
          os.execv(program, [program] + words)
      said = b""
      while True:
          try: part = os.read(terminal, 65536)
          except OSError: break
          if not part: break
          said += part
      os.waitpid(pid, 0)
      sys.stdout.write(said.decode())
      """, "\(columns)", tool.directory, Tool.program, variable, words.joined(separator: "\u{1F}"))
    return text.replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
  }

  @Test("no line exceeds 40 columns unless a word does; a pipe gets each row on one line")
  func narrow() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let lines = try terminal(tool, columns: 40, ["reasons"])
    #expect(lines.count > 40 && lines.allSatisfy { $0.count <= 40 }, "\(lines.filter { $0.count > 40 })")
    #expect(try tool.run("reasons").output.split(separator: "\n").count < 40)
  }

  @Test("errors are colored, but not with NO_COLOR and not in a pipe")
  func color() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let colored = try terminal(tool, columns: 80, ["prepare", "nowhere"]).joined()
    #expect(colored.contains("\u{1B}[1;31merror:\u{1B}[0m"), "\(colored.debugDescription)")
    let plain = try terminal(tool, columns: 80, ["prepare", "nowhere"], variable: "NO_COLOR").joined()
    #expect(plain.contains("error: ") && !plain.contains("\u{1B}[1"), "\(plain.debugDescription)")
    #expect(try !tool.run("prepare", "nowhere").problems.contains("\u{1B}"))
  }
}
