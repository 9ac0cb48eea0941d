internal import Files

// TensorProto to Tensor: numbers inline in a typed field, inline as raw little-endian bytes, or in another file.
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The element types of a TensorProto or a value, by their numbers in the format.
enum ElementType: Int32 {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case bool = 9
    case float16 = 10
    case double = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16

    var isFloat: Bool {
        switch self {
        case .float, .float16, .double, .bfloat16: true
        default: false
        }
    }

    /// Bytes per element in raw data.
    var size: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float, .int32, .uint32: 4
        case .int64, .double, .uint64: 8
        }
    }
}

/// Decodes the tensors of one file.
struct TensorDecoder {
    /// What to call the file in errors.
    var file: String
    /// Where external data lies; nil when the model did not come from a file.
    var directory: String?
    /// The files of external data read so far.
    private var externalFiles: [String: [UInt8]] = [:]

    init(file: String, directory: String?) {
        self.file = file
        self.directory = directory
    }

    private func refuse(_ name: String, _ problem: String, remedy: String) -> ONNXError {
        ONNXError(file: file, problem: "tensor '\(name)': " + problem, remedy: remedy)
    }

    /// - Throws: `ONNXError` for element types that are no numbers, a count that differs from the dimensions', and
    ///   external data that cannot be read.
    mutating func decode(_ proto: Onnx_TensorProto) throws(ONNXError) -> Tensor {
        let name = proto.name
        let shape = proto.dims.map { Int($0) }
        guard let count = checkedCount(shape, limit: 1 << 40) else {
            throw refuse(name, "has impossible dimensions \(shape)", remedy: "export the network again")
        }
        guard let type = ElementType(rawValue: proto.dataType) else {
            throw refuse(
                name, "has element type \(proto.dataType), which is not a supported kind of number",
                remedy: "export the network with float32 weights")
        }
        if proto.hasSegment {
            throw refuse(name, "is stored in segments", remedy: "export the network with whole tensors")
        }
        let contents: Tensor.Contents?
        if proto.dataLocation == .external {
            let bytes = try externalBytes(proto, expected: count * type.size)
            contents = bytes.withUnsafeBytes { unpack($0, type: type, count: count) }
        } else if proto.hasRawData {
            contents = proto.rawData.withUnsafeBytes { unpack($0, type: type, count: count) }
        } else {
            contents = typedContents(proto, type: type)
        }
        guard let contents, contents.count == count else {
            throw refuse(
                name, "does not have the \(count) elements that its dimensions \(shape) ask for",
                remedy: "the file is damaged; export the network again")
        }
        return Tensor(shape: shape, contents: contents)
    }

    /// Elements from little-endian bytes; nil when there are not as many bytes as `count` elements have.
    private func unpack(_ raw: UnsafeRawBufferPointer, type: ElementType, count: Int) -> Tensor.Contents? {
        guard raw.count == count * type.size else { return nil }
        func each<Stored: FixedWidthInteger, Value>(
            _ stored: Stored.Type, _ convert: (Stored) -> Value
        ) -> [Value] {
            (0..<count).map {
                let bits = raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Stored>.size, as: Stored.self)
                return convert(Stored(littleEndian: bits))
            }
        }
        switch type {
        case .float: return .single(copied(raw, count: count))
        case .double: return .double(copied(raw, count: count))
        case .float16: return .single(each(UInt16.self, float16))
        case .bfloat16: return .single(each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) })
        case .uint8: return .integer(each(UInt8.self) { Int($0) })
        case .bool: return .integer(each(UInt8.self) { $0 == 0 ? 0 : 1 })
        case .int8: return .integer(each(Int8.self) { Int($0) })
        case .uint16: return .integer(each(UInt16.self) { Int($0) })
        case .int16: return .integer(each(Int16.self) { Int($0) })
        case .int32: return .integer(each(Int32.self) { Int($0) })
        case .uint32: return .integer(each(UInt32.self) { Int($0) })
        case .int64: return .integer(each(Int64.self) { Int($0) })
        case .uint64: return .integer(each(UInt64.self) { Int(clamping: $0) })
        }
    }

    /// A copy of raw little-endian floats; one move on the little-endian machines that there are.
    private func copied<Value: BitwiseCopyable>(_ raw: UnsafeRawBufferPointer, count: Int) -> [Value] {
        [Value](unsafeUninitializedCapacity: count) { buffer, filled in
            if count > 0 { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: raw) }
            filled = count
        }
    }

    private func typedContents(_ proto: Onnx_TensorProto, type: ElementType) -> Tensor.Contents {
        switch type {
        case .float: .single(proto.floatData)
        case .double: .double(proto.doubleData)
        case .float16: .single(proto.int32Data.map { float16(UInt16(truncatingIfNeeded: $0)) })
        case .bfloat16:
            .single(proto.int32Data.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) })
        case .int64: .integer(proto.int64Data.map { Int($0) })
        case .uint32, .uint64: .integer(proto.uint64Data.map { Int(clamping: $0) })
        case .uint8, .int8, .uint16, .int16, .int32, .bool: .integer(proto.int32Data.map { Int($0) })
        }
    }

    private mutating func externalBytes(
        _ proto: Onnx_TensorProto, expected: Int
    ) throws(ONNXError) -> ArraySlice<UInt8> {
        let name = proto.name
        var entries: [String: String] = [:]
        for entry in proto.externalData { entries[entry.key] = entry.value }
        guard let location = entries["location"] else {
            throw refuse(
                name, "is external data without a location", remedy: "export the network with its data inside"
            )
        }
        guard let directory else {
            throw refuse(
                name, "lies in '\(location)', but the network was not read from a directory",
                remedy: "read it by its path, or export the network with its data inside")
        }
        if location.hasPrefix("/") || location.split(separator: "/").contains("..") {
            throw refuse(
                name, "lies in '\(location)', outside the network's directory",
                remedy: "keep the data beside the network")
        }
        let bytes: [UInt8]
        if let known = externalFiles[location] {
            bytes = known
        } else {
            do {
                bytes = try readFile(directory + "/" + location)
            } catch {
                throw refuse(
                    name, "lies in another file: \(error)", remedy: "keep that file beside the network")
            }
            externalFiles[location] = bytes
        }
        guard let offset = Int(entries["offset"] ?? "0"),
            let length = Int(entries["length"] ?? "\(expected)"),
            offset >= 0, length == expected, offset <= bytes.count, length <= bytes.count - offset
        else {
            throw refuse(
                name,
                "asks for \(expected) bytes at \(entries["offset"] ?? "0") of '\(location)',"
                    + " which has \(bytes.count)",
                remedy: "the files do not belong together; export the network again")
        }
        return bytes[offset..<offset + length]
    }
}

extension Tensor.Contents {
    var count: Int {
        switch self {
        case .single(let values): values.count
        case .double(let values): values.count
        case .integer(let values): values.count
        }
    }
}

/// IEEE half precision to single, exactly (`Float16` is not available on every platform).
func float16(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Float(bits & 0x3ff)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }
}
