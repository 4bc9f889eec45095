/// Everything that a report shows, as plain values. Code that fills it knows where they come from; the page code knows
/// how they look.
package struct ReportContent: Sendable {
  package var title: String
  package var headline: HeadlinePart?
  /// Facts below the title, one a line.
  package var facts: [(name: String, value: String)] = []
  package var data = DataPart()
  package var graph = GraphPart()
  package var training: [TrainingPart] = []
  package var held: HeldPart?
  package var evaluations: [EvaluationPart] = []
  package var commands: [String] = []
  /// The text above the commands.
  package var commandsNote = ""
  /// Names and digests.
  package var digests: [(name: String, value: String)] = []
  /// What could not be shown, and why.
  package var notes: [String] = []

  package init(title: String) { self.title = title }

  /// Which run it is, how good it is, and on how much data.
  package struct HeadlinePart: Sendable {
    package struct Score: Sendable {
      /// `retrieve, audio → image`.
      package var name: String
      /// `R@5`.
      package var measure: String
      package var value: String
      /// `chance 0.125; 40 test clips`.
      package var chance: String

      package init(name: String, measure: String, value: String, chance: String) {
        (self.name, self.measure, self.value, self.chance) = (name, measure, value, chance)
      }
    }

    package var lead: String
    package var scores: [Score] = []
    package var warnings: [String] = []

    package init(lead: String) { self.lead = lead }
  }

  package struct DataPart: Sendable {
    /// Number of clips by state: kept, warned, left out.
    package var states: [Bars.Bar] = []
    /// Number of clips by reason, with an example for each.
    package var reasons: [Bars.Bar] = []
    package var splits: [Bars.Bar] = []
    package var labels: [Bars.Bar] = []
    /// Histogram of clip lengths in seconds.
    package var durations: [Bars.Bar] = []
    package var gallery: [GalleryClip] = []

    package init() {}
  }

  /// A clip to look at and listen to.
  package struct GalleryClip: Sendable {
    package var id: String
    package var label: String
    /// Findings, such as `video.still`.
    package var marks: [String]
    package var isLeftOut: Bool
    /// JPEG; nil when none was kept.
    package var frame: [UInt8]?
    package var spectrogram: PNGImage?
    /// MP3, Ogg or FLAC; nil when none was kept.
    package var audio: [UInt8]?

    package init(
      id: String, label: String = "", marks: [String] = [], isLeftOut: Bool = false, frame: [UInt8]? = nil,
      spectrogram: PNGImage? = nil, audio: [UInt8]? = nil
    ) {
      (self.id, self.label, self.marks, self.isLeftOut) = (id, label, marks, isLeftOut)
      (self.frame, self.spectrogram, self.audio) = (frame, spectrogram, audio)
    }
  }

  package struct GraphPart: Sendable {
    package struct Node: Sendable, Equatable {
      package var name: String
      package var isData: Bool
      package var count: String
      package init(_ name: String, isData: Bool, count: String) {
        (self.name, self.isData, self.count) = (name, isData, count)
      }
    }
    package var nodes: [Node] = []
    package var edges: [(from: String, to: String)] = []
    /// What ran and what was cached, with times; one row a stage.
    package var work: DataTable?

    package init() {}
  }

  /// The curves of one run.
  package struct TrainingPart: Sendable {
    package var run: String
    package var facts: [(name: String, value: String)] = []
    package var plots: [LinePlot] = []
    package init(run: String) { self.run = run }
  }

  /// Results of the student on clips that were held out of training.
  package struct HeldPart: Sendable {
    package var title: String
    /// One row for each audio clip from top to bottom, one column for each image from left to right.
    package var similarity: PNGImage?
    /// The values of the darkest and the brightest shade.
    package var similarityRange: (low: Double, high: Double)?
    package var similarityText = ""
    package var map: ScatterPlot?
    package var neighbors: [Neighbors] = []
    /// The clips in `neighbors`, by id.
    package var clips: [String: GalleryClip] = [:]
    package init(title: String) { self.title = title }
  }

  /// A query and the nearest clips, best first.
  package struct Neighbors: Sendable {
    package var query: String
    /// Whether the query is audio and the answers are images, or the reverse.
    package var isAudio: Bool
    package var answers: [(id: String, similarity: Double)]
    package init(query: String, isAudio: Bool, answers: [(id: String, similarity: Double)]) {
      (self.query, self.isAudio, self.answers) = (query, isAudio, answers)
    }
  }

  /// A clip with its generated captions, row by row, and its reference captions.
  package struct CaptionedClip: Sendable {
    package var clip: GalleryClip
    package var sentences: [(row: String, text: String)]
    package var references: [String]
    package init(
      _ clip: GalleryClip, sentences: [(row: String, text: String)], references: [String]
    ) {
      (self.clip, self.sentences, self.references) = (clip, sentences, references)
    }
  }

  package struct EvaluationPart: Sendable {
    package var title: String
    package var facts: String
    package var warnings: [String] = []
    package var tables: [DataTable] = []
    package var curve: LinePlot?
    package var curveText: String?
    package var confusions: [ConfusionPlot] = []
    package var method: [String] = []
    package var notComputed: [String] = []
    package var captions: [CaptionedClip] = []
    package init(title: String, facts: String) { (self.title, self.facts) = (title, facts) }
  }
}
