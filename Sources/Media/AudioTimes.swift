import Corpus

/// How far the times of a frame and of the later frames deviate from the sample count, and what follows for the frame.
struct AudioTimes {
  /// In samples of one rate.
  struct Rules {
    /// The rounding of times in a container, some of which round to whole milliseconds.
    let tolerance: Int64
    /// How far times may stray in either direction.
    let stray: Int64
    /// A time that runs back further than this belongs to another clock.
    let restart: Int64
    /// The span over which times in a row must agree to be believed.
    let steady: Int64
    /// How far ahead to look for times that come back.
    let window: Int64

    init(rate: Int, tick: MediaTime) {
      let ticks = MediaTime(tick.value &* 10, timescale: tick.timescale).units(of: Int64(rate))
      tolerance = min(max(ticks, Int64(rate) / 500), Int64(rate) / 50)
      stray = Int64(rate) / 25
      restart = Int64(rate) * 3 / 10
      steady = Int64(rate) / 10
      window = Int64(rate) * 2
    }
  }

  enum Verdict: Equatable {
    /// The frame follows the last one.
    case followsOn
    /// The frame follows the last one, and its time is wrong.
    case contradict
    /// The frame goes this far from the count.
    case anew(Int64)
  }

  private let rules: Rules
  /// The deviation of each time from the count, starting with the frame itself.
  private(set) var deviations: [Int64]
  /// The start of each frame, counted from the first one.
  private var places: [Int64] = [0]
  /// Whether a later time agrees with the count, or deviates slightly in the other direction.
  private(set) var comesBack = false

  private static let fewest = 5
  /// The most frames to look at.
  static let most = 512

  init(_ rules: Rules, first deviation: Int64) {
    self.rules = rules
    deviations = [deviation]
  }

  /// Whether a frame that begins this many samples after the first can change the verdict.
  func wantsMore(at place: Int64) -> Bool {
    if comesBack || place > rules.window * 4 { return false }
    return place < rules.window || deviations.count <= Self.fewest
  }

  mutating func add(_ deviation: Int64, at place: Int64) {
    deviations.append(deviation)
    places.append(place)
    let isOpposite = (deviation < 0) != (deviations[0] < 0) && abs(deviation) <= rules.stray
    if abs(deviation) <= rules.tolerance || isOpposite { comesBack = true }
  }

  /// What is known of the frames before this one.
  struct Past {
    /// The deviation of the last frame's time from the count.
    var strayed: Int64 = 0
    /// Whether that time contradicted the count.
    var contradicts = false
    /// Whether times have strayed and come back before.
    var comesBack = false
  }

  func verdict(after past: Past) -> Verdict {
    if comesBack { return .followsOn }
    let steps = steps(after: past.strayed)
    if contradicts(steps, before: past.contradicts) { return .contradict }
    let near = deviations.indices.filter { places[$0] <= rules.steady || $0 < Self.fewest }.map { deviations[$0] }
    let isFar = near.allSatisfy { abs($0) >= rules.stray }
    // A gap left by a muxer starts at one frame. A deviation that grows from frame to frame is not a gap yet.
    let isStep = abs(deviations[0] - past.strayed) > rules.tolerance
    if isStep || isFar {
      let isSteady = near.allSatisfy { abs($0 - deviations[0]) <= rules.tolerance }
      // At the end of a stream whose times strayed, a small gap cannot be told from one more stray time.
      if isSteady, near.count >= Self.fewest || isFar || !past.comesBack { return .anew(deviations[0]) }
      if growsOnly(steps) { return .anew(deviations[0]) }
    }
    return isFar ? .anew(near.min { abs($0) < abs($1) } ?? 0) : .followsOn
  }

  /// How much further each time deviates from the count than the one before.
  private func steps(after strayed: Int64) -> [Int64] {
    [deviations[0] - strayed] + zip(deviations.dropFirst(), deviations).map { $0 - $1 }
  }

  /// Whether gaps alone, or overlaps alone, explain the deviation of the times from the count.
  private func growsOnly(_ steps: [Int64]) -> Bool {
    let jumps = steps.filter { abs($0) > rules.tolerance }
    let isHole = deviations[0] > 0
    return steps.count > Self.fewest && jumps.count * 2 <= steps.count && jumps.allSatisfy { ($0 > 0) == isHole }
  }

  /// Whether the times run at another speed than the samples: either each time a little, or nearly all by jumps, in one
  /// direction.
  private func contradicts(_ steps: [Int64], before: Bool) -> Bool {
    guard steps.count >= 2 * Self.fewest, let span = places.last else { return before }
    let jumps = steps.filter { abs($0) > rules.tolerance }
    let way = jumps.reduce(0) { $0 + abs($1) }
    if jumps.count * 3 >= steps.count * 2, abs(jumps.reduce(0, +)) * 2 >= way { return true }
    let creep = steps.filter { abs($0) <= rules.tolerance }.reduce(0, +)
    let least = max(span / 100, rules.tolerance * 5 / 2)
    // Times that drift and are corrected again and again do not run at another speed.
    let half = deviations.count / 2
    let drift = mean(deviations[half...]) - mean(deviations[..<half])
    return abs(creep) > least && abs(drift) * 2 > least && (creep > 0) == (drift > 0)
  }

  private func mean(_ values: ArraySlice<Int64>) -> Int64 { values.reduce(0, +) / Int64(max(1, values.count)) }
}
