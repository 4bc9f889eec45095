import Basics

/// What data are called in the title of an evaluation.
package enum DataTitle {
  /// The last two parts of a path as it was given, `esc50/meta.csv`: many sets have a file or a directory of one name.
  package static func of(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return parts.isEmpty ? path : parts.suffix(2).joined(separator: "/")
  }
}
