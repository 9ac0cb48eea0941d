// What compare --certificate leaves: its question as a VNN-LIB 2.0 query, and a certificate of the answer to that query. The
// proof is found anew, by the search on both networks side by side, of which every step can be written down.

import Files
import Glibc
import Intervals
import NetworkQueries
import Properties
import Studies
import VNNLIBFormat
import Verification

struct DeviationCertificate {
    let query: ReducedQuery
    let queryPath: String
    private let path: String
    private let file: CertificateFile

    /// Writes the query beside the certificate to come.
    ///
    /// - Throws: when files cannot be read or written, or the question's numbers are not known exactly.
    init(
        path: String, dense: String, pruned: String, region: NamedRegion, threshold: Double
    ) throws(InputFault) {
        self.path = path
        queryPath = path + ".vnnlib"
        do {
            let text = try DeviationQuery.text(
                of: (dense, pruned), over: region.region, exceeding: ExactDecimal(threshold),
                comment: "f=\(dense) g=\(pruned): is any output's difference above the threshold over \(region.name)?")
            let writer = try GzipFileWriter(path: queryPath, isCompressed: false)
            try writer.write(Array(text.utf8))
            try writer.finish()
            // What is certified is what the file says, read back.
            guard case .query(let content) = try VNNLIBReader.readAnyVersion(path: queryPath) else {
                throw InputFault("\(queryPath): this is no query")
            }
            query = try ReducedQuery(content, files: ["f": dense, "g": pruned])
            file = try CertificateFile(
                path: path, networks: [try readFile(dense), try readFile(pruned)], property: try readFile(queryPath))
        } catch let fault as InputFault {
            throw fault
        } catch let error as NetworkQueryError {
            throw InputFault(error.description)
        } catch let error as FileError {
            throw InputFault(error.description)
        } catch {
            throw InputFault("\(queryPath): \(error)")
        }
    }

    /// Finds a proof where the threshold is kept, and writes what there is.
    ///
    /// - Parameter verdict: of the comparison.
    /// - Returns: what to tell the user.
    func write(
        _ verdict: Verdict, options: VerificationOptions,
        progress: @escaping @Sendable (VerificationProgress) -> Void
    ) throws(InputFault) -> String {
        var verdict = verdict
        if case .holds = verdict {
            var options = options
            options.recorder = file.recorder
            options.attack = false
            let asked: Query
            do { asked = try Query(network: query.network, property: query.property) } catch {
                throw InputFault("\(queryPath): \(error.message)")
            }
            verdict = verify(query, as: asked, options: options, progress: progress) { isInterrupted() }.verdict
        }
        let written: String?
        do throws(FileError) { written = try file.finish(verdict, keepsOpen: true) } catch {
            throw InputFault(error.description)
        }
        switch verdict {
        case .holds, .violated: return "certificate of \(queryPath) written to \(path)\n"
        case .unknown, .timeout:
            return "no certificate: the search for a proof that can be written down did not end"
                + (written.map { "; what was proved so far is in \($0)" } ?? "") + "\n"
        }
    }
}
