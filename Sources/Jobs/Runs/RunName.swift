import Basics

/// The name that a user gave to a run, beside its identity: a file in the run's directory.
///
/// Weights and identity do not depend on it, so it can be changed at any time.
package enum RunName {
  private static let mostCharacters = 64
  /// Words with another meaning where a run is named.
  private static let reserved: Set<String> = ["last", "best"]
  private static let characters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

  private static func path(_ directory: String) -> String { "\(directory)/name" }

  /// Nil when the run has no name or an invalid one.
  package static func read(_ directory: String) -> String? {
    guard let bytes = try? Files.read(path(directory), limit: 256) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    return isUsable(text) ? text : nil
  }

  package static func write(_ name: String, to directory: String) throws {
    try Files.write("\(name)\n", to: path(directory))
  }

  private static func isUsable(_ name: String) -> Bool {
    guard let first = name.first, name.count <= mostCharacters, name.allSatisfy(characters.contains) else {
      return false
    }
    return first != "-" && first != "_" && !reserved.contains(name)
  }

  /// - Throws: `run.name` for an invalid name.
  package static func check(_ name: String) throws {
    guard isUsable(name) else { throw Failure.unusableRunName(name) }
  }

  /// - Parameters:
  ///   - name: the name for the run.
  ///   - run: the identity of that run, which may already have the name.
  /// - Throws: `run.name` for an invalid name, `run.taken` for the name of another run.
  package static func check(_ name: String, for run: String, in list: RunList) throws {
    try check(name)
    if let other = list.runs.first(where: { $0.name != run && ($0.givenName == name || $0.name == name) }) {
      throw Failure.takenRunName(name, by: other.name)
    }
  }
}
