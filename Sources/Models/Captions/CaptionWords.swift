/// A sentence as words: lower case, without punctuation, as in DCASE's captioning tasks.
package enum CaptionWords {
  /// Words consist of letters, digits and inner apostrophes; everything else separates words.
  package static func split(_ sentence: String) -> [String] {
    var (words, word) = ([String](), "")
    func end() {
      while word.last == "'" { word.removeLast() }
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    for character in sentence.lowercased() {
      if character.isLetter || character.isNumber {
        word.append(character)
      } else if character == "'" || character == "’" {
        if !word.isEmpty { word.append("'") }
      } else {
        end()
      }
    }
    end()
    return words
  }

  /// English function words, which a sentence may use more than once.
  package static let functionWords: Set<String> = [
    "a", "about", "above", "across", "after", "against", "along", "also", "among", "an", "and", "another", "are",
    "around", "as", "at", "away", "back", "be", "been", "before", "behind", "being", "below", "beside", "between",
    "both",
    "but", "by", "can", "do", "does", "down", "during", "each", "every", "for", "from", "further", "had", "has", "have",
    "he", "her", "here", "him", "his", "how", "if", "in", "inside", "into", "is", "it", "its", "itself", "like", "more",
    "most", "near", "no", "nor", "not", "now", "of", "off", "on", "once", "one", "onto", "or", "other", "others", "out",
    "outside", "over", "own", "same", "several", "she", "some", "someone", "something", "so", "such", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "together", "too",
    "toward", "towards", "two", "under", "until", "up", "upon", "very", "was", "were", "what", "when", "where", "which",
    "while", "who", "with", "within", "without",
  ]
}
