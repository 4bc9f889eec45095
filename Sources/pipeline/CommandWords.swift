import ArgumentParser
import Basics

/// Checks a command line before it is parsed, for mistakes that the parser would misunderstand.
enum CommandWords {
  /// - Throws: `usage.command` for a command that does not exist, `usage.dash` for a name that begins with a dash.
  static func check(_ words: [String]) throws {
    guard let first = words.first, !first.hasPrefix("-") else { return }
    if first == "help" { return try checkCommands(words.dropFirst()[...]) }
    try checkCommands(words[...])
    try checkDashes(words[...])
  }

  /// Checks the names of commands and subcommands.
  private static func checkCommands(_ words: ArraySlice<String>) throws {
    var (known, rest, path, takesWords) = (builtInCommands, words, [String](), false)
    while !known.isEmpty, let word = rest.popFirst(), !word.hasPrefix("-") {
      guard let command = known.first(where: { $0._commandName == word }) else {
        // A command with a default subcommand may take words of its own, such as files.
        if takesWords, Files.exists(word) || nearest(word, in: known.map { $0._commandName }) == nil { return }
        throw unknown(word, below: path, known.map { $0._commandName })
      }
      path.append(word)
      known = command.configuration.subcommands
      takesWords = command.configuration.defaultSubcommand != nil
    }
  }

  /// What other tools call some of these commands.
  private static let otherNames = [
    "train": "distill", "fit": "distill", "extract": "prepare", "preprocess": "prepare", "score": "evaluate",
    "test": "evaluate", "info": "inspect", "show": "inspect", "clean": "gc", "check": "verify", "ls": "runs",
    "list": "runs",
  ]

  private static func unknown(_ word: String, below path: [String], _ known: [String]) -> Failure {
    let beginnings = known.filter { $0.hasPrefix(word) }
    let meant = path.isEmpty ? otherNames[word] : nil
    let near = meant ?? (beginnings.count == 1 ? beginnings[0] : nearest(word, in: known))
    let hint = near.map { (["did you mean: pipeline"] + path + [$0]).joined(separator: " ") }
    return Failure(
      "usage.command", "there is no such command", on: (path + [word]).joined(separator: " "),
      expected: path.isEmpty ? nil : known.joined(separator: ", "),
      hint: hint ?? (["pipeline"] + path + ["--help"]).joined(separator: " "), exit: .usage)
  }

  /// A file named `-imD3yh.mp4` would be parsed as many one-letter flags, among them `-h`, which prints the help and
  /// succeeds. No flag here has more than one letter after a single dash.
  private static func checkDashes(_ words: ArraySlice<String>) throws {
    for word in words.prefix(while: { $0 != "--" }) {
      guard word.hasPrefix("-"), !word.hasPrefix("--"), word.count > 2, Double(word) == nil else { continue }
      throw Failure(
        "usage.dash", "this begins with a dash, as flags do, and is none", on: word,
        hint: "a file is named ./\(word); after the word -- nothing is a flag", exit: .usage)
    }
  }
}
