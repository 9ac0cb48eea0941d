import BigInt

/// `(coefficients . x + constant) * 2^exponent`, exactly: what a neuron computes while no phase changes.
struct AffineForm {
    /// One per input, then the constant.
    var terms: [BigInt]
    var exponent: Int

    static func zero(inputs: Int) -> AffineForm {
        AffineForm(terms: Array(repeating: 0, count: inputs + 1), exponent: 0)
    }

    static func input(_ index: Int, of inputs: Int) -> AffineForm {
        var form = zero(inputs: inputs)
        form.terms[index] = 1
        return form
    }

    static func constant(_ value: Double, inputs: Int) -> AffineForm {
        var form = zero(inputs: inputs)
        form.addConstant(value)
        return form
    }

    /// A finite float64 as `mantissa * 2^exponent`.
    private static func parts(_ value: Double) -> (mantissa: BigInt, exponent: Int) {
        guard value != 0 else { return (0, 0) }
        let mantissa = Int64(value.significandBitPattern) | (value.isNormal ? 1 << 52 : 0)
        let zeros = mantissa.trailingZeroBitCount
        let exponent = (value.isNormal ? Int(value.exponentBitPattern) : 1) - 1075 + zeros
        return (BigInt(value < 0 ? -(mantissa >> zeros) : mantissa >> zeros), exponent)
    }

    /// Adds `factor * other`.
    mutating func add(_ other: AffineForm, times factor: Double) {
        let (mantissa, power) = Self.parts(factor)
        guard mantissa != 0 else { return }
        let otherExponent = other.exponent + power
        align(to: otherExponent)
        let shift = otherExponent - exponent
        for index in terms.indices { terms[index] += (other.terms[index] * mantissa) << shift }
    }

    mutating func addConstant(_ value: Double) {
        let (mantissa, power) = Self.parts(value)
        guard mantissa != 0 else { return }
        align(to: power)
        terms[terms.count - 1] += mantissa << (power - exponent)
    }

    func scaled(by factor: Double) -> AffineForm {
        var form = Self.zero(inputs: terms.count - 1)
        form.add(self, times: factor)
        return form
    }

    /// Lowers the exponent to `power` if it lies above.
    private mutating func align(to power: Int) {
        guard power < exponent else { return }
        for index in terms.indices { terms[index] <<= exponent - power }
        exponent = power
    }
}
