import CFFmpeg
import Corpus

/// Encodes frames as JPEG: upright, square pixels, even sides, full range, and the short side as requested. A smaller
/// frame keeps its size.
///
/// A frame that is requested several times is scaled and encoded once. Both steps are bit-exact: the same bytes on
/// every CPU.
final class FrameWriter {
  private(set) var frames: [FramePack.Frame] = []
  /// The presentation time of each frame in `frames`, in seconds on the clip clock.
  private(set) var times: [Double] = []
  /// The shape of the first frame.
  private(set) var shape: media_shape?
  private let file: MediaFile
  private let stream: MediaFile.Stream
  private let scaler: OpaquePointer
  private let image: OpaquePointer
  private var encoder: (size: Size, handle: OpaquePointer)?
  private var lastTime: MediaTime?
  private var firstLuma: (size: Size, pixels: [UInt8])?
  private var hasMoved = false

  struct Size: Equatable {
    var width: Int
    var height: Int
  }

  private let shortSide: Int
  /// The JPEG quantizer on libav's scale from 2 (best) to 31 (worst): 3 is about the quality of stored photographs.
  private static let quantiser: Int32 = 3

  init(_ file: MediaFile, _ stream: MediaFile.Stream, shortSide: Int) throws {
    self.file = file
    self.shortSide = max(2, shortSide)
    self.stream = stream
    guard let scaler = media_scaler_make() else { throw Refusal(.outOfMemory("scaling")) }
    guard let image = media_frame_make() else {
      media_scaler_free(scaler)
      throw Refusal(.outOfMemory("scaling"))
    }
    self.scaler = scaler
    self.image = image
  }

  deinit {
    media_scaler_free(scaler)
    media_frame_free(image)
    media_jpeg_encoder_free(encoder?.handle)
  }

  /// Whether nothing moved in the requested frames, apart from invisible noise.
  var isStill: Bool { frames.count > 1 && !hasMoved }

  func add(_ frame: OpaquePointer, at time: MediaTime, requested: MediaTime) throws {
    if lastTime == time, let jpeg = frames.last?.jpeg {
      frames.append(FramePack.Frame(time: requested.seconds, jpeg: jpeg))
      times.append(time.seconds)
      return
    }
    var shape = media_shape()
    media_display_shape(file.handle, stream.index, frame, &shape)
    if self.shape == nil { self.shape = shape }
    let size = Self.target(width: Int(shape.width), height: Int(shape.height), shortSide: shortSide)
    let scaled = media_scale(scaler, frame, &shape, Int32(size.width), Int32(size.height), image)
    if media_is_out_of_memory(scaled) { throw Refusal(.outOfMemory("scaling")) }
    guard scaled == 0 else { throw Refusal(.nothingSeen("the frame cannot be scaled: \(describe(scaled))")) }
    compare(size)
    frames.append(FramePack.Frame(time: requested.seconds, jpeg: try encode(size)))
    times.append(time.seconds)
    lastTime = time
  }

  /// Scales the short side down to at most `shortSide` and the other side by the same factor; both become even.
  static func target(width: Int, height: Int, shortSide: Int = FrameFacts.usualShortSide) -> Size {
    let short = min(width, height)
    guard short > shortSide else { return Size(width: max(2, width & ~1), height: max(2, height & ~1)) }
    func scaled(_ side: Int) -> Int { max(2, (side * shortSide + short) / (2 * short) * 2) }
    return Size(width: scaled(width), height: scaled(height))
  }

  private func encode(_ size: Size) throws -> [UInt8] {
    if encoder?.size != size {
      media_jpeg_encoder_free(encoder?.handle)
      encoder = nil
      guard let handle = media_jpeg_encoder_make(Int32(size.width), Int32(size.height), Self.quantiser) else {
        throw Refusal(.outOfMemory("opening the JPEG encoder"))
      }
      encoder = (size, handle)
    }
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    let result = media_jpeg_encode(encoder?.handle, image, &bytes, &count)
    guard result == 0, let bytes else { throw Refusal(.outOfMemory("encoding JPEG: \(describe(result))")) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  /// Detects movement: a mean brightness difference from the first frame of half a step or more.
  private func compare(_ size: Size) {
    if hasMoved { return }
    var stride: Int32 = 0
    guard let luma = media_luma(image, &stride) else { return }
    guard let first = firstLuma else {
      let rows = (0..<size.height).map { UnsafeBufferPointer(start: luma + $0 * Int(stride), count: size.width) }
      firstLuma = (size, rows.flatMap { Array($0) })
      return
    }
    guard first.size == size else {
      hasMoved = true
      return
    }
    let difference = first.pixels.withUnsafeBufferPointer { pixels in
      var sum = 0
      for y in 0..<size.height {
        for x in 0..<size.width { sum += abs(Int(pixels[y * size.width + x]) - Int(luma[y * Int(stride) + x])) }
      }
      return sum
    }
    if 2 * difference >= size.width * size.height { hasMoved = true }
  }
}
