internal import Foundation
internal import Intervals

/// A radius of six significant digits, so that what is printed is what was proved.
struct Radius {
    let text: String
    let value: Double
    let decimal: ExactDecimal

    static let zero = Radius(text: "0", value: 0, decimal: .zero)

    enum Direction { case up, down }

    private init(text: String, value: Double, decimal: ExactDecimal) {
        (self.text, self.value, self.decimal) = (text, value, decimal)
    }

    init(_ number: Double, _ direction: Direction) {
        var text = String(format: "%.5e", number)
        let exact = ExactDecimal(number)
        if direction == .up ? ExactDecimal(text)! < exact : exact < ExactDecimal(text)! {
            let exponent = Int(text.split(separator: "e")[1])!
            let step = pow(10.0, Double(exponent - 5))
            text = String(format: "%.5e", Double(text)! + (direction == .up ? step : -step))
        }
        // Written plainly where that is short.
        if let plain = Double(text), plain >= 1e-4, plain < 1000 {
            let shorter = String(format: "%.10g", plain)
            if ExactDecimal(shorter) == ExactDecimal(text) { text = shorter }
        }
        self.init(text: text, value: Double(text)!, decimal: ExactDecimal(text)!)
    }
}
