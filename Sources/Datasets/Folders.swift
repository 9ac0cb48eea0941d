internal import Glibc

enum EntryKind { case files, directories }

/// The names of a directory's visible entries of a kind, sorted by their bytes.
func entries(of path: String, _ kind: EntryKind) throws(DatasetError) -> [String] {
    guard let stream = opendir(path) else {
        throw DatasetError(
            path: path, problem: "cannot be listed (\(String(cString: strerror(errno))))", remedy: "check the name")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard !name.hasPrefix("."), isDirectory("\(path)/\(name)") == (kind == .directories) else { continue }
        names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
