import Glibc

/// Writes the whole text at once, so that what one call says stays together.
func writeOut(_ text: String, to descriptor: Int32) {
    var text = text
    _ = text.withUTF8 { writeOut(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Whether everything was written.
func writeOut(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
}

/// The value as C's `printf` writes it.
func formatted(_ format: String, _ value: Double) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        _ = withVaList([value]) { vsnprintf(buffer.baseAddress, buffer.count, format, $0) }
        return String(cString: buffer.baseAddress!)
    }
}

/// A value of the JSON output; not a number and the infinities, which JSON does not have, become null.
enum JSON {
    case null
    case number(Double)
    case count(Int)
    case text(String)
    case list([JSON])
    case object([(String, JSON)])

    static func numbers(_ values: [Double]) -> JSON { .list(values.map(JSON.number)) }
    static func texts(_ values: [String]) -> JSON { .list(values.map(JSON.text)) }
    static func optional(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
}

extension JSON: CustomStringConvertible {
    /// On one line, members in the order given.
    var description: String {
        var text = ""
        append(to: &text)
        return text
    }

    private func append(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .count(let value): text += "\(value)"
        case .text(let value): Self.append(quoted: value, to: &text)
        case .list(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.append(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                Self.append(quoted: member.0, to: &text)
                text += ": "
                member.1.append(to: &text)
            }
            text += "}"
        }
    }

    private static func append(quoted value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
