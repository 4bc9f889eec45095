import Basics
import StageGraph

extension StageDiagram {
  /// The same diagram with the number of runs at the stage that trains them; without a number when there are none.
  package func with(runs: Int) -> StageDiagram {
    var diagram = self
    for place in nodes.indices where nodes[place].name == "distill" {
      diagram.nodes[place].count = runs == 0 ? nil : counted(runs, "run")
    }
    return diagram
  }
}
