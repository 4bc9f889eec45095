/// The length of clips.
package enum ClipLength {
  /// The default clip length in seconds.
  package static let usual = 10
  package static let allowed = 1...60
  /// How many seconds a clip may lack, which are padded, and how many seconds more a file may have before it counts as
  /// long.
  package static let tolerance = 0.5
}
