import Basics
import Evaluate
import Foundation

/// `NAME=PATH`: a row of a table and the file that it is made from.
struct NamedPath {
  var name: String
  var path: String

  init(_ text: String, flag: String) throws {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex, text.index(after: equals) < text.endIndex
    else {
      throw Failure(
        "usage.\(flag.drop { $0 == "-" })", "the value of \(flag) is a name and a file", on: text,
        expected: "NAME=PATH", exit: .usage)
    }
    (name, path) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}

extension ClassifySettings.Row {
  /// Reads the names of rows, separated by commas.
  static func list(_ text: String) throws -> [Self] {
    try text.split(separator: ",").map { part in
      let name = part.trimmingCharacters(in: .whitespaces)
      guard let row = Self(rawValue: name) else {
        let known = allCases.map(\.rawValue)
        throw Failure(
          "usage.rows", "there is no such row", on: name, expected: known.joined(separator: ", "),
          hint: nearest(name, in: known).map { "did you mean \($0)?" }, exit: .usage)
      }
      return row
    }
  }
}
