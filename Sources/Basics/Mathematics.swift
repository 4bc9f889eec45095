import CMathematics

// Elementary functions with the same bits on every CPU, independent of the C library. At most one unit in the last
// place from the exact value.

package func exponential(_ x: Double) -> Double { math_exp(x) }
package func naturalLogarithm(_ x: Double) -> Double { math_log(x) }
/// ln(1 + x), accurate also for small x.
package func naturalLogarithm(onePlus x: Double) -> Double { math_log1p(x) }
package func cosine(_ x: Double) -> Double { math_cos(x) }
package func sine(_ x: Double) -> Double { math_sin(x) }
/// 10 to the power x.
package func powerOfTen(_ x: Double) -> Double { math_exp10(x) }
/// 2/√π times the integral of e^(−t²) from 0 to x.
package func errorFunction(_ x: Double) -> Double { math_erf(x) }
