import Foundation

@testable import Datasets

/// A directory of files made for a test, gone with its owner.
final class DatasetFiles {
    let root = FileManager.default.temporaryDirectory.appending(path: "datasets-\(UUID().uuidString)").path

    init() throws { try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    @discardableResult
    func write(_ bytes: [UInt8], as name: String) throws -> String {
        let path = "\(root)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    @discardableResult
    func write(_ text: String, as name: String) throws -> String { try write(Array(text.utf8), as: name) }

    func open(_ name: String = "", _ options: Dataset.Options = .init()) throws -> Dataset {
        try Dataset(opening: name.isEmpty ? root : "\(root)/\(name)", options: options)
    }

    /// The message of the error that opening and reading everything throws; nil when nothing is wrong.
    func refusal(_ name: String = "", _ options: Dataset.Options = .init()) throws -> String? {
        do {
            _ = try open(name, options).examples()
            return nil
        } catch let error as DatasetError {
            return error.description
        }
    }
}

func idx(_ dimensions: [Int], _ values: [UInt8], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(dimensions.count)]
        + dimensions.flatMap { d in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: d >> $0) } } + values
}

func npy(_ type: String, _ shape: [Int], _ values: [UInt8], order: String = "False") -> [UInt8] {
    let dimensions = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(dimensions)), }"
    header += String(repeating: " ", count: 63 - (header.count + 10) % 64) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)]
        + Array(header.utf8) + values
}

/// An uncompressed PNG of 8 bits per channel; color type 0 is gray, 2 RGB, 6 RGB with transparency.
func png(width: Int, height: Int, colorType: UInt8, depth: UInt8 = 8, _ values: [UInt8]) -> [UInt8] {
    func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
        var crc: UInt32 = ~0
        for byte in Array(name.utf8) + body {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        return big(UInt32(body.count)) + Array(name.utf8) + body + big(~crc)
    }
    let row = values.count / height
    let raw = (0..<height).flatMap { [0] + values[$0 * row..<($0 + 1) * row] }
    let (low, high) = raw.reduce((UInt32(1), UInt32(0))) { sums, byte in
        let low = (sums.0 + UInt32(byte)) % 65521
        return (low, (sums.1 + low) % 65521)
    }
    let length = UInt16(raw.count)
    let stored: [UInt8] =
        [0x78, 0x01, 1, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)]
        + raw + big(high << 16 | low)
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        + chunk("IHDR", big(UInt32(width)) + big(UInt32(height)) + [depth, colorType, 0, 0, 0])
        + chunk("IDAT", stored) + chunk("IEND", [])
}
