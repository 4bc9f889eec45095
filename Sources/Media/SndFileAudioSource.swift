import Audio
import CFFmpeg
import CSndFile
import Corpus

/// The audio of a file that libav cannot read or reads wrongly, read with libsndfile.
final class SndFileAudioSource: AudioSource {
  private let file: VirtualFile
  private let handle: OpaquePointer
  private let info: SF_INFO
  private var block: [Float]
  private var position: Int64

  let codec = "libsndfile"
  let errors = 0
  let seams = 0
  let contradictions = 0
  var channels: Int { Int(info.channels) }
  var duration: Double? { info.frames > 0 ? Double(info.frames) / Double(info.samplerate) : nil }

  private static let blockFrames = 1 << 14

  /// - Parameter start: the position of sample 0 after the start of the file.
  /// - Throws: `Refusal`: `media.unreadable` with libsndfile's message.
  init(_ input: MediaInput, start: MediaTime = .zero) throws {
    file = VirtualFile(size: input.size) { input.read(into: $0, at: $1, count: $2) }
    var info = SF_INFO()
    guard let handle = file.open(Int(SFM_READ), &info) else {
      throw Refusal(.unreadable(String(cString: sf_strerror(nil))))
    }
    guard Resampler.rates.contains(Int(info.samplerate)),
      (1...Int(MEDIA_MOST_CHANNELS)).contains(Int(info.channels))
    else {
      sf_close(handle)
      throw Refusal(.unreadable("\(info.samplerate) Hz, \(info.channels) channels"))
    }
    (self.handle, self.info) = (handle, info)
    position = -start.units(of: Int64(info.samplerate))
    block = [Float](repeating: 0, count: Self.blockFrames * Int(info.channels))
  }

  deinit { sf_close(handle) }

  func next() throws -> AudioBlock? {
    let count = sf_readf_float(handle, &block, sf_count_t(Self.blockFrames))
    guard count > 0 else { return nil }
    defer { position += count }
    return AudioBlock(rate: Int(info.samplerate), start: position, skipped: 0, count: Int(count))
  }

  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout ChannelEnergies
  ) -> Bool {
    let channels = channels
    for i in 0..<count {
      var sum: Float = 0
      for channel in 0..<channels {
        let raw = block[(from + i) * channels + channel]
        let value = raw.isFinite ? raw : 0
        sum += value
        energies.channels[channel] += Double(value) * Double(value)
        if channel == 0 { first[i] = value }
      }
      mean[i] = channels > 1 ? sum / Float(channels) : sum
      energies.mean += Double(mean[i]) * Double(mean[i])
    }
    return true
  }
}
