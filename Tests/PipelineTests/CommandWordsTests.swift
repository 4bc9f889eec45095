import Basics
import Testing

@Suite("Words of a command line")
struct CommandWordsTests {
  @Test("a default subcommand accepts files; a mistyped subcommand gets the nearest name")
  func files() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("trains"))
    for word in ["trains", "videos/rain.mp4"] {
      let said = try tool.run("caption", word)
      #expect(said.status != 0 && !said.problems.contains("there is no such command"), "\(said)")
    }
    let mistyped = try tool.run("caption", "trian")
    #expect(mistyped.status == 64 && mistyped.problems.contains("did you mean: pipeline caption train"), "\(mistyped)")
  }

  @Test("a command's name in other tools leads to its name here")
  func otherNames() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (word, name) in [("train", "distill"), ("ls", "runs"), ("prep", "prepare"), ("eval", "evaluate")] {
      let said = try tool.run(word)
      #expect(said.status == 64 && said.problems.contains("did you mean: pipeline \(name)"), "\(said)")
    }
  }
}
