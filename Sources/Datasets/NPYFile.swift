// NPY, numpy's format for one array (numpy.lib.format): a magic string, a version, a header that is a Python literal
// such as {'descr': '<f4', 'fortran_order': False, 'shape': (10, 1, 28, 28), }, then the values in row-major order.

/// An array in a file, its values read as needed.
struct NPYFile: Sendable {
    let file: RecordFile
    let shape: [Int]
    let type: Element
    private let start: Int

    enum Element: String, Sendable {
        case uint8 = "|u1"
        case bool = "|b1"
        case int8 = "|i1"
        case int16 = "<i2"
        case uint16 = "<u2"
        case int32 = "<i4"
        case uint32 = "<u4"
        case int64 = "<i8"
        case uint64 = "<u8"
        case float32 = "<f4"
        case float64 = "<f8"

        var size: Int {
            switch self {
            case .uint8, .bool, .int8: 1
            case .int16, .uint16: 2
            case .int32, .uint32, .float32: 4
            case .int64, .uint64, .float64: 8
            }
        }

        var isFloat: Bool { self == .float32 || self == .float64 }
    }

    init(_ path: String) throws(DatasetError) {
        file = try RecordFile(path)
        func fail(at byte: Int, _ problem: String, _ remedy: String) -> DatasetError {
            DatasetError(path: path, position: .byte(byte), problem: problem, remedy: remedy)
        }
        let start = try file.read(0..<10)
        guard start.starts(with: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) else {
            throw fail(at: 0, "no NPY file", "write it with numpy.save")
        }
        guard (1...3).contains(start[6]) else {
            throw fail(at: 6, "version \(start[6]) of the format is unknown", "write it with numpy.save")
        }
        let isShort = start[6] == 1
        let lengthBytes = isShort ? Array(start[8..<10]) : try file.read(8..<12)
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        let headerStart = isShort ? 10 : 12
        let header = String(decoding: try file.read(headerStart..<headerStart + length), as: UTF8.self)
        guard let description = Self.value(of: "descr", in: header)?.filter({ $0 != "'" && $0 != "\"" }),
            let order = Self.value(of: "fortran_order", in: header),
            let dimensions = Self.value(of: "shape", in: header)
        else {
            throw fail(at: headerStart, "the header lacks descr, fortran_order or shape", "write it with numpy.save")
        }
        guard let type = Element(rawValue: description) else {
            throw fail(
                at: headerStart, "its values have type \(description)", "convert them, for example with .astype('<f4')")
        }
        guard order == "False" else {
            throw fail(at: headerStart, "the array is in column-major order", "save numpy.ascontiguousarray of it")
        }
        var shape: [Int] = []
        var count = type.size
        for part in dimensions.filter({ !"() ".contains($0) }).split(separator: ",") {
            guard let dimension = Int(part), dimension > 0 else {
                throw fail(at: headerStart, "the shape is \(dimensions)", "save an array that is not empty")
            }
            let (product, overflows) = count.multipliedReportingOverflow(by: dimension)
            guard !overflows else { throw fail(at: headerStart, "the shape is \(dimensions)", "save a smaller array") }
            count = product
            shape.append(dimension)
        }
        self.shape = shape
        self.type = type
        self.start = headerStart + length
        guard file.size - self.start == count else {
            throw fail(
                at: min(file.size, self.start + count),
                "\(file.size - self.start) bytes of values where the shape \(dimensions) needs \(count)",
                "fetch or write the file again")
        }
    }

    /// The text of a key's value in the header.
    private static func value(of key: String, in header: String) -> String? {
        guard let name = header.lastRange(of: "'\(key)':") ?? header.lastRange(of: "\"\(key)\":") else { return nil }
        let rest = header[name.upperBound...].drop { $0 == " " }
        guard let first = rest.first else { return nil }
        let end =
            first == "(" ? rest.firstIndex(of: ")").map(rest.index(after:)) : rest.firstIndex { ",}".contains($0) }
        return end.map { String(rest[..<$0]) }
    }

    /// The bytes of some of the array's values, counted in row-major order.
    private func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
        try file.read(start + range.lowerBound * type.size..<start + range.upperBound * type.size)
    }

    func uint8s(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
        precondition(type == .uint8)
        return try bytes(range)
    }

    /// The values, rounded to float32.
    ///
    /// - Throws: when one is not a number, infinite or too large for float32.
    func floats(_ range: Range<Int>) throws(DatasetError) -> [Float] {
        let bytes = try bytes(range)
        let values = (0..<range.count).map { Float(double(bytes, $0)) }
        if let bad = values.firstIndex(where: { !$0.isFinite }) {
            throw DatasetError(
                path: file.path, position: .byte(start + (range.lowerBound + bad) * type.size),
                problem: "the value is \(double(bytes, bad)), no finite float32", remedy: "remove or replace it")
        }
        return values
    }

    /// The values, which must be whole numbers from 0 on.
    func labels(_ range: Range<Int>) throws(DatasetError) -> [Int] {
        let bytes = try bytes(range)
        var labels: [Int] = []
        labels.reserveCapacity(range.count)
        for index in 0..<range.count {
            let value = double(bytes, index)
            guard value >= 0, value < 1e9, value.rounded() == value else {
                throw DatasetError(
                    path: file.path, position: .byte(start + (range.lowerBound + index) * type.size),
                    problem: "the label is \(value)", remedy: "number classes from 0 on")
            }
            labels.append(Int(value))
        }
        return labels
    }

    private func double(_ bytes: [UInt8], _ index: Int) -> Double {
        func load<Value: FixedWidthInteger>(_: Value.Type) -> Value {
            Value(
                littleEndian: bytes.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: Value.self)
                })
        }
        switch type {
        case .uint8, .bool: return Double(bytes[index])
        case .int8: return Double(Int8(bitPattern: bytes[index]))
        case .int16: return Double(load(Int16.self))
        case .uint16: return Double(load(UInt16.self))
        case .int32: return Double(load(Int32.self))
        case .uint32: return Double(load(UInt32.self))
        case .int64: return Double(load(Int64.self))
        case .uint64: return Double(load(UInt64.self))
        case .float32: return Double(Float(bitPattern: load(UInt32.self)))
        case .float64: return Double(bitPattern: load(UInt64.self))
        }
    }
}
