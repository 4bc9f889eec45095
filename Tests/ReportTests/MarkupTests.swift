import Basics
import Testing

@testable import Report

@Suite("Markup")
struct MarkupTests {
  @Test("text and attributes are shown, never executed")
  func escaping() {
    let hostile = "<script>alert('x')</script>\" onerror=\"y\" & \u{0}"
    let html = Markup.element("p", [("title", hostile)], text: hostile).html
    let safe =
      "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onerror=&quot;y&quot; &amp; \u{FFFD}"
    #expect(html == "<p title=\"\(safe)\">\(safe)</p>")
  }

  @Test("base64 follows RFC 4648")
  func base64() {
    let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    for (text, expected) in pairs { #expect(Base64.text(Array(text.utf8)) == expected) }
  }

  @Test("ticks are round numbers around the values, also for a single value")
  func axis() {
    let axis = Axis([0.13, 0.87])
    #expect(axis.ticks.map(axis.label) == ["0", "0.2", "0.4", "0.6", "0.8", "1"])
    #expect(axis.place(0.5) == 0.5)
    #expect(Axis([3]).range.contains(3))
    #expect(Axis([3]).ticks.count > 1)
    #expect(Axis.value(1e-4) == "0.0001" && Axis.value(2.5) == "2.5" && Axis.value(-0.0) == "0")
  }
}
