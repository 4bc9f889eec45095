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
      """
        + "\n\n"
        + examples(
          "pipeline convert Wav2CLIP.pt weights.safetensors", "pipeline convert weights.safetensors model.onnx"))

  @Argument(help: .value("weights", "The weights file to read.")) var input: String
  @Argument(help: .value("file", "The file to write.")) var output: String
  @OptionGroup(title: "WEIGHTS") var weights: WeightOptions
  @OptionGroup(title: "GENERAL") var common: PlainOptions

  func run() throws {
    common.begin()
    let job = ConversionJob(input, to: output, selection: try weights.selection())
    if common.dryRun { return Console.say("would write \(output) (\(try job.plan())) from \(input)") }
    Progress.begin("writing \(output)")
    try job.run { event in
      switch event {
      case .converted(let file):
        Console.say(file.line)
        Console.event("converted", file.fields)
      }
    }
  }
}
