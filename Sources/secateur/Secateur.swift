import ArgumentParser

@main
struct Secateur: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secateur", abstract: "Proves or refutes properties of ReLU networks.")
}
