import ArgumentParser
import Basics
import Training

struct LossesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "losses", abstract: "What each loss of `pipeline distill --loss` is for.",
    discussion: examples("pipeline distill --loss clip"))

  @OptionGroup(title: "GENERAL") var common: LookOptions

  func run() throws {
    common.begin()
    let usual = TrainingConfiguration().loss
    var table = Table()
    for loss in builtInLosses {
      table.add(loss.name, loss.purpose + (loss.name == usual ? " The default." : ""))
      Console.event("loss", ["name": loss.name, "purpose": loss.purpose, "default": loss.name == usual])
    }
    Console.say(table)
  }
}
