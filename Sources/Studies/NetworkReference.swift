// The network's column of a list: one file, or for VNN-LIB 2.0 queries over several networks `f=a.onnx;g=b.onnx`.

internal import Foundation

enum NetworkReference {
    /// The `name=file` pairs, nil when it is one file.
    static func pairs(_ text: String) -> [String]? {
        let pairs = text.split(separator: ";").map(String.init)
        func isName(_ part: Substring) -> Bool {
            part.first?.isLetter == true
                && part.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
        }
        let areNamed = pairs.allSatisfy { pair in
            pair.firstIndex(of: "=").map { isName(pair[..<$0]) } ?? false
        }
        let isFile = pairs.count == 1 && FileManager.default.fileExists(atPath: text)
        return pairs.isEmpty || !areNamed || isFile ? nil : pairs
    }

    /// The same with every file in a directory.
    static func resolved(_ text: String, in directory: String) -> String {
        let whole = InstanceList.resolved(text, in: directory)
        guard !FileManager.default.fileExists(atPath: whole), let pairs = pairs(text) else { return whole }
        return pairs.map { pair in
            let place = pair.index(after: pair.firstIndex(of: "=")!)
            return pair[..<place] + InstanceList.resolved(String(pair[place...]), in: directory)
        }.joined(separator: ";")
    }

    /// The files.
    static func paths(_ text: String) -> [String] {
        pairs(text)?.map { pair in String(pair[pair.index(after: pair.firstIndex(of: "=")!)...]) } ?? [text]
    }
}
