// The command line: arguments in, text out. What is decided, and how, lives in the libraries.
//
// Exit status: 0 when there is an answer or the budget ran out; 1 when the arguments or the input are at fault, with
// one line that says where and what to do; 2 for a fault of our own; 130 after an interrupt.

import ArgumentParser
import Glibc

let version = "0.1.0"

@main
struct Secateur: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secateur",
        abstract: "Proves or refutes properties of ReLU networks.",
        discussion: """
            A property describes a counterexample. `unsat` says that none exists: a theorem about the network as a \
            function of real numbers. `sat` comes with one.

            Example: secateur verify network.onnx property.vnnlib --timeout 60
            """,
        version: version,
        subcommands: [
            Verify.self, Check.self, Robust.self, RadiusCommand.self, Compare.self, Batch.self, Merge.self, Train.self,
            Prune.self, Finetune.self, Sweep.self, ReportCommand.self, StatisticsCommand.self, Inspect.self,
            Supports.self, SpecsCommand.self, Worker.self,
        ])

    @Flag(help: "Print the program's name.")
    var name = false

    func run() throws {
        guard name else { throw CleanExit.helpRequest(self) }
        writeOut("Secateur\n", to: STDOUT_FILENO)
    }

    static func main() {
        installFaultHandlers()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let fault as InputFault {
            leave(saying: fault.description, status: .inputFault)
        } catch let status as ExitStatus {
            leave(saying: nil, status: status)
        } catch {
            // The argument parser's own: help and version are asked for, anything else is a mistake in the arguments.
            let isAnswer = exitCode(for: error) == .success
            writeOut(fullMessage(for: error) + "\n", to: isAnswer ? STDOUT_FILENO : STDERR_FILENO)
            Glibc.exit(isAnswer ? ExitStatus.answered.rawValue : ExitStatus.inputFault.rawValue)
        }
    }

    private static func leave(saying line: String?, status: ExitStatus) -> Never {
        if let line { writeOut(line + "\n", to: STDERR_FILENO) }
        Glibc.exit(status.rawValue)
    }
}

/// What the process tells its caller besides its output.
enum ExitStatus: Int32, Error {
    /// A verdict, or an exhausted budget.
    case answered = 0
    case inputFault = 1
    case internalFault = 2
    /// The user stopped it, as shells report an interrupt.
    case interrupted = 130
}

/// Something the user has to change, in one line: where, what, and what to do.
struct InputFault: Error, CustomStringConvertible {
    let description: String

    init(_ message: String) {
        description = String(message.map { $0.isNewline ? " " : $0 })
    }
}
