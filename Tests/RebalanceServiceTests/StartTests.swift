import Foundation
import HummingbirdTesting
import RebalanceService
import Testing

@Suite struct StartTests {
  @Test func `a port that is taken and a host that is none are named`() async throws {
    try await withService(try Workplace(), over: .live) { client in
      var settings = RebalanceService.Settings()
      settings.port = try #require(client.port)
      let busy = await #expect(throws: StartError.self) { try await settings.checkAddress() }
      #expect(busy?.kind == .address)
      #expect(
        busy?.description == "cannot listen on --host 127.0.0.1 --port \(settings.port): "
          + "another program listens there; --port 0 takes a free port")
    }
    var settings = RebalanceService.Settings()
    settings.port = 0
    try await settings.checkAddress()
    for host in ["999.1.1.1", "203.0.113.1"] {
      settings.host = host
      let error = await #expect(throws: StartError.self) { try await settings.checkAddress() }
      #expect(error?.description.contains(host) == true)
    }
  }

  @Test func `a registry that is not there is refused`() throws {
    let place = try Workplace()
    try StartError.checkRegistry(place.folder)
    let file = place.folder.appending(path: "file")
    try Data().write(to: file)
    for missing in [place.folder.appending(path: "nope"), file] {
      let error = #expect(throws: StartError.self) { try StartError.checkRegistry(missing) }
      #expect(error?.kind == .missing)
    }
  }
}
