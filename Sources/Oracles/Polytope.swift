// A bounded polytope by its vertices, cut by half-spaces one at a time: the double description method of
// Motzkin and others (1953), in integers. Two vertices span an edge exactly when no third one satisfies with
// equality all the constraints both do. A form's range over the polytope is read off its vertices, so a phase
// is never assumed that no point has.

public import BigInt

/// A rational point: `numerators / denominator`, the denominator positive.
public struct RationalPoint: Sendable, Hashable {
    public var numerators: [BigInt]
    public var denominator: BigInt

    /// The coordinates to about the nearest float64.
    public var approximate: [Double] {
        numerators.map { Double($0) / Double(denominator) }
    }
}

struct Polytope {
    struct Vertex {
        /// Numerators, then the positive denominator.
        var homogeneous: [BigInt]
        /// One bit per constraint that holds with equality.
        var tight: UInt128

        /// The sign, and with the common factor `2^exponent / denominator` the value, of a form.
        func value(of form: AffineForm) -> BigInt {
            var sum: BigInt = 0
            for (coordinate, term) in zip(homogeneous, form.terms) where term != 0 {
                sum += coordinate * term
            }
            return sum
        }
    }

    private(set) var vertices: [Vertex]
    private var constraintCount: Int

    /// A box; its ends are numerators over one positive denominator.
    init(lower: [BigInt], upper: [BigInt], denominator: BigInt) {
        vertices = [Vertex(homogeneous: [], tight: 0)]
        constraintCount = 0
        for (low, high) in zip(lower, upper) {
            if low > high { vertices = [] }
            let lowBit = UInt128(1) << UInt128(constraintCount)
            let highBit = UInt128(2) << UInt128(constraintCount)
            constraintCount += 2
            if low == high {
                vertices = vertices.map {
                    Vertex(homogeneous: $0.homogeneous + [low], tight: $0.tight | lowBit | highBit)
                }
            } else {
                vertices = vertices.flatMap {
                    [
                        Vertex(homogeneous: $0.homogeneous + [low], tight: $0.tight | lowBit),
                        Vertex(homogeneous: $0.homogeneous + [high], tight: $0.tight | highBit),
                    ]
                }
            }
        }
        vertices = vertices.map { Vertex(homogeneous: $0.homogeneous + [denominator], tight: $0.tight) }
    }

    var isEmpty: Bool { vertices.isEmpty }
    /// Whether another cut can be told apart.
    var isFull: Bool { constraintCount >= 128 }

    /// Whether the form takes negative, and whether it takes positive values.
    func signs(of form: AffineForm) -> (negative: Bool, positive: Bool) {
        var signs = (negative: false, positive: false)
        for vertex in vertices {
            let sign = vertex.value(of: form).signum()
            signs.negative = signs.negative || sign < 0
            signs.positive = signs.positive || sign > 0
        }
        return signs
    }

    /// The part where the form is not negative, or with `negated` not positive.
    func cut(_ form: AffineForm, negated: Bool = false) -> Polytope {
        var values = vertices.map { $0.value(of: form) }
        if negated { values = values.map { -$0 } }
        guard values.contains(where: { $0 < 0 }) else { return self }
        var part = self
        part.vertices = []
        part.constraintCount += 1
        let bit = UInt128(1) << UInt128(constraintCount)
        for (vertex, value) in zip(vertices, values) where value >= 0 {
            part.vertices.append(
                Vertex(homogeneous: vertex.homogeneous, tight: value == 0 ? vertex.tight | bit : vertex.tight)
            )
        }
        for inside in vertices.indices where values[inside] > 0 {
            for outside in vertices.indices where values[outside] < 0 && isEdge(inside, outside) {
                part.vertices.append(
                    Vertex(
                        homogeneous: crossing(inside, values[inside], outside, values[outside]),
                        tight: vertices[inside].tight & vertices[outside].tight | bit))
            }
        }
        return part
    }

    private func isEdge(_ a: Int, _ b: Int) -> Bool {
        let common = vertices[a].tight & vertices[b].tight
        for other in vertices.indices where other != a && other != b {
            if vertices[other].tight & common == common { return false }
        }
        return true
    }

    /// Where the form vanishes between a vertex with a positive and one with a negative value.
    private func crossing(_ inside: Int, _ positive: BigInt, _ outside: Int, _ negative: BigInt) -> [BigInt] {
        var point = zip(vertices[inside].homogeneous, vertices[outside].homogeneous).map {
            $0.1 * positive - $0.0 * negative
        }
        var divisor = point[point.count - 1]
        for coordinate in point where divisor != 1 {
            divisor = divisor.greatestCommonDivisor(with: coordinate)
        }
        if divisor != 1 { point = point.map { $0 / divisor } }
        return point
    }

    /// The mean of the vertices.
    var center: RationalPoint? {
        guard let first = vertices.first else { return nil }
        let inputs = first.homogeneous.count - 1
        var numerators = Array(repeating: BigInt(0), count: inputs)
        var denominator = BigInt(1)
        for vertex in vertices {
            let own = vertex.homogeneous[inputs]
            for index in 0..<inputs {
                numerators[index] = numerators[index] * own + vertex.homogeneous[index] * denominator
            }
            denominator *= own
        }
        denominator *= BigInt(vertices.count)
        var divisor = denominator
        for numerator in numerators { divisor = divisor.greatestCommonDivisor(with: numerator) }
        return RationalPoint(numerators: numerators.map { $0 / divisor }, denominator: denominator / divisor)
    }
}
