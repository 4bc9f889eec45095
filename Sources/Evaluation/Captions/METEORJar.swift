import Basics
import Foundation

/// METEOR 1.5, computed by its authors' program, which the user must provide:
/// `java -jar meteor-1.5.jar - - -stdio -l en -norm`, as pycocoevalcap runs it, with the paraphrase table beside the
/// jar.
///
/// Its license keeps it out of this project, and its exact computation is not documented elsewhere: a score by another
/// program would need another name.
package struct METEORJar: Sendable {
  /// The count of numbers in the jar's answer for one candidate.
  private static let statistics = 23

  private let jar: String

  /// - Throws: `meteor.jar` if there is no such file.
  package init(_ path: String) throws {
    guard Files.exists(path), !Files.isDirectory(path) else { throw Failure.noMETEOR(path) }
    jar = Files.resolved(path) ?? path
  }

  package struct Scores: Sendable, Equatable {
    package var items: [Double]
    /// The score of the corpus: from summed counts, not the mean of the items.
    package var corpus: Double
  }

  /// One text for each item and its references, as space-separated words.
  package struct Task: Sendable {
    package var candidates: [[String]]
    package var references: [[[String]]]

    package init(candidates: [[String]], references: [[[String]]]) {
      (self.candidates, self.references) = (candidates, references)
    }
  }

  /// Scores several sets of candidates in two runs of the program, which loads 62 MB at each start.
  /// - Throws: `meteor.failed` with its last lines, `meteor.answer` for an unexpected answer.
  package func scores(_ tasks: [Task]) throws -> [Scores] {
    let directory = try TemporaryDirectory("meteor")
    let questions = tasks.flatMap { task in
      zip(task.candidates, task.references).map { candidate, references in
        let text = candidate.joined(separator: " ").replacing("|||", with: "").replacing("  ", with: " ")
        return (["SCORE"] + references.map { $0.joined(separator: " ") } + [text]).joined(separator: " ||| ")
      }
    }
    let statistics = try answers(to: questions, in: directory, count: questions.count)
    for line in statistics where line.split(separator: " ").compactMap({ Double($0) }).count != Self.statistics {
      throw Failure.meteorAnswer(jar, line)
    }
    var (evaluations, first) = ([String](), 0)
    for task in tasks {
      let own = statistics[first..<first + task.candidates.count]
      evaluations.append((["EVAL"] + own).joined(separator: " ||| "))
      first += own.count
    }
    let values = try answers(to: evaluations, in: directory, count: questions.count + tasks.count).map { line in
      guard let value = Double(line), value.isFinite else { throw Failure.meteorAnswer(jar, line) }
      return value
    }
    first = 0
    return tasks.map { task in
      let items = Array(values[first..<first + task.candidates.count])
      first += items.count + 1
      return Scores(items: items, corpus: values[first - 1])
    }
  }

  private func answers(to questions: [String], in directory: TemporaryDirectory, count: Int) throws -> [String] {
    let (input, output) = ("\(directory.path)/questions", "\(directory.path)/answers")
    try Files.write(questions.map { $0 + "\n" }.joined(), to: input)
    let words = ["java", "-Xmx2G", "-jar", jar, "-", "-", "-stdio", "-l", "en", "-norm"]
    let ending = try ExternalProgram(words: words).run(input: input, output: output, in: directory)
    guard ending.status == 0 else { throw Failure.externalFailed("meteor.failed", "METEOR", jar, ending) }
    let lines = String(decoding: try Files.read(output, limit: 1 << 30), as: UTF8.self).split(separator: "\n").map {
      String($0).trimmingCharacters(in: .whitespaces)
    }
    guard lines.count == count else { throw Failure.meteorAnswer(jar, "\(lines.count) lines, not \(count)") }
    return lines
  }
}
