import ArgumentParser
import Basics
import Export

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Write weights in another format: .bin, .pt, .safetensors, .onnx.",
    discussion: """
      The endings say from what and into what. Tensors keep their types, unless --half; what a file says about its front end and
      where it comes from goes along. The public Wav2CLIP.pt is read as it is, and so are Lightning checkpoints, whose training
      state is left behind. The new file is read back and compared before it gets its name.
      """)

  @Argument(help: "The weights file to read.") var input: String
  @Argument(help: "The file to write.") var output: String
  @OptionGroup var weights: WeightOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    let job = ConversionJob(input, to: output, selection: try weights.selection())
    if common.dryRun { return Console.say("would write \(output) (\(try job.plan())) from \(input)") }
    try job.run { event in
      switch event {
      case .converted(let file):
        Console.say(file.line)
        Console.event("converted", file.fields)
      }
    }
  }
}
