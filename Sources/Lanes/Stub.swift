import CLaneKernels
public protocol LaneScalar: BinaryFloatingPoint, Sendable {}
extension Float: LaneScalar {}
extension Double: LaneScalar {}
public let sparseDensityThreshold = 0.35
public struct LaneBuffer<Scalar: LaneScalar>: ~Copyable {
    public let features: Int, lanes: Int
    public let base: UnsafeMutablePointer<Scalar>
    public init(features: Int, lanes: Int) {
        self.features = features; self.lanes = lanes
        base = UnsafeMutableRawPointer.allocate(byteCount: max(1, features * lanes) * MemoryLayout<Scalar>.size, alignment: 64).bindMemory(to: Scalar.self, capacity: features * lanes)
        base.initialize(repeating: 0, count: features * lanes)
    }
    deinit { base.deallocate() }
}
public struct Window: Sendable, Hashable {
    public var rows: Range<Int>; public var columns: Range<Int>
    public init(rows: Range<Int>, columns: Range<Int>) { self.rows = rows; self.columns = columns }
    public static func full(height: Int, width: Int) -> Window { Window(rows: 0..<height, columns: 0..<width) }
    public func union(_ o: Window) -> Window { Window(rows: min(rows.lowerBound, o.rows.lowerBound)..<max(rows.upperBound, o.rows.upperBound), columns: min(columns.lowerBound, o.columns.lowerBound)..<max(columns.upperBound, o.columns.upperBound)) }
}
public final class DenseOperator<S: LaneScalar>: Sendable {
    let r: Int, c: Int; let w: [S]; let wt: [S]; let b: [S]
    public init(rows: Int, columns: Int, weights: [Double], bias: [Double]) { r = rows; c = columns; w = weights.map { S($0) }; b = bias.map { S($0) }
      var t = w; for i in 0..<rows { for j in 0..<columns { t[j*rows+i] = w[i*columns+j] } }; wt = t }
    func go(_ n: Int, _ m: Int, _ w: [S], _ b: [S]?, _ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<S>, _ a: Bool) {
      if S.self == Float.self {
        let f = UnsafeRawPointer(x).assumingMemoryBound(to: Float.self), g = UnsafeMutableRawPointer(y).assumingMemoryBound(to: Float.self)
        w.withUnsafeBytes { w in if let b { b.withUnsafeBytes { b in stub_dense_f32(n, m, w.baseAddress!.assumingMemoryBound(to: Float.self), b.baseAddress!.assumingMemoryBound(to: Float.self), f, g, a ? 1 : 0) } } else { stub_dense_f32(n, m, w.baseAddress!.assumingMemoryBound(to: Float.self), nil, f, g, a ? 1 : 0) } }
      } else {
        let f = UnsafeRawPointer(x).assumingMemoryBound(to: Double.self), g = UnsafeMutableRawPointer(y).assumingMemoryBound(to: Double.self)
        w.withUnsafeBytes { w in if let b { b.withUnsafeBytes { b in stub_dense_f64(n, m, w.baseAddress!.assumingMemoryBound(to: Double.self), b.baseAddress!.assumingMemoryBound(to: Double.self), f, g, a ? 1 : 0) } } else { stub_dense_f64(n, m, w.baseAddress!.assumingMemoryBound(to: Double.self), nil, f, g, a ? 1 : 0) } }
      }
    }
    public func apply(_ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>, lanes: Int, accumulating: Bool = false, addingBias: Bool = true) {
      if lanes == 64 { go(r, c, w, addingBias ? b : nil, x, y, accumulating); return }
        for i in 0..<r { for l in 0..<lanes { var s: S = addingBias ? b[i] : 0; if accumulating { s += y[i*lanes+l] }; for j in 0..<c { s += w[i*c+j] * x[j*lanes+l] }; y[i*lanes+l] = s } }
    }
    public func applyTransposed(_ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>, lanes: Int, accumulating: Bool = false) {
      if lanes == 64 { go(c, r, wt, nil, x, y, accumulating); return }
        for j in 0..<c { for l in 0..<lanes { var s: S = accumulating ? y[j*lanes+l] : 0; for i in 0..<r { s += w[i*c+j] * x[i*lanes+l] }; y[j*lanes+l] = s } }
    }
    public func loadRows(_ rows: UnsafeBufferPointer<Int32>, scaledBy signs: UnsafePointer<S>, to g: UnsafeMutablePointer<S>, lanes: Int, accumulating: Bool = false) { fatalError() }
}
public final class SparseOperator<S: LaneScalar>: Sendable {
    let r: Int, c: Int; let s: [Int]; let k: [Int32]; let v: [S]; let b: [S]
    public init(rows: Int, columns: Int, rowStarts: [Int], columnIndices: [Int32], values: [Double], bias: [Double]) { r = rows; c = columns; s = rowStarts; k = columnIndices; v = values.map { S($0) }; b = bias.map { S($0) } }
    public func apply(_ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>, lanes: Int, accumulating: Bool = false, addingBias: Bool = true) {
        for i in 0..<r { for l in 0..<lanes { var t: S = addingBias ? b[i] : 0; if accumulating { t += y[i*lanes+l] }; for p in s[i]..<s[i+1] { t += v[p] * x[Int(k[p])*lanes+l] }; y[i*lanes+l] = t } }
    }
    public func applyTransposed(_ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>, lanes: Int, accumulating: Bool = false) {
        if !accumulating { for j in 0..<c*lanes { y[j] = 0 } }
        for i in 0..<r { for p in s[i]..<s[i+1] { for l in 0..<lanes { y[Int(k[p])*lanes+l] += v[p] * x[i*lanes+l] } } }
    }
    public func loadRows(_ rows: UnsafeBufferPointer<Int32>, scaledBy signs: UnsafePointer<S>, to g: UnsafeMutablePointer<S>, lanes: Int, accumulating: Bool = false) { fatalError() }
}
public struct ConvolutionGeometry: Sendable {
    public var ih, iw, oh, ow: Int
    public init(inputChannels: Int, inputHeight: Int, inputWidth: Int, outputChannels: Int, kernelHeight: Int, kernelWidth: Int, strideHeight: Int, strideWidth: Int, paddingTop: Int, paddingLeft: Int, paddingBottom: Int, paddingRight: Int, dilationHeight: Int, dilationWidth: Int, groups: Int) { ih = inputHeight; iw = inputWidth; oh = 1; ow = 1 }
    public var inputWindow: Window { .full(height: ih, width: iw) }
    public var outputWindow: Window { .full(height: oh, width: ow) }
}
public final class ConvolutionOperator<S: LaneScalar>: Sendable {
    public let geometry: ConvolutionGeometry
    public init(geometry: ConvolutionGeometry, weights: [Double], bias: [Double]) { self.geometry = geometry }
    public func receptiveField(of w: Window) -> Window { w }
    public func apply(_ x: UnsafePointer<S>, inputWindow: Window, to y: UnsafeMutablePointer<S>, outputWindow: Window, lanes: Int, accumulating: Bool = false, addingBias: Bool = true) {}
    public func applyTransposed(_ x: UnsafePointer<S>, outputWindow: Window, to y: UnsafeMutablePointer<S>, inputWindow: Window, lanes: Int, accumulating: Bool = false) {}
}
