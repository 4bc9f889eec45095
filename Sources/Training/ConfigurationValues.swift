import Basics

extension TrainingConfiguration {
  /// All values by their paths in canonical JSON, such as `optimizer.weightDecay`.
  package func values() throws -> [String: String] {
    let fields = try CanonicalJSON.decode(
      [String: Field].self, from: try CanonicalJSON.bytes(self), source: "configuration")
    return Dictionary(uniqueKeysWithValues: fields.flatMap { $1.texts(under: $0) })
  }

  /// A Boolean, a number or a text, or a group of fields by name.
  private enum Field: Decodable {
    case text(String)
    case group([String: Field])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let flag = try? value.decode(Bool.self) {
        self = .text("\(flag)")
      } else if let whole = try? value.decode(Int64.self) {
        self = .text("\(whole)")
      } else if let number = try? value.decode(Double.self) {
        self = .text("\(number)")
      } else if let text = try? value.decode(String.self) {
        self = .text(text)
      } else {
        self = .group(try value.decode([String: Field].self))
      }
    }

    func texts(under name: String) -> [(String, String)] {
      switch self {
      case .text(let text): [(name, text)]
      case .group(let fields): fields.flatMap { $1.texts(under: "\(name).\($0)") }
      }
    }
  }
}
