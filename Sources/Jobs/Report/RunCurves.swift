import Runs
import Training

extension RunDirectory {
  /// The run's curves, one element for each plot.
  func curves(named name: String?) -> [(title: String, y: String, lines: [LinePlot.Line])] {
    let label = { (text: String) in name.map { text.isEmpty ? $0 : "\($0), \(text)" } ?? text }
    var loss = [LinePlot.Line(label("training"), steps.map { .init(Double($0.step), $0.loss) })]
    let validation = epochs.compactMap { line in line.validationLoss.map { LinePlot.Point(Double(line.step), $0) } }
    if !validation.isEmpty { loss.append(LinePlot.Line(label("validation"), validation)) }
    let rate = LinePlot.Line(label("rate"), steps.map { .init(Double($0.step), $0.learningRate) })
    let names = Set(steps.flatMap { ($0.temperatures ?? [:]).keys }).sorted()
    let temperatures = names.map { key in
      LinePlot.Line(
        label(key), steps.compactMap { line in line.temperatures?[key].map { .init(Double(line.step), $0) } })
    }
    let norms = LinePlot.Line(
      label("gradient"), steps.compactMap { line in line.gradientNorm.map { .init(Double(line.step), $0) } })
    let speeds = LinePlot.Line(
      label("speed"), steps.compactMap { line in line.samplesPerSecond.map { .init(Double(line.step), $0) } })
    return [
      ("Loss", "loss", loss), ("Learning rate", "rate", [rate]), ("Logit scale", "ln of the factor", temperatures),
      ("Gradient norm", "norm", [norms]), ("Speed", "clips/s", [speeds]),
    ]
  }

  func plots(named name: String?) -> [LinePlot] {
    curves(named: name).map { LinePlot(title: $0.title, x: "step", y: $0.y, lines: $0.lines) }
  }
}
