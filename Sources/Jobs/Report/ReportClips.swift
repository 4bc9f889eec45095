import Audio
import Basics
import Corpus
import Kernels
import Media
import Shards
import Training

/// Clips as a report shows them: images and audio come from the store, or from the shards when the store has none.
struct ReportClips {
  private let prepared: any PreparedData
  private let samples: [TrainingSamples]
  private let places: [String: (set: Int, index: Int)]
  private let kernels = FastBackend().ops

  init(_ prepared: any PreparedData, shards: TrainingSet?) {
    self.prepared = prepared
    samples = (shards?.splits ?? []).compactMap { try? shards?.samples($0) }
    var places: [String: (set: Int, index: Int)] = [:]
    for (set, part) in samples.enumerated() {
      for index in 0..<part.count { places[part.id(index).text] = (set, index) }
    }
    self.places = places
  }

  /// The fields of a sample's `.json` that a report shows.
  struct Record: Decodable {
    var duration: Double?
    var label: String?
  }

  /// Every clip of the shards, split by split.
  func forEachRecord(_ body: (Record) -> Void) {
    for part in samples {
      for index in 0..<part.count {
        guard let bytes = try? part.bytes(index, .record),
          let record = try? CanonicalJSON.decode(Record.self, from: Array(bytes), source: "record")
        else { continue }
        body(record)
      }
    }
  }

  func label(_ id: String) -> String {
    guard let place = places[id], let bytes = try? samples[place.set].bytes(place.index, .record) else { return "" }
    return (try? CanonicalJSON.decode(Record.self, from: Array(bytes), source: id))?.label ?? ""
  }

  /// The parts of a clip that can be read; a report must not fail because of one clip.
  func clip(_ id: String, marks: [String] = [], isLeftOut: Bool = false) -> ReportContent.GalleryClip {
    let audio = audio(id)
    return ReportContent.GalleryClip(
      id: id, label: label(id), marks: marks, isLeftOut: isLeftOut, frame: prepared.frame(of: id),
      spectrogram: audio.flatMap { spectrogram($0, id) }, audio: audio.map { preview($0, id) })
  }

  private func audio(_ id: String) -> [UInt8]? {
    if let place = places[id], let bytes = try? samples[place.set].bytes(place.index, .audio) { return Array(bytes) }
    return prepared.audio(of: id)
  }

  /// The same audio in fewer bytes; unchanged when it cannot be encoded again.
  private func preview(_ flac: [UInt8], _ id: String) -> [UInt8] {
    guard let count = flac.withUnsafeBytes({ FlacDecoder.sampleCount($0) }),
      let samples = try? FlacDecoder.samples(flac, count: count, name: id),
      let preview = AudioPreview.encode(samples), preview.count < flac.count
    else { return flac }
    return preview
  }

  /// The encoder's own spectrogram at a quarter of its size, with low frequencies at the bottom.
  private func spectrogram(_ flac: [UInt8], _ id: String) -> PNGImage? {
    guard let count = flac.withUnsafeBytes({ FlacDecoder.sampleCount($0) }),
      let samples = try? FlacDecoder.samples(flac, count: count, name: id)
    else { return nil }
    let frames = FrontEnd.frames(samples: samples.count)
    let (full, padded) = (
      FloatBuffer(FrontEnd.bins * frames), FloatBuffer(samples.count + FrontEnd.transformLength)
    )
    kernels.logSpectrogram(samples.count, samples, padded: padded.start, full.start)
    let (width, height, share) = (frames / 4, FrontEnd.bins / 4, 4)
    guard width > 0 else { return nil }
    var values = [Float](repeating: 0, count: width * height)
    for row in 0..<height {
      for column in 0..<width {
        let place = full.start + share * (height - 1 - row) * frames + share * column
        var sum: Float = 0
        for bin in 0..<share { for frame in 0..<share { sum += place[bin * frames + frame] } }
        values[row * width + column] = sum / Float(share * share)
      }
    }
    // The range covers about 80 dB below the maximum, so that silence is dark and not noisy.
    let top = values.max() ?? 0
    return PNGImage(width: width, height: height, values: values, range: (top - 18.4)...max(top, -10))
  }
}
