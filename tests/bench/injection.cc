#include "tests/bench/injection.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/certificates/host_store.h"
#include "tests/service/net/tls_ends.h"

namespace pyro::bench {
namespace {

using gate::Lab;
using gate::TlsClient;
using gate::TlsServer;

constexpr int kHandshakes = 101;
constexpr std::size_t kBodyBytes = 200U << 20U;
constexpr const char* kBound = "api.example";
constexpr const char* kPassed = "passed.example";
constexpr const char* kBoundAddress = "203.0.113.10";
constexpr const char* kPassedAddress = "203.0.113.20";
constexpr const char* kPlaceholder = "pyro_secret_00112233445566778899aabbccddeeff";

double rss_mb(pid_t pid) {
  const std::string status =
      read_to_end(open_file(fmt::format("/proc/{}/status", pid), O_RDONLY).get(), 65536);
  return std::stod(status.substr(status.find("VmRSS:") + 6)) / 1024;
}

struct Ways {
  const char* address;
  const char* host;
  std::string trusted;
};

TlsClient connect_to(const Lab& lab, const Ways& way) {
  TlsClient client(lab.dial(way.address, 443).fd,
                   {.server_name = way.host, .trusted = way.trusted});
  if (!client.is_open()) throw unavailable("no TLS with {}: {}", way.host, client.error());
  return client;
}

/// From connect() to the answer of the first request, which the far handshake is part of.
double first_answer_ms(const Lab& lab, const Ways& way) {
  std::vector<double> all;
  for (int i = 0; i < kHandshakes; ++i) {
    const auto start = Clock::now();
    TlsClient client = connect_to(lab, way);
    client.ask(fmt::format("GET /small HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
                           way.host, kPlaceholder));
    all.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::nth_element(all.begin(), all.begin() + kHandshakes / 2, all.end());
  return all[kHandshakes / 2];
}

double down_mb_per_second(const Lab& lab, const Ways& way) {
  TlsClient client = connect_to(lab, way);
  const auto start = Clock::now();
  client.send(fmt::format("GET /large HTTP/1.1\r\nHost: {}\r\n\r\n", way.host));
  std::size_t got = 0;
  while (got < kBodyBytes) {
    const std::size_t more = client.receive_some().size();
    if (more == 0) throw unavailable("the connection broke");
    got += more;
  }
  return static_cast<double>(got) / 1e6 /
         std::chrono::duration<double>(Clock::now() - start).count();
}

void answer_all(TlsServer& server) {
  server.write_answer = [](const std::string& request, SSL* to) {
    const bool large = request.starts_with("GET /large");
    const std::size_t size = large ? kBodyBytes : 2;
    gate::write_tls(to, fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", size));
    const std::string block(64U << 10U, 'b');
    for (std::size_t sent = 0; sent < size; sent += std::min(block.size(), size)) {
      gate::write_tls(to, std::string_view(block).substr(0, std::min(block.size(), size - sent)));
    }
  };
}

}  // namespace

void measure_injection(const Adder& add) {
  const auto store = host_certificates();
  Lab lab;
  const gate::TestAuthority root;
  const CertificateAuthority authority = make_authority({kBound});
  TlsServer bound({.certificate = root.issue({.host = kBound})});
  TlsServer passed({.certificate = root.issue({.host = kPassed})});
  for (TlsServer* server : {&bound, &passed}) answer_all(*server);
  lab.internet().serve(kBoundAddress, [&bound](int socket) { bound.serve(socket); });
  lab.internet().serve(kPassedAddress, [&passed](int socket) { passed.serve(socket); });
  network::Injection injection{
      .secrets = {{.hosts = {kBound}, .placeholder = kPlaceholder, .value = {"a-value-of-16-b"}}},
      .authority = authority,
      .roots = store};
  injection.roots.push_back(root.certificate());
  lab.set_injection(injection);
  lab.start({.kind = api::NetworkPolicy::kEgress,
             .secret_hosts = {kBound},
             .secret_authority = authority.certificate});
  const double before = rss_mb(lab.gate().pid());
  const Ways terminated{kBoundAddress, kBound, authority.certificate};
  const Ways opaque{kPassedAddress, kPassed, root.certificate()};
  connect_to(lab, terminated);
  const double first = rss_mb(lab.gate().pid());
  const double floor_ms = first_answer_ms(lab, opaque);
  const double ms = first_answer_ms(lab, terminated);
  add("injection: first answer", ms, "ms",
      fmt::format("of TLS that is passed on {:.2f}; {:.2f} ms more", floor_ms, ms - floor_ms));
  const double floor_rate = down_mb_per_second(lab, opaque);
  const double rate = down_mb_per_second(lab, terminated);
  add("injection: down", rate, "MB/s",
      fmt::format("of TLS that is passed on {:.0f}; {:.2f} of it", floor_rate, rate / floor_rate));
  add("injection: RSS before", before, "MB",
      fmt::format("with the secrets and {} certificates of the host", store.size()));
  add("injection: RSS with a session", first, "MB", "at most 12");
  add("injection: RSS after it", rss_mb(lab.gate().pid()), "MB", "at most 12");
}

}  // namespace pyro::bench
