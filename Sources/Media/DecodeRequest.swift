import Corpus

// What a decode worker is asked, and what it answers. Both are sent as JSON, followed by the payload as plain bytes.

/// A request for one clip of one file: which part of its content to decode.
package struct DecodeRequest: Codable, Sendable, Equatable {
  package enum Work: Codable, Sendable, Equatable {
    /// The clip's audio as FLAC: 16 kHz, one channel, 16 bits, exactly as long as the clip.
    case audio
    /// The frames on the screen at the times r/fps seconds, as a `FramePack`.
    /// - Parameter shortSide: the maximum length of the shorter side, in pixels.
    case frames(fps: FrameRate, shortSide: Int = FrameFacts.usualShortSide)
    /// Seconds [first, first + count) of the audio as little-endian float32: 16 kHz, one channel, unrounded.
    case waveform(first: Int, count: Int)
    /// The length of the file; nothing is decoded.
    case length
    /// A still image, JPEG or PNG, as CLIP's image encoder takes it: `Bitmap.squared`.
    case image(side: Int)
  }

  package var source: MediaSource
  /// The start of the clip after the presentation start of the file; 0 if the file is the clip.
  package var startMilliseconds: Int
  /// The length of the clip.
  package var seconds: Int
  package var work: Work
  /// For tests: the vector instructions that libav may use (0 none). Audio never uses any.
  package var forcedCPUFlags: Int32?
  /// Formats and codecs that may be used; nil: all.
  package var codecs: CodecSet?
  /// For tests: a `TestFault`; ignored unless the worker's environment has PIPELINE_TEST_FAULTS=1.
  package var testFault: String?

  package init(
    _ source: MediaSource, startMilliseconds: Int = 0, seconds: Int = ClipLength.usual, work: Work,
    forcedCPUFlags: Int32? = nil, testFault: String? = nil, codecs: CodecSet? = nil
  ) {
    (self.source, self.startMilliseconds, self.seconds) = (source, startMilliseconds, seconds)
    (self.work, self.codecs) = (work, codecs)
    self.forcedCPUFlags = forcedCPUFlags
    self.testFault = testFault
  }

  var start: MediaTime { MediaTime(milliseconds: startMilliseconds) }
}

/// Facts about the audio of a clip. Times are seconds on the clip clock.
package struct AudioFacts: Codable, Sendable, Equatable {
  /// The end of the actual audio; at most the clip's length.
  package var coveredSeconds: Double
  /// The start of the actual audio.
  package var firstAudioSeconds: Double
  /// Samples per second before resampling.
  package var sourceRate: Int
  package var channels: Int
  package var codec: String
  /// The number of packets and frames that failed.
  package var decodeErrors: Int
  /// The length of the whole file as its container states it.
  package var fileSeconds: Double?

  /// The names in the catalog.
  private enum CodingKeys: String, CodingKey {
    case coveredSeconds, sourceRate, channels, codec, decodeErrors, fileSeconds
    case firstAudioSeconds = "firstSoundSeconds"
  }
}

/// Facts about the frames of a clip. Times are seconds on the clip clock.
package struct FrameFacts: Codable, Sendable, Equatable {
  /// The default length of a frame's shorter side, in pixels.
  package static let usualShortSide = 256

  /// The size of the frames as shown: square pixels, upright.
  package var width: Int
  package var height: Int
  package var codec: String
  /// The presentation time of each frame in the pack. (The pack itself has the requested times.)
  package var frameTimes: [Double]
  /// The end of the video; at most the clip's length.
  package var coveredSeconds: Double
  package var isStill: Bool
  /// The number of packets and frames that failed.
  package var decodeErrors: Int
}

/// A worker's reply to one request. Without facts there is no payload, and a finding gives the reason.
package struct DecodeReply: Codable, Sendable, Equatable {
  package var findings: [Finding]
  package var audio: AudioFacts?
  package var frames: FrameFacts?
  /// For a waveform: whether more audio follows.
  package var continues: Bool?
  /// For a file's length: the seconds, if they are known.
  package var length: Double?

  package init(
    findings: [Finding], audio: AudioFacts? = nil, frames: FrameFacts? = nil, continues: Bool? = nil,
    length: Double? = nil
  ) {
    self.findings = findings
    self.audio = audio
    self.frames = frames
    self.continues = continues
    self.length = length
  }
}

/// A reply with its payload: FLAC, a `FramePack`, float32 samples, or nothing.
package struct DecodeOutcome: Sendable, Equatable {
  package var reply: DecodeReply
  package var payload: [UInt8]

  package init(reply: DecodeReply, payload: [UInt8] = []) {
    self.reply = reply
    self.payload = payload
  }
}
