import Testing

struct HelpTests {
    @Test(
        arguments: [
            [], ["--help"], ["verify", "--help"], ["robust", "--help"], ["radius", "--help"], ["batch", "--help"],
            ["merge", "--help"], ["report", "--help"], ["statistics", "--help"], ["worker", "--help"],
            ["inspect", "--help"], ["specs", "--help"],
            ["train", "--help"], ["prune", "--help"], ["finetune", "--help"],
        ])
    func helpShowsAnExample(arguments: [String]) throws {
        let run = try CommandRun(arguments)
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
        #expect(run.output.contains("Example: secateur "))
    }

    @Test func versionIsANumber() throws {
        let run = try CommandRun("--version")
        #expect(run.status == 0)
        #expect(run.output.filter(\.isNumber).isEmpty == false)
    }
}
