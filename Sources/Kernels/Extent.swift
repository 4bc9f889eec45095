/// The size of an activation and its layout in memory: `[images][channels / block][pixels][block]`.
///
/// Convolutions use block = 16; block = channels is NHWC; an activation of one channel (the spectrogram) has block = 1.
package struct Extent: Sendable, Equatable {
  package var images: Int
  package var channels: Int
  package var height: Int
  package var width: Int
  package var block: Int

  package init(images: Int, channels: Int, height: Int, width: Int, block: Int? = nil) {
    self.images = images
    self.channels = channels
    self.height = height
    self.width = width
    self.block = block ?? (channels % 16 == 0 ? 16 : 1)
  }

  package var pixels: Int { height * width }
  /// Floats of one image.
  package var imageCount: Int { channels * pixels }
  package var count: Int { images * imageCount }

  package func with(images: Int) -> Extent {
    var other = self
    other.images = images
    return other
  }

  /// The size after 3×3 pooling with stride 2 and padding 1.
  package var pooled: Extent {
    Extent(images: images, channels: channels, height: (height + 1) / 2, width: (width + 1) / 2, block: block)
  }

  /// The offset of one value. For reference kernels and tests.
  package func offset(_ image: Int, _ channel: Int, _ row: Int, _ column: Int) -> Int {
    ((image * (channels / block) + channel / block) * pixels + row * width + column) * block + channel % block
  }
}

extension Extent {
  /// Rows of `width` values, without height and width.
  package static func row(images: Int, width: Int) -> Extent {
    Extent(images: images, channels: width, height: 1, width: 1)
  }

  /// A row of `width` values for each of `count` tokens: `[images, count, width]`.
  package static func tokens(images: Int, count: Int, width: Int) -> Extent {
    Extent(images: images, channels: width, height: 1, width: count, block: width)
  }

  /// The number of contiguous rows of `channels` values; nil if the channels are in several blocks.
  package var rows: Int? { block == channels || pixels == 1 ? images * pixels : nil }

  /// The same rows with `width` values each.
  package func rows(of width: Int) -> Extent {
    pixels == 1 ? .row(images: images, width: width) : .tokens(images: images, count: pixels, width: width)
  }
}
