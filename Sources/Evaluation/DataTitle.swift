import Basics

/// The name of data in the title of an evaluation.
package enum DataTitle {
  /// The last two components of a path as given, `esc50/meta.csv`: many data sets have a file or a directory of the
  /// same name.
  package static func of(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return parts.isEmpty ? path : parts.suffix(2).joined(separator: "/")
  }
}
