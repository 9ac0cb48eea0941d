// Reading YAML by hand, so that every complaint has the file, the line, the key, and what to do; keys that nobody asks
// for are complaints too, since a misspelt one would be ignored.

internal import Intervals
internal import Yams

/// A mapping of a YAML file, whose entries are taken one by one.
final class YAMLSection {
    let file: String
    /// Keys from the file's top to this mapping.
    private let path: [String]
    private let line: Int?
    private var entries: [String: (value: Node, line: Int?)] = [:]
    private var taken = Set<String>()

    /// - Throws: when the text is no YAML, or no mapping.
    convenience init(file: String, text: String, overrides: [(key: String, value: String)] = []) throws(StudyError) {
        var node: Node?
        do {
            node = try compose(yaml: text)
            for (key, value) in overrides {
                let value = try compose(yaml: value) ?? Node("")
                node = Self.setting(key.split(separator: ".").map(String.init)[...], to: value, in: node)
            }
        } catch {
            throw StudyError("\(file): \(error)")
        }
        guard let node, case .mapping = node else {
            throw StudyError("\(file): holds no keys; see docs/sweeps.md for what to write")
        }
        try self.init(file: file, path: [], node: node)
    }

    private init(file: String, path: [String], node: Node) throws(StudyError) {
        self.file = file
        self.path = path
        line = node.mark?.line
        guard case .mapping(let mapping) = node else {
            throw StudyError(
                "\(Self.place(file, line)): \(path.joined(separator: ".")): no mapping; write {key: value}")
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { continue }
            entries[name] = (value, key.mark?.line ?? value.mark?.line)
        }
    }

    private static func setting(_ path: ArraySlice<String>, to value: Node, in node: Node?) -> Node {
        guard let key = path.first else { return value }
        var mapping = node?.mapping ?? Node.Mapping([])
        mapping[key] = setting(path.dropFirst(), to: value, in: mapping[key])
        return .mapping(mapping)
    }

    private static func place(_ file: String, _ line: Int?) -> String { line.map { "\(file):\($0)" } ?? file }

    /// A complaint about a key, or about the whole section.
    func fault(_ key: String? = nil, _ message: String) -> StudyError {
        let keys = (path + [key].compactMap(\.self)).joined(separator: ".")
        let line = key.flatMap { entries[$0]?.line } ?? line
        return StudyError(Self.place(file, line) + ": " + (keys.isEmpty ? "" : keys + ": ") + message)
    }

    /// - Throws: when a key was never taken.
    func finish() throws(StudyError) {
        let unknown = entries.filter { !taken.contains($0.key) }
        guard let first = unknown.min(by: { ($0.value.line ?? 0, $0.key) < ($1.value.line ?? 0, $1.key) }) else {
            return
        }
        throw fault(first.key, "unknown key; the keys here are \(taken.sorted().joined(separator: ", "))")
    }

    func has(_ key: String) -> Bool { entries[key] != nil }

    private func take(_ key: String) -> Node? {
        taken.insert(key)
        return entries[key]?.value
    }

    func section(_ key: String) throws(StudyError) -> YAMLSection? {
        guard let node = take(key) else { return nil }
        return try YAMLSection(file: file, path: path + [key], node: node)
    }

    func text(_ key: String) throws(StudyError) -> String? {
        guard let node = take(key) else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else { throw fault(key, "one value is expected") }
        return text
    }

    /// A list, or one value that stands for a list of one.
    func texts(_ key: String) throws(StudyError) -> [String]? {
        guard let node = take(key) else { return nil }
        if let text = node.scalar?.string, !text.isEmpty { return [text] }
        guard case .sequence(let sequence) = node else { throw fault(key, "a list is expected, such as [a, b]") }
        let texts = sequence.compactMap { $0.scalar?.string }
        guard texts.count == sequence.count, !texts.isEmpty else {
            throw fault(key, "a list of values is expected, such as [a, b]")
        }
        return texts
    }

    /// The sections of a list whose elements are mappings or, for short, a single value each.
    func list(_ key: String, single: String) throws(StudyError) -> [YAMLSection]? {
        guard let node = take(key) else { return nil }
        guard case .sequence(let sequence) = node, !sequence.isEmpty else { throw fault(key, "a list is expected") }
        var sections: [YAMLSection] = []
        for element in sequence {
            var element = element
            if case .scalar = element { element = Node([(Node(single), element)]) }
            sections.append(try YAMLSection(file: file, path: path + [key], node: element))
        }
        return sections
    }

    func flag(_ key: String) throws(StudyError) -> Bool? {
        guard let text = try text(key) else { return nil }
        switch text {
        case "true", "yes": return true
        case "false", "no": return false
        default: throw fault(key, "'\(text)' is neither true nor false")
        }
    }

    func number(_ key: String, in range: ClosedRange<Double> = 0...1e12) throws(StudyError) -> Double? {
        guard let text = try text(key) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw fault(key, "'\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int> = 0...1_000_000_000) throws(StudyError) -> Int? {
        guard let text = try text(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw fault(key, "'\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// One of some words.
    func word(_ key: String, of words: [String]) throws(StudyError) -> String? {
        guard let text = try text(key) else { return nil }
        guard words.contains(text) else {
            throw fault(key, "'\(text)' is unknown; choose of \(words.joined(separator: ", "))")
        }
        return text
    }

    /// Every element of the list, made into something.
    func values<Value>(_ key: String, _ kind: String, _ make: (String) -> Value?) throws(StudyError) -> [Value]? {
        guard let texts = try texts(key) else { return nil }
        var values: [Value] = []
        for text in texts {
            guard let value = make(text) else { throw fault(key, "'\(text)' is no \(kind)") }
            values.append(value)
        }
        return values
    }
}
