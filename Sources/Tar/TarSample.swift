// Groups the members of a tar into samples by webdataset's rules: the key is the path up to the first dot of its last
// component, the rest is the extension, and adjacent members with one key form one sample.

import Basics

package struct TarSample: Sendable {
  package let key: String
  /// In tar order; extensions in lower case.
  package var members: [(extension: String, member: TarMember)]

  package subscript(ending: String) -> TarMember? { members.first { $0.extension == ending }?.member }

  /// Nil for names that webdataset skips: hidden, without a dot, or under a first component of the form `__x__`.
  package static func split(_ name: String) -> (key: String, extension: String)? {
    let base = Files.name(name)
    guard let dot = base.firstIndex(of: "."), dot != base.startIndex else { return nil }
    let first = name.prefix { $0 != "/" }
    if first.hasPrefix("__"), first.hasSuffix("__") { return nil }
    let ending = String(base[base.index(after: dot)...])
    return (String(name.dropLast(ending.count + 1)), ending.lowercased())
  }

  /// If a key occurs again later in the tar, it starts a new sample.
  /// - Throws: `tar.sample` if one sample has an extension twice.
  package static func group(_ members: [TarMember], path: String) throws -> [TarSample] {
    var samples: [TarSample] = []
    for member in members {
      guard let (key, ending) = split(member.name) else { continue }
      // Compares bytes: keys that only look the same are different samples.
      guard let last = samples.last, last.key.utf8.elementsEqual(key.utf8) else {
        samples.append(TarSample(key: key, members: [(ending, member)]))
        continue
      }
      guard samples[samples.count - 1][ending] == nil else {
        throw Failure.tar(.twice(member.name, at: member.offset), path)
      }
      samples[samples.count - 1].members.append((ending, member))
    }
    return samples
  }
}
