// Finds an action by its id among hundreds of thousands: an open-addressing table of positions, hashed by the raw bytes
// of the subject. A dictionary keyed by two strings would take three times as long, on a path that must finish in well
// under a second.

import Basics

/// The positions of actions, by id.
struct ActionIndex: Sendable {
  private let stages: [String]
  private let mask: UInt64
  /// High half: bits of the hash; low half: position + 1, or 0 for an empty slot.
  private var slots: [UInt64]

  /// Reserves space for `capacity` actions of the given stages.
  init(stages: [String], capacity: Int) {
    self.stages = stages
    var size = 16
    while size < capacity * 2 { size *= 2 }
    mask = UInt64(size - 1)
    slots = [UInt64](repeating: 0, count: size)
  }

  /// The index of a stage in `stages`, or nil.
  func ordinal(ofStage name: String) -> Int? { stages.firstIndex { sameBytes($0, name) } }

  static func hash(stage ordinal: Int, subject: UnsafeRawBufferPointer) -> UInt64 {
    checksum(subject) &+ UInt64(ordinal) &* 0x9E37_79B9_7F4A_7C15
  }

  /// The position stored under a hash for which `isIt` returns true.
  func find(_ hash: UInt64, where isIt: (Int) -> Bool) -> Int? {
    var slot = hash & mask
    while true {
      let entry = slots[Int(slot)]
      if entry == 0 { return nil }
      if entry >> 32 == hash >> 32 {
        let position = Int(entry & 0xFFFF_FFFF) - 1
        if isIt(position) { return position }
      }
      slot = (slot + 1) & mask
    }
  }

  /// The caller must make sure that it is not in the table yet.
  mutating func insert(_ hash: UInt64, _ position: Int) {
    var slot = hash & mask
    while slots[Int(slot)] != 0 { slot = (slot + 1) & mask }
    slots[Int(slot)] = (hash >> 32) << 32 | UInt64(position + 1)
  }
}
