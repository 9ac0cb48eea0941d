import ArgumentParser
import Certificates
import Files
import Glibc
import Verification

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a certificate without trusting the search that wrote it.",
        discussion: """
            Prints "accepted" or "rejected", and why on standard error. A certificate is what verify --certificate \
            wrote: a proof, which is replayed, or a counterexample in VNN-LIB form, which is evaluated.

            Example: secateur check proof.secert network.onnx property.vnnlib
            Example: secateur check proof.secert query.vnnlib --network f=dense.onnx --network g=pruned.onnx
            """)

    @Argument(help: "The certificate: a proof, or a counterexample in VNN-LIB form.")
    var certificate: String

    @OptionGroup var files: QuestionArguments

    @Flag(help: "Check in exact arithmetic; takes 5 to 20 times as long.")
    var exact = false

    @Flag(help: "Print the proof in words instead of checking it.")
    var text = false

    @Option(help: "How many threads check. (default: one per processor)")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
    }

    func run() throws {
        let start = ContinuousClock.now
        let outcome: String
        do {
            let content = try CertificateContent(path: certificate)
            if text {
                try content.printText()
                return
            }
            let question = try Question(files)
            if let objection = question.objectionToCertifying {
                throw InputFault("\(question.propertyPath): \(objection)")
            }
            let query = question.query
            switch content.kind {
            case .proof:
                outcome = try checkProof(content.bytes, question)
            case .witness:
                outcome = try checkWitness(content.wholeText(), query.network, query.property, exactly: exact)
            }
        } catch let error as CertificateError {
            writeOut("rejected\n", to: STDOUT_FILENO)
            throw InputFault("\(certificate): \(error.message)")
        }
        writeOut("accepted\n", to: STDOUT_FILENO)
        writeOut("\(outcome), \(formatted("%.2f", seconds(since: start))) s\n", to: STDERR_FILENO)
    }

    private func checkProof(_ bytes: ByteReader, _ question: Question) throws -> String {
        let header = try CertificateHeader.read(from: bytes)
        let (network, property): (FileDigest, FileDigest)
        do {
            network = FileDigest(ofAll: try question.networkFiles())
            property = FileDigest(of: try readFile(question.propertyPath))
        } catch {
            throw InputFault(error.description)
        }
        let networks = question.networkPaths.joined(separator: ", ")
        for (digest, found, paths) in [
            (header.network, network, networks), (header.property, property, question.propertyPath),
        ] where found != digest {
            throw CertificateError(
                "it was made for another file than \(paths), one with SHA-256 \(digest), not \(found)")
        }
        var options = CheckOptions()
        options.arithmetic = exact ? .exact : .rounded
        options.threads = threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let query = question.query
        let report = try Certificates.check(
            bytes, network: query.network, property: query.property, options: options)
        return "proof checked: \(report.regions) regions, \(report.trees) bounds of neurons, \(report.leaves) leaves, "
            + "\(report.boxes) boxes"
    }
}

/// A certificate's file, as far as it takes to see what it is.
struct CertificateContent {
    enum Kind { case proof, witness }

    let kind: Kind
    let bytes: ByteReader
    private let path: String
    private let reader: GzipFileReader
    private let first: [UInt8]

    /// - Throws: `CertificateError` when the file is cut short or damaged, `InputFault` when there is none.
    init(path: String) throws {
        self.path = path
        do throws(FileError) {
            let reader = try GzipFileReader(path: path)
            let first = try reader.read(1 << 18)
            self.reader = reader
            self.first = first
            kind = first.starts(with: CertificateHeader.magic) ? .proof : .witness
            var pending: [UInt8]? = first
            bytes = ByteReader { () throws(CertificateError) in
                if let piece = pending {
                    pending = nil
                    return piece
                }
                do throws(FileError) {
                    return try reader.read(1 << 18)
                } catch {
                    throw CertificateError(error.description)
                }
            }
        } catch {
            switch error.problem {
            case .truncatedGzip, .damagedGzip: throw CertificateError(error.description)
            case .missing, .directory, .unreadable, .unwritable, .tooLarge: throw InputFault(error.description)
            }
        }
    }

    /// All of it, as text.
    func wholeText() throws(CertificateError) -> String {
        var content = first
        do throws(FileError) {
            while true {
                let piece = try reader.read(1 << 18)
                if piece.isEmpty { break }
                content += piece
            }
        } catch {
            throw CertificateError(error.description)
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// A proof's records, as far as they go.
    ///
    /// - Throws: when the file begins as no proof does.
    func records() throws(InputFault) -> [ProofRecord] {
        do throws(CertificateError) { _ = try CertificateHeader.read(from: bytes) } catch {
            throw InputFault("\(path): \(error.message)")
        }
        var records: [ProofRecord] = []
        while let record = try? ProofRecord.read(from: bytes), record != .end { records.append(record) }
        return records
    }

    /// Prints the records in words, as they are read.
    func printText() throws {
        do throws(CertificateError) {
            guard kind == .proof else {
                writeOut(try wholeText(), to: STDOUT_FILENO)
                return
            }
            let header = try CertificateHeader.read(from: bytes)
            var page = "certificate, version \(CertificateHeader.version)\n"
            page += "network  \(header.network)\nproperty \(header.property)\n"
            while true {
                let record = try ProofRecord.read(from: bytes)
                page += String(repeating: "  ", count: record.depth) + record.text + "\n"
                if page.utf8.count > 1 << 16 || record == .end {
                    writeOut(page, to: STDOUT_FILENO)
                    page = ""
                }
                if record == .end { return }
            }
        } catch {
            throw InputFault("\(path): \(error.message)")
        }
    }
}
