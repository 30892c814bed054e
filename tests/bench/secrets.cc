#include "tests/bench/secrets.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/api/prepare.h"
#include "common/base/random.h"
#include "common/secrets/redacting_stream.h"
#include "common/stream/output_receiver.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;
constexpr std::uint64_t kBytes = 100 * kMegabyte;
constexpr int kRounds = 5;
constexpr int kSecrets = 64;

std::vector<api::GivenSecret> many_secrets() {
  std::vector<api::GivenSecret> secrets;
  for (int at = 0; at < kSecrets; ++at) {
    secrets.push_back({.name = fmt::format("secret_{}", at), .value = random_hex(20)});
  }
  return secrets;
}

/// MB/s of what a command prints, as its caller gets it.
double throughput(BenchStack& stack, Workspaces& workspaces, const std::string& id) {
  std::uint64_t bytes = 0;
  OutputReceiver receiver(stack.paths().runtime_dir / "streams",
                          [&bytes](std::uint32_t, std::string_view data) { bytes += data.size(); });
  const double took = milliseconds_of([&] {
    workspaces.call(api::ExecWorkspace{
        .workspace_id = id,
        .command = fmt::format("yes 'make[1]: Entering directory src/lib: nothing to be done' | "
                               "head -c {}",
                               kBytes),
        .timeout_seconds = 600,
        .output_socket = receiver.socket().string()});
  });
  return static_cast<double>(kBytes) / 1000 / took;
}

/// MB/s of the filter alone.
double filter_speed(const std::vector<api::GivenSecret>& secrets) {
  std::vector<std::string> values;
  for (const auto& secret : secrets) values.push_back(*secret.value);
  RedactingStream stream(std::make_shared<const Redactor>(values));
  std::string piece;
  while (piece.size() < 64U << 10U) piece += random_hex(30) + " make[1]: Entering directory src\n";
  std::uint64_t bytes = 0;
  const double took = milliseconds_of([&] {
    for (; bytes < kBytes; bytes += piece.size()) stream.feed(piece);
  });
  return static_cast<double>(bytes) / 1000 / took;
}

}  // namespace

Part measure_secrets() {
  Part part{.title = "secrets, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  const Adder add = adder_to(part);
  BenchStack stack(BenchStack::Variables{});
  stack.client().call(api::PrepareEnvironment{}, BenchStack::patient());
  Workspaces workspaces(stack);
  const auto secrets = many_secrets();
  add("the filter alone", filter_speed(secrets), "MB/s",
      fmt::format("{} secrets of 40 bytes, in pieces of 64 KiB", kSecrets));
  const std::string without = workspaces.create();
  api::CreateWorkspace request{.environment = kEnvironment};
  request.secrets = secrets;
  const std::string with = workspaces.call(request).workspace_id;
  std::vector<double> bare;
  std::vector<double> redacted;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(throughput(stack, workspaces, without));
    redacted.push_back(throughput(stack, workspaces, with));
  }
  const double floor = percentile(bare, 0.5);
  const double shown = percentile(redacted, 0.5);
  add("output of a command", floor, "MB/s", "p50 of 5, 100 MB, no secrets");
  add("the same with 64 secrets", shown, "MB/s",
      fmt::format("p50 of 5; {:.2f} times it, at least 0.9", shown / floor));
  workspaces.remove(without);
  workspaces.remove(with);
  return part;
}

}  // namespace pyro::bench
