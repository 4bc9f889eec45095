import Audio
import Basics
import Kernels
import Networks
import Testing

@testable import Training

@Suite("Options of the training recipe")
struct RecipeTests {
  private let architecture = Architecture.resNet("tiny", blocks: [1, 1], channels: [32, 64])

  private func learner(_ settings: OptimizerSettings) throws -> (Learner, Optimizer) {
    let learner = Learner(
      architecture.parameters + [.logitScale("loss_fn.logit_scale")], averages: settings.averageDecay != nil)
    learner.parameters.initialize(seed: 1)
    learner.startAverage()
    let threads = WorkerThreads(1)
    return (learner, Optimizer(settings, learner, ops: VectorOps(), threads: threads, profile: nil))
  }

  @Test("a clip's view is a function of seed, epoch and clip, and stays inside the clip")
  func views() {
    var wanted = Augmentation()
    (wanted.cropSeconds, wanted.gainDecibels, wanted.spectrogramMasks, wanted.mixup) = (4, 6, 2, 0.5)
    var (starts, shares) = (Set<Int>(), Set<Float>())
    for epoch in 0..<50 {
      let make = { ClipView(wanted, seed: 3, epoch: epoch, clip: "a", samples: 160_000, taken: 64_000) }
      let (view, again) = (make(), make())
      #expect(view.start == again.start && view.gain == again.gain && view.share == again.share)
      #expect((0...96_000).contains(view.start))
      #expect((0.5...2).contains(view.gain))
      #expect((0.5...1).contains(view.share))
      #expect(view.masks.count == 4)
      let frames = FrontEnd.frames(samples: 64_000)
      #expect(view.masks.allSatisfy { $0.bins.upperBound <= FrontEnd.bins && $0.frames.upperBound <= frames })
      starts.insert(view.start)
      shares.insert(view.share)
    }
    #expect(starts.count > 40)
    #expect((10...40).contains(shares.count), "about half the clips are mixed")
  }

  @Test("by default a clip is not changed")
  func plainView() {
    let view = ClipView(Augmentation(), seed: 1, epoch: 0, clip: "a", samples: 160_000, taken: 160_000)
    #expect(view.start == 0 && view.gain == 1 && view.share == 1 && view.masks.isEmpty)
  }

  @Test("weight decay shrinks only matrices and kernels; without gradients nothing else changes")
  func decay() throws {
    var settings = OptimizerSettings()
    settings.weightDecay = 0.5
    let (learner, optimizer) = try learner(settings)
    let before = learner.parameters.trainable.values
    optimizer.step(FloatBuffer(before.count), norm: 0, rate: 0.1, number: 1)
    for slot in learner.parameters.layout.trainable {
      let factor: Float = slot.shape.count > 1 ? 0.95 : 1
      let found = learner.parameters.trainable.start[slot.offset]
      #expect(abs(found - before[slot.offset] * factor) <= 1e-6 * abs(before[slot.offset]), "\(slot.name)")
    }
  }

  @Test("a gradient with a large norm is clipped, a small one is not changed")
  func limit() throws {
    var settings = OptimizerSettings()
    settings.gradientLimit = 2
    let (learner, optimizer) = try learner(settings)
    for length in [1.0, 8.0] {
      let gradient = FloatBuffer(learner.parameters.trainable.count)
      gradient.start[7] = Float(length)
      #expect(optimizer.norm(gradient) == length)
      optimizer.step(gradient, norm: length, rate: 0, number: 1)
      #expect(abs(optimizer.norm(gradient) - min(length, 2)) < 1e-5)
    }
  }

  @Test("the moving average follows the weights, and temperatures stay below their limit")
  func average() throws {
    var settings = OptimizerSettings()
    (settings.averageDecay, settings.temperatureLimit) = (0.75, 10)
    let (learner, optimizer) = try learner(settings)
    let average = try #require(learner.average)
    let before = learner.parameters.trainable.start[0]
    let gradient = FloatBuffer(learner.parameters.trainable.count)
    gradient.start[0] = 1
    optimizer.step(gradient, norm: 1, rate: 0.1, number: 1)
    let after = learner.parameters.trainable.start[0]
    #expect(after != before)
    #expect(abs(average.trainable.start[0] - (0.75 * before + 0.25 * after)) < 1e-6)
    let place = learner.parameters.layout.slot("loss_fn.logit_scale").offset
    #expect(learner.parameters.trainable.start[place] <= 2.302_586)
  }

  @Test("the learning rate rises during the warm-up")
  func warmUp() throws {
    var moved: [Float] = []
    for steps in [0, 4] {
      var settings = OptimizerSettings()
      settings.warmUpSteps = steps
      let (learner, optimizer) = try learner(settings)
      let before = learner.parameters.trainable.start[0]
      let gradient = FloatBuffer(learner.parameters.trainable.count)
      gradient.start[0] = 1
      optimizer.step(gradient, norm: 1, rate: 0.1, number: 1)
      moved.append(abs(learner.parameters.trainable.start[0] - before))
    }
    #expect(abs(moved[1] - moved[0] / 4) < 1e-4)
  }
}
