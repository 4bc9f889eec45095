/// Where the bytes of an image are that a page shows more than once: at its first place. The script copies them to the
/// other places.
enum ImagePlace {
  case first(id: String)
  case again(id: String)

  /// The attributes of an `img`.
  static func source(_ place: ImagePlace?, _ bytes: () -> String) -> [(String, String)] {
    switch place {
    case nil: [("src", bytes())]
    case .first(let id): [("id", id), ("src", bytes())]
    case .again(let id): [("data-same", id), ("src", "data:,")]
    }
  }
}

/// Which images a page has shown so far.
struct ImagesShown {
  private var ids: Set<String> = []

  mutating func place(_ id: String) -> ImagePlace { ids.insert(id).inserted ? .first(id: id) : .again(id: id) }
}
