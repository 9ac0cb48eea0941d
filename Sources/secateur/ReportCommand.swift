import ArgumentParser
import Glibc
import Reports
import Studies

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Shows the results of a sweep: one HTML page that needs nothing else, and tables.",
        discussion: """
            The page says which ratio is the easiest to verify and whether the data can tell, shows what that rests on, \
            every number, and every image with its adversarial example. It loads nothing from anywhere. With --live it is \
            served while the sweep runs, and follows it.

            Example: secateur report sweep --out report.html --csv report.csv
            """)

    @Argument(help: "The sweep's folder, or its results.json.")
    var sweep: String

    @Option(help: ArgumentHelp("Where the page goes. (default: report.html beside the results)", valueName: "file"))
    var out: String?

    @Option(help: ArgumentHelp("Write all numbers to this CSV table.", valueName: "file"))
    var csv: String?

    @Option(help: ArgumentHelp("Write the answer and its numbers to this Markdown file.", valueName: "file"))
    var markdown: String?

    @Flag(help: "Serve the page to this machine's browsers, as the sweep goes on, until Ctrl-C.")
    var live = false

    @Option(help: "The port of the live page on 127.0.0.1; 0 takes any that is free.")
    var port = 8080

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port must lie between 0 and 65535") }
    }

    func run() throws {
        let path = isDirectory(sweep) ? "\(sweep)/\(SweepResults.fileName)" : sweep
        if live {
            try serve(path)
            return
        }
        guard access(path, R_OK) == 0 else {
            throw InputFault("\(path): no results of a sweep; run `secateur sweep` first, or name another folder")
        }
        let results: SweepResults
        do {
            results = try SweepResults(path: path)
        } catch {
            throw InputFault(error.description)
        }
        let report = Report(results)
        let page = out ?? folder(of: path) + "report.html"
        try write(report.html(), to: page)
        if let csv { try write(report.csv, to: csv) }
        if let markdown { try write(report.markdown, to: markdown) }
        writeOut(report.answer + page + "\n", to: STDOUT_FILENO)
    }

    private func serve(_ path: String) throws {
        catchInterrupts()
        do {
            try LiveServer(path: path, port: port).run(
                onServing: { writeOut("http://localhost:\($0)/ shows \(path) until Ctrl-C\n", to: STDERR_FILENO) },
                isCancelled: { isInterrupted() })
        } catch {
            throw InputFault(error.description)
        }
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw InputFault("\(path): \(String(cString: strerror(errno))); choose another file")
        }
        defer { close(descriptor) }
        var text = text
        guard text.withUTF8({ writeOut(UnsafeRawBufferPointer($0), to: descriptor) }) else {
            throw InputFault("\(path): cannot be written; see whether the disk is full")
        }
    }
}
