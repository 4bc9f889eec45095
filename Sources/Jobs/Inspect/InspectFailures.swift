import Basics

/// The error messages of this module.
extension Failure {
  static func fewFormats(_ there: [String]) -> Failure {
    Failure(
      "doctor.formats", "libavformat reads neither MP4 nor Matroska", found: there.joined(separator: ", "),
      hint: "install the distribution's libavformat")
  }

  static func decodersAbsent(_ names: [String]) -> Failure {
    Failure(
      "doctor.decoders", "clips of some common codecs cannot be read", found: "no \(names.joined(separator: ", "))",
      hint: "install the distribution's full libavcodec (libavcodec-extra)")
  }

  static func notWritable(_ path: String) -> Failure {
    Failure(
      "doctor.writable", "nothing can be written here", on: path,
      hint: "name another place with --workspace or --shards")
  }

  static func littleSpace(_ path: String, _ free: Int) -> Failure {
    Failure(
      "doctor.space", "there is little space left", on: path, found: byteText(free),
      hint: "pipeline prepare --dry-run says what is needed; pipeline gc gives back what nothing refers to")
  }

  static func unknownKind(_ path: String, known: [String]) -> Failure {
    Failure(
      "inspect.unknown", "this is nothing that the tool reads or writes", on: path,
      expected: known.joined(separator: ", "), exit: .usage)
  }

  static func damagedLine(_ path: String, _ line: Int) -> Failure {
    Failure("inspect.line", "the JSON cannot be read", on: "\(path), line \(line)")
  }

  package static func unwell(_ count: Int) -> Failure {
    Failure("doctor.problems", "this machine is not ready", found: "\(count) problems", hint: "see the lines above")
  }
}
