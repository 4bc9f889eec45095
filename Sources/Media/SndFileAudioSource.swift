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
    guard Self.recognizes(input) else { throw Refusal(.unreadable("no format of libsndfile")) }
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

  /// The first bytes of a MATLAB level 4 file, in both byte orders.
  private static let matlab4: [[UInt8]] = [
    [0, 0, 0x03, 0xE8, 0, 0, 0, 1, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
  ]

  /// Whether the first bytes are those of a format that libsndfile tells by them. For any other file libsndfile looks
  /// for another one beside it on the disk, a resource fork; the sandbox would end the process, as if the file had
  /// attacked it.
  private static func recognizes(_ input: MediaInput) -> Bool {
    var head = [UInt8](repeating: 0, count: 16)
    let count = head.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map { input.read(into: $0, at: 0, count: bytes.count) } ?? 0
    }
    func has(_ mark: String, at place: Int = 0) -> Bool {
      place + mark.utf8.count <= count && head.dropFirst(place).starts(with: mark.utf8)
    }
    let isWave = ["RIFF", "RIFX", "RF64"].contains { has($0) } && has("WAVE", at: 8)
    let isForm = has("FORM") && ["AIFF", "AIFC", "8SVX", "16SV"].contains { has($0, at: 8) }
    return isWave || isForm
      || [
        ".snd", "dns.", "fLaC", "OggS", "caff", "riff", "NIST", "PVF1", "2BIT", "MATLAB 5.0", "Creative Voice",
        "Extended Instr", "ALawSoundFile",
      ].contains { has($0) }
      || Self.matlab4.contains { count >= $0.count && head.starts(with: $0) }
      || (count >= 4 && head[0] == 0x64 && head[1] == 0xA3) || (count >= 4 && head[2] == 0xA3 && head[3] == 0x64)
  }

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
